//! `dendrite models convert`.

use std::fs;
use std::path::PathBuf;

use rtneural::torch::Description;
use rtneural::{Network, Options, onnx};
use tempfile::TempDir;

use crate::program::{dendrite, dendrite_with, rows_of, small_model, text};

const DICT: &str = r#"{
    "fc.weight": [[1, 2], [3, 4], [5, 6]], "fc.bias": [0.1, 0.2, 0.3],
    "lstm.weight_ih_l0": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.0, 1.1, 1.2]],
    "lstm.weight_hh_l0": [[0.1], [0.2], [0.3], [0.4]],
    "lstm.bias_ih_l0": [0.5, 0.5, 0.5, 0.5], "lstm.bias_hh_l0": [0.25, 0.25, 0.25, 0.25]}"#;
const DESCRIPTION: &str = r#"{"inputs": 2, "modules": [
    {"type": "linear", "prefix": "fc.", "activation": "tanh"}, {"type": "lstm", "prefix": "lstm."}]}"#;

fn inputs(folder: &TempDir) -> (PathBuf, PathBuf) {
    let (dict, description) = (folder.path().join("dict.json"), folder.path().join("desc.json"));
    fs::write(&dict, DICT).unwrap();
    fs::write(&description, DESCRIPTION).unwrap();
    (dict, description)
}

#[test]
fn a_converted_state_dict_runs_as_rtneural_runs_it() {
    let folder = tempfile::tempdir().unwrap();
    let (dict, description) = inputs(&folder);
    let out = folder.path().join("out.json");
    let arguments = ["models", "convert", &text(&dict), "--description", &text(&description)];
    let ran = dendrite(&[&arguments[..], &["-o", &text(&out)]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    // 2·3 + 3 weights and biases, and of the LSTM 3·4 + 4 + 4.
    assert!(ran.out.contains("out.json: 2 -> 1, 2 layers, 29 numbers"), "{}", ran.out);

    let network =
        Network::from_state_dict(DICT.as_bytes(), &Description::from_json(DESCRIPTION.as_bytes()).unwrap())
            .unwrap();
    assert_eq!(Network::read(&out).unwrap(), network);
    let ran = dendrite_with(&["models", "run", &text(&out)], b"1,2\n3,4\n");
    assert_eq!(ran.out, rows_of(&network, Options::default(), &[&[1.0, 2.0], &[3.0, 4.0]]));

    // Without a file to write the same text goes to standard output.
    assert_eq!(dendrite(&arguments).out, fs::read_to_string(&out).unwrap());
    // Nothing half-written is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn onnx_files_need_no_description() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(&folder);
    let network = Network::read(&model).unwrap();
    let (from, to) = (folder.path().join("small.onnx"), folder.path().join("again.json"));
    network.write_onnx(&from, &onnx::Options::default()).unwrap();
    let ran = dendrite(&["models", "convert", &text(&from), "-o", &text(&to)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(Network::read(&to).unwrap(), network);
}

#[test]
fn inputs_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (dict, description) = inputs(&folder);
    let other_name = folder.path().join(".").join("dict.json");
    for output in [&dict, &description, &other_name] {
        let ran = dendrite(&[
            "models",
            "convert",
            &text(&dict),
            "--description",
            &text(&description),
            "-o",
            &text(output),
        ]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("would overwrite this input"), "{}", ran.err);
    }
    assert_eq!(fs::read_to_string(dict).unwrap(), DICT);
    assert_eq!(fs::read_to_string(description).unwrap(), DESCRIPTION);
}

#[test]
fn what_does_not_fit_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (dict, description) = inputs(&folder);
    let out = folder.path().join("out.json");
    let convert = |dict: &str, description: &str| {
        dendrite(&["models", "convert", dict, "--description", description, "-o", &text(&out)])
    };
    let none = text(folder.path().join("none.json"));
    convert(&none, &text(&description)).fails_with(&["none.json"]);
    convert(&text(&dict), &none).fails_with(&["none.json"]);
    convert(&text(folder.path()), &text(&description)).fails_with(&["found a directory"]);
    fs::write(&description, DESCRIPTION.replace("lstm.", "rnn.")).unwrap();
    convert(&text(&dict), &text(&description)).fails_with(&["dict.json", "(lstm)", "rnn.weight_ih_l0"]);
    fs::write(&description, DESCRIPTION.replace("linear", "linaer")).unwrap();
    convert(&text(&dict), &text(&description)).fails_with(&["desc.json", "one of linear"]);
    assert!(!out.exists());
    let garbage = folder.path().join("garbage.onnx");
    fs::write(&garbage, "not ONNX").unwrap();
    dendrite(&["models", "convert", &text(&garbage)]).fails_with(&["garbage.onnx"]);
}
