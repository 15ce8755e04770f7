//! ONNX files: written for other runtimes, and read back.
//!
//! ```
//! use rtneural::{Network, onnx};
//!
//! let network = Network::from_json(br#"{"in_shape": [null, 2], "layers": [
//!     {"type": "dense", "activation": "tanh", "shape": [null, 2], "weights": [[[1, 2], [3, 4]], [0.1, 0.2]]},
//!     {"type": "lstm", "shape": [null, 1], "weights": [[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4]], [0, 0, 0, 0]]}]}"#)?;
//! let options = onnx::Options { doc: "an example".to_owned(), ..onnx::Options::default() };
//! let bytes = network.to_onnx(&options)?;
//! assert_eq!(Network::from_onnx(&bytes)?, (network, options));
//! # Ok::<(), rtneural::Error>(())
//! ```
//!
//! # The graph
//! One run of the graph is one step of the network, for a whole batch:
//!
//! ```text
//! input      [batch, inputs]  ───> layer ───> layer ───> ... ───> output map ───> output      [batch, outputs]
//! lstm_0_h_in [batch, units]  ───────┘ └────────────────────────────────────────> lstm_0_h_out [batch, units]
//! lstm_0_c_in [batch, units]  ───────┘ └────────────────────────────────────────> lstm_0_c_out [batch, units]
//! ```
//!
//! The state of recurrent layers goes in and comes out: zeros before the first step, then what the step before gave.
//! LSTMs are counted from 0, and so are GRUs, which have no `c`. All values are f32; `batch` is a symbol.
//!
//! | layer | nodes |
//! | --- | --- |
//! | dense | MatMul, Add unless it has no bias, its activation |
//! | activation | Tanh, Relu, Sigmoid, Softmax (axis -1), Elu (alpha 1) |
//! | lstm, gru | Unsqueeze of the input and the state, LSTM or GRU over one time step, Squeeze of the new state |
//! | prelu | PRelu |
//! | batchnorm | BatchNormalization with the layer's epsilon |
//! | batchnorm2d | the same between two Reshape |
//! | output map | Split, then Sigmoid, Sub, Mul, Add or Softplus, Mul, Add, Clip for each segment, Concat; or Identity |
//!
//! Convolutions are refused: their history would have to be an input and an output of another form.
//!
//! Files have IR version 8 and operator set 17, as written since 2022. ONNX Runtime runs them with the same results as
//! [`Model`](crate::Model) to 2e-6 (absolute), which `tests/reference/onnx_check.py` checks for every kind of layer over
//! several steps; any runtime that has the operators above will.
//!
//! # What is read
//! The graphs that are written here, wherever their initializers stand, whatever those are called, and whether their
//! values are in `raw_data` or in `float_data`. The metadata entry `rtneural.layers` tells the layers that nodes do not
//! tell apart, such as a dense layer with an activation from one with an activation layer behind it; without it the
//! nodes are taken to be as few layers as possible. Everything else is refused with the number, type and name of the
//! node. [`Limits`] bound what a hostile file may cost.

mod gates;
mod output_map;
mod proto;
mod read;
mod scan;
#[cfg(test)]
mod tests;
mod write;

pub use output_map::{OutputMap, Segment};

use std::collections::HashSet;
use std::path::Path;

use crate::json::quoted;
use crate::network::{read_file, write_file};
use crate::{Activation, Error, Layer, Limits, Network, Problem};

/// The version of the file format (`ir_version`) that is written and read.
pub const IR_VERSION: i64 = 8;
/// The version of the operators (`opset_import`) that is written and read.
pub const OPERATOR_SET: i64 = 17;

/// The metadata entry with the layers' words.
const LAYERS_KEY: &str = "rtneural.layers";
/// The operators of activation functions.
const ACTIVATIONS: [(&str, Activation); 5] = [
    ("Tanh", Activation::Tanh),
    ("Relu", Activation::Relu),
    ("Sigmoid", Activation::Sigmoid),
    ("Softmax", Activation::Softmax),
    ("Elu", Activation::Elu),
];

/// What an ONNX file says beside the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Name of the graph's input.
    pub input: String,
    /// Name of the graph's output.
    pub output: String,
    /// What becomes of the last layer's outputs: segments that cover all of them, or none to leave them as they are.
    pub output_map: Vec<Segment>,
    /// What the model is, for people (`doc_string`).
    pub doc: String,
    /// Further notes (`metadata_props`), each key once. Keys that begin with `rtneural.` are the writer's own.
    pub metadata: Vec<(String, String)>,
}

impl Default for Options {
    /// "input", "output", and nothing else.
    fn default() -> Self {
        Options {
            input: "input".to_owned(),
            output: "output".to_owned(),
            output_map: Vec::new(),
            doc: String::new(),
            metadata: Vec::new(),
        }
    }
}

