//! From an ONNX file to the network that was written to it.
//!
//! The nodes are taken in their order; each must work on the value that the one before gave. What a layer's nodes must
//! be stands here in the order in which the writer makes them.

use std::collections::HashMap;

use prost::Message;

use super::proto::{EXTERNAL, FLOAT, Graph, INT64, Model, Node, Size, Tensor, ValueInfo};
use super::scan::scan;
use super::{ACTIVATIONS, IR_VERSION, LAYERS_KEY, OPERATOR_SET, Options, OutputMap, Segment, StateNames};
use super::{gates, repeated_name, word};
use crate::json::{quoted, shortened, unknown_name};
use crate::{Activation, ActivationLayer, BatchNorm, Dense, Error, Gru, Layer, Limits, Lstm, Network};
use crate::{Prelu, Problem};

/// The operators that layers begin with.
const FIRST: [&str; 10] = [
    "MatMul",
    "Unsqueeze",
    "PRelu",
    "BatchNormalization",
    "Reshape",
    "Tanh",
    "Relu",
    "Sigmoid",
    "Softmax",
    "Elu",
];

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<(Network, Options), Error> {
    if bytes.len() > limits.file_bytes {
        let problem = Problem::Limit { what: "bytes", maximum: limits.file_bytes, found: bytes.len() };
        return Err(problem.at(""));
    }
    scan(bytes)?;
    let model = Model::decode(bytes).map_err(|error| Problem::unexpected("an ONNX model", error).at(""))?;
    versions(&model)?;
    let Some(graph) = &model.graph else {
        return Err(Problem::Missing { expected: "a graph".to_owned() }.at("graph"));
    };
    if let Some(name) = repeated_name(graph) {
        return Err(Problem::unexpected("every name for one value", quoted(name)).at("graph"));
    }
    let words = model.metadata_props.iter().find(|entry| entry.key == LAYERS_KEY);
    // One more than there may be layers is enough to be refused.
    let most = limits.layers.saturating_add(1);
    let words: Option<Vec<_>> = words.map(|entry| entry.value.split(' ').take(most).collect());

    let mut reader = Reader::new(graph, limits)?;
    let (input, inputs) = (reader.current.to_owned(), reader.size);
    let mut layers = Vec::new();
    while !matches!(reader.op(0), None | Some("Identity" | "Split")) {
        if layers.len() == limits.layers {
            let problem = Problem::Limit { what: "layers", maximum: limits.layers, found: layers.len() + 1 };
            return Err(problem.at("graph.node"));
        }
        let word = words.as_ref().map(|words| words.get(layers.len()).copied().unwrap_or_default());
        layers.push(reader.layer(word)?);
    }
    let output_map = reader.output_map()?;
    let output = reader.finish()?;
    if let Some(words) = words {
        check_words(&words, &layers)?;
    }

    let network = Network::with_limits(inputs, layers, limits)?;
    let notes = model.metadata_props.iter().filter(|entry| entry.key != LAYERS_KEY);
    let metadata = notes.map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    let options = Options { input, output, output_map, doc: model.doc_string.clone(), metadata };
    options.check(network.outputs())?;
    Ok((network, options))
}

fn versions(model: &Model) -> Result<(), Error> {
    if model.ir_version != IR_VERSION {
        return Err(Problem::unexpected(IR_VERSION.to_string(), model.ir_version).at("ir_version"));
    }
    let [set] = model.opset_import.as_slice() else {
        let found = format!("{} operator sets", model.opset_import.len());
        return Err(Problem::unexpected("one operator set", found).at("opset_import"));
    };
    if !is_onnx(&set.domain) || set.version != OPERATOR_SET {
        let found = format!("version {} of {}", set.version, quoted(&set.domain));
        return Err(Problem::unexpected(format!("version {OPERATOR_SET} of \"\""), found).at("opset_import"));
    }
    Ok(())
}

