//! What the reader refuses, how it says it, and what it lets pass: files changed in one place.

use prost::Message;

use super::proto::{Attribute, EXTERNAL, INT64, Model, Node, Size, StringPair, Tensor, ValueInfo};
use super::scan::scan;
use super::{LAYERS_KEY, Options, OutputMap, Segment};
use crate::{Limits, Network};

/// Every kind of layer that is written, and two mapped outputs.
fn network() -> (Network, Options) {
    let text = br#"{"in_shape": [2], "layers": [
        {"type": "dense", "activation": "tanh", "shape": [4], "weights": [[[1, 2, 3, 4], [5, 6, 7, 8]], [0, 1, 0, 1]]},
        {"type": "batchnorm", "shape": [4], "epsilon": 0.5,
         "weights": [[1, 2, 3, 4], [0, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]]},
        {"type": "batchnorm2d", "shape": [1, 1, 2, 2], "epsilon": 0.5, "num_filters_in": 2, "num_features_in": 2,
         "weights": [[0, 1], [1, 1]]},
        {"type": "activation", "activation": "softmax", "shape": [4], "weights": []},
        {"type": "lstm", "shape": [1], "weights": [[[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]],
         [[1, 2, 3, 4]], [5, 6, 7, 8]]},
        {"type": "gru", "shape": [2], "weights": [[[1, 2, 3, 4, 5, 6]], [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]],
         [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]]},
        {"type": "prelu", "shape": [2], "weights": [[[0.5, 0.25]]]},
        {"type": "activation", "activation": "elu", "shape": [2], "weights": []}]}"#;
    let output_map = vec![
        Segment { outputs: 1, map: OutputMap::ScaledSigmoid { low: 0.2, high: 3.0 } },
        Segment {
            outputs: 1,
            map: OutputMap::ClampedSoftplus { offset: 0.1, scale: 0.5, low: 0.1, high: 5.0 },
        },
    ];
    (Network::from_json(text).unwrap(), Options { output_map, ..Options::default() })
}

fn written() -> Model {
    let (network, options) = network();
    Model::decode(network.to_onnx(&options).unwrap().as_slice()).unwrap()
}

fn read(model: &Model) -> Result<(Network, Options), crate::Error> {
    Network::from_onnx(&model.encode_to_vec())
}

/// The number of the first node of this type.
fn position(model: &mut Model, op: &str) -> usize {
    let nodes = &model.graph.as_ref().unwrap().node;
    nodes.iter().position(|node| node.op_type == op).unwrap()
}

fn node<'a>(model: &'a mut Model, op: &str) -> &'a mut Node {
    let index = position(model, op);
    &mut model.graph.as_mut().unwrap().node[index]
}

fn tensor<'a>(model: &'a mut Model, name: &str) -> &'a mut Tensor {
    let mut tensors = model.graph.as_mut().unwrap().initializer.iter_mut();
    tensors.find(|tensor| tensor.name == name).unwrap()
}

fn input(model: &mut Model, index: usize) -> &mut ValueInfo {
    &mut model.graph.as_mut().unwrap().input[index]
}

fn words(model: &mut Model) -> &mut String {
    &mut model.metadata_props.iter_mut().find(|entry| entry.key == LAYERS_KEY).unwrap().value
}

fn size(value: &mut ValueInfo, axis: usize) -> &mut Option<Size> {
    let tensor = value.kind.as_mut().unwrap().tensor_type.as_mut().unwrap();
    &mut tensor.shape.as_mut().unwrap().dim[axis].size
}

/// A change, and what the message must say.
type Case = (fn(&mut Model), &'static [&'static str]);

