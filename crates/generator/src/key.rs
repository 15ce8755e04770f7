//! Keys: a tonic and a mode.

use serde::{Deserialize, Serialize};

/// A scale of seven tones, named after the church modes; minor is natural minor with a raised leading tone where the
/// harmony asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Ionian.
    Major,
    /// Major with a raised fourth.
    Lydian,
    /// Major with a lowered seventh.
    Mixolydian,
    /// Minor with a raised sixth.
    Dorian,
    /// Aeolian, with the raised seventh in dominants.
    Minor,
    /// Minor with a lowered second.
    Phrygian,
}

impl Mode {
    /// All modes, bright to dark.
    pub const ALL: [Mode; 6] =
        [Mode::Lydian, Mode::Major, Mode::Mixolydian, Mode::Dorian, Mode::Minor, Mode::Phrygian];

    /// Semitones above the tonic, ascending.
    pub fn scale(self) -> [u8; 7] {
        match self {
            Mode::Major => [0, 2, 4, 5, 7, 9, 11],
            Mode::Lydian => [0, 2, 4, 6, 7, 9, 11],
            Mode::Mixolydian => [0, 2, 4, 5, 7, 9, 10],
            Mode::Dorian => [0, 2, 3, 5, 7, 9, 10],
            Mode::Minor => [0, 2, 3, 5, 7, 8, 10],
            Mode::Phrygian => [0, 1, 3, 5, 7, 8, 10],
        }
    }

    /// Whether the third above the tonic is minor.
    pub fn is_minor(self) -> bool {
        matches!(self, Mode::Dorian | Mode::Minor | Mode::Phrygian)
    }

    /// The mode as a cue to mood: +1 for major to -1 for minor.
    ///
    /// Only the difference between major and minor is an experimental result; the places of the others between them
    /// follow their thirds, sixths and sevenths and are ours.
    pub fn cue(self) -> f32 {
        match self {
            Mode::Major => 1.0,
            Mode::Lydian => 0.85,
            Mode::Mixolydian => 0.45,
            Mode::Dorian => -0.45,
            Mode::Minor | Mode::Phrygian => -1.0,
        }
    }
}

/// A tonic and a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// The scale above it.
    pub mode: Mode,
}

impl Key {
    /// Semitones, -6 to +5, to add to a pitch to write it in C: a shift to the nearest C.
    pub fn shift_to_c(self) -> i32 {
        let tonic = i32::from(self.tonic % 12);
        if tonic > 6 { 12 - tonic } else { -tonic }
    }

    /// Whether a pitch class (or pitch) belongs to the scale; in minor the raised seventh does too.
    pub fn contains(self, pitch: u8) -> bool {
        let above = (pitch + 12 - self.tonic % 12) % 12;
        self.mode.scale().contains(&above) || (self.mode == Mode::Minor && above == 11)
    }
}
