//! A type 1 MIDI file of the last bars of a tape: tempo map with keys and chords as markers, one track for each voice.

use dendrite_pipeline::PITCH_NAMES;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use thiserror::Error;

use crate::bars::{Bars, Meter, SAME};
use crate::event::Message;
use crate::settings::Voice;
use crate::tape::{Record, What};

/// Ticks per quarter note.
pub const TICKS_PER_BEAT: u16 = 960;
/// A note so little before a bar line, in quarter notes, is one of the bar behind it that is played early.
const EARLY: f64 = 0.125;
/// What lies no further before a bar line belongs to the bar behind it; bar lines take a little for themselves. The bar's last
/// sixteenth, late as it may be, does not.
const NEXT_BAR: f64 = EARLY - SAME;

/// Why there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MidiFileError {
    /// There are no notes.
    #[error("nothing has been played yet: let the song run with a voice switched on, then save")]
    NothingPlayed,
}

/// Writes the last `bars` bars of what was played: up to the end of the last bar with a note in it, from `bars` bars before
/// that or from the first bar with a note. Notes that began before are left out; notes that have not ended end with the file.
///
/// The first track has tempo, meters and markers: `Key: C minor` and chord symbols (`N.C.` for none). Then melody, chords, bass,
/// drums, and modulation if there is any. Ticks are 1/960 of a quarter note.
///
/// # Errors
/// Nothing was played.
pub fn write(records: &[Record], bars: u32) -> Result<Vec<u8>, MidiFileError> {
    let [first, last] = notes(records)?;
    let all = Bars::new(records.iter().filter_map(Record::meter));
    let end = all.end_of_bar(last + NEXT_BAR);
    let start = all.back(end, bars.max(1), all.line_before(first + NEXT_BAR));
    Ok(file(records, &all, &Cut { start, end }))
}

/// Writes all of a song, as [`write()`] does, from the bar in which the first record lies: silence before the first note stays.
///
/// # Errors
/// Nothing was played.
pub fn write_song(records: &[Record]) -> Result<Vec<u8>, MidiFileError> {
    let [_, last] = notes(records)?;
    let all = Bars::new(records.iter().filter_map(Record::meter));
    let first = records.iter().map(|record| record.beats).fold(f64::INFINITY, f64::min);
    Ok(file(records, &all, &Cut { start: all.line_before(first), end: all.end_of_bar(last + NEXT_BAR) }))
}

/// Where the first and the last note begin.
fn notes(records: &[Record]) -> Result<[f64; 2], MidiFileError> {
    let is_note = |record: &&Record| matches!(record.what, What::Played(Some(_), Message::NoteOn { .. }));
    let first = records.iter().find(is_note).ok_or(MidiFileError::NothingPlayed)?;
    let last = records.iter().rfind(is_note).ok_or(MidiFileError::NothingPlayed)?;
    Ok([first.beats, last.beats])
}

fn file(records: &[Record], bars: &Bars, cut: &Cut) -> Vec<u8> {
    let texts = markers(records, cut);
    let mut tracks = vec![conductor(records, &texts, bars, cut)];
    for voice in Voice::ALL {
        tracks.push(track(voice.name(), played(records, cut, Some(voice))));
    }
    let modulation = played(records, cut, None);
    if !modulation.is_empty() {
        tracks.push(track("Modulation", modulation));
    }
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(TICKS_PER_BEAT)));
    let mut bytes = Vec::new();
    Smf { header, tracks }.write_std(&mut bytes).expect("a vector takes all that is written to it");
    bytes
}

/// A stretch of the tape in quarter notes.
struct Cut {
    start: f64,
    end: f64,
}

impl Cut {
    /// Something early in the first bar belongs to it.
    fn holds(&self, beats: f64) -> bool {
        beats >= self.start - EARLY && beats < self.end
    }

    fn tick(&self, beats: f64) -> u32 {
        ((beats.min(self.end) - self.start) * f64::from(TICKS_PER_BEAT)).round().max(0.0) as u32
    }
}

/// Keeps changes only, and one event for what stands at the same tick: the last.
fn put<T: PartialEq>(events: &mut Vec<(u32, T)>, tick: u32, value: T) {
    match events.last_mut() {
        Some((_, last)) if *last == value => {}
        Some((at, last)) if *at == tick => *last = value,
        _ => events.push((tick, value)),
    }
}

