//! What every file must survive, whatever it holds: each function panics where a promise is broken, and says whether the
//! file gave a network.
//!
//! The fuzz targets call these with what libFuzzer invents; the crate's test `fuzz_corpus` includes this file and calls
//! them with the files in `corpus/` and simple changes of these.

use rtneural::torch::Description;
use rtneural::{Limits, Model, Network, Options, Weights, onnx};

/// Multiply-adds of one input's pass, about a millisecond.
const WORK: usize = 1 << 20;

/// Limits that networks of interesting shapes stay below, and that keep one input cheap.
fn limits() -> Limits {
    Limits { parameters: 1 << 16, state_values: 1 << 18, ..Limits::default() }
}

/// RTNeural JSON.
pub fn json(data: &[u8]) -> bool {
    let network = Network::from_json_with_limits(data, &limits());
    network.is_ok_and(|network| survives(&network))
}

/// The first line is the description, the rest is the state dict.
pub fn state_dict(data: &[u8]) -> bool {
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let (description, dict) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let network = Description::from_json(description)
        .and_then(|description| Network::from_state_dict(dict, &description));
    network.is_ok_and(|network| survives(&network))
}

/// ONNX.
pub fn onnx(data: &[u8]) -> bool {
    let Ok((network, options)) = Network::from_onnx_with_limits(data, &limits()) else { return false };
    let written = network.to_onnx(&options).expect("what was read can be written");
    let (_, again) = Network::from_onnx(&written).expect("what was written can be read");
    assert_eq!(options, again);
    survives(&network)
}

/// A network that a reader let through is written and read back as it was, and runs; always true.
fn survives(network: &Network) -> bool {
    let text = network.to_json();
    let same = |again: &Network, how: &str| {
        assert!(network == again && text == again.to_json(), "not the same after {how}: {text}");
    };
    same(&Network::from_json(text.as_bytes()).expect("what was written can be read"), "JSON");
    match network.to_onnx(&onnx::Options::default()) {
        Ok(bytes) => same(&Network::from_onnx(&bytes).expect("what was written can be read").0, "ONNX"),
        Err(error) => assert!(error.to_string().contains("conv"), "{error}: {text}"),
    }
    for weights in [Weights::F32, Weights::F16, Weights::Int8] {
        // Some weights do not fit into f16, and some cannot be folded.
        let Ok(model) = Model::new(network, Options::with_weights(weights)) else { continue };
        let mut state = model.state();
        let input: Vec<_> = (0..model.inputs()).map(|index| (index as f32).sin()).collect();
        if model.work() <= WORK {
            let mut output = vec![0.0; model.outputs()];
            for _ in 0..2 {
                model.forward(&mut state, &input, &mut output).expect("slices of the model's sizes");
            }
        } else {
            model.start(&mut state, &input).expect("a slice of the model's size");
            let _ = model.forward_some(&mut state, WORK).expect("a pass was started");
        }
    }
    true
}
