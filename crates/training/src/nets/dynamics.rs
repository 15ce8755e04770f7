//! The dynamics network: pooled mood and loudness to sixteen values of how to play.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{dense, dense_without_bias, export_dense, export_first_dense};

/// Share of the hidden values that are left out in training, for the same reason as in the groove network; the loudness is sure.
const DROPOUT: f64 = 0.2;

/// 32 -> 128 relu -> 64 relu (no bias) -> 16 sigmoid; dropout after each hidden layer in training.
#[derive(Module, Debug)]
pub struct DynamicsNet {
    first: Linear,
    second: Linear,
    last: Linear,
    dropout: Dropout,
}

impl DynamicsNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(32, 128, device),
            second: dense_without_bias(128, 64, device),
            last: dense(64, 16, device),
            dropout: DropoutConfig::new(DROPOUT).init(),
        }
    }

    /// Standardised `[batch, 32]` to `[batch, 16]` in 0..1.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(relu(self.first.forward(x)));
        sigmoid(self.last.forward(self.dropout.forward(relu(self.second.forward(x)))))
    }

    /// The network of the file.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        let relu = Some(Activation::Relu);
        Network::new(
            32,
            vec![
                Layer::Dense(export_first_dense(&self.first, standard, relu)),
                Layer::Dense(export_dense(&self.second, relu)),
                Layer::Dense(export_dense(&self.last, Some(Activation::Sigmoid))),
            ],
        )
    }
}
