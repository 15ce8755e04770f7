//! What can be wrong with a model file, said so that its author can mend it: file, layer, field, expected, found.

use std::fmt;
use std::path::{Path, PathBuf};

/// A model that was refused: where, and why.
///
/// Its text reads like `model.json: layers[2] (lstm): weights[1][17]: expected 40 numbers, found 12`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(Box<Place>);

/// Where a [`Problem`] lies.
#[derive(Debug)]
struct Place {
    file: Option<PathBuf>,
    layer: Option<(usize, String)>,
    field: String,
    problem: Problem,
}

/// What is wrong, without its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused to give the file's bytes, or to take them.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The path leads to something that is not a regular file.
    #[error("expected a regular file, found {found}")]
    NotAFile {
        /// For example "a directory".
        found: &'static str,
    },
    /// Length or time of change of the file differ before and after reading.
    #[error("the file changed while it was read; read it again when its writer has finished")]
    ChangedWhileReading,
    /// The text is not JSON.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What was expected and what stands there.
        message: String,
    },
    /// A field that must be there is not.
    #[error("expected {expected}, found no such field")]
    Missing {
        /// What the field should hold.
        expected: String,
    },
    /// A field holds something else than the format or the layers around it ask for.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What the field should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// A size passes one of the [`Limits`](crate::Limits).
    #[error("{found} {what}, but the limit is {maximum}; raise it in `Limits` if you trust this file")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there may be.
        maximum: usize,
        /// How many there are (or at least so many).
        found: usize,
    },
}

impl Problem {
    pub(crate) fn unexpected(expected: impl Into<String>, found: impl fmt::Display) -> Self {
        Problem::Unexpected { expected: expected.into(), found: found.to_string() }
    }

    /// This problem in a field that belongs to no layer.
    pub(crate) fn at(self, field: impl Into<String>) -> Error {
        Error(Box::new(Place { file: None, layer: None, field: field.into(), problem: self }))
    }

    /// This problem in a field of a layer.
    pub(crate) fn in_layer(self, index: usize, kind: &str, field: impl Into<String>) -> Error {
        let layer = Some((index, kind.to_owned()));
        Error(Box::new(Place { file: None, layer, field: field.into(), problem: self }))
    }
}

impl Error {
    /// The file, if the model came from one.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Number (from 0, as in `layers[0]`) and type of the layer, if the problem lies in one.
    pub fn layer(&self) -> Option<(usize, &str)> {
        self.0.layer.as_ref().map(|(index, kind)| (*index, kind.as_str()))
    }

    /// The field, with indices, for example `weights[1][17]`; empty when the whole file is meant.
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// What is wrong there.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    pub(crate) fn with_file(mut self, file: &Path) -> Self {
        self.0.file = Some(file.to_owned());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", file.display())?;
        }
        if let Some((index, kind)) = &self.layer {
            match kind.as_str() {
                "" => write!(f, "layers[{index}]: ")?,
                kind => write!(f, "layers[{index}] ({kind}): ")?,
            }
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        self.problem.fmt(f)
    }
}
