//! Generated pieces, and what the engine plays along with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use dendrite_composer::{Event, Message, Scale, Settings as Play, Voice};
use dendrite_engine::{Engine, ModelSet, Networks, Output, Settings, Snapshot, Transport};
use dendrite_generator::{Labels, Mood, Options, Split, compose, render};
use dendrite_pipeline::Chord;

/// Samples of a block.
const BLOCK: usize = 480;

/// A generated piece with its sound.
pub struct Piece {
    pub seed: u64,
    pub labels: Labels,
    sound: Vec<f32>,
}

/// A note that the engine played, with what it was played to.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub voice: Voice,
    pub pitch: u8,
    pub velocity: u8,
    /// Seconds.
    pub start_s: f64,
    pub end_s: f64,
    /// Position in quarter notes.
    pub beats: f64,
    /// Distance to the nearest sixteenth, in sixteenths.
    pub offset_steps: f64,
    pub on_beat: bool,
    pub key: Option<(u8, Scale)>,
    pub chord: Option<Chord>,
}

#[derive(Default)]
pub struct Played {
    pub notes: Vec<Note>,
}

/// The models in `models/`, read once.
pub fn trained() -> Arc<ModelSet> {
    static SET: std::sync::OnceLock<Arc<ModelSet>> = std::sync::OnceLock::new();
    SET.get_or_init(|| ModelSet::built_in(dendrite_engine::DEFAULT_WEIGHTS)).clone()
}

impl Piece {
    pub fn generate(seed: u64) -> Self {
        Self::of_length(seed, 30.0, 45.0)
    }

    pub fn of_length(seed: u64, shortest_s: f64, longest_s: f64) -> Self {
        let options = Options { split: Split::Test, length_s: shortest_s..=longest_s, ..Options::default() };
        let score = compose(seed, &options);
        Self { seed, sound: render(&score).samples, labels: score.labels }
    }

    /// Quarter notes per bar and the transport at a time: bars follow the piece's own, so that the grid is where the piece's is.
    fn transport(&self, time_s: f64) -> Transport {
        let meter = self.labels.meter;
        let quarters = meter.steps() as f64 / 4.0;
        let bars = &self.labels.bars;
        let number = bars.partition_point(|bar| bar.start_s <= time_s).saturating_sub(1);
        let bar = &bars[number];
        let share = (time_s - bar.start_s) / (bar.end_s - bar.start_s);
        let (numerator, denominator) = match (meter.steps(), meter.steps_per_beat()) {
            (steps, 6) => (steps as u16 / 2, 8),
            (steps, _) => (steps as u16 / 4, 4),
        };
        Transport {
            playing: true,
            tempo_bpm: Some(60.0 * quarters / (bar.end_s - bar.start_s)),
            position_beats: Some((number as f64 + share) * quarters),
            numerator,
            denominator,
            ..Transport::default()
        }
    }

    /// Played along with from its beginning.
    pub fn play(&self, play: &Play) -> Played {
        self.play_from(0, play)
    }

    /// A piece that expresses a mood.
    pub fn of_mood(seed: u64, valence: f32, arousal: f32) -> Self {
        let mut options = Options { split: Split::Test, length_s: 30.0..=40.0, ..Options::default() };
        options.forced.mood = Some(Mood { valence, arousal });
        let score = compose(seed, &options);
        Self { seed, sound: render(&score).samples, labels: score.labels }
    }

    /// Played along with by ear: there is no transport.
    pub fn play_by_ear(&self, play: &Play) -> Vec<Event> {
        let mut engine = engine();
        let settings = Settings { play: *play, ..Settings::default() };
        let mut heard = Score::default();
        for block in self.sound.chunks(BLOCK) {
            engine.process(&[block], block.len(), &Transport::default(), &settings, &mut heard);
        }
        heard.0
    }

    /// The sample at which a bar begins.
    pub fn bar(&self, number: usize) -> usize {
        (self.labels.bars[number].start_s * 48_000.0) as usize
    }

