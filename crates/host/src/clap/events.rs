//! Events and transport between this crate's types and CLAP's.

use clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent,
    ParamModEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, EventHeader, Match};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};

use crate::event::{Event, EventKind, WILDCARD};
use crate::transport::Transport;

/// Appends one event to a CLAP event list. What CLAP hosts cannot send (gestures, `Other`) is left out.
pub(super) fn push(buffer: &mut EventBuffer, event: &Event) {
    let time = event.offset;
    match event.kind {
        EventKind::NoteOn { channel, key, velocity } => {
            buffer.push(&NoteOnEvent::new(time, address(channel, key), f64::from(velocity)));
        }
        EventKind::NoteOff { channel, key, velocity } => {
            buffer.push(&NoteOffEvent::new(time, address(channel, key), f64::from(velocity)));
        }
        EventKind::NoteChoke { channel, key } => {
            buffer.push(&NoteChokeEvent::new(time, address(channel, key)))
        }
        EventKind::MidiCc { .. } | EventKind::Midi(_) => {
            if let Some(data) = event.kind.to_midi() {
                buffer.push(&MidiEvent::new(time, 0, data));
            }
        }
        EventKind::Param { id, value } => {
            if let Some(id) = ClapId::from_raw(id) {
                buffer.push(&ParamValueEvent::new(time, id, Pckn::match_all(), value));
            }
        }
        EventKind::ParamModulation { id, amount } => {
            if let Some(id) = ClapId::from_raw(id) {
                buffer.push(&ParamModEvent::new(time, id, Pckn::match_all(), amount));
            }
        }
        EventKind::NoteEnd { .. }
        | EventKind::ParamGestureBegin { .. }
        | EventKind::ParamGestureEnd { .. }
        | EventKind::Other { .. } => {}
    }
}

/// Reads one event a plug-in sent.
pub(super) fn read(event: &UnknownEvent) -> Event {
    let header = event.header();
    let other = EventKind::Other { type_id: header.type_id() };
    let kind = match event.as_core_event() {
        Some(CoreEventSpace::NoteOn(e)) => EventKind::NoteOn {
            channel: byte(e.channel()),
            key: byte(e.key()),
            velocity: e.velocity() as f32,
        },
        Some(CoreEventSpace::NoteOff(e)) => EventKind::NoteOff {
            channel: byte(e.channel()),
            key: byte(e.key()),
            velocity: e.velocity() as f32,
        },
        Some(CoreEventSpace::NoteChoke(e)) => {
            EventKind::NoteChoke { channel: byte(e.channel()), key: byte(e.key()) }
        }
        Some(CoreEventSpace::NoteEnd(e)) => {
            EventKind::NoteEnd { channel: byte(e.channel()), key: byte(e.key()) }
        }
        Some(CoreEventSpace::Midi(e)) => EventKind::from_midi(e.data()),
        Some(CoreEventSpace::NoteExpression(e)) => poly_pressure(e).unwrap_or(other),
        Some(CoreEventSpace::ParamValue(e)) => {
            e.param_id().map_or(other, |id| EventKind::Param { id: id.get(), value: e.value() })
        }
        Some(CoreEventSpace::ParamMod(e)) => {
            e.param_id().map_or(other, |id| EventKind::ParamModulation { id: id.get(), amount: e.amount() })
        }
        Some(CoreEventSpace::ParamGestureBegin(e)) => {
            e.param_id().map_or(other, |id| EventKind::ParamGestureBegin { id: id.get() })
        }
        Some(CoreEventSpace::ParamGestureEnd(e)) => {
            e.param_id().map_or(other, |id| EventKind::ParamGestureEnd { id: id.get() })
        }
        _ => other,
    };
    Event { offset: header.time(), kind }
}

fn address(channel: u8, key: u8) -> Pckn {
    let part = |number: u8| if number == WILDCARD { Match::All } else { Match::Specific(u16::from(number)) };
    Pckn::new(0u16, part(channel), part(key), Match::All)
}

/// The pressure of one key as MIDI's polyphonic pressure, whichever of CLAP's two forms it came in; `None` for other
/// expressions and for pressure on more than one key.
fn poly_pressure(event: &NoteExpressionEvent) -> Option<EventKind> {
    let (channel, key) = (byte(event.channel()), byte(event.key()));
    let is_pressure = event.expression_type() == Some(NoteExpressionType::Pressure);
    let level = (event.value().clamp(0.0, 1.0) * 127.0).round() as u8;
    (is_pressure && channel < 16 && key < 128).then_some(EventKind::Midi([0xA0 | channel, key, level]))
}

fn byte(part: Match<u16>) -> u8 {
    match part {
        Match::Specific(number) => u8::try_from(number).unwrap_or(WILDCARD),
        Match::All => WILDCARD,
    }
}

