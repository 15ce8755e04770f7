//! The composer: hears hops, decides sixteenths, sends events at their samples.

use std::sync::Arc;

use dendrite_pipeline::{Chord, Dynamics, Groove, Harmony, Melody, Mood};

use crate::bass::Bassist;
use crate::chord::ChordTracker;
use crate::chords::Comper;
use crate::course::{Coming, Course, Wrap};
use crate::event::{Event, InputNote, Message, Outlet};
use crate::grid::{BarStep, Grid, STEPS_PER_BEAT};
use crate::key::{Key, Scale};
use crate::ledger::{Ledger, Note};
use crate::melody::Melodist;
use crate::modulation::{Modulator, Signals};
use crate::scene::Scene;
use crate::settings::{ChordSource, PlayMode, Settings, Voice};
use crate::tape::{Recorder, Tape};
use crate::{drums, expression, performance};

/// Loudness (rms feature) below which nothing is heard that could be answered: -54 dBFS, as for chords.
const AUDIBLE: f32 = 0.1;
/// Hops of silence after which the voices rest: three quarters of a second.
const REST_HOPS: u32 = 35;
/// The scale before one is known.
const NO_SCALE: Scale = Scale::Major;
/// Input notes that may arrive for one block.
const INPUTS: usize = 4096;

/// What is in force from a hop boundary on.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Seconds since the hop before.
    pub hop_s: f32,
    /// The mood.
    pub mood: &'a Mood,
    /// The chord and its posterior.
    pub harmony: &'a Harmony,
    /// The melody model's last word ...
    pub melody: &'a Melody,
    /// ... and those of dynamics ...
    pub dynamics: &'a Dynamics,
    /// ... and groove.
    pub groove: &'a Groove,
    /// The key that is heard.
    pub key: Option<Key>,
    /// The scale that is heard on it.
    pub scale: Scale,
    /// Control signals, loudness and onset.
    pub signals: Signals,
}

/// A stretch of samples in which nothing changes but time.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// First sample.
    pub start: u64,
    /// The sample behind the last.
    pub end: u64,
    /// The beat grid: the transport's while it plays, else that of the tempo that is heard, if there is one.
    pub grid: Option<Grid>,
    /// Whether the grid is the transport's.
    pub transport: bool,
    /// The position at `start` is not where the one before led to: a start, a seek, a loop's wrap.
    pub jumped: bool,
    /// Start and end of the loop in quarter notes, while the transport loops.
    pub loop_beats: Option<[f64; 2]>,
}

/// What the composer is doing, for overlays and traces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlayState {
    /// Whether it plays.
    pub playing: bool,
    /// The key in force.
    pub key: Option<Key>,
    /// The scale in force.
    pub scale: Option<Scale>,
    /// The chord that is played to.
    pub chord: Option<Chord>,
    /// The last step that was decided.
    pub step: Option<BarStep>,
    /// Notes that sound.
    pub sounding: usize,
}

/// What it heard last.
#[derive(Clone, Debug, Default)]
struct Music {
    mood: Mood,
    melody: Melody,
    dynamics: Dynamics,
    groove: Groove,
    key: Option<Key>,
    scale: Option<Scale>,
    silent_hops: u32,
}

/// Plays along. [`new`](Self::new) allocates everything; nothing else allocates, frees, locks or panics.
///
/// Equal states, hops, spans and settings give equal events; how samples are cut into spans does not matter.
#[derive(Clone, Debug)]
pub struct Composer {
    player: Player,
    recorder: Recorder,
}

#[derive(Clone, Debug)]
struct Player {
    music: Music,
    chords: ChordTracker,
    modulator: Modulator,
    ledger: Ledger,
    melodist: Melodist,
    comper: Comper,
    bassist: Bassist,
    inputs: Inputs,

    /// The grid that is played on, while it plays.
    grid: Option<Grid>,
    /// The next step to be decided.
    course: Course,
    /// First sample at which something is due; computed anew when 0.
    due: u64,
    settings: Option<Settings>,
    key: Option<Key>,
    scale: Scale,
    chord: Option<Chord>,
    held_chord: Option<Chord>,
    last_step: Option<BarStep>,
}

impl Default for Composer {
    fn default() -> Self {
        Self::new()
    }
}

/// Input notes of the block to come, in order.
#[derive(Debug)]
struct Inputs {
    notes: Vec<InputNote>,
    next: usize,
}

impl Clone for Inputs {
    fn clone(&self) -> Self {
        let mut notes = Vec::with_capacity(INPUTS);
        notes.extend_from_slice(&self.notes);
        Self { notes, next: self.next }
    }
}

impl Composer {
    /// Has heard and played nothing. Allocates.
    pub fn new() -> Self {
        Self { player: Player::new(), recorder: Recorder::new() }
    }

