//! The residual: six epicycles around the carrier, one for each band gate.

use nalgebra::{Complex, Vector6};

/// Sum over k of alpha min(s, 1) R g_k / (k+1)^2 e^{i phi_k}, capped at R/2. The phases are phi_k = +-(k+1) theta: they
/// advance at (k+1) times the carrier's speed, alternating in direction, and are where they were when theta is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Epicycles {
    /// alpha min(s, 1) g_k, times the user's depth: everything but R and 1/(k+1)^2.
    pub amplitudes: Vector6<f64>,
}

/// 1/(k+1)^2 for k = 1 ... 6.
pub(crate) fn weights() -> Vector6<f64> {
    Vector6::from_fn(|i, _| 1.0 / ((i + 2) as f64).powi(2))
}

impl Epicycles {
    pub(crate) fn new(depth: f64, alpha: f64, s: f64, gates: &Vector6<f64>) -> Self {
        Self { amplitudes: gates * (depth * alpha * s.clamp(0.0, 1.0)) }
    }

    /// The residual for a component of this radius, theta in radians.
    pub(crate) fn at(&self, radius: f64, theta: f64) -> Complex<f64> {
        let turn = Complex::from_polar(1.0, theta);
        let mut phase = turn;
        let mut sum = Complex::new(0.0, 0.0);
        for (i, amplitude) in self.amplitudes.component_mul(&weights()).iter().enumerate() {
            phase *= turn;
            sum += if i % 2 == 0 { phase } else { phase.conj() } * *amplitude;
        }
        let size = sum.norm();
        sum * if size > 0.5 { radius * 0.5 / size } else { radius }
    }

    /// A bound of the way (per R) that the residual goes from `self` to `to` while theta moves by `by` radians. The cap is a
    /// projection onto a disc and lengthens no way.
    pub(crate) fn way(&self, to: &Self, by: f64) -> f64 {
        let larger = self.amplitudes.zip_map(&to.amplitudes, f64::max);
        let speeds = Vector6::from_fn(|i, _| 1.0 / (i + 2) as f64);
        let change = (to.amplitudes - self.amplitudes).abs();
        larger.dot(&speeds) * by.abs() + change.dot(&weights())
    }
}
