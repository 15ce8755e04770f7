//! What holds for every network: interruption changes nothing, writing loses nothing, kinds and levels agree.

mod networks;

use networks::{Numbers, random_network, six};
use proptest::prelude::*;
use rtneural::{Layer, Level, Model, Network, Options, Progress, Weights};

const KINDS: [Weights; 3] = [Weights::F32, Weights::F16, Weights::Int8];

/// Outputs of some steps on inputs from a seed.
fn run(model: &Model, seed: u64, steps: usize) -> Vec<Vec<f32>> {
    let (mut numbers, mut state) = (Numbers(seed), model.state());
    let step = |_| {
        let mut output = vec![0.0; model.outputs()];
        model.forward(&mut state, &numbers.take(model.inputs(), 1.0), &mut output).unwrap();
        output
    };
    (0..steps).map(step).collect()
}

fn bits(rows: &[Vec<f32>]) -> Vec<u32> {
    rows.iter().flatten().map(|value| value.to_bits()).collect()
}

/// As `run`, in pieces of changing budgets; also checks that no piece does more than it may.
fn run_in_pieces(model: &Model, seed: u64, steps: usize, mut budget: impl FnMut() -> usize) -> Vec<Vec<f32>> {
    let (mut numbers, mut state) = (Numbers(seed), model.state());
    let step = |_| {
        model.start(&mut state, &numbers.take(model.inputs(), 1.0)).unwrap();
        let (mut allowed, mut calls) = (0, 0);
        loop {
            let budget = budget();
            allowed += budget.max(Model::UNIT);
            calls += 1;
            match model.forward_some(&mut state, budget).unwrap() {
                // A pass ends no sooner than its work allows.
                Progress::Done => break assert!(allowed >= model.work(), "{allowed} {}", model.work()),
                Progress::More => assert!(calls <= 1 + model.work(), "a call made no progress"),
            }
        }
        state.output().to_vec()
    };
    (0..steps).map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn forward_some_equals_forward_for_every_budget(seed: u64, budget in 0_usize..5000, kind in 0_usize..3) {
        let network = random_network(seed);
        for level in Level::available() {
            let options = Options { weights: KINDS[kind], level, fold_batch_norm: seed.is_multiple_of(2) };
            let model = Model::new(&network, options).unwrap();
            let whole = bits(&run(&model, seed, 4));
            prop_assert_eq!(&whole, &bits(&run_in_pieces(&model, seed, 4, || budget)));
            let mut numbers = Numbers(seed);
            prop_assert_eq!(&whole, &bits(&run_in_pieces(&model, seed, 4, || numbers.below(3000))));
        }
    }

    #[test]
    fn levels_agree(seed: u64, kind in 0_usize..3) {
        // Different orders of adding and fused or unfused products: some 1e-7 per layer, times what layers amplify.
        // 8-bit inputs may round the other way, which is worth a 16-bit step.
        let network = random_network(seed);
        let tolerance = if KINDS[kind] == Weights::Int8 { 3e-3 } else { 2e-4 };
        let outputs: Vec<_> = Level::available()
            .into_iter()
            .map(|level| {
                let options = Options { weights: KINDS[kind], level, ..Options::default() };
                run(&Model::new(&network, options).unwrap(), seed, 3)
            })
            .collect();
        for other in &outputs[1..] {
            for (a, b) in outputs[0].iter().flatten().zip(other.iter().flatten()) {
                prop_assert!((a - b).abs() <= tolerance * (1.0 + a.abs()), "{a} {b}");
            }
        }
    }

    #[test]
    fn sums_of_whole_numbers_are_the_same_on_every_level(
        inputs in 1_usize..300,
        outputs in 1_usize..200,
        seed: u64,
        extreme: bool,
    ) {
        // Extreme: every input and every weight is the greatest, so that the sums are as large as they get.
        let mut numbers = Numbers(seed);
        let mut take = |count| if extreme { vec![1.0; count] } else { numbers.take(count, 1.0) };
        let (kernel, input) = (take(inputs * outputs), take(inputs));
        let layer = rtneural::Dense {
            inputs,
            outputs,
            kernel,
            bias: None,
            activation: None,
            time_distributed: false,
        };
        let network = Network::new(inputs, vec![rtneural::Layer::Dense(layer)]).unwrap();
        let mut rows = Vec::new();
        for level in Level::available() {
            let model = Model::new(&network, Options { weights: Weights::Int8, level, ..Options::default() });
            let (model, mut output) = (model.unwrap(), vec![0.0; outputs]);
            model.forward(&mut model.state(), &input, &mut output).unwrap();
            rows.push(output);
        }
        if extreme {
            // The weights are 127 times 1/127 and the inputs 32,767 times 1/32,767 exactly; what is left is rounding.
            let exact = inputs as f32;
            prop_assert!(rows[0].iter().all(|sum| (sum - exact).abs() <= 1e-6 * exact), "{:?}", rows[0]);
        }
        for other in &rows[1..] {
            prop_assert_eq!(bits(&rows[..1]), bits(std::slice::from_ref(other)));
        }
    }

    #[test]
    fn written_networks_are_read_back_bit_for_bit(seed: u64) {
        let network = random_network(seed);
        let text = network.to_json();
        let again = Network::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(&network, &again);
        prop_assert_eq!(&text, &again.to_json());
    }

    #[test]
    fn every_f32_survives_writing_and_reading(raw in proptest::collection::vec(any::<u32>(), 64)) {
        let kernel: Vec<_> = raw.into_iter().map(f32::from_bits).filter(|value| value.is_finite()).collect();
        prop_assume!(!kernel.is_empty());
        let layer = rtneural::Dense {
            inputs: 1,
            outputs: kernel.len(),
            kernel: kernel.clone(),
            bias: None,
            activation: None,
            time_distributed: false,
        };
        let network = Network::new(1, vec![rtneural::Layer::Dense(layer)]).unwrap();
        let again = Network::from_json(network.to_json().as_bytes()).unwrap();
        let rtneural::Layer::Dense(dense) = &again.layers()[0] else { panic!("another layer") };
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&kernel), bits(&dense.kernel));
    }

    #[test]
    fn any_bytes_give_a_network_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Network::from_json(&bytes);
    }

    #[test]
    fn a_changed_byte_gives_a_network_or_an_error(seed in 0_u64..1000, at: usize, byte: u8) {
        let mut bytes = random_network(seed).to_json().into_bytes();
        bytes.truncate(3000);
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Network::from_json(&bytes);
    }
}

