//! The work of one hop: from its samples to its snapshot, in slices.
//!
//! ```text
//! Begin ─ Melody, Dynamics, Groove (where a sixteenth is due, on what is in force) ─ Extract ─ Describe ─ Tempo
//!       ─ Beat ─ Emotion ─ Harmony ─ Key ─ OrbitModel ─ Orbit ─ Snapshot
//! ```

use dendrite_composer::{KeyTracker, PlayState};
use dendrite_features::{Base, Extractor, Frame, HOP_LENGTH, Resampler};
use dendrite_orbit::fallback::{Fallback, Hearing};
use dendrite_orbit::{Clock, Controls, HOP_S, HopInput, Orbit, OrbitState};
use dendrite_pipeline::contexts::{
    DYNAMICS_INPUTS, HARMONY_INPUTS, HarmonyContext, LoudnessHistory, write_dynamics,
};
use dendrite_pipeline::heuristics::{self, MoodCues};
use dendrite_pipeline::{
    BeatTracker, Describer, Descriptors, Dynamics, Groove, Harmony, Melody, ModelKind, Mood, OrbitControls,
    Tempo, TempoTracker,
};

use crate::level::AnalysisGain;
use crate::networks::Networks;
use crate::settings::Settings;
use crate::snapshot::{ModelStatus, Snapshot};
use crate::steps::Steps;
use crate::transport::{Moves, Reading};

/// The parts of a hop's work, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    Melody,
    Dynamics,
    Groove,
    Extract,
    Describe,
    TempoUpdate,
    TempoSearch,
    Beat,
    Emotion,
    Harmony,
    Key,
    OrbitModel,
    Orbit,
    Snapshot,
}

const STAGES: [Stage; 15] = [
    Stage::Begin,
    Stage::Melody,
    Stage::Dynamics,
    Stage::Groove,
    Stage::Extract,
    Stage::Describe,
    Stage::TempoUpdate,
    Stage::TempoSearch,
    Stage::Beat,
    Stage::Emotion,
    Stage::Harmony,
    Stage::Key,
    Stage::OrbitModel,
    Stage::Orbit,
    Stage::Snapshot,
];

/// Everything that hears, with its memory; knows hops, but neither host rates nor blocks.
pub(crate) struct Analysis {
    gain: AnalysisGain,
    extractor: Extractor,
    describer: Describer,
    tempo: TempoTracker,
    beat: BeatTracker,
    harmony_context: HarmonyContext,
    key: KeyTracker,
    loudness: LoudnessHistory,
    networks: Box<Networks>,
    mood_cues: MoodCues,
    fallback: Fallback,
    orbit: Orbit,

    hop: Box<[f32; HOP_LENGTH]>,
    harmony_input: [f32; HARMONY_INPUTS],
    dynamics_input: [f32; DYNAMICS_INPUTS],

    /// The last results of each kind: those in force until this hop's replace them.
    mood: Mood,
    harmony: Harmony,
    steps: Steps,
    heard_tempo: Tempo,
    controls: Controls,

    /// The hop in work, `None` before the first is complete.
    work: Option<Work>,
    snapshot: Option<Snapshot>,
}

/// What was read at the boundary, and how far the work is.
#[derive(Clone, Copy, Debug)]
struct Work {
    stage: usize,
    part: usize,
    done: usize,
    /// Slices of each stage.
    slices: [usize; STAGES.len()],
    total: usize,
    start: HopStart,
    descriptors: Descriptors,
    orbit: Option<OrbitState>,
}

/// What the engine knows when a hop's work begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HopStart {
    pub settings: Settings,
    pub moves: Moves,
    /// The transport at the boundary where this work takes effect.
    pub reading: Option<Reading>,
    /// Beats per bar while nothing plays.
    pub beats_per_bar: f64,
    pub effect_sample: u64,
    /// The sixteenth whose networks are due.
    pub step: Option<i64>,
}

