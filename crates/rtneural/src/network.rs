//! The description of a network: what files hold and what a model is made from.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::layer::Layer;
use crate::{Error, Limits, Problem, json};

/// A checked network: layers whose sizes meet, with all weights in f32.
///
/// This is the description; a [`Model`](crate::Model) made from it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    inputs: usize,
    layers: Vec<Layer>,
}

impl Network {
    /// Checks layers and puts them together; `inputs` is the number of values that the first one takes.
    ///
    /// # Errors
    /// No layers, sizes that do not meet, arrays of another length than their sizes say, values that are not
    /// finite, and everything that the readers refuse.
    pub fn new(inputs: usize, layers: Vec<Layer>) -> Result<Self, Error> {
        Self::with_limits(inputs, layers, &Limits::default())
    }

    pub(crate) fn with_limits(inputs: usize, layers: Vec<Layer>, limits: &Limits) -> Result<Self, Error> {
        if layers.is_empty() {
            return Err(Problem::unexpected("at least one layer", "none").at("layers"));
        }
        let mut size = inputs;
        let mut parameters: usize = 0;
        let mut state: usize = inputs;
        for (index, layer) in layers.iter().enumerate() {
            let refuse = |field: &str, problem: Problem| problem.in_layer(index, layer.kind(), field);
            layer.check().map_err(|(field, problem)| refuse(&field, problem))?;
            if layer.inputs() != size {
                let expected = format!("{size} inputs, the size of the layer before");
                return Err(refuse("", Problem::unexpected(expected, layer.inputs())));
            }
            size = layer.outputs();
            parameters = parameters.saturating_add(layer.parameters());
            state = state.saturating_add(layer.state_values());
            for (what, maximum, found) in [
                ("values", limits.layer_size, size),
                ("parameters up to this layer", limits.parameters, parameters),
                ("values of state up to this layer", limits.state_values, state),
            ] {
                if found > maximum {
                    return Err(refuse("", Problem::Limit { what, maximum, found }));
                }
            }
        }
        Ok(Network { inputs, layers })
    }

    /// Reads RTNeural JSON from a file, within the default [`Limits`].
    ///
    /// # Errors
    /// Everything that is not exactly the format; the message names file, layer, field, expected and found.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read_with_limits(path, &Limits::default())
    }

    /// Like [`Network::read`], within the given limits.
    ///
    /// # Errors
    /// As [`Network::read`].
    pub fn read_with_limits(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read_file(path, limits)?;
        Self::from_json_with_limits(&bytes, limits).map_err(|error| error.with_file(path))
    }

    /// Reads RTNeural JSON from memory, within the default [`Limits`].
    ///
    /// # Errors
    /// As [`Network::read`], without a file's name.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_json_with_limits(bytes, &Limits::default())
    }

    /// Like [`Network::from_json`], within the given limits.
    ///
    /// # Errors
    /// As [`Network::from_json`].
    pub fn from_json_with_limits(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        json::parse(bytes, limits)
    }

    /// RTNeural JSON that is read back as the same network, bit for bit.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Writes RTNeural JSON to a file: first beside it, then in its place, so that no reader meets half a file.
    ///
    /// # Errors
    /// What the operating system says, with the file's name.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_file(path.as_ref(), self.to_json().as_bytes())
    }

    /// Values that one call takes.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Values that one call gives.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(self.inputs, Layer::outputs)
    }

    /// The layers in the order in which they run.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Weights and biases of all layers, as the file holds them.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(Layer::parameters).sum()
    }
}

/// The bytes of a regular file within the limits, the same before and after reading.
pub(crate) fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    read_regular(path, limits).map_err(|problem| problem.at("").with_file(path))
}

/// Writes beside the file first, then in its place.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = fs::File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // Nothing better can be done if this fails too; the first error is the one to report.
        let _ = fs::remove_file(&part);
        Problem::from(error).at("").with_file(path)
    })
}

fn read_regular(path: &Path, limits: &Limits) -> Result<Vec<u8>, Problem> {
    // Asked before opening, because to open a pipe would wait for its writer.
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        let found = if kind.is_dir() { "a directory" } else { "a device, pipe or socket" };
        return Err(Problem::NotAFile { found });
    }
    let mut file = fs::File::open(path)?;
    let before = file.metadata()?;
    let length = usize::try_from(before.len()).unwrap_or(usize::MAX);
    let limit = |found| Problem::Limit { what: "bytes", maximum: limits.file_bytes, found };
    if length > limits.file_bytes {
        return Err(limit(length));
    }
    let mut bytes = Vec::with_capacity(length);
    Read::by_ref(&mut file).take(limits.file_bytes as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limits.file_bytes {
        return Err(limit(bytes.len()));
    }
    let after = file.metadata()?;
    let same_time = match (before.modified(), after.modified()) {
        (Ok(before), Ok(after)) => before == after,
        // Where the file system keeps no times, the length must do.
        _ => true,
    };
    if bytes.len() as u64 != after.len() || before.len() != after.len() || !same_time {
        return Err(Problem::ChangedWhileReading);
    }
    Ok(bytes)
}
