//! Layers that burn lacks or that the format wants otherwise, and every layer's way into an RTNeural file.

use burn::module::{Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rtneural::{Activation, Layer};

use super::Standard;

/// A dense layer, initialised as PyTorch does.
pub fn dense(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs).init(device)
}

/// A dense layer without bias.
pub fn dense_without_bias(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs).with_bias(false).init(device)
}

/// Batch norm over the features of `[batch, features]`, as PyTorch's by default.
pub fn batch_norm(features: usize, device: &Device) -> BatchNorm {
    BatchNormConfig::new(features).with_epsilon(EPSILON).with_momentum(0.1).init(device)
}

/// Under the root of batch norm's variance.
const EPSILON: f64 = 1e-5;

/// Long short-term memory with two biases, gates in the order i, f, g, o, over whole sequences.
///
/// burn's own computes four products for each step; here one product serves all steps of the input and one each step's
/// recurrence.
#[derive(Module, Debug)]
pub struct Lstm {
    input: Param<Tensor<2>>,
    recurrent: Param<Tensor<2>>,
    input_bias: Param<Tensor<1>>,
    recurrent_bias: Param<Tensor<1>>,
}

/// An [`Lstm`]'s weights as numbers: rows of inputs or units, columns of gates.
pub struct LstmNumbers {
    units: usize,
    input: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
}

/// A gate of an LSTM's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// How much of the new value is taken.
    Input,
    /// How much of the old value is kept.
    Forget,
    /// The new value.
    Value,
    /// How much of the cell is shown.
    Output,
}

impl LstmNumbers {
    /// Units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// The bias of a unit's gate.
    pub fn bias(&mut self, gate: Gate, unit: usize) -> &mut f32 {
        let column = self.column(gate, unit);
        &mut self.bias[column]
    }

    /// The weight of an input in a unit's gate.
    pub fn input(&mut self, gate: Gate, unit: usize, input: usize) -> &mut f32 {
        let column = self.column(gate, unit);
        &mut self.input[input * 4 * self.units + column]
    }

    /// The weight of a unit's last output in another's gate.
    pub fn recurrent(&mut self, gate: Gate, unit: usize, from: usize) -> &mut f32 {
        let column = self.column(gate, unit);
        &mut self.recurrent[from * 4 * self.units + column]
    }

    /// Takes all inputs from a unit, and sets its biases in the order of [`Gate`].
    pub fn isolate(&mut self, unit: usize, biases: [f32; 4]) {
        for (gate, bias) in [Gate::Input, Gate::Forget, Gate::Value, Gate::Output].into_iter().zip(biases) {
            let (column, width) = (self.column(gate, unit), 4 * self.units);
            self.input.iter_mut().skip(column).step_by(width).for_each(|weight| *weight = 0.0);
            self.recurrent.iter_mut().skip(column).step_by(width).for_each(|weight| *weight = 0.0);
            self.bias[column] = bias;
        }
    }

    fn column(&self, gate: Gate, unit: usize) -> usize {
        gate as usize * self.units + unit
    }
}

/// Hidden and cell state of a batch, each `[batch, units]`.
#[derive(Clone, Debug)]
pub struct LstmState {
    hidden: Tensor<2>,
    cell: Tensor<2>,
}

impl LstmState {
    /// Zeros.
    pub fn zeros(batch: usize, units: usize, device: &Device) -> Self {
        let zeros = || Tensor::zeros([batch, units], device);
        Self { hidden: zeros(), cell: zeros() }
    }

    /// From rows of `[hidden, cell]`, `[batch, 2 · units]`.
    pub fn of_rows(rows: Tensor<2>) -> Self {
        let [batch, width] = rows.dims();
        let half = |from, to| rows.clone().slice([0..batch, from..to]);
        Self { hidden: half(0, width / 2), cell: half(width / 2, width) }
    }