/// Keys and chords as texts. What was in force before the cut stands at its start.
fn markers(records: &[Record], cut: &Cut) -> [Vec<(u32, String)>; 2] {
    let (mut keys, mut chords) = (Vec::new(), Vec::new());
    for record in records.iter().filter(|record| record.beats < cut.end) {
        let tick = cut.tick(record.beats);
        match record.what {
            What::Key(key, scale) => {
                let tonic = PITCH_NAMES[usize::from(key.tonic % 12)];
                put(&mut keys, tick, format!("Key: {tonic} {}", scale.name().to_lowercase()));
            }
            What::Chord(chord) => {
                put(&mut chords, tick, chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string()));
            }
            _ => {}
        }
    }
    [keys, chords]
}

/// Tempo, meters, markers.
fn conductor<'a>(
    records: &[Record],
    texts: &'a [Vec<(u32, String)>; 2],
    bars: &Bars,
    cut: &Cut,
) -> Track<'a> {
    let meta = |message| TrackEventKind::Meta(message);
    let meters = bars.from(cut.start).iter().take_while(|meter| meter.line < cut.end).enumerate();
    // The first holds from the start on, wherever it was said.
    let at = |n: usize, meter: &Meter| if n == 0 { 0 } else { cut.tick(meter.line) };
    let mut events: Vec<_> = meters.map(|(n, meter)| (at(n, meter), meta(time_signature(meter)))).collect();
    let mut tempi = Vec::new();
    for record in records.iter().filter(|record| record.beats < cut.end) {
        if let What::Tempo(bpm) = record.what
            && bpm > 0.0
        {
            let microseconds = (60e6 / bpm).round().clamp(1.0, f64::from(u24::max_value().as_int())) as u32;
            let tick = if tempi.is_empty() { 0 } else { cut.tick(record.beats) };
            put(&mut tempi, tick, u24::new(microseconds));
        }
    }
    events.extend(tempi.into_iter().map(|(tick, tempo)| (tick, meta(MetaMessage::Tempo(tempo)))));
    for (tick, text) in texts.iter().flatten() {
        events.push((*tick, meta(MetaMessage::Marker(text.as_bytes()))));
    }
    track("Dendrite", events)
}

fn time_signature(meter: &Meter) -> MetaMessage<'static> {
    // The lower number as a power of two.
    let (numerator, denominator) = match (meter.steps, meter.compound) {
        (steps, false) if steps.is_multiple_of(4) => (steps / 4, 2),
        (steps, _) if steps.is_multiple_of(2) => (steps / 2, 3),
        (steps, _) => (steps, 4),
    };
    let clocks = if meter.compound { 36 } else { 24 };
    MetaMessage::TimeSignature(numerator.clamp(1, 255) as u8, denominator, clocks, 8)
}

/// Notes and controllers of a voice within the cut, every note with its end.
fn played(records: &[Record], cut: &Cut, of: Option<Voice>) -> Vec<(u32, TrackEventKind<'static>)> {
    let mut events = Vec::new();
    let mut sounding: Vec<(u8, u8)> = Vec::new();
    for record in records {
        let What::Played(voice, message) = record.what else { continue };
        if voice != of || !cut.holds(record.beats) {
            continue;
        }
        let (channel, message) = match message {
            Message::NoteOn { channel, key, velocity } => {
                sounding.push((channel, key));
                (channel, MidiMessage::NoteOn { key: u7::new(key & 127), vel: u7::new(velocity & 127) })
            }
            Message::NoteOff { channel, key } => {
                // The end of a note that began before the cut is left out with it.
                let Some(place) = sounding.iter().position(|note| *note == (channel, key)) else { continue };
                sounding.remove(place);
                (channel, MidiMessage::NoteOff { key: u7::new(key & 127), vel: u7::new(0) })
            }
            Message::Controller { channel, controller, value } => (
                channel,
                MidiMessage::Controller {
                    controller: u7::new(controller & 127),
                    value: u7::new(value & 127),
                },
            ),
        };
        let kind = TrackEventKind::Midi { channel: u4::new(channel & 15), message };
        events.push((cut.tick(record.beats), kind));
    }
    for (channel, key) in sounding {
        let message = MidiMessage::NoteOff { key: u7::new(key & 127), vel: u7::new(0) };
        events.push((cut.tick(cut.end), TrackEventKind::Midi { channel: u4::new(channel & 15), message }));
    }
    events
}