/// The transport event that accompanies a block.
pub(super) fn transport(transport: &Transport) -> TransportEvent {
    let mut flags = TransportFlags::HAS_TEMPO
        | TransportFlags::HAS_BEATS_TIMELINE
        | TransportFlags::HAS_SECONDS_TIMELINE
        | TransportFlags::HAS_TIME_SIGNATURE;
    flags.set(TransportFlags::IS_PLAYING, transport.playing);
    flags.set(TransportFlags::IS_RECORDING, transport.recording);
    flags.set(TransportFlags::IS_LOOP_ACTIVE, transport.loop_beats.is_some());
    let (loop_start, loop_end) = transport.loop_beats.unwrap_or((0.0, 0.0));
    let seconds_per_beat = if transport.tempo_bpm > 0.0 { 60.0 / transport.tempo_bpm } else { 0.0 };
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_float(transport.position_beats),
        song_pos_seconds: SecondsTime::from_float(transport.position_seconds),
        tempo: transport.tempo_bpm,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_float(loop_start),
        loop_end_beats: BeatTime::from_float(loop_end),
        loop_start_seconds: SecondsTime::from_float(loop_start * seconds_per_beat),
        loop_end_seconds: SecondsTime::from_float(loop_end * seconds_per_beat),
        bar_start: BeatTime::from_float(transport.bar_start_beats),
        bar_number: transport.bar_number,
        time_signature_numerator: transport.time_signature.0,
        time_signature_denominator: transport.time_signature.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(kind: EventKind) -> Vec<Event> {
        let mut buffer = EventBuffer::new();
        push(&mut buffer, &Event { offset: 7, kind });
        buffer.iter().map(read).collect()
    }

    #[test]
    fn what_a_host_can_send_survives_the_way_there_and_back() {
        for kind in [
            EventKind::NoteOn { channel: 3, key: 61, velocity: 0.5 },
            EventKind::NoteOff { channel: WILDCARD, key: 61, velocity: 0.25 },
            EventKind::NoteChoke { channel: 0, key: WILDCARD },
            EventKind::MidiCc { channel: 15, controller: 74, value: 127 },
            EventKind::Midi([0xE1, 0x00, 0x40]),
            EventKind::Param { id: 77, value: 0.125 },
            EventKind::ParamModulation { id: 77, amount: -0.5 },
        ] {
            assert_eq!(round_trip(kind), [Event { offset: 7, kind }]);
        }
    }

    #[test]
    fn pressure_as_an_expression_reads_as_midi() {
        let read_back = |expression, pckn, value| {
            let mut buffer = EventBuffer::new();
            buffer.push(&NoteExpressionEvent::new(7, pckn, expression, value));
            buffer.iter().map(read).collect::<Vec<Event>>()
        };
        let other = Event { offset: 7, kind: EventKind::Other { type_id: 4 } };
        let pressure = Event { offset: 7, kind: EventKind::Midi([0xA3, 61, 64]) };
        assert_eq!(read_back(NoteExpressionType::Pressure, address(3, 61), 0.504), [pressure]);
        assert_eq!(read_back(NoteExpressionType::Pressure, address(3, WILDCARD), 0.5), [other]);
        assert_eq!(read_back(NoteExpressionType::Pan, address(3, 61), 0.5), [other]);
    }

    #[test]
    fn what_no_host_sends_is_left_out() {
        assert!(round_trip(EventKind::Other { type_id: 3 }).is_empty());
        assert!(round_trip(EventKind::ParamGestureBegin { id: 1 }).is_empty());
        assert!(round_trip(EventKind::Param { id: u32::MAX, value: 0.0 }).is_empty(), "CLAP's invalid id");
    }

    #[test]
    fn the_transport_keeps_position_tempo_loop_and_signature() {
        let event = transport(&Transport {
            recording: true,
            loop_beats: Some((8.0, 16.0)),
            ..Transport::playing(150.0, (7, 8)).at_seconds(3.0)
        });
        assert_eq!(event.song_pos_beats.to_float(), 7.5);
        assert_eq!(event.song_pos_seconds.to_float(), 3.0);
        assert_eq!((event.bar_start.to_float(), event.bar_number), (7.0, 2));
        // 8 beats at 150 bpm last 3.2 s; CLAP's fixed point resolves 2^-31 s.
        assert!((event.loop_start_seconds.to_float() - 3.2).abs() < 1e-9);
        assert!(event.flags.contains(TransportFlags::IS_PLAYING | TransportFlags::IS_LOOP_ACTIVE));
        assert!(!transport(&Transport::default()).flags.contains(TransportFlags::IS_PLAYING));
    }
}
