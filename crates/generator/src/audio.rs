//! Rendered sound.

use crate::SAMPLE_RATE;

/// Mono samples at 48,000 Hz, within -1 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// The samples.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Samples per second, always [`SAMPLE_RATE`].
    pub fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(SAMPLE_RATE)
    }

    /// Largest magnitude; 0 for nothing.
    pub fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    /// Root of the mean square; 0 for nothing.
    pub fn rms(&self) -> f32 {
        if self.samples.is_empty() {
            return 0.0;
        }
        let sum: f64 = self.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (sum / self.samples.len() as f64).sqrt() as f32
    }
}
