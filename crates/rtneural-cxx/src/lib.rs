//! The [`rtneural`] runtime for C++ plug-ins: a static library and a C++17 header.
//!
//! ```text
//! plug-in (C++) ── include/rtneural_cxx/model.hpp ── bridge (cxx) ── rtneural (Rust)
//!                  rtneural::Model, shared            Model           checked files, weights
//!                  rtneural::State, one per voice     State           one instance
//! ```
//!
//! C++ programs use the header only; it says for every call what it throws and whether it may run on the audio thread.
//! The bridge below it is a detail and may change. `docs/RTNEURAL-CXX.md` shows a plug-in with it.
//!
//! No panic of Rust passes the bridge, where it would end the process: `error::caught` turns one into an exception in
//! calls that may throw, and into a status in those that may not.
//!
//! There is nothing here for Rust programs: they use [`rtneural`] itself.

mod bridge;
mod error;
mod model;
mod state;
