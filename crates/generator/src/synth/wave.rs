//! Wavetables between dark and bright: organs, string sections, brass, reeds, flutes.

use super::filter::StateVariable;
use super::noise::Noise;
use super::voice::Tone;
use super::wavetable::{Phase, Wavetable};
use super::{BLOCK, RATE};
use crate::{Family, Patch};

/// The two ends of an instrument.
pub(super) struct WaveTables {
    dark: Wavetable,
    bright: Wavetable,
}

impl WaveTables {
    pub(super) fn new(patch: &Patch) -> WaveTables {
        let shape = patch.shape;
        match patch.family {
            Family::Organ => {
                let bars = |bright: f32| {
                    move |harmonic: usize| match harmonic {
                        // Drawbars from 16 to 1 foot; the table plays an octave below the note.
                        1 => 0.6 * shape[0],
                        2 => 1.0,
                        3 => 0.7 * shape[1] * shape[1],
                        4 => 0.8 * shape[2],
                        6 => bright * 0.7 * shape[3],
                        8 => bright * 0.6 * (1.0 - shape[1]),
                        10 => bright * 0.25 * shape[0],
                        12 => bright * 0.25 * (1.0 - shape[2]),
                        16 => bright * 0.4 * (1.0 - shape[3]),
                        _ => 0.0,
                    }
                };
                WaveTables { dark: Wavetable::new(bars(0.15)), bright: Wavetable::new(bars(1.3)) }
            }
            Family::Strings => {
                let bowed = |steep: f32| {
                    move |harmonic: usize| {
                        let n = harmonic as f32;
                        n.powf(-steep) * (1.0 + 0.5 * shape[0] * (1.3 * n + 6.0 * shape[1]).sin())
                    }
                };
                WaveTables { dark: Wavetable::new(bowed(1.9)), bright: Wavetable::new(bowed(1.05)) }
            }
            Family::Brass => {
                let top = 3.0 + 7.0 * shape[0];
                let open = move |harmonic: usize| {
                    let n = harmonic as f32;
                    (1.0 + (n / top).powi(2) * 0.6) * (-n / (top * 1.3)).exp() + 0.02 / n
                };
                let soft = Wavetable::new(|harmonic| (harmonic as f32).powf(-2.6));
                WaveTables { dark: soft, bright: Wavetable::new(open) }
            }
            Family::Reed => {
                let even = 0.08 + 0.9 * shape[0] * shape[0];
                let reed = |steep: f32| {
                    move |harmonic: usize| {
                        let n = harmonic as f32;
                        let own = if harmonic.is_multiple_of(2) { even } else { 1.0 };
                        let nasal =
                            1.0 + 2.0 * shape[1] * (-((n - 4.0 - 4.0 * shape[2]) / 2.0).powi(2)).exp();
                        own * nasal * n.powf(-steep)
                    }
                };
                WaveTables { dark: Wavetable::new(reed(2.0)), bright: Wavetable::new(reed(1.05)) }
            }
            _ => {
                let pipe = |steep: f32| {
                    move |harmonic: usize| {
                        let n = harmonic as f32;
                        n.powf(-steep) * if harmonic == 2 { 0.4 + 1.2 * shape[0] } else { 1.0 }
                    }
                };
                WaveTables { dark: Wavetable::new(pipe(3.6)), bright: Wavetable::new(pipe(1.9)) }
            }
        }
    }
}

/// One note: up to three readers of the same pair of tables, and breath.
pub(super) struct Wave<'a> {
    tables: &'a WaveTables,
    level: usize,
    readers: usize,
    phases: [Phase; 3],
    detune: [f32; 3],
    /// Times the note's pitch.
    octave: f32,
    /// How far the envelope opens the sound by itself.
    opening: f32,
    noise: Noise,
    breath: f32,
    filter: StateVariable,
    /// A click or a rough start.
    chiff: f32,
    chiff_fall: f32,
}

impl<'a> Wave<'a> {
    pub(super) fn new(tables: &'a WaveTables, patch: &Patch, tone: &Tone) -> Wave<'a> {
        let mut noise = Noise::new(tone.seed);
        let cents = patch.detune_cents / 1731.0;
        let (readers, octave, opening, breath, chiff) = match patch.family {
            Family::Organ => (1, 0.5, 0.0, 0.0, 0.25 * patch.noise),
            Family::Strings => (3, 1.0, 0.15, 0.015 * patch.noise, 0.0),
            Family::Brass => (1 + usize::from(patch.shape[1] > 0.6), 1.0, 0.5, 0.02 * patch.noise, 0.1),
            Family::Reed => (1, 1.0, 0.1, 0.02 + 0.05 * patch.noise, 0.1 * patch.noise),
            _ => (1, 1.0, 0.1, 0.05 + 0.2 * patch.noise, 0.4 * patch.noise),
        };
        let mut filter = StateVariable::default();
        filter.set((tone.frequency * 2.0).min(0.2), 1.2);
        let drift = 0.0006 * noise.next();
        Wave {
            tables,
            level: tables.dark.level(tone.frequency * octave * 1.03),
            readers,
            phases: std::array::from_fn(|_| Phase::new(0.5 + 0.499 * noise.next())),
            detune: [1.0 + drift, 1.0 + drift + cents, 1.0 + drift - cents],
            octave,
            opening,
            breath,
            filter,
            chiff,
            chiff_fall: (-1.0 / (0.012 * RATE)).exp(),
            noise,
        }
    }

    pub(super) fn fill(&mut self, block: &mut [f32], pitch: f32, brightness: f32, level: f32) {
        debug_assert!(block.len() <= BLOCK);
        let (dark, bright) = (self.tables.dark.table(self.level), self.tables.bright.table(self.level));
        let mix = (brightness * (1.0 - self.opening) + self.opening * level * (0.4 + 0.6 * brightness))
            .clamp(0.0, 1.0);
        let scale = 1.0 / (self.readers as f32).sqrt();
        block.fill(0.0);
        for (phase, detune) in self.phases.iter_mut().zip(self.detune).take(self.readers) {
            let step = Phase::new(pitch * self.octave * detune);
            for out in block.iter_mut() {
                phase.advance(step);
                let low = dark.at(*phase);
                *out += scale * (low + mix * (bright.at(*phase) - low));
            }
        }
        if self.breath > 0.0 || self.chiff > 1e-4 {
            for out in block.iter_mut() {
                let amount = self.breath + self.chiff;
                *out += amount * self.filter.next(self.noise.next()).0;
                self.chiff *= self.chiff_fall;
            }
        }
    }
}
