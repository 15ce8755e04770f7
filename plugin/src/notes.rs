//! What goes to the host's note output: what came in, which a host expects to go out again, and what the composer plays.

use dendrite_composer::{Message, PEDAL, PEDAL_DOWN};
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

/// Events that one block can hold; more are sent on at once, in the order they come.
const CAPACITY: usize = 4096;

/// Room for what the composer plays in the longest block: two sixteenths of all voices with their controllers, and more.
const OWN: usize = 1024;

/// Collects a block's events and sends them sorted by time, as hosts demand.
#[derive(Debug)]
pub struct NoteQueue {
    /// The events of the block, by timing; equal timings keep the order in which they came.
    events: Vec<NoteEvent<()>>,
    /// Events that the host did not take, counted for the status line.
    refused: u64,
    /// The keys that are down, one bit each, by channel: while there are any, the host must not put the plug-in to sleep.
    held: [u128; 16],
    /// The keys that the composer holds down, likewise.
    own: [u128; 16],
    /// The channels whose sustain pedal the composer holds down, one bit each.
    own_pedals: u16,
    /// Timing of the last event that was sent before its block was over, because there were too many: nothing later in the
    /// block may be earlier.
    sent_until: u32,
}

impl Default for NoteQueue {
    fn default() -> Self {
        Self {
            events: Vec::with_capacity(CAPACITY + OWN),
            refused: 0,
            held: [0; 16],
            own: [0; 16],
            own_pedals: 0,
            sent_until: 0,
        }
    }
}

impl NoteQueue {
    /// Takes all events that came in with this block, and tells of notes: timing, channel, key (`None` for all), on or off.
    /// Does not allocate: beyond 4,096 events in one block the earliest are sent at once.
    pub fn take_input<P>(
        &mut self,
        context: &mut impl ProcessContext<P>,
        mut tell: impl FnMut(usize, Option<u8>, Option<u8>, bool),
    ) where
        P: Plugin<SysExMessage = ()>,
    {
        while let Some(event) = context.next_event() {
            if self.events.len() >= CAPACITY {
                self.hand_out(|event| context.try_send_event(event).is_ok());
            }
            self.watch(&event);
            match event {
                NoteEvent::NoteOn { timing, channel, key, .. } => {
                    tell(timing as usize, channel.number(), key.number(), true);
                }
                NoteEvent::NoteOff { timing, channel, key, .. }
                | NoteEvent::Choke { timing, channel, key, .. } => {
                    tell(timing as usize, channel.number(), key.number(), false);
                }
                _ => {}
            }
            self.insert(sendable(event));
        }
    }

    /// Adds something that the composer plays, `timing` samples into the block. Does not allocate: what there is no room for
    /// is left out, but never the end of a note that was begun or of a pedal.
    pub fn play(&mut self, message: &Message, timing: u32) {
        let full = self.events.len() >= CAPACITY + OWN - 256;
        let timing = timing.max(self.sent_until);
        let voice_id = VoiceID::Wildcard;
        match *message {
            Message::NoteOn { channel, key, velocity } if !full => {
                self.own[usize::from(channel & 15)] |= 1 << (key & 127);
                let velocity = f32::from(velocity) / 127.0;
                let (channel, key) = (Channel::Number(channel), Key::Number(key));
                self.insert(NoteEvent::NoteOn { timing, voice_id, channel, key, velocity });
            }
            Message::NoteOff { channel, key } => self.end_key(channel, key, timing),
            Message::Controller { channel, controller, value }
                if !full || self.lifts_pedal(channel, controller, value) =>
            {
                if controller == PEDAL {
                    let bit = 1 << (channel & 15);
                    self.own_pedals =
                        if value >= PEDAL_DOWN { self.own_pedals | bit } else { self.own_pedals & !bit };
                }
                let value = f32::from(value) / 127.0;
                self.insert(NoteEvent::MidiCC { timing, channel, cc: controller, value });
            }
            _ => self.refused = self.refused.saturating_add(1),
        }
    }

    /// Whether a controller lifts a pedal that the composer holds: as the end of a note, it is never left out.
    fn lifts_pedal(&self, channel: u8, controller: u8, value: u8) -> bool {
        controller == PEDAL && value < PEDAL_DOWN && self.own_pedals & (1 << (channel & 15)) != 0
    }

    /// Ends everything that the composer still holds, pedals too, when it cannot do it itself any more. Between two blocks: it is
    /// the first thing in the next.
    pub fn end_own(&mut self) {
        (0..16).for_each(|channel| self.lift_pedal(channel));
        for channel in 0..16_u8 {
            let mut keys = self.own[usize::from(channel)];
            while keys != 0 {
                self.end_key(channel, keys.trailing_zeros() as u8, 0);
                keys &= keys - 1;
            }
        }
    }

    /// Whether the composer holds a key or a pedal.
    pub fn sounding(&self) -> bool {
        self.own_pedals != 0 || self.own.iter().any(|own| *own != 0)
    }

    /// Ends a key of the composer's, before everything else of its sample: a note that begins there may be on the same key.
    fn end_key(&mut self, channel: u8, key: u8, timing: u32) {
        let own = &mut self.own[usize::from(channel & 15)];
        let bit = 1 << (key & 127);
        if *own & bit == 0 || self.events.len() == self.events.capacity() {
            return;
        }
        *own &= !bit;
        let timing = timing.max(self.sent_until);
        let place = self.events.partition_point(|other| other.timing() < timing);
        let (channel, key) = (Channel::Number(channel), Key::Number(key));
        let off = NoteEvent::NoteOff { timing, voice_id: VoiceID::Wildcard, channel, key, velocity: 0.0 };
        self.events.insert(place, off);
    }

