//! Many small pictures on one PNG.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use dendrite_julia::Scene;
use dendrite_julia::cpu::{Antialias, Renderer};

/// Size of one picture in pixels.
const PICTURE: (u32, u32) = (320, 180);
/// Pictures per row, and pixels between them.
const COLUMNS: u32 = 6;
const GAP: u32 = 4;
/// Colour between the pictures.
const GROUND: [u8; 4] = [14, 15, 18, 255];

/// Renders the scenes, row by row, and writes the sheet.
pub fn write(path: &Path, scenes: &[Scene]) -> Result<()> {
    let rows = (scenes.len() as u32).div_ceil(COLUMNS);
    let (width, height) = (GAP + COLUMNS * (PICTURE.0 + GAP), GAP + rows * (PICTURE.1 + GAP));
    let mut sheet: Vec<u8> = GROUND.iter().copied().cycle().take((width * height * 4) as usize).collect();
    let mut picture = vec![0; (PICTURE.0 * PICTURE.1 * 4) as usize];
    let mut renderer = Renderer::new();
    for (i, scene) in scenes.iter().enumerate() {
        renderer.render(scene, PICTURE.0, PICTURE.1, Antialias::TwoByTwo, &mut picture)?;
        let left = GAP + (i as u32 % COLUMNS) * (PICTURE.0 + GAP);
        let top = GAP + (i as u32 / COLUMNS) * (PICTURE.1 + GAP);
        for (y, row) in picture.chunks_exact(PICTURE.0 as usize * 4).enumerate() {
            let start = (((top + y as u32) * width + left) * 4) as usize;
            sheet[start..start + row.len()].copy_from_slice(row);
        }
    }
    write_png(path, width, height, &sheet)
}

fn write_png(path: &Path, width: u32, height: u32, rgba: &[u8]) -> Result<()> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(rgba).with_context(|| format!("writing {}", path.display()))
}
