//! Overdriven strings: a falling tone that distortion keeps up, behind a cabinet.

use super::RATE;
use super::envelope::fall;
use super::filter::StateVariable;
use super::noise::Noise;
use super::voice::Tone;
use super::wavetable::{Phase, Wavetable};
use crate::Patch;

/// One string through its own amplifier.
pub(super) struct Overdriven<'a> {
    string: &'a Wavetable,
    level: usize,
    phases: [Phase; 2],
    detune: [f32; 2],
    loudness: f32,
    loudness_fall: f32,
    drive: f32,
    bias: f32,
    cabinet: StateVariable,
    body: StateVariable,
    body_gain: f32,
    noise: Noise,
    pick: f32,
}

impl<'a> Overdriven<'a> {
    pub(super) fn new(string: &'a Wavetable, patch: &Patch, tone: &Tone) -> Overdriven<'a> {
        let [drive, bias, body, _] = patch.shape;
        let mut noise = Noise::new(tone.seed);
        let mut filter = StateVariable::default();
        filter.set((350.0 + 900.0 * body) / RATE, 0.9);
        Overdriven {
            string,
            level: string.level(tone.frequency * 1.03),
            phases: std::array::from_fn(|_| Phase::new(0.5 + 0.499 * noise.next())),
            detune: [1.0, 1.0 + 0.3 * patch.detune_cents / 1731.0],
            loudness: 1.0,
            loudness_fall: fall(patch.decay_s * 1.5),
            drive: 3.0 + 22.0 * drive * drive,
            bias: 0.35 * bias,
            cabinet: StateVariable::default(),
            body: filter,
            body_gain: 0.8 * body,
            noise,
            pick: 0.5,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        let string = self.string.table(self.level);
        self.cabinet.set((1600.0 + 4200.0 * brightness) / RATE, 0.9);
        let steps = self.detune.map(|detune| Phase::new(pitch * detune));
        let gain = self.drive * self.loudness * (0.5 + 0.8 * brightness);
        for out in block.iter_mut() {
            let mut sum = self.pick * self.noise.next();
            self.pick *= 0.997;
            for (phase, step) in self.phases.iter_mut().zip(steps) {
                phase.advance(step);
                sum += string.at(*phase);
            }
            let driven = gain * sum + self.bias;
            let shaped = driven / (1.0 + driven.abs()) - self.bias / (1.0 + self.bias);
            *out = self.cabinet.low(shaped + self.body_gain * self.body.next(shaped).0);
        }
        self.loudness *= self.loudness_fall;
    }
}
