//! What can go wrong when a piece is written to files.

use std::path::{Path, PathBuf};

/// A file that could not be written: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct Error {
    file: PathBuf,
    problem: Problem,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The WAV writer refused.
    #[error("{0}")]
    Wav(#[from] hound::Error),
    /// The labels could not be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A name for files that is empty or leads elsewhere.
    #[error("expected a plain file name without separators, found {found:?}")]
    Name {
        /// What was given.
        found: String,
    },
}

impl Error {
    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Why.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Problem {
    pub(crate) fn with_file(self, file: &Path) -> Error {
        Error { file: file.to_owned(), problem: self }
    }
}