    /// Lifts a pedal that the composer holds down, before everything else of the block.
    fn lift_pedal(&mut self, channel: u8) {
        let bit = 1 << channel;
        if self.own_pedals & bit == 0 || self.events.len() == self.events.capacity() {
            return;
        }
        self.own_pedals &= !bit;
        let timing = self.sent_until;
        let place = self.events.partition_point(|other| other.timing() < timing);
        self.events.insert(place, NoteEvent::MidiCC { timing, channel, cc: PEDAL, value: 0.0 });
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

    /// Adds one event at its place in time; the caller has made sure that there is room.
    fn insert(&mut self, event: NoteEvent<()>) {
        match self.events.last() {
            Some(last) if last.timing() > event.timing() => {
                let place = self.events.partition_point(|other| other.timing() <= event.timing());
                self.events.insert(place, event);
            }
            _ => self.events.push(event),
        }
    }

    /// Sends everything to the host, earliest first: the block is over. Does not allocate.
    pub fn send<P>(&mut self, context: &mut impl ProcessContext<P>)
    where
        P: Plugin<SysExMessage = ()>,
    {
        self.finish(|event| context.try_send_event(event).is_ok());
    }

    /// Hands out the block's last events. What is added from here on belongs to the next block, from its first sample.
    fn finish(&mut self, taken: impl FnMut(NoteEvent<()>) -> bool) {
        self.hand_out(taken);
        self.sent_until = 0;
    }

    /// Hands out everything that is here, and counts what was not taken.
    fn hand_out(&mut self, mut taken: impl FnMut(NoteEvent<()>) -> bool) {
        for event in self.events.drain(..) {
            self.sent_until = event.timing();
            if !taken(event) {
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

    /// As the end of a note, the end of a pedal is never left out, however much is played in a block.
    #[test]
    fn a_pedal_goes_up_where_there_is_room_for_nothing_else() {
        let pedal = |value| Message::Controller { channel: 2, controller: PEDAL, value };
        let mut queue = NoteQueue::default();
        queue.play(&pedal(127), 0);
        (0..CAPACITY + OWN).for_each(|_| {
            queue.play(&Message::Controller { channel: 2, controller: 1, value: 9 }, 0);
        });
        let (refused, filled) = (queue.refused, queue.events.len());
        assert!(refused > 0);
        queue.play(&pedal(0), 0);
        assert_eq!((queue.refused, queue.events.len(), queue.own_pedals), (refused, filled + 1, 0));
        // One that is up already is a controller like others.
        queue.play(&pedal(0), 0);
        assert_eq!(queue.refused, refused + 1);
    }

    /// A host takes the plug-in down after a block whose last event was not at its beginning, and up again at another rate:
    /// what still sounds ends at the next block's first sample.
    #[test]
    fn what_a_block_left_sounding_ends_first_thing_in_the_next() {
        let mut queue = NoteQueue::default();
        queue.play(&Message::NoteOn { channel: 2, key: 33, velocity: 90 }, 73);
        queue.finish(|_| true);
        queue.end_own();
        let mut ends = Vec::new();
        queue.finish(|event| {
            ends.push((event.timing(), matches!(event, NoteEvent::NoteOff { .. })));
            true
        });
        assert_eq!(ends, [(0, true)]);

        // Within a block nothing comes before what was handed out already.
        queue.play(&Message::NoteOn { channel: 2, key: 33, velocity: 90 }, 73);
        queue.hand_out(|_| true);
        queue.end_own();
        assert_eq!(queue.events.iter().map(|event| event.timing()).collect::<Vec<_>>(), [73]);
    }

    /// The same with the pedal: a synthesiser that still hears it held sustains everything from then on.
    #[test]
    fn a_pedal_that_was_left_down_goes_up_once() {
        let pedal = |channel, value| Message::Controller { channel, controller: 64, value };
        let up = |channel| NoteEvent::MidiCC { timing: 0, channel, cc: 64, value: 0.0 };
        let mut queue = NoteQueue::default();
        queue.play(&pedal(3, 127), 10);
        queue.play(&Message::NoteOn { channel: 3, key: 60, velocity: 90 }, 11);
        queue.play(&pedal(15, 64), 12);
        // This one has gone up already, and the other controller is no pedal.
        queue.play(&pedal(7, 127), 13);
        queue.play(&pedal(7, 63), 14);
        queue.play(&Message::Controller { channel: 9, controller: 1, value: 127 }, 15);
        queue.finish(|_| true);
        queue.end_own();
        let pedals = |queue: &NoteQueue| {
            let is_pedal = |event: &&NoteEvent<()>| matches!(event, NoteEvent::MidiCC { .. });
            queue.events.iter().filter(is_pedal).copied().collect::<Vec<_>>()
        };
        assert_eq!(pedals(&queue), [up(15), up(3)]);
        assert_eq!(queue.events.len(), 3, "and the note has ended");
        queue.finish(|_| true);
        queue.end_own();
        assert_eq!(pedals(&queue), []);
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
