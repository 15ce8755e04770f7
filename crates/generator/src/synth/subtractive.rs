//! Saw and pulse through a resonant low-pass filter.

use super::envelope::fall;
use super::filter::StateVariable;
use super::noise::Noise;
use super::voice::Tone;
use super::wavetable::{Phase, Wavetable};
use crate::Patch;

/// Two oscillators and a filter.
pub(super) struct Subtractive<'a> {
    saw: &'a Wavetable,
    level: usize,
    phases: [Phase; 2],
    detune: [f32; 2],
    /// Where the second saw of a pulse lies, and how much of it is taken away.
    width: f32,
    pulse: f32,
    filter: StateVariable,
    damping: f32,
    sweep: f32,
    sweep_level: f32,
    sweep_fall: f32,
}

impl<'a> Subtractive<'a> {
    pub(super) fn new(saw: &'a Wavetable, patch: &Patch, tone: &Tone) -> Subtractive<'a> {
        let [pulse, resonance, sweep, width] = patch.shape;
        let mut noise = Noise::new(tone.seed);
        let cents = patch.detune_cents / 1731.0;
        Subtractive {
            saw,
            level: saw.level(tone.frequency * 1.03),
            phases: std::array::from_fn(|_| Phase::new(0.5 + 0.499 * noise.next())),
            detune: [1.0 + cents, 1.0 - cents],
            width: 0.08 + 0.42 * width,
            pulse: if pulse > 0.5 { 1.0 } else { 0.0 },
            filter: StateVariable::default(),
            damping: 1.5 - 1.3 * resonance * resonance,
            sweep,
            sweep_level: 1.0,
            sweep_fall: fall(0.05 + 0.5 * patch.decay_s),
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        let (saw, width) = (self.saw.table(self.level), Phase::new(self.width));
        // From the second harmonic to the fortieth.
        let open =
            1.5 + 34.0 * brightness * brightness * (1.0 - self.sweep + 1.6 * self.sweep * self.sweep_level);
        self.filter.set((pitch * open).clamp(0.003, 0.4), self.damping);
        self.sweep_level *= self.sweep_fall;
        let steps = self.detune.map(|detune| Phase::new(pitch * detune));
        for out in block.iter_mut() {
            let mut sum = 0.0;
            for (phase, step) in self.phases.iter_mut().zip(steps) {
                phase.advance(step);
                sum += saw.at(*phase) - self.pulse * saw.at(phase.ahead(width));
            }
            *out = self.filter.low(sum);
        }
    }
}
