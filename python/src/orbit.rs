//! The orbit alone: control signals to c.

use dendrite_orbit::{Clock, ComponentId, Controls, GATES, HOP_S, HopInput, Lock, Orbit, Settings};
use numpy::Complex64;
use pyo3::prelude::*;

/// Where the orbit is.
#[pyclass]
pub struct OrbitState {
    orbit: Orbit,
    settings: Settings,
    /// After the last step.
    last: Option<dendrite_orbit::OrbitState>,
}

#[pymethods]
impl OrbitState {
    /// An orbit at its start; `component` as (period, index) locks it there.
    #[new]
    #[pyo3(signature = (seed = 0, component = None, bars_per_turn = 16.0, impact_amount = 0.8))]
    fn new(seed: u64, component: Option<(u8, u8)>, bars_per_turn: f64, impact_amount: f64) -> Self {
        let lock = component
            .map_or(Lock::Automatic, |(period, index)| Lock::Component(ComponentId { period, index }));
        let settings = Settings { seed, lock, bars_per_turn, impact_amount, ..Settings::default() };
        Self { orbit: Orbit::new(HOP_S), settings, last: None }
    }

    /// One hop of 1,024 samples on.
    #[pyo3(signature = (s = 0.9, alpha = 0.3, omega_scale = 1.0, gates = [0.5; GATES], onset = 0.0, loudness = 0.5,
        bars_per_second = 0.5))]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn step(
        &mut self,
        s: f64,
        alpha: f64,
        omega_scale: f64,
        gates: [f64; GATES],
        onset: f32,
        loudness: f32,
        bars_per_second: f64,
    ) -> Complex64 {
        let input = HopInput {
            controls: Controls { s, alpha, omega_scale, gates },
            onset,
            loudness,
            // Without a sound there are no sections.
            texture: &[0.5; 140],
            silent: false,
            clock: Clock::Free { bars_per_second },
        };
        self.last = Some(self.orbit.step(&input, &self.settings));
        self.synthesize()
    }

    /// c after the last step; 0 before the first.
    fn synthesize(&self) -> Complex64 {
        self.last.map_or(Complex64::new(0.0, 0.0), |state| Complex64::new(state.c[0], state.c[1]))
    }

    /// The carrier's angle in radians.
    #[getter]
    fn theta(&self) -> f64 {
        self.last.map_or(0.0, |state| state.theta)
    }

    /// Smoothed s.
    #[getter]
    fn s(&self) -> f64 {
        self.last.map_or(0.0, |state| state.s)
    }

    /// Smoothed alpha.
    #[getter]
    fn alpha(&self) -> f64 {
        self.last.map_or(0.0, |state| state.alpha)
    }

    /// Period and index of the component.
    #[getter]
    fn component(&self) -> (u8, u8) {
        let id = self.last.map_or(ComponentId::CARDIOID, |state| state.component);
        (id.period, id.index)
    }
}
