//! The layers: one file per kind, each with its sizes, its checks, its place in the file and its steps at run time.

mod activation;
mod batch_norm;
mod conv1d;
mod conv2d;
mod dense;
mod gru;
mod lstm;
mod prelu;
mod recurrent;

pub use activation::ActivationLayer;
pub use batch_norm::BatchNorm;
pub use conv1d::Conv1d;
pub use conv2d::{Conv2d, Padding};
pub use dense::Dense;
pub use gru::Gru;
pub use lstm::Lstm;
pub use prelu::Prelu;

use crate::json::{Fields, Object, unknown_name};
use crate::program::Builder;
use crate::{Activation, Error, Problem};

/// One layer of a [`Network`](crate::Network), with its weights in f32.
///
/// All weights are row-major in the order of their documentation: `W[i][o]` has the value of input i and output o at
/// `i * outputs + o`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Layer {
    /// y = xW + b, then an activation.
    Dense(Dense),
    /// Causal convolution over time.
    Conv1d(Conv1d),
    /// Convolution over time (causal) and features.
    Conv2d(Conv2d),
    /// Long short-term memory.
    Lstm(Lstm),
    /// Gated recurrent unit, reset after.
    Gru(Gru),
    /// Rectifier with a learned slope for negative values.
    Prelu(Prelu),
    /// Normalisation by stored mean and variance.
    BatchNorm(BatchNorm),
    /// An activation function as a layer of its own.
    Activation(ActivationLayer),
}

/// What every kind of layer can do; `Layer` only passes calls on.
pub(crate) trait LayerKind {
    /// The name in the file.
    fn kind(&self) -> &'static str;
    fn inputs(&self) -> usize;
    fn outputs(&self) -> usize;
    fn parameters(&self) -> usize;
    /// Values kept from call to call, and values in scratch memory.
    fn state_values(&self) -> usize;
    /// Field and problem of what does not fit together.
    fn check(&self) -> Result<(), (String, Problem)>;
    /// Adds this layer's keys (other than type) to its entry.
    fn write(&self, entry: &mut Object);
    /// Appends this layer's steps.
    fn build(&self, builder: &mut Builder) -> Result<(), Problem>;
}

macro_rules! each_kind {
    ($layer:expr, $inner:ident => $value:expr) => {
        match $layer {
            Layer::Dense($inner) => $value,
            Layer::Conv1d($inner) => $value,
            Layer::Conv2d($inner) => $value,
            Layer::Lstm($inner) => $value,
            Layer::Gru($inner) => $value,
            Layer::Prelu($inner) => $value,
            Layer::BatchNorm($inner) => $value,
            Layer::Activation($inner) => $value,
        }
    };
}

impl Layer {
    /// The layer's type as model files spell it, for example "lstm".
    pub fn kind(&self) -> &'static str {
        each_kind!(self, layer => layer.kind())
    }

    /// Values that one call takes.
    pub fn inputs(&self) -> usize {
        each_kind!(self, layer => layer.inputs())
    }

    /// Values that one call gives.
    pub fn outputs(&self) -> usize {
        each_kind!(self, layer => layer.outputs())
    }

    /// Weights and biases in the file, running mean and variance included.
    pub fn parameters(&self) -> usize {
        each_kind!(self, layer => layer.parameters())
    }

    pub(crate) fn state_values(&self) -> usize {
        each_kind!(self, layer => layer.state_values())
    }

    pub(crate) fn check(&self) -> Result<(), (String, Problem)> {
        each_kind!(self, layer => layer.check())
    }

    pub(crate) fn write(&self, entry: &mut Object) {
        each_kind!(self, layer => layer.write(entry))
    }

    pub(crate) fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        each_kind!(self, layer => layer.build(builder))
    }

    /// The types that model files may name.
    pub const KINDS: [&'static str; 10] = [
        "dense",
        "time-distributed-dense",
        "conv1d",
        "conv2d",
        "lstm",
        "gru",
        "prelu",
        "batchnorm",
        "batchnorm2d",
        "activation",
    ];

    /// Reads an entry of `layers` whose type is known; `inputs` is the output size of the layer before it.
    pub(crate) fn read(kind: &str, fields: &Fields, inputs: usize) -> Result<Layer, Error> {
        Ok(match kind {
            "dense" | "time-distributed-dense" => Layer::Dense(Dense::read(fields, inputs, kind != "dense")?),
            "conv1d" => Layer::Conv1d(Conv1d::read(fields, inputs)?),
            "conv2d" => Layer::Conv2d(Conv2d::read(fields, inputs)?),
            "lstm" => Layer::Lstm(Lstm::read(fields, inputs)?),
            "gru" => Layer::Gru(Gru::read(fields, inputs)?),
            "prelu" => Layer::Prelu(Prelu::read(fields, inputs)?),
            "batchnorm" => Layer::BatchNorm(BatchNorm::read(fields, inputs)?),
            "batchnorm2d" => Layer::BatchNorm(BatchNorm::read_2d(fields, inputs)?),
            "activation" => Layer::Activation(ActivationLayer::read(fields, inputs)?),
            _ => return Err(fields.error("type", unknown_name(&Layer::KINDS, kind))),
        })
    }
}

