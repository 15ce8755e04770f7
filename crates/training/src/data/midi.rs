//! MIDI files as notes in seconds and on the grid of sixteenths.
//!
//! ```text
//! bytes ──midly──> events ──tempo map──> notes, controllers: seconds
//!                         └─time signatures──> bars of sixteenths; each note at a step, so much early or late
//! ```
//! Files of type 0 and 1 with metrical time. Where nothing else is said a quarter takes half a second and a bar has four.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::Path;

use midly::{Format, MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

use super::timing::heard_by_steps;
use super::{Key, Reason, Step};

/// Channel of drums, counted from 0.
const DRUM_CHANNEL: u8 = 9;
/// Microseconds per quarter where the file says nothing.
const DEFAULT_TEMPO: u32 = 500_000;
/// A longer file is damaged, or nothing that one would listen to.
const MAX_LENGTH_S: f64 = 4.0 * 3600.0;
/// More sixteenths come only from damaged files; four hours at 120 to the minute have 115,200.
const MAX_STEPS: usize = 400_000;
/// Starts closer than this are one onset.
const MERGE_S: f64 = 0.03;
/// The time signature of a file that says nothing, by MIDI's own rule.
pub(crate) const COMMON_TIME: (u8, u8) = (4, 4);

/// A piece as its file tells it.
#[derive(Clone, Debug)]
pub(crate) struct Song {
    /// Names of the tracks.
    pub tracks: Vec<String>,
    /// Notes by their starts.
    pub notes: Vec<Note>,
    /// Controller changes by time.
    pub controls: Vec<Control>,
    /// Bars, one after the other, until the last note has ended.
    pub bars: Vec<Measure>,
    /// Key signatures by time in seconds.
    pub keys: Vec<(f64, Key)>,
    /// Tempo in quarters per minute that holds for the longest time.
    pub tempo_bpm: f64,
    /// End of the last note.
    pub end_s: f64,
}

/// A note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    pub track: usize,
    /// From 0.
    pub channel: u8,
    /// Program of the channel when it begins.
    pub program: u8,
    pub pitch: u8,
    pub velocity: u8,
    pub start_s: f64,
    pub end_s: f64,
    start_tick: u64,
    end_tick: u64,
    /// Bar and step that it belongs to: the nearest sixteenth.
    pub bar: usize,
    pub step: usize,
    /// How far from the step it is, in sixteenths, -0.5..0.5.
    pub offset: f32,
}

impl Note {
    pub fn is_drum(&self) -> bool {
        self.channel == DRUM_CHANNEL
    }

    /// Who plays it.
    pub fn part(&self) -> (usize, u8) {
        (self.track, self.channel)
    }

    /// Length in ticks.
    pub fn ticks(&self) -> u64 {
        self.end_tick - self.start_tick
    }
}

/// A controller change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Control {
    pub time_s: f64,
    pub channel: u8,
    pub number: u8,
    pub value: u8,
}

/// A bar of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measure {
    pub start_s: f64,
    pub end_s: f64,
    /// Sixteenths; a bar that a new time signature cuts off may have fewer than its signature says.
    pub steps: usize,
    /// Time signature.
    pub meter: (u8, u8),
    start_tick: f64,
    step_ticks: f64,
}

impl Measure {
    /// Time of a step's grid line, from the bar's ends: within a bar tempo counts as even.
    pub fn step_s(&self, step: usize) -> f64 {
        self.start_s + (self.end_s - self.start_s) * step as f64 / self.steps as f64
    }
}

impl Song {
    /// Reads a file's bytes. `meter` is the time signature where the file says nothing.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8], meter: (u8, u8)) -> Result<Song, String> {
        let smf = Smf::parse(bytes).map_err(|error| error.to_string())?;
        if smf.header.format == Format::Sequential {
            return Err("its tracks are separate songs (type 2)".to_owned());
        }
        let quarter = match smf.header.timing {
            Timing::Metrical(ticks) if ticks.as_int() > 0 => f64::from(ticks.as_int()),
            Timing::Metrical(_) => return Err("a quarter has no ticks".to_owned()),
            Timing::Timecode(..) => return Err("its time is that of a film, without beats".to_owned()),
        };
        let events = Events::collect(&smf);
        let clock = Clock::new(events.tempos, quarter);
        let end_tick = events.notes.iter().map(|note| note.end_tick).max().unwrap_or(0);
        let end_s = clock.seconds(end_tick as f64);
        if end_s > MAX_LENGTH_S {
            return Err(format!("it lasts {:.1} hours", end_s / 3600.0));
        }
        let bars = bars(meter, &events.meters, &clock, quarter, end_tick as f64)?;
        let mut notes = events.notes;
        for note in &mut notes {
            note.start_s = clock.seconds(note.start_tick as f64);
            note.end_s = clock.seconds(note.end_tick as f64);
            place(note, &bars);
        }
        notes.sort_by_key(|note| (note.start_tick, note.track, note.channel, note.pitch));
        let controls = events.controls.into_iter();
        let mut controls: Vec<Control> = controls
            .map(|(tick, control)| Control { time_s: clock.seconds(tick as f64), ..control })
            .collect();
        controls.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
        let keys = events.keys.into_iter().map(|(tick, key)| (clock.seconds(tick as f64), key)).collect();
        Ok(Song {
            tracks: events.tracks,
            notes,
            controls,
            bars,
            keys,
            tempo_bpm: clock.tempo_bpm(end_tick as f64),
            end_s,
        })
    }
}

