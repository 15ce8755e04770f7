//! ONNX written and read: nothing is lost, and broken files do no harm. What runs the files stands in
//! tests/reference/onnx_check.py.

#![cfg(feature = "onnx")]

mod networks;

use networks::{Numbers, batch_norm, conv1d, dense, gru, lstm, random_network, six};
use proptest::prelude::*;
use rtneural::onnx::{Options, OutputMap, Segment};
use rtneural::{Activation, ActivationLayer, Layer, Limits, Network, Prelu};

/// A network of one to six layers of those kinds that ONNX has, in all their forms.
fn expressible(seed: u64) -> Network {
    let mut numbers = Numbers(seed);
    let inputs = 1 + numbers.below(9);
    let (mut size, mut layers) = (inputs, Vec::new());
    for _ in 0..1 + numbers.below(6) {
        let next = 1 + numbers.below(9);
        let activation = Activation::ALL[numbers.below(5)];
        let often = numbers.below(2) == 0;
        let mut layer = match numbers.below(7) {
            0 | 1 => dense(&mut numbers, size, next, often.then_some(activation)),
            2 => lstm(&mut numbers, size, next),
            3 => gru(&mut numbers, size, next),
            4 => {
                let features =
                    (1..=size).rev().find(|features| size.is_multiple_of(*features) && *features <= 3);
                let features = features.filter(|_| often);
                batch_norm(&mut numbers, size / features.unwrap_or(1), features)
            }
            5 => Layer::Prelu(Prelu { size, slopes: numbers.take(if often { size } else { 1 }, 0.5) }),
            _ => Layer::Activation(ActivationLayer { size, activation }),
        };
        match &mut layer {
            Layer::Dense(dense) => {
                dense.time_distributed = numbers.below(3) == 0;
                if numbers.below(3) == 0 {
                    dense.bias = None;
                }
            }
            Layer::BatchNorm(norm) => match numbers.below(3) {
                0 => norm.affine = None,
                // The same numbers, said.
                1 => norm.affine = Some((vec![1.0; norm.filters], vec![0.0; norm.filters])),
                _ => {}
            },
            Layer::Lstm(lstm) => lstm.bias[0] = -0.0,
            _ => {}
        }
        size = layer.outputs();
        layers.push(layer);
    }
    Network::new(inputs, layers).unwrap()
}

fn options(seed: u64, outputs: usize) -> Options {
    let mut numbers = Numbers(seed);
    let mut output_map = Vec::new();
    let mut left = if numbers.below(3) == 0 { 0 } else { outputs };
    while left > 0 {
        let outputs = 1 + numbers.below(left);
        left -= outputs;
        let low = numbers.next();
        let high = low + numbers.next().abs();
        let map = match numbers.below(3) {
            0 => OutputMap::Identity,
            1 => OutputMap::ScaledSigmoid { low, high },
            _ => OutputMap::ClampedSoftplus { offset: numbers.next(), scale: numbers.next(), low, high },
        };
        output_map.push(Segment { outputs, map });
    }
    let metadata = (0..numbers.below(3)).map(|key| (format!("key {key}"), format!("{}", numbers.next())));
    Options {
        input: "x".to_owned(),
        output: "y".to_owned(),
        output_map,
        doc: if outputs.is_multiple_of(2) { String::new() } else { "übung".to_owned() },
        metadata: metadata.collect(),
    }
}

/// Equality of networks takes 0 and -0 for the same; their texts do not.
fn assert_same(a: &Network, b: &Network) {
    assert_eq!(a, b);
    assert_eq!(a.to_json(), b.to_json());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn written_networks_are_read_back_bit_for_bit_with_their_options(seed: u64) {
        let network = expressible(seed);
        let options = options(seed, network.outputs());
        let bytes = network.to_onnx(&options).unwrap();
        let (again, options_again) = Network::from_onnx(&bytes).unwrap();
        assert_same(&network, &again);
        prop_assert_eq!(&options, &options_again);
        prop_assert_eq!(&bytes, &again.to_onnx(&options_again).unwrap());
    }

    #[test]
    fn convolutions_are_refused_and_everything_else_is_written(seed: u64) {
        let network = random_network(seed);
        let conv = network.layers().iter().position(|layer| layer.kind().starts_with("conv"));
        match (network.to_onnx(&Options::default()), conv) {
            (Ok(bytes), None) => assert_same(&network, &Network::from_onnx(&bytes).unwrap().0),
            (Err(error), Some(index)) => prop_assert_eq!(error.layer().unwrap().0, index),
            (result, conv) => panic!("{:?} with a convolution at {conv:?}", result.map(drop)),
        }
    }

    #[test]
    fn a_changed_byte_gives_a_network_that_can_be_written_or_an_error(seed in 0_u64..1000, at: usize, byte: u8) {
        let network = expressible(seed);
        let mut bytes = network.to_onnx(&options(seed, network.outputs())).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok((network, options)) = Network::from_onnx(&bytes) {
            let (again, options_again) = Network::from_onnx(&network.to_onnx(&options).unwrap()).unwrap();
            assert_same(&network, &again);
            prop_assert_eq!(options, options_again);
        }
    }

    #[test]
    fn any_bytes_give_a_network_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Network::from_onnx(&bytes);
    }
}

#[test]
fn every_beginning_of_a_file_is_refused_unless_only_notes_are_missing() {
    let network = expressible(5);
    let bytes = network.to_onnx(&Options::default()).unwrap();
    for end in 0..bytes.len() {
        // The operator set is the last field that must be there.
        if let Ok((again, _)) = Network::from_onnx(&bytes[..end]) {
            assert!(end + 200 > bytes.len(), "accepted {end} of {} bytes", bytes.len());
            assert_eq!(again.outputs(), network.outputs());
        }
    }
}

