//! From a network to an ONNX file.

use prost::Message;

use super::proto::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, Dimension, FLOAT, Graph, INT64, Model, Node, OperatorSet,
    Shape, Size, StringPair, Tensor, TensorType, Type, ValueInfo,
};
use super::{ACTIVATIONS, IR_VERSION, LAYERS_KEY, OPERATOR_SET, Options, OutputMap, StateNames};
use super::{gates, repeated_name, word};
use crate::json::quoted;
use crate::{Activation, BatchNorm, Dense, Error, Gru, Layer, Lstm, Network, Problem};

pub(super) fn write(network: &Network, options: &Options) -> Result<Vec<u8>, Error> {
    options.check(network.outputs())?;
    let mut writer = Writer {
        graph: Graph {
            name: "network".to_owned(),
            input: vec![value_info(&options.input, network.inputs())],
            output: vec![value_info(&options.output, network.outputs())],
            ..Graph::default()
        },
        current: options.input.clone(),
        scope: String::new(),
        states: StateNames::default(),
    };
    for (index, layer) in network.layers().iter().enumerate() {
        writer.scope = format!("layers.{index}");
        writer.layer(layer).map_err(|problem| problem.in_layer(index, layer.kind(), ""))?;
    }
    writer.scope = "map".to_owned();
    writer.output_map(options);
    if let Some(name) = repeated_name(&writer.graph) {
        // The names made here differ among themselves.
        let field = if name == options.output { "output" } else { "input" };
        return Err(
            Problem::unexpected("a name that the graph uses for nothing else", quoted(name)).at(field)
        );
    }

    let words: Vec<_> = network.layers().iter().map(word).collect();
    let metadata = options.metadata.iter().map(|(key, value)| pair(key, value));
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "rtneural".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: options.doc.clone(),
        graph: Some(writer.graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPERATOR_SET }],
        metadata_props: [pair(LAYERS_KEY, &words.join(" "))].into_iter().chain(metadata).collect(),
    };
    Ok(model.encode_to_vec())
}

/// A graph as far as it is made.
struct Writer {
    graph: Graph,
    /// The value that the next layer takes.
    current: String,
    /// What names begin with.
    scope: String,
    states: StateNames,
}

impl Writer {
    fn layer(&mut self, layer: &Layer) -> Result<(), Problem> {
        match layer {
            Layer::Dense(dense) => self.dense(dense),
            Layer::Lstm(lstm) => self.lstm(lstm),
            Layer::Gru(gru) => self.gru(gru),
            Layer::Prelu(prelu) => {
                let slope = self.floats("slope", &[prelu.slopes.len()], &prelu.slopes);
                self.step("PRelu", &[slope], Vec::new());
            }
            Layer::BatchNorm(norm) => self.batch_norm(norm),
            Layer::Activation(layer) => self.activation(layer.activation),
            Layer::Conv1d(_) | Layer::Conv2d(_) => {
                let expected = "a layer that is written as ONNX (any but conv1d and conv2d)";
                return Err(Problem::unexpected(expected, layer.kind()));
            }
        }
        Ok(())
    }

    fn dense(&mut self, dense: &Dense) {
        let kernel = self.floats("W", &[dense.inputs, dense.outputs], &dense.kernel);
        self.step("MatMul", &[kernel], Vec::new());
        if let Some(bias) = &dense.bias {
            let bias = self.floats("b", &[dense.outputs], bias);
            self.step("Add", &[bias], Vec::new());
        }
        if let Some(activation) = dense.activation {
            self.activation(activation);
        }
    }

    fn activation(&mut self, activation: Activation) {
        let attributes = match activation {
            Activation::Softmax => vec![integer("axis", -1)],
            Activation::Elu => vec![float("alpha", 1.0)],
            _ => Vec::new(),
        };
        let op = ACTIVATIONS.into_iter().find(|(_, known)| *known == activation);
        let (op, _) = op.expect("every activation has an operator");
        self.step(op, &[], attributes);
    }

