//! How much the picture changes when c moves, as a small smooth function with gradients.
//!
//! ```text
//! c before, c now ──> middle (re, |im|), ln |dc|, direction ──┐
//! s with the impact, ln R of the component ───────────────────┴─> 32 tanh ─> 32 tanh ─┬─> ln mean |luminance change|
//!                                                                                     └─> ln mean luminance
//! ```
//! Fitted to pictures that were really drawn: 320 x 180, neutral look, of orbits that play music ([`Sample`]). How well it
//! predicts unseen music is measured by [`ChangeProxy::agreement`]; the example `fit_change_proxy` fits the one that is
//! kept in `change_proxy.json`. Everything else trains against it and is measured with pictures.

use burn::module::Module;
use burn::nn::Linear;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor, TensorData};
use dendrite_julia::sync;
use dendrite_orbit::{Atlas, IMPACT_S, OrbitState, Settings};
use serde::{Deserialize, Serialize};

use super::synthesis::Motion;
use crate::nets::layers::{dense, values};

/// What the network sees, see the file's head.
const INPUTS: usize = 7;
const UNITS: usize = 32;
/// Change and luminance.
const OUTPUTS: usize = 2;

/// Added to |dc| and to the luminance change under the logarithm: both are noise below it (the dither of a picture alone
/// changes 1e-4).
const LEAST: f64 = 2e-4;

/// One hop of an orbit that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// c of the hop before and of this one.
    pub c: [[f64; 2]; 2],
    /// s of this hop, the impact included.
    pub kicked_s: f64,
    /// R of the component.
    pub radius: f64,
    /// Mean luminance change from the picture before.
    pub change: f32,
    /// Mean luminance.
    pub luminance: f32,
}

/// Draws an orbit's hops and gives one sample for each but the first. Takes about two milliseconds per hop.
pub fn draw_samples(states: &[OrbitState], settings: &Settings) -> Vec<Sample> {
    let (changes, luminances) = sync::change_series(states.iter().map(|state| state.c));
    states
        .windows(2)
        .zip(changes.iter().zip(luminances).skip(1))
        .map(|(pair, (change, luminance))| {
            let impact = f64::from(pair[1].impact) * settings.impact_amount;
            Sample {
                c: [pair[0].c, pair[1].c],
                kicked_s: pair[1].s + impact * (IMPACT_S - pair[1].s).max(0.0),
                radius: Atlas::shared().get(pair[1].component).map_or(0.5, |on| on.radius()),
                change: *change,
                luminance,
            }
        })
        .collect()
}

/// The network while it is fitted.
#[derive(Module, Debug)]
struct Fit {
    layers: Vec<Linear>,
}

impl Fit {
    fn new(device: &Device) -> Self {
        let sizes = [INPUTS, UNITS, UNITS, OUTPUTS];
        Self { layers: sizes.windows(2).map(|pair| dense(pair[0], pair[1], device)).collect() }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(inputs, |x, (i, layer)| {
            let y = layer.forward(x);
            if i < last { tanh(y) } else { y }
        })
    }
}

/// One dense layer's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Layer {
    /// `[inputs][outputs]`, row by row.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// The fitted function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeProxy {
    /// Means and deviations of the inputs.
    mean: [f32; INPUTS],
    deviation: [f32; INPUTS],
    layers: Vec<Layer>,
}

/// How well a proxy predicts drawn pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Correlation of the predicted with the drawn luminance change.
    pub change_r: f64,
    /// The same of the logarithms.
    pub ln_change_r: f64,
    /// Correlation of the predicted with the drawn mean luminance.
    pub luminance_r: f64,
    /// Correlation of |dc| alone with the drawn change, for comparison.
    pub way_r: f64,
}

/// A hop's change and mean luminance, each `[batch, time - 1]`.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Mean absolute luminance change from the hop before.
    pub change: Tensor<2>,
    /// Mean luminance.
    pub luminance: Tensor<2>,
}