impl Song {
    /// Reads a file; see [`parse`](Self::parse).
    pub fn read(file: &Path, meter: (u8, u8)) -> Result<Song, Reason> {
        Song::parse(&fs::read(file)?, meter).map_err(Reason::Midi)
    }

    /// The sixteenths of all bars, for a sound of so many frames: with the key in force and the melody note that starts.
    pub fn steps(
        &self,
        frames: usize,
        key_at: impl Fn(f64) -> Key,
        melody: impl Fn(usize, usize) -> Option<u8>,
    ) -> Vec<Step> {
        let places = self.bars.iter().enumerate().flat_map(|(bar, measure)| {
            (0..measure.steps).map(move |in_bar| (bar, in_bar, measure.step_s(in_bar)))
        });
        let places: Vec<(usize, usize, f64)> = places.collect();
        let times_s: Vec<f64> = places.iter().map(|place| place.2).collect();
        let heard = heard_by_steps(&times_s, frames);
        let steps = places.into_iter().zip(heard).map(|((bar, in_bar, time_s), heard)| Step {
            time_s,
            heard,
            melody: melody(bar, in_bar),
            key: key_at(time_s),
            bar,
            in_bar,
        });
        steps.collect()
    }

    /// Starts of notes in seconds, those closer than 30 ms merged: about the smallest distance at which two are heard.
    pub fn onsets_s(&self) -> Vec<f64> {
        let mut onsets: Vec<f64> = Vec::new();
        for note in &self.notes {
            if onsets.last().is_none_or(|last| note.start_s - last >= MERGE_S) {
                onsets.push(note.start_s);
            }
        }
        onsets
    }
}

/// What the tracks hold, at absolute ticks.
#[derive(Default)]
struct Events {
    tracks: Vec<String>,
    notes: Vec<Note>,
    controls: Vec<(u64, Control)>,
    /// Tick and microseconds per quarter.
    tempos: Vec<(u64, u32)>,
    /// Tick and time signature.
    meters: Vec<(u64, (u8, u8))>,
    keys: Vec<(u64, Key)>,
}

impl Events {
    fn collect(smf: &Smf) -> Events {
        let mut events = Events::default();
        for (index, track) in smf.tracks.iter().enumerate() {
            events.tracks.push(String::new());
            events.collect_track(index, track);
        }
        // Of several at one tick, the last one in the file counts.
        events.tempos.sort_by_key(|(tick, _)| *tick);
        events.meters.sort_by_key(|(tick, _)| *tick);
        events.keys.sort_by_key(|(tick, _)| *tick);
        events
    }

