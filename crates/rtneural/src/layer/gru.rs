//! Gated recurrent unit.

use super::{LayerKind, check_recurrent_flags, check_size, check_values, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::{Builder, Then, UNITS};
use crate::{Error, Problem};

/// Gated recurrent unit with gates in the order z, r, h and the reset after the product:
/// n = tanh(xWh + b0h + r·(hUh + b1h)); h = (1 - z)·n + z·h.
#[derive(Debug, Clone, PartialEq)]
pub struct Gru {
    /// Values in.
    pub inputs: usize,
    /// Units, and so values out.
    pub outputs: usize,
    /// `W[inputs][3 * outputs]`.
    pub kernel: Vec<f32>,
    /// `U[outputs][3 * outputs]`.
    pub recurrent: Vec<f32>,
    /// `b[2][3 * outputs]`: the row that belongs to W, then the row that belongs to U.
    pub bias: Vec<f32>,
}

impl Gru {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        check_recurrent_flags(fields)?;
        let outputs = fields.shape("shape")?;
        let weights = read_weights(fields, &[3], "[W, U, b]")?;
        Ok(Gru {
            inputs,
            outputs,
            kernel: read_tensor(fields, &weights, 0, &[inputs, 3 * outputs])?,
            recurrent: read_tensor(fields, &weights, 1, &[outputs, 3 * outputs])?,
            bias: read_tensor(fields, &weights, 2, &[2, 3 * outputs])?,
        })
    }
}

impl LayerKind for Gru {
    fn kind(&self) -> &'static str {
        "gru"
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> usize {
        self.kernel.len() + self.recurrent.len() + self.bias.len()
    }

    fn state_values(&self) -> usize {
        self.inputs.saturating_add(self.outputs.saturating_mul(2))
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("inputs", self.inputs)?;
        check_size("outputs", self.outputs)?;
        let gates = self.outputs.saturating_mul(3);
        check_values("kernel", &self.kernel, &[self.inputs, gates])?;
        check_values("recurrent", &self.recurrent, &[self.outputs, gates])?;
        check_values("bias", &self.bias, &[2, gates])
    }

    fn write(&self, entry: &mut Object) {
        let gates = 3 * self.outputs;
        entry.text("activation", "tanh");
        entry.shape(&[None, None, Some(self.outputs)]);
        entry.weights(vec![
            Tree::nested(&self.kernel, &[self.inputs, gates]),
            Tree::nested(&self.recurrent, &[self.outputs, gates]),
            Tree::nested(&self.bias, &[2, gates]),
        ]);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let source = builder.current();
        let joined = builder.region(inputs + outputs);
        let hidden = builder.region(outputs);
        builder.copy(source, joined.part(0, inputs));
        // A panel holds four sums of 16 units: z, r, and the parts of n that come from x and from h, which r must
        // reach apart from one another. Where a part has no weight the matrix holds 0.
        let place = |column: usize| {
            let (panel, within) = (column / (4 * UNITS), column % (4 * UNITS));
            let unit = panel * UNITS + within % UNITS;
            (unit < outputs).then_some((within / UNITS, unit))
        };
        let weight = |row: usize, column: usize| match (place(column), row < inputs) {
            (Some((sum @ 0..=2, unit)), true) => self.kernel[row * 3 * outputs + sum * outputs + unit],
            (Some((sum @ (0 | 1 | 3), unit)), false) => {
                self.recurrent[(row - inputs) * 3 * outputs + sum.min(2) * outputs + unit]
            }
            _ => 0.0,
        };
        let (from_x, from_h) = self.bias.split_at(3 * outputs);
        let bias = |column: usize| match place(column) {
            Some((sum @ (0 | 1), unit)) => from_x[sum * outputs + unit] + from_h[sum * outputs + unit],
            Some((2, unit)) => from_x[2 * outputs + unit],
            Some((_, unit)) => from_h[2 * outputs + unit],
            None => 0.0,
        };
        let columns = outputs.div_ceil(UNITS) * 4 * UNITS;
        let matrix = builder.matrix(inputs + outputs, columns, &weight, &bias)?;
        builder.product(joined, matrix, hidden, Then::Gru);
        builder.copy(hidden, joined.part(inputs, outputs));
        builder.set_current(hidden, false);
        Ok(())
    }
}
