//! Mood, chord, dynamics and groove to notes and controllers on the beat grid.
//!
//! ```text
//! hop boundary ──> Composer::hear   mood, chords, what the networks of the sixteenths say, control signals
//! samples      ──> Composer::play   Span { start, end, grid }
//!                      │  half a step before each sixteenth: key, chord, then drums, bass, chords, melody are decided
//!                      └─> Event    notes and controllers at their samples; every note that begins ends, once
//!                      └─> Tape     the last bars, for midi_file::write
//! ```
//! Randomness is keyed by seed, bar, step and voice: the same place in the song draws the same numbers, however it is reached.
//! Nothing here allocates after [`Composer::new`], but [`Tape::read`] and [`midi_file::write`], which are for other threads.

#![forbid(unsafe_code)]

mod bars;
mod bass;
mod chord;
mod chords;
mod composer;
mod course;
mod drums;
mod event;
mod expression;
mod grid;
mod key;
mod ledger;
mod melody;
pub mod midi_file;
mod modulation;
mod performance;
mod progressions;
mod random;
mod scene;
mod settings;
mod tape;
mod tonality;
mod voicing;

pub use composer::{Composer, Heard, PlayState, Span};
pub use event::{Event, InputNote, Message};
pub use grid::{BarStep, Grid, STEPS_PER_BEAT};
pub use key::{Key, KeyTracker, Scale};
pub use ledger::{PEDAL, PEDAL_DOWN};
pub use modulation::Signals;
pub use settings::{ChordSource, MODULATIONS, ModulationSettings, PlayMode, Settings, Voice, VoiceSettings};
pub use tape::{Record, Tape, What};
