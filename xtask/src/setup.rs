//! What the tests need of the system, installed on Debian.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Debian packages: a software OpenGL with EGL for the shader and editor tests, an X server without a screen, and the
/// libraries that the editor opens; CMake for the C++ example; Chromium for the studio's page; Python for the bindings and
/// for the checks by programs that are not ours; ffmpeg as an encoder, and to check files from outside; ALSA for the player.
const PACKAGES: [&str; 14] = [
    "chromium",
    "cmake",
    "ffmpeg",
    "libasound2-dev",
    "libx11-6",
    "libx11-xcb1",
    "libegl1",
    "libgl1-mesa-dri",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "libxcursor1",
    "pkg-config",
    "python3-venv",
    "xvfb",
];

/// Installs what is missing.
pub fn run() -> Result<()> {
    let missing = missing_packages()?;
    if missing.is_empty() {
        return Ok(());
    }
    let (program, prefix): (&str, &[&str]) = if is_root()? {
        ("apt-get", &[])
    } else if quiet(Command::new("sudo").args(["-n", "true"])) {
        ("sudo", &["-n", "apt-get"])
    } else {
        bail!("the tests need system packages; install them with\n  {}", command_line(&missing));
    };
    println!("Installing what the tests need: apt-get install {}", missing.join(" "));
    let apt = |arguments: &[&str]| -> Result<()> {
        let status = Command::new(program)
            .args(prefix)
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .status()
            .context("running apt-get")?;
        anyhow::ensure!(
            status.success(),
            "apt-get {} failed ({status}); try\n  {}",
            arguments[0],
            command_line(&missing)
        );
        Ok(())
    };
    apt(&["update"])?;
    let install: Vec<&str> =
        ["install", "-y", "--no-install-recommends"].into_iter().chain(missing.clone()).collect();
    apt(&install)
}

/// Stops with the exact command if something is missing.
pub fn check_only() -> Result<()> {
    let missing = missing_packages()?;
    anyhow::ensure!(
        missing.is_empty(),
        "the tests need system packages; install them with\n  {}\nor leave out --no-install",
        command_line(&missing)
    );
    Ok(())
}

fn command_line(missing: &[&str]) -> String {
    format!("sudo apt-get install -y --no-install-recommends {}", missing.join(" "))
}

fn missing_packages() -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for package in PACKAGES {
        let status = Command::new("dpkg-query")
            .args(["-W", "-f=${Status}", package])
            .stderr(Stdio::null())
            .output()
            .context("this is no Debian: install Xvfb, Mesa's EGL and libxkbcommon by hand and run the steps in README.md")?;
        if !String::from_utf8_lossy(&status.stdout).contains("install ok installed") {
            missing.push(package);
        }
    }
    Ok(missing)
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("running id -u")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim() == "0")
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
