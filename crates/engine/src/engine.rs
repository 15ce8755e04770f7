//! The engine: the hop clock, the slices, and what they make of the sound.

use dendrite_features::{
    Base, Extractor, Frame, HOP_LENGTH, HopClock, N_CHROMA, N_MEL, RateError, Resampler,
};
use dendrite_orbit::fallback::{Fallback, Hearing};
use dendrite_orbit::{Clock, Controls, HOP_S, HopInput, Orbit, OrbitState};
use dendrite_pipeline::{Describer, Descriptors, Tempo, TempoTracker};

use crate::flush::FlushDenormals;
use crate::level::AnalysisGain;
use crate::settings::Settings;
use crate::snapshot::{ModelStatus, Snapshot};
use crate::transport::{Moves, Reading, Transport, TransportClock};

/// Samples that are downmixed at a time.
const MIX_CHUNK: usize = 256;

/// Takes what the engine makes, in the order of its samples. Called on the audio thread: it must not allocate or block.
pub trait Output {
    /// A hop's results; [`Snapshot::sample`] lies within the block or at its end.
    fn snapshot(&mut self, snapshot: &Snapshot);
}

impl<F: FnMut(&Snapshot)> Output for F {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self(snapshot);
    }
}

/// The slices of a hop's work, in their order; the extractor's own come between `Begin` and `Describe`.
const SLICE_BEGIN: usize = 0;
const SLICE_DESCRIBE: usize = SLICE_BEGIN + 1 + Extractor::SLICES;
const SLICE_TEMPO_UPDATE: usize = SLICE_DESCRIBE + 1;
const SLICE_TEMPO_SEARCH: usize = SLICE_TEMPO_UPDATE + 1;
const SLICE_CONTROL: usize = SLICE_TEMPO_SEARCH + 1;
const SLICE_ORBIT: usize = SLICE_CONTROL + 1;
const SLICE_SNAPSHOT: usize = SLICE_ORBIT + 1;

/// Hears a stream of audio blocks and says what they do to c(t).
///
/// All memory is allocated in [`new`](Self::new); [`process`](Self::process) and [`reset`](Self::reset) do not allocate,
/// lock or panic.
pub struct Engine {
    host_rate: u32,
    clock: HopClock,
    resampler: Resampler,
    transport: TransportClock,
    gain: AnalysisGain,
    extractor: Extractor,
    describer: Describer,
    tempo: TempoTracker,
    fallback: Fallback,
    orbit: Orbit,

    /// Host samples taken since the last reset.
    position: u64,
    /// Boundary of the hop that is being heard, and of the one before it (0 for the first).
    next_boundary: u64,
    last_boundary: u64,
    /// Number of the frame that is complete at `next_boundary`.
    next_frame: u64,

    /// The frame in work, `None` before the first is complete.
    work: Option<Work>,
    hop: Box<[f32; HOP_LENGTH]>,
    texture: [f32; N_MEL + N_CHROMA],
    /// The results of the frame in work, once its last slice is done.
    snapshot: Option<Snapshot>,
}

/// What was read at the boundary, and the results of the slices done so far.
#[derive(Clone, Copy, Debug)]
struct Work {
    done: usize,
    settings: Settings,
    moves: Moves,
    /// The transport at the boundary where this work takes effect.
    reading: Option<Reading>,
    /// Beats per bar while nothing plays.
    beats_per_bar: f64,
    effect_sample: u64,
    descriptors: Descriptors,
    tempo: Tempo,
    controls: Controls,
    orbit: Option<OrbitState>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("host_rate", &self.host_rate)
            .field("position", &self.position)
            .field("next_frame", &self.next_frame)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Slices of work per hop; after `n` of the hop's samples at least `n / length` of them are done.
    pub const SLICES: usize = SLICE_SNAPSHOT + 1;

