//! `dendrite models check`.

use std::fs;

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::Sidecar;
use rtneural::{Activation, Layer, Network};

use crate::program::{dendrite, small_model, text, write_model, write_model_with_sidecar};

#[test]
fn all_six_built_to_the_specification_are_ok() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ModelKind::ALL {
        write_model_with_sidecar(folder.path(), kind);
    }
    let ran = dendrite(&["models", "check", &text(folder.path())]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out.lines().count(), 6, "{}", ran.out);
    let expected = "orbit_control.json: ok, the orbit model, 60 -> 9, 91,561 trainable parameters";
    assert!(ran.out.contains(expected), "{}", ran.out);

    let json = dendrite(&["models", "check", &text(folder.path()), "--json"]).json();
    for (object, kind) in json.as_array().unwrap().iter().zip(ModelKind::ALL) {
        assert_eq!(object["ok"], true);
        assert_eq!(object["model"], kind.word());
        assert_eq!(object["parameters"], kind.parameters());
        assert_eq!(object["errors"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn every_error_is_shown_with_layer_type_field_expected_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_model(folder.path(), ModelKind::Harmony);
    let network = Network::read(&path).unwrap();
    let mut layers = network.layers().to_vec();
    for layer in &mut layers {
        let Layer::Dense(dense) = layer else { panic!("the harmony model is dense") };
        dense.activation = Some(Activation::Relu);
    }
    Network::new(128, layers).unwrap().write(&path).unwrap();
    let ran = dendrite(&["models", "check", &text(&path)]);
    assert_eq!(ran.code, 1);
    for part in [
        "harmonypredictor.json: 3 errors",
        "error: layers[0] (dense): activation: expected tanh, found relu",
        "error: layers[1] (dense): activation: expected tanh, found relu",
        "error: layers[2] (dense): activation: expected softmax, found relu",
    ] {
        assert!(ran.out.contains(part), "{}\nwithout {part}", ran.out);
    }
    let json = dendrite(&["models", "check", &text(&path), "--json"]);
    assert_eq!(json.code, 1);
    let json = json.json();
    let error = &json[0]["errors"][2];
    assert_eq!(json[0]["ok"], false);
    assert_eq!((&error["layer"], &error["type"]), (&2.into(), &"dense".into()));
    assert_eq!((&error["expected"], &error["found"]), (&"softmax".into(), &"relu".into()));
}

#[test]
fn counts_that_differ_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_model(folder.path(), ModelKind::Dynamics);
    // The shape of the groove model in the file of the dynamics model.
    fs::rename(write_model(folder.path(), ModelKind::Groove), &path).unwrap();
    let ran = dendrite(&["models", "check", &text(&path)]);
    assert_eq!(ran.code, 1);
    for part in ["in_shape: expected 32 inputs, found 64", "expected 13456 trainable parameters, found "] {
        assert!(ran.out.contains(part), "{}\nwithout {part}", ran.out);
    }
}

#[test]
fn files_that_cannot_be_read_are_errors_that_name_the_layer() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    for (content, part) in [
        (
            r#"{"in_shape": [2], "layers": [{"type": "dense", "shape": [2], "weights": [[[1, 2], [3]], [0, 0]]}]}"#,
            "error: layers[0] (dense): weights[0][1]: expected 2 numbers, found 1",
        ),
        (
            r#"{"in_shape": [2], "layers": [{"type": "lstn"}]}"#,
            "layers[0] (lstn): type: expected one of dense",
        ),
        (r#"{"in_shape": [2], "layers": ["#, "line 1"),
        ("not JSON", "expected"),
        ("", "expected"),
    ] {
        fs::write(&broken, content).unwrap();
        let ran = dendrite(&["models", "check", &text(&broken)]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("broken.json: 1 error\n"), "{}", ran.out);
        assert!(ran.out.contains(part), "{}\nwithout {part}", ran.out);
    }
    let ran = dendrite(&["models", "check", &text(folder.path().join("none.json"))]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("none.json: 1 error"), "{}", ran.out);
}

#[test]
fn a_folder_without_any_of_the_six_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    dendrite(&["models", "check", &text(folder.path())])
        .fails_with(&["none of the six models is here", "emotionrecognizer.json"]);
}

#[test]
fn models_of_a_folder_that_are_not_there_are_named_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    write_model_with_sidecar(folder.path(), ModelKind::Groove);
    let ran = dendrite(&["models", "check", &text(folder.path())]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.matches("not there; the built-in model takes its place").count(), 5, "{}", ran.out);
}

#[test]
fn other_models_are_checked_as_models_in_general() {
    let folder = tempfile::tempdir().unwrap();
    let ran = dendrite(&["models", "check", "--verbose", &text(small_model(&folder))]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // torch.nn.LSTM(2, 2): 16 + 16 + 8 + 8 parameters, of which the file holds 40.
    assert!(ran.out.contains("small.json: ok, a model, 2 -> 2, 48 trainable parameters"), "{}", ran.out);
    let row: Vec<&str> = ran.out.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(row, ["0", "lstm", "2", "2", "-", "40", "48"]);
}

#[test]
fn a_missing_sidecar_is_a_warning_and_one_that_disagrees_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_model(folder.path(), ModelKind::Groove);
    let check = || dendrite(&["models", "check", &text(&path)]);
    let ran = check();
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("warning: no sidecar groovepredictor.meta.json"), "{}", ran.out);

    let mut sidecar = Sidecar::default_for(ModelKind::Groove);
    sidecar.parameters = 19_041;
    sidecar.weights_sha256 = Some("0".repeat(64));
    sidecar.write(Sidecar::path_for(&path)).unwrap();
    let ran = check();
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("error: sidecar: parameters: expected 19040, found 19041"), "{}", ran.out);
    assert!(ran.out.contains("error: sidecar: weights_sha256: expected "), "{}", ran.out);

    fs::write(Sidecar::path_for(&path), "{").unwrap();
    let ran = check();
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("groovepredictor.meta.json: expected JSON"), "{}", ran.out);
}

#[test]
fn the_sum_of_the_models_bytes_is_sha_256() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.json");
    let text_of_model =
        r#"{"in_shape": [1], "layers": [{"type": "dense", "shape": [1], "weights": [[[1]]]}]}"#;
    fs::write(&path, text_of_model).unwrap();
    let mut sidecar = Sidecar::default_for(ModelKind::Groove);
    // From `sha256sum one.json`.
    let sum = "8e8361c1f8caa25d225b4d77f48b0be8cb0cb85820dc2d88933ee4e21b8b489a";
    sidecar.weights_sha256 = Some(sum.to_uppercase());
    sidecar.write(Sidecar::path_for(&path)).unwrap();
    let ran = dendrite(&["models", "check", &text(&path)]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}
