//! What goes into the models and what is made of the sound without them; the engine and the training both use it.
//!
//! ```text
//! Frame ──> Descriptors: bands [6], tonalness, noisiness        0..1
//!   onset ──> TempoTracker: beats per minute, confidence
//! ```

mod descriptors;
mod tempo;

pub use descriptors::{BAND_EDGES_HZ, BANDS, Describer, Descriptors};
pub use tempo::{Tempo, TempoTracker};
