//! Training of the orbit model: sequences through the orbit's own motion, losses on what is seen.

pub mod evaluate;
mod map;
pub mod objective;
pub mod proxy;
mod synthesis;
mod train;

pub use map::{map_outputs, six_gates};
pub use synthesis::{Hop, Motion, Passage, SynthesisError, synthesise};
pub use train::{BatchShape, OrbitTask, TaskError, validate, variance_ratios};

use dendrite_orbit::{Controls, GATES, OMEGA_RANGE, S_RANGE};
use dendrite_pipeline::spec::OrbitShape;
use serde::{Deserialize, Serialize};

/// What the orbit model is, and what it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrbitOptions {
    /// Inputs and gates.
    pub shape: OrbitShape,
    /// Weights of the objective's terms.
    pub objective: objective::Weights,
}

/// Names of the control signals, in the order of the network's outputs.
pub const SIGNALS: [&str; 9] =
    ["s", "alpha", "omega_scale", "gate_1", "gate_2", "gate_3", "gate_4", "gate_5", "gate_6"];

/// Range of each control signal, in the order of [`SIGNALS`].
pub const RANGES: [[f64; 2]; SIGNALS.len()] = {
    let mut ranges = [[0.0, 1.0]; SIGNALS.len()];
    ranges[0] = S_RANGE;
    ranges[2] = OMEGA_RANGE;
    ranges
};

/// A hop's controls in the order of [`SIGNALS`].
pub fn signals(controls: &Controls) -> [f64; SIGNALS.len()] {
    let mut signals = [controls.s, controls.alpha, controls.omega_scale, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    signals[SIGNALS.len() - GATES..].copy_from_slice(&controls.gates);
    signals
}

/// How finely the orbit is drawn out, 0 ... 1: the epicycles' share of the motion, alpha · min(s, 1) · mean of the gates
/// weighted by the speeds 1/(k+1) of their epicycles (amplitude 1/(k+1)^2 times k+1 turns).
pub fn detail(s: f64, alpha: f64, gates: &[f64; GATES]) -> f64 {
    let (sum, weight) = gates.iter().enumerate().fold((0.0, 0.0), |(sum, weight), (i, gate)| {
        let speed = 1.0 / (i + 2) as f64;
        (sum + speed * gate, weight + speed)
    });
    alpha * s.min(1.0) * sum / weight
}
