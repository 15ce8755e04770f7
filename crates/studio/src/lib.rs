//! The studio: a web server with one page, on which one trains, watches and listens.
//!
//! ```text
//! browser ──GET /, /web/*──────────────> page (embedded)
//!         ──/api/train/*───> Trainer ──> dendrite-train, a process of its own, watched through the files it leaves
//!         ──/api/model/*───> Library ──> DATA/models/<id>/
//!         ──/api/audio*────> Sounds ───> DATA/audio/<id>.<ending>
//!         ──/api/live──────> Session ──> one Engine on a thread of its own; snapshots and pictures come back
//! ```
//! [`Studio::start`] binds the address and serves on threads of its own until it is shut down or dropped. Nothing of a
//! client becomes part of a path: whatever is stored is named here. `guard.rs` says who may ask.

mod connections;
mod failure;
mod folder;
mod guard;
mod library;
mod live;
mod options;
mod page;
mod presets;
mod routes;
mod server;
mod shader;
mod sounds;
mod state;
mod train;

pub use options::{Limits, Options};
pub use server::{StartError, Studio};
pub use train::{PROGRAM, find_program};