    /// An engine for one host rate, 8 - 384 kHz. Allocates and computes tables: not for the audio thread.
    pub fn new(host_rate: u32) -> Result<Self, RateError> {
        let resampler = Resampler::new(host_rate)?;
        let clock = HopClock::new(host_rate, resampler.delay());
        Ok(Self {
            host_rate,
            clock,
            resampler,
            transport: TransportClock::default(),
            gain: AnalysisGain::default(),
            extractor: Extractor::new(),
            describer: Describer::new(),
            tempo: TempoTracker::new(),
            fallback: Fallback::new(HOP_S),
            orbit: Orbit::new(HOP_S),
            position: 0,
            next_boundary: clock.boundary(0),
            last_boundary: 0,
            next_frame: 0,
            work: None,
            hop: Box::new([0.0; HOP_LENGTH]),
            texture: [0.0; N_MEL + N_CHROMA],
            snapshot: None,
        })
    }

    /// Hears one block.
    ///
    /// `channels` are what is listened to: equally long slices of at least `frames` samples (shorter ones count as silent
    /// behind their end); their mean is analysed, and they may be none. `transport` holds at the block's first sample,
    /// `settings` for the hops that begin in it. Any `frames`, 0 included.
    pub fn process(
        &mut self,
        channels: &[&[f32]],
        frames: usize,
        transport: &Transport,
        settings: &Settings,
        output: &mut impl Output,
    ) {
        let _flush = FlushDenormals::new();
        self.transport.observe(transport, self.position, self.host_rate);
        let mut start = 0;
        while start < frames {
            let to_boundary = (self.next_boundary - self.position).min((frames - start) as u64) as usize;
            self.listen(channels, start, start + to_boundary);
            start += to_boundary;
            self.position += to_boundary as u64;
            self.catch_up();
            if self.position == self.next_boundary {
                self.pass_boundary(transport, settings, output);
            }
        }
    }

