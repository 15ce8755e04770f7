//! `dendrite models`: everything about model files.

mod bench;
mod check;
mod convert;
mod inspect;
mod list;
mod run;

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Subcommand, ValueEnum};

use crate::Outcome;

/// The environment variable that names the folder of the six models.
const FOLDER_VARIABLE: &str = "DENDRITE_MODELS";

#[derive(Subcommand)]
pub enum Command {
    /// Show which of the six models a folder has, and what runs in place of the others
    List(list::Arguments),
    /// Check model files: sizes, layers, activations, exact parameter counts, sidecars
    Check(check::Arguments),
    /// Run a model on rows of numbers
    Run(run::Arguments),
    /// Turn a PyTorch state dict or an ONNX file into RTNeural JSON
    Convert(convert::Arguments),
    /// Write the model of a training checkpoint as RTNeural JSON and ONNX
    Export(ExportArguments),
    /// Measure how long the six models take, against reading their weights from memory
    Bench(bench::Arguments),
}

/// What `dendrite-train export` takes.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct ExportArguments {
    /// CHECKPOINT [-o DIR]; try `dendrite models export --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<std::ffi::OsString>,
}

pub fn run(command: Command, out: &mut dyn Write) -> Result<Outcome> {
    match command {
        Command::List(arguments) => list::run(arguments, out),
        Command::Check(arguments) => check::run(arguments, out),
        Command::Run(arguments) => run::run(arguments, out),
        Command::Convert(arguments) => convert::run(arguments, out),
        Command::Export(ExportArguments { arguments }) => {
            crate::companion::TRAIN.run(&[&["export".into()], &arguments[..]].concat())
        }
        Command::Bench(arguments) => bench::run(arguments, out),
    }
}

/// How weights are kept while a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Weights {
    /// As the file has them
    F32,
    /// Rounded to half the bytes, as the plug-in does
    F16,
    /// Rounded to a quarter of the bytes
    Int8,
}

impl From<Weights> for rtneural::Weights {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::F32 => rtneural::Weights::F32,
            Weights::F16 => rtneural::Weights::F16,
            Weights::Int8 => rtneural::Weights::Int8,
        }
    }
}

/// The folder of the six models: the one given, else that of the environment variable, else `models`. Whoever names a
/// folder means one that exists; without `models` the heuristics run.
fn folder(given: Option<&Path>) -> Result<PathBuf> {
    Ok(named_folder(given)?.unwrap_or_else(|| PathBuf::from("models")))
}

/// The folder that is given, else that of the environment variable, if there is one; it must exist.
pub fn named_folder(given: Option<&Path>) -> Result<Option<PathBuf>> {
    let variable = || env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(folder) = given.map(Path::to_owned).or_else(variable) else {
        return Ok(None);
    };
    ensure!(folder.exists(), "{}: no such folder", folder.display());
    ensure!(folder.is_dir(), "{}: expected a folder, found a file", folder.display());
    Ok(Some(folder))
}