impl ChangeProxy {
    /// The proxy that is kept with the source.
    ///
    /// # Errors
    /// The kept file does not hold one.
    pub fn kept() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("change_proxy.json"))
    }

    /// Fits a proxy to samples: `steps` of Adam at 5e-3, falling, on batches of 512.
    pub fn fit(samples: &[Sample], steps: usize, seed: u64) -> Self {
        const BATCH: usize = 512;
        let rows: Vec<[f32; INPUTS]> = samples.iter().map(inputs_of).collect();
        let mut proxy = Self { mean: [0.0; INPUTS], deviation: [1.0; INPUTS], layers: Vec::new() };
        for i in 0..INPUTS {
            let count = rows.len().max(1) as f64;
            let mean = rows.iter().map(|row| f64::from(row[i])).sum::<f64>() / count;
            let variance = rows.iter().map(|row| (f64::from(row[i]) - mean).powi(2)).sum::<f64>() / count;
            proxy.mean[i] = mean as f32;
            proxy.deviation[i] = variance.sqrt().max(1e-3) as f32;
        }
        let targets: Vec<[f32; OUTPUTS]> = samples
            .iter()
            .map(|sample| {
                let ln = |x: f32, least: f64| (f64::from(x) + least).ln() as f32;
                [ln(sample.change, LEAST), ln(sample.luminance, 1e-3)]
            })
            .collect();

        let device = Device::flex().autodiff();
        device.seed(seed);
        let mut net = Fit::new(&device);
        let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();
        let mut draw = crate::random::Random::new(seed);
        for step in 0..steps {
            let picked: Vec<usize> = (0..BATCH).map(|_| draw.below(rows.len().max(1))).collect();
            let x: Vec<f32> = picked.iter().flat_map(|&k| rows[k]).collect();
            let y: Vec<f32> = picked.iter().flat_map(|&k| targets[k]).collect();
            let x = proxy.standardise(Tensor::from_data(TensorData::new(x, [BATCH, INPUTS]), &device));
            let y: Tensor<2> = Tensor::from_data(TensorData::new(y, [BATCH, OUTPUTS]), &device);
            let loss = (net.forward(x) - y).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            let rate = 5e-3 * (1.0 - step as f64 / steps as f64).max(0.02);
            net = optimiser.step(rate, net, gradients);
        }
        proxy.layers = net
            .layers
            .iter()
            .map(|layer| Layer {
                weight: values(layer.weight.val()),
                bias: layer.bias.as_ref().map_or_else(Vec::new, |bias| values(bias.val())),
            })
            .collect();
        proxy
    }

    /// What is seen of a motion from its second hop on, with gradients by c, s and nothing else.
    pub fn seen(&self, motion: &Motion) -> Seen {
        let [batch, time, _] = motion.c.dims();
        let later = |x: &Tensor<2>| x.clone().narrow(1, 1, time - 1);
        let part = |i: usize| motion.c.clone().narrow(2, i, 1).squeeze_dim::<2>(2);
        let (re, im) = (part(0), part(1));
        let middle = |x: &Tensor<2>| (later(x) + x.clone().narrow(1, 0, time - 1)) * 0.5;
        let step = |x: &Tensor<2>| later(x) - x.clone().narrow(1, 0, time - 1);
        let (dx, dy) = (step(&re), step(&im));
        let square = dx.clone().square() + dy.clone().square() + 1e-12;
        let way = square.clone().sqrt();
        // The picture of the conjugate is the mirror image, so that only |im| counts and directions are mirrored with it.
        let height = middle(&im);
        let sign = height.clone().detach().sign();
        let columns = vec![
            middle(&re),
            height * sign.clone(),
            later(&motion.kicked_s),
            motion.radius.clone().log().expand([batch, time - 1]),
            (way + LEAST).log(),
            (dx.clone().square() - dy.clone().square()) / square.clone(),
            dx * dy * sign * 2.0 / square,
        ];
        let inputs = Tensor::stack::<3>(columns, 2).reshape([batch * (time - 1), INPUTS]);
        let logs = self.forward(inputs).reshape([batch, time - 1, OUTPUTS]);
        let log = |i: usize| logs.clone().narrow(2, i, 1).squeeze_dim::<2>(2);
        Seen { change: log(0).exp() - LEAST, luminance: log(1).exp() - 1e-3 }
    }

    /// How well it predicts samples it has not seen.
    pub fn agreement(&self, samples: &[Sample]) -> Agreement {
        let rows: Vec<f32> = samples.iter().flat_map(inputs_of).collect();
        let inputs = Tensor::from_data(TensorData::new(rows, [samples.len(), INPUTS]), &Device::flex());
        let logs = values(self.forward(inputs));
        // Predicted change and luminance of each sample.
        let predicted: Vec<[f64; OUTPUTS]> = logs
            .chunks_exact(OUTPUTS)
            .map(|logs| [f64::from(logs[0]).exp(), f64::from(logs[1]).exp()])
            .collect();
        let against = |truth: &dyn Fn(&Sample) -> f64, guess: &dyn Fn(usize) -> f64| {
            let pairs: Vec<(f64, f64)> =
                samples.iter().enumerate().map(|(k, sample)| (truth(sample), guess(k))).collect();
            super::evaluate::correlation(&pairs)
        };
        let change = |sample: &Sample| f64::from(sample.change);
        let way = |k: usize| {
            let [[ax, ay], [bx, by]] = samples[k].c;
            (bx - ax).hypot(by - ay)
        };
        Agreement {
            change_r: against(&change, &|k| predicted[k][0]),
            ln_change_r: against(&|sample| (change(sample) + LEAST).ln(), &|k| predicted[k][0].ln()),
            luminance_r: against(&|sample| f64::from(sample.luminance), &|k| predicted[k][1]),
            way_r: against(&change, &way),
        }
    }

    fn standardise(&self, inputs: Tensor<2>) -> Tensor<2> {
        let device = inputs.device();
        let row = |numbers: [f32; INPUTS]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(numbers.to_vec(), [1, INPUTS]), &device)
        };
        (inputs - row(self.mean)) / row(self.deviation)
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let device = inputs.device();
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(self.standardise(inputs), |x, (i, layer)| {
            let outputs = layer.bias.len();
            let shape = [layer.weight.len() / outputs.max(1), outputs];
            let weight: Tensor<2> = Tensor::from_data(TensorData::new(layer.weight.clone(), shape), &device);
            let bias: Tensor<2> =
                Tensor::from_data(TensorData::new(layer.bias.clone(), [1, outputs]), &device);
            let y = x.matmul(weight) + bias;
            if i < last { tanh(y) } else { y }
        })
    }
}