    /// What was played last; for [`midi_file`](crate::midi_file) on another thread. A clone of the composer has its own.
    pub fn tape(&self) -> &Arc<Tape> {
        self.recorder.tape()
    }

    /// Forgets what was heard and played. What still sounds ends with the first event of the next span.
    pub fn reset(&mut self) {
        self.player.reset();
        self.recorder.stop();
    }

    /// The transport started or jumped: chords that were heard before do not count.
    pub fn forget_heard(&mut self) {
        self.player.chords.reset();
    }

    /// A note that comes in within the samples of the next spans, in order of its sample. Beyond 4,096 at a time they are not
    /// followed.
    pub fn input(&mut self, note: InputNote) {
        self.player.input(note);
    }

    /// Takes the results that are in force from the next span's first sample on.
    pub fn hear(&mut self, heard: &Heard) {
        self.player.hear(heard);
    }

    /// What it is doing.
    pub fn state(&self) -> PlayState {
        self.player.state()
    }

    /// Whether a note sounds, a pedal is down or a key is held on the input.
    pub fn is_active(&self) -> bool {
        self.player.ledger.is_sounding() || self.player.ledger.holding()
    }

    /// Plays a span: sends what is due in it, in order of time.
    pub fn play(&mut self, span: &Span, settings: &Settings, send: impl FnMut(Event)) {
        self.player.play(span, settings, &mut Out { recorder: &mut self.recorder, send });
    }
}

/// Where events go: to whoever asked, and on tape.
struct Out<'a, F> {
    recorder: &'a mut Recorder,
    send: F,
}

impl<F: FnMut(Event)> Outlet for Out<'_, F> {
    fn event(&mut self, event: Event) {
        self.recorder.event(&event);
        (self.send)(event);
    }
}

impl Player {
    fn new() -> Self {
        Self {
            music: Music { silent_hops: u32::MAX, ..Music::default() },
            chords: ChordTracker::default(),
            modulator: Modulator::default(),
            ledger: Ledger::new(),
            melodist: Melodist::default(),
            comper: Comper::default(),
            bassist: Bassist::default(),
            inputs: Inputs { notes: Vec::with_capacity(INPUTS), next: 0 },
            grid: None,
            course: Course::default(),
            due: 0,
            settings: None,
            key: None,
            scale: NO_SCALE,
            chord: None,
            held_chord: None,
            last_step: None,
        }
    }

    fn reset(&mut self) {
        self.music = Music { silent_hops: u32::MAX, ..Music::default() };
        self.chords.reset();
        self.modulator.reset();
        self.ledger.reset();
        self.inputs.notes.clear();
        self.inputs.next = 0;
        self.forget_playing();
        self.grid = None;
        self.settings = None;
        self.key = None;
        self.scale = NO_SCALE;
        self.held_chord = None;
        self.last_step = None;
    }

    fn input(&mut self, note: InputNote) {
        let inputs = &mut self.inputs;
        if inputs.next == inputs.notes.len() {
            inputs.notes.clear();
            inputs.next = 0;
        }
        if inputs.notes.len() < INPUTS {
            inputs.notes.push(note);
            self.due = 0;
        }
    }

    fn hear(&mut self, heard: &Heard) {
        let music = &mut self.music;
        music.mood = *heard.mood;
        music.melody = *heard.melody;
        music.dynamics = *heard.dynamics;
        music.groove = *heard.groove;
        music.key = heard.key;
        music.scale = Some(heard.scale);
        let audible = heard.signals.loudness >= AUDIBLE;
        music.silent_hops = if audible { 0 } else { music.silent_hops.saturating_add(1) };
        self.chords.hear(heard.harmony, heard.hop_s);
        self.modulator.hear(&heard.signals);
    }

    fn state(&self) -> PlayState {
        PlayState {
            playing: self.grid.is_some(),
            key: self.key,
            scale: self.key.map(|_| self.scale),
            chord: self.chord,
            step: self.last_step,
            sounding: self.ledger.sounding(),
        }
    }

    fn play(&mut self, span: &Span, settings: &Settings, out: &mut Out<impl FnMut(Event)>) {
        if span.start >= span.end {
            return;
        }
        self.ledger.settle(span.start, out);
        if !settings.bypassed {
            self.modulator.send(&settings.modulation, |channel, controller, value| {
                let message = Message::Controller { channel, controller, value };
                out.event(Event { sample: span.start, voice: None, message });
            });
        }
        self.take_settings(settings, span.start, out);
        self.take_grid(span, settings, out);
        let mut now = span.start;
        loop {
            if self.due == 0 {
                self.due = self.next_due();
            }
            let at = self.due.max(now);
            if at >= span.end {
                return;
            }
            now = at;
            self.due = 0;
            self.take_inputs(now, span, settings, out);
            if let Some(grid) = self.grid {
                self.ledger.advance_ends(now, &grid, out);
                while self.course.due(&grid) <= now {
                    let coming = self.course.advance();
                    if coming.anew {
                        self.begin_anew();
                        self.ledger.lift_at(coming.beats, coming.stroke);
                    }
                    self.decide(&coming, &grid, settings);
                    let key = self.key.map(|key| (key, self.scale));
                    out.recorder.harmony(coming.beats, key, self.chord);
                }
                self.ledger.advance(now, &grid, out);
            }
        }
    }

