//! Presets: look, motion and play under a name, as files that people can read and write.
//!
//! ```text
//! assets/presets/*.toml ── factory(), find() ──┐
//! the user's folder ────── Folder::list() ─────┼──> Preset ──apply──> engine's Settings, picture's Look
//! any file ─────────────── Folder::import() ───┘      │└───plains──> parameters of the plug-in
//!                                                     └──to_toml──> a file
//! ```
//! A preset names values of parameters as the plug-in shows them: percent, milliseconds, degrees, names of choices. What it
//! does not name has its default, so that a preset gives the same whatever was there before. It holds what makes a picture
//! and a way of playing; never how a host is wired (channels, inputs, when to play), nor what protects viewers (the flash
//! limiter). [`IDS`] is the list.
//!
//! [`Control`] is one parameter by its id, for whoever changes it over time; [`named`] what a command line means.
//!
//! ```
//! let mut settings = dendrite_engine::Settings::default();
//! let mut look = dendrite_julia::Look::default();
//! let preset = dendrite_presets::Preset::from_toml(
//!     "name = \"Far\"\n[values]\nzoom = 0.5\npalette = \"ink\"\nbars_per_turn = \"8\"",
//! )?;
//! preset.apply(&mut settings, &mut look);
//! assert_eq!((look.zoom, look.palette, settings.orbit.bars_per_turn), (0.5, 5, 8.0));
//! # Ok::<(), dendrite_presets::PresetError>(())
//! ```

#![forbid(unsafe_code)]

pub mod components;
mod control;
mod error;
mod factory;
mod file;
mod folder;
mod name;
mod named;
mod parameters;
mod preset;

pub use control::{Control, ControlError};
pub use error::PresetError;
pub use factory::{Unknown, factory, find};
pub use folder::{Entry, Folder, FolderError, Overwrite, Problem, SIZE_LIMIT};
pub use named::{NamedError, named};
pub use parameters::{IDS, belongs};
pub use preset::{LONGEST_NAME, LONGEST_TEXT, Preset, Value};
