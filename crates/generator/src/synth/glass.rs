//! Glass: noise through narrow resonators at the harmonics.

use super::RATE;
use super::filter::StateVariable;
use super::noise::Noise;
use super::voice::Tone;
use crate::Patch;

/// Resonators of a note.
const COUNT: usize = 5;

/// Bowed glass.
pub(super) struct Glass {
    noise: Noise,
    resonators: [StateVariable; COUNT],
    ratios: [f32; COUNT],
    bandwidth: f32,
}

impl Glass {
    pub(super) fn new(patch: &Patch, tone: &Tone) -> Glass {
        let [width, odd, stretch, _] = patch.shape;
        let step = if odd > 0.6 { 2.0 } else { 1.0 };
        Glass {
            noise: Noise::new(tone.seed),
            resonators: Default::default(),
            ratios: std::array::from_fn(|index| {
                let n = 1.0 + step * index as f32;
                n * (1.0 + 0.004 * stretch * (n - 1.0))
            }),
            bandwidth: (2.0 + 10.0 * width * width) / RATE,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        let mut gains = [0.0; COUNT];
        for (index, (resonator, ratio)) in self.resonators.iter_mut().zip(self.ratios).enumerate() {
            let frequency = pitch * ratio;
            if frequency < 0.4 {
                // Narrower is rarer: the gain makes up for what noise a band lets through.
                resonator.set(frequency, (self.bandwidth * (1.0 + index as f32) / frequency).max(1e-4));
                gains[index] = (0.15 + 0.75 * brightness).powi(index as i32);
            }
        }
        for out in block.iter_mut() {
            let x = self.noise.next();
            let mut sum = 0.0;
            for (resonator, gain) in self.resonators.iter_mut().zip(gains) {
                sum += gain * resonator.band(x);
            }
            *out = 8.0 * sum;
        }
    }
}
