//! What each of the six models must look like: its layers, declared once, and everything that follows from them.
//!
//! ```text
//! layers(kind, shape) ──> check(kind, network, sidecar) ──> Checked: a row per layer, counts
//!                    │                                 └──> all findings: layer, type, field, expected, found
//!                    └──> random_network(kind, shape, seed)      for timing and tests
//! ```

mod check;
mod names;

pub use check::{Checked, Finding, LayerRow, Place, check, rows};
pub use names::{input_parameters, output_parameters};

use dendrite_features::{Deltas, WINDOW_FRAMES};
use rtneural::{Activation, ActivationLayer, BatchNorm, Dense, Layer, Lstm, Network};
use serde::{Deserialize, Serialize};

use crate::{BANDS, ModelKind};

/// Values of each of the orbit model's heads before its last layer.
pub const HEAD_INPUTS: usize = 32;
/// Frames that a declared orbit variant may look at (ours: with both differences just below what a layer may take, see
/// [`rtneural::Limits`]).
pub const MOST_WINDOW_FRAMES: usize = 3_600;
/// Bands that a declared orbit variant may gate.
pub const MOST_BANDS: usize = 8;

/// What an orbit model takes and gives; the default is the contract's 60 -> 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrbitShape {
    /// Frames in the window, at least 1.
    pub window_frames: usize,
    /// Whether the first differences of the six base features stand behind them.
    pub include_delta: bool,
    /// Whether the second differences do.
    pub include_delta_delta: bool,
    /// Band gates, 1 to 8.
    pub bands: usize,
}

impl Default for OrbitShape {
    /// Ten frames of six base features, six bands.
    fn default() -> Self {
        OrbitShape {
            window_frames: WINDOW_FRAMES,
            include_delta: false,
            include_delta_delta: false,
            bands: BANDS,
        }
    }
}

impl OrbitShape {
    /// Which differences the window holds.
    pub fn deltas(self) -> Deltas {
        match (self.include_delta, self.include_delta_delta) {
            (false, false) => Deltas::None,
            (true, false) => Deltas::First,
            (false, true) => Deltas::Second,
            (true, true) => Deltas::Both,
        }
    }

    /// Values that the model takes: frames times 6, 12 or 18.
    pub fn inputs(self) -> usize {
        self.window_frames.saturating_mul(self.deltas().per_frame())
    }

    /// Values that the model gives: s, alpha, omega_scale and the gates.
    pub fn outputs(self) -> usize {
        self.bands.saturating_add(3)
    }

    /// Whether the numbers of frames and bands are such that there is a model of this shape.
    pub fn is_possible(self) -> bool {
        (1..=MOST_WINDOW_FRAMES).contains(&self.window_frames) && (1..=MOST_BANDS).contains(&self.bands)
    }
}

/// Whether a dense layer's bias is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// It is, and counts.
    Trained,
    /// The layer has none; the file holds zeros, which do not count.
    Zero,
}

/// One layer of a model's specification. An activation may stand in the layer's own entry or in an `activation` entry
/// behind it; after a batch norm only the latter exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerSpec {
    /// Every output sees every input.
    Dense {
        /// Values out.
        outputs: usize,
        /// Whether the bias is trained.
        bias: Bias,
        /// Applied to the result.
        activation: Option<Activation>,
    },
    /// Normalisation of as many values as the layer before gives, with gamma and beta.
    BatchNorm {
        /// Applied to the result.
        activation: Option<Activation>,
    },
    /// Long short-term memory.
    Lstm {
        /// Units, and so values out.
        units: usize,
    },
    /// Dense layers side by side, merged into one whose weights outside of the blocks are exactly 0: head h sees the
    /// inputs `h * inputs ..` and no others. The biases are trained.
    Heads {
        /// Values that each head takes.
        inputs: usize,
        /// Values that each head gives.
        outputs: Vec<usize>,
        /// Applied to the result.
        activation: Option<Activation>,
    },
}

