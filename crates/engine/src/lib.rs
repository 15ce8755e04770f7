//! The one path: an audio block goes in, snapshots come out, and every host, renderer and trainer calls the same code.
//!
//! ```text
//! host block ──> downmix ──> Resampler ──> hop k complete at B(k) ──┐
//!                                                                   │ slices spread over the blocks up to B(k + 1):
//! transport ──> TransportClock ─────────────────────────────────────┤ window, FFT, mel, chroma, descriptors, tempo, orbit
//! settings, read at B(k) ───────────────────────────────────────────┘
//!                                                                   └──> Snapshot of hop k, in force from B(k + 1)
//! ```
//!
//! Results take effect exactly one hop after the frame that causes them is complete, whatever the block sizes are, so the
//! same sound gives the same snapshots live and offline.

mod engine;
mod flush;
mod level;
mod settings;
mod snapshot;
mod transport;

pub use dendrite_features::RateError;
pub use engine::{Engine, Output};
pub use flush::FlushDenormals;
pub use settings::Settings;
pub use snapshot::{ModelName, ModelStatus, Snapshot};
pub use transport::Transport;
