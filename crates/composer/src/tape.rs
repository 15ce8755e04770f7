//! The tape: what was played last, kept without allocation, readable from any thread.
//!
//! ```text
//! audio thread ──Recorder──> [slot][slot][slot]...   a ring of atomics; the oldest is written over
//!                                   Tape::read()     on another thread; what is written over meanwhile is left out
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use dendrite_pipeline::Chord;

use crate::event::{Event, Message};
use crate::grid::Grid;
use crate::key::{Key, Scale};
use crate::settings::Voice;

/// Records of a tape: 64 bars of all voices with some room.
const RECORDS: usize = 32_768;
/// Tempi that differ by less than this share are the same.
const SAME_TEMPO: f64 = 2e-3;

/// Something that was played, or that changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Quarter notes on the tape. Bars of the tape are bars of the song: where the song jumps, the tape goes on in the next
    /// bar, at the same place within it.
    pub beats: f64,
    /// What.
    pub what: What,
}

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A message of a voice, or of modulation.
    Played(Option<Voice>, Message),
    /// The tempo from here on in quarter notes per minute.
    Tempo(f64),
    /// The meter from here on: sixteenths per bar, and whether it is compound.
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
    tempo: f64,
    meter: (u32, bool),
    key: Option<(Key, Scale)>,
    chord: Option<Option<Chord>>,
    grid: Option<Grid>,
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
        Self { shift: self.shift, end: self.end, grid: self.grid, ..Self::new() }
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
            tempo: 0.0,
            meter: (0, false),
            key: None,
            chord: None,
            grid: None,
        }
    }

    pub(crate) fn tape(&self) -> &Arc<Tape> {
        &self.tape
    }

    /// The grid that is played on from a sample on. `jumped`: it does not follow from the one before.
    pub(crate) fn grid(&mut self, grid: Grid, sample: u64, jumped: bool) {
        let beats = grid.beats_at(sample);
        if jumped {
            // The first whole number of bars that does not go back.
            let bar = grid.beats_per_bar.max(0.25);
            self.shift = ((self.end - beats) / bar).ceil() * bar;
        }
        self.grid = Some(grid);
        let meter = (grid.steps_per_bar(), grid.compound);
        if meter != self.meter {
            self.meter = meter;
            self.write(beats, What::Meter(meter.0, meter.1));
        }
        if (grid.bpm / self.tempo - 1.0).abs() > SAME_TEMPO || self.tempo == 0.0 {
            self.tempo = grid.bpm;
            self.write(beats, What::Tempo(grid.bpm));
        }
    }

    /// Key and chord at a step.
    pub(crate) fn harmony(&mut self, beats: f64, key: Option<(Key, Scale)>, chord: Option<Chord>) {
        if let Some((tonic, scale)) = key.filter(|_| key != self.key) {
            self.key = key;
            self.write(beats, What::Key(tonic, scale));
        }
        if self.chord != Some(chord) {
            self.chord = Some(chord);
            self.write(beats, What::Chord(chord));
        }
    }

    /// A message. Those of a clock that stands still are at the place where it stopped.
    pub(crate) fn event(&mut self, event: &Event) {
        let beats = self.grid.map_or(self.end - self.shift, |grid| grid.beats_at(event.sample));
        self.write(beats, What::Played(event.voice, event.message));
    }

    fn write(&mut self, beats: f64, what: What) {
        let beats = beats + self.shift;
        if !beats.is_finite() {
            return;
        }
        self.end = self.end.max(beats);
        self.tape.push(&Record { beats, what });
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
        What::Meter(steps, compound) => bytes(5, [steps.min(255) as u8, u8::from(compound), 0, 0, 0, 0, 0]),
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
        5 => What::Meter(u32::from(a), b == 1),
        6 => What::Key(Key { tonic: a, minor: b == 1 }, *Scale::ALL.get(usize::from(c))?),
        7 => What::Chord(Chord::of_class(usize::from(a))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let count = 40 * RECORDS as u64;
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

    #[test]
    fn the_tape_never_goes_back_and_keeps_bars() {
        let mut recorder = Recorder::new();
        let grid = |beats| Grid {
            sample: 0,
            beats,
            bpm: 120.0,
            rate: 48_000,
            beats_per_bar: 3.0,
            bar_start: None,
            compound: false,
        };
        let off = |sample| Event { sample, voice: None, message: Message::NoteOff { channel: 0, key: 1 } };
        recorder.grid(grid(30.5), 0, true);
        recorder.event(&off(48_000)); // 32.5
        recorder.grid(grid(3.25), 0, true);
        recorder.event(&off(0));
        recorder.grid(grid(99.0), 0, true);
        recorder.event(&off(0));
        let places: Vec<f64> = recorder
            .tape()
            .read()
            .iter()
            .filter(|record| matches!(record.what, What::Played(..)))
            .map(|record| record.beats)
            .collect();
        // Place within the bar of three: 32.5 is 2.5, 3.25 is 0.25, 99 is 0.
        let within: Vec<f64> = places.iter().map(|beats| beats.rem_euclid(3.0)).collect();
        assert_eq!(within, [2.5, 0.25, 0.0]);
        assert!(places.is_sorted());
    }
}
