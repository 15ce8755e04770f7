//! The program `dendrite`: reads the command line and runs what it names.
//!
//! Exit codes: 0 all went well, 1 it did not (a message on standard error, or findings on standard output, say why), 2 the
//! command line makes no sense.

mod analyze;
mod bench;
mod companion;
mod listening;
mod models;
mod play;
mod presets;
mod render;
mod serve;
mod songs;
mod text;
mod train;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Dendrite from the command line.
#[derive(Parser)]
#[command(name = "dendrite", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  dendrite render song.flac                    a video of a song
  dendrite play song.flac                      the same in a window, now
  dendrite analyze song.flac                   tempo, key, chords, mood, sections, loudness
  dendrite models list                         which of the six models are here, and what stands in for the others
  dendrite models check models                 are they what they must be?
  dendrite help models run                     more about a command

Exit codes: 0 all went well, 1 it did not, 2 the command line makes no sense.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a video of a song, or of many
    Render(Box<render::Arguments>),
    /// Say what is in a song: tempo, key, chords, mood, sections, loudness
    Analyze(analyze::Arguments),
    /// Play songs, with their pictures in a window; with the separate program dendrite-play
    Play(play::Arguments),
    /// List the presets: looks, motions and ways of playing
    Presets,
    /// List, check, run, convert and time model files
    #[command(subcommand)]
    Models(models::Command),
    /// Train the six models, with the separate program dendrite-train
    Train(train::Arguments),
    /// Time features, engine, the worst block and CPU pictures on this machine
    Bench(bench::Arguments),
    /// Serve the studio: train, watch and listen in a browser
    Serve(serve::Arguments),
}

/// Whether a command that ran to its end found everything as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    /// It said on standard output what is not.
    Bad,
}

/// A command line that could be read and makes no sense all the same.
#[derive(Debug)]
struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = run(arguments.command, &mut out);
    // What was written before an error is written first.
    let flushed = out.flush();
    match outcome.and_then(|outcome| Ok(flushed.map(|()| outcome)?)) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::FAILURE,
        // Whoever read our output has seen enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<UsageError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(command: Command, out: &mut dyn Write) -> Result<Outcome> {
    match command {
        Command::Render(arguments) => render::run(&arguments, out),
        Command::Analyze(arguments) => analyze::run(&arguments, out),
        Command::Play(arguments) => play::run(arguments),
        Command::Presets => presets::list(out),
        Command::Models(command) => models::run(command, out),
        Command::Train(arguments) => train::run(arguments),
        Command::Bench(arguments) => bench::run(&arguments, out),
        Command::Serve(arguments) => serve::run(arguments, out),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Arguments::command().debug_assert();
    }
}
