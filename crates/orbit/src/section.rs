//! Sections: when the music's sound over seconds has become another one.
//!
//! ```text
//! texture per hop -> 32 bands -> blocks of 1/4 s -> mean of 2 s ----------------+
//!                                                -> mean, deviation of 12 s ----+-> novelty -> above the threshold for 1 s?
//!                                                threshold = max(floor, median + k MAD of 60 s of novelty)
//! ```
//! Novelty is how far the short mean lies from the long one in each band, in units of how much that band's blocks differ from
//! each other anyway: a band that comes and goes with each bar says little, one that was steady and is gone says much. All are
//! plain means of whole blocks, so that a loop no longer than 2 s leaves no ripple. After a section has been found the long window
//! starts anew from its first crossing: the new section is compared with itself.

use crate::median::RunningMedian;

/// Length of a texture: mel bands.
pub const TEXTURE_LEN: usize = 128;

/// Bands that are compared, each the mean of so many mel bands (ours): single mel bands move with every note.
const BANDS: usize = 32;
const MEL_IN_BAND: usize = TEXTURE_LEN / BANDS;

/// Deviation that every band has at least, in the mel's unit of 80 dB (ours).
const LEAST_DEVIATION: f32 = 0.02;

/// The short mean, seconds.
pub const SHORT_S: f64 = 2.0;

/// The long mean, seconds.
pub const LONG_S: f64 = 12.0;

/// How long novelty must stay above the threshold, seconds (ours).
pub const SUSTAIN_S: f64 = 1.0;

/// A section is dated at least this long after the last one, or after the start, seconds.
pub const SHORTEST_S: f64 = 8.0;

/// How far back the threshold's statistics look, seconds (ours).
pub const NOVELTY_MEMORY_S: f64 = 60.0;

/// Length of a block, seconds (ours).
const BLOCK_S: f64 = 0.25;

const SHORT_BLOCKS: usize = (SHORT_S / BLOCK_S) as usize;
const LONG_BLOCKS: usize = (LONG_S / BLOCK_S) as usize;
const SUSTAIN_BLOCKS: u32 = (SUSTAIN_S / BLOCK_S) as u32;
const SHORTEST_BLOCKS: u32 = (SHORTEST_S / BLOCK_S) as u32;

/// The long mean holds something to compare with from here on: twice the short one.
const LEAST_LONG_BLOCKS: usize = 2 * SHORT_BLOCKS;

/// Floor of the threshold and number of deviations at the lowest, the middle and the highest sensitivity (ours). Middle floors of 0.35
/// to 0.6 and 1.8 to 4.4 deviations were compared on 60 generated songs of the training split; 3 and 3.5 differ by less than songs
/// do. The lowest sensitivity finds few changes and hardly anything else, the highest some more and more that are none.
const FLOOR_RANGE: [f32; 3] = [1.0, 0.4, 0.25];
const DEVIATIONS_RANGE: [f32; 3] = [8.0, 3.0, 2.4];

/// Linear in each half of the sensitivity's range.
fn between([low, middle, high]: [f32; 3], sensitivity: f32) -> f32 {
    let along = 2.0 * sensitivity;
    if along <= 1.0 { low + (middle - low) * along } else { middle + (high - middle) * (along - 1.0) }
}

/// A section that has just been confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionChange {
    /// Hops since the first crossing of the threshold, which is the section's date.
    pub age_hops: u32,
}

/// Finds sections in a stream of textures. Does not allocate after construction.
#[derive(Clone, Debug)]
pub struct SectionDetector {
    block_hops: u32,
    /// Sum of the block that is being filled, and how many hops (silent ones included) and textures it has.
    block: Box<[f32; BANDS]>,
    hops_in_block: u32,
    textures_in_block: u32,
    /// The last 12 s as block means, oldest overwritten.
    ring: Box<[[f32; BANDS]; LONG_BLOCKS]>,
    next: usize,
    /// How many of the newest blocks the long mean takes in.
    long_blocks: usize,
    history: RunningMedian,
    novelty: f32,
    threshold: f32,
    /// Blocks since the last section's date or the start.
    since_last: u32,
    /// Blocks since the first crossing of the excursion that is under way, itself counted; 0 when there is none.
    above: u32,
}

impl SectionDetector {
    /// For hops of `hop_s` seconds.
    pub fn new(hop_s: f64) -> Self {
        Self {
            block_hops: ((BLOCK_S / hop_s).round() as u32).max(1),
            block: Box::new([0.0; BANDS]),
            hops_in_block: 0,
            textures_in_block: 0,
            ring: Box::new([[0.0; BANDS]; LONG_BLOCKS]),
            next: 0,
            long_blocks: 0,
            history: RunningMedian::new((NOVELTY_MEMORY_S / BLOCK_S) as usize),
            novelty: 0.0,
            threshold: FLOOR_RANGE[0],
            since_last: 0,
            above: 0,
        }
    }