/// Whether a domain is that of ONNX's own operators.
fn is_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// Refuses words that do not belong to the layers found.
fn check_words(words: &[&str], layers: &[Layer]) -> Result<(), Error> {
    let refuse = |index: usize, problem: Problem| problem.at(format!("{LAYERS_KEY}, word {index}"));
    for (index, layer) in layers.iter().enumerate() {
        let expected = word(layer);
        match words.get(index) {
            Some(&found) if found == expected => {}
            Some(found) => {
                let expected = format!("{expected:?} for the nodes of the graph");
                return Err(refuse(index, Problem::unexpected(expected, quoted(found))));
            }
            None => return Err(refuse(index, Problem::unexpected(format!("{expected:?}"), "the end"))),
        }
    }
    match words.get(layers.len()) {
        None => Ok(()),
        Some(found) => {
            let expected = "the end, for the graph has no more nodes of layers";
            Err(refuse(layers.len(), Problem::unexpected(expected, quoted(found))))
        }
    }
}

/// A node and its number.
#[derive(Clone, Copy)]
struct Place<'a> {
    index: usize,
    node: &'a Node,
}

impl<'a> Place<'a> {
    fn error(self, field: impl Into<String>, problem: Problem) -> Error {
        problem.in_node(self.index, shortened(&self.node.op_type), shortened(&self.node.name), field)
    }

    /// Refuses a node that takes something else than `value` as its input `index`.
    fn takes(self, index: usize, value: &str) -> Result<(), Error> {
        let found = &self.node.input[index];
        if found == value {
            return Ok(());
        }
        let problem = Problem::unexpected(quoted(value), quoted(found));
        Err(self.error(format!("input[{index}]"), problem))
    }

    /// The name of the result `index`, which must have one.
    fn gives(self, index: usize) -> Result<&'a str, Error> {
        match self.node.output[index].as_str() {
            "" => Err(self.error(format!("output[{index}]"), Problem::unexpected("a name", "none"))),
            name => Ok(name),
        }
    }

    /// Refuses attributes other than these, and those that come twice.
    fn knows(self, names: &[&str]) -> Result<(), Error> {
        for (index, attribute) in self.node.attribute.iter().enumerate() {
            let field = || format!("attribute[{index}]");
            if !names.contains(&attribute.name.as_str()) {
                let problem = match names {
                    [] => Problem::unexpected("none", quoted(&attribute.name)),
                    names => unknown_name(names, &attribute.name),
                };
                return Err(self.error(field(), problem));
            }
            if self.node.attribute[..index].iter().any(|before| before.name == attribute.name) {
                let problem = Problem::unexpected("every attribute once", quoted(&attribute.name));
                return Err(self.error(field(), problem));
            }
        }
        Ok(())
    }

    /// An integer attribute, where it is there.
    fn integer(self, name: &str) -> Result<Option<i64>, Error> {
        match self.node.attribute.iter().find(|attribute| attribute.name == name) {
            None => Ok(None),
            Some(attribute) if attribute.i.is_some() => Ok(attribute.i),
            Some(_) => Err(self.error(name, Problem::unexpected("an integer", "something else"))),
        }
    }

    /// A floating point attribute, where it is there.
    fn float(self, name: &str) -> Result<Option<f32>, Error> {
        match self.node.attribute.iter().find(|attribute| attribute.name == name) {
            None => Ok(None),
            Some(attribute) if attribute.f.is_some() => Ok(attribute.f),
            Some(_) => Err(self.error(name, Problem::unexpected("a float", "something else"))),
        }
    }

    /// Refuses an integer attribute with another value; `default` is the operator's.
    fn integer_is(self, name: &str, default: Option<i64>, value: i64) -> Result<(), Error> {
        match self.integer(name)?.or(default) {
            Some(found) if found == value => Ok(()),
            Some(found) => Err(self.error(name, Problem::unexpected(value.to_string(), found))),
            None => Err(self.error(name, Problem::Missing { expected: value.to_string() })),
        }
    }
}

/// A graph whose nodes before `at` are read.
struct Reader<'a> {
    graph: &'a Graph,
    limits: &'a Limits,
    initializers: HashMap<&'a str, &'a Tensor>,
    /// Size of the graph's first input.
    inputs: usize,
    at: usize,
    /// The value that the next layer must take, and its size.
    current: &'a str,
    size: usize,
    /// Weights read so far.
    parameters: usize,
    names: StateNames,
    /// Inputs and outputs of the graph for the state, and their sizes.
    states_in: Vec<(String, usize)>,
    states_out: Vec<(String, usize)>,
}

