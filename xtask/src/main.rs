//! The project's commands: `cargo xtask bundle | demo | sync | test | install | setup`.

mod bundle;
mod check;
mod contact_sheet;
mod demo;
mod install;
mod midi;
mod setup;
mod sync;
mod trace;
#[cfg(test)]
mod track_tests;

use std::process::ExitCode;

const HELP: &str = "\
Commands of Dendrite

Usage: cargo xtask <COMMAND> [OPTIONS]

Commands:
  demo               Build the plug-in, load it in a headless host, play the demo track through it and
                     write target/demo/: sound, CSV of every hop, contact sheet. The place to start.
  bundle             Build Dendrite.clap and Dendrite.vst3 into target/bundled
  install            Bundle, then copy both into your plug-in folders
  test               Format, clippy, unit, property, doc and end-to-end tests; installs the system
                     packages that the tests need (Debian)
      --no-install   Do not install anything: stop and say what is missing
  sync [FILE...]     Measure how well the picture follows the music (default: the demo track)
  setup              Only install the system packages of the tests
  help               This text
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".into());
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "demo" => no_arguments("demo", &rest).and_then(|()| demo::run()),
        "bundle" => bundle::run(&rest),
        "install" => no_arguments("install", &rest).and_then(|()| install::run()),
        "test" => check::run(&rest),
        "sync" => sync::run(&rest),
        "setup" => no_arguments("setup", &rest).and_then(|()| setup::run()),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        unknown => {
            eprintln!("cargo xtask: there is no command '{unknown}'\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn no_arguments(command: &str, rest: &[String]) -> anyhow::Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(argument) => anyhow::bail!("'cargo xtask {command}' takes no argument, got '{argument}'"),
    }
}
