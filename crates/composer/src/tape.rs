//! The tape: what was played last, kept without allocation, readable from any thread.
//!
//! ```text
//! audio thread ──Recorder──> [slot][slot][slot]...   a ring of atomics; the oldest is written over
//!                                   Tape::read()     on another thread; what is written over meanwhile is left out
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use dendrite_pipeline::Chord;

use crate::bars::Meter;
use crate::event::{Event, Message};
use crate::grid::Grid;
use crate::key::{Key, Scale};
use crate::settings::Voice;

/// Records of a tape: 64 bars of all voices, 400 each at most, and of all modulation, 305 in a second at most, where bars of four
/// quarters are not slower than 45 of them in a minute.
const RECORDS: usize = 131_072;
/// After so many records meter, tempo, key and chord are written again: what was said of them first is written over some time.
const STATED_ANEW: u32 = 2_048;
/// Tempi that differ by less than this share are the same.
const SAME_TEMPO: f64 = 2e-3;

/// Something that was played, or that changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Quarter notes on the tape. Bars of the tape are bars of the song: where the song jumps, the tape goes on in the next
    /// bar, at the same place within it. What is played never goes back; keys and chords are as much as half a sixteenth ahead.
    pub beats: f64,
    /// What.
    pub what: What,
}

impl Record {
    /// The meter that comes into force, if one does.
    pub(crate) fn meter(&self) -> Option<Meter> {
        let What::Meter(steps, compound) = self.what else { return None };
        Some(Meter { line: self.beats, steps, compound })
    }
}

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A message of a voice, or of modulation.
    Played(Option<Voice>, Message),
    /// The tempo from here on in quarter notes per minute.
    Tempo(f64),
    /// The meter from here on, which is one of its bar lines: sixteenths per bar, and whether it is compound. It may lie before
    /// what was recorded before it: in the middle of a bar its beginning is said again.
    Meter(u32, bool),
    /// The key from here on.
    Key(Key, Scale),
    /// The chord from here on.
    Chord(Option<Chord>),
}

/// The audio thread's end.
#[derive(Debug)]
pub(crate) struct Recorder {
    tape: Arc<Tape>,
    /// From the song's quarter notes to the tape's.
    shift: f64,
    /// The furthest place on the tape.
    end: f64,
    /// The grid that is played on, while it plays.
    grid: Option<Grid>,
    /// What is in force on the tape.
    meter: Option<Meter>,
    tempo: Option<f64>,
    key: Option<(Key, Scale)>,
    chord: Option<Option<Chord>>,
    /// Records since all of that was written.
    since: u32,
}

/// What was played last; shared by the audio thread, which writes, and whoever reads.
#[derive(Debug)]
pub struct Tape {
    slots: Box<[[AtomicU64; 2]]>,
    /// Records written so far.
    written: AtomicU64,
}

