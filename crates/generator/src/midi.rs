//! Standard MIDI files: type 1, a tempo map with markers, one track for each voice.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

use crate::{Controller, Meter, Mode, Score, Voice};

/// Ticks per quarter note.
pub const TICKS_PER_QUARTER: u16 = 960;

/// The bytes of a MIDI file with the score's notes and controllers at their played times.
///
/// The first track holds tempo (one per bar), meter, key, and markers: `[verse]` at sections, chord symbols at chords
/// (`N.C.` where none sounds). Then follow tracks for melody (channel 1), chords (2), bass (3) and drums (10). Ticks are
/// 1/960 of a quarter: 0.5 ms at 120 beats per minute.
pub fn write(score: &Score) -> Vec<u8> {
    let labels = &score.labels;
    let ticks = Ticks::new(score);
    let mut texts: Vec<(u64, String)> = Vec::new();
    for section in &labels.sections {
        texts.push((ticks.at(section.start_s), format!("[{}]", section.name.text())));
    }
    for span in &labels.chords {
        let text = span.chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.symbol());
        texts.push((ticks.at(span.start_s), text));
    }

    let mut conductor: Vec<(u64, TrackEventKind)> = Vec::new();
    let meta = |message| TrackEventKind::Meta(message);
    let (numerator, denominator, clocks) = match labels.meter {
        Meter::FourFour => (4, 2, 24),
        Meter::ThreeFour => (3, 2, 24),
        Meter::SixEight => (6, 3, 36),
    };
    conductor.push((0, meta(MetaMessage::TimeSignature(numerator, denominator, clocks, 8))));
    let (sharps, minor) = signature(score);
    conductor.push((0, meta(MetaMessage::KeySignature(sharps, minor))));
    for (tick, tempo) in &ticks.tempos {
        conductor.push((*tick, meta(MetaMessage::Tempo(u24::new(*tempo)))));
    }
    for (tick, text) in &texts {
        conductor.push((*tick, meta(MetaMessage::Marker(text.as_bytes()))));
    }

    let mut tracks = vec![track(b"conductor", conductor)];
    for voice in Voice::ALL {
        tracks.push(voice_track(score, &ticks, voice));
    }
    let smf =
        Smf { header: Header::new(Format::Parallel, Timing::Metrical(u15::new(TICKS_PER_QUARTER))), tracks };
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).expect("a vector takes all that is written to it");
    bytes
}

/// Seconds to ticks along the tempo map.
struct Ticks {
    /// Tick and time of every bar's start, the file's start and the end of the last bar.
    anchors: Vec<(u64, f64)>,
    /// Tick and microseconds per quarter.
    tempos: Vec<(u64, u32)>,
}

impl Ticks {
    fn new(score: &Score) -> Ticks {
        let labels = &score.labels;
        let quarters = labels.meter.steps() as u64 / 4;
        let bar_ticks = quarters * u64::from(TICKS_PER_QUARTER);
        // What comes before the first bar is at the first bar's tempo.
        let mut ticks = Ticks { anchors: vec![(0, 0.0)], tempos: Vec::new() };
        let (Some(first), Some(last)) = (labels.bars.first(), labels.bars.last()) else {
            // Half a second per quarter, as MIDI files have it where they say nothing.
            ticks.anchors.push((2 * u64::from(TICKS_PER_QUARTER), 1.0));
            return ticks;
        };
        let first_quarter_s = (first.end_s - first.start_s) / quarters as f64;
        let mut tick = (first.start_s / first_quarter_s * f64::from(TICKS_PER_QUARTER)).round() as u64;
        for bar in &labels.bars {
            let quarter_s = (bar.end_s - bar.start_s) / quarters as f64;
            let tempo = (1e6 * quarter_s).round() as u32;
            if ticks.tempos.last().is_none_or(|(_, last)| *last != tempo) {
                ticks.tempos.push((if ticks.tempos.is_empty() { 0 } else { tick }, tempo));
            }
            ticks.anchors.push((tick, bar.start_s));
            tick += bar_ticks;
        }
        ticks.anchors.push((tick, last.end_s));
        ticks
    }

    fn at(&self, time_s: f64) -> u64 {
        let after =
            self.anchors.partition_point(|(_, start_s)| *start_s <= time_s).clamp(1, self.anchors.len() - 1);
        // The lead-in may be empty; then the first bar tells the tempo.
        let empty = self.anchors[after].1 - self.anchors[after - 1].1 < 1e-9;
        let after = if empty { (after + 1).min(self.anchors.len() - 1) } else { after };
        let ((tick0, time0), (tick1, time1)) = (self.anchors[after - 1], self.anchors[after]);
        let along = (time_s - time0) / (time1 - time0);
        (tick0 as f64 + along * (tick1 - tick0) as f64).round().max(0.0) as u64
    }
}

/// Sharps (negative: flats) and whether minor. The church modes are written as what they most resemble.
fn signature(score: &Score) -> (i8, bool) {
    let key = score.labels.key;
    let to_major = match key.mode {
        Mode::Major => 0,
        Mode::Lydian => 7,
        Mode::Mixolydian => 5,
        Mode::Dorian => 10,
        Mode::Minor => 3,
        Mode::Phrygian => 8,
    };
    let fifths = i32::from((key.tonic + to_major) % 12 * 7 % 12);
    let sharps = if fifths > 6 { fifths - 12 } else { fifths };
    (sharps as i8, key.mode.is_minor())
}

fn voice_track(score: &Score, ticks: &Ticks, voice: Voice) -> Track<'static> {
    let (name, channel): (&[u8], u8) = match voice {
        Voice::Melody => (b"melody", 0),
        Voice::Chords => (b"chords", 1),
        Voice::Bass => (b"bass", 2),
        Voice::Drums => (b"drums", 9),
    };
    let midi = |message| TrackEventKind::Midi { channel: u4::new(channel), message };
    let mut events = Vec::new();
    for control in score.labels.controls.iter().filter(|_| voice != Voice::Drums) {
        if control.controller == Controller::Sustain && voice != Voice::Chords {
            continue;
        }
        let (controller, value) = (u7::new(control.controller.number()), u7::new(control.value.min(127)));
        events.push((ticks.at(control.time_s), midi(MidiMessage::Controller { controller, value })));
    }
    for note in score.labels.notes.iter().filter(|note| note.voice == voice) {
        let (key, vel) = (u7::new(note.pitch.min(127)), u7::new(note.velocity.clamp(1, 127)));
        let on = ticks.at(note.onset_s);
        let off = ticks.at(note.onset_s + note.duration_s).max(on + 1);
        events.push((on, midi(MidiMessage::NoteOn { key, vel })));
        events.push((off, midi(MidiMessage::NoteOff { key, vel: u7::new(0) })));
    }
    track(name, events)
}

/// A track of events at absolute ticks. At one tick, what ends comes before what begins.
fn track<'a>(name: &'a [u8], mut events: Vec<(u64, TrackEventKind<'a>)>) -> Track<'a> {
    let begins = |kind: &TrackEventKind| {
        matches!(kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
    };
    events.sort_by_key(|(tick, kind)| (*tick, begins(kind)));
    let mut track =
        vec![TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::TrackName(name)) }];
    let mut now = 0;
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::new((tick - now) as u32), kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}
