//! A planned frame as pixels: sub-frames averaged in linear light, dithered, with the overlay on top.

use std::sync::LazyLock;

use dendrite_julia::cpu::{Antialias, BufferSize, Renderer};
use dendrite_julia::metrics;

use crate::overlay::Overlay;
use crate::plan::Plan;

/// Steps of linear light in sums of sub-frames.
const LINEAR_STEPS: f32 = 65_535.0;
/// Entries of the table that codes linear light: a hundredth of a step of the result where the curve is steepest.
const CODE_ENTRIES: usize = 1 << 15;

/// Linear light of each sRGB byte, 0 ..= 65,535.
static LINEAR: LazyLock<[u32; 256]> =
    LazyLock::new(|| std::array::from_fn(|k| (metrics::linear(k as u8) * LINEAR_STEPS).round() as u32));

/// The sRGB code, 0 ..= 255 with fractions, of linear light.
static CODES: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..CODE_ENTRIES)
        .map(|k| {
            let linear = k as f32 / (CODE_ENTRIES - 1) as f32;
            let code =
                if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
            code * 255.0
        })
        .collect()
});

/// Ordered dither (Bayer 8 x 8), in 1/64 of a step.
#[rustfmt::skip]
pub(crate) const BAYER: [[u8; 8]; 8] = [
    [ 0, 32,  8, 40,  2, 34, 10, 42],
    [48, 16, 56, 24, 50, 18, 58, 26],
    [12, 44,  4, 36, 14, 46,  6, 38],
    [60, 28, 52, 20, 62, 30, 54, 22],
    [ 3, 35, 11, 43,  1, 33,  9, 41],
    [51, 19, 59, 27, 49, 17, 57, 25],
    [15, 47,  7, 39, 13, 45,  5, 37],
    [63, 31, 55, 23, 61, 29, 53, 21],
];

/// Paints frames of one size; each thread has its own.
#[derive(Debug)]
pub(crate) struct Painter {
    renderer: Renderer,
    size: [u32; 2],
    antialias: Antialias,
    rgba: Vec<u8>,
    sum: Vec<u32>,
}

impl Painter {
    pub fn new(size: [u32; 2], antialias: Antialias) -> Self {
        let bytes = size[0] as usize * size[1] as usize * 4;
        Self { renderer: Renderer::new(), size, antialias, rgba: vec![0; bytes], sum: Vec::new() }
    }

    /// Paints a frame: RGBA8, rows from the top.
    pub fn paint(&mut self, plan: &Plan, overlay: &Overlay) -> Result<&mut [u8], BufferSize> {
        let [width, height] = self.size;
        if let [scene] = plan.scenes[..] {
            self.renderer.render(&scene, width, height, self.antialias, &mut self.rgba)?;
        } else {
            self.sum.clear();
            self.sum.resize(self.rgba.len(), 0);
            for scene in &plan.scenes {
                self.renderer.render(scene, width, height, self.antialias, &mut self.rgba)?;
                for (sum, &byte) in self.sum.iter_mut().zip(&self.rgba) {
                    *sum += LINEAR[usize::from(byte)];
                }
            }
            self.average(plan.scenes.len().max(1) as u32);
        }
        overlay.draw(&mut self.rgba, self.size, plan);
        Ok(&mut self.rgba)
    }

    fn average(&mut self, count: u32) {
        let codes = CODES.as_slice();
        let scale = (CODE_ENTRIES - 1) as f32 / (LINEAR_STEPS * count as f32);
        let stride = self.size[0] as usize * 4;
        for (y, (row, sums)) in
            self.rgba.chunks_exact_mut(stride).zip(self.sum.chunks_exact(stride)).enumerate()
        {
            for (x, (pixel, sum)) in row.chunks_exact_mut(4).zip(sums.chunks_exact(4)).enumerate() {
                let threshold = (f32::from(BAYER[y & 7][x & 7]) + 0.5) / 64.0;
                for k in 0..3 {
                    let entry = ((sum[k] as f32 * scale) as usize).min(CODE_ENTRIES - 1);
                    pixel[k] = (codes[entry] + threshold) as u8;
                }
                pixel[3] = 255;
            }
        }
    }
}
