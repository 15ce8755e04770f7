//! A song through the engine without a host: hop by hop for whoever draws, or as a whole for whoever wants to know.
//!
//! ```text
//! file ──Stream──> block ──> Engine ──> Snapshot ──┬─Hop::of──> Hop ──┬─Track──> Moment, for whoever draws
//!                    │                             │                  └─Rows───> CSV
//!                    │      (no transport,         └─> Analysis::hear ─┐
//!                    │       or a constant one)                        ├─> Summary (JSON) ──> report (SVG)
//!                    └──────────── loudness, EBU R 128 ────────────────┘
//! ```
//! The engine hears what the plug-in hears in a host that plays the song with the same settings and transport, and gives the
//! same numbers. Memory does not grow with the length of the song, but for some bytes per chord and section.
//!
//! Times of a [`Hop`] are times of the *sound*: the state that the sound at `t` causes is in force
//! [`picture_delay_samples`](dendrite_engine::Engine::picture_delay_samples) later, and a renderer can look ahead.

mod analysis;
mod automation;
mod curve;
mod hop;
mod key;
mod listener;
mod loudness;
mod mandelbrot;
mod playing;
mod report;
mod rows;
mod spans;
mod tempo;
mod times;
mod track;

pub use analysis::{Analysis, Feature, Mood, MoodPoint, Summary};
pub use automation::{Automation, AutomationError, LineProblem};
pub use hop::Hop;
pub use key::Key;
pub use listener::{Error, Host, Listener, Options};
pub use loudness::Loudness;
pub use playing::play_along;
pub use rows::Rows;
pub use spans::{ChordSpan, Section};
pub use tempo::Tempo;
pub use times::seconds;
pub use track::{Moment, Track};
