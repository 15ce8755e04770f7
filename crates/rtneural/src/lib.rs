//! Runs neural networks in RTNeural's JSON format on audio threads: checked when read, without allocation when run,
//! and in pieces of bounded work where a whole pass would take too long.
//!
//! ```text
//! model.json <──read, write───────> Network ──Model::new──> Model ────────────┐ forward(&mut state, input, output)
//! state dict ───read_state_dict───>  layers,    weights as f32, f16     State ┘ input [model.inputs()], f32
//! model.onnx <──read_, write_onnx─>  f32        or int8, shared    one per instance  output [model.outputs()], f32
//! ```
//!
//! ```
//! use rtneural::{Model, Network, Options, Progress, Weights};
//!
//! // y = xW + b with W = [[1, 2, 3], [4, 5, 6]]
//! let network = Network::from_json(br#"{"in_shape": [null, 2], "layers": [
//!     {"type": "dense", "activation": "", "shape": [null, 3],
//!      "weights": [[[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3]]}]}"#)?;
//! let model = Model::new(&network, Options::with_weights(Weights::F32))?;
//! let mut state = model.state(); // allocates; nothing below does
//!
//! let mut output = [0.0; 3];
//! model.forward(&mut state, &[1.0, 10.0], &mut output)?;
//! assert_eq!(output, [41.1, 52.2, 63.3]);
//!
//! // The same in pieces of at most 1,024 multiply-adds, for example one in each audio block:
//! model.start(&mut state, &[1.0, 10.0])?;
//! while model.forward_some(&mut state, 1024)? == Progress::More {}
//! assert_eq!(state.output(), [41.1, 52.2, 63.3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//! Every layer type of the format ([`Layer`]) and every activation ([`Activation`]), and PyTorch state dicts with a
//! [description](torch). What RTNeural's own loader skips, fills with zeros or reads past the end of is an [`Error`]
//! here that names file, layer, field, what was expected and what was found:
//!
//! ```
//! let error = rtneural::Network::from_json(br#"{"in_shape": [2], "layers": [
//!     {"type": "dense", "shape": [2], "weights": [[[1, 2], [3]], [0, 0]]}]}"#).unwrap_err();
//! assert_eq!(error.to_string(), "layers[0] (dense): weights[0][1]: expected 2 numbers, found 1");
//! ```
//!
//! ONNX files are read as far as they are written here ([`onnx`], behind the feature of that name, on by default).
//!
//! [`Limits`] bound what a hostile file may cost. Numbers are rounded to f32 once, and [`Network::to_json`] writes the
//! shortest decimals that are read back bit for bit.
//!
//! # What runs
//! [`Model::new`] turns layers into steps over one aligned arena of weights that is read from front to back, folds
//! batch norm into the dense layer before it, and chooses the instructions ([`Level`]) of this processor; one binary
//! serves all. Weights are kept as f32, f16 or int8 ([`Weights`]). Tanh, sigmoid, softmax and elu are exact to 5e-7
//! (absolute, against f64), which the tests check over all magnitudes.
//!
//! [`Model::forward`], [`Model::start`], [`Model::forward_some`] and [`State::reset`] are real-time safe: they do not
//! allocate, lock, log or panic. On one processor results are the same bits whatever the budgets; between instruction
//! sets they differ by rounding.
//!
//! Denormal numbers are handled as the processor is set to: whoever calls from an audio thread will want them flushed
//! to zero, and gets results within the same tolerances.

#![deny(unsafe_code)]

mod activation;
mod error;
mod json;
mod layer;
mod limits;
mod model;
mod network;
#[cfg(feature = "onnx")]
pub mod onnx;
mod program;
#[allow(unsafe_code, reason = "the edge: vector instructions and aligned memory")]
mod raw;
mod run;
pub mod torch;

pub use activation::Activation;
pub use error::{Error, Problem};
pub use layer::{ActivationLayer, BatchNorm, Conv1d, Conv2d, Dense, Gru, Layer, Lstm, Padding, Prelu};
pub use limits::Limits;
pub use model::{Model, Options, Progress, RunError, State, Weights};
pub use network::Network;
pub use raw::Level;
#[doc(hidden)]
pub use raw::Reading;
