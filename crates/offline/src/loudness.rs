//! Loudness after EBU R 128, by the crate `ebur128`.

use ebur128::{EbuR128, Mode};
use serde::Serialize;

/// How loud a song is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Loudness {
    /// Integrated loudness in LUFS; none for silence and for less than 0.4 s.
    pub integrated_lufs: Option<f64>,
    /// Loudness range in LU.
    pub range_lu: Option<f64>,
    /// Largest sample in dBFS (not the true peak between samples); none for silence.
    pub sample_peak_dbfs: Option<f64>,
}

/// Measures blocks of sound. Keeps a histogram, so memory does not grow.
pub(crate) struct Meter {
    meter: Option<EbuR128>,
    channels: u32,
}

impl Meter {
    pub(crate) fn new(channels: usize, rate: u32) -> Self {
        let channels = channels as u32;
        let mode = Mode::I | Mode::LRA | Mode::SAMPLE_PEAK | Mode::HISTOGRAM;
        // Rates and channel counts that it refuses (more than 64 channels) are not worth failing for.
        Self { meter: EbuR128::new(channels, rate, mode).ok(), channels }
    }

    pub(crate) fn add(&mut self, block: &[Vec<f32>]) {
        if let Some(meter) = &mut self.meter {
            let channels: Vec<&[f32]> = block.iter().map(Vec::as_slice).collect();
            if !channels.is_empty() && meter.add_frames_planar_f32(&channels).is_err() {
                self.meter = None;
            }
        }
    }

    pub(crate) fn loudness(&self) -> Loudness {
        let Some(meter) = &self.meter else {
            return Loudness::default();
        };
        let peak =
            (0..self.channels).filter_map(|channel| meter.sample_peak(channel).ok()).fold(0.0, f64::max);
        let finite = |value: f64| value.is_finite().then_some(value);
        let integrated_lufs = meter.loudness_global().ok().and_then(finite);
        Loudness {
            integrated_lufs,
            range_lu: integrated_lufs.and_then(|_| meter.loudness_range().ok().and_then(finite)),
            sample_peak_dbfs: finite(20.0 * peak.log10()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_of_the_standard_has_its_loudness() {
        // EBU Tech 3341, test 1: a stereo sine of 1 kHz at -23 dBFS for 20 s has -23.0 +- 0.1 LUFS.
        let tone = |n: usize| {
            (n as f32 * 1_000.0 / 48_000.0 * std::f32::consts::TAU).sin() * 10_f32.powf(-23.0 / 20.0)
        };
        let channel: Vec<f32> = (0..48_000).map(tone).collect();
        let mut meter = Meter::new(2, 48_000);
        (0..20).for_each(|_| meter.add(&[channel.clone(), channel.clone()]));
        let loudness = meter.loudness();
        assert!((loudness.integrated_lufs.unwrap() + 23.0).abs() < 0.1, "{loudness:?}");
        assert!((loudness.sample_peak_dbfs.unwrap() + 23.0).abs() < 0.01, "{loudness:?}");
    }

    #[test]
    fn silence_has_none() {
        let mut meter = Meter::new(1, 44_100);
        meter.add(&[vec![0.0; 44_100]]);
        assert_eq!(meter.loudness().integrated_lufs, None);
        assert_eq!(meter.loudness().sample_peak_dbfs, None);
    }
}