const REFUSED: &[Case] = &[
    // Versions and metadata.
    (|model| model.ir_version = 7, &["ir_version: expected 8, found 7"]),
    (|model| model.opset_import[0].version = 18, &["opset_import", "version 17", "version 18"]),
    (|model| model.opset_import[0].domain = "ai.onnx.ml".to_owned(), &["opset_import", "\"ai.onnx.ml\""]),
    (|model| model.opset_import.clear(), &["opset_import", "one operator set", "0"]),
    (|model| model.graph = None, &["graph", "a graph", "no such field"]),
    (|model| words(model).push_str(" dense"), &["rtneural.layers, word 8", "the end", "\"dense\""]),
    (|model| *words(model) = "dense:tanh".to_owned(), &["word 1", "\"batchnorm\"", "the end"]),
    (|model| *words(model) = words(model).replace("lstm", "gru"), &["word 4", "\"lstm\"", "\"gru\""]),
    (
        |model| *words(model) = words(model).replace("batchnorm ", "batchnorm:plain "),
        &["word 1", "\"batchnorm\" for", "plain"],
    ),
    (|model| words(model).push_str(&" ".repeat(1 << 20)), &["word 8", "the end", "found \"\""]),
    (
        |model| {
            let key = "rtneural.more".to_owned();
            model.metadata_props.push(StringPair { key, value: String::new() });
        },
        &["metadata[0]", "rtneural.more"],
    ),
    // Operators and their order.
    (
        |model| node(model, "MatMul").op_type = "Gemm".to_owned(),
        &["node[0] (Gemm \"layers.0.MatMul.0\")", "op_type", "one of MatMul", "\"Gemm\""],
    ),
    (
        |model| node(model, "MatMul").domain = "com.microsoft".to_owned(),
        &["node[0]", "domain", "com.microsoft"],
    ),
    (|model| node(model, "LSTM").op_type = "RNN".to_owned(), &["(RNN", "op_type", "\"LSTM\"", "\"RNN\""]),
    (|model| model.graph.as_mut().unwrap().node.swap(0, 1), &["node[0] (Add", "one of MatMul"]),
    (
        |model| model.graph.as_mut().unwrap().node.truncate(3),
        &["Identity as node[3]", "the end of the graph"],
    ),
    (
        |model| {
            let graph = model.graph.as_mut().unwrap();
            let mut last = graph.node[0].clone();
            last.output[0] = "more".to_owned();
            graph.node.push(last);
        },
        &["(MatMul", "the end of the graph"],
    ),
    (
        |model| node(model, "Tanh").input[0] = "input".to_owned(),
        &["(Tanh", "input[0]", "layers.0.Add", "\"input\""],
    ),
    (|model| drop(node(model, "Tanh").input.pop()), &["(Tanh", "input", "1 names", "0"]),
    (|model| node(model, "Tanh").output[0].clear(), &["(Tanh", "output[0]", "a name"]),
    (
        |model| node(model, "Tanh").output[0] = "input".to_owned(),
        &["graph", "every name for one value", "\"input\""],
    ),
    // Attributes.
    (|model| node(model, "Softmax").attribute[0].i = Some(0), &["(Softmax", "axis", "expected -1, found 0"]),
    (|model| node(model, "Softmax").attribute[0].i = None, &["(Softmax", "axis", "an integer"]),
    (|model| node(model, "Elu").attribute[0].f = Some(0.5), &["(Elu", "alpha", "expected 1, found 0.5"]),
    (|model| node(model, "GRU").attribute[1].i = Some(0), &["(GRU", "linear_before_reset", "expected 1"]),
    (
        |model| drop(node(model, "GRU").attribute.pop()),
        &["(GRU", "linear_before_reset", "expected 1, found 0"],
    ),
    (|model| node(model, "LSTM").attribute[0].i = Some(-1), &["(LSTM", "hidden_size", "1 ... 65536"]),
    (|model| node(model, "LSTM").attribute[0].i = Some(2), &["(LSTM", "input[1]", "8 on axis 1", "4"]),
    (
        |model| {
            let clip = Attribute { name: "clip".to_owned(), f: Some(1.0), ..Attribute::default() };
            node(model, "LSTM").attribute.push(clip);
        },
        &["(LSTM", "attribute[1]", "hidden_size", "\"clip\""],
    ),
    (
        |model| {
            let again = node(model, "LSTM").attribute[0].clone();
            node(model, "LSTM").attribute.push(again);
        },
        &["(LSTM", "attribute[1]", "every attribute once"],
    ),
    (
        |model| node(model, "BatchNormalization").attribute[0].f = Some(-1.0),
        &["layers[1] (batchnorm)", "epsilon", "at least 0"],
    ),
    // Weights.
    (
        |model| node(model, "MatMul").input[1] = "nothing".to_owned(),
        &["input[1]", "an initializer", "\"nothing\""],
    ),
    (|model| tensor(model, "layers.0.W").data_type = INT64, &["input[1]", "data type 1", "7"]),
    (|model| tensor(model, "layers.0.W").data_location = EXTERNAL, &["input[1]", "data in another one"]),
    (|model| tensor(model, "layers.0.W").dims = vec![8], &["input[1]", "2 dimensions", "1"]),
    (|model| tensor(model, "layers.0.W").dims = vec![4, 2], &["input[1]", "2 on axis 0", "4"]),
    (|model| tensor(model, "layers.0.W").dims = vec![2, -4], &["input[1]", "1 ... 65536 on axis 1", "-4"]),
    (|model| tensor(model, "layers.0.W").dims = vec![2, i64::MAX], &["input[1]", "1 ... 65536 on axis 1"]),
    (|model| tensor(model, "layers.0.W").dims = vec![2, 65536], &["input[1]", "131072 values", "8"]),
    (|model| tensor(model, "layers.0.W").raw_data.truncate(31), &["input[1]", "4 bytes a value", "31 bytes"]),
    (|model| tensor(model, "layers.0.W").raw_data.clear(), &["input[1]", "8 values", "found 0"]),
    (|model| tensor(model, "layers.0.W").float_data.push(1.0), &["input[1]", "32 bytes and 1 floats"]),
    (
        |model| tensor(model, "layers.0.W").raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
        &["layers[0] (dense)", "kernel, value 0", "finite"],
    ),
    (
        |model| tensor(model, "layers.1.variance").raw_data[3] ^= 0x80,
        &["layers[1] (batchnorm)", "variance[0]", "at least 0", "-1"],
    ),
    (|model| tensor(model, "layers.6.slope").dims = vec![3], &["(PRelu", "3 values", "2"]),
    (|model| tensor(model, "first_axis").raw_data[0] = 1, &["(Unsqueeze", "input[1]", "[0]", "[1]"]),
    (|model| tensor(model, "layers.2.Reshape_in.shape").raw_data[8] = 3, &["(Reshape", "[-1, 2]", "[-1, 3]"]),
    // State, inputs and outputs.
    (|model| model.graph.as_mut().unwrap().input.clear(), &["graph.input", "an input", "none"]),
    (
        |model| *size(input(model, 0), 1) = Some(Size::Value(0)),
        &["graph.input[0]", "[batch, n] with n of 1 ... 65536", "n = 0"],
    ),
    (
        |model| *size(input(model, 0), 1) = Some(Size::Symbol("n".to_owned())),
        &["graph.input[0]", "a number n"],
    ),
    (|model| *size(input(model, 0), 1) = Some(Size::Value(3)), &["node[0] (MatMul", "3 on axis 0", "2"]),
    (
        |model| *size(input(model, 1), 1) = Some(Size::Value(3)),
        &["graph.input[1]", "[batch, 1]", "[batch, 3]"],
    ),
    (|model| input(model, 1).kind = None, &["graph.input[1]", "an f32 tensor of shape [batch, n]"]),
    (
        |model| model.graph.as_mut().unwrap().input.swap(1, 2),
        &["graph.input[1]", "lstm_0_h_in", "lstm_0_c_in"],
    ),
    (
        |model| drop(model.graph.as_mut().unwrap().input.pop()),
        &["graph.input[3]", "gru_0_h_in", "no such field"],
    ),
    (|model| drop(model.graph.as_mut().unwrap().output.remove(0)), &["graph.output[0]", "\"output\""]),
    (
        |model| {
            let again = model.graph.as_ref().unwrap().output[0].clone();
            model.graph.as_mut().unwrap().output.push(again);
        },
        &["graph.output[4]", "4 of them", "\"output\""],
    ),
    (|model| node(model, "LSTM").output[0] = "all".to_owned(), &["(LSTM", "output[0]", "none", "\"all\""]),
    (|model| node(model, "LSTM").input[4] = "lengths".to_owned(), &["(LSTM", "input[4]", "\"lengths\""]),
    (|model| node(model, "LSTM").input.swap(5, 6), &["(LSTM", "input[5]", "_h.", "_c."]),
    (
        |model| node(model, "Squeeze").output[0] = "h".to_owned(),
        &["(Squeeze", "output[0]", "lstm_0_h_out", "\"h\""],
    ),
    // The output map.
    (|model| node(model, "Split").attribute.clear(), &["(Split", "axis", "expected -1, found 0"]),
    (|model| tensor(model, "map.sizes").raw_data[0] = 2, &["output_map", "all 2 outputs", "3"]),
    (|model| tensor(model, "map.sizes").raw_data[0] = 0, &["output_map[0].outputs", "at least 1"]),
    (|model| tensor(model, "map.sizes").raw_data[7] = 0x80, &["(Split", "input[1]", "sizes of at least 1"]),
    (|model| node(model, "Concat").input.swap(0, 1), &["(Concat", "input[0]"]),
    (|model| node(model, "Concat").attribute.clear(), &["(Concat", "axis", "no such field"]),
    (|model| node(model, "Sub").input.swap(0, 1), &["(Add", "input[1]", "3, as in the Sub before", "0.2"]),
    (
        |model| tensor(model, "map.1.high").raw_data.copy_from_slice(&f32::INFINITY.to_le_bytes()),
        &["output_map[1].map", "finite"],
    ),
    (
        |model| tensor(model, "map.1.high").raw_data.copy_from_slice(&0.0_f32.to_le_bytes()),
        &["output_map[1].high", "at least low = 0.1", "0"],
    ),
];