#[test]
fn folding_batch_norm_changes_rounding_only() {
    for (name, network) in six() {
        let run = |fold_batch_norm| {
            run(&Model::new(&network, Options { fold_batch_norm, ..Options::default() }).unwrap(), 1, 20)
        };
        for (a, b) in run(true).iter().flatten().zip(run(false).iter().flatten()) {
            assert!((a - b).abs() <= 3e-6 * (1.0 + a.abs()), "{name}: {a} {b}");
        }
    }
}

#[test]
fn f16_stays_within_two_thousandths() {
    for (name, network) in six() {
        let run = |weights| run(&Model::new(&network, Options::with_weights(weights)).unwrap(), 2, 200);
        let (f32s, f16s) = (run(Weights::F32), run(Weights::F16));
        for (a, b) in f32s.iter().flatten().zip(f16s.iter().flatten()) {
            assert!((a - b).abs() <= 2e-3 * (1.0 + a.abs()), "{name}: {a} {b}");
        }
    }
}

#[test]
fn int8_keeps_the_distribution_of_softmax_outputs() {
    // Kullback-Leibler divergence of at most 0.01 nats, over recurrent steps.
    for (name, network) in six().into_iter().take(3) {
        let run = |weights| run(&Model::new(&network, Options::with_weights(weights)).unwrap(), 3, 500);
        for (p, q) in run(Weights::F32).iter().zip(run(Weights::Int8)) {
            let divergence: f32 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
            assert!(divergence <= 0.01, "{name}: {divergence}");
        }
    }
}

#[test]
fn half_and_quarter_bytes() {
    let bytes = |weights| -> usize {
        let model =
            |(_, network): &(_, Network)| Model::new(network, Options::with_weights(weights)).unwrap();
        six().iter().map(|network| model(network).bytes()).sum()
    };
    // 1.11 million weights, and biases and scales that stay f32.
    assert!(bytes(Weights::F32) <= 4_500_000, "{}", bytes(Weights::F32));
    assert!(bytes(Weights::F16) <= 2_300_000, "{}", bytes(Weights::F16));
    assert!(bytes(Weights::Int8) <= 1_200_000, "{}", bytes(Weights::Int8));
}

#[test]
fn models_packed_together_run_as_before_with_states_made_before() {
    for weights in KINDS {
        let models: Vec<_> = six()
            .iter()
            .map(|(_, network)| Model::new(network, Options::with_weights(weights)).unwrap())
            .collect();
        for (before, after) in models.iter().zip(Model::pack_together(&models)) {
            assert_eq!(bits(&run(before, 4, 3)), bits(&run(&after, 4, 3)));
            let mut output = vec![0.0; after.outputs()];
            after.forward(&mut before.state(), &vec![0.0; after.inputs()], &mut output).unwrap();
        }
    }
}