impl LayerSpec {
    /// The type that the file's entry has.
    pub fn kind(&self) -> &'static str {
        match self {
            LayerSpec::Dense { .. } | LayerSpec::Heads { .. } => "dense",
            LayerSpec::BatchNorm { .. } => "batchnorm",
            LayerSpec::Lstm { .. } => "lstm",
        }
    }

    /// What is applied to the layer's result.
    pub fn activation(&self) -> Option<Activation> {
        match self {
            LayerSpec::Dense { activation, .. }
            | LayerSpec::BatchNorm { activation }
            | LayerSpec::Heads { activation, .. } => *activation,
            LayerSpec::Lstm { .. } => None,
        }
    }

    /// Values that the layer gives when the one before it gives `inputs`.
    pub fn outputs(&self, inputs: usize) -> usize {
        match self {
            LayerSpec::Dense { outputs, .. } => *outputs,
            LayerSpec::BatchNorm { .. } => inputs,
            LayerSpec::Lstm { units } => *units,
            LayerSpec::Heads { outputs, .. } => outputs.iter().sum(),
        }
    }

    /// Trainable parameters as PyTorch counts them: an LSTM with two bias vectors, batch norm with gamma and beta.
    pub fn parameters(&self, inputs: usize) -> usize {
        match self {
            LayerSpec::Dense { outputs, bias: Bias::Trained, .. } => (inputs + 1) * outputs,
            LayerSpec::Dense { outputs, bias: Bias::Zero, .. } => inputs * outputs,
            LayerSpec::BatchNorm { .. } => 2 * inputs,
            LayerSpec::Lstm { units } => 4 * units * (inputs + units + 2),
            LayerSpec::Heads { inputs, outputs, .. } => (inputs + 1) * outputs.iter().sum::<usize>(),
        }
    }
}

/// Values that a model takes. `shape` is looked at for the orbit model only.
pub fn inputs(kind: ModelKind, shape: OrbitShape) -> usize {
    if kind == ModelKind::Orbit { shape.inputs() } else { kind.inputs() }
}

/// Values that a model gives. `shape` is looked at for the orbit model only.
pub fn outputs(kind: ModelKind, shape: OrbitShape) -> usize {
    if kind == ModelKind::Orbit { shape.outputs() } else { kind.outputs() }
}

/// Trainable parameters that follow from the layers; of default shapes [`ModelKind::parameters`].
pub fn parameters(kind: ModelKind, shape: OrbitShape) -> usize {
    let mut size = inputs(kind, shape);
    let mut parameters = 0;
    for layer in layers(kind, shape) {
        parameters += layer.parameters(size);
        size = layer.outputs(size);
    }
    parameters
}

/// The layers of a model in the order in which they run. `shape` is looked at for the orbit model only.
pub fn layers(kind: ModelKind, shape: OrbitShape) -> Vec<LayerSpec> {
    use Activation::{Relu, Sigmoid, Softmax, Tanh};
    let dense =
        |outputs, activation| LayerSpec::Dense { outputs, bias: Bias::Trained, activation: Some(activation) };
    let without_bias =
        |outputs, activation| LayerSpec::Dense { outputs, bias: Bias::Zero, activation: Some(activation) };
    let before_norm = |outputs| LayerSpec::Dense { outputs, bias: Bias::Trained, activation: None };
    let norm = |activation| LayerSpec::BatchNorm { activation: Some(activation) };
    match kind {
        ModelKind::Emotion => vec![
            dense(384, Tanh),
            dense(384, Tanh),
            LayerSpec::Lstm { units: 128 },
            dense(192, Tanh),
            dense(64, Softmax),
        ],
        ModelKind::Melody => vec![
            dense(320, Relu),
            dense(64, Relu),
            LayerSpec::Lstm { units: 160 },
            LayerSpec::Lstm { units: 160 },
            dense(128, Softmax),
        ],
        ModelKind::Harmony => vec![dense(256, Tanh), without_bias(128, Tanh), dense(64, Softmax)],
        ModelKind::Dynamics => vec![dense(128, Relu), without_bias(64, Relu), dense(16, Sigmoid)],
        ModelKind::Groove => {
            vec![before_norm(128), norm(Tanh), before_norm(64), norm(Tanh), dense(32, Tanh)]
        }
        ModelKind::Orbit => {
            let heads = vec![1, 1, 1, shape.bands];
            vec![
                before_norm(128),
                norm(Relu),
                before_norm(256),
                norm(Relu),
                before_norm(128),
                norm(Relu),
                // The heads' first layers see the same inputs, so that side by side they are a dense layer like any.
                dense(HEAD_INPUTS * heads.len(), Relu),
                LayerSpec::Heads { inputs: HEAD_INPUTS, outputs: heads, activation: None },
            ]
        }
    }
}

