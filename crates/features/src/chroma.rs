//! Pitch classes from spectral peaks at their instantaneous frequency.
//!
//! Bins are 11.7 Hz apart, while E2 and F2 are 4.9 Hz apart: the bin number alone cannot tell bass notes. The phase of a
//! peak advances between two hops by `2 pi f hop / rate`, which gives its frequency to a small fraction of a bin, without
//! ambiguity within two bins (Flanagan and Golden 1966, the phase vocoder). Where the last frame held nothing at that bin
//! (the first frames of a note) the peak of a parabola through the log magnitudes serves.
//!
//! A peak counts by the fourth root of its power, less the higher it lies: `power^0.25 (hz / 440)^-0.7`. Loud notes would
//! drown the others of a chord by their power, and overtones the notes that are not there; drums live below 100 Hz, where
//! the chroma listens less. By power itself the harmony model told 71 of 100 held-out chords; by this it tells 79
//! (`models/harmonypredictor.md`).

use realfft::num_complex::Complex32;

use crate::approximate::{atan2, log2};
use crate::{HOP_LENGTH, N_CHROMA, N_FFT, SAMPLE_RATE};

/// Hz per bin.
const BIN_HZ: f32 = SAMPLE_RATE as f32 / N_FFT as f32;
/// Range of the chroma in Hz: from A1 (55 Hz, with the half semitone below it that is still A) to 5 kHz.
const CHROMA_HZ: [f32; 2] = [53.434, 5_000.0];
/// Range of the bass chroma in Hz.
const BASS_HZ: [f32; 2] = [30.0, 250.0];
/// Slope of the weight of a peak over its frequency, and where the weight is 1.
const SLOPE: f64 = -0.7;
const UNIT_HZ: f64 = 440.0;
/// Below this the chroma's weight falls with the sixth power of the frequency; the bass chroma's does not.
const DRUMS_HZ: f64 = 100.0;
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

/// Most peaks that a frame can have: two are never neighbours.
const MAX_PEAKS: usize = CHROMA_BINS / 2;
/// (-i)^n.
const QUARTER_TURNS: [Complex32; 4] = [
    Complex32::new(1.0, 0.0),
    Complex32::new(0.0, -1.0),
    Complex32::new(-1.0, 0.0),
    Complex32::new(0.0, 1.0),
];

/// Pitch classes of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Classes {
    pub chroma: [f32; N_CHROMA],
    pub bass: [f32; N_CHROMA],
}

/// Finds the peaks of a spectrum and folds their weight onto pitch classes.
#[derive(Clone, Debug)]
pub(crate) struct ChromaFolder {
    last: [Complex32; CHROMA_BINS],
    last_magnitude: [f32; CHROMA_BINS],
    raw: Classes,
    /// Weights of a peak by its bin, in the chroma and in the bass chroma.
    weights: Box<[[f32; CHROMA_BINS]; 2]>,
    /// Kept between frames only so that it is not cleared for each.
    peaks: Box<Peaks>,
}

/// The weights of all bins; see the module's text.
fn weights() -> Box<[[f32; CHROMA_BINS]; 2]> {
    let mut weights = Box::new([[0.0; CHROMA_BINS]; 2]);
    for bin in 1..CHROMA_BINS {
        let hz = bin as f64 * f64::from(BIN_HZ);
        let slope = (hz / UNIT_HZ).powf(SLOPE);
        weights[0][bin] = (slope * (hz / DRUMS_HZ).min(1.0).powi(6)) as f32;
        weights[1][bin] = slope as f32;
    }
    weights
}

impl ChromaFolder {
    pub(crate) fn new() -> Self {
        Self {
            last: [Complex32::default(); CHROMA_BINS],
            last_magnitude: [0.0; CHROMA_BINS],
            raw: Classes::default(),
            weights: weights(),
            peaks: Box::default(),
        }
    }

