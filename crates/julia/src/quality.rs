//! How finely a picture is drawn: which part of its pixels, and with how many samples each.

use crate::cpu::Antialias;

/// Sixteenths in a whole.
const WHOLE: u32 = 16;

/// One of the [`Quality::STEPS`] from fine to coarse.
///
/// A coarser picture shows the same part of the plane on a coarser grid, whose middle is the middle of the picture: between two
/// qualities nothing moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Drawn pixels per pixel of the screen in each direction, in sixteenths.
    sixteenths: u32,
    antialias: Antialias,
}

impl Quality {
    /// All, from the finest: first the samples go, then the pixels, down to a quarter in each direction. From one to the next
    /// the work becomes less by a fifth to a half, except for the first, which saves three quarters.
    pub const STEPS: [Self; 11] = [
        Self { sixteenths: 16, antialias: Antialias::TwoByTwo },
        Self::reduced(16),
        Self::reduced(14),
        Self::reduced(12),
        Self::reduced(10),
        Self::reduced(9),
        Self::reduced(8),
        Self::reduced(7),
        Self::reduced(6),
        Self::reduced(5),
        Self::reduced(4),
    ];

    /// Every pixel, with four samples.
    pub const BEST: Self = Self::STEPS[0];

    /// Every pixel, with one sample.
    pub const FULL: Self = Self::STEPS[1];

    const fn reduced(sixteenths: u32) -> Self {
        Self { sixteenths, antialias: Antialias::None }
    }

    /// Drawn pixels per pixel of the screen in each direction: 1/4 ..= 1.
    pub fn fraction(self) -> f32 {
        self.sixteenths as f32 / WHOLE as f32
    }

    /// Samples of a drawn pixel.
    pub fn antialias(self) -> Antialias {
        self.antialias
    }

    /// Whether every pixel of the screen is drawn.
    pub fn is_full(self) -> bool {
        self.sixteenths == WHOLE
    }

    /// Pixels that are drawn for a picture of `full` pixels: as many as cover it.
    pub fn size(self, full: [u32; 2]) -> [u32; 2] {
        full.map(|side| (u64::from(side) * u64::from(self.sixteenths)).div_ceil(u64::from(WHOLE)) as u32)
    }

    /// Points of the plane that are iterated for a picture of `full` pixels.
    pub fn samples(self, full: [u32; 2]) -> u64 {
        let [width, height] = self.size(full).map(u64::from);
        let per_pixel = match self.antialias {
            Antialias::None => 1,
            Antialias::TwoByTwo => 4,
        };
        width * height * per_pixel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_less_work_than_the_one_before() {
        for size in [[900, 600], [1100, 700], [1601, 999], [560, 420]] {
            let work = Quality::STEPS.map(|quality| quality.samples(size));
            for pair in work.windows(2) {
                let kept = pair[1] as f64 / pair[0] as f64;
                assert!((0.24..0.83).contains(&kept), "{size:?}: {pair:?}");
            }
            // A quarter in each direction.
            let [full, least] = [work[1], work[10]].map(|work| work as f64);
            assert!((full / least - 16.0).abs() < 0.2, "{size:?}: {full} and {least}");
        }
    }

    #[test]
    fn the_drawn_pixels_cover_the_picture() {
        for quality in Quality::STEPS {
            for side in 1..100 {
                let [drawn, _] = quality.size([side, side]);
                let needed = side as f32 * quality.fraction();
                assert!((needed..needed + 1.0).contains(&(drawn as f32)), "{quality:?} of {side}: {drawn}");
            }
        }
    }
}
