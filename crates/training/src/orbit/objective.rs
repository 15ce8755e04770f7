//! What the orbit model is asked for, as differentiable losses on sequences.
//!
//! Sequences come in groups: several places of one piece. Correlations and deviations are taken over a group, which is what
//! the evaluation takes them over, as far as a batch can hold it.

use burn::tensor::{Tensor, TensorData};
use dendrite_orbit::GATES;

use super::proxy::{ChangeProxy, Seen};
use super::synthesis::Motion;
use super::{RANGES, SIGNALS};

/// The range that smoothed s is to stay in.
const S_KEPT: [f64; 2] = [0.7, 1.08];
/// Mean luminance under which a picture counts as getting dark; [`dendrite_julia::metrics::DARK`] with room.
const LUMINANCE: f64 = 0.12;
/// Mean luminance change per hop that is asked for, inside of 0.004 ... 0.03.
const CHANGE: [f64; 2] = [0.006, 0.022];
/// Deviation of every signal over a piece that is asked for, as a share of its range: 3 % with room, for unseen music
/// moves it less.
const SPREAD: f64 = 0.06;

/// Weight of each term.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// 1 - correlation of onset strength with the picture's change.
    pub sync: f64,
    /// 1 - correlation of centroid with detail.
    pub centroid: f64,
    /// 1 - correlation of loudness with nearness to the boundary.
    pub loudness: f64,
    /// 1 - mean correlation of each gate with its band, and of omega_scale with the activity.
    pub drivers: f64,
    /// Squared distance from the preset orbit's signals, in the first epoch.
    pub curriculum: f64,
    /// What is left of the curriculum's weight from one epoch to the next.
    pub curriculum_decay: f64,
    /// The curriculum's weight never falls below this.
    pub curriculum_least: f64,
    /// Squared third differences of the smoothed signals.
    pub jerk: f64,
    /// Signals that move too little.
    pub spread: f64,
    /// s outside of its range, and dark pictures.
    pub dark: f64,
    /// Pictures that change too much or too little.
    pub strobe: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            sync: 1.0,
            centroid: 0.5,
            loudness: 0.15,
            drivers: 0.3,
            curriculum: 2.0,
            curriculum_decay: 0.7,
            curriculum_least: 0.05,
            jerk: 0.1,
            spread: 1.0,
            dark: 2.0,
            strobe: 0.5,
        }
    }
}

/// What a batch of sequences heard, all constant; the batch is `groups` x places, group by group.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Number of pieces in the batch.
    pub groups: usize,
    /// Onset strength, `[batch, time]`.
    pub onset: Tensor<2>,
    /// Spectral centroid, smoothed as the orbit smooths its signals, `[batch, time]`.
    pub centroid: Tensor<2>,
    /// Loudness, smoothed likewise, `[batch, time]`.
    pub loudness: Tensor<2>,
    /// Levels of the six bands, smoothed likewise, `[batch, time, 6]`.
    pub bands: Tensor<3>,
    /// Onset strength over the last second and a half, `[batch, time]`.
    pub activity: Tensor<2>,
    /// Signals of the preset orbit, `[batch, time, 9]`.
    pub preset: Tensor<3>,
}

/// The terms of the loss, each a tensor of one number, before its weight.
#[derive(Clone, Debug)]
pub struct Terms {
    /// In the order of [`Terms::NAMES`].
    pub all: [Tensor<1>; Terms::NAMES.len()],
}

impl Terms {
    /// Names for the history.
    pub const NAMES: [&str; 9] =
        ["sync", "centroid", "loudness", "drivers", "curriculum", "jerk", "spread", "dark", "strobe"];

    /// The weighted sum, in an epoch counted from 0.
    pub fn total(&self, weights: &Weights, epoch: usize) -> Tensor<1> {
        let curriculum = weights.curriculum * weights.curriculum_decay.powi(epoch as i32);
        let factors = [
            weights.sync,
            weights.centroid,
            weights.loudness,
            weights.drivers,
            curriculum.max(weights.curriculum_least),
            weights.jerk,
            weights.spread,
            weights.dark,
            weights.strobe,
        ];
        let weighted = self.all.iter().zip(factors).map(|(term, factor)| term.clone() * factor).collect();
        Tensor::cat(weighted, 0).sum()
    }
}

/// All terms. `controls` are the mapped signals `[batch, time, 9]` that gave `motion`.
pub fn terms(controls: &Tensor<3>, motion: &Motion, heard: &Heard, proxy: &ChangeProxy) -> Terms {
    let [batch, time, _] = controls.dims();
    let places = batch / heard.groups;
    let group = |x: Tensor<2>| -> Tensor<2> {
        let [_, time] = x.dims();
        x.reshape([heard.groups, places * time])
    };
    let later = |x: &Tensor<2>| x.clone().narrow(1, 1, time - 1);
    let seen = proxy.seen(motion);

    let sync = distance(group(seen.change.clone()), group(later(&heard.onset)));
    let centroid = distance(group(detail(motion)), group(heard.centroid.clone()));
    let loudness = distance(group(motion.nearness.clone()), group(heard.loudness.clone()));

    let column = |x: &Tensor<3>, i: usize| group(x.clone().narrow(2, i, 1).squeeze_dim::<2>(2));
    let drivers = (0..GATES)
        .map(|i| distance(column(&motion.gates, i), column(&heard.bands, i)))
        .fold(distance(group(motion.omega_scale.clone()), group(heard.activity.clone())), |sum, r| sum + r);
    let drivers = drivers / (GATES + 1) as f64;

    let ranges = ranges(controls);
    let curriculum = ((controls.clone() - heard.preset.clone()) / ranges.clone()).square().mean();
    let spread = spread(controls.clone() / ranges, heard.groups);
    let all = [
        sync,
        centroid,
        loudness,
        drivers,
        curriculum,
        jerk(motion),
        spread,
        dark(motion, &seen),
        strobe(group(seen.change)),
    ];
    Terms { all }
}

