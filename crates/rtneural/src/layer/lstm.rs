//! Long short-term memory.

use super::{LayerKind, check_recurrent_flags, check_size, check_values, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::{Builder, Then, UNITS};
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
        check_recurrent_flags(fields)?;
        let outputs = fields.shape("shape")?;
        let weights = read_weights(fields, &[3], "[W, U, b]")?;
        Ok(Lstm {
            inputs,
            outputs,
            kernel: read_tensor(fields, &weights, 0, &[inputs, 4 * outputs])?,
            recurrent: read_tensor(fields, &weights, 1, &[outputs, 4 * outputs])?,
            bias: read_tensor(fields, &weights, 2, &[4 * outputs])?,
        })
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
        self.inputs.saturating_add(self.outputs.saturating_mul(3))
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("inputs", self.inputs)?;
        check_size("outputs", self.outputs)?;
        let gates = self.outputs.saturating_mul(4);
        check_values("kernel", &self.kernel, &[self.inputs, gates])?;
        check_values("recurrent", &self.recurrent, &[self.outputs, gates])?;
        check_values("bias", &self.bias, &[gates])
    }

    fn write(&self, entry: &mut Object) {
        let gates = 4 * self.outputs;
        entry.text("activation", "tanh");
        entry.shape(&[None, None, Some(self.outputs)]);
        entry.weights(vec![
            Tree::nested(&self.kernel, &[self.inputs, gates]),
            Tree::nested(&self.recurrent, &[self.outputs, gates]),
            Tree::nested(&self.bias, &[gates]),
        ]);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let source = builder.current();
        // x and h side by side, so that one product with W above U gives the gates.
        let joined = builder.region(inputs + outputs);
        let cell = builder.region(outputs);
        let hidden = builder.region(outputs);
        builder.copy(source, joined.part(0, inputs));
        // A panel holds the four gates of 16 units, so that its end is all that c and h of these units need.
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
        builder.product(joined, matrix, hidden, Then::Lstm { cell: cell.at });
        builder.copy(hidden, joined.part(inputs, outputs));
        builder.set_current(hidden, false);
        Ok(())
    }
}
