//! The orbit network: a window of base features to the control signals of the orbit.

use burn::module::Module;
use burn::nn::{BatchNorm, Dropout, DropoutConfig, Linear};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::spec::{HEAD_INPUTS, OrbitShape};
use rtneural::{Activation, Dense, Layer, Network};

use super::Standard;
use super::layers::{
    batch_norm, dense, export_activation, export_batch_norm, export_dense, export_first_dense,
};

/// Sizes of the hidden layers.
const HIDDEN: [usize; 3] = [128, 256, 128];
/// Share of values that dropout zeroes in training.
const DROPOUT: f64 = 0.2;

/// 60 -> 128, 256, 128, each + batch norm + relu + dropout; heads 128 -> 32 relu -> 1, 1, 1, 6.
#[derive(Module, Debug)]
pub struct OrbitNet {
    first: Linear,
    first_norm: BatchNorm,
    second: Linear,
    second_norm: BatchNorm,
    third: Linear,
    third_norm: BatchNorm,
    dropout: Dropout,
    head_inputs: Vec<Linear>,
    head_outputs: Vec<Linear>,
}

impl OrbitNet {
    /// With fresh weights.
    pub fn new(shape: OrbitShape, device: &Device) -> Self {
        let [a, b, c] = HIDDEN;
        Self {
            first: dense(shape.inputs(), a, device),
            first_norm: batch_norm(a, device),
            second: dense(a, b, device),
            second_norm: batch_norm(b, device),
            third: dense(b, c, device),
            third_norm: batch_norm(c, device),
            dropout: DropoutConfig::new(DROPOUT).init(),
            head_inputs: (0..4).map(|_| dense(c, HEAD_INPUTS, device)).collect(),
            head_outputs: [1, 1, 1, shape.bands].map(|n| dense(HEAD_INPUTS, n, device)).into(),
        }
    }

    /// Standardised `[batch, inputs]` to raw outputs `[batch, 3 + bands]`, before the output map.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.dropout.forward(relu(self.first_norm.forward(self.first.forward(x))));
        let x = self.dropout.forward(relu(self.second_norm.forward(self.second.forward(x))));
        let x = self.dropout.forward(relu(self.third_norm.forward(self.third.forward(x))));
        let head = |(input, output): (&Linear, &Linear)| output.forward(relu(input.forward(x.clone())));
        Tensor::cat(self.head_inputs.iter().zip(&self.head_outputs).map(head).collect(), 1)
    }

    /// The network of the file: the heads are merged into one dense layer each side, zero outside of their blocks.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        let inputs = self.first.weight.val().dims()[0];
        let block = |linear: &Linear, norm: &BatchNorm, size: usize| {
            [
                Layer::Dense(export_dense(linear, None)),
                export_batch_norm(norm),
                export_activation(size, Activation::Relu),
            ]
        };
        let mut layers = vec![
            Layer::Dense(export_first_dense(&self.first, standard, None)),
            export_batch_norm(&self.first_norm),
            export_activation(HIDDEN[0], Activation::Relu),
        ];
        layers.extend(block(&self.second, &self.second_norm, HIDDEN[1]));
        layers.extend(block(&self.third, &self.third_norm, HIDDEN[2]));
        layers.push(Layer::Dense(side_by_side(&self.head_inputs)));
        layers.push(Layer::Dense(block_diagonal(&self.head_outputs)));
        Network::new(inputs, layers)
    }
}

/// Layers that see the same inputs, as one.
fn side_by_side(heads: &[Linear]) -> Dense {
    let heads: Vec<Dense> = heads.iter().map(|head| export_dense(head, None)).collect();
    let inputs = heads[0].inputs;
    let kernel = (0..inputs)
        .flat_map(|row| {
            heads.iter().flat_map(move |head| head.kernel[row * head.outputs..][..head.outputs].iter())
        })
        .copied()
        .collect();
    let bias: Vec<f32> = heads.iter().flat_map(|head| head.bias.iter().flatten()).copied().collect();
    Dense {
        inputs,
        outputs: bias.len(),
        kernel,
        bias: Some(bias),
        activation: Some(Activation::Relu),
        time_distributed: false,
    }
}

/// Layers that see inputs of their own, as one that is zero outside of their blocks.
fn block_diagonal(heads: &[Linear]) -> Dense {
    let heads: Vec<Dense> = heads.iter().map(|head| export_dense(head, None)).collect();
    let inputs = heads.iter().map(|head| head.inputs).sum();
    let outputs: usize = heads.iter().map(|head| head.outputs).sum();
    let mut kernel = vec![0.0; inputs * outputs];
    let (mut row, mut column) = (0, 0);
    for head in &heads {
        for (i, weights) in head.kernel.chunks_exact(head.outputs).enumerate() {
            kernel[(row + i) * outputs + column..][..head.outputs].copy_from_slice(weights);
        }
        row += head.inputs;
        column += head.outputs;
    }
    let bias = heads.iter().flat_map(|head| head.bias.iter().flatten()).copied().collect();
    Dense { inputs, outputs, kernel, bias: Some(bias), activation: None, time_distributed: false }
}