impl Analysis {
    /// Allocates and plans everything.
    pub(crate) fn new(networks: Box<Networks>) -> Self {
        Self {
            gain: AnalysisGain::default(),
            extractor: Extractor::new(),
            describer: Describer::new(),
            tempo: TempoTracker::new(),
            beat: BeatTracker::new(),
            harmony_context: HarmonyContext::new(),
            key: KeyTracker::new(),
            loudness: LoudnessHistory::default(),
            networks,
            mood_cues: MoodCues::new(),
            fallback: Fallback::new(HOP_S),
            orbit: Orbit::new(HOP_S),
            hop: Box::new([0.0; HOP_LENGTH]),
            harmony_input: [0.0; HARMONY_INPUTS],
            dynamics_input: [0.0; DYNAMICS_INPUTS],
            mood: Mood::default(),
            harmony: Harmony::default(),
            steps: Steps::default(),
            heard_tempo: Tempo { bpm: 0.0, confidence: 0.0 },
            controls: Controls::default(),
            work: None,
            snapshot: None,
        }
    }

    /// Back to the state after [`new`](Self::new), with the networks that it has.
    pub(crate) fn reset(&mut self) {
        self.gain.reset();
        self.extractor.reset();
        self.forget();
        self.orbit.restart();
        self.mood = Mood::default();
        self.harmony = Harmony::default();
        self.steps = Steps::default();
        self.heard_tempo = Tempo { bpm: 0.0, confidence: 0.0 };
        self.controls = Controls::default();
        self.work = None;
        self.snapshot = None;
    }

    /// Averages and recurrent states begin anew, as they do at the beginning of each piece in training.
    fn forget(&mut self) {
        self.gain.forget();
        self.tempo.reset();
        self.beat.reset();
        self.harmony_context.reset();
        self.key.reset();
        self.loudness.reset();
        self.networks.reset();
        self.mood_cues.reset();
        self.fallback.reset();
        self.orbit.reset_averages();
    }

    /// Other networks, from the next hop on; only between hops. Gives back the ones before.
    pub(crate) fn exchange(&mut self, networks: Box<Networks>) -> Box<Networks> {
        std::mem::replace(&mut self.networks, networks)
    }

    /// The networks that run.
    pub(crate) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The tempo that is heard, in quarter notes per minute; 0 before anything is.
    pub(crate) fn heard_bpm(&self) -> f64 {
        self.heard_tempo.bpm
    }

    /// Quarter notes that were counted by ear until the end of the last frame whose results are in force.
    pub(crate) fn heard_beats(&self) -> f64 {
        self.beat.beats()
    }

    /// Begins a hop's work.
    pub(crate) fn begin(&mut self, start: HopStart) {
        let step_due = start.step.is_some();
        let slices = STAGES.map(|stage| match stage {
            Stage::Melody if step_due => self.networks.slices(ModelKind::Melody),
            Stage::Dynamics if step_due => self.networks.slices(ModelKind::Dynamics),
            Stage::Groove if step_due => self.networks.slices(ModelKind::Groove),
            Stage::Melody | Stage::Dynamics | Stage::Groove => 0,
            Stage::Extract => Extractor::SLICES,
            Stage::Emotion => self.networks.slices(ModelKind::Emotion),
            Stage::Harmony => self.networks.slices(ModelKind::Harmony),
            Stage::OrbitModel => self.networks.slices(ModelKind::Orbit),
            _ => 1,
        });
        self.work = Some(Work {
            stage: 0,
            part: 0,
            done: 0,
            slices,
            total: slices.iter().sum(),
            start,
            descriptors: Descriptors::default(),
            orbit: None,
        });
    }

    /// Slices of the hop in work; 0 without one.
    pub(crate) fn slices(&self) -> usize {
        self.work.map_or(0, |work| work.total)
    }