impl Clone for Recorder {
    /// On a tape of its own, which begins here.
    fn clone(&self) -> Self {
        let Self { shift, end, grid, meter, tempo, key, chord, .. } = *self;
        Self { shift, end, grid, meter, tempo, key, chord, ..Self::new() }
    }
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let slot = || [AtomicU64::new(0), AtomicU64::new(0)];
        let tape = Tape { slots: (0..RECORDS).map(|_| slot()).collect(), written: AtomicU64::new(0) };
        Self {
            tape: Arc::new(tape),
            shift: 0.0,
            end: 0.0,
            grid: None,
            meter: None,
            tempo: None,
            key: None,
            chord: None,
            since: STATED_ANEW,
        }
    }

    pub(crate) fn tape(&self) -> &Arc<Tape> {
        &self.tape
    }

    /// The grid that is played on from a sample on, as it follows from the one before.
    pub(crate) fn follow(&mut self, grid: Grid, sample: u64) {
        let beats = grid.beats_at(sample);
        self.play_on(grid, beats);
        let bar = Meter::of(&grid, beats);
        let meter = Meter { line: bar.line + self.shift, ..bar };
        if !self.meter.is_some_and(|before| before.agrees(&meter)) {
            self.meter = Some(meter);
            self.write(meter.line, What::Meter(meter.steps, meter.compound));
        }
        if !self.tempo.is_some_and(|tempo| (grid.bpm / tempo - 1.0).abs() <= SAME_TEMPO) {
            self.tempo = Some(grid.bpm);
            self.write(self.end, What::Tempo(grid.bpm));
        }
    }

    /// The grid that is played on from a sample on: another place of the song.
    pub(crate) fn jump(&mut self, grid: Grid, sample: u64) {
        let beats = grid.beats_at(sample);
        let bar = Meter::of(&grid, beats);
        let line = match self.meter {
            None => 0.0,
            // The first bar in which the place is not behind us; another meter begins with a bar.
            Some(meter) if meter.is_like(&bar) => meter.line_behind(self.end - (beats - bar.line)),
            Some(meter) => meter.line_behind(self.end),
        };
        self.shift = line - bar.line;
        self.play_on(grid, beats);
        (self.meter, self.tempo) = (Some(Meter { line, ..bar }), Some(grid.bpm));
        self.state();
    }

    /// The grid that is played on from a sample on: so many quarter notes back, where a loop begins. What sounds goes on, so that
    /// the tape runs on too; where a loop is no number of bars, its last bar is cut short.
    pub(crate) fn go_back(&mut self, beats: f64, grid: Grid, sample: u64) {
        self.shift += beats;
        self.follow(grid, sample);
    }

    /// Nothing is played until the next [`jump`](Self::jump) or [`go_back`](Self::go_back).
    pub(crate) fn stop(&mut self) {
        self.grid = None;
    }

    fn play_on(&mut self, grid: Grid, beats: f64) {
        self.grid = Some(grid);
        self.end = self.end.max(beats + self.shift);
    }

    /// Key and chord at a step.
    pub(crate) fn harmony(&mut self, beats: f64, key: Option<(Key, Scale)>, chord: Option<Chord>) {
        let beats = beats + self.shift;
        if let Some((tonic, scale)) = key.filter(|_| key != self.key) {
            self.key = key;
            self.write(beats, What::Key(tonic, scale));
        }
        if self.chord != Some(chord) {
            self.chord = Some(chord);
            self.write(beats, What::Chord(chord));
        }
    }

    /// A message. What ends when the clock stands still ends where it stopped; modulation goes on without a place in the song.
    pub(crate) fn event(&mut self, event: &Event) {
        match self.grid {
            Some(grid) => self.end = self.end.max(grid.beats_at(event.sample) + self.shift),
            None if event.voice.is_none() => return,
            None => {}
        }
        self.write(self.end, What::Played(event.voice, event.message));
    }

    fn write(&mut self, beats: f64, what: What) {
        if self.since >= STATED_ANEW {
            self.state();
        }
        self.push(beats, what);
    }

    /// Writes all that is in force.
    fn state(&mut self) {
        self.since = 0;
        if let Some(meter) = self.meter {
            self.push(meter.line_before(self.end), What::Meter(meter.steps, meter.compound));
        }
        let rest = [
            self.tempo.map(What::Tempo),
            self.key.map(|(key, scale)| What::Key(key, scale)),
            self.chord.map(What::Chord),
        ];
        rest.into_iter().flatten().for_each(|what| self.push(self.end, what));
    }

    fn push(&mut self, beats: f64, what: What) {
        if beats.is_finite() {
            self.since = self.since.saturating_add(1);
            self.tape.push(&Record { beats, what });
        }
    }
}

impl Tape {
    /// Writes one record; for one thread. Does not allocate or wait.
    fn push(&self, record: &Record) {
        let number = self.written.load(Ordering::Relaxed);
        let slot = &self.slots[number as usize % RECORDS];
        // Whoever reads the new words after this also sees that the old record is gone.
        fence(Ordering::Release);
        slot[0].store(record.beats.to_bits(), Ordering::Relaxed);
        slot[1].store(encode(&record.what), Ordering::Relaxed);
        self.written.store(number + 1, Ordering::Release);
    }

    /// All records that are still there, in order. Allocates.
    pub fn read(&self) -> Vec<Record> {
        self.read_from(0).0
    }

