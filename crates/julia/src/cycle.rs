//! The attracting cycle of z² + c, and a disc around one of its points that no orbit leaves for good.

/// Longest cycle that is looked for. Longer ones attract too little of the picture to matter.
const MAX_PERIOD: usize = 48;

/// Steps the critical orbit is given to settle.
const SETTLE_STEPS: usize = 600;

/// A disc from which the orbit can no longer escape: f^n maps it into itself for the cycle's period n.
///
/// Where c has no (strongly enough) attracting cycle, the radius is 0 and the disc catches nothing. It only saves
/// iterations: a pixel caught is a pixel that would not have escaped, so the picture is the same without it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capture {
    /// The point of the cycle, `[re, im]`.
    pub point: [f32; 2],
    /// Squared radius of the disc; 0 when there is none.
    pub radius_squared: f32,
}

impl Capture {
    /// A disc that catches nothing.
    pub const NONE: Self = Self { point: [0.0, 0.0], radius_squared: 0.0 };

    /// Finds the cycle that attracts the critical point 0 (it attracts it if there is one at all: Fatou) and the
    /// largest disc whose invariance follows from |f(p+h) - f(p)| <= 2|p||h| + |h|². Does not allocate.
    pub fn find(c: [f64; 2]) -> Self {
        let step = |z: [f64; 2]| [z[0] * z[0] - z[1] * z[1] + c[0], 2.0 * z[0] * z[1] + c[1]];
        let mut z = [0.0_f64; 2];
        for _ in 0..SETTLE_STEPS {
            z = step(z);
            if z[0] * z[0] + z[1] * z[1] > 16.0 {
                return Self::NONE;
            }
        }
        let start = z;
        let mut moduli = [0.0_f64; MAX_PERIOD];
        let mut points = [[0.0_f64; 2]; MAX_PERIOD];
        for n in 0..MAX_PERIOD {
            points[n] = z;
            moduli[n] = z[0].hypot(z[1]);
            z = step(z);
            // 1e-6 is far above what a settled orbit moves and far below the distance of two points of such a cycle.
            if (z[0] - start[0]).hypot(z[1] - start[1]) < 1e-6 {
                return Self::widest(&points[..=n], &moduli[..=n]);
            }
        }
        Self::NONE
    }

    fn widest(points: &[[f64; 2]], moduli: &[f64]) -> Self {
        let period = moduli.len();
        let stays = |first: usize, radius: f64| {
            let mut r = radius;
            for k in 0..period {
                r = 2.0 * moduli[(first + k) % period] * r + r * r;
                if r > 4.0 {
                    return false;
                }
            }
            // The margin swallows that the cycle is only known to 1e-6 and that pixels are iterated in f32.
            r < 0.999 * radius - 1e-5
        };
        let mut best = Self::NONE;
        for (first, point) in points.iter().enumerate() {
            let (mut low, mut high) = (0.0, 1.0);
            // The condition holds on an interval of radii that starts near 0: look for any member first.
            let Some(seed) = (0..14).map(|k| 0.5_f64.powi(k)).find(|&r| stays(first, r)) else { continue };
            if seed < high {
                low = seed;
                high = 2.0 * seed;
                for _ in 0..6 {
                    let middle = 0.5 * (low + high);
                    if stays(first, middle) { low = middle } else { high = middle }
                }
            } else {
                low = low.max(seed);
            }
            let radius_squared = (low * low) as f32;
            if radius_squared > best.radius_squared {
                best = Self { point: [point[0] as f32, point[1] as f32], radius_squared };
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_orbits_stay_bounded() {
        // Inside components of period 1, 2, 3 and 4, from their centres to near their boundaries.
        let cases = [
            [0.0, 0.0],
            [0.24, 0.0],
            [-0.7, 0.1],
            [-1.0, 0.0],
            [-1.2, 0.05],
            [-0.12256, 0.74486],
            [-1.3107, 0.0],
        ];
        for c in cases {
            let disc = Capture::find(c);
            assert!(disc.radius_squared > 0.0, "no disc for c = {c:?}");
            for k in 0..64 {
                let angle = f64::from(k) * std::f64::consts::TAU / 64.0;
                let r = f64::from(disc.radius_squared).sqrt();
                let mut z =
                    [f64::from(disc.point[0]) + r * angle.cos(), f64::from(disc.point[1]) + r * angle.sin()];
                for _ in 0..5000 {
                    z = [z[0] * z[0] - z[1] * z[1] + c[0], 2.0 * z[0] * z[1] + c[1]];
                }
                assert!(z[0].hypot(z[1]) <= 2.0, "c = {c:?} left its disc");
            }
        }
    }

    #[test]
    fn nothing_is_captured_outside_the_mandelbrot_set() {
        for c in [[0.3, 0.0], [0.0, 1.0], [-2.1, 0.0], [0.4, 0.4]] {
            assert_eq!(Capture::find(c), Capture::NONE);
        }
    }
}
