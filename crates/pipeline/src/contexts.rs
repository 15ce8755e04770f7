//! What the models are given besides single frames: averages, histories and pooled maps.
//!
//! ```text
//! mel [128] ─────────────────────────────────────────────────────────────────────> emotion [128]
//! mood map [64] · chroma 0.25 s [12] · chroma 2 s [12] · bass chroma 0.3 s [12] ┐
//!   · mel in 16 bands [16] · base [6] · their differences [6] ──────────────────┴─> harmony [128]
//! mood map pooled 2 x 2 [16] · loudness of 32 frames in pairs [16] ──────────────> dynamics [32]
//! mood map [64] ─────────────────────────────────────────────────────────────────> melody [64], groove [64]
//! ten frames of base features [60] (`dendrite_features::FeatureWindow`) ─────────> orbit [60]
//! ```
//! Engine and training both fill inputs with these, one hop after the other; nothing here allocates after construction.

use dendrite_features::{Base, FRAME_RATE, Frame, N_BASE, N_CHROMA, N_MEL};

use crate::mood::{MOOD_CELLS, MOOD_SIDE};

/// Time constants of the two chroma averages in seconds.
pub const CHROMA_TIMES_S: [f64; 2] = [0.25, 2.0];
/// Time constant of the bass chroma's average in seconds. From 0.2 to 0.5 s chords were told about equally well.
pub const BASS_TIME_S: f64 = 0.3;
/// Mel bands that the harmony model sees; each is the mean of [`N_MEL`] / 16 = 8.
pub const HARMONY_MEL: usize = 16;
/// Values that the harmony model takes.
pub const HARMONY_INPUTS: usize = MOOD_CELLS + 3 * N_CHROMA + HARMONY_MEL + 2 * N_BASE;
/// Frames of loudness that the dynamics model looks back on, 0.68 s.
pub const LOUDNESS_FRAMES: usize = 32;
/// Values that the dynamics model takes.
pub const DYNAMICS_INPUTS: usize = MOOD_CELLS / 4 + LOUDNESS_FRAMES / 2;

/// What the harmony model hears besides the mood: averages of chroma and bass chroma, and differences of the base features.
///
/// Averages are exponential, share = 1 - e^(-hop / tau), over chroma that is normalised already, and begin at zero.
#[derive(Clone, Debug)]
pub struct HarmonyContext {
    averages: [[f32; N_CHROMA]; 2],
    shares: [f32; 2],
    bass_chroma: [f32; N_CHROMA],
    bass_average: [f32; N_CHROMA],
    bass_share: f32,
    mel: [f32; HARMONY_MEL],
    base: [f32; N_BASE],
    difference: [f32; N_BASE],
    started: bool,
}

impl Default for HarmonyContext {
    fn default() -> Self {
        Self::new()
    }
}

impl HarmonyContext {
    /// A context that has heard nothing.
    pub fn new() -> Self {
        let share = |tau: f64| (1.0 - (-1.0 / (tau * FRAME_RATE)).exp()) as f32;
        Self {
            averages: [[0.0; N_CHROMA]; 2],
            shares: CHROMA_TIMES_S.map(share),
            bass_chroma: [0.0; N_CHROMA],
            bass_average: [0.0; N_CHROMA],
            bass_share: share(BASS_TIME_S),
            mel: [0.0; HARMONY_MEL],
            base: [0.0; N_BASE],
            difference: [0.0; N_BASE],
            started: false,
        }
    }

    /// Takes the next frame in.
    pub fn push(&mut self, frame: &Frame) {
        let follow = |average: &mut [f32; N_CHROMA], share: f32, chroma: &[f32; N_CHROMA]| {
            for (mean, value) in average.iter_mut().zip(chroma) {
                *mean += share * (value - *mean);
            }
        };
        for (average, share) in self.averages.iter_mut().zip(self.shares) {
            follow(average, share, &frame.chroma);
        }
        follow(&mut self.bass_average, self.bass_share, &frame.bass_chroma);
        self.bass_chroma = frame.bass_chroma;
        for (mean, bands) in self.mel.iter_mut().zip(frame.mel.chunks_exact(N_MEL / HARMONY_MEL)) {
            *mean = bands.iter().sum::<f32>() / bands.len() as f32;
        }
        for ((difference, last), base) in self.difference.iter_mut().zip(self.base).zip(frame.base) {
            *difference = if self.started { base - last } else { 0.0 };
        }
        self.base = frame.base;
        self.started = true;
    }