    /// The records from a number on, in order, as far as they are still there, and the number to go on with: for whoever reads more
    /// than fits on a tape. Allocates.
    pub fn read_from(&self, number: u64) -> (Vec<Record>, u64) {
        let written = self.written.load(Ordering::Acquire);
        let first = written.saturating_sub(RECORDS as u64).max(number).min(written);
        let copied: Vec<[u64; 2]> = (first..written)
            .map(|number| {
                let [beats, what] = &self.slots[number as usize % RECORDS];
                [beats.load(Ordering::Relaxed), what.load(Ordering::Relaxed)]
            })
            .collect();
        fence(Ordering::Acquire);
        // The record that may be in work now writes over one more.
        let now = self.written.load(Ordering::Acquire) + 1;
        let lost = now.saturating_sub(RECORDS as u64).saturating_sub(first).min(copied.len() as u64);
        let records = copied[lost as usize..]
            .iter()
            .filter_map(|&[beats, what]| Some(Record { beats: f64::from_bits(beats), what: decode(what)? }))
            .collect();
        (records, written)
    }
}

/// Kind in the lowest byte, what belongs to it above.
fn encode(what: &What) -> u64 {
    let bytes = |kind: u8, rest: [u8; 7]| {
        let [a, b, c, d, e, f, g] = rest;
        u64::from_le_bytes([kind, a, b, c, d, e, f, g])
    };
    match *what {
        What::Played(voice, message) => {
            let voice = voice.map_or(u8::MAX, |voice| voice as u8);
            let (kind, channel, first, second) = match message {
                Message::NoteOn { channel, key, velocity } => (1, channel, key, velocity),
                Message::NoteOff { channel, key } => (2, channel, key, 0),
                Message::Controller { channel, controller, value } => (3, channel, controller, value),
            };
            bytes(kind, [voice, channel, first, second, 0, 0, 0])
        }
        What::Tempo(bpm) => {
            let [a, b, c, d] = (bpm as f32).to_le_bytes();
            bytes(4, [a, b, c, d, 0, 0, 0])
        }
        What::Meter(steps, compound) => {
            let [a, b] = (steps.min(u32::from(u16::MAX)) as u16).to_le_bytes();
            bytes(5, [a, b, u8::from(compound), 0, 0, 0, 0])
        }
        What::Key(key, scale) => bytes(6, [key.tonic, u8::from(key.minor), scale as u8, 0, 0, 0, 0]),
        What::Chord(chord) => {
            bytes(7, [chord.map_or(u8::MAX, |chord| chord.class() as u8), 0, 0, 0, 0, 0, 0])
        }
    }
}

