//! `dendrite serve`: the studio, to train, watch and listen in a browser.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use dendrite_studio::{Options, PROGRAM, StartError, Studio, find_program};

use crate::{Outcome, UsageError};

/// How the studio is served.
#[derive(Args)]
#[command(after_help = "\
Examples:
  dendrite serve                               open the address that is printed
  dendrite serve --models my-models            listen with models of yours
  dendrite serve --host 0.0.0.0 --allow-remote other machines may ask, with the token in the printed address

Training needs the program dendrite-train beside this one, on the PATH, or named by DENDRITE_TRAIN.")]
pub struct Arguments {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Where uploads, trainings and models are kept
    #[arg(long, value_name = "DIR", default_value = "dendrite-studio")]
    data_dir: PathBuf,
    /// A folder of models that stand before those that are built in
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Let other machines ask; they need the token in the printed address
    #[arg(long)]
    allow_remote: bool,
}

/// Serves until Ctrl-C.
pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let Arguments { host, port, data_dir, models, allow_remote } = arguments;
    let options = Options { host, port, allow_remote, data_dir, models, ..Options::default() };
    let studio = Studio::start(options).map_err(|error| match error {
        StartError::Remote(_) => anyhow::Error::new(UsageError(error.to_string())),
        error => error.into(),
    })?;
    writeln!(out, "The studio is at {}", studio.url())?;
    if !host.is_loopback() {
        writeln!(
            out,
            "Whoever has this address may use it. It is not encrypted, so browsers on other machines give it no microphone."
        )?;
    }
    if find_program().is_none() {
        writeln!(
            out,
            "Training is off: there is no {PROGRAM}; cargo build --release -p dendrite-training makes it."
        )?;
    }
    writeln!(out, "Ctrl-C ends it.")?;
    out.flush().context("writing to standard output")?;
    studio.run_until_interrupted();
    Ok(Outcome::Good)
}
