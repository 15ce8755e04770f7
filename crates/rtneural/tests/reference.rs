//! Every layer type and activation against PyTorch in float64 (tests/reference/rtneural.py), in both file formats.

use rtneural::torch::Description;
use rtneural::{Level, Model, Network, Options};
use serde_json::Value;

fn rows(value: &Value) -> Vec<Vec<f32>> {
    let numbers = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// Largest difference between a network's outputs and the expected ones, over all rows.
fn difference(network: &Network, options: Options, case: &Value) -> f64 {
    let model = Model::new(network, options).unwrap();
    let mut state = model.state();
    let mut output = vec![0.0; model.outputs()];
    let mut largest = 0.0_f64;
    let expected = case["outputs"].as_array().unwrap();
    for (input, expected) in rows(&case["inputs"]).iter().zip(expected) {
        model.forward(&mut state, input, &mut output).unwrap();
        let expected = expected.as_array().unwrap();
        assert_eq!(output.len(), expected.len());
        for (found, expected) in output.iter().zip(expected) {
            largest = largest.max((f64::from(*found) - expected.as_f64().unwrap()).abs());
        }
    }
    largest
}

fn cases() -> Vec<Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/rtneural/cases.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn agrees_with_pytorch_on_every_level_folded_and_unfolded() {
    let mut kinds = std::collections::BTreeSet::new();
    for case in cases() {
        let network = Network::from_json(case["model"].to_string().as_bytes()).unwrap();
        kinds.extend(network.layers().iter().map(|layer| layer.kind()));
        for level in Level::available() {
            for fold_batch_norm in [true, false] {
                let options = Options { level, fold_batch_norm, ..Options::default() };
                let largest = difference(&network, options, &case);
                let tolerance = case["tolerance"].as_f64().unwrap();
                assert!(largest <= tolerance, "{}: {largest:e} > {tolerance:e} on {level:?}", case["name"]);
            }
        }
    }
    // All ten types of the format are among the cases.
    assert_eq!(kinds.len(), rtneural::Layer::KINDS.len(), "{kinds:?}");
}

#[test]
fn state_dicts_give_the_same_networks() {
    let mut count = 0;
    for case in cases().iter().filter(|case| !case["state_dict"].is_null()) {
        let description = Description::from_json(case["description"].to_string().as_bytes()).unwrap();
        let dict = case["state_dict"].to_string();
        let network = Network::from_state_dict(dict.as_bytes(), &description).unwrap();
        let largest = difference(&network, Options::default(), case);
        assert!(largest <= case["tolerance"].as_f64().unwrap(), "{}: {largest:e}", case["name"]);
        count += 1;
    }
    assert!(count >= 15, "only {count} cases have a state dict");
}
