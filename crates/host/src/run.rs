//! Sends a whole recording through a plug-in, block by block, and collects what comes out.

use crate::block::{Block, Status};
use crate::error::HostError;
use crate::event::{Event, is_sorted};
use crate::plugin::Plugin;
use crate::sleep::{HonoursSleep, SleepManner};
use crate::transport::Transport;

/// How a run is cut into blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockSizes {
    /// Always this many samples; the last block is what is left.
    Fixed(usize),
    /// Random lengths of 1 ..= `max` samples: `Random(seed, max)`. Equal seeds give equal lengths.
    Random(u64, usize),
    /// These lengths over and over; zeros are blocks that only deliver parameters.
    Cycle(Vec<usize>),
}

impl BlockSizes {
    fn largest(&self) -> usize {
        match self {
            BlockSizes::Fixed(size) | BlockSizes::Random(_, size) => *size,
            BlockSizes::Cycle(sizes) => sizes.iter().copied().max().unwrap_or(0),
        }
    }
}

/// Yields block lengths without end.
struct BlockLengths {
    sizes: BlockSizes,
    random: u64,
    index: usize,
}

impl BlockLengths {
    fn new(sizes: BlockSizes) -> Self {
        let random = if let BlockSizes::Random(seed, _) = &sizes { *seed } else { 0 };
        Self { sizes, random, index: 0 }
    }

