//! PyTorch state dicts, saved as JSON: a flat object from the modules' names to nested arrays of numbers.
//!
//! A state dict does not say what its modules are, so a [`Description`] must. It is written in Rust or read from JSON:
//!
//! ```
//! let description = rtneural::torch::Description::from_json(br#"{
//!     "inputs": 2,
//!     "modules": [
//!         {"type": "linear", "prefix": "net.0.", "activation": "tanh"},
//!         {"type": "conv1d", "prefix": "conv.", "dilation": 2, "activation": "relu"},
//!         {"type": "lstm", "prefix": "lstm.", "layers": 2},
//!         {"type": "gru", "prefix": "gru."},
//!         {"type": "batchnorm1d", "prefix": "norm.", "epsilon": 1e-5},
//!         {"type": "prelu", "prefix": "act."},
//!         {"type": "activation", "activation": "softmax"}
//!     ]
//! }"#)?;
//! # assert_eq!(description.modules.len(), 7);
//! # Ok::<(), rtneural::Error>(())
//! ```

use std::path::Path;

use crate::json::{Cursor, Fields, Owner, decode, unknown_name};
use crate::network::read_file;
use crate::{
    Activation, ActivationLayer, BatchNorm, Conv1d, Dense, Error, Gru, Layer, Limits, Lstm, Network,
};
use crate::{Prelu, Problem};

/// What the modules of a state dict are, in the order in which they run.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Values that the first module takes.
    pub inputs: usize,
    /// The modules.
    pub modules: Vec<Module>,
}

/// One PyTorch module. `prefix` is what its parameters' names begin with, the dot included: "lstm." for
/// "lstm.weight_ih_l0".
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Module {
    /// `torch.nn.Linear`: `weight[o][i]` and, unless made without, `bias[o]`.
    Linear {
        /// Before the names.
        prefix: String,
        /// Applied to the result.
        activation: Option<Activation>,
    },
    /// `torch.nn.Conv1d`, causal: `weight[o][i / groups][K]`, `bias[o]`. The number of groups follows from the sizes.
    Conv1d {
        /// Before the names.
        prefix: String,
        /// Time steps between two taps.
        dilation: usize,
        /// Applied to the result.
        activation: Option<Activation>,
    },
    /// `torch.nn.LSTM`: of each layer n `weight_ih_l{n}[4h][i]`, `weight_hh_l{n}[4h][h]`, `bias_ih_l{n}` and
    /// `bias_hh_l{n}` of 4h.
    Lstm {
        /// Before the names.
        prefix: String,
        /// Layers one behind the other.
        layers: usize,
    },
    /// `torch.nn.GRU`: as LSTM, with 3h.
    Gru {
        /// Before the names.
        prefix: String,
        /// Layers one behind the other.
        layers: usize,
    },
    /// `torch.nn.BatchNorm1d`: `running_mean`, `running_var` and, if affine, `weight` and `bias`.
    BatchNorm1d {
        /// Before the names.
        prefix: String,
        /// Added to the variance.
        epsilon: f32,
    },
    /// `torch.nn.PReLU`: `weight`, one or as many as values.
    Prelu {
        /// Before the names.
        prefix: String,
    },
    /// A function without parameters.
    Activation(Activation),
}

impl Module {
    const KINDS: [&'static str; 7] =
        ["linear", "conv1d", "lstm", "gru", "batchnorm1d", "prelu", "activation"];

    fn kind(&self) -> &'static str {
        match self {
            Module::Linear { .. } => "linear",
            Module::Conv1d { .. } => "conv1d",
            Module::Lstm { .. } => "lstm",
            Module::Gru { .. } => "gru",
            Module::BatchNorm1d { .. } => "batchnorm1d",
            Module::Prelu { .. } => "prelu",
            Module::Activation(_) => "activation",
        }
    }
}

