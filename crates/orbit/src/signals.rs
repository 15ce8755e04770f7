//! What goes into the orbit and what comes out, as plain numbers.

use crate::atlas::ComponentId;

/// Range of s.
pub const S_RANGE: [f64; 2] = [0.2, 3.0];

/// Range of omega_scale.
pub const OMEGA_RANGE: [f64; 2] = [0.1, 5.0];

/// Number of band gates and of epicycles.
pub const GATES: usize = 6;

/// The control signals, from the orbit model or from [`crate::fallback::Fallback`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Modulus of the multiplier, 0.2 ... 3: below 1 inside the component, 1 on its rim, above outward.
    pub s: f64,
    /// Size of the residual, 0 ... 1.
    pub alpha: f64,
    /// Wanted turns per N bars, 0.1 ... 5.
    pub omega_scale: f64,
    /// Weight of each epicycle, 0 ... 1.
    pub gates: [f64; GATES],
}

impl Default for Controls {
    /// A quiet orbit a little inside the rim.
    fn default() -> Self {
        Self { s: 0.9, alpha: 0.3, omega_scale: 1.0, gates: [0.5; GATES] }
    }
}

impl Controls {
    /// Each value limited to its range; what is not finite becomes the default.
    pub(crate) fn sanitised(&self) -> Self {
        let d = Self::default();
        let mut gates = self.gates;
        for (gate, default) in gates.iter_mut().zip(d.gates) {
            *gate = within(*gate, 0.0, 1.0, default);
        }
        Self {
            s: within(self.s, S_RANGE[0], S_RANGE[1], d.s),
            alpha: within(self.alpha, 0.0, 1.0, d.alpha),
            omega_scale: within(self.omega_scale, OMEGA_RANGE[0], OMEGA_RANGE[1], d.omega_scale),
            gates,
        }
    }
}

/// x within [low, high], or the default if it is not finite.
pub(crate) fn within(x: f64, low: f64, high: f64, default: f64) -> f64 {
    if x.is_finite() { x.clamp(low, high) } else { default }
}

/// What turns the carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// A playing transport.
    Transport {
        /// Position at the end of the hop, in bars.
        position_bars: f64,
        /// Tempo, in bars per second.
        bars_per_second: f64,
        /// A seek or a loop's wrap happened since the last hop. Positions that do not follow from the tempo are taken for
        /// one anyway.
        jumped: bool,
    },
    /// No transport, or a stopped one: the angle runs on at this tempo.
    Free {
        /// Detected or assumed tempo, in bars per second.
        bars_per_second: f64,
    },
}

/// One hop of input.
#[derive(Clone, Copy, Debug)]
pub struct HopInput<'a> {
    /// The control signals in force.
    pub controls: Controls,
    /// Onset strength, 0 ... 1.
    pub onset: f32,
    /// Loudness (the rms feature), 0 ... 1.
    pub loudness: f32,
    /// 128 mel bands, each 0 ... 1.
    pub texture: &'a [f32],
    /// The frame is silent: detectors and averages wait.
    pub silent: bool,
    /// What turns the carrier.
    pub clock: Clock,
}

/// Who chooses the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lock {
    /// Each section.
    #[default]
    Automatic,
    /// The user: this one, for good. An id that the atlas does not hold counts as [`Lock::Automatic`].
    Component(ComponentId),
}

/// The user's settings. They may change at any hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How far hits kick, 0 ... 1.
    pub impact_amount: f64,
    /// How easily a section is seen, 0 ... 1.
    pub section_sensitivity: f64,
    /// Who chooses the component.
    pub lock: Lock,
    /// N: the bars over which omega_scale counts turns, 0.25 ... 64.
    pub bars_per_turn: f64,
    /// Added to s, -0.5 ... 0.5.
    pub s_bias: f64,
    /// Scales the residual, 0 ... 1.
    pub residual_depth: f64,
    /// Time constant of the control signals' smoothing, 0 ... 5 s.
    pub smoothing_s: f64,
    /// Seed of the choice of components.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            impact_amount: 0.8,
            section_sensitivity: 0.5,
            lock: Lock::Automatic,
            bars_per_turn: 16.0,
            s_bias: 0.0,
            residual_depth: 0.5,
            smoothing_s: 0.25,
            seed: 0,
        }
    }
}

impl Settings {
    /// Each value limited to its range; what is not finite becomes the default.
    pub(crate) fn sanitised(&self) -> Self {
        let d = Self::default();
        Self {
            impact_amount: within(self.impact_amount, 0.0, 1.0, d.impact_amount),
            section_sensitivity: within(self.section_sensitivity, 0.0, 1.0, d.section_sensitivity),
            lock: self.lock,
            bars_per_turn: within(self.bars_per_turn, 0.25, 64.0, d.bars_per_turn),
            s_bias: within(self.s_bias, -0.5, 0.5, d.s_bias),
            residual_depth: within(self.residual_depth, 0.0, 1.0, d.residual_depth),
            smoothing_s: within(self.smoothing_s, 0.0, 5.0, d.smoothing_s),
            seed: self.seed,
        }
    }
}

/// The orbit after a hop: what snapshots carry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrbitState {
    /// The parameter of the Julia set: real and imaginary part.
    pub c: [f64; 2],
    /// c without the residual.
    pub carrier: [f64; 2],
    /// The component that the orbit is on, or on its way to.
    pub component: ComponentId,
    /// How far the change to it has come, 0 ... 1; 1 when it is there.
    pub blend: f32,
    /// Smoothed s with the user's bias, before the impact.
    pub s: f64,
    /// Smoothed alpha, before the impact.
    pub alpha: f64,
    /// omega_scale as it came in.
    pub omega_scale: f64,
    /// Smoothed gates.
    pub gates: [f64; GATES],
    /// The carrier's angle, radians in [0, 2 pi).
    pub theta: f64,
    /// The ratio in force: 1/4, 1/2, 1, 2 or 4 turns per N bars.
    pub turns_per_n_bars: f64,
    /// Envelope of the impact, 0 ... 1, before the user's amount.
    pub impact: f32,
    /// A hit was seen in this hop.
    pub onset_detected: bool,
    /// How different the last 2 s sound from the last 12 s, in deviations, 0 ... 2.2.
    pub novelty: f32,
    /// What novelty is compared with.
    pub novelty_threshold: f32,
    /// Number of the section, 0 first.
    pub section: u32,
    /// A section was confirmed in this hop.
    pub section_changed: bool,
    /// Hops since the section's date (its first crossing, earlier than its confirmation).
    pub section_age_hops: u32,
}