    fn lstm(&mut self, lstm: &Lstm) {
        let (inputs, units) = (lstm.inputs, lstm.outputs);
        let name = self.states.lstm();
        let x = self.unsqueezed("x", self.current.clone());
        let h = self.state_in(&format!("{name}_h"), units);
        let c = self.state_in(&format!("{name}_c"), units);
        let kernel = gates::to_onnx(&lstm.kernel, inputs, &gates::LSTM);
        let recurrent = gates::to_onnx(&lstm.recurrent, units, &gates::LSTM);
        // ONNX adds a second bias, which belongs to the state.
        let mut bias = gates::to_onnx(&lstm.bias, 1, &gates::LSTM);
        bias.resize(8 * units, 0.0);
        let kernel = self.floats("W", &[1, 4 * units, inputs], &kernel);
        let recurrent = self.floats("R", &[1, 4 * units, units], &recurrent);
        let bias = self.floats("B", &[1, 8 * units], &bias);
        let inputs = [x, kernel, recurrent, bias, String::new(), h, c];
        let (h, c) = (format!("{}.h", self.scope), format!("{}.c", self.scope));
        let outputs = [String::new(), h.clone(), c.clone()];
        self.node("LSTM", &inputs, &outputs, vec![integer("hidden_size", units as i64)]);
        self.current = self.state_out(&format!("{name}_h"), h, units);
        self.state_out(&format!("{name}_c"), c, units);
    }

    fn gru(&mut self, gru: &Gru) {
        let (inputs, units) = (gru.inputs, gru.outputs);
        let name = self.states.gru();
        let x = self.unsqueezed("x", self.current.clone());
        let h = self.state_in(&format!("{name}_h"), units);
        let kernel = gates::to_onnx(&gru.kernel, inputs, &gates::GRU);
        let recurrent = gates::to_onnx(&gru.recurrent, units, &gates::GRU);
        let kernel = self.floats("W", &[1, 3 * units, inputs], &kernel);
        let recurrent = self.floats("R", &[1, 3 * units, units], &recurrent);
        let bias = self.floats("B", &[1, 6 * units], &gru.bias);
        let inputs = [x, kernel, recurrent, bias, String::new(), h];
        let h = format!("{}.h", self.scope);
        let attributes = vec![integer("hidden_size", units as i64), integer("linear_before_reset", 1)];
        self.node("GRU", &inputs, &[String::new(), h.clone()], attributes);
        self.current = self.state_out(&format!("{name}_h"), h, units);
    }

    fn batch_norm(&mut self, norm: &BatchNorm) {
        let filters = norm.filters;
        // ONNX has no form without gamma and beta.
        let plain = || (vec![1.0; filters], vec![0.0; filters]);
        let (gamma, beta) = norm.affine.clone().unwrap_or_else(plain);
        let arrays = [("gamma", &gamma), ("beta", &beta), ("mean", &norm.mean), ("variance", &norm.variance)];
        let arrays = arrays.map(|(name, values)| self.floats(name, &[filters], values));
        if norm.features.is_some() {
            // The batch grows by the features, so that the filters are the channels.
            self.reshape("Reshape_in", filters);
        }
        self.step("BatchNormalization", &arrays, vec![float("epsilon", norm.epsilon)]);
        if let Some(features) = norm.features {
            self.reshape("Reshape_out", filters * features);
        }
    }

    /// The end of the graph: from the last layer's outputs to the graph's output.
    fn output_map(&mut self, options: &Options) {
        let (source, outputs) = ([self.current.clone()], [options.output.clone()]);
        if options.output_map.is_empty() {
            return self.node("Identity", &source, &outputs, Vec::new());
        }
        let sizes: Vec<_> = options.output_map.iter().map(|segment| segment.outputs as i64).collect();
        let sizes = self.integers("map.sizes".to_owned(), &sizes);
        let mut parts: Vec<_> = (0..options.output_map.len()).map(|index| format!("map.{index}")).collect();
        let [source] = source;
        self.node("Split", &[source, sizes], &parts, vec![integer("axis", -1)]);
        for (part, segment) in parts.iter_mut().zip(&options.output_map) {
            self.scope.clone_from(part);
            self.current.clone_from(part);
            match segment.map {
                OutputMap::Identity => {}
                OutputMap::ScaledSigmoid { low, high } => {
                    let [low, high] =
                        [("low", low), ("high", high)].map(|(name, value)| self.floats(name, &[], &[value]));
                    self.step("Sigmoid", &[], Vec::new());
                    // In the graph, so that `high` can be read back as it was.
                    let range = format!("{}.range", self.scope);
                    self.node("Sub", &[high, low.clone()], std::slice::from_ref(&range), Vec::new());
                    self.step("Mul", &[range], Vec::new());
                    self.step("Add", &[low], Vec::new());
                }
                OutputMap::ClampedSoftplus { offset, scale, low, high } => {
                    let numbers = [("offset", offset), ("scale", scale), ("low", low), ("high", high)];
                    let [offset, scale, low, high] =
                        numbers.map(|(name, value)| self.floats(name, &[], &[value]));
                    self.step("Softplus", &[], Vec::new());
                    self.step("Mul", &[scale], Vec::new());
                    self.step("Add", &[offset], Vec::new());
                    self.step("Clip", &[low, high], Vec::new());
                }
            }
            part.clone_from(&self.current);
        }
        self.node("Concat", &parts, &outputs, vec![integer("axis", -1)]);
    }

