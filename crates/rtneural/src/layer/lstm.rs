//! Long short-term memory.

use super::LayerKind;
use super::recurrent::Sizes;
use crate::json::{Fields, Object};
use crate::program::{Builder, UNITS};
use crate::{Error, Problem};

/// Long short-term memory with gates in the order i, f, g, o:
/// c = sigmoid(f)·c + sigmoid(i)·tanh(g); h = sigmoid(o)·tanh(c); the gates are xW + hU + b.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// Values in.
    pub inputs: usize,
    /// Units, and so values out.
    pub outputs: usize,
    /// `W[inputs][4 * outputs]`.
    pub kernel: Vec<f32>,
    /// `U[outputs][4 * outputs]`.
    pub recurrent: Vec<f32>,
    /// `b[4 * outputs]`.
    pub bias: Vec<f32>,
}

impl Lstm {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let outputs = fields.shape("shape")?;
        let [kernel, recurrent, bias] = Self::sizes(inputs, outputs).read(fields)?;
        Ok(Lstm { inputs, outputs, kernel, recurrent, bias })
    }

    fn sizes(inputs: usize, outputs: usize) -> Sizes {
        Sizes { inputs, units: outputs, gates: 4, biases: 1 }
    }

    fn arrays(&self) -> [&[f32]; 3] {
        [&self.kernel, &self.recurrent, &self.bias]
    }
}

impl LayerKind for Lstm {
    fn kind(&self) -> &'static str {
        "lstm"
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
        self.inputs.saturating_add(self.outputs.saturating_mul(7))
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
        // x and h side by side, so that one product with W above U gives the gates.
        let joined = builder.region(inputs + outputs);
        let cell = builder.region(outputs);
        let hidden = builder.region(outputs);
        builder.copy(source, joined.part(0, inputs));
        // The four gates of 16 units side by side: whole vectors whatever the number of units.
        let column = |column: usize| {
            let (panel, within) = (column / (4 * UNITS), column % (4 * UNITS));
            let unit = panel * UNITS + within % UNITS;
            (unit < outputs).then_some(within / UNITS * outputs + unit)
        };
        let weight = |row: usize, at: usize| match column(at) {
            None => 0.0,
            Some(gate) if row < inputs => self.kernel[row * 4 * outputs + gate],
            Some(gate) => self.recurrent[(row - inputs) * 4 * outputs + gate],
        };
        let bias = |at: usize| column(at).map_or(0.0, |gate| self.bias[gate]);
        let columns = outputs.div_ceil(UNITS) * 4 * UNITS;
        let matrix = builder.matrix(inputs + outputs, columns, &weight, &bias)?;
        let gates = builder.region(columns);
        builder.product(joined, matrix, gates);
        builder.lstm(gates, cell, hidden);
        builder.copy(hidden, joined.part(inputs, outputs));
        builder.set_current(hidden);
        Ok(())
    }
}
