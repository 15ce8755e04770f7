//! Steady music in C major at 120 quarter notes per minute, for what does not depend on the music.

use dendrite_composer::{Composer, Grid, Heard, Key, Scale, Signals};
use dendrite_pipeline::{CHORDS, Dynamics, Expression, Groove, Harmony, Melody, Mood};

/// Samples per second.
const RATE: u32 = 48_000;
/// Samples per sixteenth.
pub const STEP: u64 = 6_000;

/// What is heard.
pub struct Song {
    /// Of all steps, in sixteenths.
    pub offset: f32,
    /// Of all dimensions.
    pub dynamics: f32,
    pub chord: usize,
    pub loudness: f32,
}

impl Default for Song {
    fn default() -> Self {
        Self { offset: 0.0, dynamics: 0.5, chord: 0, loudness: 0.6 }
    }
}

impl Song {
    /// Four quarters a bar; a position at sample 0.
    pub fn grid(&self, beats: f64) -> Grid {
        Grid {
            sample: 0,
            beats,
            bpm: 120.0,
            rate: RATE,
            beats_per_bar: 4.0,
            bar_start: None,
            compound: false,
        }
    }

    /// One hop.
    pub fn hear(&self, composer: &mut Composer) {
        let mut probabilities = [0.1 / (CHORDS - 1) as f32; CHORDS];
        probabilities[self.chord] = 0.9;
        composer.hear(&Heard {
            hop_s: 1024.0 / RATE as f32,
            mood: &Mood::default(),
            harmony: &Harmony::of(probabilities, 0.6),
            melody: &Melody::default(),
            // No looseness: time is what the offset says.
            dynamics: &Dynamics(std::array::from_fn(|i| {
                if i == Expression::Looseness as usize { 0.0 } else { self.dynamics }
            })),
            groove: &Groove {
                offsets: [self.offset; 16],
                accents: std::array::from_fn(|step| if step % 4 == 0 { 0.8 } else { 0.4 }),
            },
            key: Some(Key { tonic: 0, minor: false }),
            scale: Scale::Major,
            signals: Signals { loudness: self.loudness, ..Signals::default() },
        });
    }
}
