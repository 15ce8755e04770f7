//! What is exported is what was trained: layers, counts, and outputs equal to burn's.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{self, OrbitShape};
use dendrite_training::export::onnx_options;
use dendrite_training::nets::layers::LstmState;
use dendrite_training::nets::{
    DynamicsNet, EmotionNet, EmotionTrainer, GrooveNet, HarmonyNet, MelodyNet, MelodyState, OrbitNet,
    Standard, UNITS, ears, trainable_parameters,
};
use dendrite_training::orbit::map_outputs;
use dendrite_training::random::Random;
use rtneural::{Layer, Model, Network, Options, Weights};

/// Inputs that are compared; the contract asks for a thousand.
const ROWS: usize = 1_000;
/// Largest difference, the contract's.
const TOLERANCE: f32 = 1e-5;

fn device() -> Device {
    Device::flex().autodiff()
}

/// Raw inputs in 0..1, and a standardisation that is not the identity.
fn inputs(count: usize) -> (Vec<f32>, Standard) {
    let mut random = Random::new(3);
    let values = (0..ROWS * count).map(|_| 0.5 + 0.5 * random.symmetric()).collect();
    let standard = Standard {
        mean: (0..count).map(|i| 0.3 + 0.4 * (i % 7) as f64 / 7.0).collect(),
        deviation: (0..count).map(|i| 0.1 + 0.3 * (i % 5) as f64 / 5.0).collect(),
    };
    (values, standard)
}

