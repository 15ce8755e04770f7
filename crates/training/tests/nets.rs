//! What is exported is what was trained: layers, counts, and outputs equal to burn's.

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
    Standard, UNITS, trainable_parameters,
};
use dendrite_training::random::Random;
use rtneural::{Model, Network, Options};

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

fn agree(kind: ModelKind, network: &Network, values: &[f32], expected: &[f32]) {
    let checked = spec::check(kind, network, None).unwrap_or_else(|findings| panic!("{kind}: {findings:?}"));
    drop(checked);
    for found in run(kind, network, values) {
        assert_eq!(found.len(), expected.len());
        let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest <= TOLERANCE, "{kind}: {largest:e}");
    }
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
    let net = EmotionTrainer::new(&device).valid().net;
    let x = standardised(&values, &standard, [1, ROWS, 128]);
    let (logits, _) = net.forward(x, LstmState::zeros(1, UNITS, &plain));
    agree(ModelKind::Emotion, &net.export(&standard).unwrap(), &values, &rows(softmax(logits, 2)));

    let net = HarmonyNet::new(&device).valid();
    let said = softmax(net.forward(standardised(&values, &standard, [ROWS, 128])), 1);
    agree(ModelKind::Harmony, &net.export(&standard).unwrap(), &values, &rows(said));

    let (values, standard) = inputs(64);
    let net = MelodyNet::new(&device).valid();
    let x = standardised(&values, &standard, [1, ROWS, 64]);
    let (logits, _) = net.forward(x, MelodyState::zeros(1, &plain));
    agree(ModelKind::Melody, &net.export(&standard).unwrap(), &values, &rows(softmax(logits, 2)));

    let (values, standard) = inputs(32);
    let net = DynamicsNet::new(&device).valid();
    let said = net.forward(standardised(&values, &standard, [ROWS, 32]));
    agree(ModelKind::Dynamics, &net.export(&standard).unwrap(), &values, &rows(said));
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
    agree(ModelKind::Groove, &net.export(&standard).unwrap(), &values, &said);

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
    let said = rows(net.forward(standardised(&values, &standard, [ROWS, 60])));
    let network = net.export(&standard).unwrap();
    spec::check(ModelKind::Orbit, &network, None).unwrap();
    let [json, _] = run(ModelKind::Orbit, &network, &values);
    let largest = json.iter().zip(&said).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest <= TOLERANCE, "{largest:e}");
}
