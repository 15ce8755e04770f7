//! Music from a seed: score, sound and the labels that only a composer knows.
//!
//! ```text
//! seed, Options ──compose──> Score ─┬─ labels: Labels   key, tempo, bars, sections with mood, chords, notes, onsets,
//!                                   │                   groove, expression, controllers; JSON by serde
//!                                   ├─ sound: Sound     instruments, drum kit, room, level
//!                                   ├──render──> Audio  48,000 Hz, mono, f32
//!                                   └──midi::write──>   type 1 file with tempo map and markers
//! ```
//!
//! ```
//! use dendrite_generator::{Options, compose, render};
//!
//! let score = compose(7, &Options::excerpt());
//! let labels = &score.labels;
//! println!("{:?} at {:.0} bpm, {} notes", labels.key, labels.tempo_bpm, labels.notes.len());
//! for section in &labels.sections {
//!     println!("{:>6.1} s {:?}: {:?}", section.start_s, section.name, section.mood);
//! }
//! # let _ = render; // one note of it takes too long for a documentation test
//! ```
//!
//! # The same seed, the same bytes
//! Everything is drawn from small generators keyed by the seed and by what they are for, so that a seed gives the same
//! score, and on the same kind of processor the same samples, as long as [`VERSION`] stays the same.
//!
//! # Mood
//! A piece starts from a point of the valence-arousal plane, drawn uniformly. [Cues] are drawn so that they express
//! it, with scatter; the label of a section is then computed from the cues measured on its finished notes, by the additive
//! model of [`Mood::of`]. It is therefore a function of what can be heard.
//!
//! # Seconds
//! All times are seconds from the first sample, as `f64`.

#![forbid(unsafe_code)]

mod audio;
mod chord;
mod compose;
mod error;
mod expression;
mod files;
mod groove;
mod key;
mod labels;
mod meter;
pub mod midi;
mod mood;
mod onset;
mod options;
mod random;
mod sound;
mod synth;

pub use audio::Audio;
pub use chord::{Chord, ChordSpan, Quality};
pub use compose::compose;
pub use error::{Error, Problem};
pub use expression::{EXPRESSIONS, Expression};
pub use files::{Written, write_files};
pub use groove::{BarGroove, Groove};
pub use key::{Key, Mode};
pub use labels::{Bar, Control, Controller, Labels, Note, Section, SectionName, Voice};
pub use meter::{GRID, Meter};
pub use mood::{Cues, Mood};
pub use onset::Onset;
pub use options::{Ensemble, Forced, Options, Split};
pub use sound::{Casting, Drum, Family, Kit, Patch, Production, Sound};
pub use synth::render;

use serde::{Deserialize, Serialize};

/// Raised whenever a seed gives another score or other samples than before.
pub const VERSION: u32 = 1;

/// Samples per second of everything that is rendered.
pub const SAMPLE_RATE: u32 = 48_000;

/// A finished piece: what is played, what is known of it and what it sounds like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Everything that is known of the piece.
    pub labels: Labels,
    /// Which instruments play it in which room.
    pub sound: Sound,
}
