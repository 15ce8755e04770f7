//! The vectorised functions against f64.

use rtneural::{Activation, ActivationLayer, Layer, Level, Model, Network, Options};

/// The largest absolute difference that is promised.
const TOLERANCE: f64 = 5e-7;

fn model(level: Level, activation: Activation, size: usize) -> Model {
    let network = Network::new(size, vec![Layer::Activation(ActivationLayer { size, activation })]).unwrap();
    Model::new(&network, Options { level, ..Options::default() }).unwrap()
}

/// Even steps where the functions bend, and magnitudes of all exponents.
fn arguments() -> Vec<f32> {
    let even = (-200_000..=200_000).map(|step| step as f32 * 1e-4);
    let wide = (-126..128).flat_map(|exponent| {
        let power = 2.0_f32.powi(exponent);
        [power, -power, power * 1.37, -power * 1.37]
    });
    let special = [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, f32::INFINITY, f32::NEG_INFINITY];
    even.chain(wide).chain(special).collect()
}

#[test]
fn tanh_sigmoid_relu_and_elu_are_exact_to_five_ten_millionths() {
    type Exact = fn(f64) -> f64;
    let exact: [(Activation, Exact); 4] = [
        (Activation::Tanh, f64::tanh),
        (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Activation::Relu, |x| x.max(0.0)),
        (Activation::Elu, |x| if x > 0.0 { x } else { x.exp_m1() }),
    ];
    let arguments = arguments();
    for level in Level::available() {
        for (activation, exact) in exact {
            let model = model(level, activation, 1000);
            let (mut state, mut largest) = (model.state(), 0.0_f64);
            let mut output = vec![0.0; 1000];
            for chunk in arguments.chunks(1000) {
                let mut input = chunk.to_vec();
                input.resize(1000, 0.0);
                model.forward(&mut state, &input, &mut output).unwrap();
                for (x, y) in chunk.iter().zip(&output) {
                    let expected = exact(f64::from(*x));
                    // Infinite where the exact result is, or beyond f32.
                    if f64::from(*y) != expected {
                        largest = largest.max((f64::from(*y) - expected).abs());
                    }
                }
            }
            assert!(largest <= TOLERANCE, "{activation:?} on {level:?}: {largest:e}");
            println!("{activation:?} {level:?} {largest:e}");
        }
    }
}

#[test]
fn tanh_is_exact_relative_to_small_values_too() {
    for level in Level::available() {
        let model = model(level, Activation::Tanh, 1);
        let mut output = [0.0];
        for exponent in 1..100 {
            let x = 0.7_f32.powi(exponent);
            model.forward(&mut model.state(), &[x], &mut output).unwrap();
            let exact = f64::from(x).tanh();
            assert!(((f64::from(output[0]) - exact) / exact).abs() < TOLERANCE, "{x}: {}", output[0]);
        }
    }
}

#[test]
fn softmax_is_exact_and_sums_to_one() {
    let mut largest = 0.0_f64;
    for level in Level::available() {
        for size in [1, 2, 15, 16, 17, 63, 64, 65, 128, 1000] {
            let model = model(level, Activation::Softmax, size);
            for scale in [0.01_f32, 1.0, 10.0, 300.0] {
                let input: Vec<_> = (0..size).map(|index| (index as f32 * 1.7).sin() * scale).collect();
                let mut output = vec![0.0; size];
                model.forward(&mut model.state(), &input, &mut output).unwrap();
                let maximum = input.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let powers: Vec<_> =
                    input.iter().map(|x| (f64::from(*x) - f64::from(maximum)).exp()).collect();
                let sum: f64 = powers.iter().sum();
                for (y, power) in output.iter().zip(&powers) {
                    largest = largest.max((f64::from(*y) - power / sum).abs());
                }
            }
        }
    }
    assert!(largest <= TOLERANCE, "{largest:e}");
    println!("softmax {largest:e}");
}
