//! Rectifiers with a learned slope.

use super::{LayerKind, check_size, check_values, no_activation, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::Builder;
use crate::{Error, Problem};

/// y = x where x >= 0, else slope·x.
#[derive(Debug, Clone, PartialEq)]
pub struct Prelu {
    /// Values in and out.
    pub size: usize,
    /// One slope per value, or one for all.
    pub slopes: Vec<f32>,
}

impl Prelu {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        no_activation(fields)?;
        let size = super::activation::read_same_shape(fields, inputs)?;
        let weights = read_weights(fields, &[1], "[[slopes]]")?;
        let mut sizes = [Some(1), None];
        let slopes = fields.tensor("weights[0]", &mut weights[0].clone(), &mut sizes)?;
        if slopes.len() != size && slopes.len() != 1 {
            let expected = if size == 1 { "1 slope".to_owned() } else { format!("{size} slopes or 1") };
            return Err(fields.error("weights[0][0]", Problem::unexpected(expected, slopes.len())));
        }
        Ok(Prelu { size, slopes })
    }
}

impl LayerKind for Prelu {
    fn kind(&self) -> &'static str {
        "prelu"
    }

    fn inputs(&self) -> usize {
        self.size
    }

    fn outputs(&self) -> usize {
        self.size
    }

    fn parameters(&self) -> usize {
        self.slopes.len()
    }

    fn state_values(&self) -> usize {
        0
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("size", self.size)?;
        let count = if self.slopes.len() == 1 { 1 } else { self.size };
        check_values("slopes", &self.slopes, &[count])
    }

    fn write(&self, entry: &mut Object) {
        entry.shape(&[None, Some(self.size)]);
        entry.weights(vec![Tree::nested(&self.slopes, &[1, self.slopes.len()])]);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let slope = |index: usize| self.slopes[if self.slopes.len() == 1 { 0 } else { index }];
        builder.prelu(self.size, &slope);
        Ok(())
    }
}
