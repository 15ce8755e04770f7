//! Chords: root, quality and bass.

use serde::{Deserialize, Serialize};

/// What is built on the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Major triad.
    Major,
    /// Minor triad.
    Minor,
    /// Major triad, minor seventh.
    Dominant7,
    /// Major triad, major seventh.
    Major7,
    /// Minor triad, minor seventh.
    Minor7,
    /// Diminished triad.
    Diminished,
    /// Diminished triad, diminished seventh.
    Diminished7,
    /// Diminished triad, minor seventh.
    HalfDiminished,
    /// Augmented triad.
    Augmented,
    /// Root, fourth, fifth.
    Suspended4,
    /// Root, second, fifth.
    Suspended2,
    /// Major triad, major sixth.
    Sixth,
    /// Minor triad, major sixth.
    MinorSixth,
    /// Major triad, ninth.
    AddNinth,
    /// Minor triad, ninth.
    MinorAddNinth,
}

impl Quality {
    /// Every quality.
    pub const ALL: [Quality; 15] = [
        Quality::Major,
        Quality::Minor,
        Quality::Dominant7,
        Quality::Major7,
        Quality::Minor7,
        Quality::Diminished,
        Quality::Diminished7,
        Quality::HalfDiminished,
        Quality::Augmented,
        Quality::Suspended4,
        Quality::Suspended2,
        Quality::Sixth,
        Quality::MinorSixth,
        Quality::AddNinth,
        Quality::MinorAddNinth,
    ];

    /// Semitones above the root, within one octave, the root first.
    pub fn intervals(self) -> &'static [u8] {
        match self {
            Quality::Major => &[0, 4, 7],
            Quality::Minor => &[0, 3, 7],
            Quality::Dominant7 => &[0, 4, 7, 10],
            Quality::Major7 => &[0, 4, 7, 11],
            Quality::Minor7 => &[0, 3, 7, 10],
            Quality::Diminished => &[0, 3, 6],
            Quality::Diminished7 => &[0, 3, 6, 9],
            Quality::HalfDiminished => &[0, 3, 6, 10],
            Quality::Augmented => &[0, 4, 8],
            Quality::Suspended4 => &[0, 5, 7],
            Quality::Suspended2 => &[0, 2, 7],
            Quality::Sixth => &[0, 4, 7, 9],
            Quality::MinorSixth => &[0, 3, 7, 9],
            Quality::AddNinth => &[0, 4, 7, 2],
            Quality::MinorAddNinth => &[0, 3, 7, 2],
        }
    }

    /// How major (+1) or minor (-1) the chord is, as a cue to mood (ours; dissonance counts as minor).
    pub fn cue(self) -> f32 {
        match self {
            Quality::Major | Quality::AddNinth | Quality::Sixth => 1.0,
            Quality::Major7 => 0.8,
            Quality::Dominant7 => 0.5,
            Quality::Suspended4 | Quality::Suspended2 => 0.2,
            Quality::Augmented => -0.4,
            Quality::Minor7 => -0.7,
            Quality::Minor | Quality::MinorSixth | Quality::MinorAddNinth => -1.0,
            Quality::Diminished | Quality::Diminished7 | Quality::HalfDiminished => -1.0,
        }
    }

    /// What follows the root in a chord symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Quality::Major => "",
            Quality::Minor => "m",
            Quality::Dominant7 => "7",
            Quality::Major7 => "maj7",
            Quality::Minor7 => "m7",
            Quality::Diminished => "dim",
            Quality::Diminished7 => "dim7",
            Quality::HalfDiminished => "m7b5",
            Quality::Augmented => "aug",
            Quality::Suspended4 => "sus4",
            Quality::Suspended2 => "sus2",
            Quality::Sixth => "6",
            Quality::MinorSixth => "m6",
            Quality::AddNinth => "add9",
            Quality::MinorAddNinth => "madd9",
        }
    }
}

/// A chord as it sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chord {
    /// Pitch class of the root, 0 (C) to 11 (B).
    pub root: u8,
    /// What is built on it.
    pub quality: Quality,
    /// Pitch class of the lowest tone; another than the root in inversions and over pedal points.
    pub bass: u8,
}

impl Chord {
    /// Pitch classes, the root first, without the bass where that is foreign to the chord.
    pub fn pitch_classes(self) -> impl Iterator<Item = u8> {
        self.quality.intervals().iter().map(move |interval| (self.root + interval) % 12)
    }

    /// Whether a pitch (or pitch class) is a tone of the chord or its bass.
    pub fn contains(self, pitch: u8) -> bool {
        self.bass == pitch % 12 || self.pitch_classes().any(|class| class == pitch % 12)
    }

    /// A chord symbol with sharps, for example `F#m7/E`.
    pub fn symbol(self) -> String {
        const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
        let mut symbol = format!("{}{}", NAMES[usize::from(self.root % 12)], self.quality.symbol());
        if self.bass != self.root {
            symbol.push('/');
            symbol.push_str(NAMES[usize::from(self.bass % 12)]);
        }
        symbol
    }
}

/// A stretch of time with one chord, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChordSpan {
    /// Where it begins.
    pub start_s: f64,
    /// Where the next begins.
    pub end_s: f64,
    /// `None` where neither chords nor bass play.
    pub chord: Option<Chord>,
}
