//! Changing from one component to another: a minimum-jerk blend of two moving points.

use nalgebra::Complex;

use crate::angle::minimum_jerk;
use crate::atlas::Component;

/// Length of a blend between two components of the same gear, seconds.
pub const BLEND_S: f64 = 2.0;

/// What each step of gear adds, seconds.
pub const BLEND_PER_GEAR_S: f64 = 1.0;

/// Where a blend comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A component, on which the orbit goes on moving.
    Component(&'static Component),
    /// A point held still: the blend before was cut short there. Carrier and residual.
    Held { carrier: Complex<f64>, residual: Complex<f64> },
}

/// A blend, finished when its progress is 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transition {
    pub from: Source,
    pub to: &'static Component,
    elapsed_s: f64,
    length_s: f64,
}

impl Transition {
    /// At rest on a component.
    pub(crate) fn settled(on: &'static Component) -> Self {
        Self { from: Source::Component(on), to: on, elapsed_s: BLEND_S, length_s: BLEND_S }
    }

    /// Starts towards `to` from wherever the orbit is.
    pub(crate) fn start(&mut self, to: &'static Component, carrier: Complex<f64>, residual: Complex<f64>) {
        let steps = f64::from(self.to.gear().abs_diff(to.gear()));
        self.from = if self.done() { Source::Component(self.to) } else { Source::Held { carrier, residual } };
        self.to = to;
        self.elapsed_s = 0.0;
        self.length_s = BLEND_S + BLEND_PER_GEAR_S * steps;
    }

    pub(crate) fn advance(&mut self, hop_s: f64) {
        self.elapsed_s = (self.elapsed_s + hop_s).min(self.length_s);
    }

    pub(crate) fn done(&self) -> bool {
        self.elapsed_s >= self.length_s
    }

    /// Weight of `to`, 0 ... 1.
    pub(crate) fn weight(&self) -> f64 {
        if self.done() { 1.0 } else { minimum_jerk(self.elapsed_s / self.length_s) }
    }
}
