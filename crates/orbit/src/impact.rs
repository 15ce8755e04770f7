//! Impacts: which onsets are hits, and the envelope that each one strikes.

use crate::median::RunningMedian;

/// No onset weaker than this is a hit.
pub const ONSET_FLOOR: f32 = 0.08;

/// How many median absolute deviations above the median a hit stands.
pub const ONSET_DEVIATIONS: f32 = 3.0;

/// How far back the median looks, seconds.
pub const ONSET_MEMORY_S: f64 = 10.0;

/// After a hit no other one is seen for this long, seconds.
pub const REFRACTORY_S: f64 = 0.150;

/// Rise of the envelope from 0 to 1, seconds.
pub const ATTACK_S: f64 = 0.030;

/// Time constant of the envelope's exponential fall, seconds.
pub const DECAY_S: f64 = 0.300;

/// Picks hits from the onset strength: above max([`ONSET_FLOOR`], median + 3 MAD of the last 10 s), and not within 150 ms
/// of the last hit. A hit is reported with the hop in which it crosses.
#[derive(Clone, Debug)]
pub struct OnsetPicker {
    history: RunningMedian,
    refractory_hops: u32,
    since_last: u32,
    threshold: f32,
}

impl OnsetPicker {
    /// For hops of `hop_s` seconds. Allocates its memory of 10 s here and never again.
    pub fn new(hop_s: f64) -> Self {
        let refractory_hops = (REFRACTORY_S / hop_s).ceil() as u32;
        Self {
            history: RunningMedian::new((ONSET_MEMORY_S / hop_s).round() as usize),
            refractory_hops,
            since_last: refractory_hops,
            threshold: ONSET_FLOOR,
        }
    }

    /// One hop's onset strength, 0 ... 1; true when it is a hit. What is not finite counts as 0.
    pub fn step(&mut self, onset: f32) -> bool {
        let onset = if onset.is_finite() { onset.clamp(0.0, 1.0) } else { 0.0 };
        self.since_last = self.since_last.saturating_add(1);
        // The threshold does not know the value it judges.
        self.threshold = ONSET_FLOOR.max(self.history.median() + ONSET_DEVIATIONS * self.history.deviation());
        self.history.push(onset);
        let hit = onset > self.threshold && self.since_last >= self.refractory_hops;
        if hit {
            self.since_last = 0;
        }
        hit
    }

    /// A hop of silence: time passes, and the statistics stay those of the music.
    pub fn skip(&mut self) {
        self.since_last = self.since_last.saturating_add(1);
    }

    /// The threshold that judged the last value.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.history.clear();
        self.since_last = self.refractory_hops;
        self.threshold = ONSET_FLOOR;
    }
}

/// The envelope of the last hit: up to 1 in 30 ms along a straight line, down exponentially with 300 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImpactEnvelope {
    rise: f64,
    fall: f64,
    value: f64,
    rising: bool,
}

impl ImpactEnvelope {
    /// For hops of `hop_s` seconds.
    pub fn new(hop_s: f64) -> Self {
        Self { rise: hop_s / ATTACK_S, fall: (-hop_s / DECAY_S).exp(), value: 0.0, rising: false }
    }

    /// One hop later, with or without a new hit: the envelope, 0 ... 1. It moves at most 1 / 30 ms upward.
    pub fn step(&mut self, hit: bool) -> f64 {
        self.rising |= hit;
        if self.rising {
            self.value = (self.value + self.rise).min(1.0);
            self.rising = self.value < 1.0;
        } else {
            self.value *= self.fall;
            // Below what anybody sees; keeps denormals out.
            if self.value < 1e-6 {
                self.value = 0.0;
            }
        }
        self.value
    }

    /// The envelope now, 0 ... 1.
    pub fn value(&self) -> f64 {
        self.value
    }
}
