//! The mel filter bank: 128 triangles of height 1 on the Slaney scale from 0 to 24 kHz.
//!
//! Source: `librosa.filters.mel(sr=48000, n_fft=4096, n_mels=128, htk=False, norm=None)`; the scale is linear below 1 kHz
//! and logarithmic above (Slaney, Auditory Toolbox, 1998).

use crate::spectrum::sum_pairs;
use crate::{N_BINS, N_FFT, N_MEL, SAMPLE_RATE};

/// Hz per mel below the break of the scale.
const HZ_PER_MEL: f64 = 200.0 / 3.0;
/// The scale turns logarithmic here.
const BREAK_HZ: f64 = 1_000.0;
const BREAK_MEL: f64 = BREAK_HZ / HZ_PER_MEL;
/// Natural logarithm of the frequency ratio of one mel above the break: 27 mels for a factor of 6.4.
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < BREAK_HZ { hz / HZ_PER_MEL } else { BREAK_MEL + (hz / BREAK_HZ).ln() / log_step() }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < BREAK_MEL { mel * HZ_PER_MEL } else { BREAK_HZ * ((mel - BREAK_MEL) * log_step()).exp() }
}

/// Corner frequencies of the triangles in Hz: band `m` rises from `[m]` over `[m + 1]` to `[m + 2]`.
fn corners_hz() -> [f64; N_MEL + 2] {
    let top = hz_to_mel(f64::from(SAMPLE_RATE) / 2.0);
    std::array::from_fn(|i| mel_to_hz(top * i as f64 / (N_MEL + 1) as f64))
}

/// Centre frequency of each band in Hz.
pub fn mel_centres_hz() -> [f64; N_MEL] {
    let corners = corners_hz();
    std::array::from_fn(|m| corners[m + 1])
}

/// Maps decibels in -80..0 (clamped) to 0..1, as the mel vector does.
pub fn db_to_unit(db: f32) -> f32 {
    (db.clamp(-80.0, 0.0) + 80.0) / 80.0
}

/// The filter bank as runs of weights: band `m` covers `bins[m]`, its weights lie one after the other.
#[derive(Clone, Debug)]
pub(crate) struct MelBank {
    starts: [usize; N_MEL],
    offsets: [usize; N_MEL + 1],
    weights: Vec<f32>,
}

impl MelBank {
    pub(crate) fn new() -> Self {
        let corners = corners_hz();
        let mut starts = [0; N_MEL];
        let mut offsets = [0; N_MEL + 1];
        let mut weights = Vec::new();
        for m in 0..N_MEL {
            let (low, centre, high) = (corners[m], corners[m + 1], corners[m + 2]);
            let mut first = None;
            for bin in 0..N_BINS {
                let hz = bin as f64 * f64::from(SAMPLE_RATE) / N_FFT as f64;
                let weight = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
                if weight > 0.0 {
                    first.get_or_insert(bin);
                    weights.push(weight as f32);
                }
            }
            starts[m] = first.unwrap_or(0);
            offsets[m + 1] = weights.len();
        }
        Self { starts, offsets, weights }
    }

    /// Power in band `m` of a power spectrum of [`N_BINS`] bins.
    #[inline(always)]
    pub(crate) fn band(&self, m: usize, power: &[f32; N_BINS]) -> f32 {
        let weights = &self.weights[self.offsets[m]..self.offsets[m + 1]];
        let bins = &power[self.starts[m]..self.starts[m] + weights.len()];
        sum_pairs::<8>(weights, bins, |w, p| w * p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_its_own_inverse() {
        for hz in [0.0, 55.0, 999.0, 1_000.0, 1_001.0, 24_000.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-9);
        }
    }

    #[test]
    fn every_band_has_bins() {
        let bank = MelBank::new();
        for m in 0..N_MEL {
            assert!(bank.offsets[m + 1] > bank.offsets[m], "band {m} is empty");
        }
    }
}
