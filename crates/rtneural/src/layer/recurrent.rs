//! What LSTM and GRU have in common: W, U and b, with a column for each gate of each unit.

use super::{check_size, check_values, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::{Error, Problem};

/// The sizes that the arrays of a recurrent layer follow from.
pub(super) struct Sizes {
    pub inputs: usize,
    pub units: usize,
    /// Columns for each unit.
    pub gates: usize,
    /// Rows of b; a single row is not nested.
    pub biases: usize,
}

impl Sizes {
    /// Of `W[inputs][gates * units]`, `U[units][gates * units]` and `b[gates * units]` or `b[biases][gates * units]`.
    fn shapes(&self) -> [Vec<usize>; 3] {
        let columns = self.units.saturating_mul(self.gates);
        let bias = if self.biases == 1 { vec![columns] } else { vec![self.biases, columns] };
        [vec![self.inputs, columns], vec![self.units, columns], bias]
    }

    /// Reads W, U and b.
    pub(super) fn read(&self, fields: &Fields) -> Result<[Vec<f32>; 3], Error> {
        check_flags(fields)?;
        let weights = read_weights(fields, &[3], "[W, U, b]")?;
        let [kernel, recurrent, bias] = self.shapes();
        Ok([
            read_tensor(fields, &weights, 0, &kernel)?,
            read_tensor(fields, &weights, 1, &recurrent)?,
            read_tensor(fields, &weights, 2, &bias)?,
        ])
    }

    /// Checks W, U and b.
    pub(super) fn check(&self, arrays: [&[f32]; 3]) -> Result<(), (String, Problem)> {
        check_size("inputs", self.inputs)?;
        check_size("outputs", self.units)?;
        for ((name, values), sizes) in
            ["kernel", "recurrent", "bias"].into_iter().zip(arrays).zip(self.shapes())
        {
            check_values(name, values, &sizes)?;
        }
        Ok(())
    }

    /// Writes the layer's keys.
    pub(super) fn write(&self, entry: &mut Object, arrays: [&[f32]; 3]) {
        entry.text("activation", "tanh");
        entry.shape(&[None, None, Some(self.units)]);
        let arrays = arrays.into_iter().zip(self.shapes());
        entry.weights(arrays.map(|(values, sizes)| Tree::nested(values, &sizes)).collect());
    }
}

/// What recurrent layers may say about themselves: everything else would change the result.
fn check_flags(fields: &Fields) -> Result<(), Error> {
    for (name, only) in [("activation", "tanh"), ("recurrent_activation", "sigmoid")] {
        match fields.text(name)?.as_deref() {
            None | Some("") => {}
            Some(found) if found == only => {}
            Some(found) => {
                let found = crate::json::quoted(found);
                return Err(fields.error(name, Problem::unexpected(format!("{only:?}"), found)));
            }
        }
    }
    fields.flag_must_be("return_sequences", true)?;
    fields.flag_must_be("go_backwards", false)?;
    fields.flag_must_be("reset_after", true)?;
    fields.flag_must_be("use_bias", true)
}
