//! The CPU meter: how much of a block's time the plug-in takes, and how large the host's blocks are.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atomic_float::AtomicF32;

/// Time in seconds after which the mean has forgotten a block by 63 %.
const MEAN_TIME_S: f32 = 1.0;

/// Time in seconds after which the worst block has fallen by 63 %.
const WORST_TIME_S: f32 = 5.0;

/// Time in seconds for which a large block is remembered.
const LARGEST_TIME_S: f32 = 5.0;

/// Load of the audio thread as shares of real time, 1 = all of it. Written by the audio thread, read by the editor: each
/// value alone is enough for a reading, so relaxed atomics suffice.
#[derive(Debug, Default)]
pub struct CpuMeter {
    mean: AtomicF32,
    worst: AtomicF32,
    /// Samples of the largest recent block, and seconds of sound since it.
    largest: AtomicU32,
    since_s: AtomicF32,
}

impl CpuMeter {
    /// Accounts for one block of `frames` samples that took `busy`. Does not allocate.
    pub fn block(&self, frames: usize, sample_rate: f32, busy: Duration) {
        let block_s = frames as f32 / sample_rate;
        // A zero-length block has no share of real time.
        if block_s > 0.0 && block_s.is_finite() {
            let load = busy.as_secs_f32() / block_s;
            let mean = self.mean.load(Ordering::Relaxed);
            self.mean.store(mean + (load - mean) * (1.0 - (-block_s / MEAN_TIME_S).exp()), Ordering::Relaxed);
            let worst = self.worst.load(Ordering::Relaxed) * (-block_s / WORST_TIME_S).exp();
            self.worst.store(worst.max(load), Ordering::Relaxed);

            let frames = u32::try_from(frames).unwrap_or(u32::MAX);
            let since_s = self.since_s.load(Ordering::Relaxed) + block_s;
            if frames >= self.largest.load(Ordering::Relaxed) || since_s > LARGEST_TIME_S {
                self.largest.store(frames, Ordering::Relaxed);
                self.since_s.store(0.0, Ordering::Relaxed);
            } else {
                self.since_s.store(since_s, Ordering::Relaxed);
            }
        }
    }

    /// Mean load over about a second.
    pub fn mean(&self) -> f32 {
        self.mean.load(Ordering::Relaxed)
    }

    /// Load of the worst recent block.
    pub fn worst(&self) -> f32 {
        self.worst.load(Ordering::Relaxed)
    }

    /// Samples of the largest recent block; 0 before the first.
    pub fn largest_block(&self) -> u32 {
        self.largest.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_approaches_a_steady_load_and_the_worst_block_stands_out() {
        let meter = CpuMeter::default();
        let block = Duration::from_secs_f64(480.0 / 48_000.0);
        meter.block(480, 48_000.0, block / 2);
        for _ in 0..1000 {
            meter.block(480, 48_000.0, block / 10);
        }
        // 10 s are ten time constants: e^-10 of the first block is left.
        assert!((meter.mean() - 0.1).abs() < 1e-3);
        // 0.5 e^(-10/5) = 0.068 has fallen below the steady load.
        assert!((meter.worst() - 0.1).abs() < 1e-3);
        meter.block(0, 48_000.0, block);
        assert!(meter.worst() < 0.2);
    }

    #[test]
    fn the_largest_block_is_remembered_for_a_while() {
        let meter = CpuMeter::default();
        assert_eq!(meter.largest_block(), 0);
        let block = |frames: usize| meter.block(frames, 48_000.0, Duration::from_micros(10));
        for _ in 0..100 {
            block(64);
            block(512);
            block(17);
        }
        assert_eq!(meter.largest_block(), 512);
        // 4 s later it still counts, 6 s later the smaller ones do.
        (0..4 * 750).for_each(|_| block(64));
        assert_eq!(meter.largest_block(), 512);
        (0..2 * 750).for_each(|_| block(64));
        assert_eq!(meter.largest_block(), 64);
    }
}
