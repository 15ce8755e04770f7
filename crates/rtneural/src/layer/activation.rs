//! Activation functions as layers of their own.

use super::{LayerKind, check_size, read_activation, read_weights};
use crate::json::{Fields, Object};
use crate::program::Builder;
use crate::{Activation, Error, Problem};

/// An activation function as a layer of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationLayer {
    /// Values in and out.
    pub size: usize,
    /// The function.
    pub activation: Activation,
}

/// The `shape` of a layer that gives as many values as it takes.
pub(super) fn read_same_shape(fields: &Fields, inputs: usize) -> Result<usize, Error> {
    let size = fields.shape("shape")?;
    if size != inputs {
        let expected = format!("{inputs}, the size of the layer before");
        return Err(fields.error("shape", Problem::unexpected(expected, size)));
    }
    Ok(size)
}

impl ActivationLayer {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let size = read_same_shape(fields, inputs)?;
        read_weights(fields, &[0], "[]")?;
        let expected = "the name of an activation function";
        fields.required("activation", expected)?;
        let Some(activation) = read_activation(fields)? else {
            return Err(fields.error("activation", Problem::unexpected(expected, "none")));
        };
        Ok(ActivationLayer { size, activation })
    }
}

impl LayerKind for ActivationLayer {
    fn kind(&self) -> &'static str {
        "activation"
    }

    fn inputs(&self) -> usize {
        self.size
    }

    fn outputs(&self) -> usize {
        self.size
    }

    fn parameters(&self) -> usize {
        0
    }

    fn state_values(&self) -> usize {
        0
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("size", self.size)
    }

    fn write(&self, entry: &mut Object) {
        entry.activation(Some(self.activation));
        entry.shape(&[None, Some(self.size)]);
        entry.weights(Vec::new());
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        builder.activation(Some(self.activation));
        Ok(())
    }
}
