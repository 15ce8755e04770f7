//! The engine: the hop clock, the share of a hop's work that is due, and what takes effect when.

use std::sync::Arc;

use dendrite_composer::{Composer, Event, Grid, Heard, InputNote, Signals, Span, Tape};
use dendrite_features::{HopClock, RateError, Resampler};
use dendrite_orbit::HOP_S;

use crate::analysis::{Analysis, HopStart};
use crate::flush::FlushDenormals;
use crate::models::ModelSet;
use crate::networks::Networks;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::steps::StepClock;
use crate::transport::{Jump, Transport, TransportClock};

/// Samples that are downmixed at a time.
const MIX_CHUNK: usize = 256;

/// Takes what the engine makes, in the order of its samples. Called on the audio thread: it must not allocate or block.
pub trait Output {
    /// A hop's results; [`Snapshot::sample`] lies within the block or at its end.
    fn snapshot(&mut self, snapshot: &Snapshot);

    /// Something that the composer plays, `offset` samples behind the block's first; in order of time. By default it is not
    /// listened to.
    fn event(&mut self, event: &Event, offset: usize) {
        let _ = (event, offset);
    }
}

impl<F: FnMut(&Snapshot)> Output for F {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self(snapshot);
    }
}

/// Hears a stream of audio blocks and says what they do to c(t), what they feel like and how to answer.
///
/// All memory is allocated in [`new`](Self::new); [`process`](Self::process), [`reset`](Self::reset) and
/// [`offer`](Self::offer) do not allocate, free, lock or panic.
///
/// It begins with heuristics in the place of all six models. [`Networks`] are made elsewhere and handed over: before the
/// first block with [`install`](Self::install), on the audio thread with `offer`.
pub struct Engine {
    host_rate: u32,
    clock: HopClock,
    resampler: Resampler,
    transport: TransportClock,
    steps: StepClock,
    composer: Composer,
    /// The beat grid of the tempo that is heard, from the last boundary on.
    heard_grid: Option<Grid>,
    /// The transport has jumped at the next sample.
    jumped: bool,
    analysis: Analysis,
    /// Networks that wait for the next hop boundary.
    offered: Option<Box<Networks>>,
    /// Networks that ran before, until somebody takes them to be dropped elsewhere.
    retired: Option<Box<Networks>>,