    /// Played along with from a sample on, as after a seek.
    pub fn play_from(&self, first: usize, play: &Play) -> Played {
        let mut ears = Ears { piece: self, played: Played::default(), snapshot: None, start: 0 };
        let mut engine = engine();
        let settings = Settings { play: *play, ..Settings::default() };
        for (n, block) in self.sound[first..].chunks(BLOCK).enumerate() {
            ears.start = first + n * BLOCK;
            let transport = self.transport(ears.start as f64 / 48_000.0);
            engine.process(&[block], block.len(), &transport, &settings, &mut ears);
        }
        ears.played
    }

    /// All events at a steady tempo, in blocks of these sizes.
    pub fn events(&self, play: &Play, mut size: impl FnMut() -> usize) -> Vec<Event> {
        let mut engine = engine();
        let settings = Settings { play: *play, ..Settings::default() };
        let (mut start, mut heard) = (0, Score::default());
        while start < self.sound.len() {
            let end = (start + size()).min(self.sound.len());
            let transport = Transport {
                playing: true,
                tempo_bpm: Some(117.0),
                position_beats: Some(start as f64 / 48_000.0 * 117.0 / 60.0 - 3.3),
                ..Transport::default()
            };
            engine.process(&[&self.sound[start..end]], end - start, &transport, &settings, &mut heard);
            start = end;
        }
        heard.0
    }
}

fn engine() -> Engine {
    let mut engine = Engine::new(48_000).expect("48 kHz");
    engine.install(Networks::new(trained()));
    engine
}

/// Events as they come.
#[derive(Default)]
struct Score(Vec<Event>);

impl Output for Score {
    fn snapshot(&mut self, _snapshot: &Snapshot) {}

    fn event(&mut self, event: &Event, _offset: usize) {
        self.0.push(*event);
    }
}

struct Ears<'a> {
    piece: &'a Piece,
    played: Played,
    snapshot: Option<Snapshot>,
    start: usize,
}

impl Output for Ears<'_> {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.snapshot = Some(*snapshot);
    }

    fn event(&mut self, event: &Event, offset: usize) {
        let time_s = (self.start + offset) as f64 / 48_000.0;
        let Some(voice) = event.voice else { return };
        match event.message {
            Message::NoteOn { key, velocity, .. } => {
                let beats = self.piece.transport(time_s).position_beats.expect("it plays");
                let steps = beats * 4.0;
                let beat_steps = self.piece.labels.meter.steps_per_beat() as f64;
                let step = steps.round();
                // The state after the step was decided: half a step before its line at the latest.
                let state = self.snapshot.map(|snapshot| snapshot.play).unwrap_or_default();
                self.played.notes.push(Note {
                    voice,
                    pitch: key,
                    velocity,
                    start_s: time_s,
                    end_s: f64::INFINITY,
                    beats,
                    offset_steps: steps - step,
                    on_beat: (step / beat_steps).fract() == 0.0,
                    key: state.key.zip(state.scale).map(|(key, scale)| (key.tonic, scale)),
                    chord: state.chord,
                });
            }
            Message::NoteOff { key, .. } => {
                let note =
                    self.played.notes.iter_mut().rfind(|note| note.voice == voice && note.pitch == key);
                note.expect("it has begun").end_s = time_s;
            }
            Message::Controller { .. } => {}
        }
    }
}

