//! Forwarding of notes: a host that sees a note output expects what comes in to go out again.

use nice_plug::midi::{Channel, Key};
use nice_plug::prelude::*;

/// Events that one block can hold; more are sent on at once, in the order they come.
const CAPACITY: usize = 4096;

/// Collects a block's events and sends them sorted by time, as hosts demand.
#[derive(Debug)]
pub struct NoteQueue {
    /// The events of the block, by timing; equal timings keep the order in which they came.
    events: Vec<NoteEvent<()>>,
    /// Events that the host did not take, counted for the status line.
    refused: u64,
    /// The keys that are down, one bit each, by channel: while there are any, the host must not put the plug-in to sleep.
    held: [u128; 16],
}

impl Default for NoteQueue {
    fn default() -> Self {
        Self { events: Vec::with_capacity(CAPACITY), refused: 0, held: [0; 16] }
    }
}

impl NoteQueue {
    /// Takes all events that came in with this block. Does not allocate: beyond 4,096 events in one block the earliest are
    /// sent at once.
    pub fn take_input<P>(&mut self, context: &mut impl ProcessContext<P>)
    where
        P: Plugin<SysExMessage = ()>,
    {
        while let Some(event) = context.next_event() {
            if self.events.len() == CAPACITY {
                self.send(context);
            }
            self.watch(&event);
            self.insert(sendable(event));
        }
    }

    /// Follows which keys are down.
    fn watch(&mut self, event: &NoteEvent<()>) {
        match event {
            NoteEvent::NoteOn { channel: Channel::Number(channel), key: Key::Number(key), .. } => {
                if let Some(held) = self.held.get_mut(usize::from(*channel)) {
                    *held |= 1 << (key & 127);
                }
            }
            NoteEvent::NoteOff { channel, key, .. } | NoteEvent::Choke { channel, key, .. } => {
                let keys = key.number().map_or(u128::MAX, |key| 1 << (key & 127));
                for (number, held) in (0u8..).zip(&mut self.held) {
                    if channel.number().is_none_or(|channel| channel == number) {
                        *held &= !keys;
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a key is down.
    pub fn holding(&self) -> bool {
        self.held.iter().any(|held| *held != 0)
    }

    /// Takes all keys for released, as after a reset.
    pub fn forget_held(&mut self) {
        self.held = [0; 16];
    }

    /// Adds one event at its place in time; `CAPACITY` is kept by the caller.
    fn insert(&mut self, event: NoteEvent<()>) {
        match self.events.last() {
            Some(last) if last.timing() > event.timing() => {
                let place = self.events.partition_point(|other| other.timing() <= event.timing());
                self.events.insert(place, event);
            }
            _ => self.events.push(event),
        }
    }

    /// Sends everything to the host, earliest first. Does not allocate.
    pub fn send<P>(&mut self, context: &mut impl ProcessContext<P>)
    where
        P: Plugin<SysExMessage = ()>,
    {
        for event in self.events.drain(..) {
            if context.try_send_event(event).is_err() {
                self.refused = self.refused.saturating_add(1);
            }
        }
    }

    /// How many events the host has refused so far.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// The event as the framework can send it: it takes chokes in but not out, and a note off in the place of one leaves no note
/// sounding.
fn sendable(event: NoteEvent<()>) -> NoteEvent<()> {
    match event {
        NoteEvent::Choke { timing, voice_id, channel, key } => {
            NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use nice_plug::midi::VoiceID;

    use super::*;

    fn cc(timing: u32, cc: u8) -> NoteEvent<()> {
        NoteEvent::MidiCC { timing, channel: 0, cc, value: 0.5 }
    }

    #[test]
    fn sorts_by_time_and_keeps_the_order_of_equals() {
        let mut queue = NoteQueue::default();
        for event in [cc(5, 0), cc(2, 1), cc(5, 2), cc(0, 3), cc(2, 4)] {
            queue.insert(event);
        }
        assert_eq!(queue.events, [cc(0, 3), cc(2, 1), cc(2, 4), cc(5, 0), cc(5, 2)]);
    }

    #[test]
    fn a_choke_goes_on_as_a_note_off() {
        let (timing, voice_id, channel, key) = (7, VoiceID::Wildcard, Channel::Number(2), Key::Number(40));
        let off = NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 };
        assert_eq!(sendable(NoteEvent::Choke { timing, voice_id, channel, key }), off);
        assert_eq!(sendable(off), off);
    }

    #[test]
    fn follows_the_keys_that_are_down() {
        let mut queue = NoteQueue::default();
        let (voice_id, velocity, timing) = (VoiceID::Wildcard, 0.5, 0);
        let on = |channel, key| NoteEvent::<()>::NoteOn {
            timing,
            voice_id,
            channel: Channel::Number(channel),
            key: Key::Number(key),
            velocity,
        };
        let off = |channel, key| NoteEvent::<()>::NoteOff { timing, voice_id, channel, key, velocity };
        queue.watch(&on(0, 60));
        queue.watch(&on(15, 127));
        queue.watch(&off(Channel::Number(0), Key::Number(61)));
        queue.watch(&off(Channel::Number(0), Key::Number(60)));
        assert!(queue.holding());
        queue.watch(&off(Channel::Wildcard, Key::Wildcard));
        assert!(!queue.holding());
        queue.watch(&on(3, 1));
        queue.forget_held();
        assert!(!queue.holding());
    }
}