/// A track of events at their ticks.
fn track<'a>(name: &'static str, mut events: Vec<(u32, TrackEventKind<'a>)>) -> Track<'a> {
    events.sort_by_key(|(tick, _)| *tick);
    let mut track = vec![TrackEvent {
        delta: u28::new(0),
        kind: TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes())),
    }];
    let mut before = 0;
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::new(tick - before), kind });
        before = tick;
    }
    track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

#[cfg(test)]
mod tests {
    use dendrite_pipeline::Chord;

    use super::*;
    use crate::key::{Key, Scale};

    fn note(beats: f64, key: u8, on: bool) -> Record {
        let message = if on {
            Message::NoteOn { channel: 1, key, velocity: 80 }
        } else {
            Message::NoteOff { channel: 1, key }
        };
        Record { beats, what: What::Played(Some(Voice::Chords), message) }
    }

    fn song() -> Vec<Record> {
        let at = |beats, what| Record { beats, what };
        let mut records = vec![
            at(0.0, What::Meter(16, false)),
            at(0.0, What::Tempo(120.0)),
            at(0.0, What::Key(Key { tonic: 9, minor: true }, Scale::Dorian)),
            at(0.0, What::Chord(Chord::of_class(21))),
        ];
        for beat in 0..16 {
            records.push(note(f64::from(beat) - 0.02 * f64::from(beat.min(1)), 60, true));
            records.push(note(f64::from(beat) + 0.5, 60, false));
        }
        records.push(note(15.5, 64, true));
        records
    }