impl Played {
    pub fn of(&self, voice: Voice) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.voice == voice)
    }

    /// Strokes of the chords voice.
    fn strokes(&self) -> Vec<Vec<u8>> {
        let mut strokes: Vec<(f64, Vec<u8>)> = Vec::new();
        for note in self.of(Voice::Chords) {
            match strokes.last_mut() {
                Some((at, notes)) if *at == note.start_s => notes.push(note.pitch),
                _ => strokes.push((note.start_s, vec![note.pitch])),
            }
        }
        strokes.into_iter().map(|(_, notes)| notes).collect()
    }

    /// Semitones that each note of a chord is away from the nearest note of the chord before, where the chord changes.
    pub fn voice_movements(&self) -> Vec<f32> {
        let strokes = self.strokes();
        let mut movements = Vec::new();
        for pair in strokes.windows(2).filter(|pair| pair[0] != pair[1]) {
            for &note in &pair[1] {
                let nearest = pair[0].iter().map(|&other| note.abs_diff(other)).min().unwrap_or(0);
                movements.push(f32::from(nearest));
            }
        }
        movements
    }

    /// Changes of the bass at which the melody moves too, and those of them where both go from octave to octave.
    pub fn parallel_octaves(&self) -> (usize, usize) {
        let melody_at = |time: f64| {
            self.of(Voice::Melody)
                .take_while(|note| note.start_s <= time + 0.06)
                .last()
                .map(|note| note.pitch)
        };
        let bass: Vec<&Note> = self.of(Voice::Bass).collect();
        let (mut both, mut all) = (0, 0);
        for pair in bass.windows(2).filter(|pair| pair[0].pitch % 12 != pair[1].pitch % 12) {
            let (Some(before), Some(after)) = (melody_at(pair[0].start_s), melody_at(pair[1].start_s)) else {
                continue;
            };
            all += 1;
            let octave = |melody: u8, bass: u8| melody % 12 == bass % 12;
            both +=
                usize::from(before != after && octave(before, pair[0].pitch) && octave(after, pair[1].pitch));
        }
        (both, all)
    }

    /// Pitch classes and lengths (in sixteenths, between beginnings) of the melody, in the eight bars with the most notes.
    pub fn variety(&self) -> (usize, usize) {
        let melody: Vec<&Note> = self.of(Voice::Melody).collect();
        let window = |first: &Note| -> Vec<&Note> {
            let (from, to) = (first.beats, first.beats + 32.0);
            melody.iter().copied().filter(|note| (from..to).contains(&note.beats)).collect()
        };
        let best = melody.iter().map(|first| window(first)).max_by_key(Vec::len).unwrap_or_default();
        let classes: BTreeSet<u8> = best.iter().map(|note| note.pitch % 12).collect();
        let rhythms: BTreeSet<i64> =
            best.windows(2).map(|pair| ((pair[1].beats - pair[0].beats) * 4.0).round() as i64).collect();
        (classes.len(), rhythms.len())
    }

    /// Melody notes per quarter note, mean pitch of the melody, share of its notes that are played in major scales.
    pub fn character(&self) -> [f64; 3] {
        let melody: Vec<&Note> = self.of(Voice::Melody).collect();
        let count = melody.len().max(1) as f64;
        let span = melody.last().map_or(1.0, |last| last.beats - melody[0].beats).max(1.0);
        let mean = melody.iter().map(|note| f64::from(note.pitch)).sum::<f64>() / count;
        let major = |note: &&&Note| note.key.is_some_and(|(_, scale)| !scale.is_minor());
        [count / span, mean, melody.iter().filter(major).count() as f64 / count]
    }

    pub fn summary(&self, piece: &Piece) -> String {
        let count = |voice| self.of(voice).count();
        let melody: Vec<u8> = self.of(Voice::Melody).map(|note| note.pitch).collect();
        let mean = melody.iter().map(|&pitch| f64::from(pitch)).sum::<f64>() / melody.len().max(1) as f64;
        format!(
            "{} {:?} {:.0} bpm {:?}, {:.0} s: {} melody (mean {mean:.0}), {} chords, {} bass, {} drums; {:?}",
            piece.seed,
            piece.labels.key,
            piece.labels.tempo_bpm,
            piece.labels.meter,
            piece.labels.duration_s,
            count(Voice::Melody),
            self.strokes().len(),
            count(Voice::Bass),
            count(Voice::Drums),
            self.variety(),
        )
    }
}

/// Pearson's r.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(a - mean_a, b - mean_b)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
