//! The program `dendrite`, commands `render` and `analyze`, run as a user runs them.

mod analyze;
mod program;
mod render;
