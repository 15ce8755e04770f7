//! Draws contact sheets to look at: the palettes, and the pictures of many c.
//!
//! `cargo run --release -p dendrite-julia --example gallery -- [folder]` writes `palettes.png` and `places.png`.

use std::{error::Error, fs::File, io::BufWriter, path::Path};

use dendrite_julia::{
    Look, PaletteBlend, Reaction, Scene,
    cpu::{Antialias, Renderer},
    palettes, scene,
};

const TILE: (u32, u32) = (480, 270);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/gallery".into());
    std::fs::create_dir_all(&folder)?;
    let folder = Path::new(&folder);

    let shown = [[-0.122_561, 0.744_862], cardioid(0.97, 0.17), cardioid(1.02, 0.37)];
    let by_palette: Vec<Scene> = (0..palettes::COUNT)
        .flat_map(|k| shown.map(|c| Scene { c, palette: PaletteBlend::single(k), ..neutral(c) }))
        .collect();
    sheet(&folder.join("palettes.png"), &by_palette, 3)?;

    let places: Vec<Scene> = places().into_iter().map(neutral).collect();
    sheet(&folder.join("places.png"), &places, 4)
}

fn neutral(c: [f64; 2]) -> Scene {
    scene(c, &Look::neutral(), &Reaction::default())
}

/// The point of (or around) the cardioid whose fixed point has multiplier s·e^{2πi·turn}.
fn cardioid(s: f64, turn: f64) -> [f64; 2] {
    let (sin, cos) = (turn * std::f64::consts::TAU).sin_cos();
    let (x, y) = (s * cos, s * sin);
    [x / 2.0 - (x * x - y * y) / 4.0, y / 2.0 - x * y / 2.0]
}

fn places() -> Vec<[f64; 2]> {
    let period_two = |s: f64, turn: f64| {
        let (sin, cos) = (turn * std::f64::consts::TAU).sin_cos();
        [-1.0 + 0.25 * s * cos, 0.25 * s * sin]
    };
    vec![
        [0.0, 0.0],
        [0.25, 0.0],
        cardioid(0.8, 0.1),
        cardioid(0.95, 0.25),
        cardioid(1.0, 0.381_966),
        cardioid(1.02, 0.30),
        cardioid(1.05, 0.2),
        cardioid(1.08, 0.05),
        [-1.0, 0.0],
        period_two(0.7, 0.2),
        period_two(0.98, 0.3),
        period_two(1.05, 0.12),
        [-0.122_561, 0.744_862],
        [-0.11, 0.68],
        [-0.16, 0.82],
        [-1.754_878, 0.0],
        [-1.76, 0.01],
        [0.0, 1.0],
        [0.282_27, 0.530_06],
        [-1.310_703, 0.0],
        [0.379_514, 0.334_932],
        [-0.504_34, 0.562_766],
        [-0.743_6, 0.131_8],
        [0.32, 0.043],
    ]
}

fn sheet(path: &Path, scenes: &[Scene], columns: usize) -> Result<(), Box<dyn Error>> {
    let (w, h) = (TILE.0 as usize, TILE.1 as usize);
    let rows = scenes.len().div_ceil(columns);
    let mut picture = vec![0_u8; columns * w * rows * h * 4];
    let mut tile = vec![0_u8; w * h * 4];
    let mut renderer = Renderer::new();
    for (k, scene) in scenes.iter().enumerate() {
        renderer.render(scene, TILE.0, TILE.1, Antialias::TwoByTwo, &mut tile)?;
        for y in 0..h {
            let at = ((k / columns * h + y) * columns * w + k % columns * w) * 4;
            picture[at..at + w * 4].copy_from_slice(&tile[y * w * 4..(y + 1) * w * 4]);
        }
    }
    let mut encoder =
        png::Encoder::new(BufWriter::new(File::create(path)?), (columns * w) as u32, (rows * h) as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture)?;
    println!("{}", path.display());
    Ok(())
}