    /// Rows of `[hidden, cell]`.
    pub fn rows(self) -> Tensor<2> {
        Tensor::cat(vec![self.hidden, self.cell], 1)
    }
}

impl Lstm {
    /// Uniform within 1/sqrt(units), as PyTorch; the forget gate begins open (Jozefowicz et al. 2015).
    pub fn new(inputs: usize, units: usize, device: &Device) -> Self {
        let bound = 1.0 / (units as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        let bias = || {
            let drawn: Tensor<1> = Tensor::random([4 * units], uniform, device);
            let open = Tensor::cat(
                vec![
                    Tensor::zeros([units], device),
                    Tensor::ones([units], device) * 0.5,
                    Tensor::zeros([2 * units], device),
                ],
                0,
            );
            Param::from_tensor(drawn + open)
        };
        Self {
            input: Param::from_tensor(Tensor::random([inputs, 4 * units], uniform, device)),
            recurrent: Param::from_tensor(Tensor::random([units, 4 * units], uniform, device)),
            input_bias: bias(),
            recurrent_bias: bias(),
        }
    }

    /// Units.
    pub fn units(&self) -> usize {
        self.recurrent.val().dims()[0]
    }

    /// `[batch, time, inputs]` to `[batch, time, units]`, and the state after the last step.
    pub fn forward(&self, x: Tensor<3>, state: LstmState) -> (Tensor<3>, LstmState) {
        self.forward_holding(x, state, 0)
    }

    /// The same; nothing that is learnt from it reaches the weights of the first `held` units.
    pub fn forward_holding(&self, x: Tensor<3>, state: LstmState, held: usize) -> (Tensor<3>, LstmState) {
        let [batch, time, inputs] = x.dims();
        let units = self.units();
        let learns = learning(4 * units, |column| column % units >= held, &x.device());
        let bias = holding((self.input_bias.val() + self.recurrent_bias.val()).unsqueeze(), &learns);
        let gates = x.reshape([batch * time, inputs]).matmul(holding(self.input.val(), &learns)) + bias;
        let gates = gates.reshape([batch, time, 4 * units]);
        let recurrent = holding(self.recurrent.val(), &learns);
        let LstmState { mut hidden, mut cell } = state;
        let mut outputs = Vec::with_capacity(time);
        for t in 0..time {
            let now = gates.clone().slice([0..batch, t..t + 1, 0..4 * units]).reshape([batch, 4 * units]);
            let now = now + hidden.matmul(recurrent.clone());
            let part = |n: usize| now.clone().slice([0..batch, n * units..(n + 1) * units]);
            cell = sigmoid(part(1)) * cell + sigmoid(part(0)) * tanh(part(2));
            hidden = sigmoid(part(3)) * tanh(cell.clone());
            outputs.push(hidden.clone().unsqueeze_dim(1));
        }
        (Tensor::cat(outputs, 1), LstmState { hidden, cell })
    }

    /// With other weights to begin with.
    pub fn begun(self, change: impl FnOnce(&mut LstmNumbers)) -> Self {
        let (device, units) = (self.recurrent.val().device(), self.units());
        let [inputs, columns] = self.input.val().dims();
        let mut numbers = LstmNumbers {
            units,
            input: values(self.input.val()),
            recurrent: values(self.recurrent.val()),
            bias: values(self.input_bias.val() + self.recurrent_bias.val()),
        };
        change(&mut numbers);
        let tensor = |values, rows| Tensor::from_data(TensorData::new(values, [rows, columns]), &device);
        Self {
            input: Param::from_tensor(tensor(numbers.input, inputs)),
            recurrent: Param::from_tensor(tensor(numbers.recurrent, units)),
            input_bias: Param::from_tensor(tensor(numbers.bias, 1).reshape([columns])),
            recurrent_bias: Param::from_tensor(Tensor::zeros([columns], &device)),
        }
    }

    /// The layer of an RTNeural file: the sum of both biases.
    pub fn export(&self) -> Layer {
        let [inputs, _] = self.input.val().dims();
        let bias = values(self.input_bias.val() + self.recurrent_bias.val());
        Layer::Lstm(rtneural::Lstm {
            inputs,
            outputs: self.units(),
            kernel: values(self.input.val()),
            recurrent: values(self.recurrent.val()),
            bias,
        })
    }
}

/// A dense layer whose first `held` outputs are computed as ever, but learn nothing.
pub fn dense_holding(layer: &Linear, x: Tensor<3>, held: usize) -> Tensor<3> {
    let [batch, time, inputs] = x.dims();
    let [_, outputs] = layer.weight.dims();
    let learns = learning(outputs, |output| output >= held, &x.device());
    let x = x.reshape([batch * time, inputs]).matmul(holding(layer.weight.val(), &learns));
    let x = match &layer.bias {
        Some(bias) => x + holding(bias.val().unsqueeze(), &learns),
        None => x,
    };
    x.reshape([batch, time, outputs])
}

/// Which columns learn, as 1 and 0; nothing where all do.
fn learning(columns: usize, learns: impl Fn(usize) -> bool, device: &Device) -> Option<Tensor<2>> {
    let learns: Vec<f32> = (0..columns).map(|column| f32::from(u8::from(learns(column)))).collect();
    let all = learns.iter().all(|learns| *learns == 1.0);
    (!all).then(|| Tensor::from_data(TensorData::new(learns, [1, columns]), device))
}

/// The same values; gradients go on only where the columns learn.
fn holding(weights: Tensor<2>, learns: &Option<Tensor<2>>) -> Tensor<2> {
    match learns {
        Some(learns) => weights.clone().detach() * (learns.clone().neg() + 1.0) + weights * learns.clone(),
        None => weights,
    }
}

/// All values of a tensor, row by row.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("every tensor here is of f32")
}

