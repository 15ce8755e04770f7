//! The harmony network: mood, chroma, mel and base features to a chord.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{dense, dense_without_bias, export_dense, export_first_dense};

/// Share of the hidden values that are left out in training. Without, chords of pieces that were learnt from are told better and others
/// worse.
const DROPOUT: f64 = 0.15;

/// 128 -> 256 tanh -> 128 tanh (no bias) -> 64 softmax; dropout after each hidden layer in training.
#[derive(Module, Debug)]
pub struct HarmonyNet {
    first: Linear,
    second: Linear,
    last: Linear,
    dropout: Dropout,
}

impl HarmonyNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(128, 256, device),
            second: dense_without_bias(256, 128, device),
            last: dense(128, 64, device),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    /// Standardised `[batch, 128]` to logits `[batch, 64]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(tanh(self.first.forward(x)));
        self.last.forward(self.dropout.forward(tanh(self.second.forward(x))))
    }

    /// The network of the file.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        let tanh = Some(Activation::Tanh);
        Network::new(
            128,
            vec![
                Layer::Dense(export_first_dense(&self.first, standard, tanh)),
                Layer::Dense(export_dense(&self.second, tanh)),
                Layer::Dense(export_dense(&self.last, Some(Activation::Softmax))),
            ],
        )
    }
}