fn decode(word: u64) -> Option<What> {
    let [kind, a, b, c, d, ..] = word.to_le_bytes();
    let played = |message| What::Played(Voice::ALL.get(usize::from(a)).copied(), message);
    Some(match kind {
        1 => played(Message::NoteOn { channel: b, key: c, velocity: d }),
        2 => played(Message::NoteOff { channel: b, key: c }),
        3 => played(Message::Controller { channel: b, controller: c, value: d }),
        4 => What::Tempo(f64::from(f32::from_le_bytes([a, b, c, d]))),
        5 => What::Meter(u32::from(u16::from_le_bytes([a, b])), c == 1),
        6 => What::Key(Key { tonic: a, minor: b == 1 }, *Scale::ALL.get(usize::from(c))?),
        7 => What::Chord(Chord::of_class(usize::from(a))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bars;

    fn note(key: u8) -> What {
        What::Played(Some(Voice::Bass), Message::NoteOn { channel: 2, key, velocity: 77 })
    }

    #[test]
    fn records_come_back_as_they_were_written() {
        let whats = [
            note(40),
            What::Played(None, Message::Controller { channel: 15, controller: 102, value: 3 }),
            What::Played(Some(Voice::Melody), Message::NoteOff { channel: 0, key: 127 }),
            What::Tempo(127.5),
            What::Meter(14, true),
            What::Meter(256, false),
            What::Key(Key { tonic: 11, minor: true }, Scale::Phrygian),
            What::Chord(Chord::of_class(63)),
            What::Chord(None),
        ];
        for what in whats {
            assert_eq!(decode(encode(&what)), Some(what));
        }
        assert_eq!(decode(0), None);
    }

    #[test]
    fn a_reader_beside_the_writer_sees_only_whole_records_in_order() {
        let recorder = Recorder::new();
        let tape = recorder.tape().clone();
        let count = 10 * RECORDS as u64;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Both words say the same number, so that a torn record would show.
                for n in 0..count {
                    recorder.tape.push(&Record { beats: n as f64, what: note((n % 128) as u8) });
                }
            });
            while tape.written.load(Ordering::Relaxed) < count {
                let records = tape.read();
                for pair in records.windows(2) {
                    assert_eq!(pair[1].beats, pair[0].beats + 1.0);
                }
                for record in records {
                    assert_eq!(record.what, note((record.beats as u64 % 128) as u8));
                }
            }
        });
        assert_eq!(tape.read().len(), RECORDS - 1);
    }

    const fn grid(beats: f64) -> Grid {
        Grid {
            sample: 0,
            beats,
            bpm: 120.0,
            rate: 48_000,
            beats_per_bar: 3.0,
            bar_start: None,
            compound: false,
        }
    }

    const fn off(sample: u64) -> Event {
        Event { sample, voice: Some(Voice::Melody), message: Message::NoteOff { channel: 0, key: 1 } }
    }

    fn played(recorder: &Recorder) -> Vec<f64> {
        let records = recorder.tape().read();
        records
            .iter()
            .filter(|record| matches!(record.what, What::Played(..)))
            .map(|record| record.beats)
            .collect()
    }

    #[test]
    fn the_tape_never_goes_back_and_keeps_bars() {
        let mut recorder = Recorder::new();
        recorder.jump(grid(30.5), 0);
        recorder.event(&off(48_000)); // 32.5
        recorder.jump(grid(3.25), 0);
        recorder.event(&off(0));
        recorder.jump(grid(99.0), 0);
        recorder.event(&off(0));
        // Place within the bar of three: 32.5 is 2.5, 3.25 is 0.25, 99 is 0.
        assert_eq!(played(&recorder), [2.5, 3.25, 6.0]);
    }

    #[test]
    fn a_loops_wrap_goes_on_in_the_next_bar_however_the_host_rounds() {
        for rounding in [-1e-2, -4e-6, 0.0, 4e-6, 1e-2] {
            let mut recorder = Recorder::new();
            recorder.jump(grid(0.0), 0);
            for round in 1..50 {
                let end = 12.0 + rounding;
                recorder.event(&off((end * 24_000.0) as u64));
                recorder.jump(grid(0.0), 0);
                recorder.event(&off(0));
                let last = *played(&recorder).last().unwrap();
                assert!((last - 12.0 * f64::from(round)).abs() < 0.02, "{last} in round {round}, {rounding}");
            }
            assert!(played(&recorder).is_sorted());
        }
    }

    #[test]
    fn a_loop_that_is_no_number_of_bars_runs_on_and_cuts_a_bar_short() {
        let mut recorder = Recorder::new();
        recorder.jump(grid(0.0), 0);
        // Bars of three; four quarters and a half, then back.
        recorder.event(&off((4.4 * 24_000.0) as u64));
        recorder.go_back(4.5, grid(0.0), 0);
        recorder.event(&off(2_400)); // 0.1
        let beats = played(&recorder);
        assert!((beats[1] - beats[0] - 0.2).abs() < 1e-6, "{beats:?}");
        let meters: Vec<f64> =
            recorder.tape().read().iter().filter_map(Record::meter).map(|m| m.line).collect();
        assert_eq!(meters.last(), Some(&4.5), "{meters:?}");
        // A loop of whole bars says nothing new.
        let written = recorder.tape().read().len();
        recorder.go_back(3.0, Grid { sample: 72_000, ..grid(0.0) }, 72_000);
        assert_eq!(recorder.tape().read().len(), written);
    }

    #[test]
    fn while_the_clock_stands_still_nothing_moves() {
        let mut recorder = Recorder::new();
        recorder.jump(grid(0.0), 0);
        recorder.event(&off(24_000)); // 1.0
        recorder.stop();
        for sample in [0, 30_000, 480_000] {
            recorder.event(&off(sample));
            recorder.event(&Event { voice: None, ..off(sample) });
        }
        recorder.jump(grid(2.0), 500_000);
        recorder.event(&off(500_000 + 24_000));
        // Modulation is left out, and the song goes on in the same bar.
        let beats: f64 = 2.0 + 524_000.0 / 24_000.0;
        let expected = [1.0, 1.0, 1.0, 1.0, beats.rem_euclid(3.0)];
        assert_eq!(played(&recorder).len(), expected.len());
        assert!(played(&recorder).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{expected:?}");
    }

    #[test]
    fn bars_of_the_tape_are_those_of_the_grid() {
        // Pickups, meters and phases that change at a bar line or within a bar, and jumps between them.
        let grids = [
            Grid { bar_start: Some(1.0), beats_per_bar: 4.0, ..grid(0.0) },
            Grid { bar_start: Some(5.0), beats_per_bar: 4.0, ..grid(5.0) },
            Grid { bar_start: Some(9.0), ..grid(9.0) },
            Grid { bar_start: Some(14.5), beats_per_bar: 3.5, ..grid(14.6) },
            Grid { bar_start: Some(2.0), ..grid(3.0) },
            Grid { beats_per_bar: 3.0, compound: true, ..grid(7.0) },
        ];
        for (first, second) in
            grids.iter().flat_map(|first| grids.iter().map(move |second| (*first, *second)))
        {
            for jumps in [false, true] {
                let mut recorder = Recorder::new();
                recorder.jump(first, 0);
                recorder.event(&off(100_000));
                if jumps {
                    recorder.jump(Grid { sample: 110_000, ..second }, 110_000);
                } else {
                    // The same position, but other bars.
                    let beats = first.beats_at(110_000);
                    recorder.follow(Grid { sample: 110_000, beats, ..second }, 110_000);
                }
                recorder.event(&off(111_000));
                let grid = recorder.grid.unwrap();
                let said = recorder.tape().read();
                let bars = Bars::new(said.iter().filter_map(Record::meter));
                let here = grid.beats_at(110_000);
                for step in (here * 4.0).ceil() as i64..(here * 4.0) as i64 + 60 {
                    let line = Meter::of(&grid, step as f64 / 4.0).line + recorder.shift;
                    let on_tape = bars.line_before(step as f64 / 4.0 + recorder.shift);
                    assert_eq!(line, on_tape, "step {step} of {first:?}, {second:?}");
                }
                assert!(played(&recorder).is_sorted());
            }
        }
    }

    #[test]
    fn what_is_in_force_is_known_after_any_time() {
        let mut recorder = Recorder::new();
        let start = Grid { bar_start: Some(1.0), ..grid(0.0) };
        recorder.jump(start, 0);
        let key = (Key { tonic: 2, minor: true }, Scale::Dorian);
        let chord = Chord::of_class(5);
        recorder.harmony(0.0, Some(key), chord);
        for n in 0..3 * RECORDS as u64 {
            recorder.event(&off(10 * n));
        }
        let records = recorder.tape().read();
        for part in records.chunks_exact(STATED_ANEW as usize + 8) {
            let of = |kind: fn(&What) -> bool| {
                part.iter().find(|record| kind(&record.what)).map(|record| record.what)
            };
            assert_eq!(of(|what| matches!(what, What::Tempo(_))), Some(What::Tempo(120.0)));
            assert_eq!(of(|what| matches!(what, What::Key(..))), Some(What::Key(key.0, key.1)));
            assert_eq!(of(|what| matches!(what, What::Chord(_))), Some(What::Chord(chord)));
            let meter = part.iter().find_map(Record::meter).unwrap();
            // The tape begins with a bar.
            assert!(meter.agrees(&Meter { line: 0.0, steps: 12, compound: false }), "{meter:?}");
        }
        // A copy says it on its own tape, too.
        let mut copy = recorder.clone();
        copy.event(&off(0));
        assert_eq!(copy.tape().read().len(), 5);
    }
}
