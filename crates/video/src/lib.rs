//! Video of a song: frames from hop states, encoded and put together with the sound.
//!
//! ```text
//!            ┌─ Hop ─> Track ─ state at the sound's time t ─> Planner ─> Plan: scenes of frame n
//! Listener ──┤         (cubic between hops)      (in order: the flash limiter remembers)   │
//!            └─ CSV rows                                                                  │ rayon, frame by frame
//!                                     PNG file <──┬── RGBA <── sub-frames, overlay <── Painter
//!                                     I420 <──────┘
//!                                      └──> Encoder (own thread): ffmpeg, or OpenH264 + Opus + MP4
//! ```
//! [`render`] does all of it. The same song and options give the same pictures, whatever the number of threads and wherever the
//! video starts; with the built-in encoder the same bytes.
//!
//! Memory does not grow with the song, but for the index of the built-in encoder's MP4 file: about 150 bytes per frame and per 20 ms
//! of sound.

mod beside;
mod encode;
mod error;
mod frames;
mod overlay;
mod picture;
mod plan;
mod quality;
mod rate;
mod render;
mod text;
mod yuv;

pub use beside::Beside;
pub use encode::{EncoderChoice, Ffmpeg};
pub use error::Error;
pub use overlay::Overlay;
pub use quality::Quality;
pub use rate::FrameRate;
pub use render::{Options, Outputs, Progress, Rendered, Stages, render};
