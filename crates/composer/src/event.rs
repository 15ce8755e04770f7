//! What the composer sends.

use crate::settings::Voice;

/// A message at a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Host sample, counted from the last reset.
    pub sample: u64,
    /// Who plays it; `None` for modulation.
    pub voice: Option<Voice>,
    /// What it says.
    pub message: Message,
}

/// MIDI in the parts that are used here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// A note begins.
    NoteOn {
        /// 0..=15.
        channel: u8,
        /// 0..=127.
        key: u8,
        /// 1..=127.
        velocity: u8,
    },
    /// A note ends.
    NoteOff {
        /// 0..=15.
        channel: u8,
        /// 0..=127.
        key: u8,
    },
    /// A controller moves.
    Controller {
        /// 0..=15.
        channel: u8,
        /// 0..=119.
        controller: u8,
        /// 0..=127.
        value: u8,
    },
}

/// A note on the MIDI input, which is passed on by whoever owns the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputNote {
    /// Host sample, counted from the last reset.
    pub sample: u64,
    /// 0..=15; `None` for all.
    pub channel: Option<u8>,
    /// 0..=127; `None` for all.
    pub key: Option<u8>,
    /// Begins or ends.
    pub on: bool,
}

/// Takes events.
pub(crate) trait Outlet {
    fn event(&mut self, event: Event);
}