/// A dense layer of an RTNeural file; one without bias gets zeros.
pub fn export_dense(layer: &Linear, activation: Option<Activation>) -> rtneural::Dense {
    let weight = layer.weight.val();
    let [inputs, outputs] = weight.dims();
    let bias = layer.bias.as_ref().map_or_else(|| vec![0.0; outputs], |bias| values(bias.val()));
    rtneural::Dense {
        inputs,
        outputs,
        kernel: values(weight),
        bias: Some(bias),
        activation,
        time_distributed: false,
    }
}

/// The same with the standardisation of its inputs folded in, so that it takes them raw: W / deviation, b - mean / deviation · W.
pub fn export_first_dense(
    layer: &Linear,
    standard: &Standard,
    activation: Option<Activation>,
) -> rtneural::Dense {
    let mut dense = export_dense(layer, activation);
    let mut bias: Vec<f64> = dense.bias.iter().flatten().map(|&b| f64::from(b)).collect();
    for (row, (mean, deviation)) in
        dense.kernel.chunks_exact_mut(dense.outputs).zip(standard.mean.iter().zip(&standard.deviation))
    {
        for (weight, bias) in row.iter_mut().zip(&mut bias) {
            let folded = f64::from(*weight) / deviation;
            *bias -= mean * folded;
            *weight = folded as f32;
        }
    }
    dense.bias = Some(bias.into_iter().map(|b| b as f32).collect());
    dense
}

/// Batch norm of an RTNeural file.
pub fn export_batch_norm(layer: &BatchNorm) -> Layer {
    let gamma = values(layer.gamma.val());
    Layer::BatchNorm(rtneural::BatchNorm {
        filters: gamma.len(),
        features: None,
        affine: Some((gamma, values(layer.beta.val()))),
        mean: values(layer.running_mean.value()),
        variance: values(layer.running_var.value()),
        epsilon: EPSILON as f32,
    })
}

/// An activation entry of an RTNeural file.
pub fn export_activation(size: usize, activation: Activation) -> Layer {
    Layer::Activation(rtneural::ActivationLayer { size, activation })
}