#[test]
fn everything_in_the_table_is_refused_with_its_place_and_reason() {
    let before = network();
    assert_eq!(read(&written()).unwrap(), before);
    for (number, (change, parts)) in REFUSED.iter().enumerate() {
        let mut model = written();
        change(&mut model);
        let Err(error) = read(&model) else { panic!("accepted: entry {number}, {parts:?}") };
        let message = error.to_string();
        for part in *parts {
            assert!(message.contains(part), "entry {number} says {message:?}\nwithout {part:?}");
        }
    }
}

#[test]
fn errors_tell_the_node() {
    let mut model = written();
    node(&mut model, "MatMul").op_type = "Gemm".to_owned();
    let error = read(&model).unwrap_err();
    assert_eq!(error.node(), Some((0, "Gemm", "layers.0.MatMul.0")));
    assert_eq!((error.layer(), error.field()), (None, "op_type"));
}

#[test]
fn order_and_names_of_initializers_and_the_form_of_their_values_do_not_matter() {
    let mut model = written();
    let graph = model.graph.as_mut().unwrap();
    graph.initializer.reverse();
    for (index, tensor) in graph.initializer.iter_mut().enumerate() {
        let name = std::mem::replace(&mut tensor.name, format!("t{index}"));
        for input in graph.node.iter_mut().flat_map(|node| &mut node.input) {
            if *input == name {
                input.clone_from(&tensor.name);
            }
        }
        let raw = std::mem::take(&mut tensor.raw_data);
        if tensor.data_type == INT64 {
            tensor.int64_data = raw.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        } else {
            tensor.float_data = raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        }
    }
    for node in &mut graph.node {
        node.name.clear();
    }
    model.producer_name = "somebody else".to_owned();
    assert_eq!(read(&model).unwrap(), network());
}