/// The `activation` of a layer that applies it.
fn read_activation(fields: &Fields) -> Result<Option<Activation>, Error> {
    let name = fields.text("activation")?.unwrap_or_default();
    Activation::named(&name).map_err(|problem| fields.error("activation", problem))
}

/// Refuses an `activation` that the layer would not apply.
fn no_activation(fields: &Fields) -> Result<(), Error> {
    match fields.text("activation")?.as_deref() {
        None | Some("") => Ok(()),
        Some(name) => Err(fields.error(
            "activation",
            Problem::unexpected("none, for this layer does not apply one", crate::json::quoted(name)),
        )),
    }
}

/// The arrays of `weights`; there must be as many as one of `counts`.
fn read_weights<'a>(
    fields: &Fields<'a>,
    counts: &[usize],
    names: &str,
) -> Result<Vec<crate::json::Cursor<'a>>, Error> {
    let elements = fields.elements("weights", names)?;
    if counts.contains(&elements.len()) {
        return Ok(elements);
    }
    let counts = counts.iter().map(usize::to_string).collect::<Vec<_>>().join(" or ");
    let found = format!("{} arrays", elements.len());
    Err(fields.error("weights", Problem::unexpected(format!("{counts} arrays, {names}"), found)))
}

/// Reads `weights[index]`, which must have the given sizes.
fn read_tensor<'a>(
    fields: &Fields<'a>,
    weights: &[crate::json::Cursor<'a>],
    index: usize,
    sizes: &[usize],
) -> Result<Vec<f32>, Error> {
    let product = sizes.iter().fold(1, |product: usize, &size| product.saturating_mul(size));
    let maximum = fields.limits().parameters;
    if product > maximum {
        return Err(fields.error("weights", Problem::Limit { what: "parameters", maximum, found: product }));
    }
    let mut sizes: Vec<_> = sizes.iter().copied().map(Some).collect();
    fields.tensor(&format!("weights[{index}]"), &mut weights[index].clone(), &mut sizes)
}

/// Checks number and finiteness of values.
fn check_values(field: &str, values: &[f32], sizes: &[usize]) -> Result<(), (String, Problem)> {
    let product = sizes.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    if product != Some(values.len()) {
        let sizes = sizes.iter().map(|size| format!("[{size}]")).collect::<String>();
        let found = format!("{} values", values.len());
        return Err((field.to_owned(), Problem::unexpected(format!("values of shape {sizes}"), found)));
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => {
            let problem = Problem::unexpected("finite values", values[index]);
            Err((format!("{field}, value {index}"), problem))
        }
    }
}

/// Checks that a size is not 0.
fn check_size(field: &str, size: usize) -> Result<(), (String, Problem)> {
    match size {
        0 => Err((field.to_owned(), Problem::unexpected("at least 1", 0))),
        _ => Ok(()),
    }
}