    fn collect_track(&mut self, index: usize, track: &[midly::TrackEvent]) {
        let mut tick = 0;
        let mut programs = [0; 16];
        // Indices of the notes that sound, by channel and pitch, oldest first.
        let mut sounding: HashMap<(u8, u8), VecDeque<usize>> = HashMap::new();
        for event in track {
            tick += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Meta(meta) => self.collect_meta(index, tick, meta),
                TrackEventKind::Midi { channel, message } => {
                    let channel = channel.as_int();
                    match message {
                        MidiMessage::NoteOn { key, vel } if vel.as_int() > 0 => {
                            sounding.entry((channel, key.as_int())).or_default().push_back(self.notes.len());
                            self.notes.push(Note {
                                track: index,
                                channel,
                                program: programs[usize::from(channel)],
                                pitch: key.as_int(),
                                velocity: vel.as_int(),
                                start_s: 0.0,
                                end_s: 0.0,
                                start_tick: tick,
                                end_tick: tick,
                                bar: 0,
                                step: 0,
                                offset: 0.0,
                            });
                        }
                        MidiMessage::NoteOff { key, .. } | MidiMessage::NoteOn { key, .. } => {
                            let notes = sounding.get_mut(&(channel, key.as_int()));
                            if let Some(note) = notes.and_then(VecDeque::pop_front) {
                                self.notes[note].end_tick = tick;
                            }
                        }
                        MidiMessage::Controller { controller, value } => {
                            let (number, value) = (controller.as_int(), value.as_int());
                            self.controls.push((tick, Control { time_s: 0.0, channel, number, value }));
                        }
                        MidiMessage::ProgramChange { program } => {
                            programs[usize::from(channel)] = program.as_int()
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        // What is never let go ends with the track.
        sounding.values().flatten().for_each(|&note| self.notes[note].end_tick = tick);
    }

    fn collect_meta(&mut self, index: usize, tick: u64, meta: MetaMessage) {
        match meta {
            MetaMessage::TrackName(name) if self.tracks[index].is_empty() => {
                self.tracks[index] = String::from_utf8_lossy(name).trim().to_owned();
            }
            // A quarter of no length at all would stop time.
            MetaMessage::Tempo(tempo) if tempo.as_int() > 0 => self.tempos.push((tick, tempo.as_int())),
            MetaMessage::TimeSignature(numerator, power, ..) if numerator > 0 && power <= 6 => {
                self.meters.push((tick, (numerator, 1 << power)));
            }
            MetaMessage::KeySignature(sharps, minor) if (-7..=7).contains(&sharps) => {
                let tonic = (i32::from(sharps) * 7 + if minor { 9 } else { 0 }).rem_euclid(12) as u8;
                self.keys.push((tick, Key::new(tonic, minor)));
            }
            _ => {}
        }
    }
}

/// Ticks to seconds.
struct Clock {
    /// Where a tempo begins: tick, second, seconds per tick.
    changes: Vec<(f64, f64, f64)>,
    quarter_ticks: f64,
}

impl Clock {
    fn new(tempos: Vec<(u64, u32)>, quarter_ticks: f64) -> Clock {
        let per_tick = |tempo: u32| f64::from(tempo) * 1e-6 / quarter_ticks;
        let mut changes = vec![(0.0, 0.0, per_tick(DEFAULT_TEMPO))];
        for (tick, tempo) in tempos {
            let tick = tick as f64;
            let last = changes[changes.len() - 1];
            let second = last.1 + (tick - last.0) * last.2;
            changes.push((tick, second, per_tick(tempo)));
        }
        Clock { changes, quarter_ticks }
    }

    fn seconds(&self, tick: f64) -> f64 {
        let after = self.changes.partition_point(|(start, ..)| *start <= tick);
        let (start, second, per_tick) = self.changes[after.saturating_sub(1)];
        second + (tick - start) * per_tick
    }

    /// The tempo that holds for the longest time until a tick.
    fn tempo_bpm(&self, end: f64) -> f64 {
        let ends = self.changes.iter().skip(1).map(|change| change.0).chain([f64::INFINITY]);
        let mut longest = (f64::NEG_INFINITY, DEFAULT_TEMPO as f64 * 1e-6);
        for ((start, _, per_tick), next) in self.changes.iter().zip(ends) {
            let held_s = (next.min(end) - start) * per_tick;
            if held_s > longest.0 {
                longest = (held_s, per_tick * self.quarter_ticks);
            }
        }
        60.0 / longest.1
    }
}

/// The bars from the start until the last note has ended, with one more for notes that are played early.
fn bars(
    mut meter: (u8, u8),
    meters: &[(u64, (u8, u8))],
    clock: &Clock,
    quarter: f64,
    end: f64,
) -> Result<Vec<Measure>, String> {
    let step_ticks = quarter / 4.0;
    let mut bars: Vec<Measure> = Vec::new();
    let mut tick = 0.0;
    let (mut next_change, mut all_steps) = (0, 0);
    while tick <= end || bars.is_empty() {
        while let Some(&(_, to)) = meters.get(next_change).filter(|(change, _)| *change as f64 <= tick) {
            (meter, next_change) = (to, next_change + 1);
        }
        let (numerator, denominator) = (usize::from(meter.0), usize::from(meter.1));
        if !(16 * numerator).is_multiple_of(denominator) {
            return Err(format!("a bar of {numerator}/{denominator} has no whole number of sixteenths"));
        }
        let mut steps = 16 * numerator / denominator;
        let mut next = tick + steps as f64 * step_ticks;
        if let Some((change, _)) = meters.get(next_change).filter(|(change, _)| (*change as f64) < next) {
            next = *change as f64;
            steps = ((next - tick) / step_ticks).ceil() as usize;
        }
        let (start_s, end_s) = (clock.seconds(tick), clock.seconds(next));
        bars.push(Measure { start_s, end_s, steps, meter, start_tick: tick, step_ticks });
        all_steps += steps;
        if all_steps > MAX_STEPS {
            return Err(format!("it has more than {MAX_STEPS} sixteenths"));
        }
        tick = next;
    }
    Ok(bars)
}

/// Finds the sixteenth that a note belongs to.
fn place(note: &mut Note, bars: &[Measure]) {
    let tick = note.start_tick as f64;
    let bar = bars.partition_point(|bar| bar.start_tick <= tick).saturating_sub(1);
    let along = (tick - bars[bar].start_tick) / bars[bar].step_ticks;
    let step = along.round() as usize;
    note.offset = (along - step as f64).clamp(-0.5, 0.5) as f32;
    (note.bar, note.step) = if step >= bars[bar].steps && bar + 1 < bars.len() {
        (bar + 1, 0)
    } else {
        (bar, step.min(bars[bar].steps - 1))
    };
}

#[cfg(test)]
pub(crate) mod tests {
    use midly::num::{u4, u7, u15, u24, u28};
    use midly::{Header, TrackEvent};
    use proptest::prelude::*;

    use super::*;

    pub const QUARTER: u32 = 480;

    /// A file of type 1 from tracks of (tick, event), each in the order of time.
    pub fn file(tracks: &[Vec<(u32, TrackEventKind)>]) -> Vec<u8> {
        let tracks = tracks
            .iter()
            .map(|events| {
                let mut now = 0;
                let mut track: Vec<TrackEvent> = Vec::new();
                for (tick, kind) in events {
                    track.push(TrackEvent { delta: u28::new(tick - now), kind: *kind });
                    now = *tick;
                }
                track.push(TrackEvent {
                    delta: u28::new(0),
                    kind: TrackEventKind::Meta(MetaMessage::EndOfTrack),
                });
                track
            })
            .collect();
        let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(QUARTER as u16)));
        let mut bytes = Vec::new();
        Smf { header, tracks }.write_std(&mut bytes).unwrap();
        bytes
    }

    /// Note on and off; ticks are those of [`QUARTER`].
    pub fn note(
        channel: u8,
        pitch: u8,
        velocity: u8,
        start: u32,
        length: u32,
    ) -> [(u32, TrackEventKind<'static>); 2] {
        let midi = |message| TrackEventKind::Midi { channel: u4::new(channel), message };
        let key = u7::new(pitch);
        [
            (start, midi(MidiMessage::NoteOn { key, vel: u7::new(velocity) })),
            (start + length, midi(MidiMessage::NoteOff { key, vel: u7::new(0) })),
        ]
    }

    pub fn tempo(tick: u32, microseconds: u32) -> (u32, TrackEventKind<'static>) {
        (tick, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(microseconds))))
    }

    pub fn meter(tick: u32, numerator: u8, power: u8) -> (u32, TrackEventKind<'static>) {
        (tick, TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, 24, 8)))
    }

    pub fn sorted(mut events: Vec<(u32, TrackEventKind)>) -> Vec<(u32, TrackEventKind)> {
        events.sort_by_key(|(tick, _)| *tick);
        events
    }

    #[test]
    fn times_follow_the_tempo_map() {
        let conductor = vec![tempo(0, 500_000), tempo(2 * QUARTER, 1_000_000)];
        let notes =
            sorted([note(0, 60, 80, QUARTER, QUARTER), note(0, 62, 80, 3 * QUARTER, QUARTER)].concat());
        let song = Song::parse(&file(&[conductor, notes]), COMMON_TIME).unwrap();
        // Two quarters of half a second, then quarters of a second.
        let times: Vec<_> = song.notes.iter().map(|note| (note.start_s, note.end_s)).collect();
        assert_eq!(times, [(0.5, 1.0), (2.0, 3.0)]);
        assert_eq!(song.tempo_bpm, 60.0);
        assert_eq!((song.bars[0].start_s, song.bars[0].end_s), (0.0, 3.0));
    }

    #[test]
    fn notes_belong_to_the_nearest_sixteenth() {
        // Ticks of a sixteenth: 120. A bar of 3/4, then 4/4.
        let conductor = vec![meter(0, 3, 2), meter(3 * QUARTER, 4, 2)];
        let starts = [0, 130, 3 * QUARTER - 30, 3 * QUARTER + 250];
        let notes = sorted(starts.iter().flat_map(|&start| note(0, 60, 80, start, 50)).collect());
        let song = Song::parse(&file(&[conductor, notes]), COMMON_TIME).unwrap();
        let places: Vec<_> = song.notes.iter().map(|note| (note.bar, note.step)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 2)]);
        // 10, -30 and 10 of 120 ticks.
        let offsets: Vec<_> = song.notes.iter().map(|note| (note.offset * 12.0).round()).collect();
        assert_eq!(offsets, [0.0, 1.0, -3.0, 1.0]);
        assert_eq!((song.bars[0].steps, song.bars[1].steps), (12, 16));
    }

    #[test]
    fn a_new_signature_cuts_the_bar_before_it() {
        let conductor = vec![meter(0, 4, 2), meter(QUARTER, 6, 3)];
        let song =
            Song::parse(&file(&[conductor, note(0, 60, 80, 0, 2 * QUARTER).to_vec()]), COMMON_TIME).unwrap();
        let steps: Vec<_> = song.bars.iter().map(|bar| (bar.steps, bar.meter)).collect();
        assert_eq!(steps, [(4, (4, 4)), (12, (6, 8))]);
    }

    #[test]
    fn notes_end_where_they_should() {
        let [on, _] = note(0, 60, 80, 0, 1);
        let [again, off] = note(0, 60, 80, 100, 100);
        // Two at the same pitch: the older one is let go first; the other is never let go.
        let song = Song::parse(&file(&[vec![on, again, off]]), COMMON_TIME).unwrap();
        let lengths: Vec<_> = song.notes.iter().map(Note::ticks).collect();
        assert_eq!(lengths, [200, 100]);
    }

    #[test]
    fn signatures_name_keys() {
        let key = |sharps, minor| (0, TrackEventKind::Meta(MetaMessage::KeySignature(sharps, minor)));
        let keys = [(2, false, 2), (-3, true, 0), (-6, false, 6), (4, true, 1), (0, true, 9)];
        for (sharps, minor, tonic) in keys {
            let song = Song::parse(&file(&[vec![key(sharps, minor)]]), COMMON_TIME).unwrap();
            assert_eq!(song.keys, [(0.0, Key::new(tonic, minor))]);
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_give_a_song_or_an_error(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let conductor = vec![tempo(0, 400_000), meter(0, 4, 2), meter(4 * QUARTER, 3, 2)];
            let notes = (0..20).flat_map(|i| note((i % 3) as u8, 60, 80, i * 200, 150)).collect();
            let mut bytes = file(&[conductor, sorted(notes)]);
            for (at, byte) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = byte;
            }
            if let Ok(song) = Song::parse(&bytes, COMMON_TIME) {
                let key = Key::new(0, false);
                let steps = song.steps(1_000, |_| key, |_, _| None);
                prop_assert!(steps.iter().all(|step| step.heard.is_none_or(|frame| frame < 1_000)));
                for note in &song.notes {
                    prop_assert!(note.step < song.bars[note.bar].steps && note.end_s >= note.start_s);
                }
                for pair in song.bars.windows(2) {
                    prop_assert!(pair[0].end_s == pair[1].start_s && pair[0].steps > 0);
                }
            }
        }

        #[test]
        fn any_bytes_give_a_song_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut whole = b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\0\0\0\xc0".to_vec();
            whole.extend(bytes);
            let _ = Song::parse(&whole, COMMON_TIME);
        }
    }

    #[test]
    fn what_is_no_music_is_an_error() {
        assert!(Song::parse(b"no MIDI", COMMON_TIME).is_err());
        let whole = file(&[note(0, 60, 80, 0, 100).to_vec()]);
        for length in 0..whole.len() {
            let _ = Song::parse(&whole[..length], COMMON_TIME);
        }
        let odd = Song::parse(&file(&[vec![meter(0, 7, 6)], note(0, 60, 80, 0, 100).to_vec()]), COMMON_TIME);
        assert_eq!(odd.unwrap_err(), "a bar of 7/64 has no whole number of sixteenths");
        let long = Song::parse(&file(&[note(0, 60, 80, 0, 200_000_000).to_vec()]), COMMON_TIME);
        // 200,000,000 / 480 quarters of half a second are 57.9 hours.
        assert_eq!(long.unwrap_err(), "it lasts 57.9 hours");
    }
}
