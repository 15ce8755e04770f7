//! Events into and out of a plug-in, in one shape for both formats.

/// Stands for "all channels" or "all keys" where a plug-in sends a wildcard.
pub const WILDCARD: u8 = u8::MAX;

/// One event at a sample of the block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Samples from the start of the block. From [`Run`](crate::Run): samples from the start of the run.
    pub offset: u32,
    /// What happens.
    pub kind: EventKind,
}

/// What an [`Event`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A note begins.
    NoteOn {
        /// MIDI channel 0..=15, or [`WILDCARD`].
        channel: u8,
        /// MIDI key 0..=127, or [`WILDCARD`].
        key: u8,
        /// 0..=1.
        velocity: f32,
    },
    /// A note ends.
    NoteOff {
        /// MIDI channel 0..=15, or [`WILDCARD`].
        channel: u8,
        /// MIDI key 0..=127, or [`WILDCARD`].
        key: u8,
        /// Release velocity, 0..=1.
        velocity: f32,
    },
    /// A note is to be cut at once (CLAP only).
    NoteChoke {
        /// MIDI channel 0..=15, or [`WILDCARD`].
        channel: u8,
        /// MIDI key 0..=127, or [`WILDCARD`].
        key: u8,
    },
    /// A voice of the plug-in has ended (CLAP only, from the plug-in).
    NoteEnd {
        /// MIDI channel 0..=15, or [`WILDCARD`].
        channel: u8,
        /// MIDI key 0..=127, or [`WILDCARD`].
        key: u8,
    },
    /// A MIDI control change.
    MidiCc {
        /// MIDI channel 0..=15.
        channel: u8,
        /// Controller number 0..=127.
        controller: u8,
        /// 0..=127.
        value: u8,
    },
    /// Any other MIDI 1.0 channel message: pitch bend, pressure, program change.
    Midi([u8; 3]),
    /// A parameter takes a value, in the units of [`ParamInfo`](crate::ParamInfo).
    Param {
        /// Parameter id.
        id: u32,
        /// The new value.
        value: f64,
    },
    /// A parameter is offset without changing its value (CLAP only).
    ParamModulation {
        /// Parameter id.
        id: u32,
        /// The offset.
        amount: f64,
    },
    /// The user took hold of a parameter in the plug-in's editor.
    ParamGestureBegin {
        /// Parameter id.
        id: u32,
    },
    /// The user let go of a parameter in the plug-in's editor.
    ParamGestureEnd {
        /// Parameter id.
        id: u32,
    },
    /// Something of another type from the plug-in (system exclusive, MIDI 2.0, ...): its type number in the format.
    Other {
        /// CLAP event type or VST3 event type.
        type_id: u16,
    },
}

impl EventKind {
    /// The kind for a MIDI 1.0 channel message; note on with velocity 0 is a note off, as MIDI says.
    pub fn from_midi(data: [u8; 3]) -> Self {
        let [status, first, second] = data;
        let channel = status & 0x0F;
        let velocity = f32::from(second & 0x7F) / 127.0;
        match status & 0xF0 {
            0x90 if second > 0 => EventKind::NoteOn { channel, key: first & 0x7F, velocity },
            0x80 | 0x90 => EventKind::NoteOff { channel, key: first & 0x7F, velocity },
            0xB0 => EventKind::MidiCc { channel, controller: first & 0x7F, value: second & 0x7F },
            _ => EventKind::Midi(data),
        }
    }

