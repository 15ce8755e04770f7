//! Reading memory and doing nothing with it, the bound for everything that reads weights.

#![allow(clippy::needless_range_loop, reason = "loops with counts known to the compiler become registers")]

use super::generic::{LINE, Vector};

/// How [`super::Kernels::read`] goes through memory. Which way is the quickest depends on the processor, so benchmarks try all.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// From front to back, eight independent sums.
    Eight,
    /// From front to back, sixteen independent sums.
    Sixteen,
    /// The same, asking for lines ahead.
    SixteenAhead,
    /// Four quarters side by side, four independent sums each.
    FourStreams,
}

impl Reading {
    /// All ways.
    pub const ALL: [Reading; 4] =
        [Reading::Eight, Reading::Sixteen, Reading::SixteenAhead, Reading::FourStreams];
}

/// The sum of `count` values at `values`.
#[inline(always)]
pub(super) unsafe fn read<V: Vector>(values: *const f32, count: usize, reading: Reading) -> f32 {
    // SAFETY: the caller promises `count` values and that V's instructions exist.
    unsafe {
        match reading {
            Reading::Eight => read_streams::<V, 1, 8, 0>(values, count),
            Reading::Sixteen => read_streams::<V, 1, 16, 0>(values, count),
            Reading::SixteenAhead => read_streams::<V, 1, 16, 4096>(values, count),
            Reading::FourStreams => read_streams::<V, 4, 4, 0>(values, count),
        }
    }
}

/// Sums `STREAMS` parts of the memory side by side, each over `SUMS` independent vectors; asks for what lies
/// `DISTANCE` bytes further on, unless that is 0.
#[inline(always)]
unsafe fn read_streams<V: Vector, const STREAMS: usize, const SUMS: usize, const DISTANCE: usize>(
    values: *const f32,
    count: usize,
) -> f32 {
    // SAFETY: the caller promises `count` values and that V's instructions exist; all offsets of loads stay below
    // `count`, and a prefetch does not access memory.
    unsafe {
        let mut sums = [[V::splat(0.0); SUMS]; STREAMS];
        let step = SUMS * V::LANES;
        let part = count / STREAMS / step * step;
        let mut at = 0;
        while at < part {
            for stream in 0..STREAMS {
                let from = values.add(stream * part + at);
                for sum in 0..SUMS {
                    let from = from.add(sum * V::LANES);
                    if DISTANCE > 0 && (sum * V::LANES * size_of::<f32>()).is_multiple_of(LINE) {
                        V::prefetch(from.cast::<u8>().wrapping_add(DISTANCE));
                    }
                    sums[stream][sum] = sums[stream][sum].add(V::load(from));
                }
            }
            at += step;
        }
        let mut lanes = [0.0; super::LANES];
        let mut total = 0.0;
        for sum in sums.as_flattened() {
            sum.store(lanes.as_mut_ptr());
            total += lanes[..V::LANES].iter().sum::<f32>();
        }
        for rest in STREAMS * part..count {
            total += *values.add(rest);
        }
        total
    }
}
