//! `dendrite train` and `dendrite models export`: both start the program `dendrite-train`, so that nobody compiles the ML
//! framework to play.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::Outcome;

/// What `dendrite-train` is called here.
const PROGRAM: &str = if cfg!(windows) { "dendrite-train.exe" } else { "dendrite-train" };

/// Everything that stands behind `train`.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What `dendrite-train` takes; try `dendrite train help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it with this program's input and output.
pub fn run(arguments: Arguments) -> Result<Outcome> {
    start(&arguments.arguments)
}

/// Starts `dendrite-train` and waits for it.
pub fn start(arguments: &[OsString]) -> Result<Outcome> {
    let program = beside_this_program().unwrap_or_else(|| PathBuf::from(PROGRAM));
    let mut command = Command::new(&program);
    command.args(if arguments.is_empty() { vec!["help".into()] } else { arguments.to_vec() });
    match command.status() {
        // Its exit code is ours: 2 for a command line that makes no sense, 130 after Ctrl-C.
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "the program {PROGRAM} is neither beside this one nor on the PATH; build it with\n  cargo build --release -p dendrite-training"
        ),
        Err(error) => Err(error).with_context(|| format!("starting {}", program.display())),
    }
}

fn beside_this_program() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok()?.with_file_name(PROGRAM);
    beside.is_file().then_some(beside)
}
