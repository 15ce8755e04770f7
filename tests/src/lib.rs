//! What the end-to-end tests share. They load the release bundles as a host does, so `cargo xtask bundle` comes first.
//!
//! | module | subject |
//! | --- | --- |
//! | [`bundles`] | the plug-in in both formats |
//! | [`params`] | its parameters by name |
//! | [`signals`] | what it is fed with |
//! | [`blocks`] | single blocks, where a whole run is too much |
//! | [`trace`] | what it heard, hop by hop |
//! | [`chunk`] | its state as JSON |
//! | [`display`] | a screen of its own |
//!
//! Everything here panics when something is missing: a test that cannot run has failed.

pub mod blocks;
pub mod bundles;
pub mod chunk;
pub mod display;
pub mod params;
pub mod signals;
pub mod trace;
