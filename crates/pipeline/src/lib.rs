//! What goes into the six models, what comes out of them, and what is made of the sound without them; the engine and the
//! training both use it.
//!
//! ```text
//! Frame ──> Descriptors: bands [6], tonalness, noisiness        0..1
//!   onset ──> TempoTracker: beats per minute, confidence ──> BeatTracker: beats, counted
//!   mel, chroma, base ──> contexts ──> model inputs ──(models)──> outputs: Mood, Harmony, Melody, Dynamics, Groove,
//!                              └────────(heuristics)───────────────┘       OrbitControls
//! ```
//!
//! [`ModelKind`] names the six, [`spec`] says what their networks must look like, [`sidecar`] what a file says of itself.

mod beat;
pub mod contexts;
mod descriptors;
pub mod heuristics;
mod kinds;
mod mood;
mod outputs;
pub mod sidecar;
pub mod spec;
mod tempo;

pub use beat::BeatTracker;
pub use descriptors::{BAND_EDGES_HZ, BANDS, Describer, Descriptors};
pub use kinds::ModelKind;
pub use mood::{MOOD_CELLS, MOOD_SIDE, Mood, centre};
pub use outputs::{
    CHORDS, Chord, DYNAMICS, Dynamics, Expression, GROOVE_OUTPUTS, GROOVE_STEPS, Groove, Harmony, Melody,
    OrbitControls, PITCH_NAMES, PITCHES, Quality,
};
pub use tempo::{Tempo, TempoTracker};
