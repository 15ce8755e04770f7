//! Voices: a glottal pulse through formants.

use super::RATE;
use super::filter::StateVariable;
use super::noise::Noise;
use super::voice::Tone;
use super::wavetable::{Phase, Wavetable};
use crate::Patch;

/// First three formants of a, e, i, o, u in Hz (Peterson and Barney 1952, men).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [530.0, 1840.0, 2480.0],
    [270.0, 2290.0, 3010.0],
    [570.0, 840.0, 2410.0],
    [300.0, 870.0, 2240.0],
];

/// The pulse.
pub(super) struct ChoirTables {
    glottis: Wavetable,
}

impl ChoirTables {
    pub(super) fn new(patch: &Patch) -> ChoirTables {
        let steep = 1.5 - 0.5 * patch.shape[3];
        ChoirTables { glottis: Wavetable::new(|harmonic| (harmonic as f32).powf(-steep)) }
    }
}

/// A few singers on one vowel.
pub(super) struct Choir<'a> {
    tables: &'a ChoirTables,
    level: usize,
    phases: [Phase; 2],
    detune: [f32; 2],
    formants: [StateVariable; 3],
    noise: Noise,
    breath: f32,
}

impl<'a> Choir<'a> {
    pub(super) fn new(tables: &'a ChoirTables, patch: &Patch, tone: &Tone) -> Choir<'a> {
        let [vowel, size, other, _] = patch.shape;
        let place = vowel * 4.0;
        let index = (place as usize).min(3);
        let along = (place - index as f32) * other.round();
        // Children and women have shorter vocal tracts.
        let scale = 0.95 + 0.35 * size;
        let formants = std::array::from_fn(|formant| {
            let (from, to) = (VOWELS[index][formant], VOWELS[index + 1][formant]);
            let hz = scale * (from + along * (to - from));
            let mut filter = StateVariable::default();
            // Sopranos tune the first formant to the fundamental.
            let frequency = (hz / RATE).max(if formant == 0 { tone.frequency } else { 0.0 });
            filter.set(frequency, [0.16, 0.11, 0.1][formant]);
            filter
        });
        let mut noise = Noise::new(tone.seed);
        let cents = (3.0 + patch.detune_cents) / 1731.0;
        Choir {
            tables,
            level: tables.glottis.level(tone.frequency * 1.04),
            phases: std::array::from_fn(|_| Phase::new(0.5 + 0.499 * noise.next())),
            detune: [1.0 + cents, 1.0 - cents],
            formants,
            noise,
            breath: 0.01 + 0.05 * patch.noise,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32) {
        let glottis = self.tables.glottis.table(self.level);
        let steps = self.detune.map(|detune| Phase::new(pitch * detune));
        let gains = [1.0, 0.1 + brightness, 0.02 + brightness * brightness];
        let direct = 0.005 + 0.08 * brightness;
        for out in block.iter_mut() {
            let mut pulse = self.breath * self.noise.next();
            for (phase, step) in self.phases.iter_mut().zip(steps) {
                phase.advance(step);
                pulse += glottis.at(*phase);
            }
            let mut sum = direct * pulse;
            for (filter, gain) in self.formants.iter_mut().zip(gains) {
                sum += gain * filter.band(pulse);
            }
            *out = sum;
        }
    }
}