    /// A node from the current value and `others` to a new current value.
    fn step(&mut self, op: &str, others: &[String], attributes: Vec<Attribute>) {
        let result = format!("{}.{op}", self.scope);
        self.step_to(result, op, others, attributes);
    }

    fn step_to(&mut self, result: String, op: &str, others: &[String], attributes: Vec<Attribute>) {
        let source = std::mem::replace(&mut self.current, result.clone());
        let inputs: Vec<_> = std::iter::once(source).chain(others.iter().cloned()).collect();
        self.node(op, &inputs, &[result], attributes);
    }

    fn reshape(&mut self, label: &str, columns: usize) {
        let result = format!("{}.{label}", self.scope);
        let shape = self.integers(format!("{result}.shape"), &[-1, columns as i64]);
        self.step_to(result, "Reshape", &[shape], Vec::new());
    }

    /// A new input of the graph, with an axis for the direction that recurrent operators ask for.
    fn state_in(&mut self, name: &str, units: usize) -> String {
        let input = format!("{name}_in");
        self.graph.input.push(value_info(&input, units));
        self.unsqueezed(name, input)
    }

    fn unsqueezed(&mut self, label: &str, source: String) -> String {
        let result = format!("{}.{label}.Unsqueeze", self.scope);
        let axes = self.first_axis();
        self.node("Unsqueeze", &[source, axes], std::slice::from_ref(&result), Vec::new());
        result
    }

    /// A new output of the graph.
    fn state_out(&mut self, name: &str, source: String, units: usize) -> String {
        let output = format!("{name}_out");
        self.graph.output.push(value_info(&output, units));
        let axes = self.first_axis();
        self.node("Squeeze", &[source, axes], std::slice::from_ref(&output), Vec::new());
        output
    }

    /// The axes of all Squeeze and Unsqueeze nodes.
    fn first_axis(&mut self) -> String {
        let name = "first_axis".to_owned();
        if self.graph.initializer.iter().all(|tensor| tensor.name != name) {
            self.integers(name.clone(), &[0]);
        }
        name
    }

    fn node(&mut self, op: &str, inputs: &[String], outputs: &[String], attribute: Vec<Attribute>) {
        self.graph.node.push(Node {
            input: inputs.to_vec(),
            output: outputs.to_vec(),
            // Runtimes report nodes by name.
            name: format!("{}.{op}.{}", self.scope, self.graph.node.len()),
            op_type: op.to_owned(),
            attribute,
            domain: String::new(),
        });
    }

    fn floats(&mut self, name: &str, sizes: &[usize], values: &[f32]) -> String {
        let name = format!("{}.{name}", self.scope);
        self.graph.initializer.push(Tensor {
            dims: sizes.iter().map(|&size| size as i64).collect(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Tensor::default()
        });
        name
    }

    fn integers(&mut self, name: String, values: &[i64]) -> String {
        self.graph.initializer.push(Tensor {
            dims: vec![values.len() as i64],
            data_type: INT64,
            name: name.clone(),
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Tensor::default()
        });
        name
    }
}

fn value_info(name: &str, size: usize) -> ValueInfo {
    let sizes = [Size::Symbol("batch".to_owned()), Size::Value(size as i64)];
    let shape = Shape { dim: sizes.into_iter().map(|size| Dimension { size: Some(size) }).collect() };
    let tensor = TensorType { elem_type: FLOAT, shape: Some(shape) };
    ValueInfo { name: name.to_owned(), kind: Some(Type { tensor_type: Some(tensor) }) }
}

fn integer(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: Some(value), kind: ATTRIBUTE_INT, ..Attribute::default() }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: Some(value), kind: ATTRIBUTE_FLOAT, ..Attribute::default() }
}

fn pair(key: &str, value: &str) -> StringPair {
    StringPair { key: key.to_owned(), value: value.to_owned() }
}
