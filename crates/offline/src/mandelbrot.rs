//! The Mandelbrot set as a quiet ground for the path of c.

/// The part of the plane that the map shows: real axis from .. to, imaginary axis from .. to.
pub(crate) const VIEW: [[f64; 2]; 2] = [[-2.05, 0.65], [-1.2, 1.2]];

/// Iterations: fine enough for a map of some hundred pixels.
const ITERATIONS: u32 = 160;
/// Samples per pixel in each direction.
const SAMPLES: u32 = 3;

/// The map as RGB rows from the top.
pub(crate) fn map(width: u32, height: u32) -> Vec<u8> {
    let [[left, right], [bottom, top]] = VIEW;
    let place =
        |k: u32, count: u32, from: f64, to: f64| from + (f64::from(k) + 0.5) / f64::from(count) * (to - from);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; 3];
            for sample in 0..SAMPLES * SAMPLES {
                let (dx, dy) = (sample % SAMPLES, sample / SAMPLES);
                let re = place(x * SAMPLES + dx, width * SAMPLES, left, right);
                let im = place(y * SAMPLES + dy, height * SAMPLES, top, bottom);
                sum.iter_mut().zip(shade(re, im)).for_each(|(sum, value)| *sum += value);
            }
            let share = f64::from(SAMPLES * SAMPLES);
            pixels.extend(sum.map(|value| (value / share).round() as u8));
        }
    }
    pixels
}

/// Dark slate inside, and outside a ground that grows a little lighter towards the boundary.
fn shade(re: f64, im: f64) -> [f64; 3] {
    const INSIDE: [f64; 3] = [38.0, 44.0, 58.0];
    const FAR: [f64; 3] = [17.0, 18.0, 22.0];
    const NEAR: [f64; 3] = [104.0, 118.0, 150.0];
    let (mut x, mut y) = (0.0, 0.0);
    for n in 0..ITERATIONS {
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
        let r2: f64 = x * x + y * y;
        if r2 > 256.0 {
            let nu = f64::from(n) + 1.0 - (r2.log2() / 2.0).log2();
            let near = (nu / (nu + 24.0)).clamp(0.0, 1.0).powf(1.6);
            return std::array::from_fn(|k| FAR[k] + (NEAR[k] - FAR[k]) * near);
        }
    }
    INSIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cardioid_is_inside_and_the_corner_is_not() {
        assert_eq!(shade(-0.1, 0.1), shade(-1.0, 0.0));
        assert_ne!(shade(-0.1, 0.1), shade(0.6, 1.1));
        assert_eq!(map(9, 8).len(), 9 * 8 * 3);
    }
}
