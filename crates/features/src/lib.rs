//! Streaming audio features: 48 kHz mono in, one [`Frame`] per hop of 1,024 samples out.
//!
//! ```text
//! host rate ──Resampler──> 48 kHz mono ──Extractor──> Frame k ──FeatureWindow──> 60, 120 or 180 model inputs
//!  any rate      FIFO          |   hop k    |            |
//!  8-384 kHz                   |1024 samples|            ├─ base [6]: centroid, flux, rms, zcr, onset, rolloff   0..1
//!                    ──────────┴────────────┤            ├─ mel [128]: -80..0 dB mapped to 0..1
//!                    <── 4,096 samples ─────>            ├─ chroma [12], bass chroma [12]: 0..1, maximum 1
//!                        Hann, one real FFT              └─ silent, rms in dBFS
//! ```
//!
//! Frame `k` holds the 4,096 samples that end at sample `(k + 1) * 1024`, with zeros before the start: nothing looks
//! ahead and nothing is normalised by a whole file, so live and offline give the same numbers. The offline helper
//! [`analyze`] is the streaming code.
//!
//! The work of one frame is cut into [`Extractor::SLICES`] bounded pieces, so that a real-time caller can spread it
//! over the blocks of a hop. After construction nothing here allocates, locks or panics, whatever the samples are.

mod approximate;
mod chroma;
mod clock;
mod extractor;
mod frame;
mod mel;
mod resampler;
mod spectrum;
mod window;

pub use clock::HopClock;
pub use extractor::{Extractor, analyze};
pub use frame::{Base, Frame};
pub use mel::{db_to_unit, mel_centres_hz};
pub use resampler::{RateError, Resampler};
pub use window::{Deltas, FeatureWindow};

/// Sample rate of the analysis in Hz; other rates go through [`Resampler`] first.
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples between two frames (46.875 frames per second).
pub const HOP_LENGTH: usize = 1_024;
/// Samples under the analysis window.
pub const N_FFT: usize = 4_096;
/// Bins of the real spectrum, 0 Hz to 24 kHz in steps of 11.71875 Hz.
pub const N_BINS: usize = N_FFT / 2 + 1;
/// Frames in the window that the orbit model sees.
pub const WINDOW_FRAMES: usize = 10;
/// Base features per frame.
pub const N_BASE: usize = 6;
/// Mel bands.
pub const N_MEL: usize = 128;
/// Pitch classes, C first.
pub const N_CHROMA: usize = 12;
/// Frames per second.
pub const FRAME_RATE: f64 = SAMPLE_RATE as f64 / HOP_LENGTH as f64;
