//! Meters, as bars of sixteenth notes.

use serde::{Deserialize, Serialize};

/// Sixteenths of the longest bar: the length of every per-step array. Shorter bars use the first [`Meter::steps`].
pub const GRID: usize = 16;

/// What a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Meter {
    /// Four quarters, 16 sixteenths.
    #[serde(rename = "4/4")]
    FourFour,
    /// Three quarters, 12 sixteenths.
    #[serde(rename = "3/4")]
    ThreeFour,
    /// Two dotted quarters, 12 sixteenths. The dotted quarter is the beat that tempo counts.
    #[serde(rename = "6/8")]
    SixEight,
}

impl Meter {
    /// Sixteenths in a bar.
    pub fn steps(self) -> usize {
        match self {
            Meter::FourFour => 16,
            Meter::ThreeFour | Meter::SixEight => 12,
        }
    }

    /// Sixteenths in a beat.
    pub fn steps_per_beat(self) -> usize {
        match self {
            Meter::FourFour | Meter::ThreeFour => 4,
            Meter::SixEight => 6,
        }
    }

    /// Beats in a bar.
    pub fn beats(self) -> usize {
        self.steps() / self.steps_per_beat()
    }

    /// Beats that answer the downbeat: two and four, two and three of a waltz, the second of 6/8. As steps.
    pub fn backbeats(self) -> &'static [usize] {
        match self {
            Meter::FourFour => &[4, 12],
            Meter::ThreeFour => &[4, 8],
            Meter::SixEight => &[6],
        }
    }

    /// Metrical weight of a step, from 1 on the downbeat to 0.1 on the weakest sixteenth.
    pub fn weight(self, step: usize) -> f32 {
        match self {
            Meter::FourFour => match step % 16 {
                0 => 1.0,
                8 => 0.85,
                4 | 12 => 0.75,
                6 | 10 => 0.5,
                2 | 14 => 0.45,
                3 | 7 | 11 | 15 => 0.2,
                _ => 0.1,
            },
            Meter::ThreeFour => match step % 12 {
                0 => 1.0,
                4 | 8 => 0.75,
                2 | 6 | 10 => 0.45,
                3 | 7 | 11 => 0.2,
                _ => 0.1,
            },
            Meter::SixEight => match step % 12 {
                0 => 1.0,
                6 => 0.85,
                4 | 10 => 0.55,
                2 | 8 => 0.45,
                5 | 11 => 0.2,
                _ => 0.1,
            },
        }
    }

    /// Whether a beat falls on the step.
    pub fn is_beat(self, step: usize) -> bool {
        step.is_multiple_of(self.steps_per_beat())
    }
}
