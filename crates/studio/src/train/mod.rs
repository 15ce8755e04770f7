//! Training as a job: one at a time, in processes of its own, known from the files that it leaves.
//!
//! ```text
//! request ──> Job (jobs/<id>/job.json) ──> for each model: dendrite-train, niced, output to output.log
//!                                             │ training_history.json, config.toml
//!                                             └──read every 150 ms──> Status ──watch──> GET status, GET events
//! ```
//! A crash of `dendrite-train` is an error in the status. A stop is Ctrl-C to it: the last finished epoch is on disk, and
//! `resume` goes on from there, also when the studio was ended and started again in between.

mod job;
mod process;
mod progress;
mod request;
mod routes;
mod trainer;

pub use process::{PROGRAM, find_program};
pub use routes::{events, history, start, status, stop};
pub use trainer::Trainer;

// The routes' documentation refers to these.
pub(crate) use routes::{__path_events, __path_history, __path_start, __path_status, __path_stop};
