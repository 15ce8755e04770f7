//! Dense layers: y = activation(xW + b).

use super::{LayerKind, check_size, check_values, read_activation, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::Builder;
use crate::{Activation, Error, Problem};

/// y = activation(xW + b).
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Values in.
    pub inputs: usize,
    /// Values out.
    pub outputs: usize,
    /// `W[inputs][outputs]`.
    pub kernel: Vec<f32>,
    /// `b[outputs]`, or nothing for a layer without bias.
    pub bias: Option<Vec<f32>>,
    /// Applied to the result.
    pub activation: Option<Activation>,
    /// Called "time-distributed-dense" in the file; the mathematics is the same.
    pub time_distributed: bool,
}

impl Dense {
    pub(super) fn read(fields: &Fields, inputs: usize, time_distributed: bool) -> Result<Self, Error> {
        let outputs = fields.shape("shape")?;
        let weights = read_weights(fields, &[1, 2], "[W, b] or [W]")?;
        let kernel = read_tensor(fields, &weights, 0, &[inputs, outputs])?;
        let bias = match weights.len() {
            2 => Some(read_tensor(fields, &weights, 1, &[outputs])?),
            _ => None,
        };
        Ok(Dense { inputs, outputs, kernel, bias, activation: read_activation(fields)?, time_distributed })
    }
}

impl LayerKind for Dense {
    fn kind(&self) -> &'static str {
        if self.time_distributed { "time-distributed-dense" } else { "dense" }
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> usize {
        self.kernel.len() + self.bias.as_ref().map_or(0, Vec::len)
    }

    fn state_values(&self) -> usize {
        self.outputs
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("inputs", self.inputs)?;
        check_size("outputs", self.outputs)?;
        check_values("kernel", &self.kernel, &[self.inputs, self.outputs])?;
        self.bias.as_ref().map_or(Ok(()), |bias| check_values("bias", bias, &[self.outputs]))
    }

    fn write(&self, entry: &mut Object) {
        entry.activation(self.activation);
        entry.shape(&[None, Some(self.outputs)]);
        let mut weights = vec![Tree::nested(&self.kernel, &[self.inputs, self.outputs])];
        weights.extend(self.bias.as_ref().map(|bias| Tree::nested(bias, &[self.outputs])));
        entry.weights(weights);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let source = builder.current();
        let bias = |output: usize| self.bias.as_ref().map_or(0.0, |bias| bias[output]);
        let kernel = |input: usize, output: usize| self.kernel[input * self.outputs + output];
        let target = builder.region(self.outputs);
        match builder.take_fold() {
            None => {
                let matrix = builder.matrix(self.inputs, self.outputs, &kernel, &bias)?;
                builder.product(source, matrix, target);
            }
            Some(norm) => {
                // y = scale (xW + b - mean) + shift, in f64 so that the folded weights are rounded once.
                let folded = |input: usize, output: usize| {
                    (f64::from(kernel(input, output)) * norm.factor(output)) as f32
                };
                let bias = |output: usize| norm.apply(output, f64::from(bias(output))) as f32;
                let matrix = builder.matrix(self.inputs, self.outputs, &folded, &bias)?;
                builder.product(source, matrix, target);
            }
        }
        builder.set_current(target);
        builder.activation(self.activation);
        Ok(())
    }
}
