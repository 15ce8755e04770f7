//! An engine that hears a file, block by block.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dendrite_audio::{ReadError, Stream};
use dendrite_composer::Tape;
use dendrite_engine::{
    DEFAULT_WEIGHTS, Engine, ModelSet, Networks, Output, RateError, Settings, Snapshot, Transport,
};
use dendrite_features::HOP_LENGTH;

use crate::{Automation, Hop};

/// Hops of silence behind the end: what the last sound causes takes two to be in force, interpolation looks one further.
const TAIL_HOPS: u64 = 4;

/// Why a song cannot be heard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its sample rate is not one that the engine hears.
    #[error("{}: sample rate {} Hz is outside of 8,000 ... 384,000 Hz; convert the file to 48,000 Hz", path.display(), problem.rate)]
    Rate {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        problem: RateError,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// A transport that plays at one tempo from the first sample on, as a host's does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Host {
    /// Tempo in quarter notes per minute, 1 ..= 1,000.
    pub bpm: f64,
    /// Upper number of the time signature.
    pub numerator: u16,
    /// Lower number of the time signature.
    pub denominator: u16,
    /// Time in seconds of the first bar's first beat in the song; positions before it are negative.
    pub first_beat_s: f64,
}

impl Host {
    /// The transport at a sample.
    fn at(&self, sample: u64, rate: u32) -> Transport {
        let seconds = sample as f64 / f64::from(rate) - self.first_beat_s;
        Transport {
            playing: true,
            tempo_bpm: Some(self.bpm),
            position_beats: Some(seconds * self.bpm / 60.0),
            numerator: self.numerator,
            denominator: self.denominator,
            ..Transport::default()
        }
    }
}

/// How a song is heard.
#[derive(Clone, Debug)]
pub struct Options {
    /// The six models.
    pub models: Arc<ModelSet>,
    /// Settings of listening and motion.
    pub settings: Settings,
    /// The transport; without one the tempo is heard.
    pub host: Option<Host>,
    /// What changes on the way.
    pub automation: Option<Arc<Automation>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            models: ModelSet::built_in(DEFAULT_WEIGHTS),
            settings: Settings::default(),
            host: None,
            automation: None,
        }
    }
}

/// A song on its way through the engine.
#[derive(Debug)]
pub struct Listener {
    stream: Stream,
    engine: Engine,
    settings: Settings,
    host: Option<Host>,
    automation: Option<Arc<Automation>>,
    /// Samples that the engine has heard, silence behind the end included.
    position: u64,
    /// Samples of sound.
    sounded: u64,
    ended: bool,
    block: Vec<Vec<f32>>,
}

impl Listener {
    /// Opens a song and makes an engine for its rate.
    ///
    /// # Errors
    /// The file cannot be read, or its rate is not between 8 and 384 kHz.
    pub fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let stream = Stream::open(path)?;
        let mut engine =
            Engine::new(stream.rate()).map_err(|problem| Error::Rate { path: path.to_owned(), problem })?;
        engine.install(Networks::new(options.models.clone()));
        Ok(Self {
            stream,
            engine,
            settings: options.settings,
            host: options.host,
            automation: options.automation.clone(),
            position: 0,
            sounded: 0,
            ended: false,
            block: Vec::new(),
        })
    }

    /// Hears the next block and hands out the snapshots that fall into it; false when the song is over and what its last
    /// sound causes has been handed out.
    ///
    /// # Errors
    /// The file cannot be decoded further.
    pub fn listen(&mut self, mut output: impl FnMut(&Snapshot)) -> Result<bool, Error> {
        self.listen_to(&mut output)
    }

    /// As [`listen`](Self::listen), with what is played along too; the offsets of events count from where a parameter changed
    /// last.
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn listen_to(&mut self, output: &mut impl Output) -> Result<bool, Error> {
        if self.ended {
            self.block.clear();
            return Ok(false);
        }
        if let Some(block) = self.stream.next_block()? {
            // Kept for whoever measures the sound itself.
            self.block.resize(block.len(), Vec::new());
            for (kept, channel) in self.block.iter_mut().zip(block) {
                kept.clear();
                kept.extend_from_slice(channel);
            }
            self.hear(self.block.first().map_or(0, Vec::len), output);
            self.sounded = self.position;
        } else {
            self.block.clear();
            self.ended = true;
            let hop = (HOP_LENGTH as u64 * u64::from(self.rate())).div_ceil(48_000);
            let frames = u64::from(self.engine.picture_delay_samples()) + TAIL_HOPS * hop;
            self.hear(frames as usize, output);
        }
        Ok(true)
    }

    /// Has the engine hear the block, or silence, cut where a parameter changes.
    fn hear(&mut self, frames: usize, output: &mut impl Output) {
        let rate = self.engine.host_rate();
        let mut start = 0;
        while start < frames {
            let mut settings = self.settings;
            let mut end = frames;
            if let Some(automation) = &self.automation {
                settings = automation.settings(self.position as f64 / f64::from(rate), &settings);
                let change = automation.next_change(self.position, rate) - self.position;
                end = end.min(start.saturating_add(usize::try_from(change).unwrap_or(usize::MAX)));
            }
            let transport = self.host.map_or_else(Transport::default, |host| host.at(self.position, rate));
            let channels: Vec<&[f32]> = self.block.iter().map(|channel| &channel[start..end]).collect();
            self.engine.process(&channels, end - start, &transport, &settings, output);
            self.position += (end - start) as u64;
            start = end;
        }
    }

    /// As [`listen`](Self::listen), with hops in place of snapshots.
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn listen_hops(&mut self, mut output: impl FnMut(Hop)) -> Result<bool, Error> {
        let (rate, delay) = (self.rate(), self.engine.picture_delay_samples());
        self.listen(|snapshot| output(Hop::of(snapshot, rate, delay)))
    }

    /// What was played along last.
    pub fn tape(&self) -> &Arc<Tape> {
        self.engine.tape()
    }

    /// The sound that the last call heard, by channel; nothing behind the end.
    pub fn block(&self) -> &[Vec<f32>] {
        &self.block
    }

    /// Sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.engine.host_rate()
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.stream.channels()
    }

    /// Seconds of sound heard so far; after the end the song's duration.
    pub fn heard_s(&self) -> f64 {
        self.sounded as f64 / f64::from(self.rate())
    }

    /// The duration that the file states in seconds, where it does.
    pub fn stated_s(&self) -> Option<f64> {
        self.stream.frames().map(|frames| frames as f64 / f64::from(self.rate()))
    }

    /// Whether the file ended before its time; known at the end.
    pub fn broke_off(&self) -> bool {
        self.stream.broke_off()
    }

    /// How much later than its sound a state is in force, in samples.
    pub fn picture_delay_samples(&self) -> u32 {
        self.engine.picture_delay_samples()
    }
}
