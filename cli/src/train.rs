//! `dendrite train`, which starts the program `dendrite-train`.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;

use crate::Outcome;
use crate::companion::TRAIN;

/// Everything that stands behind `train`.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What `dendrite-train` takes; try `dendrite train help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it, with its help where nothing is asked for.
pub fn run(arguments: Arguments) -> Result<Outcome> {
    let help = vec!["help".into()];
    TRAIN.run(if arguments.arguments.is_empty() { &help } else { &arguments.arguments })
}