#[test]
fn networks_of_music_survive_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, network) in six() {
        let path = folder.path().join(format!("{name}.onnx"));
        network.write_onnx(&path, &Options::default()).unwrap();
        let (again, options) = Network::read_onnx(&path).unwrap();
        assert_same(&network, &again);
        assert_eq!(options, Options::default());
    }
    let error = Network::read_onnx(folder.path().join("missing.onnx")).unwrap_err();
    assert_eq!(error.file(), Some(&*folder.path().join("missing.onnx")));
    let path = folder.path().join("cut.onnx");
    std::fs::write(&path, [0x3A, 5]).unwrap();
    assert!(Network::read_onnx(&path).unwrap_err().to_string().contains("cut.onnx: expected 5 bytes"));
}

#[test]
fn options_that_a_file_cannot_say_are_refused() {
    let network = Network::new(3, vec![lstm(&mut Numbers(1), 3, 2)]).unwrap();
    let segment = |outputs, map| Options { output_map: vec![Segment { outputs, map }], ..Options::default() };
    let named = |input: &str, output: &str| Options {
        input: input.to_owned(),
        output: output.to_owned(),
        ..Options::default()
    };
    let noted = |keys: &[&str]| Options {
        metadata: keys.iter().map(|key| ((*key).to_owned(), String::new())).collect(),
        ..Options::default()
    };
    let softplus = |scale, low, high| OutputMap::ClampedSoftplus { offset: 0.0, scale, low, high };
    for (options, part) in [
        (named("", "y"), "input: expected a name"),
        (named("x", ""), "output: expected a name"),
        (named("x", "x"), "output: expected a name that the graph uses for nothing else, found \"x\""),
        (named("lstm_0_h_in", "y"), "input: expected a name that the graph uses for nothing else"),
        (named("x", "lstm_0_c_out"), "output: expected a name that the graph uses for nothing else"),
        (named("layers.0.W", "y"), "input: expected a name that the graph uses for nothing else"),
        (segment(1, OutputMap::Identity), "output_map: expected segments over all 2 outputs, found 1"),
        (segment(3, OutputMap::Identity), "found 3"),
        (segment(0, OutputMap::Identity), "output_map[0].outputs: expected at least 1"),
        (
            segment(2, OutputMap::ScaledSigmoid { low: 1.0, high: 0.0 }),
            "output_map[0].high: expected at least low = 1",
        ),
        (segment(2, OutputMap::ScaledSigmoid { low: f32::MIN, high: f32::MAX }), "finite"),
        (segment(2, softplus(f32::NAN, 0.0, 1.0)), "output_map[0].map: expected finite numbers"),
        (segment(2, softplus(1.0, 2.0, 1.0)), "output_map[0].high"),
        (noted(&["a", "a"]), "metadata[1]: expected a key of its own"),
        (noted(&[""]), "metadata[0]"),
        (noted(&["rtneural.layers"]), "metadata[0]"),
    ] {
        let message = network.to_onnx(&options).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let conv = Network::new(4, vec![conv1d(&mut Numbers(1), 4, 2, 1)]).unwrap();
    assert_eq!(
        conv.to_onnx(&Options::default()).unwrap_err().to_string(),
        "layers[0] (conv1d): expected a layer that is written as ONNX (any but conv1d and conv2d), found conv1d"
    );
}

#[test]
fn limits_bound_files_and_sizes() {
    let network = Network::new(3, vec![dense(&mut Numbers(1), 3, 5, None)]).unwrap();
    let bytes = network.to_onnx(&Options::default()).unwrap();
    let refuse = |limits: Limits| Network::from_onnx_with_limits(&bytes, &limits).unwrap_err().to_string();
    let limits = Limits::default();
    assert!(refuse(Limits { file_bytes: 10, ..limits }).contains("bytes, but the limit is 10"));
    assert!(refuse(Limits { layers: 0, ..limits }).contains("1 layers, but the limit is 0"));
    assert!(refuse(Limits { layer_size: 2, ..limits }).contains("n of 1 ... 2"));
    assert!(refuse(Limits { layer_size: 4, ..limits }).contains("1 ... 4 on axis 1"));
    assert!(refuse(Limits { parameters: 19, ..limits }).contains("20 parameters, but the limit is 19"));
    assert!(refuse(Limits { state_values: 5, ..limits }).contains("values of state"));
}

#[test]
fn output_maps_are_what_their_formulas_say() {
    // In f64, with ln(1 + e^x) as it stands: no value here overflows or vanishes.
    for step in -200..=200 {
        let x = step as f32 * 0.1;
        let wide = f64::from(x);
        let found = OutputMap::ScaledSigmoid { low: 0.2, high: 3.0 }.apply(x);
        assert!((f64::from(found) - (0.2 + 2.8 / (1.0 + (-wide).exp()))).abs() < 1e-6, "{x}: {found}");
        let found = OutputMap::ClampedSoftplus { offset: 0.1, scale: 0.5, low: 0.1, high: 5.0 }.apply(x);
        let expected = (0.1 + 0.5 * wide.exp().ln_1p()).clamp(0.1, 5.0);
        assert!((f64::from(found) - expected).abs() < 1e-6, "{x}: {found}");
        assert_eq!(OutputMap::Identity.apply(x), x);
    }
    let far = OutputMap::ClampedSoftplus { offset: 0.0, scale: 1.0, low: 0.0, high: 1e30 };
    assert_eq!([far.apply(1000.0), far.apply(-1000.0)], [1000.0, 0.0]);
}