    fn next(&mut self) -> usize {
        match &self.sizes {
            BlockSizes::Fixed(size) => *size,
            BlockSizes::Random(_, max) => 1 + (split_mix(&mut self.random) % *max as u64) as usize,
            BlockSizes::Cycle(sizes) => {
                let size = sizes[self.index % sizes.len()];
                self.index += 1;
                size
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What came out of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutput {
    /// Output audio by port, channel and sample.
    pub outputs: Vec<Vec<Vec<f32>>>,
    /// Output events in the order they were sent; offsets count from the start of the run.
    pub events: Vec<Event>,
    /// Answer to the last block that was processed.
    pub last_status: Option<Status>,
    /// Blocks in the run.
    pub blocks: u64,
    /// Blocks left out while the plug-in slept; 0 unless [`Run::honour_sleep`] was chosen.
    pub skipped_blocks: u64,
}

impl RunOutput {
    /// Channels of the first output port; empty if there is none.
    pub fn main(&self) -> &[Vec<f32>] {
        self.outputs.first().map_or(&[], Vec::as_slice)
    }
}

/// Where the transport comes from.
enum TransportSource<'a> {
    None,
    /// Stands here at the start and moves on by itself.
    From(Transport),
    /// Is asked at each block's first sample.
    At(Box<dyn FnMut(u64) -> Option<Transport> + 'a>),
}

impl TransportSource<'_> {
    fn at_sample(&mut self, sample: u64, sample_rate: f64) -> Option<Transport> {
        match self {
            TransportSource::None => None,
            TransportSource::From(start) => Some(start.advanced(sample, sample_rate)),
            TransportSource::At(ask) => ask(sample),
        }
    }
}

/// A recording on its way through a plug-in. Built with its methods, started with [`Run::go`].
///
/// ```no_run
/// # use dendrite_host::{BlockSizes, HostError, Plugin, Run, Transport};
/// # fn main() -> Result<(), HostError> {
/// let mut plugin = Plugin::load("target/bundled/dendrite.clap".as_ref(), None)?;
/// let song = vec![vec![0.0; 48_000], vec![0.0; 48_000]];
/// let heard = Run::new(&mut plugin)
///     .sample_rate(48_000.0)
///     .block_sizes(BlockSizes::Fixed(64))
///     .input(&song)
///     .transport(Transport::playing(120.0, (4, 4)))
///     .go()?;
/// assert_eq!(heard.main(), song);
/// # Ok(()) }
/// ```
pub struct Run<'a> {
    plugin: &'a mut Plugin,
    sample_rate: f64,
    sizes: BlockSizes,
    inputs: [&'a [Vec<f32>]; 2],
    length: Option<usize>,
    events: &'a [Event],
    transport: TransportSource<'a>,
    sleep: Option<SleepManner>,
    continue_at: Option<u64>,
    progress: Option<Box<dyn FnMut(u64) + 'a>>,
}

impl<'a> Run<'a> {
    /// A run at 48 kHz in blocks of 512 samples, without input, events and transport.
    pub fn new(plugin: &'a mut Plugin) -> Self {
        Self {
            plugin,
            sample_rate: 48_000.0,
            sizes: BlockSizes::Fixed(512),
            inputs: [&[], &[]],
            length: None,
            events: &[],
            transport: TransportSource::None,
            sleep: None,
            continue_at: None,
            progress: None,
        }
    }

    /// Sample rate in Hz.
    pub fn sample_rate(mut self, sample_rate: f64) -> Self {
        self.sample_rate = sample_rate;
        self
    }

    /// How to cut the run into blocks.
    pub fn block_sizes(mut self, sizes: BlockSizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// Channels of the main input, all of one length, which is the length of the run. Empty leaves it unconnected.
    pub fn input(mut self, channels: &'a [Vec<f32>]) -> Self {
        self.inputs[0] = channels;
        self
    }

    /// Channels of the second input port, a sidechain. They are cut, or filled up with silence, to the run's length.
    pub fn sidechain(mut self, channels: &'a [Vec<f32>]) -> Self {
        self.inputs[1] = channels;
        self
    }

    /// Length in samples; the input is cut, or filled up with silence.
    pub fn length(mut self, samples: usize) -> Self {
        self.length = Some(samples);
        self
    }

    /// Events to send, sorted by their offset from the start of the run.
    pub fn events(mut self, events: &'a [Event]) -> Self {
        self.events = events;
        self
    }

    /// The transport at the start of the run; it moves on by itself while it plays.
    pub fn transport(mut self, start: Transport) -> Self {
        self.transport = TransportSource::From(start);
        self
    }

    /// The transport as a function of the block's first sample, for jumps and tempo changes.
    pub fn transport_at(mut self, transport: impl FnMut(u64) -> Option<Transport> + 'a) -> Self {
        self.transport = TransportSource::At(Box::new(transport));
        self
    }

    /// Lets the plug-in sleep when it may.
    pub fn honour_sleep(mut self, manner: SleepManner) -> Self {
        self.sleep = Some(manner);
        self
    }

    /// Goes on with the plug-in's current activation instead of activating it anew; `steady_time` is the number of
    /// samples it has processed since.
    pub fn continuing(mut self, steady_time: u64) -> Self {
        self.continue_at = Some(steady_time);
        self
    }

    /// Called after each block with the number of samples done.
    pub fn on_progress(mut self, progress: impl FnMut(u64) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Processes everything. The plug-in stays active afterwards.
    ///
    /// # Errors
    /// Those of [`Plugin::activate`] and [`Plugin::process`], and for block sizes that lead nowhere, channels of
    /// different length or unsorted events.
    pub fn go(mut self) -> Result<RunOutput, HostError> {
        let largest = self.check()?;
        let length = self.samples();
        if self.continue_at.is_none() {
            self.plugin.activate(self.sample_rate, largest as u32)?;
        }
        let steady_start = self.continue_at.unwrap_or(0);
        let ports = self.plugin.audio_ports();
        let mut outputs: Vec<Vec<Vec<f32>>> =
            ports.outputs.iter().map(|port| vec![vec![0.0; length]; port.channels as usize]).collect();
        let padded = self.inputs.map(|channels| pad(channels, length));

        let mut lengths = BlockLengths::new(self.sizes.clone());
        let mut sleep = self.sleep.map(HonoursSleep::new);
        let mut heard = RunOutput {
            outputs: Vec::new(),
            events: Vec::new(),
            last_status: None,
            blocks: 0,
            skipped_blocks: 0,
        };
        let (mut block_in, mut block_out) = (Vec::new(), Vec::new());
        let (mut start, mut next_event) = (0, 0);
        while start < length {
            let frames = lengths.next().min(length - start);
            let end = start + frames;
            block_in.clear();
            while let Some(event) = self.events.get(next_event).filter(|event| (event.offset as usize) < end)
            {
                block_in.push(Event { offset: event.offset - start as u32, kind: event.kind });
                next_event += 1;
            }
            let cut: Vec<Vec<&[f32]>> =
                padded.iter().map(|port| port.iter().map(|channel| &channel[start..end]).collect()).collect();
            let inputs: Vec<&[&[f32]]> = cut.iter().take(ports.inputs.len()).map(Vec::as_slice).collect();
            let mut cut_out: Vec<Vec<&mut [f32]>> = outputs
                .iter_mut()
                .map(|port| port.iter_mut().map(|channel| &mut channel[start..end]).collect())
                .collect();
            let mut out: Vec<&mut [&mut [f32]]> = cut_out.iter_mut().map(Vec::as_mut_slice).collect();
            let mut block = Block {
                inputs: &inputs,
                outputs: &mut out,
                frames,
                transport: self.transport.at_sample(start as u64, self.sample_rate),
                events_in: &block_in,
                events_out: &mut block_out,
                steady_time: steady_start + start as u64,
            };
            let status = match &mut sleep {
                Some(sleep) => sleep.process(self.plugin, &mut block)?,
                None => Some(self.plugin.process(&mut block)?),
            };
            heard.last_status = status.or(heard.last_status);
            heard.blocks += 1;
            let from_start =
                |event: &Event| Event { offset: event.offset.saturating_add(start as u32), kind: event.kind };
            heard.events.extend(block_out.iter().map(from_start));
            start = end;
            if let Some(progress) = &mut self.progress {
                progress(start as u64);
            }
        }
        heard.outputs = outputs;
        heard.skipped_blocks = sleep.map_or(0, |sleep| sleep.skipped_blocks());
        Ok(heard)
    }

    fn samples(&self) -> usize {
        self.length.unwrap_or_else(|| self.inputs[0].first().map_or(0, Vec::len))
    }

    fn check(&self) -> Result<usize, HostError> {
        let bad = |what: &str, expected: &str, got: String| {
            Err(HostError::BadArgument { what: what.to_owned(), expected: expected.to_owned(), got })
        };
        let largest = self.sizes.largest();
        if largest == 0 || u32::try_from(largest).is_err() {
            return bad("block sizes", "at least one between 1 and 2147483647", format!("{:?}", self.sizes));
        }
        for channels in self.inputs {
            if let Some(odd) = channels.iter().find(|channel| channel.len() != channels[0].len()) {
                return bad(
                    "input channel",
                    &format!("{} samples like the first", channels[0].len()),
                    odd.len().to_string(),
                );
            }
        }
        if u32::try_from(self.samples()).is_err() {
            return bad("length", "less than 2^32 samples (a day at 48 kHz)", self.samples().to_string());
        }
        if !is_sorted(self.events) {
            return bad("events", "sorted by offset", "an earlier one after a later one".to_owned());
        }
        Ok(largest)
    }
}

/// The channels at the run's length.
fn pad(channels: &[Vec<f32>], length: usize) -> Vec<std::borrow::Cow<'_, [f32]>> {
    channels
        .iter()
        .map(|channel| {
            if channel.len() >= length {
                (&channel[..length]).into()
            } else {
                let mut longer = channel.clone();
                longer.resize(length, 0.0);
                longer.into()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(sizes: BlockSizes, count: usize) -> Vec<usize> {
        let mut lengths = BlockLengths::new(sizes);
        (0..count).map(|_| lengths.next()).collect()
    }

    #[test]
    fn random_lengths_are_repeatable_and_cover_their_range() {
        let lengths = take(BlockSizes::Random(7, 16), 1000);
        assert_eq!(lengths, take(BlockSizes::Random(7, 16), 1000));
        assert_ne!(lengths, take(BlockSizes::Random(8, 16), 1000));
        // 1000 draws miss a given one of 16 values with probability (15/16)^1000 < 1e-27.
        assert!(
            (1..=16).all(|size| lengths.contains(&size))
                && lengths.iter().all(|size| (1..=16).contains(size))
        );
    }

    #[test]
    fn cycles_repeat_and_may_have_empty_blocks() {
        assert_eq!(take(BlockSizes::Cycle(vec![3, 0, 5]), 5), [3, 0, 5, 3, 0]);
    }

    #[test]
    fn padding_fills_with_silence_and_cuts() {
        let channels = [vec![1.0, 2.0, 3.0]];
        assert_eq!(pad(&channels, 5)[0][..], [1.0, 2.0, 3.0, 0.0, 0.0]);
        assert_eq!(pad(&channels, 2)[0][..], [1.0, 2.0]);
    }
}
