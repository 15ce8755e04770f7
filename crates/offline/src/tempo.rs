//! The tempo of a whole song: the median of what was heard, weighted by how sure it was.

use serde::Serialize;

/// Slowest tempo that is counted, in beats per minute.
const SLOWEST: f64 = 30.0;
/// Width of a bin.
const BIN: f64 = 0.25;
/// Bins up to 330 bpm.
const BINS: usize = 1_200;

/// The tempo of a song.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tempo {
    /// Beats per minute, to a quarter of one; 0 where none was heard.
    pub bpm: f64,
    /// Mean confidence of the tracker, 0 ..= 1.
    pub confidence: f64,
}

/// Collects tempos.
#[derive(Clone, Debug)]
pub(crate) struct Tempos {
    weights: Vec<f64>,
    hops: u64,
}

impl Tempos {
    pub(crate) fn new() -> Self {
        Self { weights: vec![0.0; BINS], hops: 0 }
    }

    pub(crate) fn add(&mut self, bpm: f32, confidence: f32) {
        self.hops += 1;
        let bin = (f64::from(bpm) - SLOWEST) / BIN;
        if bin >= 0.0 && bin < BINS as f64 {
            self.weights[bin as usize] += f64::from(confidence.clamp(0.0, 1.0));
        }
    }

    pub(crate) fn tempo(&self) -> Tempo {
        let total: f64 = self.weights.iter().sum();
        if total <= 0.0 {
            return Tempo { bpm: 0.0, confidence: 0.0 };
        }
        let mut sum = 0.0;
        let middle = self.weights.iter().position(|weight| {
            sum += weight;
            sum >= total / 2.0
        });
        let bpm = middle.map_or(0.0, |bin| SLOWEST + (bin as f64 + 0.5) * BIN);
        Tempo { bpm: (bpm / BIN).floor() * BIN, confidence: total / self.hops.max(1) as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_sure_hops_outweigh_many_unsure_ones() {
        let mut tempos = Tempos::new();
        assert_eq!(tempos.tempo().bpm, 0.0);
        (0..100).for_each(|_| tempos.add(60.0, 0.01));
        (0..10).for_each(|_| tempos.add(120.1, 1.0));
        tempos.add(f32::NAN, 1.0);
        assert_eq!(tempos.tempo().bpm, 120.0);
    }
}
