//! Data: pieces of music with what is known of them, from files, from annotated sets and from the generator.
//!
//! ```text
//! generated::pieces(seeds, ..) ────────────────────────────┐
//! folder::load(..)   audio files, annotations beside them  ├─> Piece { frames, truth, split }, Report
//! sets::NAME::load(..)   DEAM, Lakh, MAESTRO, ...          ┘        └─ split::assign, split::folds
//!        └─ features come from a Cache, where it has them
//! ```

mod cache;
pub mod chord_file;
mod content;
mod files;
pub mod folder;
pub mod generated;
pub mod harte;
mod key_estimate;
mod loading;
mod midi;
mod performance;
mod piece;
mod report;
pub mod sets;
mod sound;
pub mod split;
mod timing;

pub use cache::{Cache, CacheError, EXTRACTOR_VERSION};
pub use content::ContentHash;
pub use loading::{Loaded, Loading, Progress, SetError};
pub use piece::{Bar, Key, Piece, Split, Step, Truth};
pub use report::{Entry, NothingRead, Outcome, Reason, Report};
pub use sound::frames;
