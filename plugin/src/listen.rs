//! Listening: which input goes to the engine, and what comes out of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dendrite_composer::{Event, Tape};
use dendrite_engine::{Engine, ModelSet, Output, RateError, Settings, Snapshot, Transport};
use nice_plug::prelude as host;

use crate::exchange::Publisher;
use crate::models::AudioEnd;
use crate::notes::NoteQueue;
use crate::trace::Trace;

/// Channels of the widest input.
const MAX_CHANNELS: usize = 2;

/// What a bypassed plug-in hears, in pieces of this length.
static SILENCE: [f32; 1024] = [0.0; 1024];

/// The engine and its ears. Owned by the audio thread.
pub struct Listener {
    engine: Engine,
    rate: u32,
    /// Whether the sidechain has carried anything but zeros since the last reset. Formats hand over zeros for an input that
    /// is not connected, so this is what tells a connected one.
    sidechain_live: bool,
    /// Frames of pure silence at every input since the last sound.
    silent_frames: u64,
    /// The engine has panicked: it is not called again before the next activation.
    stopped: bool,
}

/// What is to be listened to in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The main input.
    Main,
    /// The sidechain, the main input as long as it has been silent since the last reset.
    Sidechain,
    /// Nothing: bypassed. The engine hears silence, so that its clock goes on.
    Nothing,
}

/// Where snapshots go.
pub struct Sink<'a> {
    /// To the editor.
    pub publisher: &'a mut Publisher,
    /// To the trace, if there is one.
    pub trace: Option<&'a mut Trace>,
    /// Where notes and controllers wait to be sent.
    pub notes: &'a mut NoteQueue,
    /// The engine's sample at the block's first.
    pub block: u64,
}

impl Output for Sink<'_> {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.publisher.publish(snapshot);
        if let Some(trace) = &mut self.trace {
            trace.record(snapshot);
        }
    }

    fn event(&mut self, event: &Event, _offset: usize) {
        // The block may reach the engine in several parts.
        self.notes.play(&event.message, event.sample.saturating_sub(self.block) as u32);
    }
}

/// The channels of one input, as slices of one length.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    channels: [&'a [f32]; MAX_CHANNELS],
    count: usize,
    frames: usize,
}

impl<'a> Input<'a> {
    /// The first `frames` samples of a host's buffer; channels that are shorter, or beyond the second, are left out.
    pub fn new(buffer: &'a [&mut [f32]], frames: usize) -> Self {
        let mut input = Self { channels: [&[]; MAX_CHANNELS], count: 0, frames };
        for channel in buffer.iter().filter_map(|channel| channel.get(..frames)) {
            if let Some(slot) = input.channels.get_mut(input.count) {
                *slot = channel;
                input.count += 1;
            }
        }
        input
    }

    /// No channels at all.
    pub fn none(frames: usize) -> Self {
        Self { channels: [&[]; MAX_CHANNELS], count: 0, frames }
    }

    fn slices(&self) -> &[&'a [f32]] {
        &self.channels[..self.count]
    }

    fn split(&self, at: usize) -> (Self, Self) {
        let (mut first, mut second) = (*self, *self);
        for (n, channel) in self.slices().iter().enumerate() {
            (first.channels[n], second.channels[n]) = channel.split_at(at);
        }
        first.frames = at;
        second.frames = self.frames - at;
        (first, second)
    }

    /// The first frame with anything but zeros in it. NaN is something.
    fn first_sound(&self) -> Option<usize> {
        self.slices().iter().filter_map(|channel| channel.iter().position(|sample| *sample != 0.0)).min()
    }
}

impl Listener {
    /// An engine for the host's rate. Allocates.
    ///
    /// # Errors
    /// The rate is outside of 8 ... 384 kHz or not a number.
    pub fn new(sample_rate: f32) -> Result<Self, RateError> {
        // Rates that are not whole are played by nothing; a rate that is not a number becomes 0, which is refused.
        let rate = sample_rate.round() as u32;
        Ok(Self {
            engine: Engine::new(rate)?,
            rate,
            sidechain_live: false,
            silent_frames: u64::MAX,
            stopped: false,
        })
    }

    /// Whether this is a working listener for a rate.
    pub fn fits(&self, sample_rate: f32) -> bool {
        !self.stopped && self.rate == sample_rate.round() as u32
    }

    /// Puts a model set in at once. Main thread, while nothing is processed.
    pub fn install(&mut self, models: &mut AudioEnd, set: &Arc<ModelSet>) {
        models.install(&mut self.engine, set);
    }

    /// Hands over models that have arrived, takes back those that have retired. Does not lock, allocate or free.
    pub fn exchange(&mut self, models: &mut AudioEnd) {
        models.exchange(&mut self.engine);
    }

    /// Samples that sound has to wait for its picture.
    pub fn picture_delay_samples(&self) -> u32 {
        self.engine.picture_delay_samples()
    }

    /// Forgets the past. Does not allocate.
    pub fn reset(&mut self) {
        self.sidechain_live = false;
        self.silent_frames = u64::MAX;
        if !self.stopped {
            // A panic in the engine must not reach the host, here as in `process`.
            self.stopped = catch_unwind(AssertUnwindSafe(|| self.engine.reset())).is_err();
        }
    }

