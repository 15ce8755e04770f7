//! Headless hosts for CLAP and VST3 plug-ins behind one small, safe interface.
//!
//! ```text
//!                      ┌── clap (clack)        .clap file
//! Run, HonoursSleep ── Plugin ─┤
//!   whole recordings   └── vst3 (vst3 crate)   .vst3 folder
//!                      one block at a time
//! ```
//!
//! [`Plugin`] is one loaded instance: describe it, set its layout, activate it, process a [`Block`] of audio, events and
//! transport, save and load its state, open its editor in a window. [`Run`] sends a whole recording through it, cut into
//! blocks in any way, and [`HonoursSleep`] is a host that stops calling a plug-in that says it may sleep.
//!
//! What differs between the formats and stays visible:
//! - **Parameter values** are those of the format (see [`ParamInfo`]): CLAP plain, VST3 normalised.
//! - **States** are not exchangeable between the formats.
//! - **VST3** has no note choke, no modulation, no log, no list of layouts; it learns of offline rendering on activation;
//!   MIDI controllers reach it through parameters, if it maps them.
//! - **CLAP** answers each block with a status; for VST3 it is derived from the tail.
//!
//! The host is strict where that finds mistakes early: unwritten output is NaN, output events out of order are counted
//! ([`Plugin::violations`]), and plug-ins never see the caller's buffers.
//!
//! Loading a plug-in runs its code: a broken one can crash the process, whatever this crate does.

mod backend;
mod block;
mod clap;
mod describe;
mod error;
mod event;
mod library;
mod locate;
mod notices;
mod plugin;
mod run;
mod sleep;
mod transport;
mod vst3;
#[cfg(feature = "window")]
mod window;

pub use block::{Block, Status};
pub use describe::{
    AudioPort, AudioPorts, Format, Layout, NotePort, NotePorts, ParamInfo, PluginInfo, RemotePage, Tail,
};
pub use error::HostError;
pub use event::{Event, EventKind, Violations, WILDCARD, is_sorted, sort_events};
pub use library::Unloaded;
pub use notices::Notices;
pub use plugin::Plugin;
pub use run::{BlockSizes, Run, RunOutput};
pub use sleep::{HonoursSleep, SleepManner};
pub use transport::Transport;
#[cfg(feature = "window")]
pub use window::HostWindow;
