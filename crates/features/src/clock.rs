//! The hop clock: at which host sample each analysis frame is complete, in exact rational arithmetic.

use crate::{HOP_LENGTH, SAMPLE_RATE};

/// Maps analysis frames to host samples without rounding drift.
///
/// Frame `k` is complete at host sample `ceil((k + 1) * 1024 * rate / 48000) + delay`, where `delay` is the resampler's
/// stated delay (0 at 48 kHz). Counting starts with the first sample after a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HopClock {
    host_rate: u32,
    delay: u64,
}

impl HopClock {
    /// A clock for a host rate in Hz and a resampler delay in host samples.
    pub fn new(host_rate: u32, delay: u64) -> Self {
        Self { host_rate, delay }
    }

    /// Host sample with which frame `frame` is complete.
    pub fn boundary(&self, frame: u64) -> u64 {
        let numerator = (u128::from(frame) + 1) * HOP_LENGTH as u128 * u128::from(self.host_rate);
        numerator.div_ceil(u128::from(SAMPLE_RATE)) as u64 + self.delay
    }

    /// The host rate in Hz.
    pub fn host_rate(&self) -> u32 {
        self.host_rate
    }

    /// The part of every boundary that the resampler asks for, in host samples.
    pub fn delay(&self) -> u64 {
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_48_khz_a_frame_is_complete_every_1024_samples() {
        let clock = HopClock::new(48_000, 0);
        assert_eq!(clock.boundary(0), 1_024);
        assert_eq!(clock.boundary(41), 42 * 1_024);
    }

    #[test]
    fn boundaries_do_not_drift_in_24_hours() {
        for rate in [8_000, 11_025, 44_100, 47_999, 48_000, 88_200, 96_000, 192_000, 384_000] {
            let clock = HopClock::new(rate, 7);
            // 24 h hold 4,050,000 hops exactly, so frame 4,049,999 ends with the last sample of the day.
            assert_eq!(clock.boundary(4_049_999), 86_400 * u64::from(rate) + 7, "rate {rate}");
            for frame in [0, 1, 2, 999, 4_049_998] {
                let exact = (frame + 1) as f64 * 1_024.0 * f64::from(rate) / 48_000.0;
                let found = (clock.boundary(frame) - 7) as f64;
                assert!(found >= exact && found < exact + 1.0, "rate {rate} frame {frame}");
            }
        }
    }
}
