//! From the host's sample rate to 48 kHz, in fixed chunks through a FIFO.
//!
//! ```text
//! host samples ─> chunk of CHUNK ─> sinc interpolation (rubato) ─> FIFO of 48 kHz samples ─> hops of 1,024
//!                 at fixed host samples, whatever the block sizes are
//! ```
//!
//! 48 kHz sample `i` holds the sound of host time `i / 48000` s (to within half a 48 kHz sample): the filter's own delay is
//! taken off, and [`Resampler::delay`] says how much later, in host samples, a hop is there for certain.

use rubato::audioadapter_buffers::direct::SequentialSliceOfSlices;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use crate::{HOP_LENGTH, SAMPLE_RATE};

/// Host samples that are resampled at a time at 48 kHz and below; more at higher rates, so that a chunk stays about 1.3 ms.
const CHUNK: usize = 64;
/// Length of the interpolation filter in periods of the lower of the two rates.
const FILTER_PERIODS: f64 = 96.0;
/// Points of the filter table per input sample, with linear interpolation between them (error below -100 dB).
const TABLE_POINTS: usize = 256;

/// A host sample rate that the resampler does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sample rate {rate} Hz is outside {min} ... {max} Hz: choose a rate in that range in the host", min = Resampler::MIN_RATE, max = Resampler::MAX_RATE)]
pub struct RateError {
    /// The rate that was asked for, in Hz.
    pub rate: u32,
}

/// Streaming resampler from one host rate to 48 kHz, mono.
///
/// At 48 kHz samples pass through untouched and without delay. Nothing allocates after [`new`](Self::new).
pub struct Resampler {
    host_rate: u32,
    kernel: Option<Kernel>,
    fifo: Fifo,
}

/// The interpolation of a rate other than 48 kHz.
struct Kernel {
    sinc: Async<f32>,
    chunk: Vec<f32>,
    chunk_fill: usize,
    out: Vec<f32>,
    /// 48 kHz samples of filter delay that are still to be dropped.
    to_drop: usize,
    delay_out: usize,
    delay_in: u64,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("host_rate", &self.host_rate).field("delay", &self.delay()).finish()
    }
}

impl Resampler {
    /// Lowest host rate in Hz.
    pub const MIN_RATE: u32 = 8_000;
    /// Highest host rate in Hz.
    pub const MAX_RATE: u32 = 384_000;

    /// A resampler from `host_rate` (8 - 384 kHz) to 48 kHz.
    pub fn new(host_rate: u32) -> Result<Self, RateError> {
        if !(Self::MIN_RATE..=Self::MAX_RATE).contains(&host_rate) {
            return Err(RateError { rate: host_rate });
        }
        let kernel = if host_rate == SAMPLE_RATE { None } else { Some(Kernel::new(host_rate)?) };
        // A hop that waits to be taken, one that is being written and the burst of one chunk.
        let capacity = 3 * HOP_LENGTH + kernel.as_ref().map_or(0, |k| k.out.len());
        Ok(Self { host_rate, kernel, fifo: Fifo::new(capacity) })
    }

    /// The stated delay D in host samples: after `ceil(n * host_rate / 48000) + D` host samples at least `n` samples of
    /// 48 kHz have come out. 0 at 48 kHz.
    pub fn delay(&self) -> u64 {
        self.kernel.as_ref().map_or(0, |kernel| kernel.delay_in)
    }

    /// The host rate in Hz.
    pub fn host_rate(&self) -> u32 {
        self.host_rate
    }

    /// Takes host samples, any number at a time; NaN and infinities count as 0.
    pub fn push(&mut self, samples: &[f32]) {
        let Self { kernel, fifo, .. } = self;
        let Some(kernel) = kernel else {
            fifo.append(samples);
            return;
        };
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(kernel.chunk.len() - kernel.chunk_fill));
            kernel.chunk[kernel.chunk_fill..kernel.chunk_fill + now.len()].copy_from_slice(now);
            kernel.chunk_fill += now.len();
            rest = later;
            if kernel.chunk_fill == kernel.chunk.len() {
                fifo.append(kernel.resample());
            }
        }
    }

    /// 48 kHz samples that wait to be taken.
    pub fn available(&self) -> usize {
        self.fifo.len
    }

    /// Takes the next hop of 48 kHz samples. Where fewer than 1,024 are there (never at or after a boundary of
    /// [`HopClock`](crate::HopClock)) the rest is zeros and false comes back.
    pub fn take_hop(&mut self, hop: &mut [f32; HOP_LENGTH]) -> bool {
        self.fifo.take(hop) == HOP_LENGTH
    }

    /// Back to the state after [`new`](Self::new).
    pub fn reset(&mut self) {
        self.fifo.clear();
        if let Some(kernel) = &mut self.kernel {
            kernel.sinc.reset();
            kernel.chunk_fill = 0;
            kernel.to_drop = kernel.delay_out;
        }
    }
}