    /// The next sample at which there is something to do.
    fn next_due(&self) -> u64 {
        let input = self.inputs.notes.get(self.inputs.next).map_or(u64::MAX, |note| note.sample);
        let played = self.grid.map_or(u64::MAX, |grid| self.course.due(&grid).min(self.ledger.due(&grid)));
        // 0 stands for "not known".
        input.min(played).max(1)
    }

    /// Voices that were switched off or moved to another channel fall silent at once, and pedals that nobody uses any more go up.
    fn take_settings(&mut self, settings: &Settings, sample: u64, out: &mut Out<impl FnMut(Event)>) {
        if self.settings.as_ref() == Some(settings) {
            return;
        }
        for voice in Voice::ALL {
            let own = settings.voice(voice);
            self.ledger.silence_voice(voice, own.on.then_some(own.channel & 15), sample, out);
        }
        if !expression::uses_pedal(settings) {
            self.ledger.release_pedals(sample, out);
        }
        self.settings = Some(*settings);
        self.due = 0;
    }

    /// The grid that the mode allows at the span's start, and the loop on it.
    fn take_grid(&mut self, span: &Span, settings: &Settings, out: &mut Out<impl FnMut(Event)>) {
        let grid = self.allowed(span, settings);
        if grid != self.grid || span.jumped {
            self.due = 0;
            self.change_grid(grid, span, out);
        }
        if let Some(grid) = self.grid
            && self.course.follow(span.loop_beats, grid.beats_at(span.start))
        {
            self.due = 0;
        }
    }

    fn change_grid(&mut self, grid: Option<Grid>, span: &Span, out: &mut Out<impl FnMut(Event)>) {
        match grid {
            Some(new) if self.grid.is_none() || span.jumped => {
                let [before, after] =
                    [self.grid, grid].map(|grid| grid.map(|grid| grid.beats_at(span.start)));
                let wrap = before.zip(after).and_then(|(before, after)| self.course.wrap(before, after));
                match wrap {
                    Some(wrap) => self.wrap(&wrap, new, span.start, out),
                    None => {
                        self.ledger.silence(span.start, out);
                        self.start(new, span, span.start, out);
                    }
                }
            }
            Some(new) => {
                self.grid = Some(new);
                out.recorder.follow(new, span.start);
            }
            None if self.grid.is_some() => self.stop(span.start, out),
            None => {}
        }
    }

    fn allowed(&self, span: &Span, settings: &Settings) -> Option<Grid> {
        let plays = !settings.bypassed
            && match settings.mode {
                PlayMode::Off => false,
                PlayMode::WithTransport => span.transport,
                PlayMode::Always => true,
                PlayMode::WhileHeld => self.ledger.holding(),
            };
        span.grid.filter(|_| plays)
    }

    fn start(&mut self, grid: Grid, span: &Span, sample: u64, out: &mut Out<impl FnMut(Event)>) {
        self.begin_anew();
        self.modulator.start();
        self.course.start(grid.beats_at(sample), span.loop_beats);
        self.grid = Some(grid);
        out.recorder.jump(grid, sample);
    }

    /// The loop goes back: what was decided for behind it goes on, everything else ends.
    fn wrap(&mut self, wrap: &Wrap, grid: Grid, sample: u64, out: &mut Out<impl FnMut(Event)>) {
        self.ledger.wrap(wrap, sample, out);
        self.grid = Some(grid);
        out.recorder.go_back(wrap.beats, grid, sample);
    }

    /// What was played before does not count.
    fn begin_anew(&mut self) {
        self.forget_playing();
        self.chords.jump();
    }

    fn stop(&mut self, sample: u64, out: &mut Out<impl FnMut(Event)>) {
        self.ledger.silence(sample, out);
        self.forget_playing();
        self.grid = None;
        out.recorder.stop();
    }

    fn forget_playing(&mut self) {
        self.melodist.reset();
        self.comper.reset();
        self.bassist.reset();
        self.chord = None;
        self.due = 0;
    }

