//! Frequency modulation: electric pianos and basses at whole ratios, bells at others.

use super::envelope::fall;
use super::voice::Tone;
use super::wavetable::Sine;
use crate::{Family, Patch};

/// A carrier, a modulator, and a second, short-lived pair for the attack.
pub(super) struct Fm {
    sine: Sine,
    carrier: f32,
    modulator: f32,
    tine: f32,
    ratio: f32,
    tine_ratio: f32,
    index: f32,
    index_floor: f32,
    index_fall: f32,
    tine_level: f32,
    tine_fall: f32,
    velocity: f32,
}

impl Fm {
    pub(super) fn new(patch: &Patch, tone: &Tone) -> Fm {
        let [ratio, depth, speed, tine] = patch.shape;
        let bell = patch.family == Family::Bell;
        let ratios =
            if bell { [1.414, 2.756, 3.5, 1.19, 2.24, 5.07] } else { [1.0, 1.0, 2.0, 3.0, 1.0, 2.0] };
        Fm {
            sine: Sine::new(),
            carrier: 0.0,
            modulator: 0.25,
            tine: 0.0,
            ratio: ratios[((ratio * 6.0) as usize).min(5)],
            tine_ratio: if bell { 7.13 } else { [7.0, 14.0, 11.0][((tine * 3.0) as usize).min(2)] },
            index: 1.0,
            index_floor: if bell { 0.25 } else { 0.15 },
            index_fall: fall((0.08 + 0.7 * speed) * patch.decay_s),
            tine_level: (0.05 + 0.3 * tine) * tone.velocity,
            tine_fall: fall(0.03 + 0.12 * speed),
            velocity: 0.35 + 0.65 * depth,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        // In turns of the carrier: an index of 1 is 2 pi radians of deviation.
        let depth = 0.55 * self.velocity * (0.15 + 1.2 * brightness) * (self.index_floor + self.index);
        // High notes cannot have many side bands.
        let depth = depth.min(0.22 / (pitch * self.ratio * 6.0));
        let tine_step = pitch * self.tine_ratio;
        let tine_level = if tine_step < 0.42 { self.tine_level } else { 0.0 };
        for out in block.iter_mut() {
            self.modulator = wrap(self.modulator + pitch * self.ratio);
            self.carrier = wrap(self.carrier + pitch);
            self.tine = wrap(self.tine + tine_step);
            let body = self.sine.at(self.carrier + depth * self.sine.at(self.modulator));
            *out = 0.4 * (body + tine_level * self.sine.at(self.tine));
        }
        self.index *= self.index_fall;
        self.tine_level *= self.tine_fall;
    }
}

fn wrap(phase: f32) -> f32 {
    if phase >= 1.0 { phase - 1.0 } else { phase }
}
