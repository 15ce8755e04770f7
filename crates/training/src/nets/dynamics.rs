//! The dynamics network: pooled mood and loudness to sixteen values of how to play.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{dense, dense_without_bias, export_dense, export_first_dense};

/// 32 -> 128 relu -> 64 relu (no bias) -> 16 sigmoid.
#[derive(Module, Debug)]
pub struct DynamicsNet {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl DynamicsNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(32, 128, device),
            second: dense_without_bias(128, 64, device),
            last: dense(64, 16, device),
        }
    }

    /// Standardised `[batch, 32]` to `[batch, 16]` in 0..1.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        sigmoid(self.last.forward(relu(self.second.forward(relu(self.first.forward(x))))))
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
