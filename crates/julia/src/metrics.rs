//! Numbers about pictures: luminance, its change, membership, entropy, darkness.
//!
//! Pictures are RGBA8 as the [`Renderer`](crate::cpu::Renderer) makes them. Luminance is the relative luminance of
//! WCAG 2.2: linear light, 0 (black) ..= 1 (white). No function allocates, panics or depends on a picture's shape.

use std::sync::LazyLock;

use crate::{Capture, Scene, oklab};

/// A frame of lower mean luminance counts as dark.
pub const DARK: f32 = 0.08;

/// Linear light of each sRGB byte.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|k| oklab::to_linear(k as f32 / 255.0)));

/// Linear light, 0 ..= 1, of an sRGB byte.
pub fn linear(byte: u8) -> f32 {
    LINEAR[usize::from(byte)]
}

/// Relative luminance of one pixel, 0 ..= 1.
pub fn luminance(pixel: [u8; 4]) -> f32 {
    0.2126 * linear(pixel[0]) + 0.7152 * linear(pixel[1]) + 0.0722 * linear(pixel[2])
}

/// Relative luminance of every pixel, in order. A trailing part of a pixel is ignored.
pub fn luminances(picture: &[u8]) -> impl Iterator<Item = f32> {
    picture.chunks_exact(4).map(|p| luminance([p[0], p[1], p[2], p[3]]))
}

/// Mean relative luminance of a picture, 0 ..= 1; 0 for an empty one.
pub fn mean_luminance(picture: &[u8]) -> f32 {
    mean(luminances(picture))
}

/// Mean absolute difference of two pictures' luminances, 0 ..= 1, over the pixels both have.
pub fn luminance_change(before: &[u8], after: &[u8]) -> f32 {
    mean(luminances(before).zip(luminances(after)).map(|(a, b)| (a - b).abs()))
}

/// Entropy of the histogram of sRGB-coded luminance in 64 bins, in bits: 0 (flat) ..= 6.
pub fn entropy(picture: &[u8]) -> f32 {
    let mut bins = [0_u32; 64];
    let mut count = 0_u32;
    for v in luminances(picture) {
        bins[((oklab::to_srgb(v) * 64.0) as usize).min(63)] += 1;
        count += 1;
    }
    bins.iter()
        .filter(|&&n| n > 0)
        .map(|&n| {
            let p = n as f32 / count as f32;
            -p * p.log2()
        })
        .sum()
}

/// Share of frames whose mean luminance is below [`DARK`]; 0 for none.
pub fn dark_share(mean_luminances: &[f32]) -> f32 {
    mean(mean_luminances.iter().map(|&v| if v < DARK { 1.0 } else { 0.0 }))
}

/// Share of the picture's points, sampled on a grid of `columns` x `rows`, that have not escaped after the scene's
/// iterations, 0 ..= 1.
pub fn membership(scene: &Scene, columns: u32, rows: u32) -> f32 {
    let frame = crate::Frame::new(scene, columns, rows);
    let Capture { point, radius_squared } = frame.capture;
    let [cx, cy] = frame.c;
    let stays = |column: u32, row: u32| {
        let u = column as f32 + 0.5 - 0.5 * columns as f32;
        let v = 0.5 * rows as f32 - (row as f32 + 0.5);
        let [sx, sy] = frame.step;
        let (mut x, mut y) = (frame.centre[0] + u * sx - v * sy, frame.centre[1] + u * sy + v * sx);
        for _ in 0..frame.iterations {
            if (x - point[0]).powi(2) + (y - point[1]).powi(2) < radius_squared {
                return 1.0;
            }
            (x, y) = (x * x - y * y + cx, 2.0 * x * y + cy);
            if x * x + y * y > 4.0_f32.max(cx * cx + cy * cy) {
                return 0.0;
            }
        }
        1.0
    };
    mean((0..rows).flat_map(|row| (0..columns).map(move |column| (column, row))).map(|(c, r)| stays(c, r)))
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    // f64: the sum of a million f32 would lose the last digits of the mean.
    let (sum, count) = values.fold((0.0_f64, 0_u64), |(sum, count), v| (sum + f64::from(v), count + 1));
    if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luminance_of_known_colours() {
        assert!((luminance([255, 255, 255, 255]) - 1.0).abs() < 1e-6);
        assert_eq!(luminance([0, 0, 0, 255]), 0.0);
        // sRGB 50 % grey (byte 188) is about half of the light.
        assert!((luminance([188, 188, 188, 255]) - 0.5).abs() < 0.01);
    }

    #[test]
    fn empty_pictures_give_zero() {
        assert_eq!(
            (mean_luminance(&[]), entropy(&[]), luminance_change(&[], &[]), dark_share(&[])),
            (0.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(membership(&Scene::default(), 0, 0), 0.0);
    }

    #[test]
    fn entropy_of_flat_and_of_two_colours() {
        assert_eq!(entropy(&[9; 400]), 0.0);
        let halves: Vec<u8> =
            (0..100).flat_map(|k| if k % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }).collect();
        assert!((entropy(&halves) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn membership_of_the_unit_disc() {
        // The filled set of c = 0 is the unit disc: pi / (2.5 x 2.5) of a square view.
        let share = membership(&Scene { c: [0.0, 0.0], ..Scene::default() }, 200, 200);
        assert!((share - std::f32::consts::PI / 6.25).abs() < 0.005, "{share}");
        assert!(membership(&Scene { c: [0.5, 0.5], ..Scene::default() }, 64, 64) < 0.01);
    }
}