    /// Writes the model's input for the newest frame and the mood map of the same frame.
    pub fn write(&self, map: &[f32; MOOD_CELLS], input: &mut [f32; HARMONY_INPUTS]) {
        let parts: [&[f32]; 7] = [
            map,
            &self.averages[0],
            &self.averages[1],
            &self.bass_average,
            &self.mel,
            &self.base,
            &self.difference,
        ];
        let mut at = 0;
        for part in parts {
            input[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
    }

    /// Chroma averaged over 0.25 s.
    pub fn fast_chroma(&self) -> &[f32; N_CHROMA] {
        &self.averages[0]
    }

    /// Chroma averaged over 2 s.
    pub fn slow_chroma(&self) -> &[f32; N_CHROMA] {
        &self.averages[1]
    }

    /// Bass chroma of the newest frame.
    pub fn bass_chroma(&self) -> &[f32; N_CHROMA] {
        &self.bass_chroma
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

/// The loudness (rms feature) of the last 32 frames, zeros before the first.
#[derive(Clone, Debug)]
pub struct LoudnessHistory {
    /// Oldest first.
    frames: [f32; LOUDNESS_FRAMES],
}

impl Default for LoudnessHistory {
    fn default() -> Self {
        Self { frames: [0.0; LOUDNESS_FRAMES] }
    }
}

impl LoudnessHistory {
    /// Takes the next frame in.
    pub fn push(&mut self, frame: &Frame) {
        self.frames.copy_within(1.., 0);
        self.frames[LOUDNESS_FRAMES - 1] = frame.get(Base::Rms);
    }

    /// Means of the pairs, oldest first.
    pub fn pairs(&self) -> [f32; LOUDNESS_FRAMES / 2] {
        std::array::from_fn(|i| 0.5 * (self.frames[2 * i] + self.frames[2 * i + 1]))
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.frames = [0.0; LOUDNESS_FRAMES];
    }
}

/// Writes the dynamics model's input.
pub fn write_dynamics(
    map: &[f32; MOOD_CELLS],
    loudness: &LoudnessHistory,
    input: &mut [f32; DYNAMICS_INPUTS],
) {
    let (pooled, pairs) = input.split_at_mut(MOOD_CELLS / 4);
    pooled.copy_from_slice(&pool(map));
    pairs.copy_from_slice(&loudness.pairs());
}

/// The sums of the map's 2 x 2 blocks, row by row: a 4 x 4 map.
pub fn pool(map: &[f32; MOOD_CELLS]) -> [f32; MOOD_CELLS / 4] {
    const SIDE: usize = MOOD_SIDE / 2;
    std::array::from_fn(|i| {
        let corner = i / SIDE * 2 * MOOD_SIDE + i % SIDE * 2;
        map[corner] + map[corner + 1] + map[corner + MOOD_SIDE] + map[corner + MOOD_SIDE + 1]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: f32) -> Frame {
        let mut frame = Frame::SILENCE;
        frame.base = [value; N_BASE];
        frame.chroma = [value; N_CHROMA];
        frame.bass_chroma = [2.0 * value; N_CHROMA];
        frame.mel = std::array::from_fn(|i| i as f32);
        frame
    }

    #[test]
    fn the_harmony_input_has_its_parts_in_the_contracts_order() {
        assert_eq!(HARMONY_INPUTS, 128);
        let mut context = HarmonyContext::new();
        context.push(&frame(1.0));
        context.push(&frame(0.5));
        let mut input = [f32::NAN; HARMONY_INPUTS];
        context.write(&std::array::from_fn(|i| i as f32 / 64.0), &mut input);
        assert_eq!(input[63], 63.0 / 64.0);
        // Two steps from zero towards 1 and then 0.5, with share 1 - e^(-hop / tau).
        for (average, tau, height) in [(input[64], 0.25, 1.0), (input[76], 2.0, 1.0), (input[88], 0.3, 2.0)] {
            let share = 1.0 - (-1.0 / (tau * FRAME_RATE)).exp();
            let expected = height * (share + share * (0.5 - share));
            assert!((f64::from(average) - expected).abs() < 1e-6, "{average} {expected}");
        }
        // Means of 0..8, and of 120..128.
        assert_eq!((input[100], input[115]), (3.5, 123.5));
        assert_eq!((input[116], input[122]), (0.5, -0.5));
        assert!(input.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn the_first_differences_are_zero_and_reset_forgets() {
        let mut context = HarmonyContext::new();
        let mut first = [0.0; HARMONY_INPUTS];
        context.push(&frame(0.7));
        context.write(&[0.0; MOOD_CELLS], &mut first);
        assert_eq!(first[122..], [0.0; 6]);
        context.push(&frame(0.1));
        context.reset();
        context.push(&frame(0.7));
        let mut again = [0.0; HARMONY_INPUTS];
        context.write(&[0.0; MOOD_CELLS], &mut again);
        assert_eq!(first, again);
    }

    #[test]
    fn loudness_comes_in_pairs_oldest_first() {
        let mut history = LoudnessHistory::default();
        for k in 0..40 {
            history.push(&frame(k as f32));
        }
        let pairs = history.pairs();
        assert_eq!((pairs[0], pairs[15]), (8.5, 38.5));
    }

    #[test]
    fn pooling_sums_blocks_of_four() {
        let map = std::array::from_fn(|i| i as f32);
        let pooled = pool(&map);
        assert_eq!(pooled[0], 0.0 + 1.0 + 8.0 + 9.0);
        assert_eq!(pooled[15], 54.0 + 55.0 + 62.0 + 63.0);
        assert_eq!(pooled.iter().sum::<f32>(), map.iter().sum::<f32>());
    }
}