impl Description {
    /// Reads a description from JSON (see the [module's](self) example).
    ///
    /// # Errors
    /// Everything that is not exactly that form, unknown keys included.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let limits = Limits::default();
        let text = decode(bytes, &limits)?;
        let file = whole(text, &limits)?;
        known_keys(&file, &["inputs", "modules"])?;
        let inputs = file.integer("inputs", 1..limits.layer_size + 1)?;
        let mut modules = Vec::new();
        for (index, mut entry) in file.elements("modules", "an array of modules")?.into_iter().enumerate() {
            let owner = Owner::Layer { index, kind: String::new() };
            modules.push(Self::module(Fields::read(text, &mut entry, &limits, owner)?, index)?);
        }
        Ok(Description { inputs, modules })
    }

    fn module(mut fields: Fields, index: usize) -> Result<Module, Error> {
        let kind = fields.text("type")?.unwrap_or_default();
        let Some(&kind) = Module::KINDS.iter().find(|&&known| known == kind) else {
            return Err(fields.error("type", unknown_name(&Module::KINDS, &kind)));
        };
        fields.owner = Owner::Layer { index, kind: kind.to_owned() };
        let known: &[&str] = match kind {
            "linear" => &["type", "prefix", "activation"],
            "conv1d" => &["type", "prefix", "dilation", "activation"],
            "lstm" | "gru" => &["type", "prefix", "layers"],
            "batchnorm1d" => &["type", "prefix", "epsilon"],
            "prelu" => &["type", "prefix"],
            _ => &["type", "activation"],
        };
        known_keys(&fields, known)?;
        let prefix = fields.text("prefix")?.unwrap_or_default().into_owned();
        let name = fields.text("activation")?.unwrap_or_default();
        let activation = Activation::named(&name).map_err(|problem| fields.error("activation", problem))?;
        let limits = fields.limits();
        Ok(match kind {
            "linear" => Module::Linear { prefix, activation },
            "conv1d" => {
                let dilation = fields.integer_or("dilation", 1..limits.layer_size + 1, 1)?;
                Module::Conv1d { prefix, dilation, activation }
            }
            "lstm" => Module::Lstm { prefix, layers: fields.integer_or("layers", 1..limits.layers + 1, 1)? },
            "gru" => Module::Gru { prefix, layers: fields.integer_or("layers", 1..limits.layers + 1, 1)? },
            "batchnorm1d" => {
                // PyTorch's own default.
                let epsilon = if fields.has("epsilon") { fields.number("epsilon")? } else { 1e-5 };
                Module::BatchNorm1d { prefix, epsilon }
            }
            "prelu" => Module::Prelu { prefix },
            _ => match activation {
                Some(activation) => Module::Activation(activation),
                None => {
                    let problem = Problem::unexpected("the name of an activation function", "none");
                    return Err(fields.error("activation", problem));
                }
            },
        })
    }
}

impl Network {
    /// Reads a PyTorch state dict in JSON from a file.
    ///
    /// # Errors
    /// As [`Network::from_state_dict`], with the file's name.
    pub fn read_state_dict(path: impl AsRef<Path>, description: &Description) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read_file(path, &Limits::default())?;
        Self::from_state_dict(&bytes, description).map_err(|error| error.with_file(path))
    }

    /// Reads a PyTorch state dict in JSON from memory, within the default [`Limits`].
    ///
    /// # Errors
    /// Parameters that are missing, of another shape than their neighbours ask for, not finite, or described by no
    /// module (counters of batch norm, `num_batches_tracked`, excepted).
    pub fn from_state_dict(bytes: &[u8], description: &Description) -> Result<Self, Error> {
        let limits = Limits::default();
        if description.inputs == 0 {
            return Err(Problem::unexpected("at least 1", 0).at("inputs"));
        }
        let text = decode(bytes, &limits)?;
        let mut reader = Reader { fields: whole(text, &limits)?, used: Vec::new(), layers: Vec::new() };
        let mut size = description.inputs;
        for (index, module) in description.modules.iter().enumerate() {
            reader.fields.owner = Owner::Layer { index, kind: module.kind().to_owned() };
            reader.module(module, size)?;
            size = reader.layers.last().map_or(size, Layer::outputs);
        }
        reader.fields.owner = Owner::File;
        for key in reader.fields.keys() {
            if !key.ends_with("num_batches_tracked") && !reader.used.iter().any(|used| used == key) {
                let problem = Problem::unexpected("a parameter of a described module", "one of none");
                return Err(reader.fields.error(crate::json::quoted(key), problem));
            }
        }
        Network::with_limits(description.inputs, reader.layers, &limits)
    }
}