impl Options {
    /// Refuses what a file cannot say, or not of a network with so many outputs.
    fn check(&self, outputs: usize) -> Result<(), Error> {
        for (field, name) in [("input", &self.input), ("output", &self.output)] {
            if name.is_empty() {
                return Err(Problem::unexpected("a name", "an empty one").at(field));
            }
        }
        let mut keys = HashSet::new();
        for (index, (key, _)) in self.metadata.iter().enumerate() {
            if key.is_empty() || key.starts_with("rtneural.") || !keys.insert(key) {
                let expected = "a key of its own that does not begin with \"rtneural.\"";
                return Err(Problem::unexpected(expected, quoted(key)).at(format!("metadata[{index}]")));
            }
        }
        output_map::check(&self.output_map, outputs)
    }
}

/// A part of the state of recurrent layers: zeros before the first step, then what the step before gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Name of the graph's input.
    pub input: String,
    /// Name of the output that is to be put there in the next step.
    pub output: String,
    /// Values for each row of the batch.
    pub units: usize,
}

impl Network {
    /// The network as an ONNX file; see the [module](crate::onnx) for the graph.
    ///
    /// # Errors
    /// Convolutions, an output map that does not fit, empty names, and names that the graph uses for something else.
    pub fn to_onnx(&self, options: &Options) -> Result<Vec<u8>, Error> {
        write::write(self, options)
    }

    /// Writes an ONNX file: first beside it, then in its place, so that no reader meets half a file.
    ///
    /// # Errors
    /// As [`Network::to_onnx`], and what the operating system says, with the file's name.
    pub fn write_onnx(&self, path: impl AsRef<Path>, options: &Options) -> Result<(), Error> {
        let path = path.as_ref();
        write_file(path, &self.to_onnx(options).map_err(|error| error.with_file(path))?)
    }

    /// The state that the graph takes and gives, in the order of its inputs; none without recurrent layers.
    pub fn onnx_states(&self) -> Vec<Carried> {
        let mut names = StateNames::default();
        let carried = |name: String, units| Carried {
            input: format!("{name}_in"),
            output: format!("{name}_out"),
            units,
        };
        let of_layer = |layer: &Layer| match layer {
            Layer::Lstm(lstm) => {
                let name = names.lstm();
                ["h", "c"].map(|part| carried(format!("{name}_{part}"), lstm.outputs)).to_vec()
            }
            Layer::Gru(gru) => vec![carried(format!("{}_h", names.gru()), gru.outputs)],
            _ => Vec::new(),
        };
        self.layers().iter().flat_map(of_layer).collect()
    }

    /// Reads an ONNX file of the form that [`Network::to_onnx`] writes, within the default [`Limits`].
    ///
    /// # Errors
    /// Every other ONNX file, and everything that the network itself refuses; the message names file, node, field,
    /// expected and found.
    pub fn read_onnx(path: impl AsRef<Path>) -> Result<(Self, Options), Error> {
        Self::read_onnx_with_limits(path, &Limits::default())
    }

    /// Like [`Network::read_onnx`], within the given limits.
    ///
    /// # Errors
    /// As [`Network::read_onnx`].
    pub fn read_onnx_with_limits(path: impl AsRef<Path>, limits: &Limits) -> Result<(Self, Options), Error> {
        let path = path.as_ref();
        let bytes = read_file(path, limits)?;
        Self::from_onnx_with_limits(&bytes, limits).map_err(|error| error.with_file(path))
    }

    /// Reads ONNX from memory, within the default [`Limits`].
    ///
    /// # Errors
    /// As [`Network::read_onnx`], without a file's name.
    pub fn from_onnx(bytes: &[u8]) -> Result<(Self, Options), Error> {
        Self::from_onnx_with_limits(bytes, &Limits::default())
    }

    /// Like [`Network::from_onnx`], within the given limits.
    ///
    /// # Errors
    /// As [`Network::from_onnx`].
    pub fn from_onnx_with_limits(bytes: &[u8], limits: &Limits) -> Result<(Self, Options), Error> {
        read::read(bytes, limits)
    }
}

/// What `rtneural.layers` says of a layer: its type, then what its nodes do not tell.
fn word(layer: &Layer) -> String {
    let kind = layer.kind();
    match layer {
        Layer::Dense(dense) => match dense.activation {
            Some(activation) => format!("{kind}:{}", activation.name()),
            None => kind.to_owned(),
        },
        Layer::BatchNorm(norm) if norm.affine.is_none() => format!("{kind}:plain"),
        _ => kind.to_owned(),
    }
}

/// Gives the recurrent layers of each kind their numbers.
#[derive(Default)]
struct StateNames {
    lstms: usize,
    grus: usize,
}

impl StateNames {
    fn lstm(&mut self) -> String {
        self.lstms += 1;
        format!("lstm_{}", self.lstms - 1)
    }

    fn gru(&mut self) -> String {
        self.grus += 1;
        format!("gru_{}", self.grus - 1)
    }
}

/// A name that the graph gives to two values, if there is one.
fn repeated_name(graph: &proto::Graph) -> Option<&str> {
    let inputs = graph.input.iter().map(|input| &input.name);
    let initializers = graph.initializer.iter().map(|tensor| &tensor.name);
    // An empty name stands for a result that nobody takes.
    let results = graph.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty());
    let mut names = HashSet::new();
    inputs.chain(initializers).chain(results).find(|name| !names.insert(*name)).map(String::as_str)
}
