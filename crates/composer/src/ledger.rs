//! Who sounds and who is to: every note that begins ends, once.

use crate::course::Wrap;
use crate::event::{Event, Message, Outlet};
use crate::grid::Grid;
use crate::settings::Voice;

/// Notes that may sound at a time, and messages that may wait.
const CAPACITY: usize = 128;
/// Controllers of a channel.
const CONTROLLERS: usize = 128;

/// A note to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    pub voice: Voice,
    pub channel: u8,
    pub key: u8,
    pub velocity: u8,
    /// Where it begins and ends, in quarter notes.
    pub on: f64,
    pub off: f64,
    /// Notes of one voice that belong to one stroke; another stroke ends them.
    pub stroke: i64,
    /// The sample at which it began; 0 before.
    pub begun: u64,
}

impl Note {
    fn go_back(&mut self, wrap: &Wrap) {
        self.on -= wrap.beats;
        self.off -= wrap.beats;
        self.stroke -= wrap.steps;
    }
}

/// A controller to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn {
    pub voice: Voice,
    pub channel: u8,
    pub controller: u8,
    pub value: u8,
    pub at: f64,
    /// As of notes.
    pub stroke: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Waiting {
    Note(Note),
    Turn(Turn),
}

impl Waiting {
    fn at(&self) -> f64 {
        match self {
            Waiting::Note(note) => note.on,
            Waiting::Turn(turn) => turn.at,
        }
    }

    fn stroke(&self) -> i64 {
        match self {
            Waiting::Note(note) => note.stroke,
            Waiting::Turn(turn) => turn.stroke,
        }
    }

    fn go_back(&mut self, wrap: &Wrap) {
        match self {
            Waiting::Note(note) => note.go_back(wrap),
            Waiting::Turn(turn) => {
                turn.at -= wrap.beats;
                turn.stroke -= wrap.steps;
            }
        }
    }
}

/// All notes that sound and all messages that wait. Does not allocate after [`new`](Self::new).
#[derive(Debug)]
pub(crate) struct Ledger {
    sounding: Vec<Note>,
    waiting: Vec<Waiting>,
    /// Keys that are held on the MIDI input, for each channel.
    held: [u128; 16],
    /// Channels whose sustain pedal is down.
    pedals: u16,
    /// What was sent last of each channel's controllers.
    controllers: [[Option<u8>; CONTROLLERS]; 16],
    /// Everything that sounds is to end with the next span: there was a reset.
    released: bool,
}