impl<'a> Reader<'a> {
    fn new(graph: &'a Graph, limits: &'a Limits) -> Result<Self, Error> {
        let Some(input) = graph.input.first() else {
            return Err(Problem::unexpected("an input", "none").at("graph.input"));
        };
        let size = columns(input).map_err(|problem| problem.at("graph.input[0]"))?;
        let size = usize::try_from(size).unwrap_or(0);
        if size == 0 || size > limits.layer_size {
            let expected = format!("[batch, n] with n of 1 ... {}", limits.layer_size);
            return Err(Problem::unexpected(expected, format!("n = {size}")).at("graph.input[0]"));
        }
        let named = |tensor: &'a Tensor| (tensor.name.as_str(), tensor);
        Ok(Reader {
            graph,
            limits,
            initializers: graph.initializer.iter().map(named).collect(),
            inputs: size,
            at: 0,
            current: &input.name,
            size,
            parameters: 0,
            names: StateNames::default(),
            states_in: Vec::new(),
            states_out: Vec::new(),
        })
    }

    /// The type of a node ahead, 0 for the next.
    fn op(&self, ahead: usize) -> Option<&'a str> {
        self.graph.node.get(self.at + ahead).map(|node| node.op_type.as_str())
    }

    /// The next node, which must be of this type, with so many inputs and outputs and no unknown attributes.
    fn next(
        &mut self,
        op: &str,
        inputs: usize,
        outputs: usize,
        attributes: &[&str],
    ) -> Result<Place<'a>, Error> {
        let index = self.at;
        let Some(node) = self.graph.node.get(index) else {
            let problem = Problem::unexpected(format!("{op} as node[{index}]"), "the end of the graph");
            return Err(problem.at("graph.node"));
        };
        let place = Place { index, node };
        if node.op_type != op {
            let problem = Problem::unexpected(format!("{op:?}"), quoted(&node.op_type));
            return Err(place.error("op_type", problem));
        }
        if !is_onnx(&node.domain) {
            return Err(place.error("domain", Problem::unexpected("\"\"", quoted(&node.domain))));
        }
        for (field, expected, found) in
            [("input", inputs, node.input.len()), ("output", outputs, node.output.len())]
        {
            if expected != found {
                return Err(place.error(field, Problem::unexpected(format!("{expected} names"), found)));
            }
        }
        place.knows(attributes)?;
        self.at += 1;
        Ok(place)
    }

    /// The next node, which must turn the current value into the next one.
    fn step(&mut self, op: &str, inputs: usize, attributes: &[&str]) -> Result<Place<'a>, Error> {
        let place = self.next(op, inputs, 1, attributes)?;
        place.takes(0, self.current)?;
        self.current = place.gives(0)?;
        Ok(place)
    }

    /// The initializer that a node takes as its input `index`.
    fn initializer(&self, place: Place<'a>, index: usize, data_type: i32) -> Result<&'a Tensor, Error> {
        let name = &place.node.input[index];
        let field = || format!("input[{index}]");
        let Some(&tensor) = self.initializers.get(name.as_str()) else {
            let problem = Problem::unexpected("the name of an initializer", quoted(name));
            return Err(place.error(field(), problem));
        };
        if tensor.data_location == EXTERNAL {
            let problem = Problem::unexpected("data in this file", "data in another one");
            return Err(place.error(field(), problem));
        }
        if tensor.data_type != data_type {
            let expected = format!("data type {data_type}");
            return Err(place.error(field(), Problem::unexpected(expected, tensor.data_type)));
        }
        Ok(tensor)
    }

    /// Values of an f32 initializer, and its sizes; those that are `None` may be anything within the limits.
    fn floats(
        &mut self,
        place: Place<'a>,
        index: usize,
        sizes: &[Option<usize>],
    ) -> Result<(Vec<f32>, Vec<usize>), Error> {
        let tensor = self.initializer(place, index, FLOAT)?;
        let refuse = |problem| place.error(format!("input[{index}]"), problem);
        if tensor.dims.len() != sizes.len() {
            let expected = format!("{} dimensions", sizes.len());
            return Err(refuse(Problem::unexpected(expected, tensor.dims.len())));
        }
        let mut found = Vec::with_capacity(sizes.len());
        let mut product = 1_usize;
        for (axis, (&dim, size)) in tensor.dims.iter().zip(sizes).enumerate() {
            let range = match *size {
                Some(size) => size..=size,
                None => 1..=self.limits.layer_size,
            };
            match usize::try_from(dim) {
                Ok(dim) if range.contains(&dim) => {
                    product = product.saturating_mul(dim);
                    found.push(dim);
                }
                _ => {
                    let expected = match *size {
                        Some(size) => format!("{size} on axis {axis}"),
                        None => format!("1 ... {} on axis {axis}", self.limits.layer_size),
                    };
                    return Err(refuse(Problem::unexpected(expected, dim)));
                }
            }
        }
        self.parameters = self.parameters.saturating_add(product);
        if self.parameters > self.limits.parameters {
            let (maximum, found) = (self.limits.parameters, self.parameters);
            return Err(refuse(Problem::Limit { what: "parameters", maximum, found }));
        }
        let values = if tensor.raw_data.is_empty() {
            tensor.float_data.clone()
        } else {
            let (values, rest) = tensor.raw_data.as_chunks();
            if !rest.is_empty() || !tensor.float_data.is_empty() {
                let found = format!("{} bytes and {} floats", tensor.raw_data.len(), tensor.float_data.len());
                return Err(refuse(Problem::unexpected("raw data of 4 bytes a value, or floats", found)));
            }
            values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        if values.len() != product {
            return Err(refuse(Problem::unexpected(format!("{product} values"), values.len())));
        }
        Ok((values, found))
    }

    /// A single number.
    fn scalar(&mut self, place: Place<'a>, index: usize) -> Result<f32, Error> {
        // No dimensions, so that there is one value.
        self.floats(place, index, &[]).map(|(values, _)| values[0])
    }

    /// Values of an i64 initializer with one axis of this length.
    fn integers(&self, place: Place<'a>, index: usize, length: usize) -> Result<Vec<i64>, Error> {
        let tensor = self.initializer(place, index, INT64)?;
        let (raw, rest) = tensor.raw_data.as_chunks();
        let mut values: Vec<_> = raw.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        values.extend(&tensor.int64_data);
        if tensor.dims != [length as i64] || values.len() != length || !rest.is_empty() {
            let problem = Problem::unexpected(format!("{length} integers on one axis"), "others");
            return Err(place.error(format!("input[{index}]"), problem));
        }
        Ok(values)
    }

    /// Refuses other integers than these.
    fn integers_are(&self, place: Place<'a>, index: usize, expected: &[i64]) -> Result<(), Error> {
        let found = self.integers(place, index, expected.len())?;
        if found == expected {
            return Ok(());
        }
        let problem = Problem::unexpected(format!("{expected:?}"), format!("{found:?}"));
        Err(place.error(format!("input[{index}]"), problem))
    }

    /// The next layer; `word` is what the metadata say of it, where they say anything.
    fn layer(&mut self, word: Option<&str>) -> Result<Layer, Error> {
        let op = self.op(0).unwrap_or_default();
        Ok(match op {
            "MatMul" => Layer::Dense(self.dense(word)?),
            "Unsqueeze" if self.op(2) == Some("GRU") => Layer::Gru(self.gru()?),
            "Unsqueeze" => Layer::Lstm(self.lstm()?),
            "PRelu" => Layer::Prelu(self.prelu()?),
            "BatchNormalization" | "Reshape" => Layer::BatchNorm(self.batch_norm(word)?),
            _ => match activation_named(op) {
                Some(activation) => {
                    self.activation(op)?;
                    Layer::Activation(ActivationLayer { size: self.size, activation })
                }
                None => {
                    let place = Place { index: self.at, node: &self.graph.node[self.at] };
                    return Err(place.error("op_type", unknown_name(&FIRST, op)));
                }
            },
        })
    }

    fn activation(&mut self, op: &str) -> Result<(), Error> {
        match op {
            "Softmax" => self.step(op, 1, &["axis"])?.integer_is("axis", Some(-1), -1),
            "Elu" => {
                let place = self.step(op, 1, &["alpha"])?;
                match place.float("alpha")? {
                    None | Some(1.0) => Ok(()),
                    Some(found) => Err(place.error("alpha", Problem::unexpected("1", found))),
                }
            }
            _ => self.step(op, 1, &[]).map(drop),
        }
    }

    fn dense(&mut self, word: Option<&str>) -> Result<Dense, Error> {
        let inputs = self.size;
        let place = self.step("MatMul", 2, &[])?;
        let (kernel, sizes) = self.floats(place, 1, &[Some(inputs), None])?;
        let outputs = sizes[1];
        self.size = outputs;
        let mut bias = None;
        if self.op(0) == Some("Add") {
            let place = self.step("Add", 2, &[])?;
            bias = Some(self.floats(place, 1, &[Some(outputs)])?.0);
        }
        // An activation node may belong to this layer or be the next one.
        let mut activation = None;
        if let Some(op) = self.op(0)
            && word.is_none_or(|word| word.contains(':'))
        {
            activation = activation_named(op);
            if activation.is_some() {
                self.activation(op)?;
            }
        }
        let time_distributed = word.is_some_and(|word| word.starts_with("time-distributed"));
        Ok(Dense { inputs, outputs, kernel, bias, activation, time_distributed })
    }

    fn prelu(&mut self) -> Result<Prelu, Error> {
        let place = self.step("PRelu", 2, &[])?;
        let (slopes, _) = self.floats(place, 1, &[None])?;
        // Whether there are one or as many as values, the layer's own check tells.
        Ok(Prelu { size: self.size, slopes })
    }

    fn batch_norm(&mut self, word: Option<&str>) -> Result<BatchNorm, Error> {
        let size = self.size;
        let reshape = if self.op(0) == Some("Reshape") { Some(self.step("Reshape", 2, &[])?) } else { None };
        let place = self.step("BatchNormalization", 5, &["epsilon", "momentum", "training_mode"])?;
        place.integer_is("training_mode", Some(0), 0)?;
        let (gamma, sizes) = self.floats(place, 1, &[None])?;
        let filters = sizes[0];
        let mut read = |index| self.floats(place, index, &[Some(filters)]).map(|(values, _)| values);
        let (beta, mean, variance) = (read(2)?, read(3)?, read(4)?);
        let mut features = None;
        if let Some(reshape) = reshape {
            self.integers_are(reshape, 1, &[-1, filters as i64])?;
            let place = self.step("Reshape", 2, &[])?;
            self.integers_are(place, 1, &[-1, size as i64])?;
            features = Some(size / filters);
        }
        // That filters and features make up the size, the layer's own check tells.
        let plain = word.is_some_and(|word| word.ends_with(":plain"))
            && gamma.iter().all(|value| *value == 1.0)
            && beta.iter().all(|value| value.to_bits() == 0);
        let affine = if plain { None } else { Some((gamma, beta)) };
        // The operator's own default.
        let epsilon = place.float("epsilon")?.unwrap_or(1e-5);
        Ok(BatchNorm { filters, features, affine, mean, variance, epsilon })
    }

    fn lstm(&mut self) -> Result<Lstm, Error> {
        let (name, inputs) = (self.names.lstm(), self.size);
        let x = self.unsqueezed(self.current)?;
        let h = self.unsqueezed(&format!("{name}_h_in"))?;
        let c = self.unsqueezed(&format!("{name}_c_in"))?;
        let place = self.next("LSTM", 7, 3, &["hidden_size"])?;
        let (units, kernel, recurrent, bias) = self.gates(place, x, h, &gates::LSTM)?;
        place.takes(6, c)?;
        let (from_x, from_h) = bias.split_at(4 * units);
        // Ours has one bias; adding zeros would lose the sign of a zero.
        let add = |(x, h): (&f32, &f32)| if *h == 0.0 { *x } else { x + h };
        let bias: Vec<_> = from_x.iter().zip(from_h).map(add).collect();
        let bias = gates::from_onnx(&bias, 1, &gates::LSTM);
        self.current = self.squeezed(place.gives(1)?, &format!("{name}_h"), units)?;
        self.squeezed(place.gives(2)?, &format!("{name}_c"), units)?;
        self.size = units;
        Ok(Lstm { inputs, outputs: units, kernel, recurrent, bias })
    }

    fn gru(&mut self) -> Result<Gru, Error> {
        let (name, inputs) = (self.names.gru(), self.size);
        let x = self.unsqueezed(self.current)?;
        let h = self.unsqueezed(&format!("{name}_h_in"))?;
        let place = self.next("GRU", 6, 2, &["hidden_size", "linear_before_reset"])?;
        place.integer_is("linear_before_reset", Some(0), 1)?;
        let (units, kernel, recurrent, bias) = self.gates(place, x, h, &gates::GRU)?;
        self.current = self.squeezed(place.gives(1)?, &format!("{name}_h"), units)?;
        self.size = units;
        Ok(Gru { inputs, outputs: units, kernel, recurrent, bias })
    }

    /// What LSTM and GRU have in common: units, W and U in RTNeural's order, and both biases in ONNX's.
    #[allow(clippy::type_complexity, reason = "taken apart at once by its two callers")]
    fn gates(
        &mut self,
        place: Place<'a>,
        x: &str,
        h: &str,
        order: &[usize],
    ) -> Result<(usize, Vec<f32>, Vec<f32>, Vec<f32>), Error> {
        let inputs = self.size;
        let units = match place.integer("hidden_size")?.map(usize::try_from) {
            Some(Ok(units)) if (1..=self.limits.layer_size).contains(&units) => units,
            _ => {
                let expected = format!("1 ... {}", self.limits.layer_size);
                return Err(place.error("hidden_size", Problem::unexpected(expected, "something else")));
            }
        };
        let rows = units.saturating_mul(order.len());
        let (kernel, _) = self.floats(place, 1, &[Some(1), Some(rows), Some(inputs)])?;
        let (recurrent, _) = self.floats(place, 2, &[Some(1), Some(rows), Some(units)])?;
        let (bias, _) = self.floats(place, 3, &[Some(1), Some(rows.saturating_mul(2))])?;
        place.takes(0, x)?;
        // The lengths of sequences, and what the operator gives for every step of one, are left out.
        place.takes(4, "")?;
        place.takes(5, h)?;
        if !place.node.output[0].is_empty() {
            let problem = Problem::unexpected("none", quoted(&place.node.output[0]));
            return Err(place.error("output[0]", problem));
        }
        let kernel = gates::from_onnx(&kernel, inputs, order);
        Ok((units, kernel, gates::from_onnx(&recurrent, units, order), bias))
    }

    fn unsqueezed(&mut self, value: &str) -> Result<&'a str, Error> {
        let place = self.next("Unsqueeze", 2, 1, &[])?;
        place.takes(0, value)?;
        self.integers_are(place, 1, &[0])?;
        place.gives(0)
    }

    /// The end of a recurrent layer: a value becomes the state's output.
    fn squeezed(&mut self, value: &str, state: &str, units: usize) -> Result<&'a str, Error> {
        let place = self.next("Squeeze", 2, 1, &[])?;
        place.takes(0, value)?;
        self.integers_are(place, 1, &[0])?;
        let (result, output) = (place.gives(0)?, format!("{state}_out"));
        if result != output {
            let problem = Problem::unexpected(quoted(&output), quoted(result));
            return Err(place.error("output[0]", problem));
        }
        self.states_in.push((format!("{state}_in"), units));
        self.states_out.push((output, units));
        Ok(result)
    }

    /// The end of the graph.
    fn output_map(&mut self) -> Result<Vec<Segment>, Error> {
        if self.op(0) != Some("Split") {
            self.step("Identity", 1, &[])?;
            return Ok(Vec::new());
        }
        let parts = self.graph.node[self.at].output.len();
        let split = self.next("Split", 2, parts, &["axis"])?;
        split.takes(0, self.current)?;
        split.integer_is("axis", Some(0), -1)?;
        if parts == 0 {
            return Err(split.error("output", Problem::unexpected("at least 1 name", 0)));
        }
        let sizes = self.integers(split, 1, parts)?;
        let (mut segments, mut results) = (Vec::with_capacity(parts), Vec::with_capacity(parts));
        for (index, size) in sizes.into_iter().enumerate() {
            let Ok(outputs) = usize::try_from(size) else {
                return Err(split.error("input[1]", Problem::unexpected("sizes of at least 1", size)));
            };
            self.current = split.gives(index)?;
            segments.push(Segment { outputs, map: self.map()? });
            results.push(self.current);
        }
        let concat = self.next("Concat", parts, 1, &["axis"])?;
        concat.integer_is("axis", None, -1)?;
        for (index, result) in results.into_iter().enumerate() {
            concat.takes(index, result)?;
        }
        self.current = concat.gives(0)?;
        Ok(segments)
    }

    /// The nodes of one segment; none for one that is left as it is.
    fn map(&mut self) -> Result<OutputMap, Error> {
        // The nodes of a later segment do not take this one's value.
        let next = self.graph.node.get(self.at);
        let next = next.filter(|node| node.input.first().is_some_and(|input| input == self.current));
        match next.map(|node| node.op_type.as_str()) {
            Some("Sigmoid") => {
                self.step("Sigmoid", 1, &[])?;
                let range = self.next("Sub", 2, 1, &[])?;
                let (high, low) = (self.scalar(range, 0)?, self.scalar(range, 1)?);
                self.step("Mul", 2, &[])?.takes(1, range.gives(0)?)?;
                let add = self.step("Add", 2, &[])?;
                let added = self.scalar(add, 1)?;
                if added.to_bits() != low.to_bits() {
                    let expected = format!("{low}, as in the Sub before");
                    return Err(add.error("input[1]", Problem::unexpected(expected, added)));
                }
                Ok(OutputMap::ScaledSigmoid { low, high })
            }
            Some("Softplus") => {
                self.step("Softplus", 1, &[])?;
                let mul = self.step("Mul", 2, &[])?;
                let add = self.step("Add", 2, &[])?;
                let clip = self.step("Clip", 3, &[])?;
                let (scale, offset) = (self.scalar(mul, 1)?, self.scalar(add, 1)?);
                let (low, high) = (self.scalar(clip, 1)?, self.scalar(clip, 2)?);
                Ok(OutputMap::ClampedSoftplus { offset, scale, low, high })
            }
            _ => Ok(OutputMap::Identity),
        }
    }

    /// Checks that nothing follows, and that inputs and outputs of the graph are those of its nodes; gives the name of
    /// the output.
    fn finish(self) -> Result<String, Error> {
        if let Some(node) = self.graph.node.get(self.at) {
            let place = Place { index: self.at, node };
            let problem = Problem::unexpected("the end of the graph", quoted(&node.op_type));
            return Err(place.error("op_type", problem));
        }
        let graph = self.graph;
        let input = (graph.input[0].name.clone(), self.inputs);
        let output = (self.current.to_owned(), self.size);
        interface("input", &graph.input, &[&[input], self.states_in.as_slice()].concat())?;
        interface("output", &graph.output, &[&[output], self.states_out.as_slice()].concat())?;
        Ok(self.current.to_owned())
    }
}

