//! `dendrite play`, which starts the program `dendrite-play`.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;

use crate::Outcome;
use crate::companion::PLAY;

/// Everything that stands behind `play`.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// Songs and options; try `dendrite play --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it.
pub fn run(arguments: Arguments) -> Result<Outcome> {
    PLAY.run(&arguments.arguments)
}
