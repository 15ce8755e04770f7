//! What the reader of state dicts refuses, and how it says it.

use rtneural::Network;
use rtneural::torch::Description;

fn description(modules: &str) -> Description {
    Description::from_json(format!(r#"{{"inputs": 2, "modules": [{modules}]}}"#).as_bytes()).unwrap()
}

#[test]
fn parameters_that_do_not_fit_are_refused_with_module_and_name() {
    let linear = r#"{"type": "linear", "prefix": "a."}"#;
    let lstm = r#"{"type": "lstm", "prefix": "r."}"#;
    let norm = r#"{"type": "batchnorm1d", "prefix": "n."}"#;
    let conv = r#"{"type": "conv1d", "prefix": "c."}"#;
    let prelu = r#"{"type": "prelu", "prefix": "p."}"#;
    let table: &[(&str, &str, &[&str])] = &[
        (linear, r#"{}"#, &["layers[0] (linear)", "a.weight", "no such field"]),
        (linear, r#"{"a.weight": [[1, 2], [3]]}"#, &["a.weight[1]", "expected 2 numbers", "found 1"]),
        (linear, r#"{"a.weight": [[1, 2, 3]]}"#, &["a.weight[0]", "expected 2 numbers", "found 3"]),
        (linear, r#"{"a.weight": [[1, 2]], "a.bias": [1, 2]}"#, &["a.bias", "expected 1 numbers", "found 2"]),
        (linear, r#"{"a.weight": [[1, true]]}"#, &["a.weight[0][1]", "a number", "a boolean"]),
        (linear, r#"{"a.weight": [[1, 1e39]]}"#, &["a.weight[0][1]", "fits f32", "1e39"]),
        (linear, r#"{"a.weight": [[1, 2]], "b.weight": [[1]]}"#, &["b.weight", "a described module"]),
        (linear, r#"{"a.weight": [[1, 2]], "a.weight": [[1, 2]]}"#, &["every key once"]),
        (linear, r#"{"a.weight": [[1, 2]]} 1"#, &["end of the file"]),
        (
            lstm,
            r#"{"r.weight_ih_l0": [[1, 2], [3, 4]]}"#,
            &["(lstm)", "r.weight_ih_l0", "a multiple of 4", "2"],
        ),
        (norm, r#"{"n.running_mean": [0, 0], "n.running_var": [1, -1]}"#, &["variance[1]", "at least 0"]),
        (norm, r#"{"n.running_mean": [0, 0]}"#, &["n.running_var", "no such field"]),
        (conv, r#"{"c.weight": [[[1], [2], [3]]]}"#, &["c.weight", "a divisor of the 2 inputs", "found 3"]),
        (prelu, r#"{"p.weight": [0.1, 0.2, 0.3]}"#, &["p.weight", "2 slopes or 1", "found 3"]),
        ("", r#"{}"#, &["at least one layer"]),
    ];
    for (modules, dict, parts) in table {
        let message =
            Network::from_state_dict(dict.as_bytes(), &description(modules)).unwrap_err().to_string();
        for part in *parts {
            assert!(message.contains(part), "{dict}\nsays {message:?}\nwithout {part:?}");
        }
    }
}

#[test]
fn a_description_without_inputs_is_refused() {
    let none = Description { inputs: 0, modules: description(r#"{"type": "linear", "prefix": ""}"#).modules };
    let message = Network::from_state_dict(br#"{"weight": [[]]}"#, &none).unwrap_err().to_string();
    assert_eq!(message, "inputs: expected at least 1, found 0");
}

#[test]
fn counters_of_batch_norm_are_no_parameters() {
    let dict = r#"{"n.running_mean": [0, 0], "n.running_var": [1, 1], "n.num_batches_tracked": 7}"#;
    let modules = description(r#"{"type": "batchnorm1d", "prefix": "n."}"#);
    assert_eq!(Network::from_state_dict(dict.as_bytes(), &modules).unwrap().outputs(), 2);
}

#[test]
fn descriptions_are_read_strictly() {
    for (modules, part) in [
        (r#"{"type": "rnn", "prefix": ""}"#, "one of linear, conv1d"),
        (r#"{"type": "linear", "prefx": ""}"#, "one of type, prefix, activation"),
        (r#"{"type": "linear", "activation": "gelu"}"#, "one of tanh"),
        (r#"{"type": "conv1d", "dilation": 0}"#, "at least 1"),
        (r#"{"type": "activation"}"#, "the name of an activation function"),
    ] {
        let text = format!(r#"{{"inputs": 2, "modules": [{modules}]}}"#);
        let message = Description::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
