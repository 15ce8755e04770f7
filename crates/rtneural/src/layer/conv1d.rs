//! Causal convolution over time.

use super::{LayerKind, check_size, check_values, read_activation, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::{Builder, Grouping};
use crate::{Activation, Error, Problem};

/// Causal convolution over time: each call is one time step, and what came before the first call was zeros.
///
/// Output o is b\[o\] + sum over k, i of `W[k][i][o]` · x(t - (K-1-k)·dilation)\[first(o) + i\], where
/// first(o) = floor(o / (outputs / groups)) · (inputs / groups).
#[derive(Debug, Clone, PartialEq)]
pub struct Conv1d {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// K, taps.
    pub kernel_size: usize,
    /// Time steps between two taps.
    pub dilation: usize,
    /// Groups of channels that do not see one another; divides inputs and outputs.
    pub groups: usize,
    /// `W[kernel_size][inputs / groups][outputs]`; the last tap meets the newest sample.
    pub kernel: Vec<f32>,
    /// `b[outputs]`.
    pub bias: Vec<f32>,
    /// Applied to the result.
    pub activation: Option<Activation>,
}

impl Conv1d {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let outputs = fields.shape("shape")?;
        let range = 1..fields.limits().layer_size.saturating_add(1);
        let kernel_size = fields.integer("kernel_size", range.clone())?;
        let dilation = fields.integer("dilation", range.clone())?;
        let groups = fields.integer_or("groups", range, 1)?;
        check_groups(groups, inputs, outputs).map_err(|(field, problem)| fields.error(field, problem))?;
        let weights = read_weights(fields, &[2], "[W, b]")?;
        Ok(Conv1d {
            inputs,
            outputs,
            kernel_size,
            dilation,
            groups,
            kernel: read_tensor(fields, &weights, 0, &[kernel_size, inputs / groups, outputs])?,
            bias: read_tensor(fields, &weights, 1, &[outputs])?,
            activation: read_activation(fields)?,
        })
    }
}

fn check_groups(groups: usize, inputs: usize, outputs: usize) -> Result<(), (String, Problem)> {
    check_size("groups", groups)?;
    for (what, size) in [("inputs", inputs), ("outputs", outputs)] {
        if size % groups != 0 {
            let expected = format!("a divisor of the {size} {what}");
            return Err(("groups".to_owned(), Problem::unexpected(expected, groups)));
        }
    }
    Ok(())
}

impl LayerKind for Conv1d {
    fn kind(&self) -> &'static str {
        "conv1d"
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> usize {
        self.kernel.len() + self.bias.len()
    }

    fn state_values(&self) -> usize {
        let history = (self.kernel_size.saturating_sub(1)).saturating_mul(self.dilation).saturating_add(1);
        let taps = history.saturating_add(self.kernel_size);
        taps.saturating_mul(self.inputs).saturating_add(self.outputs)
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("inputs", self.inputs)?;
        check_size("outputs", self.outputs)?;
        check_size("kernel_size", self.kernel_size)?;
        check_size("dilation", self.dilation)?;
        check_groups(self.groups, self.inputs, self.outputs)?;
        check_values("kernel", &self.kernel, &[self.kernel_size, self.inputs / self.groups, self.outputs])?;
        check_values("bias", &self.bias, &[self.outputs])
    }

    fn write(&self, entry: &mut Object) {
        entry.activation(self.activation);
        entry.shape(&[None, None, Some(self.outputs)]);
        entry.integer("kernel_size", self.kernel_size);
        entry.integer("dilation", self.dilation);
        entry.integer("groups", self.groups);
        let sizes = [self.kernel_size, self.inputs / self.groups, self.outputs];
        entry.weights(vec![Tree::nested(&self.kernel, &sizes), Tree::nested(&self.bias, &[self.outputs])]);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let source = builder.current().part(0, self.inputs);
        let window = if self.kernel_size == 1 {
            source
        } else {
            let ring = builder.ring((self.kernel_size - 1) * self.dilation + 1, self.inputs);
            let window = builder.region(self.kernel_size * self.inputs);
            builder.remember(source, ring);
            builder.window(ring, self.kernel_size, self.dilation, window);
            window
        };
        let target = builder.region(self.outputs);
        let rows = self.kernel_size * (self.inputs / self.groups);
        let weight = |row: usize, output: usize| self.kernel[row * self.outputs + output];
        let bias = |output: usize| self.bias[output];
        if self.groups == 1 {
            let matrix = builder.matrix(rows, self.outputs, &weight, &bias)?;
            builder.product(window, matrix, target);
        } else {
            let grouping = Grouping {
                inputs: self.inputs,
                group_inputs: self.inputs / self.groups,
                group_outputs: self.outputs / self.groups,
            };
            let matrix = builder.f32_matrix(rows, self.outputs, &weight, &bias)?;
            builder.grouped(window, matrix, target, grouping);
        }
        builder.set_current(target);
        builder.activation(self.activation);
        Ok(())
    }
}
