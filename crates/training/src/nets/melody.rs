//! The melody network: mood maps, step by step, to the distribution of the next pitch in C.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rtneural::{Activation, Layer, Network};

use super::Standard;
use super::layers::{Lstm, LstmState, dense, export_dense, export_first_dense};

const UNITS: usize = 160;

/// 64 -> 320 relu -> 64 relu -> LSTM 160 -> LSTM 160 -> 128 softmax.
#[derive(Module, Debug)]
pub struct MelodyNet {
    first: Linear,
    second: Linear,
    lower: Lstm,
    upper: Lstm,
    last: Linear,
}

/// States of the two LSTMs.
#[derive(Clone, Debug)]
pub struct MelodyState {
    lower: LstmState,
    upper: LstmState,
}

impl MelodyState {
    /// Zeros.
    pub fn zeros(batch: usize, device: &Device) -> Self {
        let zeros = || LstmState::zeros(batch, UNITS, device);
        Self { lower: zeros(), upper: zeros() }
    }

    /// From rows of `[hidden, cell]` of the lower LSTM and then of the upper.
    pub fn of_rows(rows: Tensor<2>) -> Self {
        let [batch, width] = rows.dims();
        let half = |from, to| LstmState::of_rows(rows.clone().slice([0..batch, from..to]));
        Self { lower: half(0, width / 2), upper: half(width / 2, width) }
    }

    /// Rows of the states.
    pub fn rows(self) -> Tensor<2> {
        Tensor::cat(vec![self.lower.rows(), self.upper.rows()], 1)
    }

    /// Values of a row.
    pub const WIDTH: usize = 4 * UNITS;
}

impl MelodyNet {
    /// With fresh weights.
    pub fn new(device: &Device) -> Self {
        Self {
            first: dense(64, 320, device),
            second: dense(320, 64, device),
            lower: Lstm::new(64, UNITS, device),
            upper: Lstm::new(UNITS, UNITS, device),
            last: dense(UNITS, 128, device),
        }
    }

    /// Standardised `[batch, time, 64]` to logits `[batch, time, 128]`.
    pub fn forward(&self, x: Tensor<3>, state: MelodyState) -> (Tensor<3>, MelodyState) {
        let x = relu(self.first.forward(x));
        let x = relu(self.second.forward(x));
        let (x, lower) = self.lower.forward(x, state.lower);
        let (x, upper) = self.upper.forward(x, state.upper);
        (self.last.forward(x), MelodyState { lower, upper })
    }

    /// The network of the file.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, standard: &Standard) -> Result<Network, rtneural::Error> {
        let relu = Some(Activation::Relu);
        Network::new(
            64,
            vec![
                Layer::Dense(export_first_dense(&self.first, standard, relu)),
                Layer::Dense(export_dense(&self.second, relu)),
                self.lower.export(),
                self.upper.export(),
                Layer::Dense(export_dense(&self.last, Some(Activation::Softmax))),
            ],
        )
    }
}
