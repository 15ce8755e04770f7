//! What a caller may ask of a piece.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{Meter, Mode, Mood};

/// Parts of a data set. They differ in seeds (a seed gives another piece in each) and in instruments: train and
/// validation never use a family of [`Family::HELD_OUT`](crate::Family::HELD_OUT), test plays melody and chords with
/// nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by.
    Validation,
    /// To report on.
    Test,
}

/// Which voices a piece has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ensemble {
    /// Melody, chords, bass, drums.
    Band,
    /// Without drums.
    Undrummed,
    /// Without melody.
    Backing,
    /// Few notes, two voices at most at a time.
    Sparse,
    /// Pads and single tones, no drums.
    Ambient,
}

/// What a piece must have; what is `None` is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Forced {
    /// Pitch class of the tonic, 0 to 11; higher numbers wrap.
    pub tonic: Option<u8>,
    /// The mode.
    pub mode: Option<Mode>,
    /// Beats per minute; clamped to 30 to 300.
    pub tempo_bpm: Option<f64>,
    /// The meter.
    pub meter: Option<Meter>,
    /// The mood aimed at, in every section; clamped to the plane. What results is in the labels.
    pub mood: Option<Mood>,
    /// The voices.
    pub ensemble: Option<Ensemble>,
    /// Peak level in dB; clamped to -36 to 0.
    pub level_db: Option<f32>,
}

/// What is asked of a piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Which instruments and seeds.
    pub split: Split,
    /// How long it should be, in seconds. Bars are not cut, so that it may miss the range by a bar; below 40 s there
    /// are one to three sections, otherwise three to eight. Limited to 4 s to 600 s.
    pub length_s: RangeInclusive<f64>,
    /// What it must have.
    pub forced: Forced,
}

impl Default for Options {
    /// A whole song of one to two and a half minutes, for training.
    fn default() -> Self {
        Options { split: Split::Train, length_s: 60.0..=150.0, forced: Forced::default() }
    }
}

impl Options {
    /// Twenty to thirty seconds: one to three sections.
    pub fn excerpt() -> Self {
        Options { length_s: 20.0..=30.0, ..Options::default() }
    }

    /// The same for another part of the data set.
    pub fn with_split(self, split: Split) -> Self {
        Options { split, ..self }
    }

    /// The same with something forced.
    pub fn with_forced(self, forced: Forced) -> Self {
        Options { forced, ..self }
    }
}