    /// Works until `due` slices of the hop are done.
    pub(crate) fn work_until(&mut self, due: usize, resampler: &mut Resampler) {
        while self.work.is_some_and(|work| work.done < due.min(work.total)) {
            self.advance(resampler);
        }
    }

    /// The results of the hop in work, once its last slice is done; once.
    pub(crate) fn take_snapshot(&mut self) -> Option<Snapshot> {
        self.snapshot.take()
    }

    /// One slice.
    fn advance(&mut self, resampler: &mut Resampler) {
        let Some(mut work) = self.work else { return };
        while work.part >= work.slices[work.stage] {
            work.stage += 1;
            work.part = 0;
        }
        let part = work.part;
        match STAGES[work.stage] {
            Stage::Begin => self.begin_frame(&work.start, resampler),
            Stage::Melody => self.melody(part),
            Stage::Dynamics => self.dynamics(part),
            Stage::Groove => self.groove(part, work.start.step),
            Stage::Extract => {
                self.extractor.advance();
            }
            Stage::Describe => work.descriptors = self.describe(),
            Stage::TempoUpdate => self.tempo.update(self.extractor.frame().get(Base::Onset)),
            Stage::TempoSearch => self.heard_tempo = self.tempo.search(),
            Stage::Beat => {
                self.beat.update(self.extractor.frame().get(Base::Onset), self.heard_tempo);
            }
            Stage::Emotion => self.emotion(part),
            Stage::Harmony => self.chord(part),
            Stage::Key => self.key.push(self.extractor.frame(), &self.harmony),
            Stage::OrbitModel => self.control(part, &work.descriptors),
            Stage::Orbit => work.orbit = Some(self.step_orbit(&work)),
            Stage::Snapshot => self.snapshot = work.orbit.map(|orbit| self.summarise(&work, orbit)),
        }
        work.part += 1;
        work.done += 1;
        self.work = Some(work);
    }

    fn begin_frame(&mut self, start: &HopStart, resampler: &mut Resampler) {
        if start.moves.restarted {
            self.forget();
        }
        resampler.take_hop(&mut self.hop);
        let settings = &start.settings;
        self.gain.apply(&mut self.hop, settings.sensitivity_gain(), settings.auto_level);
        self.extractor.begin(&self.hop);
    }

    fn melody(&mut self, part: usize) {
        if !self.networks.has(ModelKind::Melody) {
            self.steps.melody = heuristics::scale_table(&self.mood);
        } else if let Some(output) = self.networks.advance(ModelKind::Melody, part, &self.mood.map)
            && let Some(&probabilities) = output.first_chunk()
        {
            self.steps.melody = Melody { probabilities };
        }
    }

    fn dynamics(&mut self, part: usize) {
        if !self.networks.has(ModelKind::Dynamics) {
            self.steps.dynamics = heuristics::playing_table(&self.mood, &self.loudness);
            return;
        }
        if part == 0 {
            write_dynamics(&self.mood.map, &self.loudness, &mut self.dynamics_input);
        }
        if let Some(output) = self.networks.advance(ModelKind::Dynamics, part, &self.dynamics_input)
            && let Some(&values) = output.first_chunk()
        {
            self.steps.dynamics = Dynamics(values);
        }
    }

    /// The last of the three: with it the step is decided.
    fn groove(&mut self, part: usize, step: Option<i64>) {
        if !self.networks.has(ModelKind::Groove) {
            self.steps.groove = heuristics::bar_table(&self.mood);
        } else if let Some(output) = self.networks.advance(ModelKind::Groove, part, &self.mood.map)
            && let Some(output) = output.first_chunk()
        {
            self.steps.groove = Groove::of(output);
        }
        if part + 1 == self.networks.slices(ModelKind::Groove) {
            self.steps.step = step;
        }
    }

    fn describe(&mut self) -> Descriptors {
        let frame = self.extractor.frame();
        self.harmony_context.push(frame);
        self.loudness.push(frame);
        self.networks.window.push(&frame.base);
        self.describer.describe(frame)
    }

