//! `cargo xtask test`: everything that must hold before a change lands.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use dendrite_pipeline::ModelKind;

use crate::{bundle, demo, setup};

/// A step that cargo does: its name and cargo's arguments.
type Step = (&'static str, &'static [&'static str]);

/// What is cheap comes first.
const FORMAT: Step = ("format", &["fmt", "--all", "--check"]);
const CLIPPY: Step =
    ("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
const BUILDING: Step =
    ("building of the tests", &["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-run"]);
const TESTS: Step = ("tests", &["test", "--workspace", "--lib", "--bins", "--tests", "--locked"]);
const DOCUMENTATION: Step = ("documentation tests", &["test", "--workspace", "--doc", "--locked"]);
/// Of the whole workspace and with examples, as the tests are built: another selection unites the features of dependencies
/// differently, and builds hundreds of them again.
const PROGRAMS: Step = (
    "programs",
    &["build", "--workspace", "--bins", "--example", "write_onnx", "--example", "load", "--locked"],
);

/// Runs the steps and stops at the first that fails.
pub fn run(args: &[String]) -> Result<()> {
    match args {
        [] => setup::run()?,
        [flag] if flag == "--no-install" => setup::check_only()?,
        _ => bail!("'cargo xtask test' takes only --no-install, got '{}'", args.join(" ")),
    }
    let start = Instant::now();
    // What pip fetches is not needed before long, and comes while cargo builds.
    let fetching = std::thread::spawn(python);
    cargo(FORMAT, start)?;
    cargo(CLIPPY, start)?;
    // The end-to-end tests load the release bundles, as a host would.
    announce("bundle", start);
    bundle::build()?;
    cargo(BUILDING, start)?;
    let wheel = std::thread::spawn(move || {
        let python = joined(fetching)?;
        bindings(&python).map(|()| python)
    });
    cargo(TESTS, start)?;
    cargo(DOCUMENTATION, start)?;
    cargo(PROGRAMS, start)?;
    announce("independent programs", start);
    let python = joined(wheel)?;
    independent_host(&python)?;
    independent_runtime(&python)?;
    announce("demo", start);
    demo::run()?;
    independent_parser(&python)?;
    announce("Python bindings", start);
    bindings_tests(&python)?;
    announce("studio in Chromium", start);
    page(&python)?;
    println!("All tests passed in {:.0} s.", start.elapsed().as_secs_f64());
    Ok(())
}

/// Does one of cargo's steps.
fn cargo((name, arguments): Step, start: Instant) -> Result<()> {
    announce(name, start);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    succeed(Command::new(cargo).args(arguments).current_dir(bundle::root()))
        .with_context(|| format!("step '{name}': see above"))
}

/// The Python of a virtual environment below target/, with what the checks need.
fn python() -> Result<PathBuf> {
    let environment = bundle::root().join("target/python");
    let python = environment.join("bin/python");
    let packages = [
        "pedalboard==0.9.26",
        "numpy",
        "onnx==1.23.2",
        "onnxruntime==1.32.0",
        "mido==1.3.3",
        "playwright==1.65.2",
        "maturin==1.16.0",
        "pytest==9.2.0",
        "librosa==0.11.0",
        "distributed==2026.8.0",
    ];
    let ready = environment.join("ready");
    if std::fs::read_to_string(&ready).is_ok_and(|text| text == packages.join(" ")) {
        return Ok(python);
    }
    let folder = environment.to_string_lossy().into_owned();
    succeed(Command::new("python3").args(["-m", "venv", &folder]))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    succeed(Command::new(&python).args(pip).args(packages))?;
    std::fs::write(&ready, packages.join(" "))?;
    Ok(python)
}

/// Loads the VST3 in pedalboard, a host that is not ours.
fn independent_host(python: &Path) -> Result<()> {
    let root = bundle::root();
    succeed(
        Command::new(python)
            .arg(root.join("tests/reference/pedalboard_check.py"))
            .arg(root.join("target/bundled/Dendrite.vst3")),
    )
    .context("pedalboard and the VST3 do not get along: see above")
}

/// Runs our ONNX files in onnxruntime, which is not ours: every kind of layer, and the six models as the tests of the training
/// left them, with what burn says.
fn independent_runtime(python: &Path) -> Result<()> {
    let root = bundle::root();
    let folder = root.join("target/onnx-check");
    succeed(Command::new(root.join("target/debug/examples/write_onnx")).arg(&folder))?;
    let trained = ModelKind::ALL.map(|kind| root.join("target/tmp/onnx").join(kind.name()));
    let script = root.join("tests/reference/onnx_check.py");
    succeed(Command::new(python).arg(script).arg(&folder).args(trained))
        .context("onnxruntime says something else than our own runtime: see above")
}

/// Reads the demo's MIDI file with mido, which is not ours.
fn independent_parser(python: &Path) -> Result<()> {
    let root = bundle::root();
    let (script, file) = (root.join("tests/reference/midi_check.py"), root.join("target/demo/demo.mid"));
    succeed(Command::new(python).arg(script).arg(file))
        .context("mido does not like the demo's MIDI file: see above")
}

/// Builds the Python bindings as a wheel and puts it into the environment. Runs beside the tests, which leave part of the
/// machine idle, and gives way to them; in a folder of its own, so that neither waits for the other's lock.
fn bindings(python: &Path) -> Result<()> {
    let root = bundle::root();
    let wheels = root.join("target/wheels");
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).with_context(|| format!("emptying {}", wheels.display()))?;
    }
    let environment = root.join("target/python");
    succeed(
        Command::new("nice")
            .arg(environment.join("bin/maturin"))
            .current_dir(&root)
            .args(["build", "--quiet", "--locked", "--manifest-path", "python/Cargo.toml"])
            .arg("--target-dir")
            .arg(root.join("target/bindings"))
            .arg("--out")
            .arg(&wheels)
            .arg("--interpreter")
            .arg(python),
    )
    .context("building the Python bindings")?;
    let wheel = std::fs::read_dir(&wheels)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .context("maturin wrote no wheel")?;
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"];
    succeed(Command::new(python).args(install).arg(wheel))
}

/// Runs the tests of the bindings, which compare with librosa.
fn bindings_tests(python: &Path) -> Result<()> {
    succeed(Command::new(python).args(["-m", "pytest", "--quiet"]).arg(bundle::root().join("python/tests")))
}

/// Drives the studio's page in Chromium, with a training of one epoch.
fn page(python: &Path) -> Result<()> {
    let root = bundle::root();
    let built = root.join("target/debug");
    succeed(
        Command::new(python)
            .arg(root.join("tests/web/test_page.py"))
            .arg(built.join("dendrite"))
            .arg("--load")
            .arg(built.join("examples/load"))
            .env("DENDRITE_TRAIN", built.join("dendrite-train")),
    )
    .context("the studio's page does not work in Chromium: see above")
}

/// What a thread came to.
fn joined<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread of the tests panicked: see above"))?
}

/// Runs a command that has to succeed.
fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    anyhow::ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}

fn announce(step: &str, start: Instant) {
    println!("[{:4.0} s] {step}", start.elapsed().as_secs_f64());
}
