//! Three things one hears in a frame at once: its six bands, how tonal it is and how noisy.

use dendrite_features::{Frame, N_CHROMA, N_MEL, mel_centres_hz};

/// Number of bands, one per gate of the orbit.
pub const BANDS: usize = 6;

/// Edges of the bands in Hz (ours): kick and bass, low mids, mids, presence, brilliance, air.
pub const BAND_EDGES_HZ: [f64; BANDS + 1] = [0.0, 150.0, 400.0, 1_000.0, 2_500.0, 6_000.0, 24_000.0];

/// Range of the spectral flatness in dB that noisiness maps to 0..1.
const FLATNESS_RANGE_DB: f32 = 30.0;

/// What the ear sorts out first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Descriptors {
    /// Mean mel level (0..1) of the bands between [`BAND_EDGES_HZ`].
    pub bands: [f32; BANDS],
    /// 1 - entropy of the chroma / ln 12: 1 for a single pitch class, 0 for all twelve alike and in silence.
    pub tonalness: f32,
    /// Spectral flatness of the mel power in dB (geometric to arithmetic mean), -30..0 dB mapped to 0..1; 0 in silence.
    pub noisiness: f32,
}

/// Computes [`Descriptors`]; holds nothing but the band table.
#[derive(Clone, Debug)]
pub struct Describer {
    /// First mel band of each band, and the end.
    edges: [usize; BANDS + 1],
}

impl Default for Describer {
    fn default() -> Self {
        Self::new()
    }
}

impl Describer {
    /// Sorts the mel bands into the six bands by their centres.
    pub fn new() -> Self {
        let centres = mel_centres_hz();
        let edges = BAND_EDGES_HZ.map(|hz| centres.iter().filter(|&&centre| centre < hz).count());
        Self { edges }
    }

    /// Describes a frame. Does not allocate; bounded time.
    pub fn describe(&self, frame: &Frame) -> Descriptors {
        let bands = std::array::from_fn(|b| {
            let band = &frame.mel[self.edges[b]..self.edges[b + 1]];
            band.iter().sum::<f32>() / band.len().max(1) as f32
        });
        if frame.silent {
            return Descriptors { bands, tonalness: 0.0, noisiness: 0.0 };
        }
        Descriptors { bands, tonalness: tonalness(&frame.chroma), noisiness: noisiness(&frame.mel) }
    }
}

fn tonalness(chroma: &[f32; N_CHROMA]) -> f32 {
    let sum: f32 = chroma.iter().sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f32 = chroma.iter().map(|&x| x / sum).filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum();
    (1.0 - entropy / (N_CHROMA as f32).ln()).clamp(0.0, 1.0)
}

fn noisiness(mel: &[f32; N_MEL]) -> f32 {
    let mean_db = mel.iter().sum::<f32>() / N_MEL as f32 * 80.0 - 80.0;
    // 10^(db / 10) as a power of two, over the unit range of the mel vector.
    let octaves_per_unit = 8.0 * std::f32::consts::LOG2_10;
    let mean_power = mel.iter().map(|&m| ((m - 1.0) * octaves_per_unit).exp2()).sum::<f32>() / N_MEL as f32;
    let flatness_db = mean_db - 10.0 * mean_power.log10();
    (1.0 + flatness_db / FLATNESS_RANGE_DB).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dendrite_features::{SAMPLE_RATE, analyze};

    fn describe(signal: impl Fn(usize) -> f32) -> Descriptors {
        let samples: Vec<f32> = (0..16_384).map(signal).collect();
        Describer::new().describe(analyze(&samples).last().unwrap())
    }

    fn noise(n: usize) -> f32 {
        let mut x = n as u32 ^ 0x9e37_79b9;
        for _ in 0..3 {
            x = (x ^ (x >> 15)).wrapping_mul(0x85eb_ca6b);
        }
        (x >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    #[test]
    fn a_tone_is_tonal_and_noise_is_noisy() {
        let tone = describe(|n| 0.5 * (n as f32 * std::f32::consts::TAU * 440.0 / SAMPLE_RATE as f32).sin());
        let hiss = describe(|n| 0.3 * noise(n));
        assert!(tone.tonalness > 0.9 && tone.noisiness < 0.1, "{tone:?}");
        assert!(hiss.tonalness < 0.4 && hiss.noisiness > 0.7, "{hiss:?}");
        assert_eq!(describe(|_| 0.0), Descriptors::default());
    }

    #[test]
    fn each_band_hears_its_own_range() {
        for (b, hz) in [70.0, 250.0, 650.0, 1_600.0, 4_000.0, 11_000.0].into_iter().enumerate() {
            let d = describe(|n| 0.5 * (n as f32 * std::f32::consts::TAU * hz / SAMPLE_RATE as f32).sin());
            let loudest = (0..BANDS).max_by(|&i, &j| d.bands[i].total_cmp(&d.bands[j])).unwrap();
            assert_eq!(loudest, b, "{hz} Hz: {:?}", d.bands);
        }
    }
}