    fn emotion(&mut self, part: usize) {
        let frame = self.extractor.frame();
        if !self.networks.has(ModelKind::Emotion) {
            self.mood = self.mood_cues.push(frame, self.harmony_context.slow_chroma());
        } else if let Some(output) = self.networks.advance(ModelKind::Emotion, part, &frame.mel)
            && let Some(&map) = output.first_chunk()
        {
            self.mood = Mood::of(map);
        }
    }

    fn chord(&mut self, part: usize) {
        let loudness = self.extractor.frame().get(Base::Rms);
        if !self.networks.has(ModelKind::Harmony) {
            self.harmony = heuristics::chord_templates(&self.harmony_context, loudness);
            return;
        }
        if part == 0 {
            self.harmony_context.write(&self.mood.map, &mut self.harmony_input);
        }
        if let Some(output) = self.networks.advance(ModelKind::Harmony, part, &self.harmony_input)
            && let Some(&probabilities) = output.first_chunk()
        {
            self.harmony = Harmony::of(probabilities, loudness);
        }
    }

    fn control(&mut self, part: usize, heard: &Descriptors) {
        if !self.networks.has(ModelKind::Orbit) {
            let frame = self.extractor.frame();
            self.controls = self.fallback.step(&Hearing {
                loudness: frame.get(Base::Rms),
                tonalness: heard.tonalness,
                noisiness: heard.noisiness,
                onset: frame.get(Base::Onset),
                bands: heard.bands,
            });
        } else if let Some(output) = self.networks.advance_orbit(part) {
            let OrbitControls { s, alpha, omega_scale, gates } = OrbitControls::of(output);
            self.controls = Controls { s, alpha, omega_scale, gates };
        }
    }

    fn step_orbit(&mut self, work: &Work) -> OrbitState {
        let frame = self.extractor.frame();
        let input = HopInput {
            controls: self.controls,
            onset: frame.get(Base::Onset),
            loudness: frame.get(Base::Rms),
            texture: &frame.mel,
            silent: frame.silent,
            clock: work.start.clock(self.heard_tempo.bpm),
        };
        self.orbit.step(&input, &work.start.settings.orbit)
    }

    fn summarise(&self, work: &Work, orbit: OrbitState) -> Snapshot {
        let frame: &Frame = self.extractor.frame();
        let reading = work.start.reading;
        Snapshot {
            sample: work.start.effect_sample,
            frame: *frame,
            orbit,
            bands: work.descriptors.bands,
            tonalness: work.descriptors.tonalness,
            noisiness: work.descriptors.noisiness,
            auto_level_db: self.gain.auto_db(),
            tempo_bpm: reading.map_or(self.heard_tempo.bpm, |r| r.bpm) as f32,
            heard_tempo_bpm: self.heard_tempo.bpm as f32,
            tempo_confidence: self.heard_tempo.confidence,
            position_beats: reading.map_or(0.0, |r| r.beats),
            playing: reading.is_some(),
            mood: self.mood,
            harmony: self.harmony,
            steps: self.steps,
            key: self.key.key(),
            scale: self.key.scale(),
            key_confidence: self.key.confidence(),
            play: PlayState::default(),
            models: self.status(),
        }
    }

    fn status(&self) -> [ModelStatus; 6] {
        self.networks.status()
    }
}

impl HopStart {
    /// What turns the orbit: the transport while it plays, else the tempo that is heard.
    fn clock(&self, heard_bpm: f64) -> Clock {
        match self.reading {
            Some(reading) => Clock::Transport {
                position_bars: reading.beats / reading.beats_per_bar,
                bars_per_second: reading.bpm / 60.0 / reading.beats_per_bar,
                jumped: self.moves.jumped,
            },
            None => Clock::Free { bars_per_second: heard_bpm / 60.0 / self.beats_per_bar.max(0.25) },
        }
    }
}
