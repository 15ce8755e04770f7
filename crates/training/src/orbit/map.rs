//! The output map as tensors: what `dendrite_pipeline::OrbitControls::of` does, with gradients.

use std::cmp::Ordering;

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use dendrite_orbit::{OMEGA_RANGE, S_RANGE};

/// Raw outputs `[batch, time, 3 + bands]` of the network to control signals of the same shape, in the order of
/// [`SIGNALS`](super::SIGNALS): s = 0.2 + 2.8 σ(y0), alpha = σ(y1), omega_scale = clamp(0.1 + 0.5 softplus(y2), 0.1, 5), gates =
/// σ(y3 ...).
pub fn map_outputs(outputs: Tensor<3>) -> Tensor<3> {
    let [_, _, signals] = outputs.dims();
    let s = sigmoid(outputs.clone().narrow(2, 0, 1)) * (S_RANGE[1] - S_RANGE[0]) + S_RANGE[0];
    let alpha = sigmoid(outputs.clone().narrow(2, 1, 1));
    let omega_scale = softplus(outputs.clone().narrow(2, 2, 1)) * 0.5 + 0.1;
    let omega_scale = omega_scale.clamp(OMEGA_RANGE[0], OMEGA_RANGE[1]);
    let gates = sigmoid(outputs.narrow(2, 3, signals - 3));
    Tensor::cat(vec![s, alpha, omega_scale, gates], 2)
}

/// The signals of a model with other than six gates as the orbit is given them, `[batch, time, 9]`: gates that the model does
/// not have are shut, those that it has beyond the sixth say nothing.
pub fn six_gates(signals: Tensor<3>) -> Tensor<3> {
    let ([batch, time, count], nine) = (signals.dims(), super::SIGNALS.len());
    match count.cmp(&nine) {
        Ordering::Less => {
            let shut = Tensor::zeros([batch, time, nine - count], &signals.device());
            Tensor::cat(vec![signals, shut], 2)
        }
        Ordering::Equal => signals,
        Ordering::Greater => signals.narrow(2, 0, nine),
    }
}

/// ln(1 + e^x) without overflow.
fn softplus(x: Tensor<3>) -> Tensor<3> {
    x.clone().clamp_min(0.0) + x.abs().neg().exp().log1p()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use dendrite_pipeline::OrbitControls;

    use super::*;
    use crate::nets::layers::values;

    #[test]
    fn agrees_with_the_map_that_plays() {
        let rows: Vec<[f32; 9]> = (0..200)
            .map(|row| std::array::from_fn(|i| ((row * 9 + i) as f32 * 0.7312).sin() * 0.2 * row as f32))
            .collect();
        let data = TensorData::new(rows.as_flattened().to_vec(), [10, 20, 9]);
        let mapped = values(map_outputs(Tensor::from_data(data, &Device::flex())));
        for (row, mapped) in rows.iter().zip(mapped.chunks_exact(9)) {
            let OrbitControls { s, alpha, omega_scale, gates } = OrbitControls::of(row);
            let expected = [&[s, alpha, omega_scale], &gates[..]].concat();
            for (a, b) in expected.iter().zip(mapped) {
                // f32 against f64: up to 3, so half a unit in the last place is 1.2e-7.
                assert!((a - f64::from(*b)).abs() <= 1e-6, "{a} {b}");
            }
        }
    }

    #[test]
    fn other_numbers_of_gates_are_what_the_engine_makes_of_them() {
        for bands in 1..=8 {
            let row: Vec<f32> = (0..3 + bands).map(|i| (i as f32 * 1.7).sin()).collect();
            let data = TensorData::new(row.clone(), [1, 1, 3 + bands]);
            let mapped = values(six_gates(map_outputs(Tensor::from_data(data, &Device::flex()))));
            let gates = OrbitControls::of(&row).gates;
            assert_eq!(mapped.len(), 9);
            for (a, b) in gates.iter().zip(&mapped[3..]) {
                assert!((a - f64::from(*b)).abs() <= 1e-6, "{bands} gates: {a} {b}");
            }
        }
    }

    #[test]
    fn extreme_outputs_stay_in_range_and_have_finite_gradients() {
        let device = Device::flex().autodiff();
        let rows: Vec<f32> = [-1e4, -100.0, 0.0, 100.0, 1e4].iter().flat_map(|y| [*y; 9]).collect();
        let outputs = Tensor::<3>::from_data(TensorData::new(rows, [1, 5, 9]), &device).require_grad();
        let mapped = map_outputs(outputs.clone());
        let gradients = mapped.clone().sum().backward();
        assert!(values(outputs.grad(&gradients).unwrap()).iter().all(|gradient| gradient.is_finite()));
        for row in values(mapped.inner()).chunks_exact(9) {
            assert!((0.2..=3.0).contains(&row[0]) && (0.1..=5.0).contains(&row[2]));
            assert!(row[1..2].iter().chain(&row[3..]).all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