#[test]
fn reset_gives_the_first_outputs_again_even_in_the_middle_of_a_pass() {
    for seed in 0..20 {
        let model = Model::new(&random_network(seed), Options::default()).unwrap();
        let (mut state, input) = (model.state(), vec![0.5; model.inputs()]);
        let mut first = vec![0.0; model.outputs()];
        model.forward(&mut state, &input, &mut first).unwrap();
        model.start(&mut state, &input).unwrap();
        let _ = model.forward_some(&mut state, model.work() / 2).unwrap();
        state.reset();
        let mut again = vec![0.0; model.outputs()];
        model.forward(&mut state, &input, &mut again).unwrap();
        assert_eq!(first, again);
    }
}

#[test]
fn nan_comes_out_where_nan_went_in() {
    for weights in KINDS {
        for level in Level::available() {
            for (name, network) in six() {
                let model = Model::new(&network, Options { weights, level, ..Options::default() }).unwrap();
                let mut input = vec![0.1; model.inputs()];
                input[3] = f32::NAN;
                let mut output = vec![0.0; model.outputs()];
                model.forward(&mut model.state(), &input, &mut output).unwrap();
                assert!(
                    output.iter().all(|value| value.is_nan()),
                    "{name} {weights:?} {level:?}: {output:?}"
                );
            }
        }
    }
}

#[test]
fn models_are_shared_and_states_are_sent_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Model>();
    sent::<rtneural::State>();
}

#[test]
fn misuse_is_an_error_and_does_nothing() {
    use rtneural::RunError;
    let (one, other) = (random_network(1), random_network(2));
    let (one, other) =
        (Model::new(&one, Options::default()).unwrap(), Model::new(&other, Options::default()).unwrap());
    let (input, mut output) = (vec![0.0; one.inputs()], vec![0.0; one.outputs()]);
    let mut state = one.state();
    let found = one.inputs() - 1;
    let expected = RunError::Input { expected: one.inputs(), found };
    assert_eq!(one.forward(&mut state, &input[1..], &mut output), Err(expected));
    let expected = RunError::Output { expected: one.outputs(), found: 0 };
    assert_eq!(one.forward(&mut state, &input, &mut []), Err(expected));
    assert_eq!(one.forward(&mut other.state(), &input, &mut output), Err(RunError::State));
    assert_eq!(one.forward_some(&mut state, 1), Err(RunError::NotStarted));
    one.start(&mut state, &input).unwrap();
    assert_eq!(one.start(&mut state, &input), Err(RunError::Unfinished));
    assert_eq!(one.forward(&mut state, &input, &mut output), Err(RunError::Unfinished));
}

#[test]
fn f16_refuses_what_it_cannot_hold() {
    let text = r#"{"in_shape": [1], "layers": [{"type": "dense", "shape": [1], "weights": [[[70000]]]}]}"#;
    let network = Network::from_json(text.as_bytes()).unwrap();
    let message = Model::new(&network, Options::with_weights(Weights::F16)).unwrap_err().to_string();
    assert!(message.contains("layers[0] (dense)") && message.contains("70000"), "{message}");
}

/// Inputs of a network that are alike, as neighbouring bands are, meet rounding errors that cancel: the sum is off by half a step at
/// most, where errors on their own would add up to several.
#[test]
fn rounding_errors_of_the_first_layer_cancel_over_inputs_that_are_alike() {
    let (inputs, outputs) = (128, 16);
    let mut numbers = Numbers(5);
    let layer = networks::dense(&mut numbers, inputs, outputs, None);
    let Layer::Dense(dense) = &layer else { unreachable!() };
    let steps: Vec<f32> = (0..outputs)
        .map(|column| {
            let column = dense.kernel.iter().skip(column).step_by(outputs);
            column.fold(0.0_f32, |greatest, weight| greatest.max(weight.abs())) / 127.0
        })
        .collect();
    let network = Network::new(inputs, vec![layer.clone()]).unwrap();
    let run = |weights, level: f32| {
        let model = Model::new(&network, Options::with_weights(weights)).unwrap();
        let mut said = vec![0.0; outputs];
        model.forward(&mut model.state(), &vec![level; inputs], &mut said).unwrap();
        said
    };
    for level in [0.2, 0.7, 1.0] {
        for ((exact, whole), step) in
            run(Weights::F32, level).iter().zip(run(Weights::Int8, level)).zip(&steps)
        {
            assert!((exact - whole).abs() <= 0.51 * level * step + 1e-4, "{exact} {whole} {step}");
        }
    }
}
