//! Phase distortion: a cosine read at a bent phase, as of the synthesisers of the eighties (Ishibashi 1987).

use super::envelope::fall;
use super::noise::Noise;
use super::voice::Tone;
use super::wavetable::Sine;
use crate::Patch;

/// A bent cosine and a windowed resonance.
pub(super) struct PhaseDistortion {
    sine: Sine,
    phases: [f32; 2],
    detune: [f32; 2],
    resonance: f32,
    sweep: f32,
    sweep_level: f32,
    sweep_fall: f32,
    double: bool,
}

impl PhaseDistortion {
    pub(super) fn new(patch: &Patch, tone: &Tone) -> PhaseDistortion {
        let [resonance, sweep, speed, double] = patch.shape;
        let mut noise = Noise::new(tone.seed);
        let cents = patch.detune_cents / 1731.0;
        PhaseDistortion {
            sine: Sine::new(),
            phases: [0.5 + 0.499 * noise.next(), 0.5 + 0.499 * noise.next()],
            detune: [1.0 + cents, 1.0 - cents],
            resonance,
            sweep,
            sweep_level: 1.0,
            sweep_fall: fall((0.1 + speed) * patch.decay_s),
            double: double > 0.5,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        let open = (brightness * (1.0 - self.sweep + 1.3 * self.sweep * self.sweep_level)).clamp(0.0, 1.0);
        self.sweep_level *= self.sweep_fall;
        // High notes bend less: a bend of 1/20 of the period has some twenty harmonics.
        let bend = (0.5 - 0.46 * open).max((4.0 * pitch).min(0.5));
        let (rising, falling) = (0.5 / bend, 0.5 / (1.0 - bend));
        let peak = (1.0 + 14.0 * open).min(0.4 / pitch).max(1.0);
        let steps = self.detune.map(|detune| pitch * detune);
        for out in block.iter_mut() {
            let mut sum = 0.0;
            for (phase, step) in self.phases.iter_mut().zip(steps) {
                *phase += step;
                *phase -= if *phase >= 1.0 { 1.0 } else { 0.0 };
                let p = *phase;
                let bent = if p < bend { p * rising } else { 0.5 + (p - bend) * falling };
                let bent = if self.double { 2.0 * bent } else { bent };
                sum -= self.sine.at(bent + 0.25);
                // The resonance starts anew with every period and has faded at its end.
                sum += self.resonance * (1.0 - p) * (self.sine.at(p * peak + 0.25) - 0.5);
            }
            *out = 0.3 * sum;
        }
    }
}
