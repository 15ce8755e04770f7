//! Frame rates as the fractions that they are.

use std::fmt;
use std::str::FromStr;

/// Frames per second as a fraction: 30/1, 30000/1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

impl FrameRate {
    /// Fewest and most frames per second.
    pub const RANGE: [f64; 2] = [1.0, 240.0];

    /// Whole frames per second; `None` outside of 1 ..= 240.
    pub fn whole(frames_per_second: u32) -> Option<Self> {
        Self::fraction(frames_per_second, 1)
    }

    fn fraction(numerator: u32, denominator: u32) -> Option<Self> {
        let value = f64::from(numerator) / f64::from(denominator);
        (denominator > 0 && (Self::RANGE[0]..=Self::RANGE[1]).contains(&value))
            .then_some(Self { numerator, denominator })
    }

    /// Frames per second.
    pub fn per_second(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// When frame `number` is shown, in seconds.
    pub fn time_s(self, number: u64) -> f64 {
        (number as f64) * f64::from(self.denominator) / f64::from(self.numerator)
    }

    /// The first frame that is shown at `time_s` or later.
    pub fn first_at(self, time_s: f64) -> u64 {
        // A rounding error must not push a time that is exactly a frame's behind it.
        (time_s.max(0.0) * self.per_second() - 1e-6).ceil().max(0.0) as u64
    }

    /// Ticks per second of a clock in which each frame has a whole number of ticks, and that number.
    pub(crate) fn ticks(self) -> (u32, u32) {
        (self.numerator, self.denominator)
    }
}

/// A text that is no frame rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected frames per second from 1 to 240, such as 30, 29.97 or 30000/1001")]
pub struct FrameRateError;

impl FromStr for FrameRate {
    type Err = FrameRateError;

    /// Whole numbers, fractions, and the decimals by which television's rates are known (23.976, 29.97, 59.94).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rate = if let Some((numerator, denominator)) = text.split_once('/') {
            numerator.parse().ok().zip(denominator.parse().ok()).and_then(|(n, d)| Self::fraction(n, d))
        } else if let Ok(whole) = text.parse() {
            Self::whole(whole)
        } else {
            let value: f64 = text.parse().map_err(|_| FrameRateError)?;
            let television = (value * 1.001).round();
            if (value - television / 1.001).abs() < 0.005 && television >= 1.0 && value.fract() != 0.0 {
                Self::fraction((television * 1_000.0) as u32, 1_001)
            } else {
                Self::fraction((value.clamp(0.0, 1e3) * 1_000.0).round() as u32, 1_000)
            }
        };
        rate.ok_or(FrameRateError)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            self.numerator.fmt(f)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for (text, ticks) in [
            ("30", (30, 1)),
            ("29.97", (30_000, 1_001)),
            ("23.976", (24_000, 1_001)),
            ("59.94", (60_000, 1_001)),
            ("12.5", (12_500, 1_000)),
            ("30000/1001", (30_000, 1_001)),
        ] {
            assert_eq!(text.parse::<FrameRate>().map(FrameRate::ticks), Ok(ticks), "{text}");
        }
        for text in ["0", "-1", "1/0", "241", "nan", "inf", "", "fast", "0.5"] {
            assert_eq!(text.parse::<FrameRate>(), Err(FrameRateError), "{text}");
        }
    }

    #[test]
    fn the_first_frame_at_a_frames_time_is_that_frame() {
        for text in ["24", "29.97", "30", "60"] {
            let rate: FrameRate = text.parse().unwrap();
            for number in [0, 1, 2, 3, 100, 1_799, 123_457] {
                assert_eq!(rate.first_at(rate.time_s(number)), number, "{text}");
                assert_eq!(rate.first_at(rate.time_s(number) + 1e-3), number + 1, "{text}");
            }
        }
    }
}
