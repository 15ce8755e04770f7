//! Events and transport between this crate's types and VST3's.

use std::cell::RefCell;

use vst3::Class;
use vst3::Steinberg::Vst::Event_::EventTypes_::{
    kLegacyMIDICCOutEvent, kNoteOffEvent, kNoteOnEvent, kPolyPressureEvent,
};
use vst3::Steinberg::Vst::ProcessContext_::StatesAndFlags_::{
    kBarPositionValid, kContTimeValid, kCycleActive, kCycleValid, kPlaying, kProjectTimeMusicValid,
    kRecording, kTempoValid, kTimeSigValid,
};
use vst3::Steinberg::Vst::{
    Event as RawEvent, Event__type0 as Payload, IEventList, IEventListTrait, NoteOffEvent, NoteOnEvent,
    PolyPressureEvent, ProcessContext,
};
use vst3::Steinberg::{kInvalidArgument, kNotImplemented, kResultOk, tresult};

use super::plain::Plain;
use crate::event::{Event, EventKind, WILDCARD};
use crate::transport::Transport;

/// Controller number that stands for channel pressure in VST3's MIDI mapping.
pub(super) const CHANNEL_PRESSURE: u8 = 128;
/// Controller number that stands for pitch bend in VST3's MIDI mapping.
pub(super) const PITCH_BEND: u8 = 129;

/// How a note event of ours reaches a VST3 plug-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Route {
    /// Through the event list.
    Event(EventKind),
    /// Through the parameter that stands for a MIDI controller; the value is normalised.
    Controller { channel: u8, controller: u8, value: f64 },
    /// As a parameter change.
    Param { id: u32, value: f64 },
    /// VST3 has no way for it.
    None,
}

/// Decides the way of an event.
pub(super) fn route(kind: EventKind) -> Route {
    match kind {
        EventKind::NoteOn { .. } | EventKind::NoteOff { .. } => Route::Event(kind),
        EventKind::MidiCc { channel, controller, value } => {
            Route::Controller { channel, controller, value: f64::from(value.min(127)) / 127.0 }
        }
        EventKind::Midi([status, first, second]) => {
            let channel = status & 0x0F;
            match status & 0xF0 {
                0x80 | 0x90 | 0xB0 => route(EventKind::from_midi([status, first, second])),
                0xA0 => Route::Event(kind),
                0xD0 => {
                    let value = f64::from(first & 0x7F) / 127.0;
                    Route::Controller { channel, controller: CHANNEL_PRESSURE, value }
                }
                0xE0 => {
                    let bend = u16::from(first & 0x7F) | u16::from(second & 0x7F) << 7;
                    Route::Controller { channel, controller: PITCH_BEND, value: f64::from(bend) / 16383.0 }
                }
                _ => Route::None,
            }
        }
        EventKind::Param { id, value } => Route::Param { id, value },
        _ => Route::None,
    }
}

/// The block's events on their way into the plug-in.
#[derive(Default)]
pub(super) struct InputEvents {
    events: RefCell<Vec<RawEvent>>,
}

impl Class for InputEvents {
    type Interfaces = (IEventList,);
}

impl InputEvents {
    /// Forgets the last block.
    pub(super) fn clear(&self) {
        self.events.borrow_mut().clear();
    }

    /// Adds a note or poly-pressure event; others have no place in an event list and are left out.
    pub(super) fn push(&self, offset: u32, kind: EventKind) {
        let part = |number: u8| if number == WILDCARD { -1 } else { i16::from(number) };
        let (r#type, payload) = match kind {
            EventKind::NoteOn { channel, key, velocity } => {
                let (channel, pitch) = (part(channel), part(key));
                let note = NoteOnEvent { channel, pitch, tuning: 0.0, velocity, length: 0, noteId: -1 };
                (kNoteOnEvent, Payload { noteOn: note })
            }
            EventKind::NoteOff { channel, key, velocity } => {
                let (channel, pitch) = (part(channel), part(key));
                let note = NoteOffEvent { channel, pitch, velocity, noteId: -1, tuning: 0.0 };
                (kNoteOffEvent, Payload { noteOff: note })
            }
            EventKind::Midi([status, key, pressure]) if status & 0xF0 == 0xA0 => {
                let (channel, pitch) = (i16::from(status & 0x0F), i16::from(key & 0x7F));
                let pressure = f32::from(pressure & 0x7F) / 127.0;
                (
                    kPolyPressureEvent,
                    Payload { polyPressure: PolyPressureEvent { channel, pitch, pressure, noteId: -1 } },
                )
            }
            _ => return,
        };
        let event = RawEvent {
            sampleOffset: i32::try_from(offset).unwrap_or(i32::MAX),
            r#type: r#type as u16,
            __field0: payload,
            ..RawEvent::zeroed()
        };
        self.events.borrow_mut().push(event);
    }
}