    /// A note on the MIDI input, `offset` samples into the next block.
    pub fn input_note(&mut self, offset: usize, channel: Option<u8>, key: Option<u8>, on: bool) {
        if !self.stopped {
            self.engine.input_note(offset, channel, key, on);
        }
    }

    /// Samples heard since the last reset.
    pub fn position(&self) -> u64 {
        self.engine.position()
    }

    /// What was played last.
    pub fn tape(&self) -> &Arc<Tape> {
        self.engine.tape()
    }

    /// Whether the engine has panicked.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// What a panic of the engine does.
    #[cfg(test)]
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether the sidechain is what is heard when it is asked for.
    pub fn sidechain_live(&self) -> bool {
        self.sidechain_live
    }

    /// Seconds since any input carried a sound.
    pub fn silent_s(&self) -> f64 {
        self.silent_frames as f64 / f64::from(self.rate)
    }

    /// Hears one block. Does not allocate, lock or panic.
    pub fn process(
        &mut self,
        source: Source,
        main: Input,
        sidechain: Input,
        transport: &Transport,
        settings: &Settings,
        sink: &mut Sink,
    ) {
        let sound = main.first_sound().is_some() || sidechain.first_sound().is_some();
        self.silent_frames = if sound { 0 } else { self.silent_frames.saturating_add(main.frames as u64) };
        if self.stopped {
            return;
        }
        let heard = catch_unwind(AssertUnwindSafe(|| match source {
            Source::Main => self.hear(main, transport, settings, sink),
            Source::Nothing => self.hear_silence(main.frames, transport, settings, sink),
            Source::Sidechain if self.sidechain_live => self.hear(sidechain, transport, settings, sink),
            Source::Sidechain => match sidechain.first_sound() {
                None => self.hear(main, transport, settings, sink),
                // The change-over happens at the sample, so that it does not depend on the block size.
                Some(at) => {
                    self.sidechain_live = true;
                    self.hear(main.split(at).0, transport, settings, sink);
                    let later = advance(transport, at, self.rate);
                    self.hear(sidechain.split(at).1, &later, settings, sink);
                }
            },
        }));
        self.stopped = heard.is_err();
    }

    fn hear(&mut self, input: Input, transport: &Transport, settings: &Settings, sink: &mut Sink) {
        if input.frames > 0 {
            self.engine.process(input.slices(), input.frames, transport, settings, sink);
        }
    }

    fn hear_silence(&mut self, frames: usize, transport: &Transport, settings: &Settings, sink: &mut Sink) {
        for start in (0..frames).step_by(SILENCE.len()) {
            let piece = (frames - start).min(SILENCE.len());
            let later = advance(transport, start, self.rate);
            self.engine.process(&[&SILENCE[..piece]], piece, &later, settings, sink);
        }
    }
}

/// The transport as it is `frames` later, at a constant tempo.
fn advance(transport: &Transport, frames: usize, rate: u32) -> Transport {
    let mut later = *transport;
    if transport.playing
        && let (Some(position), Some(tempo)) = (transport.position_beats, transport.tempo_bpm)
    {
        later.position_beats = Some(position + frames as f64 / f64::from(rate) * tempo / 60.0);
    }
    later
}

/// The host's transport in the engine's terms; what makes no sense counts as not given.
pub fn transport(from: &host::Transport) -> Transport {
    let meter =
        |value: Option<i32>| value.and_then(|value| u16::try_from(value).ok()).filter(|value| *value > 0);
    Transport {
        playing: from.playing,
        tempo_bpm: from.tempo.filter(|tempo| tempo.is_finite() && *tempo > 0.0),
        position_beats: from.pos_beats().filter(|position| position.is_finite()),
        loop_beats: from
            .loop_range_beats()
            .filter(|(start, end)| start.is_finite() && end > start)
            .map(|(start, end)| [start, end]),
        bar_start_beats: from.bar_start_pos_beats().filter(|position| position.is_finite()),
        numerator: meter(from.time_sig_numerator).unwrap_or(4),
        denominator: meter(from.time_sig_denominator).unwrap_or(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_leaves_out_what_does_not_fit() {
        let (mut left, mut right, mut short, mut third) = ([1.0; 8], [2.0; 8], [3.0; 4], [4.0; 8]);
        let buffer: [&mut [f32]; 4] = [&mut left, &mut short, &mut right, &mut third];
        let input = Input::new(&buffer, 8);
        assert_eq!(input.slices(), [&[1.0; 8][..], &[2.0; 8][..]]);
        let (first, second) = input.split(3);
        assert_eq!((first.slices()[1].len(), second.slices()[0].len()), (3, 5));
    }

    #[test]
    fn sound_is_anything_but_zero() {
        let (mut left, mut right) = ([0.0, -0.0, 0.0, 0.0], [0.0, 0.0, f32::NAN, 1.0]);
        let buffer: [&mut [f32]; 2] = [&mut left, &mut right];
        assert_eq!(Input::new(&buffer, 4).first_sound(), Some(2));
        assert_eq!(Input::new(&buffer, 2).first_sound(), None);
        assert_eq!(Input::none(4).first_sound(), None);
    }

    #[test]
    fn senseless_transports_are_not_believed() {
        let mut from = host::Transport::new(48_000.0);
        from.tempo = Some(f64::NAN);
        from.pos_beats = Some(f64::INFINITY);
        from.time_sig_numerator = Some(-3);
        from.time_sig_denominator = Some(0);
        assert_eq!(transport(&from), Transport::default());
    }
}