impl Clone for Ledger {
    /// With room for as much.
    fn clone(&self) -> Self {
        let mut ledger = Self::new();
        ledger.sounding.extend_from_slice(&self.sounding);
        ledger.waiting.extend_from_slice(&self.waiting);
        let Self { held, pedals, controllers, released, .. } = *self;
        Self { held, pedals, controllers, released, ..ledger }
    }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            sounding: Vec::with_capacity(CAPACITY),
            waiting: Vec::with_capacity(CAPACITY),
            held: [0; 16],
            pedals: 0,
            controllers: [[None; CONTROLLERS]; 16],
            released: false,
        }
    }

    /// Nothing is to come, nobody holds a key; what sounds ends with the next call of [`settle`](Self::settle).
    pub(crate) fn reset(&mut self) {
        self.waiting.clear();
        self.held = [0; 16];
        self.controllers = [[None; CONTROLLERS]; 16];
        self.released = true;
    }

    /// Ends what a reset left.
    pub(crate) fn settle(&mut self, sample: u64, out: &mut impl Outlet) {
        if std::mem::take(&mut self.released) {
            self.silence(sample, out);
        }
    }

    /// Whether anything sounds or a pedal is down.
    pub(crate) fn is_sounding(&self) -> bool {
        !self.sounding.is_empty() || self.pedals != 0
    }

    /// Notes that sound.
    pub(crate) fn sounding(&self) -> usize {
        self.sounding.len()
    }

    /// Whether a key is held on the input.
    pub(crate) fn holding(&self) -> bool {
        self.held.iter().any(|held| *held != 0)
    }

    /// A note or controller to come; one too many is left out.
    pub(crate) fn wait_for(&mut self, note: Note) {
        self.add(Waiting::Note(note));
    }

    pub(crate) fn turn_at(&mut self, turn: Turn) {
        self.add(Waiting::Turn(turn));
    }

    fn add(&mut self, waiting: Waiting) {
        if self.waiting.len() < CAPACITY {
            self.waiting.push(waiting);
        }
    }

    /// The first sample at which something ends or begins.
    pub(crate) fn due(&self, grid: &Grid) -> u64 {
        let first = |times: f64| if times.is_finite() { grid.sample_at(times) } else { u64::MAX };
        let off = self.sounding.iter().map(|note| note.off).fold(f64::INFINITY, f64::min);
        let on = self.waiting.iter().map(Waiting::at).fold(f64::INFINITY, f64::min);
        first(off).min(first(on))
    }

    /// What a channel's controller stands at when all that waits has come, if it was ever turned.
    pub(crate) fn controller(&self, channel: u8, controller: u8) -> Option<u8> {
        let (channel, controller) = (channel & 15, controller & 127);
        let to_come = self.waiting.iter().rev().find_map(|waiting| match waiting {
            Waiting::Turn(turn) if (turn.channel, turn.controller) == (channel, controller) => {
                Some(turn.value)
            }
            _ => None,
        });
        to_come.or(self.controllers[usize::from(channel)][usize::from(controller)])
    }

    /// Whether the pedal of a channel is down when all that waits has come.
    pub(crate) fn pedal_will_be_down(&self, channel: u8) -> bool {
        self.controller(channel, PEDAL).is_some_and(|value| value >= PEDAL_DOWN)
    }

    /// Pedals that will be down then go up at a place.
    pub(crate) fn lift_at(&mut self, at: f64, stroke: i64) {
        for channel in 0..16 {
            if self.pedal_will_be_down(channel) {
                self.turn_at(Turn { voice: Voice::Chords, channel, controller: PEDAL, value: 0, at, stroke });
            }
        }
    }

    /// Ends everything whose end is due at a sample.
    pub(crate) fn advance_ends(&mut self, sample: u64, grid: &Grid, out: &mut impl Outlet) {
        self.end(sample, out, |note| grid.sample_at(note.off) <= sample);
    }

    /// Begins everything that is due at a sample: controllers, then notes, each in the order in which they were decided.
    pub(crate) fn advance(&mut self, sample: u64, grid: &Grid, out: &mut impl Outlet) {
        for notes in [false, true] {
            let mut at = 0;
            while at < self.waiting.len() {
                let waiting = self.waiting[at];
                if matches!(waiting, Waiting::Note(_)) != notes || grid.sample_at(waiting.at()) > sample {
                    at += 1;
                    continue;
                }
                self.waiting.remove(at);
                match waiting {
                    Waiting::Note(note) => self.begin(note, sample, grid, out),
                    Waiting::Turn(turn) => self.turn(turn, sample, out),
                }
            }
        }
    }

    fn begin(&mut self, note: Note, sample: u64, grid: &Grid, out: &mut impl Outlet) {
        let ended_by = |other: &Note| {
            (other.voice == note.voice && other.voice != Voice::Drums && other.stroke != note.stroke)
                || (other.channel, other.key) == (note.channel, note.key)
        };
        // The key belongs to whoever holds it on the input.
        let held = self.held[usize::from(note.channel & 15)] >> (note.key & 127) & 1 == 1;
        // Within one sample nothing begins twice or begins and ends: hosts may change the order there.
        let at_once = self.sounding.iter().any(|other| ended_by(other) && other.begun == sample);
        if held || at_once || grid.sample_at(note.off) <= sample {
            return;
        }
        self.end(sample, out, ended_by);
        if self.sounding.len() == CAPACITY {
            return;
        }
        let Note { voice, channel, key, velocity, .. } = note;
        out.event(Event { sample, voice: Some(voice), message: Message::NoteOn { channel, key, velocity } });
        self.sounding.push(Note { begun: sample, ..note });
    }

    fn turn(&mut self, turn: Turn, sample: u64, out: &mut impl Outlet) {
        let Turn { voice, channel, controller, value, .. } = turn;
        if controller == PEDAL {
            let bit = 1 << (channel & 15);
            self.pedals = if value >= PEDAL_DOWN { self.pedals | bit } else { self.pedals & !bit };
        }
        self.controllers[usize::from(channel & 15)][usize::from(controller & 127)] = Some(value);
        let message = Message::Controller { channel, controller, value };
        out.event(Event { sample, voice: Some(voice), message });
    }

    /// Ends all notes of which `which` is true.
    fn end(&mut self, sample: u64, out: &mut impl Outlet, which: impl Fn(&Note) -> bool) {
        self.sounding.retain(|note| {
            let ends = which(note);
            if ends {
                let Note { voice, channel, key, .. } = *note;
                out.event(Event { sample, voice: Some(voice), message: Message::NoteOff { channel, key } });
            }
            !ends
        });
    }

    /// Ends everything of a voice that is not on a channel (`None`: on any), and forgets what it was to play there.
    pub(crate) fn silence_voice(
        &mut self,
        voice: Voice,
        unless: Option<u8>,
        sample: u64,
        out: &mut impl Outlet,
    ) {
        let leaves = |of: Voice, channel: u8| of == voice && Some(channel) != unless;
        self.end(sample, out, |note| leaves(note.voice, note.channel));
        self.waiting.retain(|waiting| match waiting {
            Waiting::Note(note) => !leaves(note.voice, note.channel),
            Waiting::Turn(turn) => !leaves(turn.voice, turn.channel),
        });
        if voice == Voice::Chords {
            let kept = unless.map_or(0, |channel| 1 << (channel & 15));
            self.lift_pedals(self.pedals & !kept, sample, out);
        }
    }

    /// Ends everything at once and forgets what was to come.
    pub(crate) fn silence(&mut self, sample: u64, out: &mut impl Outlet) {
        self.waiting.clear();
        self.end(sample, out, |_| true);
        self.lift_pedals(self.pedals, sample, out);
    }

    /// The song goes back: strokes from behind the loop go on, everything else ends at once and is forgotten.
    pub(crate) fn wrap(&mut self, wrap: &Wrap, sample: u64, out: &mut impl Outlet) {
        self.waiting.retain(|waiting| waiting.stroke() >= wrap.stroke);
        self.end(sample, out, |note| note.stroke < wrap.stroke);
        self.waiting.iter_mut().for_each(|waiting| waiting.go_back(wrap));
        self.sounding.iter_mut().for_each(|note| note.go_back(wrap));
    }

    /// Pedals go up at once and do not go down again by themselves.
    pub(crate) fn release_pedals(&mut self, sample: u64, out: &mut impl Outlet) {
        self.waiting.retain(|waiting| !matches!(waiting, Waiting::Turn(turn) if turn.controller == PEDAL));
        self.lift_pedals(self.pedals, sample, out);
    }

    fn lift_pedals(&mut self, which: u16, sample: u64, out: &mut impl Outlet) {
        for channel in (0..16).filter(|channel| which >> channel & 1 == 1) {
            self.controllers[usize::from(channel)][usize::from(PEDAL)] = Some(0);
            let message = Message::Controller { channel, controller: PEDAL, value: 0 };
            out.event(Event { sample, voice: Some(Voice::Chords), message });
        }
        self.pedals &= !which;
    }

    /// A note on the input. One that begins on a key of ours takes it over: ours ends before it.
    pub(crate) fn input(
        &mut self,
        channel: Option<u8>,
        key: Option<u8>,
        on: bool,
        sample: u64,
        out: &mut impl Outlet,
    ) {
        let keys = key.map_or(u128::MAX, |key| 1 << (key & 127));
        let concerned = |number: u8| channel.is_none_or(|channel| channel & 15 == number);
        for (number, held) in (0_u8..).zip(&mut self.held) {
            if concerned(number) {
                *held = if on { *held | keys } else { *held & !keys };
            }
        }
        if on {
            self.end(sample, out, |note| concerned(note.channel) && keys >> (note.key & 127) & 1 == 1);
        }
    }
}

/// The sustain pedal.
pub const PEDAL: u8 = 64;
/// It is down from this value on.
pub const PEDAL_DOWN: u8 = 64;
