//! The entry points of the plug-in formats.
//!
//! The framework refuses a state that it cannot read without a word to the plug-in. So that a corrupt state gives defaults and a
//! message, as promised, both formats look at a state before the framework does: [`chunk`] checks it, and what cannot be
//! read is replaced. The host is told of the failure all the same. And both tell of each block before the framework divides it
//! into [`parts`].

pub mod chunk;
mod clap;
mod midi_names;
pub mod parts;
mod processor;
mod vst3;

pub use clap::clap_entry;