fn activation_named(op: &str) -> Option<Activation> {
    ACTIVATIONS.into_iter().find(|(name, _)| *name == op).map(|(_, activation)| activation)
}

/// The n of an f32 value of shape [batch, n].
fn columns(value: &ValueInfo) -> Result<i64, Problem> {
    let tensor = value.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| shape.dim.as_slice());
    match (tensor, dims) {
        (Some(tensor), Some([_, columns])) if tensor.elem_type == FLOAT => match columns.size {
            Some(Size::Value(columns)) => Ok(columns),
            _ => Err(Problem::unexpected("[batch, n] with a number n", "none")),
        },
        _ => Err(Problem::unexpected("an f32 tensor of shape [batch, n]", "something else")),
    }
}

/// Refuses inputs or outputs of the graph other than these.
fn interface(field: &str, found: &[ValueInfo], expected: &[(String, usize)]) -> Result<(), Error> {
    for (index, value) in found.iter().enumerate() {
        let at = |problem: Problem| problem.at(format!("graph.{field}[{index}]"));
        let Some((name, size)) = expected.get(index) else {
            let problem = Problem::unexpected(format!("{} of them", expected.len()), quoted(&value.name));
            return Err(at(problem));
        };
        if value.name != *name {
            return Err(at(Problem::unexpected(quoted(name), quoted(&value.name))));
        }
        let columns = columns(value).map_err(at)?;
        if usize::try_from(columns) != Ok(*size) {
            return Err(at(Problem::unexpected(
                format!("shape [batch, {size}]"),
                format!("[batch, {columns}]"),
            )));
        }
    }
    match expected.get(found.len()) {
        None => Ok(()),
        Some((name, _)) => {
            let problem = Problem::Missing { expected: quoted(name) };
            Err(problem.at(format!("graph.{field}[{}]", found.len())))
        }
    }
}