/// The same as the columns of [`ChangeProxy::seen`].
fn inputs_of(sample: &Sample) -> [f32; INPUTS] {
    let [[ax, ay], [bx, by]] = sample.c;
    let (dx, dy) = (bx - ax, by - ay);
    let square = dx * dx + dy * dy + 1e-12;
    let height = 0.5 * (ay + by);
    let sign = if height == 0.0 { 0.0 } else { height.signum() };
    [
        0.5 * (ax + bx),
        height * sign,
        sample.kicked_s,
        sample.radius.ln(),
        (square.sqrt() + LEAST).ln(),
        (dx * dx - dy * dy) / square,
        dx * dy * sign * 2.0 / square,
    ]
    .map(|x| x as f32)
}

#[cfg(test)]
mod tests {
    use dendrite_orbit::{Clock, ComponentId, Controls, HOP_S, HopInput, Orbit};

    use super::*;
    use crate::orbit::{Hop, Passage, synthesise};

    /// Hits on every twelfth hop, while s and alpha wander.
    fn moving(hops: usize) -> (Vec<Hop>, Vec<Controls>) {
        let hop = |k: usize| Hop {
            onset: if k.is_multiple_of(12) { 0.3 } else { 0.02 },
            loudness: 0.5,
            silent: false,
            clock: Clock::Free { bars_per_second: 0.5 },
        };
        let controls = |k: usize| Controls {
            s: 0.9 + 0.2 * (k as f64 * 0.05).sin(),
            alpha: 0.5 + 0.4 * (k as f64 * 0.13).sin(),
            ..Controls::default()
        };
        ((0..hops).map(hop).collect(), (0..hops).map(controls).collect())
    }

    #[test]
    fn the_kept_proxy_predicts_drawn_pictures_inside_the_graph_too() {
        let proxy = ChangeProxy::kept().unwrap();
        let settings = Settings::default();
        let (hops, controls) = moving(150);
        let mut orbit = Orbit::new(HOP_S);
        let step = |(hop, controls): (&Hop, &Controls)| {
            let Hop { onset, loudness, silent, clock } = *hop;
            orbit.step(
                &HopInput { controls: *controls, onset, loudness, texture: &[], silent, clock },
                &settings,
            )
        };
        let states: Vec<OrbitState> = hops.iter().zip(&controls).map(step).collect();
        let samples = draw_samples(&states, &settings);
        let agreement = proxy.agreement(&samples);
        // On unseen music it is 0.88, and 0.58 for the way alone; this is a small sample.
        assert!(agreement.change_r > 0.75 && agreement.change_r > agreement.way_r + 0.1, "{agreement:?}");

        // The same numbers from tensors.
        let signals: Vec<f32> = controls.iter().flat_map(crate::orbit::signals).map(|x| x as f32).collect();
        let signals = Tensor::from_data(TensorData::new(signals, [1, hops.len(), 9]), &Device::flex());
        let motion = synthesise(signals, &[Passage::new(ComponentId::CARDIOID, hops)], &settings).unwrap();
        let predicted = values(proxy.seen(&motion).change);
        let rows: Vec<f32> = samples.iter().flat_map(inputs_of).collect();
        let inputs = Tensor::from_data(TensorData::new(rows, [samples.len(), INPUTS]), &Device::flex());
        for (a, b) in predicted.iter().zip(values(proxy.forward(inputs)).chunks_exact(OUTPUTS)) {
            let expected = b[0].exp() - LEAST as f32;
            // Directions of ways near 0 are rounding.
            assert!((a - expected).abs() < 1e-4 + 0.02 * expected.abs(), "{a} {expected}");
        }
    }

    #[test]
    fn a_fit_finds_a_smooth_law() {
        let mut random = crate::random::Random::new(4);
        let samples: Vec<Sample> = (0..600)
            .map(|_| {
                let mut unit = || f64::from(random.symmetric());
                let (x, y, way) = (unit(), unit(), 0.05 + 0.05 * unit());
                let change = (0.1 * way * (1.5 + x)) as f32;
                Sample {
                    c: [[x, y], [x + way, y]],
                    kicked_s: 1.0,
                    radius: 0.5,
                    change,
                    luminance: 0.2 + 0.1 * x as f32,
                }
            })
            .collect();
        let agreement = ChangeProxy::fit(&samples[..500], 600, 1).agreement(&samples[500..]);
        assert!(agreement.change_r > 0.95 && agreement.luminance_r > 0.95, "{agreement:?}");
    }
}