    #[test]
    fn the_last_bars_are_written_and_every_note_ends() {
        let bytes = write(&song(), 2).unwrap();
        let smf = Smf::parse(&bytes).unwrap();
        assert_eq!(smf.tracks.len(), 5);
        let mut at = 0;
        let (mut ons, mut offs) = (Vec::new(), 0);
        for event in &smf.tracks[2] {
            at += event.delta.as_int();
            match event.kind {
                TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. } => ons.push(at),
                TrackEventKind::Midi { message: MidiMessage::NoteOff { .. }, .. } => offs += 1,
                _ => {}
            }
        }
        // Eight beats of the bars 3 and 4; the first is played early and stands at the start. The last note ends with the file.
        assert_eq!((ons.len(), offs), (9, 9));
        assert_eq!((ons[0], ons[1]), (0, 941));
        assert_eq!(at, 8 * 960);
        let markers: Vec<&[u8]> = smf.tracks[0]
            .iter()
            .filter_map(|event| match event.kind {
                TrackEventKind::Meta(MetaMessage::Marker(text)) => Some(text),
                _ => None,
            })
            .collect();
        assert_eq!(markers, [b"Key: A dorian".as_slice(), b"Am"]);
    }

    #[test]
    fn more_bars_than_there_are_is_all_of_them_and_none_is_an_error() {
        let bytes = write(&song(), 64).unwrap();
        let smf = Smf::parse(&bytes).unwrap();
        let ons = smf.tracks[2]
            .iter()
            .filter(|event| {
                matches!(event.kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
            })
            .count();
        assert_eq!(ons, 17);
        assert_eq!(write(&[], 4), Err(MidiFileError::NothingPlayed));
        assert!(MidiFileError::NothingPlayed.to_string().contains("let the song run"));
    }

    #[test]
    fn a_late_last_sixteenth_is_of_its_bar_and_an_early_downbeat_of_the_next() {
        // As late and as early as a sixteenth may be: 0.45 of one.
        for (beats, bars) in [(3.86, 1), (3.89, 2)] {
            let meter = Record { beats: 0.0, what: What::Meter(16, false) };
            let last = [meter, note(0.0, 60, true), note(0.5, 60, false), note(beats, 61, true)];
            let ticks = |bytes: &[u8]| -> u32 {
                let smf = Smf::parse(bytes).unwrap();
                smf.tracks[2].iter().map(|event| event.delta.as_int()).sum()
            };
            assert_eq!(ticks(&write(&last, 64).unwrap()), bars * 4 * 960, "{beats}");
            let first = [meter, note(beats, 61, true), note(6.0, 61, false)];
            let bytes = write(&first, 64).unwrap();
            let smf = Smf::parse(&bytes).unwrap();
            let is_on = |event: &&TrackEvent| {
                matches!(event.kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
            };
            assert_eq!(smf.tracks[2].iter().filter(is_on).count(), 1, "{beats}");
        }
    }

    /// Tempi and time signatures with their ticks.
    fn conducted(bytes: &[u8]) -> (Vec<[u32; 2]>, Vec<[u32; 3]>) {
        let smf = Smf::parse(bytes).unwrap();
        let (mut at, mut tempi, mut meters) = (0, Vec::new(), Vec::new());
        for event in &smf.tracks[0] {
            at += event.delta.as_int();
            match event.kind {
                TrackEventKind::Meta(MetaMessage::Tempo(tempo)) => tempi.push([at, tempo.as_int()]),
                TrackEventKind::Meta(MetaMessage::TimeSignature(over, under, ..)) => {
                    meters.push([at, over.into(), under.into()])
                }
                _ => {}
            }
        }
        (tempi, meters)
    }

    #[test]
    fn bars_are_those_of_the_meters_on_the_way() {
        // A pickup of one quarter, two bars of 4/4, two of 3/4, and 6/8 from there on; all of it said more than once.
        let at = |beats, what| Record { beats, what };
        let mut records = vec![at(1.0, What::Meter(16, false)), at(0.0, What::Tempo(100.0))];
        records.push(at(5.0, What::Meter(16, false)));
        records.push(at(5.5, What::Tempo(100.0)));
        records.push(at(9.0, What::Meter(12, false)));
        records.push(at(12.0, What::Meter(12, false)));
        records.push(at(15.0, What::Meter(12, true)));
        records.extend((0..20).map(|beat| note(f64::from(beat), 60, true)));
        let bars = |bars| conducted(&write(&records, bars).unwrap());
        let tempi = vec![[0, 600_000]];
        assert_eq!(bars(1), (tempi.clone(), vec![[0, 6, 3]]));
        assert_eq!(bars(3), (tempi.clone(), vec![[0, 3, 2], [3 * 960, 6, 3]]));
        assert_eq!(bars(5), (tempi.clone(), vec![[0, 4, 2], [4 * 960, 3, 2], [10 * 960, 6, 3]]));
        // The bar of the pickup is whole.
        assert_eq!(bars(64), (tempi, vec![[0, 4, 2], [12 * 960, 3, 2], [18 * 960, 6, 3]]));
    }

    #[test]
    fn what_is_said_late_holds_from_the_start() {
        // As where a tape has been written over: the first record is in the middle of the song.
        let at = |beats, what| Record { beats, what };
        let mut records: Vec<Record> = (40..60).map(|beat| note(f64::from(beat), 60, true)).collect();
        records.insert(10, at(49.0, What::Meter(12, false)));
        records.insert(11, at(50.0, What::Tempo(90.0)));
        assert_eq!(conducted(&write(&records, 64).unwrap()), (vec![[0, 666_667]], vec![[0, 3, 2]]));
    }

    #[test]
    fn a_song_begins_where_it_begins() {
        let mut records = song();
        records.iter_mut().for_each(|record| {
            if !matches!(record.what, What::Meter(..) | What::Tempo(_)) {
                record.beats += 9.0;
            }
        });
        let start = |bytes: Vec<u8>| {
            let smf = Smf::parse(&bytes).unwrap();
            let before =
                smf.tracks[2].iter().take_while(|event| !matches!(event.kind, TrackEventKind::Midi { .. }));
            let first = smf.tracks[2][before.clone().count()].delta.as_int();
            before.map(|event| event.delta.as_int()).sum::<u32>() + first
        };
        assert_eq!(start(write_song(&records).unwrap()), 9 * 960);
        assert_eq!(start(write(&records, u32::MAX).unwrap()), 960);
        assert_eq!(write_song(&[]), Err(MidiFileError::NothingPlayed));
    }
}
