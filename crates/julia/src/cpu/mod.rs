//! The picture on the CPU: rows in parallel, two SIMD vectors of pixels at a time.
//!
//! ```text
//! row pair (y, height-1-y) ── rayon ──> block of 2 vectors ── orbit ──> Orbit  ── shade(+1) ──> row y
//!                                                                        └────── shade(-1) ──> row height-1-y, mirrored
//! ```
//! Where the centre is 0 the orbit of -z is that of z, so half of the picture is iterated and all of it shaded.
//!
//! The kernels are generic over the instruction set, which `pulp` chooses at run time (AVX2 with FMA, NEON, ...;
//! one pixel at a time where there is none). Across instruction sets pictures differ by rounding only.

mod lanes;
mod orbit;
mod shade;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::{Frame, Scene, palettes::Table};
use orbit::PAIR;
use shade::{Shade, WIDEST};

/// Samples per pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Antialias {
    /// One sample in the pixel's middle.
    #[default]
    None,
    /// The mean of four samples on a regular 2 x 2 grid: four times the work.
    TwoByTwo,
}

/// Draws scenes into RGBA8 buffers. Keeps the lookup table between pictures; make one and reuse it.
#[derive(Debug, Default)]
pub struct Renderer {
    table: Table,
}

/// A buffer that does not hold the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a picture of {width} x {height} pixels needs {expected} bytes of RGBA, the buffer has {found}")]
pub struct BufferSize {
    /// Width asked for, in pixels.
    pub width: u32,
    /// Height asked for, in pixels.
    pub height: u32,
    /// Bytes needed: width x height x 4.
    pub expected: usize,
    /// Bytes found.
    pub found: usize,
}

impl Renderer {
    /// A renderer with an empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws `scene` into `out`: rows from the top, four bytes (sRGB red, green, blue, and 255) per pixel.
    ///
    /// Runs in the current rayon pool and does not allocate after the first picture, except what rayon does. The
    /// result does not depend on the number of threads. Not for the audio thread.
    ///
    /// # Errors
    /// [`BufferSize`] unless `out` holds exactly `width * height * 4` bytes.
    pub fn render(
        &mut self,
        scene: &Scene,
        width: u32,
        height: u32,
        antialias: Antialias,
        out: &mut [u8],
    ) -> Result<(), BufferSize> {
        let expected = width as usize * height as usize * 4;
        if out.len() != expected {
            return Err(BufferSize { width, height, expected, found: out.len() });
        }
        if out.is_empty() {
            return Ok(());
        }
        self.table.update(scene);
        let frame = Frame::new(scene, width, height);
        let (table, stride) = (&self.table, width as usize * 4);
        let rows = height as usize;
        let draw = Draw { frame: &frame, table, antialias };
        let arch = Arch::new();
        let draw_row = |y: usize, row: &mut [u8], mirrored: Option<&mut [u8]>| {
            arch.dispatch(Row { draw: &draw, y, row, mirrored });
        };
        if frame.is_point_symmetric() {
            let (top, rest) = out.split_at_mut(rows / 2 * stride);
            let (middle, bottom) = rest.split_at_mut(rows % 2 * stride);
            top.par_chunks_mut(stride)
                .zip(bottom.par_chunks_mut(stride).rev())
                .enumerate()
                .for_each(|(y, (upper, lower))| draw_row(y, upper, Some(lower)));
            if !middle.is_empty() {
                draw_row(rows / 2, middle, None);
            }
        } else {
            out.par_chunks_mut(stride).enumerate().for_each(|(y, row)| draw_row(y, row, None));
        }
        Ok(())
    }
}

/// One picture in the making.
struct Draw<'a> {
    frame: &'a Frame,
    table: &'a Table,
    antialias: Antialias,
}

/// One row of it and, if given, the row that mirrors it in the centre.
struct Row<'a> {
    draw: &'a Draw<'a>,
    y: usize,
    row: &'a mut [u8],
    mirrored: Option<&'a mut [u8]>,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { draw, y, row, mut mirrored } = self;
        let width = draw.frame.size[0] as usize;
        let height = draw.frame.size[1] as usize;
        let offsets: &[[f32; 2]] = match draw.antialias {
            Antialias::None => &[[0.5, 0.5]],
            Antialias::TwoByTwo => &[[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]],
        };
        let weight = 1.0 / offsets.len() as f32;
        let (lanes, block) = (S::F32_LANES, PAIR * S::F32_LANES);
        let mut shade = Shade::default();
        for x in (0..width).step_by(block) {
            let mut here = [[0.0_f32; 4]; PAIR * WIDEST];
            let mut there = [[0.0_f32; 4]; PAIR * WIDEST];
            for &offset in offsets {
                let orbits = orbit::iterate(simd, draw.frame, x, y, offset);
                for p in 0..PAIR {
                    let orbit = &orbits[p];
                    shade.compute(draw.frame, orbit, 1.0);
                    shade.colour(draw.table, weight, &mut here[p * lanes..(p + 1) * lanes]);
                    if mirrored.is_some() {
                        shade.compute(draw.frame, orbit, -1.0);
                        shade.colour(draw.table, weight, &mut there[p * lanes..(p + 1) * lanes]);
                    }
                }
            }
            let shown = block.min(width - x);
            for (k, pixel) in row[x * 4..(x + shown) * 4].chunks_exact_mut(4).enumerate() {
                shade::put(&here[k], x + k, y, pixel);
            }
            if let Some(mirrored) = mirrored.as_deref_mut() {
                let end = width - x;
                for (k, pixel) in mirrored[(end - shown) * 4..end * 4].chunks_exact_mut(4).rev().enumerate() {
                    shade::put(&there[k], end - 1 - k, height - 1 - y, pixel);
                }
            }
        }
    }
}