/// A model of exactly the specified shape with random weights from a seed: it means nothing, and takes exactly as long to
/// run as one that does. Zero biases and zeros between heads are there; magnitudes are such that values neither die out
/// nor saturate (Glorot and Bengio 2010).
///
/// # Errors
/// Orbit shapes beyond the limits of [`rtneural::Limits`], or with a size of 0.
pub fn random_network(kind: ModelKind, shape: OrbitShape, seed: u64) -> Result<Network, rtneural::Error> {
    let mut numbers = Numbers(seed);
    let inputs = inputs(kind, shape);
    let mut size = inputs;
    let mut built = Vec::new();
    for layer in layers(kind, shape) {
        let outputs = layer.outputs(size);
        let apart = matches!(layer, LayerSpec::BatchNorm { .. });
        let activation = if apart { None } else { layer.activation() };
        built.push(match &layer {
            LayerSpec::Dense { bias, .. } => Layer::Dense(Dense {
                inputs: size,
                outputs,
                kernel: numbers.take(size * outputs, glorot(size, outputs)),
                bias: Some(match bias {
                    Bias::Trained => numbers.take(outputs, 0.1),
                    Bias::Zero => vec![0.0; outputs],
                }),
                activation,
                time_distributed: false,
            }),
            LayerSpec::Heads { inputs, outputs: heads, .. } => {
                let mut kernel = numbers.take(size * outputs, glorot(*inputs, 1));
                for (index, value) in kernel.iter_mut().enumerate() {
                    if !in_block(*inputs, heads, index / outputs, index % outputs) {
                        *value = 0.0;
                    }
                }
                let bias = Some(numbers.take(outputs, 0.1));
                Layer::Dense(Dense {
                    inputs: size,
                    outputs,
                    kernel,
                    bias,
                    activation,
                    time_distributed: false,
                })
            }
            LayerSpec::BatchNorm { .. } => Layer::BatchNorm(BatchNorm {
                filters: size,
                features: None,
                affine: Some((
                    numbers.take(size, 0.5).iter().map(|x| x + 1.0).collect(),
                    numbers.take(size, 0.3),
                )),
                mean: numbers.take(size, 0.5),
                variance: numbers.take(size, 0.5).iter().map(|x| x + 1.0).collect(),
                epsilon: 1e-5,
            }),
            LayerSpec::Lstm { .. } => Layer::Lstm(Lstm {
                inputs: size,
                outputs,
                kernel: numbers.take(size * 4 * outputs, glorot(size, outputs)),
                recurrent: numbers.take(outputs * 4 * outputs, glorot(outputs, outputs)),
                bias: numbers.take(4 * outputs, 0.1),
            }),
        });
        size = outputs;
        if let (true, Some(activation)) = (apart, layer.activation()) {
            built.push(Layer::Activation(ActivationLayer { size, activation }));
        }
    }
    Network::new(inputs, built)
}

/// Whether a weight of merged heads belongs to one of them.
fn in_block(head_inputs: usize, head_outputs: &[usize], row: usize, column: usize) -> bool {
    let mut first = 0;
    for (head, outputs) in head_outputs.iter().enumerate() {
        if (first..first + outputs).contains(&column) {
            return (head * head_inputs..(head + 1) * head_inputs).contains(&row);
        }
        first += outputs;
    }
    false
}

fn glorot(inputs: usize, outputs: usize) -> f32 {
    (6.0 / (inputs + outputs) as f32).sqrt()
}

/// Repeatable numbers, evenly spread over -1 ... 1 (SplitMix64, Steele et al. 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_give_the_contracts_sizes_and_counts() {
        // The counts in `ModelKind::parameters` are the contract's; here they follow from the layers.
        for kind in ModelKind::ALL {
            let shape = OrbitShape::default();
            let mut size = inputs(kind, shape);
            assert_eq!(size, kind.inputs(), "{kind}");
            for layer in layers(kind, shape) {
                size = layer.outputs(size);
            }
            assert_eq!(size, kind.outputs(), "{kind}");
            assert_eq!(parameters(kind, shape), kind.parameters(), "{kind}");
        }
    }

    #[test]
    fn orbit_variants_change_the_first_and_last_layer_only() {
        let base = parameters(ModelKind::Orbit, OrbitShape::default());
        for (include_delta, include_delta_delta, inputs) in
            [(false, false, 60), (true, false, 120), (false, true, 120), (true, true, 180)]
        {
            for bands in 1..=MOST_BANDS {
                let shape = OrbitShape { include_delta, include_delta_delta, bands, ..OrbitShape::default() };
                assert_eq!(shape.inputs(), inputs);
                // 128 weights for each further input, 32 weights and a bias for each further gate.
                let expected = base + 128 * (inputs - 60) + 33 * bands - 33 * 6;
                assert_eq!(parameters(ModelKind::Orbit, shape), expected);
            }
        }
    }

    #[test]
    fn random_networks_repeat_and_differ_by_seed() {
        let network =
            |seed| random_network(ModelKind::Dynamics, OrbitShape::default(), seed).expect("possible");
        assert_eq!(network(1), network(1));
        assert_ne!(network(1), network(2));
    }
}
