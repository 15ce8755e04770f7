//! The Mandelbrot set as a small picture: computed once per process, some rows with each picture of the editor.

use std::sync::OnceLock;

use egui::{Color32, ColorImage, Context, Pos2, Rect, TextureHandle, TextureOptions, pos2};

/// Part of the plane that is shown: real axis from .. to, imaginary axis from .. to.
pub const VIEW: [[f64; 2]; 2] = [[-2.1, 0.6], [-1.18, 1.18]];

/// Pixels in a row, and rows: twice what is shown at scale factor 1.
const SIZE: [usize; 2] = [270, 236];
/// Samples per pixel in each direction.
const SAMPLES: usize = 3;
/// Iterations: fine enough for bulbs of a few pixels.
const ITERATIONS: u32 = 120;
/// Rows per picture of the editor: 1 to 3 ms of work each time, the whole in half a second.
const ROWS_AT_A_TIME: usize = 4;

/// Inside, outside far away, and outside at the boundary, as sRGB.
const INSIDE: [f32; 3] = [58.0, 70.0, 98.0];
const FAR: [f32; 3] = [13.0, 16.0, 26.0];
const NEAR: [f32; 3] = [120.0, 150.0, 190.0];

/// The finished picture, for all windows of the process.
static FINISHED: OnceLock<ColorImage> = OnceLock::new();

/// The map as far as it has come.
#[derive(Default)]
pub struct Map {
    /// Rows of the upper half, from the top.
    rows: Vec<Color32>,
    texture: Option<TextureHandle>,
}

impl Map {
    /// Goes on with the work, if there is some left.
    pub fn prepare(&mut self, context: &Context) {
        if self.texture.is_some() {
            return;
        }
        if FINISHED.get().is_none() {
            for _ in 0..ROWS_AT_A_TIME {
                let row = self.rows.len() / SIZE[0];
                if row < SIZE[1] / 2 {
                    self.rows.extend((0..SIZE[0]).map(|x| pixel(x, row)));
                }
            }
            if self.rows.len() < SIZE[0] * (SIZE[1] / 2) {
                return;
            }
            // The set is its own mirror image.
            let upper = std::mem::take(&mut self.rows);
            let lower = upper.chunks_exact(SIZE[0]).rev().flatten().copied();
            let pixels: Vec<Color32> = upper.iter().copied().chain(lower).collect();
            // Another window may have been faster; its picture is the same.
            let _ = FINISHED.set(ColorImage::new(SIZE, pixels));
        }
        if let Some(image) = FINISHED.get() {
            self.texture = Some(context.load_texture("mandelbrot", image.clone(), TextureOptions::LINEAR));
        }
    }

    /// The finished picture.
    pub fn texture(&self) -> Option<&TextureHandle> {
        self.texture.as_ref()
    }
}

/// Where a point of the plane is in a map drawn to `rect`.
pub fn place(rect: Rect, [re, im]: [f64; 2]) -> Pos2 {
    let [[left, right], [bottom, top]] = VIEW;
    let share = |v: f64, from: f64, to: f64| ((v - from) / (to - from)) as f32;
    pos2(
        rect.left() + rect.width() * share(re, left, right),
        rect.bottom() - rect.height() * share(im, bottom, top),
    )
}

/// Width of a map of this height.
pub fn width(height: f32) -> f32 {
    height * SIZE[0] as f32 / SIZE[1] as f32
}

fn pixel(x: usize, y: usize) -> Color32 {
    let [[left, right], [bottom, top]] = VIEW;
    let at = |k: usize, sample: usize, count: usize| {
        (k as f64 + (sample as f64 + 0.5) / SAMPLES as f64) / count as f64
    };
    let mut sum = [0.0; 3];
    for sample in 0..SAMPLES * SAMPLES {
        let re = left + (right - left) * at(x, sample % SAMPLES, SIZE[0]);
        let im = top - (top - bottom) * at(y, sample / SAMPLES, SIZE[1]);
        sum.iter_mut().zip(shade(re, im)).for_each(|(sum, value)| *sum += value);
    }
    let [red, green, blue] = sum.map(|sum| (sum / (SAMPLES * SAMPLES) as f32).round() as u8);
    Color32::from_rgb(red, green, blue)
}

/// The ground grows lighter towards the boundary.
fn shade(re: f64, im: f64) -> [f32; 3] {
    if in_large_components(re, im) {
        return INSIDE;
    }
    let (mut x, mut y) = (0.0, 0.0);
    for n in 0..ITERATIONS {
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
        let r2: f64 = x * x + y * y;
        if r2 > 256.0 {
            let smooth = f64::from(n) + 1.0 - (r2.log2() / 2.0).log2();
            let near = (smooth / (smooth + 20.0)).clamp(0.0, 1.0).powf(1.8) as f32;
            return std::array::from_fn(|k| FAR[k] + (NEAR[k] - FAR[k]) * near);
        }
    }
    INSIDE
}

/// Whether c is in the cardioid or the period-2 disc, where iterating takes longest and can be left out.
fn in_large_components(re: f64, im: f64) -> bool {
    let q = (re - 0.25).powi(2) + im * im;
    q * (q + re - 0.25) <= 0.25 * im * im || (re + 1.0).powi(2) + im * im <= 0.0625
}

#[cfg(test)]
mod tests {
    use dendrite_orbit::Atlas;

    use super::*;

    #[test]
    fn centres_of_components_are_inside_and_in_view() {
        let map = Rect::from_min_size(pos2(10.0, 20.0), egui::vec2(width(118.0), 118.0));
        for component in Atlas::shared().iter() {
            let centre = component.centre();
            assert_eq!(shade(centre.re, centre.im), INSIDE, "{}", component.name());
            let at = place(map, [centre.re, centre.im]);
            assert!(map.contains(at), "{} at {at:?}", component.name());
        }
        for (re, im) in [(0.3, 0.0), (-2.05, 0.0), (0.5, 1.0), (-1.0, 0.4)] {
            assert_ne!(shade(re, im), INSIDE, "{re} {im}");
        }
    }

    #[test]
    fn leaving_out_the_large_components_changes_nothing() {
        // Points well within, of the cardioid and the disc, stay bounded.
        for k in 0..100 {
            let angle = f64::from(k) * 0.0628;
            for s in [0.3, 0.9, 0.99] {
                let (im, re) = (s * angle.sin(), s * angle.cos());
                let cardioid = (re / 2.0 - (re * re - im * im) / 4.0, im / 2.0 - re * im / 2.0);
                let disc = (-1.0 + re / 4.0, im / 4.0);
                for (re, im) in [cardioid, disc] {
                    assert!(in_large_components(re, im), "{re} {im}");
                    let (mut x, mut y) = (0.0, 0.0);
                    for _ in 0..2000 {
                        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
                    }
                    assert!(f64::hypot(x, y) < 2.0, "{re} {im}");
                }
            }
        }
        assert!(!in_large_components(0.26, 0.0) && !in_large_components(-1.26, 0.0));
    }
}
