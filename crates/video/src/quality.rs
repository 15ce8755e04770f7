//! How much work goes into a picture and into its encoding.

use dendrite_julia::cpu::Antialias;

/// From quick looks to what is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// One sample per pixel, the fastest encoding.
    Draft,
    /// One sample per pixel, good encoding: lines are drawn by their distance and smooth as they are.
    #[default]
    Good,
    /// Four samples per pixel in each of four sub-frames over half of a frame's time, averaged in linear light.
    Best,
}

impl Quality {
    /// Samples of a sub-frame's pixel.
    pub(crate) fn antialias(self) -> Antialias {
        match self {
            Quality::Draft | Quality::Good => Antialias::None,
            Quality::Best => Antialias::TwoByTwo,
        }
    }

    /// Pictures that are averaged into a frame.
    pub(crate) fn sub_frames(self) -> u32 {
        match self {
            Quality::Draft | Quality::Good => 1,
            Quality::Best => 4,
        }
    }

    /// Bits per pixel at 30 frames per second for an encoder that is told a bit rate.
    pub(crate) fn bits_per_pixel(self) -> f64 {
        match self {
            Quality::Draft => 0.12,
            Quality::Good => 0.22,
            Quality::Best => 0.34,
        }
    }
}
