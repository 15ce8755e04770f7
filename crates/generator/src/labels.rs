//! What is known of a piece: everything a detector or a model may be asked.

use serde::{Deserialize, Serialize};

use crate::{BarGroove, ChordSpan, Cues, Expression, Groove, Key, Meter, Mood, Onset, Split};

/// Everything that is known of a piece. Times are seconds from the first sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    /// The [`VERSION`](crate::VERSION) that wrote it.
    pub version: u32,
    /// The seed.
    pub seed: u64,
    /// Which part of a data set the piece belongs to.
    pub split: Split,
    /// The main key; sections may leave it ([`Section::key`]).
    pub key: Key,
    /// The meter, the same in all bars.
    pub meter: Meter,
    /// The main tempo in beats per minute; bars may differ ([`Bar::tempo_bpm`]).
    pub tempo_bpm: f64,
    /// Length of the audio, the last reverberation included.
    pub duration_s: f64,
    /// Times of all beats, in order.
    pub beats_s: Vec<f64>,
    /// All bars, in order; each begins where the one before it ends.
    pub bars: Vec<Bar>,
    /// Sections, in order; together they cover 0 to `duration_s`.
    pub sections: Vec<Section>,
    /// Chords, in order; together they cover 0 to `duration_s`.
    pub chords: Vec<ChordSpan>,
    /// Every note of every voice, ordered by onset.
    pub notes: Vec<Note>,
    /// Audible attacks, ordered by time, those of one moment merged. There may be none in music of soft pads.
    pub onsets: Vec<Onset>,
    /// Controller changes, ordered by time. They act on melody, chords and bass alike, not on drums.
    pub controls: Vec<Control>,
}

/// One bar: its time, and what was measured on its notes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Time of its first grid step. The notes there may come a little earlier or later.
    pub start_s: f64,
    /// Time of the next bar's first grid step.
    pub end_s: f64,
    /// Beats per minute within the bar.
    pub tempo_bpm: f64,
    /// Index of its section.
    pub section: usize,
    /// Timing and accents measured on the notes of the bar.
    pub groove: BarGroove,
    /// Expression measured on the notes and controllers of the bar.
    pub expression: Expression,
}

/// Names of sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionName {
    /// Opens the piece, thinly.
    Intro,
    /// Tells the story.
    Verse,
    /// The part one remembers: fuller and higher than the verse.
    Chorus,
    /// Contrast, often in other harmony or another key.
    Bridge,
    /// The verse's or chorus's harmony with a free melody on another instrument.
    Solo,
    /// Closes the piece.
    Outro,
}

impl SectionName {
    /// As in marker texts.
    pub fn text(self) -> &'static str {
        match self {
            SectionName::Intro => "intro",
            SectionName::Verse => "verse",
            SectionName::Chorus => "chorus",
            SectionName::Bridge => "bridge",
            SectionName::Solo => "solo",
            SectionName::Outro => "outro",
        }
    }
}

/// A part of the form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// What it is.
    pub name: SectionName,
    /// Where it begins: on a bar, or at 0.
    pub start_s: f64,
    /// Where the next begins, or the end of the piece.
    pub end_s: f64,
    /// Index of its first bar.
    pub first_bar: usize,
    /// How many bars it has.
    pub bars: usize,
    /// Its key.
    pub key: Key,
    /// True mood, from `cues` by [`Mood::of`].
    pub mood: Mood,
    /// The mood that was aimed at; only of interest when the generator itself is judged.
    pub target: Mood,
    /// Cues measured on the section's notes and instruments.
    pub cues: Cues,
    /// Timing and accents as drawn; the bars scatter around them.
    pub groove: Groove,
    /// Which voices play: [`Voice::ALL`] order.
    pub plays: [bool; 4],
}

/// Who plays a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// One note at a time.
    Melody,
    /// Accompaniment.
    Chords,
    /// The lowest voice.
    Bass,
    /// Pitches are General MIDI drum keys ([`Drum`](crate::Drum)).
    Drums,
}

impl Voice {
    /// All voices, in the order of [`Section::plays`].
    pub const ALL: [Voice; 4] = [Voice::Melody, Voice::Chords, Voice::Bass, Voice::Drums];

    /// As in track names.
    pub fn text(self) -> &'static str {
        match self {
            Voice::Melody => "melody",
            Voice::Chords => "chords",
            Voice::Bass => "bass",
            Voice::Drums => "drums",
        }
    }
}

/// One note as played.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Who plays it.
    pub voice: Voice,
    /// When it begins.
    pub onset_s: f64,
    /// How long its key is held. The sustain pedal and the instrument's release let it sound longer.
    pub duration_s: f64,
    /// MIDI pitch, 0 to 127, or drum key.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// Index of the bar it belongs to. A note played ahead of a bar line belongs to the bar after it.
    pub bar: usize,
    /// The grid step (sixteenth) within the bar, from 0.
    pub step: usize,
    /// How far from the step it is played, in sixteenths, -0.5 to 0.5. Strummed chords spread around it.
    pub offset: f32,
}

/// MIDI controllers that the performance uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// CC1: depth of vibrato.
    Modulation,
    /// CC11: loudness within the phrase.
    Expression,
    /// CC64: 127 while the pedal is down. Acts on chords.
    Sustain,
    /// CC74: brightness of the timbre.
    Brightness,
}

impl Controller {
    /// Its MIDI number.
    pub fn number(self) -> u8 {
        match self {
            Controller::Modulation => 1,
            Controller::Expression => 11,
            Controller::Sustain => 64,
            Controller::Brightness => 74,
        }
    }
}

/// A controller change. Between two changes CC1, CC11 and CC74 move linearly, CC64 holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// When.
    pub time_s: f64,
    /// Which.
    pub controller: Controller,
    /// 0 to 127.
    pub value: u8,
}