fn standardised<const D: usize>(values: &[f32], standard: &Standard, shape: [usize; D]) -> Tensor<D> {
    let mut values = values.to_vec();
    standard.apply(&mut values);
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn rows<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

/// The exported network over the rows, state kept; written and read in between, as JSON and as ONNX.
fn run(kind: ModelKind, network: &Network, values: &[f32]) -> [Vec<f32>; 2] {
    let json = Network::from_json(network.to_json().as_bytes()).expect("it is read back");
    let bytes = network.to_onnx(&onnx_options(kind, network)).expect("it can be written");
    let (onnx, _) = Network::from_onnx(&bytes).expect("it is read back");
    [json, onnx].map(|network| {
        let model = Model::new(&network, Options::default()).expect("it runs");
        let (mut state, mut outputs) = (model.state(), Vec::new());
        for row in values.chunks_exact(model.inputs()) {
            let mut output = vec![0.0; model.outputs()];
            model.forward(&mut state, row, &mut output).expect("sizes fit");
            outputs.extend(output);
        }
        outputs
    })
}

/// Our own reader and runtime agree with burn; the ONNX file, its inputs and what burn says are left in target/tmp/onnx, where
/// `tests/reference/onnx_check.py` holds them against ONNX Runtime. The orbit's file has the output map in it: `mapped`.
fn agree(kind: ModelKind, network: &Network, values: &[f32], expected: &[f32], mapped: Option<Vec<f32>>) {
    let checked = spec::check(kind, network, None).unwrap_or_else(|findings| panic!("{kind}: {findings:?}"));
    drop(checked);
    for found in run(kind, network, values) {
        assert_eq!(found.len(), expected.len());
        let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest <= TOLERANCE, "{kind}: {largest:e}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx").join(kind.name());
    fs::create_dir_all(&folder).unwrap();
    let file = |ending: &str| folder.join(format!("{}.{ending}", kind.name()));
    let little = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    fs::write(file("onnx"), network.to_onnx(&onnx_options(kind, network)).unwrap()).unwrap();
    fs::write(file("inputs.f32"), little(values)).unwrap();
    fs::write(file("outputs.f32"), little(&mapped.unwrap_or_else(|| expected.to_vec()))).unwrap();
    // Rows follow one another in time for all, so that states are carried.
    let case = serde_json::json!([{"name": kind.name(), "steps": ROWS, "batch": 1, "tolerance": TOLERANCE}]);
    fs::write(folder.join("index.json"), case.to_string()).unwrap();
}

#[test]
fn parameters_are_exactly_the_contracts() {
    let device = device();
    let shape = OrbitShape::default();
    let counts = [
        trainable_parameters(&EmotionNet::new(&device)),
        trainable_parameters(&MelodyNet::new(&device)),
        trainable_parameters(&HarmonyNet::new(&device)),
        trainable_parameters(&DynamicsNet::new(&device)),
        trainable_parameters(&GrooveNet::new(&device)),
        trainable_parameters(&OrbitNet::new(shape, &device)),
    ];
    assert_eq!(counts, ModelKind::ALL.map(ModelKind::parameters));
}

#[test]
fn exported_networks_say_what_burn_says() {
    let device = device();
    let plain = Device::flex();

    let (values, standard) = inputs(128);
    let net = EmotionTrainer::new(&device).counting_attacks(&standard).valid().net;
    let x = standardised(&values, &standard, [1, ROWS, 128]);
    let (logits, _) = net.forward(x, LstmState::zeros(1, UNITS, &plain));
    agree(ModelKind::Emotion, &net.export(&standard).unwrap(), &values, &rows(softmax(logits, 2)), None);

    let net = HarmonyNet::new(&device).valid();
    let said = softmax(net.forward(standardised(&values, &standard, [ROWS, 128])), 1);
    agree(ModelKind::Harmony, &net.export(&standard).unwrap(), &values, &rows(said), None);

    let (values, standard) = inputs(64);
    let net = MelodyNet::new(&device).valid();
    let x = standardised(&values, &standard, [1, ROWS, 64]);
    let (logits, _) = net.forward(x, MelodyState::zeros(1, &plain));
    agree(ModelKind::Melody, &net.export(&standard).unwrap(), &values, &rows(softmax(logits, 2)), None);

    let (values, standard) = inputs(32);
    let net = DynamicsNet::new(&device).valid();
    let said = net.forward(standardised(&values, &standard, [ROWS, 32]));
    agree(ModelKind::Dynamics, &net.export(&standard).unwrap(), &values, &rows(said), None);
}

/// Batch norm has to have seen something before its running statistics are worth a comparison.
#[test]
fn batch_norm_is_exported_with_its_running_statistics() {
    let device = device();
    let (values, standard) = inputs(64);
    let batch = |device: &Device| {
        let mut values = values.clone();
        standard.apply(&mut values);
        Tensor::<2>::from_data(TensorData::new(values, [ROWS, 64]), device)
    };
    let mut net = GrooveNet::new(&device);
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..20 {
        let loss = (net.forward(batch(&device)) - 0.3).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(1e-3, net, gradients);
    }
    let net = net.valid();
    let said = rows(net.forward(batch(&Device::flex())));
    agree(ModelKind::Groove, &net.export(&standard).unwrap(), &values, &said, None);

    let (values, standard) = inputs(60);
    let mut net = OrbitNet::new(OrbitShape::default(), &device);
    for _ in 0..20 {
        let mut values = values.clone();
        standard.apply(&mut values);
        let x = Tensor::<2>::from_data(TensorData::new(values, [ROWS, 60]), &device);
        let loss = (net.forward(x) - 0.3).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(1e-3, net, gradients);
    }
    let net = net.valid();
    let said = net.forward(standardised(&values, &standard, [ROWS, 60]));
    let mapped = rows(map_outputs(said.clone().reshape([1, ROWS, 9])));
    agree(ModelKind::Orbit, &net.export(&standard).unwrap(), &values, &rows(said), Some(mapped));
}

/// The emotion model begins with units that count attacks. Played as the plug-in plays it, at any level and against a
/// background that stays, they say how many peaks there were, each weighing less the longer ago it was.
#[test]
fn an_untrained_emotion_model_counts_attacks() {
    let device = device();
    let (_, standard) = inputs(128);
    let net = EmotionTrainer::new(&device).counting_attacks(&standard).valid().net;
    let whole = net.export(&standard).unwrap();
    let up_to_memory = Network::new(128, whole.layers()[..3].to_vec()).unwrap();
    for (weights, level) in [(Weights::F32, 0.3), (Weights::F16, 0.3), (Weights::F16, 0.6)] {
        let model = Model::new(&up_to_memory, Options::with_weights(weights)).unwrap();
        let mut before = 0.0;
        for every in [47, 23, 12, 6] {
            let (mut state, mut memory) = (model.state(), [0.0; UNITS]);
            let mut expected = 0.0;
            let (time, hops) = (1, f64::from(ears::HOPS[1]));
            for hop in 0..600 {
                // Rises by 12 dB in the lower half of the bands, then falls by 3 dB a hop; the rest stays.
                let fall = 0.15 - 0.0375 * (hop % every) as f32;
                let frame: Vec<f32> =
                    (0..128).map(|band| level + if band < 64 { fall.max(0.0) } else { 0.1 }).collect();
                model.forward(&mut state, &frame, &mut memory).unwrap();
                // A peak is known two hops later and counted in the next. The first is the beginning of everything.
                let peak = hop >= 3 && (hop - 3) % every == 0;
                expected += f64::from(u8::from(peak)) - expected / hops;
            }
            let counted = f64::from(memory[ears::counter(0, time)]).atanh() * hops / f64::from(ears::FULL);
            assert!(
                (counted / expected - 1.0).abs() < 0.06,
                "{weights:?} {level} {every}: {counted} {expected}"
            );
            assert!(counted > before, "{weights:?} {level} {every}: not more than at half the rate");
            before = counted;
        }
        // Something that stays is no attack.
        let (mut state, mut memory) = (model.state(), [0.0; UNITS]);
        for _ in 0..2_000 {
            model.forward(&mut state, &[level; 128], &mut memory).unwrap();
        }
        let counted = memory[ears::counter(0, 2)];
        assert!(counted < 0.03, "{counted} of nothing");
    }
}

/// What counts stays what it was; the rest learns.
#[test]
fn training_leaves_the_counters_as_they_are() {
    let device = device();
    let (values, standard) = inputs(128);
    let net = EmotionTrainer::new(&device).counting_attacks(&standard);
    let before = net.clone().valid().net.export(&standard).unwrap();
    let mut optimizer = AdamConfig::new().init();
    let mut standardised = values;
    standard.apply(&mut standardised);
    let x: Tensor<3> = Tensor::from_data(TensorData::new(standardised, [10, ROWS / 10, 128]), &device);
    let (told, _) = net.forward(x, LstmState::zeros(10, UNITS, &device));
    let loss = told.mood.square().mean() + told.pitches.square().mean() + told.heard.square().mean();
    let gradients = GradientsParams::from_grads(loss.backward(), &net);
    let after = optimizer.step(1e-2, net, gradients).valid().net.export(&standard).unwrap();
    let columns = |network: &Network, layer: usize| -> (Vec<f32>, Vec<f32>) {
        let (kernels, width, held) = match &network.layers()[layer] {
            Layer::Dense(dense) => (vec![&dense.kernel], dense.outputs, ears::BANDS),
            Layer::Lstm(lstm) => (vec![&lstm.kernel, &lstm.recurrent, &lstm.bias], 4 * UNITS, ears::UNITS),
            _ => unreachable!(),
        };
        let unit = |column: usize| if layer == 2 { column % UNITS } else { column };
        kernels
            .into_iter()
            .flat_map(|kernel| kernel.iter().enumerate())
            .map(|(at, &weight)| (unit(at % width) < held, weight))
            .fold((Vec::new(), Vec::new()), |mut kinds, (is_held, weight)| {
                if is_held {
                    kinds.0.push(weight)
                } else {
                    kinds.1.push(weight)
                }
                kinds
            })
    };
    for layer in 0..3 {
        let ((held, free), (held_now, free_now)) = (columns(&before, layer), columns(&after, layer));
        assert_eq!(held, held_now, "layer {layer}");
        let changed = free.iter().zip(&free_now).filter(|(before, now)| before != now).count();
        assert!(changed * 10 > 9 * free.len(), "layer {layer}: {changed} of {}", free.len());
    }
}