#[test]
fn without_the_words_nodes_become_as_few_layers_as_possible() {
    let text = br#"{"in_shape": [1], "layers": [
        {"type": "time-distributed-dense", "shape": [1], "weights": [[[1]], [2]]},
        {"type": "activation", "activation": "relu", "shape": [1], "weights": []},
        {"type": "batchnorm", "shape": [1], "epsilon": 0.5, "weights": [[1], [1]]}]}"#;
    let fewer = br#"{"in_shape": [1], "layers": [
        {"type": "dense", "activation": "relu", "shape": [1], "weights": [[[1]], [2]]},
        {"type": "batchnorm", "shape": [1], "epsilon": 0.5, "weights": [[1], [0], [1], [1]]}]}"#;
    let network = Network::from_json(text).unwrap();
    let bytes = network.to_onnx(&Options::default()).unwrap();
    assert_eq!(Network::from_onnx(&bytes).unwrap().0, network);
    let mut model = Model::decode(bytes.as_slice()).unwrap();
    model.metadata_props.clear();
    assert_eq!(read(&model).unwrap().0, Network::from_json(fewer).unwrap());
}

#[test]
fn a_second_bias_of_an_lstm_is_added_to_the_first() {
    let mut model = written();
    let bias = &mut tensor(&mut model, "layers.4.B").raw_data;
    bias[4 * 4..5 * 4].copy_from_slice(&0.5_f32.to_le_bytes());
    let (network, _) = read(&model).unwrap();
    let crate::Layer::Lstm(lstm) = &network.layers()[4] else { panic!("another layer") };
    // Its first gate is the input gate in both formats.
    assert_eq!(lstm.bias, [5.5, 6.0, 7.0, 8.0]);
}

