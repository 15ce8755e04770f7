//! The format's worked examples: small layers whose results were computed by RTNeural itself.

use rtneural::{Level, Model, Network, Options, Weights};

/// Runs a model step by step on every level of this processor; `expected` are RTNeural's results to the digits given.
fn check(json: &str, inputs: &[&[f32]], expected: &[&[f32]], tolerance: f32) {
    let network = Network::from_json(json.as_bytes()).unwrap();
    for level in Level::available() {
        let model = Model::new(&network, Options { level, ..Options::default() }).unwrap();
        assert_eq!(model.options().level, level);
        let mut state = model.state();
        let mut output = vec![0.0; model.outputs()];
        for (input, expected) in inputs.iter().zip(expected) {
            model.forward(&mut state, input, &mut output).unwrap();
            assert_eq!(output.len(), expected.len());
            for (found, expected) in output.iter().zip(*expected) {
                assert!((found - expected).abs() <= tolerance, "{level:?}: {output:?}, expected {expected}");
            }
        }
    }
}

#[test]
fn dense() {
    check(
        r#"{"in_shape": [null, 2], "layers": [{"type": "dense", "shape": [null, 3], "activation": "",
            "weights": [[[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3]]}]}"#,
        &[&[1.0, 10.0]],
        &[&[41.1, 52.2, 63.3]],
        1e-5,
    );
}

#[test]
fn conv1d() {
    check(
        r#"{"in_shape": [null, null, 2], "layers": [{"type": "conv1d", "shape": [null, null, 1],
            "kernel_size": [2], "dilation": [1],
            "weights": [[[[1], [10]], [[100], [1000]]], [0.5]]}]}"#,
        &[&[1.0, 2.0], &[3.0, 4.0]],
        &[&[2100.5], &[4321.5]],
        0.0,
    );
}

#[test]
fn conv1d_with_dilation() {
    check(
        r#"{"in_shape": [null, 1], "layers": [{"type": "conv1d", "shape": [1], "kernel_size": 2, "dilation": 2,
            "weights": [[[[10]], [[1]]], [0]]}]}"#,
        &[&[1.0], &[2.0], &[3.0], &[4.0]],
        &[&[1.0], &[2.0], &[13.0], &[24.0]],
        0.0,
    );
}

#[test]
fn conv1d_in_groups() {
    check(
        r#"{"in_shape": [4], "layers": [{"type": "conv1d", "shape": [2], "kernel_size": 1, "dilation": 1,
            "groups": 2, "weights": [[[[1, 2], [10, 20]]], [0, 0]]}]}"#,
        &[&[1.0, 2.0, 3.0, 4.0]],
        &[&[21.0, 86.0]],
        0.0,
    );
}

#[test]
fn lstm() {
    check(
        r#"{"in_shape": [1], "layers": [{"type": "lstm", "shape": [1], "activation": "tanh",
            "weights": [[[0.1, 0.2, 0.3, 0.4]], [[0.5, 0.6, 0.7, 0.8]], [0.01, 0.02, 0.03, 0.04]]}]}"#,
        &[&[1.0], &[1.0]],
        &[&[0.101243], &[0.183522]],
        6e-7,
    );
}

#[test]
fn gru() {
    check(
        r#"{"in_shape": [1], "layers": [{"type": "gru", "shape": [1],
            "weights": [[[0.1, 0.2, 0.3]], [[0.4, 0.5, 0.6]], [[0.01, 0.02, 0.03], [0.04, 0.05, 0.06]]]}]}"#,
        &[&[1.0], &[1.0]],
        &[&[0.161324], &[0.267292]],
        6e-7,
    );
}

#[test]
fn batch_norm() {
    check(
        r#"{"in_shape": [2], "layers": [{"type": "batchnorm", "shape": [2], "epsilon": 0.75,
            "weights": [[2, 3], [0.1, 0.2], [1, 1], [0.25, 3.25]]}]}"#,
        &[&[2.0, 3.0]],
        &[&[2.1, 3.2]],
        1e-6,
    );
}

#[test]
fn prelu() {
    check(
        r#"{"in_shape": [2], "layers": [{"type": "prelu", "shape": [2], "weights": [[[0.1, 0.2]]]}]}"#,
        &[&[-1.0, -2.0]],
        &[&[-0.1, -0.4]],
        1e-7,
    );
}

#[test]
fn softmax_of_large_values_does_not_overflow() {
    check(
        r#"{"in_shape": [3], "layers": [{"type": "activation", "activation": "softmax", "shape": [3],
            "weights": []}]}"#,
        &[&[1000.0, 1000.0, -1000.0]],
        &[&[0.5, 0.5, 0.0]],
        1e-7,
    );
}

#[test]
fn elu_has_an_alpha_of_one() {
    check(
        r#"{"in_shape": [2], "layers": [{"type": "activation", "activation": "elu", "shape": [2],
            "weights": []}]}"#,
        &[&[-1.0, 2.0]],
        // e^-1 - 1 = -0.632120559
        &[&[-0.632_120_56, 2.0]],
        1e-7,
    );
}

#[test]
fn kinds_of_weights_agree_on_a_dense_layer() {
    let network = Network::from_json(
        br#"{"in_shape": [3], "layers": [{"type": "dense", "shape": [2],
            "weights": [[[0.5, -1], [0.25, 0.75], [-1, 0.1]], [1, 2]]}]}"#,
    )
    .unwrap();
    for level in Level::available() {
        for (weights, tolerance) in [(Weights::F32, 1e-6), (Weights::F16, 1e-3), (Weights::Int8, 2e-2)] {
            let model = Model::new(&network, Options { weights, level, ..Options::default() }).unwrap();
            let mut output = [0.0; 2];
            model.forward(&mut model.state(), &[1.0, 2.0, 3.0], &mut output).unwrap();
            for (found, expected) in output.iter().zip([-1.0_f32, 2.8]) {
                assert!((found - expected).abs() < tolerance, "{weights:?} {level:?}: {output:?}");
            }
        }
    }
}
