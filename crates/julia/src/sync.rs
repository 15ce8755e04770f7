//! The sync score: how well the picture's change follows the music's onsets.
//!
//! ```text
//! onset strength per hop ──────────────────────────────────────────────┐
//! c per hop ─ 320 x 180 neutral frames ─ mean |luminance change| ──────┴─> Pearson r at the best lag within ±60 ms
//!                                                                          and its chance level, by circular shifts
//! ```

use crate::{
    Look, Reaction, Scene,
    cpu::{Antialias, Renderer},
    metrics, scene,
};

/// Hops per second: 48,000 / 1,024.
pub const HOP_RATE: f64 = 48_000.0 / 1024.0;

/// Largest lag considered, in hops: 2 hops are 43 ms, 3 would be 64 ms and exceed ±60 ms.
pub const MAX_LAG_HOPS: i32 = (0.060 * HOP_RATE) as i32;

/// Size of the frames that are compared, in pixels.
pub const FRAME_SIZE: (u32, u32) = (320, 180);

/// Shifts that make the chance level.
const SHIFTS: usize = 200;

/// The result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyncScore {
    /// Pearson correlation at the best lag, -1 ..= 1; 0 when either series is constant.
    pub r: f32,
    /// The best lag, in hops: positive when the picture follows the music.
    pub lag_hops: i32,
    /// 95th percentile of the same score over circular shifts of the picture by at least 2 s: what chance reaches.
    pub chance_95: f32,
    /// Number of frames that were compared, silent ones left out.
    pub frames: usize,
}

/// Scores `change` (mean absolute luminance change per hop) against `onset` (onset strength per hop).
///
/// Hop k is left out where `silent[k]`; a lagged pair is left out where either of its hops is silent. Series of
/// different lengths are compared over the shortest; hops without an entry in `silent` count as sounding. Values that
/// are not finite count as 0. Allocates.
pub fn sync_score(onset: &[f32], change: &[f32], silent: &[bool]) -> SyncScore {
    let length = onset.len().min(change.len());
    let clean = |series: &[f32]| -> Vec<f64> {
        series[..length].iter().map(|&v| if v.is_finite() { f64::from(v) } else { 0.0 }).collect()
    };
    let (onset, change) = (clean(onset), clean(change));
    let sounding: Vec<bool> = (0..length).map(|k| !silent.get(k).copied().unwrap_or(false)).collect();

    let (r, lag_hops) = best_lag(&onset, &change, &sounding);
    let frames = sounding.iter().filter(|&&s| s).count();

    // The shift moves the sounding part of the picture against the sounding part of the music, so that silence does
    // not thin it out.
    let onset: Vec<f64> = keep(&onset, &sounding);
    let change: Vec<f64> = keep(&change, &sounding);
    let all = vec![true; frames];
    let guard = (2.0 * HOP_RATE) as usize;
    let span = frames.saturating_sub(2 * guard);
    let mut chance: Vec<f64> = (0..SHIFTS.min(span))
        .map(|k| {
            let mut shifted = change.clone();
            shifted.rotate_left(guard + k * span / SHIFTS.min(span));
            best_lag(&onset, &shifted, &all).0
        })
        .collect();
    chance.sort_by(f64::total_cmp);
    let chance_95 = chance.get(chance.len() * 95 / 100).copied().unwrap_or(0.0);
    SyncScore { r: r as f32, lag_hops, chance_95: chance_95 as f32, frames }
}

fn keep(series: &[f64], mask: &[bool]) -> Vec<f64> {
    series.iter().zip(mask).filter(|&(_, &m)| m).map(|(&v, _)| v).collect()
}

/// The largest correlation over the lags, the smaller lag first among equals.
fn best_lag(onset: &[f64], change: &[f64], sounding: &[bool]) -> (f64, i32) {
    let mut best = (f64::NEG_INFINITY, 0);
    for distance in 0..=MAX_LAG_HOPS {
        for lag in if distance == 0 { vec![0] } else { vec![distance, -distance] } {
            let r = correlation(onset, change, sounding, lag);
            if r > best.0 {
                best = (r, lag);
            }
        }
    }
    best
}

