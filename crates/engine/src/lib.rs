//! The one path: an audio block goes in, snapshots come out, and every host, renderer and trainer calls the same code.
//!
//! ```text
//! host block ──> downmix ──> Resampler ──> hop k complete at B(k) ──┐
//!                                                                   │ slices spread over the blocks up to B(k + 1):
//! transport ──> TransportClock ─────────────────────────────────────┤ window, FFT, mel, chroma, tempo, networks, orbit
//! settings, read at B(k) ───────────────────────────────────────────┘
//!                                                                   └──> Snapshot of hop k, in force from B(k + 1)
//! ```
//!
//! The six networks run in the hop's slices: emotion, harmony and orbit each hop, melody, dynamics and groove in the first
//! hop that begins behind a sixteenth. A [`ModelSet`] is read and checked once for a process, [`Networks`] are one
//! instance's; where a model is missing or refused, a heuristic of `dendrite_pipeline` stands in.
//!
//! Results take effect exactly one hop after the frame that causes them is complete, whatever the block sizes are, so the
//! same sound gives the same snapshots live and offline.

mod analysis;
mod engine;
mod flush;
mod level;
mod models;
mod networks;
mod settings;
mod snapshot;
mod steps;
mod transport;

pub use dendrite_features::RateError;
pub use engine::{Engine, Output};
pub use flush::FlushDenormals;
pub use models::{DEFAULT_WEIGHTS, ModelSet, SetError};
pub use networks::Networks;
pub use settings::Settings;
pub use snapshot::{ModelStatus, Snapshot};
pub use steps::Steps;
pub use transport::Transport;