    /// Host samples taken since the last reset.
    position: u64,
    /// Boundary of the hop that is being heard, and of the one before it (0 for the first).
    next_boundary: u64,
    last_boundary: u64,
    /// Number of the frame that is complete at `next_boundary`.
    next_frame: u64,
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
    /// An engine for one host rate, 8 - 384 kHz. Allocates and computes tables: not for the audio thread.
    pub fn new(host_rate: u32) -> Result<Self, RateError> {
        let resampler = Resampler::new(host_rate)?;
        let clock = HopClock::new(host_rate, resampler.delay());
        Ok(Self {
            host_rate,
            clock,
            resampler,
            transport: TransportClock::default(),
            steps: StepClock::default(),
            composer: Composer::new(),
            heard_grid: None,
            jumped: false,
            analysis: Analysis::new(Networks::new(ModelSet::heuristics())),
            offered: None,
            retired: None,
            position: 0,
            next_boundary: clock.boundary(0),
            last_boundary: 0,
            next_frame: 0,
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
        let jump = self.transport.observe(transport, self.position, self.host_rate);
        self.jumped |= jump.is_some();
        if jump == Some(Jump::Restart) {
            self.composer.forget_heard();
        }
        let block = self.position;
        let mut start = 0;
        while start < frames {
            let to_boundary = (self.next_boundary - self.position).min((frames - start) as u64) as usize;
            self.listen(channels, start, start + to_boundary);
            start += to_boundary;
            let from = self.position;
            self.position += to_boundary as u64;
            self.compose(from, block, transport, settings, output);
            self.catch_up();
            if self.position == self.next_boundary {
                self.pass_boundary(transport, settings, output);
            }
        }
    }

    /// Back to the state after [`new`](Self::new): the next sample is sample 0. The networks stay, and those on offer too.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.transport.reset();
        self.steps.reset();
        self.composer.reset();
        self.heard_grid = None;
        self.jumped = false;
        self.analysis.reset();
        self.position = 0;
        self.next_boundary = self.clock.boundary(0);
        self.last_boundary = 0;
        self.next_frame = 0;
    }

    /// Puts networks in at once, with everything heard forgotten, and gives back the ones before. For the thread that owns the
    /// engine while it does not process.
    pub fn install(&mut self, networks: Box<Networks>) -> Box<Networks> {
        let before = self.analysis.exchange(networks);
        self.reset();
        before
    }

    /// Offers networks on the audio thread: they run from the next hop boundary on, with states that have heard nothing,
    /// while averages, orbit and everything else go on. Does not allocate or free.
    ///
    /// # Errors
    /// The networks themselves, if others wait already, or if those before them have not been taken with
    /// [`take_retired`](Self::take_retired): offer them again later.
    pub fn offer(&mut self, networks: Box<Networks>) -> Result<(), Box<Networks>> {
        if self.offered.is_some() || self.retired.is_some() {
            return Err(networks);
        }
        self.offered = Some(networks);
        Ok(())
    }

    /// Takes back networks that were offered and have not begun to run. Does not free.
    pub fn withdraw(&mut self) -> Option<Box<Networks>> {
        self.offered.take()
    }

    /// Networks that run no more, to be dropped off the audio thread. Does not free.
    pub fn take_retired(&mut self) -> Option<Box<Networks>> {
        self.retired.take()
    }

    /// A note on the MIDI input, `offset` samples behind the first of the next block; in order of time. The composer follows
    /// which keys are held; passing notes on is up to whoever has them. Does not allocate.
    pub fn input_note(&mut self, offset: usize, channel: Option<u8>, key: Option<u8>, on: bool) {
        self.composer.input(InputNote { sample: self.position + offset as u64, channel, key, on });
    }

    /// Whether something that was played still sounds, or a key is held on the input.
    pub fn is_playing(&self) -> bool {
        self.composer.is_active()
    }

    /// What was played last, readable from any thread.
    pub fn tape(&self) -> &Arc<Tape> {
        self.composer.tape()
    }

    /// The networks that run.
    pub fn networks(&self) -> &Networks {
        self.analysis.networks()
    }

    /// Samples heard since the last reset.
    pub fn position(&self) -> u64 {
        self.position
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

    /// Plays the samples from `from` to the position.
    fn compose(
        &mut self,
        from: u64,
        block: u64,
        transport: &Transport,
        settings: &Settings,
        output: &mut impl Output,
    ) {
        if from == self.position {
            return;
        }
        let driven = self.transport.grid(transport, self.host_rate);
        let span = Span {
            start: from,
            end: self.position,
            grid: driven.or(self.heard_grid),
            transport: driven.is_some(),
            jumped: std::mem::take(&mut self.jumped),
            loop_beats: driven.and(transport.loop_beats),
        };
        self.composer.play(&span, &settings.play, |event| {
            output.event(&event, (event.sample - block) as usize);
        });
    }

    /// Does the share of the hop's slices that its samples so far ask for: of n of N samples at least n/N.
    fn catch_up(&mut self) {
        let heard = self.position - self.last_boundary;
        let length = (self.next_boundary - self.last_boundary).max(1);
        let due = (self.analysis.slices() as u64 * heard).div_ceil(length) as usize;
        self.analysis.work_until(due, &mut self.resampler);
    }

    /// At a hop's end: hands out the results of the frame before and reads what the new frame's work needs.
    fn pass_boundary(&mut self, transport: &Transport, settings: &Settings, output: &mut impl Output) {
        if let Some(mut snapshot) = self.analysis.take_snapshot() {
            self.composer.hear(&heard(&snapshot));
            snapshot.play = self.composer.state();
            output.snapshot(&snapshot);
        }
        if let Some(networks) = self.offered.take() {
            self.retired = Some(self.analysis.exchange(networks));
        }
        let effect_sample = self.clock.boundary(self.next_frame + 1);
        let moves = self.transport.take_moves();
        let here = self.transport.read(self.next_boundary, self.host_rate);
        // The last frame that was heard ended one hop ago.
        let heard_beats = self.analysis.heard_beats() + self.analysis.heard_bpm() / 60.0 * HOP_S;
        self.analysis.begin(HopStart {
            settings: *settings,
            moves,
            reading: self.transport.read(effect_sample, self.host_rate),
            beats_per_bar: transport.beats_per_bar(),
            effect_sample,
            step: self.steps.pass(here, &moves, heard_beats),
        });
        let bpm = self.analysis.heard_bpm();
        self.heard_grid = (bpm > 0.0).then(|| Grid {
            sample: self.next_boundary,
            beats: self.steps.beats(),
            bpm,
            rate: self.host_rate,
            beats_per_bar: transport.beats_per_bar(),
            bar_start: None,
            compound: transport.is_compound(),
        });
        self.last_boundary = self.next_boundary;
        self.next_boundary = effect_sample;
        self.next_frame += 1;
    }
}

/// What the composer hears of a hop.
fn heard(snapshot: &Snapshot) -> Heard<'_> {
    let controls = &snapshot.orbit;
    Heard {
        hop_s: HOP_S as f32,
        mood: &snapshot.mood,
        harmony: &snapshot.harmony,
        melody: &snapshot.steps.melody,
        dynamics: &snapshot.steps.dynamics,
        groove: &snapshot.steps.groove,
        key: snapshot.key,
        scale: snapshot.scale,
        signals: Signals {
            s: controls.s,
            alpha: controls.alpha,
            omega: controls.omega_scale,
            gates: controls.gates,
            valence: snapshot.mood.valence,
            arousal: snapshot.mood.arousal,
            loudness: snapshot.loudness(),
            onset: snapshot.onset(),
        },
    }
}