/// The detail of [`super::detail`], `[batch, time]`.
fn detail(motion: &Motion) -> Tensor<2> {
    let weight: f64 = (0..GATES).map(|i| 1.0 / (i + 2) as f64).sum();
    let gate = |i: usize| motion.gates.clone().narrow(2, i, 1).squeeze_dim::<2>(2);
    let sum = (1..GATES).fold(gate(0) * 0.5, |sum, i| sum + gate(i) / (i + 2) as f64);
    motion.alpha.clone() * motion.s.clone().clamp(0.0, 1.0) * sum / weight
}

/// The signals' ranges, `[1, 1, 9]`.
fn ranges(controls: &Tensor<3>) -> Tensor<3> {
    let widths: Vec<f32> = RANGES.iter().map(|range| (range[1] - range[0]) as f32).collect();
    Tensor::from_data(TensorData::new(widths, [1, 1, SIGNALS.len()]), &controls.device())
}

/// 1 - mean over the rows of Pearson's correlation.
fn distance(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
    let centred = |x: Tensor<2>| x.clone() - x.mean_dim(1);
    let (a, b) = (centred(a), centred(b));
    let product = (a.clone() * b.clone()).mean_dim(1);
    let scale = (a.square().mean_dim(1) * b.square().mean_dim(1) + 1e-14).sqrt();
    (product / scale).mean().neg() + 1.0
}

/// How far the groups' deviations fall short of [`SPREAD`], squared, as a share of it. The signals are shares of their ranges.
fn spread(signals: Tensor<3>, groups: usize) -> Tensor<1> {
    let [batch, time, count] = signals.dims();
    let signals = signals.reshape([groups, batch / groups * time, count]);
    let centred = signals.clone() - signals.mean_dim(1);
    let deviation = (centred.square().mean_dim(1) + 1e-8).sqrt();
    ((deviation.neg() + SPREAD) / SPREAD).clamp_min(0.0).square().mean()
}

/// Mean square of the third difference of the smoothed signals, in ranges per (1/10 of the hop rate)^3.
fn jerk(motion: &Motion) -> Tensor<1> {
    let s = motion.s.clone() / (RANGES[0][1] - RANGES[0][0]);
    // The orbit does not smooth it, so that its differences are some ten times as large.
    let omega = motion.omega_scale.clone() * (0.1 / (RANGES[2][1] - RANGES[2][0]));
    let three = Tensor::stack::<3>(vec![s, motion.alpha.clone(), omega], 2);
    let smoothed = Tensor::cat(vec![three, motion.gates.clone()], 2);
    let difference = |x: Tensor<3>| {
        let time = x.dims()[1];
        x.clone().narrow(1, 1, time - 1) - x.narrow(1, 0, time - 1)
    };
    (difference(difference(difference(smoothed))) * 100.0).square().mean()
}

fn dark(motion: &Motion, seen: &Seen) -> Tensor<1> {
    let above = (motion.s.clone() - S_KEPT[1]).clamp_min(0.0);
    let below = (motion.s.clone().neg() + S_KEPT[0]).clamp_min(0.0);
    let outside = ((above + below) * 10.0).square().mean();
    let gloom = (seen.luminance.clone().neg() + LUMINANCE).clamp_min(0.0) / LUMINANCE;
    outside + gloom.square().mean()
}

fn strobe(change: Tensor<2>) -> Tensor<1> {
    let mean = change.mean_dim(1);
    let above = (mean.clone() - CHANGE[1]).clamp_min(0.0) / CHANGE[1];
    let below = (mean.neg() + CHANGE[0]).clamp_min(0.0) / CHANGE[0];
    (above + below).square().mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn plane(rows: [[f32; 4]; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::from(rows), &Device::flex())
    }

    #[test]
    fn distance_is_one_less_the_mean_correlation() {
        let a = plane([[1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 1.0, -1.0]]);
        // Proportional in the first row, opposite in the second: correlations 1 and -1.
        let b = plane([[12.0, 14.0, 16.0, 18.0], [0.0, 5.0, 0.0, 5.0]]);
        let one: f32 = distance(a.clone(), b).into_scalar();
        assert!((one - 1.0).abs() < 1e-4, "{one}");
        let none: f32 = distance(a.clone(), a).into_scalar();
        assert!(none.abs() < 1e-4, "{none}");
    }

    #[test]
    fn what_moves_enough_is_not_asked_to_move_more() {
        let still: Tensor<3> = Tensor::zeros([2, 8, 9], &Device::flex());
        let moving = Tensor::cat(vec![still.clone(), still.clone() + 0.2], 1);
        // Within a group of both places the deviation is 0.1.
        let (at_rest, enough): (f32, f32) = (spread(still, 1).into_scalar(), spread(moving, 1).into_scalar());
        assert!(at_rest > 0.99 && enough == 0.0, "{at_rest} {enough}");
    }

    #[test]
    fn calm_pictures_do_not_strobe() {
        let strobes =
            |change: f64| -> f32 { strobe(Tensor::full([2, 10], change, &Device::flex())).into_scalar() };
        assert_eq!(strobes(0.01), 0.0);
        assert!(strobes(0.001) > 0.1 && strobes(0.05) > 0.1);
    }
}