    /// The MIDI 1.0 channel message of a note, control change or raw message; `None` for everything else.
    pub fn to_midi(self) -> Option<[u8; 3]> {
        let byte = |unit: f32| (unit.clamp(0.0, 1.0) * 127.0).round() as u8;
        match self {
            // Velocity 0 would turn the note on into a note off.
            EventKind::NoteOn { channel, key, velocity } if channel < 16 && key < 128 => {
                Some([0x90 | channel, key, byte(velocity).max(1)])
            }
            EventKind::NoteOff { channel, key, velocity } if channel < 16 && key < 128 => {
                Some([0x80 | channel, key, byte(velocity)])
            }
            EventKind::MidiCc { channel, controller, value } if channel < 16 && controller < 128 => {
                Some([0xB0 | channel, controller, value.min(127)])
            }
            EventKind::Midi(data) => Some(data),
            _ => None,
        }
    }
}

/// Sorts events by offset and keeps the order of those at the same sample. Does not allocate for sorted input.
pub fn sort_events(events: &mut [Event]) {
    if !is_sorted(events) {
        events.sort_by_key(|event| event.offset);
    }
}

/// Whether the events come in order of time, as both formats demand.
pub fn is_sorted(events: &[Event]) -> bool {
    events.is_sorted_by_key(|event| event.offset)
}

/// How often a plug-in broke the rules for output events; a sound plug-in has all zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Violations {
    /// Events earlier than the one sent before them in the same block.
    pub unordered: u64,
    /// Events at or after the end of the block (a zero-length block may have events at 0).
    pub beyond_block: u64,
}

impl Violations {
    /// Counts what is wrong with one block's output list of one kind.
    pub(crate) fn inspect(&mut self, events: &[Event], frames: usize) {
        let mut last = 0;
        for event in events {
            if event.offset < last {
                self.unordered += 1;
            }
            last = event.offset;
            if event.offset as usize >= frames.max(1) {
                self.beyond_block += 1;
            }
        }
    }

    /// Whether nothing was wrong.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn midi_messages_survive_the_way_there_and_back() {
        for status in 0x80..=0xEFu8 {
            for (first, second) in [(0, 0), (60, 1), (127, 127), (1, 64)] {
                let message = [status, first, second];
                let back =
                    EventKind::from_midi(message).to_midi().expect("every channel message has a MIDI form");
                if status & 0xF0 == 0x90 && second == 0 {
                    assert_eq!(
                        back,
                        [0x80 | (status & 0x0F), first, 0],
                        "note on with velocity 0 is a note off"
                    );
                } else {
                    assert_eq!(back, message);
                }
            }
        }
    }

    #[test]
    fn wildcards_and_parameters_have_no_midi_form() {
        assert_eq!(EventKind::NoteOff { channel: WILDCARD, key: 60, velocity: 0.0 }.to_midi(), None);
        assert_eq!(EventKind::Param { id: 1, value: 0.5 }.to_midi(), None);
    }

    #[test]
    fn violations_count_disorder_and_late_events() {
        let at = |offset| Event { offset, kind: EventKind::Other { type_id: 0 } };
        let mut violations = Violations::default();
        violations.inspect(&[at(0), at(5), at(4), at(9)], 10);
        assert_eq!(violations, Violations { unordered: 1, beyond_block: 0 });
        violations.inspect(&[at(0), at(10)], 10);
        assert_eq!(violations, Violations { unordered: 1, beyond_block: 1 });
        let mut none = Violations::default();
        none.inspect(&[at(0)], 0);
        assert!(none.is_clean(), "a parameter flush has its events at 0");
    }

    proptest! {
        #[test]
        fn sorting_is_stable(offsets in proptest::collection::vec(0u32..8, 0..40)) {
            let mut events: Vec<Event> = offsets
                .iter()
                .enumerate()
                .map(|(index, offset)| Event { offset: *offset, kind: EventKind::Param { id: index as u32, value: 0.0 } })
                .collect();
            sort_events(&mut events);
            prop_assert!(is_sorted(&events));
            for pair in events.windows(2) {
                if let (EventKind::Param { id: a, .. }, EventKind::Param { id: b, .. }) = (pair[0].kind, pair[1].kind) {
                    prop_assert!(pair[0].offset < pair[1].offset || a < b);
                }
            }
        }
    }
}
