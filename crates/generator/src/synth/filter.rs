//! Filters: one pole, and a state variable filter.

use super::RATE;

/// y += a (x - y).
#[derive(Debug, Clone, Default)]
pub(super) struct OnePole {
    pub a: f32,
    y: f32,
}

impl OnePole {
    /// A low pass at a frequency in Hz.
    pub(super) fn low(hz: f32) -> OnePole {
        OnePole { a: 1.0 - (-std::f32::consts::TAU * hz / RATE).exp(), y: 0.0 }
    }

    pub(super) fn next(&mut self, x: f32) -> f32 {
        self.y += self.a * (x - self.y);
        self.y
    }
}

/// The state variable filter with trapezoidal integrators (Zavalishin, The Art of VA Filter Design, chapter 4).
#[derive(Debug, Clone, Default)]
pub(super) struct StateVariable {
    a1: f32,
    a2: f32,
    a3: f32,
    k: f32,
    s1: f32,
    s2: f32,
}

impl StateVariable {
    /// Frequency as a fraction of the sample rate (kept below 0.45), and the inverse of Q.
    pub(super) fn set(&mut self, frequency: f32, damping: f32) {
        let g = (std::f32::consts::PI * frequency.clamp(1e-4, 0.45)).tan();
        self.k = damping;
        self.a1 = 1.0 / (1.0 + g * (g + damping));
        self.a2 = g * self.a1;
        self.a3 = g * self.a2;
    }

    /// Band pass (of gain 1 / damping at its middle) and low pass.
    pub(super) fn next(&mut self, x: f32) -> (f32, f32) {
        let v3 = x - self.s2;
        let band = self.a1 * self.s1 + self.a2 * v3;
        let low = self.s2 + self.a2 * self.s1 + self.a3 * v3;
        self.s1 = 2.0 * band - self.s1;
        self.s2 = 2.0 * low - self.s2;
        (band, low)
    }

    pub(super) fn low(&mut self, x: f32) -> f32 {
        self.next(x).1
    }

    /// Of gain 1 at its middle.
    pub(super) fn band(&mut self, x: f32) -> f32 {
        self.k * self.next(x).0
    }

    pub(super) fn high(&mut self, x: f32) -> f32 {
        let (band, low) = self.next(x);
        x - self.k * band - low
    }
}