#[test]
fn one_initializer_for_many_nodes_counts_every_time() {
    // 8 parameters in the file, 8 more with every node that takes them.
    let mut model = written();
    let graph = model.graph.as_mut().unwrap();
    graph.initializer[0].dims = vec![2, 2];
    graph.initializer[0].raw_data.truncate(16);
    let first = graph.node[0].clone();
    graph.node = (0..100)
        .map(|index| {
            let mut node = first.clone();
            node.output[0] = format!("value {index}");
            if index > 0 {
                node.input[0] = format!("value {}", index - 1);
            }
            node
        })
        .collect();
    let limits = Limits { parameters: 99, ..Limits::default() };
    let message = Network::from_onnx_with_limits(&model.encode_to_vec(), &limits).unwrap_err().to_string();
    assert!(
        message.contains("node[24]") && message.contains("100 parameters, but the limit is 99"),
        "{message}"
    );
    let limits = Limits { layers: 10, ..Limits::default() };
    let message = Network::from_onnx_with_limits(&model.encode_to_vec(), &limits).unwrap_err().to_string();
    assert!(message.contains("11 layers, but the limit is 10"), "{message}");
}

#[test]
fn small_files_that_would_unpack_to_much_are_refused_before_they_are() {
    // A graph of 100,000 empty nodes, initializers, inputs; sizes of one byte each; metadata; attributes.
    fn field(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag << 3 | 2];
        prost::encode_length_delimiter(content.len(), &mut bytes).unwrap();
        bytes.extend(content);
        bytes
    }
    let many = |tag: u8| [tag << 3 | 2, 0].repeat(200_000);
    let in_graph = |content: &[u8]| field(7, content);
    for bytes in [
        in_graph(&many(1)),
        in_graph(&many(5)),
        in_graph(&many(11)),
        in_graph(&field(1, &many(1))),
        in_graph(&field(1, &many(5))),
        in_graph(&field(5, &field(1, &[1; 200_000]))),
        in_graph(&field(5, &field(7, &[1; 200_000]))),
        in_graph(&field(5, &[8, 1].repeat(200_000))),
        many(14),
        // Fields that are not declared are counted too: they take no memory, but time.
        many(13),
    ] {
        let message = Network::from_onnx(&bytes).unwrap_err().to_string();
        assert!(message.contains("at most 131072 fields"), "{message}");
    }
    // As many weights as there may be are not fields.
    scan(&in_graph(&field(5, &field(9, &vec![0; 4 << 20])))).unwrap();
}

#[test]
fn what_is_not_protobuf_is_refused_with_its_position() {
    for (bytes, part) in [
        (&b""[..], "ir_version: expected 8, found 0"),
        (br#"{"in_shape": [2]}"#, "at byte 0 (is this ONNX"),
        (b"\x3a", "a number, found something else at byte 1"),
        (b"\x3a\x05\x0a", "expected 5 bytes from byte 2 on, found 1 (is the file whole?)"),
        (b"\x3a\x05\x0a\x01\x01\x01", "expected 5 bytes from byte 2 on, found 4"),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a number"),
        // A text that is not UTF-8, in a file that is otherwise sound.
        (b"\x12\x01\xff", "an ONNX model"),
    ] {
        let message = Network::from_onnx(bytes).unwrap_err().to_string();
        assert!(message.contains(part), "{bytes:?}: {message}");
    }
}
