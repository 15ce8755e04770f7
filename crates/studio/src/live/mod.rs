//! `GET /api/live`: sound in, what the engine makes of it out.
//!
//! ```text
//! client                                     server
//! {"sample_rate": 48000, "picture": true} ──> engine made    ──> {"type": "ready", ...}
//! f32 little endian, mono                 ──> engine thread  ──> {"type": "snapshot", ...}  one per hop
//!                                                            ──> picture, binary            one per hop, if wanted
//! {"look": {...}}, {"models": [...]}      ──> taken in
//! ```
//! One engine per stream, on a thread of its own. Bounded queues in both directions: who does not read is not read from.

mod message;
mod picture;
mod session;
mod socket;

pub(crate) use socket::__path_live;
pub use socket::live;