    /// Back to the state after [`new`](Self::new): the next sample is sample 0.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.transport.reset();
        self.gain.reset();
        self.extractor.reset();
        self.tempo.reset();
        self.fallback.reset();
        self.orbit.restart();
        self.position = 0;
        self.next_boundary = self.clock.boundary(0);
        self.last_boundary = 0;
        self.next_frame = 0;
        self.work = None;
        self.snapshot = None;
    }

    /// The host rate in Hz.
    pub fn host_rate(&self) -> u32 {
        self.host_rate
    }

    /// The hop clock: frame `k` is complete at its boundary `k` and takes effect at boundary `k + 1`.
    pub fn clock(&self) -> HopClock {
        self.clock
    }

    /// How much later than the sound its picture is, in host samples: two hops and the resampler's delay. Delaying the
    /// sound by this puts the two together.
    pub fn picture_delay_samples(&self) -> u32 {
        self.clock.boundary(1) as u32
    }

    /// Downmixes samples `from..to` of the block into the resampler.
    fn listen(&mut self, channels: &[&[f32]], from: usize, to: usize) {
        let mut mix = [0.0_f32; MIX_CHUNK];
        let share = 1.0 / channels.len().max(1) as f32;
        let mut start = from;
        while start < to {
            let end = to.min(start + MIX_CHUNK);
            let mix = &mut mix[..end - start];
            mix.fill(0.0);
            for channel in channels {
                for (sum, &sample) in mix.iter_mut().zip(channel.get(start..).unwrap_or_default()) {
                    *sum += if sample.is_finite() { sample } else { 0.0 };
                }
            }
            mix.iter_mut().for_each(|sum| *sum *= share);
            self.resampler.push(mix);
            start = end;
        }
    }

    /// Does the share of the slices that the hop's samples so far ask for.
    fn catch_up(&mut self) {
        let heard = self.position - self.last_boundary;
        let length = (self.next_boundary - self.last_boundary).max(1);
        let due = (Self::SLICES as u64 * heard).div_ceil(length) as usize;
        while self.work.as_ref().is_some_and(|work| work.done < due.min(Self::SLICES)) {
            self.advance();
        }
    }

    /// At a hop's end: hands out the results of the frame before and reads what the new frame's work needs.
    fn pass_boundary(&mut self, transport: &Transport, settings: &Settings, output: &mut impl Output) {
        if let Some(snapshot) = self.snapshot.take() {
            output.snapshot(&snapshot);
        }
        let effect_sample = self.clock.boundary(self.next_frame + 1);
        self.work = Some(Work {
            done: 0,
            settings: *settings,
            moves: self.transport.take_moves(),
            reading: self.transport.read(effect_sample, self.host_rate),
            beats_per_bar: transport.beats_per_bar(),
            effect_sample,
            descriptors: Descriptors::default(),
            tempo: Tempo { bpm: 0.0, confidence: 0.0 },
            controls: Controls::default(),
            orbit: None,
        });
        self.last_boundary = self.next_boundary;
        self.next_boundary = effect_sample;
        self.next_frame += 1;
    }

    /// One slice of the frame in work.
    fn advance(&mut self) {
        let Some(work) = &mut self.work else { return };
        match work.done {
            SLICE_BEGIN => {
                if work.moves.restarted {
                    self.gain.forget();
                    self.tempo.reset();
                    self.fallback.reset();
                    self.orbit.reset_averages();
                }
                self.resampler.take_hop(&mut self.hop);
                let settings = &work.settings;
                self.gain.apply(&mut self.hop, settings.sensitivity_gain(), settings.auto_level);
                self.extractor.begin(&self.hop);
            }
            SLICE_DESCRIBE => {
                let frame = self.extractor.frame();
                work.descriptors = self.describer.describe(frame);
                self.texture[..N_MEL].copy_from_slice(&frame.mel);
                self.texture[N_MEL..].copy_from_slice(&frame.chroma);
            }
            SLICE_TEMPO_UPDATE => self.tempo.update(self.extractor.frame().get(Base::Onset)),
            SLICE_TEMPO_SEARCH => work.tempo = self.tempo.search(),
            SLICE_CONTROL => {
                let (frame, heard) = (self.extractor.frame(), work.descriptors);
                work.controls = self.fallback.step(&Hearing {
                    loudness: frame.get(Base::Rms),
                    tonalness: heard.tonalness,
                    noisiness: heard.noisiness,
                    onset: frame.get(Base::Onset),
                    bands: heard.bands,
                });
            }
            SLICE_ORBIT => {
                let frame = self.extractor.frame();
                let input = HopInput {
                    controls: work.controls,
                    onset: frame.get(Base::Onset),
                    loudness: frame.get(Base::Rms),
                    texture: &self.texture,
                    silent: frame.silent,
                    clock: work.clock(),
                };
                work.orbit = Some(self.orbit.step(&input, &work.settings.orbit));
            }
            SLICE_SNAPSHOT => {
                let frame = self.extractor.frame();
                self.snapshot = work.orbit.map(|orbit| work.snapshot(frame, orbit, self.gain.auto_db()));
            }
            _ => {
                self.extractor.advance();
            }
        }
        work.done += 1;
    }
}

impl Work {
    /// What turns the orbit: the transport while it plays, else the tempo that is heard.
    fn clock(&self) -> Clock {
        match self.reading {
            Some(reading) => Clock::Transport {
                position_bars: reading.beats / reading.beats_per_bar,
                bars_per_second: reading.bpm / 60.0 / reading.beats_per_bar,
                jumped: self.moves.jumped,
            },
            None => Clock::Free { bars_per_second: self.tempo.bpm / 60.0 / self.beats_per_bar.max(0.25) },
        }
    }

    fn snapshot(&self, frame: &Frame, orbit: OrbitState, auto_level_db: f32) -> Snapshot {
        let reading = self.reading;
        Snapshot {
            sample: self.effect_sample,
            frame: *frame,
            orbit,
            bands: self.descriptors.bands,
            tonalness: self.descriptors.tonalness,
            noisiness: self.descriptors.noisiness,
            auto_level_db,
            tempo_bpm: reading.map_or(self.tempo.bpm, |r| r.bpm) as f32,
            heard_tempo_bpm: self.tempo.bpm as f32,
            tempo_confidence: self.tempo.confidence,
            position_beats: reading.map_or(0.0, |r| r.beats),
            playing: reading.is_some(),
            models: [ModelStatus::Heuristic; 6],
        }
    }
}
