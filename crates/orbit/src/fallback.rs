//! Control signals without a model: from what one hears, by formulas.
//!
//! ```text
//! loudness            against its last 20 s  -> s            louder is nearer to the rim and past it
//! noisy or tonal      against its last 20 s  -> alpha        noise roughens the orbit with more residual
//! onsets over 1.5 s   against their last 20 s -> omega_scale busier turns faster, an octave or so
//! six bands           each against its last 20 s -> gates    a band that stands out opens its epicycle
//! ```
//! "Against its last 20 s" is (x - mean) / deviation: a quiet and a loud master, a bright and a dark mix move alike.

use crate::HOP_S;
use crate::signals::{Controls, GATES};

/// Memory of the running means and deviations, seconds.
const MEMORY_S: f64 = 20.0;

/// Time constant of what follows the music closely, seconds.
const FAST_S: f64 = 0.060;

/// Time constant of activity, seconds.
const ACTIVITY_S: f64 = 1.5;

/// s in the middle, and how far it swings: 0.7 ... 1.08.
const S_MIDDLE: f64 = 0.89;
const S_SWING: f64 = 0.19;

/// What one hears in a hop. Each 0 ... 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hearing {
    /// The rms feature.
    pub loudness: f32,
    /// How much of the sound is tones.
    pub tonalness: f32,
    /// How much of the sound is noise.
    pub noisiness: f32,
    /// Onset strength.
    pub onset: f32,
    /// Loudness of six bands, low to high.
    pub bands: [f32; GATES],
}

/// The heuristic controller. Does not allocate.
#[derive(Clone, Debug)]
pub struct Fallback {
    loudness: Relative,
    noise: Relative,
    activity: Relative,
    bands: [Relative; GATES],
    /// Onset strength averaged over [`ACTIVITY_S`].
    busy: f64,
    controls: Controls,
    share: f64,
    busy_share: f64,
}

impl Default for Fallback {
    fn default() -> Self {
        Self::new(HOP_S)
    }
}

impl Fallback {
    /// For hops of `hop_s` seconds (what is not in 0.1 ms ... 1 s becomes [`HOP_S`]).
    pub fn new(hop_s: f64) -> Self {
        let hop_s = if (1e-4..=1.0).contains(&hop_s) { hop_s } else { HOP_S };
        // The least deviation is what still counts as a difference: 1.5 dB of loudness, a tenth of a band.
        let relative = |least: f64| Relative::new(MEMORY_S / hop_s, least);
        Self {
            loudness: relative(0.025),
            noise: relative(0.03),
            activity: relative(0.01),
            bands: [relative(0.03); GATES],
            busy: 0.0,
            controls: Controls::default(),
            share: 1.0 - (-hop_s / FAST_S).exp(),
            busy_share: 1.0 - (-hop_s / ACTIVITY_S).exp(),
        }
    }

    /// One hop. What is out of range is limited, what is not finite counts as 0. s stays within 0.7 ... 1.08, omega_scale
    /// within 1/2 ... 2.
    pub fn step(&mut self, hearing: &Hearing) -> Controls {
        let unit = |x: f32| if x.is_finite() { f64::from(x.clamp(0.0, 1.0)) } else { 0.0 };
        self.busy += (unit(hearing.onset) - self.busy) * self.busy_share;
        let noise = 0.5 + 0.5 * (unit(hearing.noisiness) - unit(hearing.tonalness));

        let loud = self.loudness.take(unit(hearing.loudness));
        let rough = self.noise.take(noise);
        let active = self.activity.take(self.busy);

        let mut wanted = Controls {
            s: S_MIDDLE + S_SWING * loud.tanh(),
            // Noisy music has more residual at all times, and still more where it is noisier than it was.
            alpha: (0.15 + 0.45 * noise + 0.2 * rough.tanh()).clamp(0.0, 1.0),
            omega_scale: (0.8 * active).tanh().exp2(),
            gates: [0.0; GATES],
        };
        for (i, gate) in wanted.gates.iter_mut().enumerate() {
            let stands_out = self.bands[i].take(unit(hearing.bands[i]));
            *gate = 0.5 + 0.5 * (0.8 * stands_out).tanh();
        }

        let share = self.share;
        let approach = |now: &mut f64, target: f64| *now += (target - *now) * share;
        approach(&mut self.controls.s, wanted.s);
        approach(&mut self.controls.alpha, wanted.alpha);
        for (now, target) in self.controls.gates.iter_mut().zip(wanted.gates) {
            approach(now, target);
        }
        // Slow already.
        self.controls.omega_scale = wanted.omega_scale;
        self.controls
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.loudness.reset();
        self.noise.reset();
        self.activity.reset();
        for band in &mut self.bands {
            band.reset();
        }
        self.busy = 0.0;
        self.controls = Controls::default();
    }
}

/// A value against its running mean and deviation.
#[derive(Clone, Copy, Debug)]
struct Relative {
    length: f64,
    least: f64,
    count: f64,
    mean: f64,
    variance: f64,
}

impl Relative {
    fn new(length: f64, least: f64) -> Self {
        Self { length, least, count: 0.0, mean: 0.0, variance: 0.0 }
    }

    /// Takes x in; (x - mean) / deviation, about -3 ... 3.
    fn take(&mut self, x: f64) -> f64 {
        self.count = (self.count + 1.0).min(self.length);
        let from_mean = x - self.mean;
        let weight = 1.0 / self.count;
        self.mean += from_mean * weight;
        self.variance = (1.0 - weight) * (self.variance + weight * from_mean * from_mean);
        (x - self.mean) / self.variance.sqrt().max(self.least)
    }

    fn reset(&mut self) {
        *self = Self::new(self.length, self.least);
    }
}
