//! Partials that decay on their own: pianos and struck bars.

use super::filter::OnePole;
use super::noise::Noise;
use super::voice::Tone;
use super::{BLOCK, RATE};
use crate::Patch;

/// Partials are computed in groups of this many, which the compiler turns into vectors.
const LANES: usize = 8;

/// Most partials of a note.
const MOST: usize = 40;

/// Rotating pointers, one per partial; each turn of a sample also shrinks them.
pub(super) struct Partials {
    re: [f32; MOST],
    im: [f32; MOST],
    cos: [f32; MOST],
    sin: [f32; MOST],
    count: usize,
    /// Hammer or mallet.
    strike: Noise,
    strike_level: f32,
    strike_fall: f32,
    strike_filter: OnePole,
}

impl Partials {
    fn new(tone: &Tone, strike_level: f32, strike_s: f32, strike_hz: f32) -> Partials {
        Partials {
            re: [0.0; MOST],
            im: [0.0; MOST],
            cos: [0.0; MOST],
            sin: [0.0; MOST],
            count: 0,
            strike: Noise::new(tone.seed),
            strike_level,
            strike_fall: (-1.0 / (strike_s * RATE)).exp(),
            strike_filter: OnePole::low(strike_hz),
        }
    }

    /// Frequency in cycles per sample; inaudible and impossible ones are left out.
    fn add(&mut self, frequency: f32, amplitude: f32, decay_s: f32, phase: f32) {
        if self.count == MOST || frequency > 0.45 || amplitude.abs() < 1e-4 {
            return;
        }
        let shrink = (-1.0 / (decay_s.max(0.005) * RATE)).exp();
        let (sin, cos) = (std::f32::consts::TAU * frequency).sin_cos();
        let (start_sin, start_cos) = phase.sin_cos();
        let at = self.count;
        (self.cos[at], self.sin[at]) = (shrink * cos, shrink * sin);
        (self.re[at], self.im[at]) = (amplitude * start_cos, amplitude * start_sin);
        self.count += 1;
    }

    /// Strings with some stiffness, in detuned pairs, struck at a point that silences some partials.
    pub(super) fn piano(patch: &Patch, tone: &Tone, brightness: f32) -> Partials {
        let [stiffness, position, pairs, slope] = patch.shape;
        let hz = tone.frequency * RATE;
        let mut partials =
            Partials::new(tone, 0.5 * patch.noise * tone.velocity, 0.006, 900.0 + 3000.0 * brightness);
        let stretch = (0.5 + 2.0 * stiffness) * 1e-4 * (hz / 220.0).powf(1.2);
        let struck = 0.09 + 0.06 * position;
        let steep = 2.3 - 1.5 * brightness + 0.5 * (slope - 0.5);
        let decay_s = patch.decay_s * (220.0 / hz).powf(0.45).clamp(0.3, 2.0);
        let detune = (0.3 + 1.2 * pairs) * 0.5e-3;
        for number in 1..=26 {
            let n = number as f32;
            let frequency = tone.frequency * n * (1.0 + stretch * n * n).sqrt();
            let amplitude = n.powf(-steep) * (std::f32::consts::PI * n * struck).sin().abs().max(0.05);
            // Low partials fall fast at first and slowly later: two strings, one of which is heard longer.
            let own_s = decay_s / (1.0 + 0.22 * (n - 1.0));
            let phase = 1.7 * n;
            if number <= 12 {
                partials.add(frequency * (1.0 - detune), 0.7 * amplitude, 0.5 * own_s, phase);
                partials.add(frequency * (1.0 + detune), 0.4 * amplitude, 1.6 * own_s, phase + 0.5);
            } else {
                partials.add(frequency, amplitude, own_s, phase);
            }
        }
        partials
    }

    /// Bars of wood or metal.
    pub(super) fn mallet(patch: &Patch, tone: &Tone, brightness: f32) -> Partials {
        // Ratios of a tuned marimba, vibraphone, xylophone and of a free bar (Rossing 1976).
        const BARS: [[f32; 5]; 4] = [
            [1.0, 3.93, 9.24, 16.3, 24.2],
            [1.0, 4.0, 10.0, 17.8, 27.0],
            [1.0, 3.0, 6.1, 10.3, 15.0],
            [1.0, 2.756, 5.404, 8.933, 13.34],
        ];
        let [bar, hardness, spread, _] = patch.shape;
        let ratios = BARS[((bar * 4.0) as usize).min(3)];
        let mut partials = Partials::new(
            tone,
            (0.2 + 0.5 * patch.noise) * tone.velocity,
            0.004,
            600.0 + 5000.0 * brightness,
        );
        let hz = tone.frequency * RATE;
        let decay_s = patch.decay_s * (330.0 / hz).powf(0.5).clamp(0.3, 2.0);
        for (index, ratio) in ratios.into_iter().enumerate() {
            let amplitude = (0.08 + 0.5 * brightness * (0.5 + hardness)).powi(index as i32);
            let own_s = decay_s / (1.0 + (1.0 + 2.0 * spread) * index as f32);
            partials.add(tone.frequency * ratio, amplitude, own_s, 0.4 * index as f32);
        }
        partials
    }

    pub(super) fn fill(&mut self, block: &mut [f32]) {
        block.fill(0.0);
        let groups = self.count.div_ceil(LANES);
        // A group that has died away is left out; the highest die first.
        for group in 0..groups {
            let lanes = group * LANES..(group + 1) * LANES;
            let left: f32 = self.re[lanes.clone()]
                .iter()
                .zip(&self.im[lanes.clone()])
                .map(|(re, im)| re.abs() + im.abs())
                .sum();
            if left > 2e-5 {
                self.fill_group(block, group * LANES);
            }
        }
        if self.strike_level > 1e-4 {
            for out in block {
                *out += self.strike_filter.next(self.strike_level * self.strike.next());
                self.strike_level *= self.strike_fall;
            }
        }
    }

    fn fill_group(&mut self, block: &mut [f32], first: usize) {
        let load = |from: &[f32; MOST]| -> [f32; LANES] { std::array::from_fn(|lane| from[first + lane]) };
        let (mut re, mut im) = (load(&self.re), load(&self.im));
        let (cos, sin) = (load(&self.cos), load(&self.sin));
        debug_assert!(block.len() <= BLOCK);
        for out in block {
            let mut sums = [0.0; LANES];
            for lane in 0..LANES {
                let turned = re[lane] * cos[lane] - im[lane] * sin[lane];
                im[lane] = re[lane] * sin[lane] + im[lane] * cos[lane];
                re[lane] = turned;
                sums[lane] = turned;
            }
            *out += ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
        }
        self.re[first..first + LANES].copy_from_slice(&re);
        self.im[first..first + LANES].copy_from_slice(&im);
    }
}
