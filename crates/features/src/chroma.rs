//! Pitch classes from spectral peaks at their instantaneous frequency.
//!
//! Bins are 11.7 Hz apart, while E2 and F2 are 4.9 Hz apart: the bin number alone cannot tell bass notes. The phase of a
//! peak advances between two hops by `2 pi f hop / rate`, which gives its frequency to a small fraction of a bin, without
//! ambiguity within two bins (Flanagan and Golden 1966, the phase vocoder). Where the last frame held nothing at that bin
//! (the first frames of a note) the peak of a parabola through the log magnitudes serves.

use realfft::num_complex::Complex32;

use crate::approximate::{atan2, log2};
use crate::{HOP_LENGTH, N_CHROMA, N_FFT, SAMPLE_RATE};

/// Hz per bin.
const BIN_HZ: f32 = SAMPLE_RATE as f32 / N_FFT as f32;
/// Range of the chroma in Hz: from A1 (55 Hz, with the half semitone below it that is still A) to 5 kHz.
const CHROMA_HZ: [f32; 2] = [53.434, 5_000.0];
/// Range of the bass chroma in Hz.
const BASS_HZ: [f32; 2] = [30.0, 250.0];
/// Bins that are looked at: peaks from bin 2 (23 Hz) to just above 5 kHz.
pub(crate) const CHROMA_BINS: usize = 432;
/// Peaks weaker than this share of the strongest peak's power (-50 dB) are left out.
const RELATIVE_FLOOR: f32 = 1e-5;
/// Peaks below -90 dBFS are left out.
const ABSOLUTE_FLOOR: f32 = 1e-9;
/// Phase is trusted only where the last frame had at least this share of the magnitude.
const PHASE_TRUST: f32 = 0.25;
/// Half the width of the main lobe in which a peak's frequency must lie, in bins.
const MAX_DEVIATION: f32 = 1.0;

/// Pitch classes of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Classes {
    pub chroma: [f32; N_CHROMA],
    pub bass: [f32; N_CHROMA],
}

/// Finds the peaks of a spectrum and folds their power onto pitch classes.
#[derive(Clone, Debug)]
pub(crate) struct ChromaFolder {
    last: [Complex32; CHROMA_BINS],
    last_magnitude: [f32; CHROMA_BINS],
    raw: Classes,
}

impl ChromaFolder {
    pub(crate) fn new() -> Self {
        Self {
            last: [Complex32::default(); CHROMA_BINS],
            last_magnitude: [0.0; CHROMA_BINS],
            raw: Classes::default(),
        }
    }

    /// Adds the peaks in `bins` (a part of `2..CHROMA_BINS - 1`) of a frame. `power` is in the mel vector's scale (a
    /// full-scale sine at a bin centre is 1); `strongest` is the largest power below [`CHROMA_BINS`].
    pub(crate) fn fold(
        &mut self,
        bins: std::ops::Range<usize>,
        spectrum: &[Complex32],
        magnitude: &[f32],
        power: &[f32],
        strongest: f32,
    ) {
        let floor = (strongest * RELATIVE_FLOOR).max(ABSOLUTE_FLOOR);
        // Which bins are peaks is found without a branch first: most are not, and a wrong guess costs more than the test.
        let mut peaks = [0_u16; CHROMA_BINS];
        let mut count = 0;
        for bin in bins {
            let is_peak =
                (power[bin] >= floor) & (power[bin] > power[bin - 1]) & (power[bin] >= power[bin + 1]);
            peaks[count] = bin as u16;
            count += usize::from(is_peak);
        }
        for &bin in &peaks[..count] {
            let bin = usize::from(bin);
            let centre = power[bin];
            let hz = (bin as f32 + self.deviation(bin, spectrum, magnitude)) * BIN_HZ;
            // The main lobe of the Hann window spreads a partial over its peak bin and the two beside it.
            let weight = centre + power[bin - 1] + power[bin + 1];
            let class = pitch_class(hz);
            if (CHROMA_HZ[0]..=CHROMA_HZ[1]).contains(&hz) {
                self.raw.chroma[class] += weight;
            }
            if (BASS_HZ[0]..=BASS_HZ[1]).contains(&hz) {
                self.raw.bass[class] += weight;
            }
        }
    }

    /// Ends a frame: the classes divided by their maximum, and the spectrum kept for the next frame's phases.
    pub(crate) fn finish(&mut self, spectrum: &[Complex32], magnitude: &[f32]) -> Classes {
        self.last.copy_from_slice(&spectrum[..CHROMA_BINS]);
        self.last_magnitude.copy_from_slice(&magnitude[..CHROMA_BINS]);
        let classes = Classes { chroma: normalised(&self.raw.chroma), bass: normalised(&self.raw.bass) };
        self.raw = Classes::default();
        classes
    }

    pub(crate) fn reset(&mut self) {
        self.last.fill(Complex32::default());
        self.last_magnitude.fill(0.0);
        self.raw = Classes::default();
    }

    /// How far the partial lies from its peak bin, in bins.
    fn deviation(&self, bin: usize, spectrum: &[Complex32], magnitude: &[f32]) -> f32 {
        if self.last_magnitude[bin] >= PHASE_TRUST * magnitude[bin] {
            // A partial at the bin centre turns by bin * 2 pi * hop / N_FFT, which with hop = N_FFT / 4 is a whole
            // number of quarter turns: multiplying by (-i)^bin takes it away exactly.
            const { assert!(HOP_LENGTH * 4 == N_FFT) };
            let advance = spectrum[bin] * self.last[bin].conj();
            let rest = match bin % 4 {
                0 => advance,
                1 => Complex32::new(advance.im, -advance.re),
                2 => -advance,
                _ => Complex32::new(-advance.im, advance.re),
            };
            let deviation =
                atan2(rest.im, rest.re) * (N_FFT as f32 / HOP_LENGTH as f32) / std::f32::consts::TAU;
            if deviation.abs() <= MAX_DEVIATION {
                return deviation;
            }
        }
        let [left, centre, right] =
            [-1_isize, 0, 1].map(|d| log2(magnitude[bin.saturating_add_signed(d)].max(1e-20)));
        let curvature = left - 2.0 * centre + right;
        if curvature < 0.0 { (0.5 * (left - right) / curvature).clamp(-0.5, 0.5) } else { 0.0 }
    }
}

/// Pitch class of a frequency, C = 0, for A4 = 440 Hz.
fn pitch_class(hz: f32) -> usize {
    let semitones_from_a = (12.0 * log2((hz / 440.0).max(f32::MIN_POSITIVE))).round() as i32;
    (semitones_from_a + 9).rem_euclid(12) as usize
}

fn normalised(values: &[f32; N_CHROMA]) -> [f32; N_CHROMA] {
    let max = values.iter().copied().fold(0.0, f32::max);
    if max > 0.0 { values.map(|v| v / max) } else { [0.0; N_CHROMA] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitch_classes_of_known_notes() {
        // Equal temperament, A4 = 440 Hz: E1 41.203, F2 87.307, C4 261.626, B3 246.942 Hz.
        for (hz, class) in [(41.203, 4), (87.307, 5), (261.626, 0), (246.942, 11), (440.0, 9), (4_978.0, 3)] {
            assert_eq!(pitch_class(hz), class, "{hz} Hz");
        }
    }
}
