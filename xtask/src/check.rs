//! `cargo xtask test`: everything that must hold before a change lands.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{bundle, setup};

/// The steps after the set-up and the bundle: name and cargo's arguments.
const STEPS: [(&str, &[&str]); 4] = [
    ("format", &["fmt", "--all", "--check"]),
    ("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    ("tests", &["test", "--workspace", "--lib", "--bins", "--tests", "--locked"]),
    ("documentation tests", &["test", "--workspace", "--doc", "--locked"]),
];

/// Runs the steps and stops at the first that fails.
pub fn run(args: &[String]) -> Result<()> {
    match args {
        [] => setup::run()?,
        [flag] if flag == "--no-install" => setup::check_only()?,
        _ => bail!("'cargo xtask test' takes only --no-install, got '{}'", args.join(" ")),
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let start = Instant::now();
    for (i, (name, arguments)) in STEPS.iter().enumerate() {
        // The end-to-end tests load the release bundles, as a host would; cheap checks come first.
        if *name == "tests" {
            announce("bundle", start);
            bundle::build()?;
        }
        announce(name, start);
        let status = Command::new(&cargo)
            .args(*arguments)
            .current_dir(bundle::root())
            .status()
            .with_context(|| format!("running cargo {}", arguments.join(" ")))?;
        anyhow::ensure!(
            status.success(),
            "step {} of {} failed: cargo {}",
            i + 1,
            STEPS.len(),
            arguments.join(" ")
        );
    }
    announce("independent host", start);
    independent_host()?;
    println!("All tests passed in {:.0} s.", start.elapsed().as_secs_f64());
    Ok(())
}

/// Loads the VST3 in pedalboard, a host that is not ours, in a virtual environment below target/.
fn independent_host() -> Result<()> {
    let root = bundle::root();
    let environment = root.join("target/python");
    let python = environment.join("bin/python");
    if !environment.join("pedalboard-ready").exists() {
        let make = |program: &Path, arguments: &[&str]| -> Result<()> {
            let status = Command::new(program)
                .args(arguments)
                .status()
                .with_context(|| format!("running {} {}", program.display(), arguments.join(" ")))?;
            anyhow::ensure!(status.success(), "{} {} failed", program.display(), arguments.join(" "));
            Ok(())
        };
        let folder = environment.to_string_lossy().into_owned();
        make(Path::new("python3"), &["-m", "venv", &folder])?;
        let packages = ["pedalboard==0.9.26", "numpy"];
        make(
            &python,
            &[&["-m", "pip", "install", "--quiet", "--disable-pip-version-check"], &packages[..]].concat(),
        )?;
        std::fs::write(environment.join("pedalboard-ready"), "")?;
    }
    let status = Command::new(&python)
        .arg(root.join("tests/reference/pedalboard_check.py"))
        .arg(root.join("target/bundled/Dendrite.vst3"))
        .status()
        .context("running the check in pedalboard")?;
    anyhow::ensure!(status.success(), "pedalboard and the VST3 do not get along: see above");
    Ok(())
}

fn announce(step: &str, start: Instant) {
    println!("[{:4.0} s] {step}", start.elapsed().as_secs_f64());
}