    /// Adds the peaks in `bins` (a part of `2..CHROMA_BINS - 1`) of a frame. `power` is in the mel vector's scale (a
    /// full-scale sine at a bin centre is 1); `strongest` is the largest power below [`CHROMA_BINS`].
    #[inline(always)]
    pub(crate) fn fold(
        &mut self,
        bins: std::ops::Range<usize>,
        spectrum: &[Complex32],
        magnitude: &[f32],
        power: &[f32],
        strongest: f32,
    ) {
        let floor = (strongest * RELATIVE_FLOOR).max(ABSOLUTE_FLOOR);
        let peaks = &mut *self.peaks;
        // Which bins are peaks is found without a branch first: most are not, and a wrong guess costs more than the test.
        let mut count = 0;
        for bin in bins {
            let is_peak =
                (power[bin] >= floor) & (power[bin] > power[bin - 1]) & (power[bin] >= power[bin + 1]);
            peaks.found[count] = bin as u16;
            count += usize::from(is_peak);
        }
        // Two peaks are never neighbours, so there is room for all.
        let count = count.min(MAX_PEAKS);
        for i in 0..count {
            let bin = usize::from(peaks.found[i]);
            // A partial at the bin centre turns by bin * 2 pi * hop / N_FFT, which with hop = N_FFT / 4 is a whole
            // number of quarter turns: multiplying by (-i)^bin takes it away exactly.
            const { assert!(HOP_LENGTH * 4 == N_FFT) };
            let turn = QUARTER_TURNS[bin % 4];
            let advance = spectrum[bin] * self.last[bin].conj() * turn;
            peaks.bin[i] = bin as f32;
            peaks.advance_re[i] = advance.re;
            peaks.advance_im[i] = advance.im;
            peaks.around[0][i] = magnitude[bin - 1];
            peaks.around[1][i] = magnitude[bin];
            peaks.around[2][i] = magnitude[bin + 1];
            peaks.last[i] = self.last_magnitude[bin];
            // The main lobe of the Hann window spreads a partial over its peak bin and the two beside it.
            let root = (power[bin] + power[bin - 1] + power[bin + 1]).sqrt().sqrt();
            peaks.weight[i] = self.weights[0][bin] * root;
            peaks.bass_weight[i] = self.weights[1][bin] * root;
        }
        for i in 0..count {
            peaks.hz[i] = peaks.frequency_hz(i);
            peaks.class[i] = pitch_class(peaks.hz[i]);
        }
        for i in 0..count {
            let (class, hz) = (peaks.class[i] as usize, peaks.hz[i]);
            if (CHROMA_HZ[0]..=CHROMA_HZ[1]).contains(&hz) {
                self.raw.chroma[class] += peaks.weight[i];
            }
            if (BASS_HZ[0]..=BASS_HZ[1]).contains(&hz) {
                self.raw.bass[class] += peaks.bass_weight[i];
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
}

/// The peaks of a frame, one value of each kind after the other, so that vectors of them can be computed at once.
#[derive(Clone, Debug)]
struct Peaks {
    /// Bins that are peaks; one more place than peaks, because the last candidate is written before it is judged.
    found: [u16; CHROMA_BINS],
    bin: [f32; MAX_PEAKS],
    /// The spectrum times the conjugate of the last one, less the turn of the bin centre.
    advance_re: [f32; MAX_PEAKS],
    advance_im: [f32; MAX_PEAKS],
    /// Magnitudes at the bin before, the peak and the bin behind.
    around: [[f32; MAX_PEAKS]; 3],
    /// Magnitude at the peak in the last frame.
    last: [f32; MAX_PEAKS],
    weight: [f32; MAX_PEAKS],
    bass_weight: [f32; MAX_PEAKS],
    hz: [f32; MAX_PEAKS],
    class: [i32; MAX_PEAKS],
}

impl Default for Peaks {
    fn default() -> Self {
        let zeros = [0.0; MAX_PEAKS];
        Self {
            found: [0; CHROMA_BINS],
            bin: zeros,
            advance_re: zeros,
            advance_im: zeros,
            around: [zeros; 3],
            last: zeros,
            weight: zeros,
            bass_weight: zeros,
            hz: zeros,
            class: [0; MAX_PEAKS],
        }
    }
}

impl Peaks {
    /// Frequency of a peak: by its phase where that can be trusted, by a parabola elsewhere.
    #[inline(always)]
    fn frequency_hz(&self, i: usize) -> f32 {
        const BINS_PER_RADIAN: f32 = N_FFT as f32 / HOP_LENGTH as f32 / std::f32::consts::TAU;
        let by_phase = atan2(self.advance_im[i], self.advance_re[i]) * BINS_PER_RADIAN;
        let trusted = (self.last[i] >= PHASE_TRUST * self.around[1][i]) & (by_phase.abs() <= MAX_DEVIATION);
        let [left, centre, right] = [0, 1, 2].map(|k| log2(self.around[k][i].max(1e-20)));
        // At a peak the curvature is negative; the minimum guards the division where it is flat.
        let curvature = (left - 2.0 * centre + right).min(-1e-9);
        let by_parabola = (0.5 * (left - right) / curvature).clamp(-0.5, 0.5);
        (self.bin[i] + if trusted { by_phase } else { by_parabola }) * BIN_HZ
    }
}

/// Pitch class of a frequency, C = 0, for A4 = 440 Hz.
#[inline(always)]
fn pitch_class(hz: f32) -> i32 {
    // Semitones above the A of 440 / 2^10 Hz, whose class is 9; positive for everything audible, so that truncation rounds.
    let semitones = (12.0 * (log2(hz.max(1.0) / 440.0) + 10.0) + 0.5) as i32;
    (semitones + 9) % 12
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
