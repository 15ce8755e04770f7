//! The gain of the analysis: the user's sensitivity and a slow automatic level.

use dendrite_features::{FRAME_RATE, HOP_LENGTH};

/// Level that quiet input is brought up to, in dBFS: usual for a mastered track's rms.
const TARGET_DBFS: f32 = -18.0;
/// Most gain that the auto-level gives, in dB; it never attenuates.
const MAX_GAIN_DB: f32 = 30.0;
/// Hops quieter than this do not count: a pause is not a quiet bus.
const GATE_DBFS: f32 = -60.0;
/// Averaging time in seconds.
const AVERAGE_S: f64 = 10.0;
/// Fastest change of the gain, in dB per hop (6 dB per second).
const SLEW_DB: f32 = (6.0 / FRAME_RATE) as f32;

/// Applies sensitivity and auto-level to the hops that are analysed. Deterministic; does not allocate.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnalysisGain {
    mean_square: f64,
    hops_heard: u32,
    auto_db: f32,
    /// Gain at the end of the last hop; the next hop starts there, so that no step is heard as an onset.
    last_gain: Option<f32>,
}

impl AnalysisGain {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Forgets the level that was measured; the gain in force glides from where it is.
    pub(crate) fn forget(&mut self) {
        self.mean_square = 0.0;
        self.hops_heard = 0;
    }

    /// Gain of the auto-level in dB.
    pub(crate) fn auto_db(&self) -> f32 {
        self.auto_db
    }

    /// Scales a hop in place.
    pub(crate) fn apply(&mut self, hop: &mut [f32; HOP_LENGTH], sensitivity: f32, auto_level: bool) {
        self.measure(hop);
        let wanted_db = if auto_level && self.hops_heard > 0 {
            let level_db = 10.0 * (self.mean_square.max(1e-12)).log10() as f32;
            (TARGET_DBFS - level_db).clamp(0.0, MAX_GAIN_DB)
        } else {
            0.0
        };
        self.auto_db += (wanted_db - self.auto_db).clamp(-SLEW_DB, SLEW_DB);
        let gain = sensitivity * 10.0_f32.powf(self.auto_db / 20.0);
        let start = self.last_gain.replace(gain).unwrap_or(gain);
        let step = (gain - start) / HOP_LENGTH as f32;
        for (i, sample) in hop.iter_mut().enumerate() {
            *sample *= start + step * (i + 1) as f32;
        }
    }

    /// Averages the power of the hops above the gate: a plain mean at first, then with a memory of ten seconds.
    fn measure(&mut self, hop: &[f32; HOP_LENGTH]) {
        let square = |x: f32| if x.is_finite() { f64::from(x.clamp(-1e4, 1e4)).powi(2) } else { 0.0 };
        let power = hop.iter().map(|&x| square(x)).sum::<f64>() / HOP_LENGTH as f64;
        if 10.0 * power.max(1e-20).log10() < f64::from(GATE_DBFS) {
            return;
        }
        let memory = (AVERAGE_S * FRAME_RATE) as u32;
        self.hops_heard = (self.hops_heard + 1).min(memory);
        self.mean_square += (power - self.mean_square) / f64::from(self.hops_heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(amplitude: f32, auto_level: bool) -> (f32, f32) {
        let mut gain = AnalysisGain::default();
        let mut hop = [0.0; HOP_LENGTH];
        for _ in 0..1_000 {
            hop = std::array::from_fn(|n| if n % 2 == 0 { amplitude } else { -amplitude });
            gain.apply(&mut hop, 1.0, auto_level);
        }
        (hop[HOP_LENGTH - 2], gain.auto_db())
    }

    #[test]
    fn quiet_input_is_brought_to_the_target_and_loud_input_is_left() {
        let (sample, db) = settled(0.01, true);
        // -40 dBFS to -18 dBFS: 22 dB.
        assert!((db - 22.0).abs() < 0.1 && (sample - 0.1259).abs() < 0.002, "{sample} {db}");
        assert_eq!(settled(0.5, true), (0.5, 0.0));
        assert_eq!(settled(0.01, false), (0.01, 0.0));
        assert_eq!(settled(1e-5, true).1, 0.0, "a pause is not brought up");
    }
}
