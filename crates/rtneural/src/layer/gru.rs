//! Gated recurrent unit.

use super::LayerKind;
use super::recurrent::Sizes;
use crate::json::{Fields, Object};
use crate::program::{Builder, UNITS};
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
        let outputs = fields.shape("shape")?;
        let [kernel, recurrent, bias] = Self::sizes(inputs, outputs).read(fields)?;
        Ok(Gru { inputs, outputs, kernel, recurrent, bias })
    }

    fn sizes(inputs: usize, outputs: usize) -> Sizes {
        Sizes { inputs, units: outputs, gates: 3, biases: 2 }
    }

    fn arrays(&self) -> [&[f32]; 3] {
        [&self.kernel, &self.recurrent, &self.bias]
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
        self.inputs.saturating_add(self.outputs.saturating_mul(6))
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        Self::sizes(self.inputs, self.outputs).check(self.arrays())
    }

    fn write(&self, entry: &mut Object) {
        Self::sizes(self.inputs, self.outputs).write(entry, self.arrays());
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let source = builder.current();
        let joined = builder.region(inputs + outputs);
        let hidden = builder.region(outputs);
        builder.copy(source, joined.part(0, inputs));
        // Four sums of 16 units lie side by side: z, r, and the parts of n that come from x and from h, which r must
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
        let sums = builder.region(columns);
        builder.product(joined, matrix, sums);
        builder.gru(sums, hidden);
        builder.copy(hidden, joined.part(inputs, outputs));
        builder.set_current(hidden);
        Ok(())
    }
}