    /// One hop's texture (128 mel bands; each 0 ... 1; what is missing or not finite counts as 0) at a sensitivity of 0 ... 1. The
    /// answer of the one hop in which a section is confirmed is `Some`.
    pub fn step(&mut self, texture: &[f32], sensitivity: f64) -> Option<SectionChange> {
        for (sum, bands) in self.block.iter_mut().zip(texture.chunks(MEL_IN_BAND)) {
            let level = |x: &f32| if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 };
            *sum += bands.iter().map(level).sum::<f32>() / MEL_IN_BAND as f32;
        }
        self.textures_in_block += 1;
        self.pass_hop(sensitivity)
    }

    /// A silent hop: time passes, the means stay those of the music.
    pub fn skip(&mut self, sensitivity: f64) -> Option<SectionChange> {
        self.pass_hop(sensitivity)
    }

    /// How far the short mean is from the long one, in deviations; renewed four times a second. 0 to 2.2: 2 s of 12 s cannot lie
    /// further from their mean than the square root of 5.
    pub fn novelty(&self) -> f32 {
        self.novelty
    }

    /// What novelty is compared with.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Forgets everything heard; the next section comes at least 8 s later.
    pub fn reset(&mut self) {
        self.block.fill(0.0);
        self.hops_in_block = 0;
        self.textures_in_block = 0;
        self.next = 0;
        self.long_blocks = 0;
        self.history.clear();
        self.novelty = 0.0;
        self.threshold = FLOOR_RANGE[0];
        self.since_last = 0;
        self.above = 0;
    }

    fn pass_hop(&mut self, sensitivity: f64) -> Option<SectionChange> {
        self.hops_in_block += 1;
        if self.hops_in_block < self.block_hops {
            return None;
        }
        self.hops_in_block = 0;
        self.since_last = self.since_last.saturating_add(1);
        let heard = std::mem::take(&mut self.textures_in_block);
        // A block with less than half its hops sounding is a pause or its edge.
        let counts = heard * 2 >= self.block_hops;
        if counts {
            let slot = &mut self.ring[self.next];
            for (mean, sum) in slot.iter_mut().zip(self.block.iter()) {
                *mean = sum / heard as f32;
            }
            self.next = (self.next + 1) % LONG_BLOCKS;
            self.long_blocks = (self.long_blocks + 1).min(LONG_BLOCKS);
        }
        self.block.fill(0.0);
        if counts { self.judge(sensitivity) } else { None }
    }

    fn judge(&mut self, sensitivity: f64) -> Option<SectionChange> {
        if self.long_blocks < LEAST_LONG_BLOCKS {
            self.novelty = 0.0;
            return None;
        }
        let sensitivity = if sensitivity.is_finite() { sensitivity.clamp(0.0, 1.0) as f32 } else { 0.5 };
        self.novelty = self.distance();
        let adaptive =
            self.history.median() + between(DEVIATIONS_RANGE, sensitivity) * self.history.deviation();
        self.threshold = between(FLOOR_RANGE, sensitivity).max(adaptive);
        self.history.push(self.novelty);
        if self.novelty <= self.threshold {
            self.above = 0;
            return None;
        }
        // A crossing too early is no date; one that lasts until it is late enough is dated then.
        if self.above == 0 && self.since_last < SHORTEST_BLOCKS {
            return None;
        }
        self.above += 1;
        if self.above <= SUSTAIN_BLOCKS {
            return None;
        }
        let age_blocks = self.above - 1;
        self.above = 0;
        self.since_last = age_blocks;
        // The short mean crossed some blocks after the music changed; from the crossing on all blocks are new music.
        self.long_blocks = age_blocks as usize;
        Some(SectionChange { age_hops: age_blocks * self.block_hops })
    }

    /// The mean over the bands of the distance between the means of the newest 2 s and of everything in the long window, in
    /// deviations of the blocks there.
    fn distance(&self) -> f32 {
        let mut short = [0.0f32; BANDS];
        let mut long = [0.0f32; BANDS];
        let mut squares = [0.0f32; BANDS];
        for back in 0..self.long_blocks {
            let block = &self.ring[(self.next + LONG_BLOCKS - 1 - back) % LONG_BLOCKS];
            for (i, x) in block.iter().enumerate() {
                short[i] += if back < SHORT_BLOCKS { *x } else { 0.0 };
                long[i] += x;
                squares[i] += x * x;
            }
        }
        let count = self.long_blocks as f32;
        let distances = short.iter().zip(&long).zip(&squares).map(|((short, long), squares)| {
            let mean = long / count;
            let deviation = (squares / count - mean * mean).max(0.0).sqrt();
            (short / SHORT_BLOCKS as f32 - mean).abs() / (deviation + LEAST_DEVIATION)
        });
        distances.sum::<f32>() / BANDS as f32
    }
}
