//! The activation functions of the format.

use crate::Problem;
use crate::json::unknown_name;

/// A function applied to each value of a layer, or, for softmax, to all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// max(x, 0).
    Relu,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// e^(x - m) divided by its sum, m being the maximum: no input overflows.
    Softmax,
    /// x where x > 0, else e^x - 1 (alpha = 1).
    Elu,
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 5] =
        [Activation::Tanh, Activation::Relu, Activation::Sigmoid, Activation::Softmax, Activation::Elu];

    /// The name in model files.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Softmax => "softmax",
            Activation::Elu => "elu",
        }
    }

    /// The activation of that name; the empty name means none.
    pub(crate) fn named(name: &str) -> Result<Option<Activation>, Problem> {
        if name.is_empty() {
            return Ok(None);
        }
        match Activation::ALL.into_iter().find(|activation| activation.name() == name) {
            Some(activation) => Ok(Some(activation)),
            None => Err(unknown_name(&Activation::ALL.map(Activation::name), name)),
        }
    }
}
