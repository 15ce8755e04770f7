//! Networks in candle, layer by layer.

use std::collections::HashMap;

use anyhow::{Result, bail};
use candle_core::{DType, Device, Tensor};
use candle_nn::rnn::{LSTM, LSTMConfig, LSTMState, RNN};
use candle_nn::{BatchNorm, Linear, Module, ModuleT, VarBuilder, ops};
use rtneural::{Activation, Layer, Network};

use super::Engine;

enum Part {
    Linear(Linear),
    BatchNorm(BatchNorm),
    Lstm(LSTM, LSTMState),
    Activation(Activation),
}

struct Candle(Vec<Part>);

pub(super) fn build(network: &Network) -> Result<Box<dyn Engine>> {
    let mut parts = Vec::new();
    for layer in network.layers() {
        match layer {
            Layer::Dense(dense) => {
                let weight = transposed(&dense.kernel, dense.inputs, dense.outputs)?;
                let bias = dense.bias.as_ref().map(|bias| vector(bias)).transpose()?;
                parts.push(Part::Linear(Linear::new(weight, bias)));
                parts.extend(dense.activation.map(Part::Activation));
            }
            Layer::BatchNorm(norm) => {
                let Some((gamma, beta)) = &norm.affine else { bail!("the six have gamma and beta") };
                let (mean, variance) = (vector(&norm.mean)?, vector(&norm.variance)?);
                let (gamma, beta, epsilon) = (vector(gamma)?, vector(beta)?, norm.epsilon.into());
                let norm = BatchNorm::new(norm.filters, mean, variance, gamma, beta, epsilon)?;
                parts.push(Part::BatchNorm(norm));
            }
            Layer::Lstm(lstm) => {
                let tensors = HashMap::from([
                    ("weight_ih_l0".to_owned(), transposed(&lstm.kernel, lstm.inputs, 4 * lstm.outputs)?),
                    ("weight_hh_l0".to_owned(), transposed(&lstm.recurrent, lstm.outputs, 4 * lstm.outputs)?),
                    ("bias_ih_l0".to_owned(), vector(&lstm.bias)?),
                ]);
                let config = LSTMConfig { b_hh_init: None, ..LSTMConfig::default() };
                let variables = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
                let lstm = LSTM::new(lstm.inputs, lstm.outputs, config, variables)?;
                let state = lstm.zero_state(1)?;
                parts.push(Part::Lstm(lstm, state));
            }
            Layer::Activation(layer) => parts.push(Part::Activation(layer.activation)),
            other => bail!("the six have no such layer: {other:?}"),
        }
    }
    Ok(Box::new(Candle(parts)))
}

/// `values[rows][columns]` as the tensor `[columns][rows]` that candle's layers want.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Result<Tensor> {
    Ok(Tensor::from_slice(values, (rows, columns), &Device::Cpu)?.t()?.contiguous()?)
}

fn vector(values: &[f32]) -> Result<Tensor> {
    Ok(Tensor::from_slice(values, values.len(), &Device::Cpu)?)
}

impl Engine for Candle {
    fn step(&mut self, input: &[f32], output: &mut [f32]) -> Result<()> {
        let mut x = Tensor::from_slice(input, (1, input.len()), &Device::Cpu)?;
        for part in &mut self.0 {
            x = match part {
                Part::Linear(linear) => linear.forward(&x)?,
                Part::BatchNorm(norm) => norm.forward_t(&x, false)?,
                Part::Lstm(lstm, state) => {
                    *state = lstm.step(&x, state)?;
                    state.h.clone()
                }
                Part::Activation(Activation::Tanh) => x.tanh()?,
                Part::Activation(Activation::Relu) => x.relu()?,
                Part::Activation(Activation::Sigmoid) => ops::sigmoid(&x)?,
                Part::Activation(Activation::Softmax) => ops::softmax_last_dim(&x)?,
                Part::Activation(Activation::Elu) => x.elu(1.0)?,
            };
        }
        output.copy_from_slice(&x.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }
}
