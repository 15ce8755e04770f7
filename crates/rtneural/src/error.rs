//! What can be wrong with a model file, said so that its author can mend it: file, layer or node, field, expected, found.

use std::fmt;
use std::path::{Path, PathBuf};

/// A model that was refused: where, and why.
///
/// Its text reads like `model.json: layers[2] (lstm): weights[1][17]: expected 40 numbers, found 12`, or, for ONNX, like
/// `model.onnx: node[3] (Gemm "fc1"): op_type: expected one of MatMul, ..., found "Gemm"`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(Box<Place>);

/// Where a [`Problem`] lies.
#[derive(Debug)]
struct Place {
    file: Option<PathBuf>,
    part: Option<Part>,
    field: String,
    problem: Problem,
}

/// The part of a model that a field belongs to.
#[derive(Debug)]
enum Part {
    Layer {
        index: usize,
        kind: String,
    },
    #[cfg_attr(not(feature = "onnx"), expect(dead_code, reason = "only ONNX has nodes"))]
    Node {
        index: usize,
        op: String,
        name: String,
    },
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
        self.in_part(None, field)
    }

    /// This problem in a field of a layer.
    pub(crate) fn in_layer(self, index: usize, kind: &str, field: impl Into<String>) -> Error {
        self.in_part(Some(Part::Layer { index, kind: kind.to_owned() }), field)
    }

    /// This problem in a field of an ONNX node; `op` and `name` are what the file calls it, shortened.
    #[cfg(feature = "onnx")]
    pub(crate) fn in_node(self, index: usize, op: String, name: String, field: impl Into<String>) -> Error {
        self.in_part(Some(Part::Node { index, op, name }), field)
    }

    fn in_part(self, part: Option<Part>, field: impl Into<String>) -> Error {
        Error(Box::new(Place { file: None, part, field: field.into(), problem: self }))
    }
}

impl Error {
    /// The file, if the model came from one.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Number (from 0, as in `layers[0]`) and type of the layer, if the problem lies in one.
    pub fn layer(&self) -> Option<(usize, &str)> {
        match &self.0.part {
            Some(Part::Layer { index, kind }) => Some((*index, kind)),
            _ => None,
        }
    }

    /// Number (from 0), type and name of the ONNX node, if the problem lies in one.
    pub fn node(&self) -> Option<(usize, &str, &str)> {
        match &self.0.part {
            Some(Part::Node { index, op, name }) => Some((*index, op, name)),
            _ => None,
        }
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
        match &self.part {
            None => {}
            Some(Part::Layer { index, kind }) if kind.is_empty() => write!(f, "layers[{index}]: ")?,
            Some(Part::Layer { index, kind }) => write!(f, "layers[{index}] ({kind}): ")?,
            Some(Part::Node { index, op, name }) => write!(f, "node[{index}] ({op} {name:?}): ")?,
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        self.problem.fmt(f)
    }
}
