//! Plucked strings: Karplus and Strong's delay line, tuned with an all-pass filter (Jaffe and Smith 1983).

use super::RATE;
use super::filter::OnePole;
use super::noise::Noise;
use super::voice::Tone;
use crate::Patch;

/// A string.
pub(super) struct PluckedString {
    line: Vec<f32>,
    at: usize,
    /// Loss per turn, and its share for high frequencies.
    gain: f32,
    damping: f32,
    before: f32,
    /// All-pass for the fraction of a sample.
    allpass: f32,
    allpass_in: f32,
    allpass_out: f32,
}

impl PluckedString {
    pub(super) fn new(patch: &Patch, tone: &Tone, brightness: f32) -> PluckedString {
        let [position, stiffness, softness, _] = patch.shape;
        // The loop filter delays by its damping, the all-pass by 0.1 to 1.1 samples.
        let damping = (0.5 - 0.42 * brightness) * (0.5 + 0.5 * stiffness);
        let period = 1.0 / tone.frequency.clamp(1e-4, 0.2) - damping;
        let length = ((period - 0.1) as usize).max(2);
        let fraction = period - length as f32;
        let mut noise = Noise::new(tone.seed);
        let cutoff = 700.0 + 9000.0 * brightness * (1.2 - 0.8 * softness);
        let mut pick = OnePole::low(cutoff);
        let mut line: Vec<f32> = (0..length).map(|_| pick.next(noise.next())).collect();
        // Plucked at a point: what has a node there is not heard.
        let offset = ((0.08 + 0.35 * position) * length as f32) as usize;
        let plucked: Vec<f32> =
            (0..length).map(|i| line[i] - 0.8 * line[(i + length - offset) % length]).collect();
        let mean = plucked.iter().sum::<f32>() / length as f32;
        let power = plucked.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / length as f32;
        let scale = 0.3 / power.sqrt().max(1e-6);
        for (place, value) in line.iter_mut().zip(plucked) {
            *place = scale * (value - mean);
        }
        let hz = tone.frequency * RATE;
        let decay_s = patch.decay_s * (220.0 / hz).powf(0.35).clamp(0.4, 1.6);
        PluckedString {
            line,
            at: 0,
            gain: (-1.0 / (decay_s * hz)).exp(),
            damping,
            before: 0.0,
            allpass: (1.0 - fraction) / (1.0 + fraction),
            allpass_in: 0.0,
            allpass_out: 0.0,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32]) {
        for out in block {
            let now = self.line[self.at];
            let damped = (1.0 - self.damping) * now + self.damping * self.before;
            self.before = now;
            let shifted = self.allpass * (damped - self.allpass_out) + self.allpass_in;
            (self.allpass_in, self.allpass_out) = (damped, shifted);
            self.line[self.at] = self.gain * shifted;
            self.at += 1;
            if self.at == self.line.len() {
                self.at = 0;
            }
            *out = now;
        }
    }
}