/// The outermost object of a text, with nothing behind it.
fn whole<'a>(text: &'a str, limits: &'a Limits) -> Result<Fields<'a>, Error> {
    let mut cursor = Cursor::new(text, limits);
    let fields = Fields::read(text, &mut cursor, limits, Owner::File)?;
    cursor.finish().map_err(|fault| fields.error("", fault.problem(text)))?;
    Ok(fields)
}

fn known_keys(fields: &Fields, known: &[&str]) -> Result<(), Error> {
    match fields.keys().find(|key| !known.contains(key)) {
        None => Ok(()),
        Some(key) => Err(fields.error(crate::json::quoted(key), unknown_name(known, key))),
    }
}

/// A state dict while its modules are turned into layers.
struct Reader<'a> {
    fields: Fields<'a>,
    used: Vec<String>,
    layers: Vec<Layer>,
}

impl Reader<'_> {
    /// The values of a parameter; `None` among the sizes is found out.
    fn tensor(&mut self, name: String, sizes: &mut [Option<usize>]) -> Result<Vec<f32>, Error> {
        let mut cursor = self.fields.required(&name, "an array of numbers")?;
        let values = self.fields.tensor(&name, &mut cursor, sizes)?;
        self.used.push(name);
        Ok(values)
    }

    fn optional(&mut self, name: String, size: usize) -> Result<Option<Vec<f32>>, Error> {
        if self.fields.has(&name) { self.tensor(name, &mut [Some(size)]).map(Some) } else { Ok(None) }
    }

    fn module(&mut self, module: &Module, inputs: usize) -> Result<(), Error> {
        match module {
            Module::Linear { prefix, activation } => {
                let mut sizes = [None, Some(inputs)];
                let weight = self.tensor(format!("{prefix}weight"), &mut sizes)?;
                let outputs = weight.len() / inputs;
                let bias = self.optional(format!("{prefix}bias"), outputs)?;
                let kernel = transposed(&weight, outputs, inputs);
                let activation = *activation;
                let dense = Dense { inputs, outputs, kernel, bias, activation, time_distributed: false };
                self.layers.push(Layer::Dense(dense));
            }
            Module::Conv1d { prefix, dilation, activation } => {
                self.conv1d(prefix, *dilation, *activation, inputs)?;
            }
            Module::Lstm { prefix, layers } => {
                let mut inputs = inputs;
                for layer in 0..*layers {
                    let (outputs, kernel, recurrent, [from_x, from_h]) =
                        self.recurrent::<4>(prefix, layer, inputs)?;
                    let bias = from_x.iter().zip(&from_h).map(|(x, h)| x + h).collect();
                    self.layers.push(Layer::Lstm(Lstm { inputs, outputs, kernel, recurrent, bias }));
                    inputs = outputs;
                }
            }
            Module::Gru { prefix, layers } => {
                let mut inputs = inputs;
                for layer in 0..*layers {
                    let (outputs, mut kernel, mut recurrent, biases) =
                        self.recurrent::<3>(prefix, layer, inputs)?;
                    let mut bias = biases.concat();
                    // r, z, n -> z, r, n in every row.
                    for row in [&mut kernel, &mut recurrent, &mut bias]
                        .into_iter()
                        .flat_map(|values| values.chunks_mut(3 * outputs))
                    {
                        let (r, rest) = row.split_at_mut(outputs);
                        r.swap_with_slice(&mut rest[..outputs]);
                    }
                    self.layers.push(Layer::Gru(Gru { inputs, outputs, kernel, recurrent, bias }));
                    inputs = outputs;
                }
            }
            Module::BatchNorm1d { prefix, epsilon } => {
                let mut read = |name: &str| self.tensor(format!("{prefix}{name}"), &mut [Some(inputs)]);
                let (mean, variance) = (read("running_mean")?, read("running_var")?);
                let gamma = self.optional(format!("{prefix}weight"), inputs)?;
                let affine = match gamma {
                    Some(gamma) => Some((gamma, self.tensor(format!("{prefix}bias"), &mut [Some(inputs)])?)),
                    None => None,
                };
                let norm =
                    BatchNorm { filters: inputs, features: None, affine, mean, variance, epsilon: *epsilon };
                self.layers.push(Layer::BatchNorm(norm));
            }
            Module::Prelu { prefix } => {
                let name = format!("{prefix}weight");
                let slopes = self.tensor(name.clone(), &mut [None])?;
                if slopes.len() != 1 && slopes.len() != inputs {
                    let problem = Problem::unexpected(format!("{inputs} slopes or 1"), slopes.len());
                    return Err(self.fields.error(name, problem));
                }
                self.layers.push(Layer::Prelu(Prelu { size: inputs, slopes }));
            }
            Module::Activation(activation) => {
                let layer = ActivationLayer { size: inputs, activation: *activation };
                self.layers.push(Layer::Activation(layer));
            }
        }
        Ok(())
    }

    fn conv1d(
        &mut self,
        prefix: &str,
        dilation: usize,
        activation: Option<Activation>,
        inputs: usize,
    ) -> Result<(), Error> {
        let name = format!("{prefix}weight");
        let mut sizes = [None, None, None];
        let weight = self.tensor(name.clone(), &mut sizes)?;
        let [outputs, group_inputs, kernel_size] = sizes.map(|size| size.unwrap_or(0));
        if group_inputs == 0 || !inputs.is_multiple_of(group_inputs) {
            let expected = format!("a divisor of the {inputs} inputs on the second level");
            return Err(self.fields.error(name, Problem::unexpected(expected, group_inputs)));
        }
        let bias = self.optional(format!("{prefix}bias"), outputs)?.unwrap_or_else(|| vec![0.0; outputs]);
        let mut kernel = Vec::with_capacity(weight.len());
        for tap in 0..kernel_size {
            for channel in 0..group_inputs {
                for output in 0..outputs {
                    // In both formats the last tap meets the newest sample (RTNeural keeps kernels the other way
                    // round in memory and so reverses both when it reads them).
                    kernel.push(weight[(output * group_inputs + channel) * kernel_size + tap]);
                }
            }
        }
        let groups = inputs / group_inputs;
        let layer = Conv1d { inputs, outputs, kernel_size, dilation, groups, kernel, bias, activation };
        self.layers.push(Layer::Conv1d(layer));
        Ok(())
    }

    /// Units, W, U and both biases of one layer with `GATES` gates.
    #[allow(clippy::type_complexity, reason = "taken apart at once by its two callers")]
    fn recurrent<const GATES: usize>(
        &mut self,
        prefix: &str,
        layer: usize,
        inputs: usize,
    ) -> Result<(usize, Vec<f32>, Vec<f32>, [Vec<f32>; 2]), Error> {
        let name = format!("{prefix}weight_ih_l{layer}");
        let kernel = self.tensor(name.clone(), &mut [None, Some(inputs)])?;
        let rows = kernel.len() / inputs;
        if !rows.is_multiple_of(GATES) {
            let problem = Problem::unexpected(format!("a multiple of {GATES} rows"), rows);
            return Err(self.fields.error(name, problem));
        }
        let units = rows / GATES;
        let sizes = &mut [Some(rows), Some(units)];
        let recurrent = self.tensor(format!("{prefix}weight_hh_l{layer}"), sizes)?;
        let mut bias = |name: &str| {
            let bias = self.optional(format!("{prefix}{name}_l{layer}"), rows)?;
            Ok(bias.unwrap_or_else(|| vec![0.0; rows]))
        };
        let biases = [bias("bias_ih")?, bias("bias_hh")?];
        Ok((units, transposed(&kernel, rows, inputs), transposed(&recurrent, rows, units), biases))
    }
}

/// `[rows][columns]` -> `[columns][rows]`.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}