/// A ring of samples; one that is never read loses the oldest samples, not memory.
struct Fifo {
    ring: Vec<f32>,
    start: usize,
    len: usize,
}

impl Fifo {
    fn new(capacity: usize) -> Self {
        Self { ring: vec![0.0; capacity], start: 0, len: 0 }
    }

    fn append(&mut self, samples: &[f32]) {
        for &sample in samples {
            let end = self.start + self.len;
            let end = if end >= self.ring.len() { end - self.ring.len() } else { end };
            self.ring[end] = if sample.is_finite() { sample } else { 0.0 };
            if self.len < self.ring.len() {
                self.len += 1;
            } else {
                self.start = if end + 1 == self.ring.len() { 0 } else { end + 1 };
            }
        }
    }

    /// Moves the oldest samples out, zeros behind them; returns how many there were.
    fn take(&mut self, out: &mut [f32]) -> usize {
        let taken = out.len().min(self.len);
        let to_end = taken.min(self.ring.len() - self.start);
        out[..to_end].copy_from_slice(&self.ring[self.start..self.start + to_end]);
        out[to_end..taken].copy_from_slice(&self.ring[..taken - to_end]);
        out[taken..].fill(0.0);
        self.len -= taken;
        self.start = (self.start + taken) % self.ring.len();
        taken
    }

    fn clear(&mut self) {
        self.start = 0;
        self.len = 0;
    }
}

impl Kernel {
    fn new(host_rate: u32) -> Result<Self, RateError> {
        let ratio = f64::from(SAMPLE_RATE) / f64::from(host_rate);
        let down = (1.0 / ratio).max(1.0);
        let length = ((FILTER_PERIODS * down / 8.0).ceil() * 8.0) as usize;
        let chunk = ((CHUNK as f64 * down) as usize).next_power_of_two();
        let parameters = SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2)
            .oversampling_factor(TABLE_POINTS)
            .interpolation(SincInterpolationType::Linear);
        let sinc = Async::<f32>::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
            .map_err(|_| RateError { rate: host_rate })?;
        // The filter's centre lags by half its length, and the first output already stands one step behind its start.
        let delay_out = (length as f64 / 2.0 * ratio - 1.0).round().max(0.0) as usize;
        // A sample waits for its chunk to fill and for the filter's second half to be there; two more for the sample that
        // is rounded away at each end and for the half 48 kHz sample of the delay's own rounding, at rates below too.
        let delay_in = (chunk + length / 2) as u64 + 3;
        Ok(Self {
            out: vec![0.0; sinc.output_frames_max()],
            sinc,
            chunk: vec![0.0; chunk],
            chunk_fill: 0,
            to_drop: delay_out,
            delay_out,
            delay_in,
        })
    }

    /// Resamples the full chunk and empties it; returns what is left after the filter's delay is dropped.
    fn resample(&mut self) -> &[f32] {
        self.chunk_fill = 0;
        for sample in &mut self.chunk {
            // One NaN would stay in the filter's history for as long as the filter is.
            *sample = if sample.is_finite() { *sample } else { 0.0 };
        }
        let input: [&[f32]; 1] = [&self.chunk];
        let capacity = self.out.len();
        let mut output: [&mut [f32]; 1] = [&mut self.out];
        let input = SequentialSliceOfSlices::new(&input, 1, self.chunk.len());
        let output = SequentialSliceOfSlices::new_mut(&mut output, 1, capacity);
        let produced = match (input, output) {
            (Ok(input), Ok(mut output)) => {
                self.sinc.process_into_buffer(&input, &mut output, None).map_or(0, |(_, produced)| produced)
            }
            _ => 0,
        };
        let dropped = produced.min(self.to_drop);
        self.to_drop -= dropped;
        &self.out[dropped..produced]
    }
}