/// Pearson correlation of onset[k] and change[k + lag] over the sounding pairs; 0 where it is not defined.
fn correlation(onset: &[f64], change: &[f64], sounding: &[bool], lag: i32) -> f64 {
    let offset = lag.unsigned_abs() as usize;
    let (skip_onset, skip_change) = if lag >= 0 { (0, offset) } else { (offset, 0) };
    let pairs = || {
        let a = onset.iter().zip(sounding).skip(skip_onset);
        let b = change.iter().zip(sounding).skip(skip_change);
        a.zip(b).filter(|((_, sa), (_, sb))| **sa && **sb).map(|((a, _), (b, _))| (*a, *b))
    };
    let count = pairs().count() as f64;
    if count < 2.0 {
        return 0.0;
    }
    let (sum_a, sum_b) = pairs().fold((0.0, 0.0), |(sa, sb), (a, b)| (sa + a, sb + b));
    let (mean_a, mean_b) = (sum_a / count, sum_b / count);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs() {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    // Below 1e-18 the variance is rounding noise of a constant series.
    if aa < 1e-18 || bb < 1e-18 { 0.0 } else { ab / (aa * bb).sqrt() }
}

/// Renders `c`, one per hop, in the neutral look and measures the pictures.
///
/// Returns the mean absolute luminance change of each frame from the one before (0 for the first) and each frame's
/// mean luminance, both as long as `c`. Uses the current rayon pool; allocates.
pub fn change_series(c: impl Iterator<Item = [f64; 2]>) -> (Vec<f32>, Vec<f32>) {
    let look = Look::neutral();
    measure(c.map(|c| scene(c, &look, &Reaction::default())))
}

/// [`change_series`] for any sequence of scenes.
pub fn measure(scenes: impl Iterator<Item = Scene>) -> (Vec<f32>, Vec<f32>) {
    let (width, height) = FRAME_SIZE;
    let pixels = (width * height) as usize;
    let mut renderer = Renderer::new();
    let mut picture = vec![0_u8; pixels * 4];
    let (mut before, mut now) = (vec![0.0_f32; pixels], vec![0.0_f32; pixels]);
    let (mut changes, mut means) = (Vec::new(), Vec::new());
    for scene in scenes {
        renderer
            .render(&scene, width, height, Antialias::None, &mut picture)
            .expect("the buffer was made for this size");
        for (v, luminance) in now.iter_mut().zip(metrics::luminances(&picture)) {
            *v = luminance;
        }
        let total: f64 = now.iter().map(|&v| f64::from(v)).sum();
        let change: f64 = now.iter().zip(&before).map(|(a, b)| f64::from((a - b).abs())).sum();
        changes.push(if means.is_empty() { 0.0 } else { (change / pixels as f64) as f32 });
        means.push((total / pixels as f64) as f32);
        std::mem::swap(&mut before, &mut now);
    }
    (changes, means)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reproducible series without structure.
    fn noise(length: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32
            })
            .collect()
    }

    #[test]
    fn finds_the_lag_of_a_delayed_copy() {
        let onset = noise(2000, 1);
        for lag in -MAX_LAG_HOPS..=MAX_LAG_HOPS {
            let change: Vec<f32> =
                (0..2000_i32).map(|k| onset[(k - lag).clamp(0, 1999) as usize] * 0.01 + 0.003).collect();
            let score = sync_score(&onset, &change, &[]);
            assert_eq!(score.lag_hops, lag);
            assert!(score.r > 0.999 && score.chance_95 < 0.1, "{score:?}");
            assert_eq!(score.frames, 2000);
        }
        assert_eq!(MAX_LAG_HOPS, 2);
    }

    #[test]
    fn unrelated_series_stay_at_chance() {
        let score = sync_score(&noise(3000, 1), &noise(3000, 99), &[]);
        // Three standard errors of r at 3,000 frames: 0.055; the best of five lags raises it a little.
        assert!(score.r.abs() < 0.08 && score.chance_95 < 0.08, "{score:?}");
    }

    #[test]
    fn silence_is_left_out() {
        let (mut onset, mut change) = (noise(1000, 5), noise(1000, 5));
        let mut silent = vec![false; 1000];
        for k in 300..600 {
            (onset[k], change[k], silent[k]) = (0.0, 1.0, true);
        }
        let score = sync_score(&onset, &change, &silent);
        assert_eq!(score.frames, 700);
        assert!(score.r > 0.999, "{score:?}");
        assert!(sync_score(&onset, &change, &[]).r < 0.5);
    }

    #[test]
    fn degenerate_input_scores_zero() {
        for (onset, change) in [(vec![], vec![]), (vec![1.0], vec![1.0]), (vec![0.5; 500], noise(500, 3))] {
            assert_eq!(sync_score(&onset, &change, &[]).r, 0.0);
        }
        let score = sync_score(&[f32::NAN; 300], &[f32::INFINITY; 300], &[true; 300]);
        assert_eq!((score.r, score.frames), (0.0, 0));
    }

    #[test]
    fn a_still_c_changes_nothing() {
        let (change, mean) = change_series(std::iter::repeat_n([-0.1, 0.65], 3));
        assert_eq!(change, [0.0; 3]);
        assert_eq!(mean.len(), 3);
        assert!(mean[0] > metrics::DARK && mean[0] == mean[2]);
    }
}
