//! The groove network: mood to timing offsets and accents of the sixteen steps of a bar.

use burn::module::Module;
use burn::nn::{BatchNorm, Dropout, DropoutConfig, Linear};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{
    batch_norm, dense, export_activation, export_batch_norm, export_dense, export_first_dense,
};

/// Share of the hidden values that are left out in training: what a map says of the mood is unsure, and pieces would be told apart by
/// what is chance in it.
const DROPOUT: f64 = 0.4;

/// 64 -> 128 + batch norm, tanh -> 64 + batch norm, tanh -> 32 tanh; dropout after each hidden layer in training.
#[derive(Module, Debug)]
pub struct GrooveNet {
    first: Linear,
    first_norm: BatchNorm,
    second: Linear,
    second_norm: BatchNorm,
    last: Linear,
    dropout: Dropout,
}

impl GrooveNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(64, 128, device),
            first_norm: batch_norm(128, device),
            second: dense(128, 64, device),
            second_norm: batch_norm(64, device),
            last: dense(64, 32, device),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    /// Standardised `[batch, 64]` to `[batch, 32]` in -1..1.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(tanh(self.first_norm.forward(self.first.forward(x))));
        let x = self.dropout.forward(tanh(self.second_norm.forward(self.second.forward(x))));
        tanh(self.last.forward(x))
    }

    /// The network of the file.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        Network::new(
            64,
            vec![
                Layer::Dense(export_first_dense(&self.first, standard, None)),
                export_batch_norm(&self.first_norm),
                export_activation(128, Activation::Tanh),
                Layer::Dense(export_dense(&self.second, None)),
                export_batch_norm(&self.second_norm),
                export_activation(64, Activation::Tanh),
                Layer::Dense(export_dense(&self.last, Some(Activation::Tanh))),
            ],
        )
    }
}
