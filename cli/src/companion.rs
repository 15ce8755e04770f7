//! Programs that stand beside this one: what they are built from is not compiled, nor needed, to render a video.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::Outcome;

/// A program, and the package that it is built from.
#[derive(Clone, Copy, Debug)]
pub struct Companion {
    pub program: &'static str,
    pub package: &'static str,
}

/// Trains the models, with the ML framework.
pub const TRAIN: Companion = Companion { program: "dendrite-train", package: "dendrite-training" };
/// Plays in a window, with the system's sound.
pub const PLAY: Companion = Companion { program: "dendrite-play", package: "dendrite-player" };

impl Companion {
    /// Runs it with this program's input and output, and ends with its exit code.
    pub fn run(self, arguments: &[OsString]) -> Result<Outcome> {
        let file = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        let beside = std::env::current_exe().ok().map(|own| own.with_file_name(&file));
        let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(&file));
        match Command::new(&program).args(arguments).status() {
            // Its exit code is ours: 2 for a command line that makes no sense, 130 after Ctrl-C.
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
                "the program {} is neither beside this one nor on the PATH; build it with\n  cargo build --release -p {}",
                self.program,
                self.package
            ),
            Err(error) => Err(error).with_context(|| format!("starting {}", program.display())),
        }
    }
}