impl IEventListTrait for InputEvents {
    unsafe fn getEventCount(&self) -> i32 {
        self.events.borrow().len() as i32
    }

    unsafe fn getEvent(&self, index: i32, event: *mut RawEvent) -> tresult {
        let found = usize::try_from(index).ok().and_then(|index| self.events.borrow().get(index).copied());
        match found {
            Some(found) if !event.is_null() => {
                // SAFETY: not null, hence a place for the answer by the interface.
                unsafe { event.write(found) };
                kResultOk
            }
            _ => kInvalidArgument,
        }
    }

    unsafe fn addEvent(&self, _event: *mut RawEvent) -> tresult {
        kNotImplemented
    }
}

/// The block's events that come out of the plug-in, already in this crate's form.
#[derive(Default)]
pub(super) struct OutputEvents {
    pub(super) events: RefCell<Vec<Event>>,
}

impl Class for OutputEvents {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for OutputEvents {
    unsafe fn getEventCount(&self) -> i32 {
        self.events.borrow().len() as i32
    }

    unsafe fn getEvent(&self, _index: i32, _event: *mut RawEvent) -> tresult {
        kNotImplemented
    }

    unsafe fn addEvent(&self, event: *mut RawEvent) -> tresult {
        if event.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: not null, hence an event by the interface.
        let event = unsafe { read(&*event) };
        self.events.borrow_mut().push(event);
        kResultOk
    }
}

/// Reads an event a plug-in sent.
///
/// # Safety
/// The payload must be the one the event's type names.
unsafe fn read(event: &RawEvent) -> Event {
    let part = |number: i16| u8::try_from(number).unwrap_or(WILDCARD);
    let type_id = event.r#type;
    let kind = if type_id == kNoteOnEvent as u16 {
        // SAFETY: the payload is the type's, by the function's condition.
        let note = unsafe { event.__field0.noteOn };
        EventKind::NoteOn { channel: part(note.channel), key: part(note.pitch), velocity: note.velocity }
    } else if type_id == kNoteOffEvent as u16 {
        // SAFETY: as above.
        let note = unsafe { event.__field0.noteOff };
        EventKind::NoteOff { channel: part(note.channel), key: part(note.pitch), velocity: note.velocity }
    } else if type_id == kPolyPressureEvent as u16 {
        // SAFETY: as above.
        let pressure = unsafe { event.__field0.polyPressure };
        let level = (pressure.pressure.clamp(0.0, 1.0) * 127.0).round() as u8;
        EventKind::Midi([0xA0 | (part(pressure.channel) & 0x0F), part(pressure.pitch) & 0x7F, level])
    } else if type_id == kLegacyMIDICCOutEvent as u16 {
        // SAFETY: as above.
        let cc = unsafe { event.__field0.midiCCOut };
        let channel = cc.channel.cast_unsigned() & 0x0F;
        let (value, value2) = (cc.value.cast_unsigned() & 0x7F, cc.value2.cast_unsigned() & 0x7F);
        match cc.controlNumber {
            0..=127 => EventKind::MidiCc { channel, controller: cc.controlNumber, value },
            CHANNEL_PRESSURE => EventKind::Midi([0xD0 | channel, value, 0]),
            PITCH_BEND => EventKind::Midi([0xE0 | channel, value, value2]),
            130 => EventKind::Midi([0xC0 | channel, value, 0]),
            131 => EventKind::Midi([0xA0 | channel, value, value2]),
            _ => EventKind::Other { type_id },
        }
    } else {
        EventKind::Other { type_id }
    };
    Event { offset: u32::try_from(event.sampleOffset).unwrap_or(0), kind }
}

/// The process context that accompanies a block.
#[allow(clippy::unnecessary_cast)] // The bindings' flags are signed on some platforms.
pub(super) fn context(transport: &Transport, sample_rate: f64, steady_time: u64) -> ProcessContext {
    let mut state = kTempoValid | kTimeSigValid | kProjectTimeMusicValid | kBarPositionValid | kContTimeValid;
    for (set, flag) in [
        (transport.playing, kPlaying),
        (transport.recording, kRecording),
        (transport.loop_beats.is_some(), kCycleActive | kCycleValid),
    ] {
        state |= if set { flag } else { 0 };
    }
    let (cycle_start, cycle_end) = transport.loop_beats.unwrap_or((0.0, 0.0));
    ProcessContext {
        state: state as u32,
        sampleRate: sample_rate,
        projectTimeSamples: (transport.position_seconds * sample_rate).round() as i64,
        continousTimeSamples: i64::try_from(steady_time).unwrap_or(i64::MAX),
        projectTimeMusic: transport.position_beats,
        barPositionMusic: transport.bar_start_beats,
        cycleStartMusic: cycle_start,
        cycleEndMusic: cycle_end,
        tempo: transport.tempo_bpm,
        timeSigNumerator: i32::from(transport.time_signature.0),
        timeSigDenominator: i32::from(transport.time_signature.1),
        ..ProcessContext::zeroed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_pressure_survive_the_way_there_and_back() {
        let (list, back) = (InputEvents::default(), OutputEvents::default());
        let kinds = [
            EventKind::NoteOn { channel: 3, key: 61, velocity: 0.5 },
            EventKind::NoteOff { channel: WILDCARD, key: 61, velocity: 0.25 },
            EventKind::Midi([0xA2, 60, 127]),
        ];
        kinds.iter().for_each(|kind| list.push(9, *kind));
        let mut event = RawEvent::zeroed();
        // SAFETY: pointers to a local variable.
        unsafe {
            assert_eq!(list.getEventCount(), 3);
            for index in 0..3 {
                assert_eq!(list.getEvent(index, &mut event), kResultOk);
                assert_eq!(back.addEvent(&mut event), kResultOk);
            }
            assert_eq!(list.getEvent(3, &mut event), kInvalidArgument);
            assert_eq!(list.getEvent(-1, &mut event), kInvalidArgument);
        }
        assert_eq!(*back.events.borrow(), kinds.map(|kind| Event { offset: 9, kind }));
    }

    #[test]
    fn midi_goes_through_notes_controllers_or_nowhere() {
        let bend = route(EventKind::Midi([0xE1, 0x7F, 0x7F]));
        assert_eq!(bend, Route::Controller { channel: 1, controller: PITCH_BEND, value: 1.0 });
        let pressure = route(EventKind::Midi([0xD0, 127, 0]));
        assert_eq!(pressure, Route::Controller { channel: 0, controller: CHANNEL_PRESSURE, value: 1.0 });
        let cc = EventKind::MidiCc { channel: 2, controller: 74, value: 127 };
        assert_eq!(route(cc), Route::Controller { channel: 2, controller: 74, value: 1.0 });
        assert_eq!(route(EventKind::Midi([0xB2, 74, 127])), route(cc));
        assert!(matches!(
            route(EventKind::Midi([0x90, 60, 100])),
            Route::Event(EventKind::NoteOn { key: 60, .. })
        ));
        assert_eq!(route(EventKind::Midi([0xC0, 1, 0])), Route::None);
        assert_eq!(route(EventKind::ParamModulation { id: 1, amount: 0.5 }), Route::None);
    }

    #[test]
    fn the_context_keeps_position_tempo_loop_and_signature() {
        let transport = Transport { loop_beats: Some((8.0, 16.0)), ..Transport::playing(150.0, (7, 8)) };
        let context = context(&transport.at_seconds(3.0), 48_000.0, 77);
        assert_eq!(context.projectTimeSamples, 144_000);
        assert_eq!((context.projectTimeMusic, context.barPositionMusic), (7.5, 7.0));
        assert_eq!((context.cycleStartMusic, context.cycleEndMusic), (8.0, 16.0));
        assert_eq!((context.timeSigNumerator, context.timeSigDenominator), (7, 8));
        assert_eq!(context.continousTimeSamples, 77);
        assert_eq!(context.state & kPlaying, kPlaying);
        assert_eq!(super::context(&Transport::default(), 48_000.0, 0).state & (kPlaying | kCycleActive), 0);
    }
}