    /// Input notes of a sample; in the mode that asks for a held note they start and stop the playing.
    fn take_inputs(&mut self, now: u64, span: &Span, settings: &Settings, out: &mut Out<impl FnMut(Event)>) {
        while let Some(&note) = self.inputs.notes.get(self.inputs.next).filter(|note| note.sample <= now) {
            self.inputs.next += 1;
            self.ledger.input(note.channel, note.key, note.on, now, out);
            match (self.allowed(span, settings), self.grid) {
                (Some(grid), None) => self.start(grid, span, now, out),
                (None, Some(_)) => self.stop(now, out),
                _ => {}
            }
        }
    }

    /// Decides what is played on a step.
    fn decide(&mut self, coming: &Coming, grid: &Grid, settings: &Settings) {
        let place = grid.place(coming.step);
        self.last_step = Some(place);
        self.take_key(place, settings);
        let before = self.chord;
        self.take_chord(coming.step, place, settings);
        let Some(key) = self.key.filter(|_| self.music.silent_hops <= REST_HOPS) else {
            self.ledger.lift_at(coming.beats, coming.stroke);
            return;
        };
        let music = self.music.clone();
        let scene = Scene {
            place,
            mood: &music.mood,
            melody: &music.melody,
            dynamics: &music.dynamics,
            groove: &music.groove,
            key,
            scale: self.scale,
            chord: self.chord,
            chord_changed: before != self.chord,
            seed: settings.seed,
            step_s: grid.step_s(),
        };
        let voice = |voice| Some(settings.voice(voice)).filter(|own| own.on);
        if let Some(own) = voice(Voice::Drums)
            && let Some(key) = drums::step(&scene, own)
        {
            self.add(&scene, coming, Voice::Drums, &[key], 1, settings);
        }
        if let Some(own) = voice(Voice::Bass)
            && let Some((key, room)) = self.bassist.step(&scene, own, self.melodist.played())
        {
            self.add(&scene, coming, Voice::Bass, &[key], room, settings);
        }
        if let Some(own) = voice(Voice::Chords)
            && let Some((voicing, room)) = self.comper.step(&scene, own)
        {
            self.add(&scene, coming, Voice::Chords, voicing.notes(), room, settings);
            if settings.expression {
                expression::pedal(&mut self.ledger, &scene, coming, own.channel & 15);
            }
        }
        if let Some(own) = voice(Voice::Melody)
            && let Some((key, room)) = self.melodist.step(&scene, own, self.bassist.played())
        {
            self.add(&scene, coming, Voice::Melody, &[key], room, settings);
        }
        if settings.expression {
            expression::turn(&mut self.ledger, &scene, coming, settings);
        }
    }

    /// The key changes with bars.
    fn take_key(&mut self, place: BarStep, settings: &Settings) {
        let fixed = settings.tonic.is_some() || settings.scale.is_some();
        if place.step != 0 && self.key.is_some() && !fixed {
            return;
        }
        let scale = settings.scale.or(self.music.scale).unwrap_or(NO_SCALE);
        let tonic = settings.tonic.map(|tonic| tonic % 12);
        self.key = match (tonic, self.music.key) {
            (Some(tonic), _) => Some(Key { tonic, minor: scale.is_minor() }),
            (None, Some(key)) => Some(Key { minor: scale.is_minor(), ..key }),
            // After a jump nothing is known for a while: the last key stays. Before the first there is nothing to play.
            (None, None) => self.key,
        };
        self.scale =
            if self.music.key.is_none() && !fixed && self.key.is_some() { self.scale } else { scale };
    }

    fn take_chord(&mut self, step: i64, place: BarStep, settings: &Settings) {
        let beats = step as f64 / STEPS_PER_BEAT;
        if place.step == 0 {
            self.chords.bar(beats);
        } else if place.on_beat() || self.chord.is_none() {
            self.chords.beat(beats);
        }
        self.chord = match settings.chords {
            ChordSource::Hear => {
                self.held_chord = self.chords.chord();
                self.held_chord
            }
            ChordSource::Hold => {
                self.held_chord = self.held_chord.or(self.chords.chord());
                self.held_chord
            }
            ChordSource::Off => None,
        };
    }

    /// Plays keys of one stroke.
    fn add(
        &mut self,
        scene: &Scene,
        coming: &Coming,
        voice: Voice,
        keys: &[u8],
        room: u32,
        settings: &Settings,
    ) {
        let own = settings.voice(voice);
        let offset = performance::offset(scene, voice, own);
        let velocity = performance::velocity(scene, voice, own);
        let length = performance::length(scene, voice, room);
        let on = coming.beats + offset / STEPS_PER_BEAT;
        for &key in keys {
            self.ledger.wait_for(Note {
                voice,
                channel: own.channel & 15,
                key,
                velocity,
                on,
                off: on + length / STEPS_PER_BEAT,
                stroke: coming.stroke,
                begun: 0,
            });
        }
    }
}
