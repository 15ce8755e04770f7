//! Baselines against which any controller is measured. Their formulas are frozen: numbers measured against them stay
//! comparable for good.

use std::f64::consts::TAU;

use nalgebra::Complex;

use crate::atlas::Atlas;

/// s of both baselines, on the cardioid.
pub const BASELINE_S: f64 = 1.02;

/// Turns per second of both baselines without onsets.
pub const BASELINE_SPEED: f64 = 0.2;

/// Further turns per second per unit of onset strength.
pub const BASELINE_ONSET_SPEED: f64 = 3.0;

/// Constant orbit: theta speed = 0.2 turns/s, whatever sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantOrbit {
    hop_s: f64,
    turns: f64,
}

impl ConstantOrbit {
    /// For hops of `hop_s` seconds, starting at theta = 0.
    pub fn new(hop_s: f64) -> Self {
        Self { hop_s, turns: 0.0 }
    }

    /// c one hop later. The onset strength is ignored.
    pub fn step(&mut self, _onset: f32) -> Complex<f64> {
        advance(&mut self.turns, BASELINE_SPEED * self.hop_s)
    }
}

/// Onset-driven speed: theta speed = 0.2 + 3 onset turns/s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnsetDrivenSpeed {
    hop_s: f64,
    turns: f64,
}

impl OnsetDrivenSpeed {
    /// For hops of `hop_s` seconds, starting at theta = 0.
    pub fn new(hop_s: f64) -> Self {
        Self { hop_s, turns: 0.0 }
    }

    /// c one hop later, with this hop's onset strength (0 ... 1; not finite counts as 0).
    pub fn step(&mut self, onset: f32) -> Complex<f64> {
        let onset = if onset.is_finite() { f64::from(onset.clamp(0.0, 1.0)) } else { 0.0 };
        advance(&mut self.turns, (BASELINE_SPEED + BASELINE_ONSET_SPEED * onset) * self.hop_s)
    }
}

fn advance(turns: &mut f64, by: f64) -> Complex<f64> {
    *turns = (*turns + by).rem_euclid(1.0);
    Atlas::shared().cardioid().c(BASELINE_S, TAU * *turns)
}
