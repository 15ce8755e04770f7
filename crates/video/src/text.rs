//! A line of text as coverage, antialiased, in the font that the editor has.

use ab_glyph::{Font, FontRef, InvalidFont, PxScale, ScaleFont, point};
use epaint_default_fonts::UBUNTU_LIGHT;

/// Ubuntu Light, ready to be drawn.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    font: FontRef<'static>,
}

/// How much of each pixel is covered, 0 ..= 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mask {
    pub width: usize,
    pub height: usize,
    pub cover: Vec<f32>,
    /// Row of the baseline.
    pub baseline: usize,
    /// Empty pixels around the text on each side.
    pub margin: usize,
}

impl Face {
    pub fn new() -> Result<Self, InvalidFont> {
        Ok(Self { font: FontRef::try_from_slice(UBUNTU_LIGHT)? })
    }

    /// Draws a line with a margin around it. `size` is the font's height in pixels. Characters that the font lacks are left out.
    pub fn line(&self, text: &str, size: f32, margin: usize) -> Mask {
        let font = self.font.as_scaled(PxScale::from(size));
        let ascent = font.ascent().ceil();
        let mut x = 0.0;
        let mut glyphs = Vec::new();
        let mut last = None;
        for c in text.chars() {
            let id = font.glyph_id(c);
            if id.0 == 0 {
                continue;
            }
            x += last.map_or(0.0, |last| font.kern(last, id));
            glyphs.push(id.with_scale_and_position(PxScale::from(size), point(x, ascent)));
            x += font.h_advance(id);
            last = Some(id);
        }
        let width = x.ceil() as usize + 2 * margin + 2;
        let height = (ascent - font.descent()).ceil() as usize + 2 * margin;
        let mut cover = vec![0.0_f32; width * height];
        for glyph in glyphs {
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            let left = bounds.min.x as i64 + margin as i64;
            let top = bounds.min.y as i64 + margin as i64;
            outline.draw(|dx, dy, share| {
                let (x, y) = (left + i64::from(dx), top + i64::from(dy));
                if (0..width as i64).contains(&x) && (0..height as i64).contains(&y) {
                    let at = &mut cover[y as usize * width + x as usize];
                    *at = (*at + share).min(1.0);
                }
            });
        }
        Mask { width, height, cover, baseline: margin + ascent as usize, margin }
    }
}

impl Mask {
    /// The mask as a soft shadow: blurred three times by a box of this radius, which is close to a Gaussian.
    pub fn blurred(&self, radius: usize) -> Mask {
        let mut mask = self.clone();
        for _ in 0..3 {
            mask.cover = blur_rows(&mask.cover, mask.width, radius);
            mask.cover = transposed(&mask.cover, mask.width, mask.height);
            mask.cover = blur_rows(&mask.cover, mask.height, radius);
            mask.cover = transposed(&mask.cover, mask.height, mask.width);
        }
        mask
    }

    /// Blends a colour over RGBA8 pixels where the mask covers them, with its margin's corner at (`left`, `top`).
    pub fn blend(
        &self,
        rgba: &mut [u8],
        [width, height]: [u32; 2],
        left: i64,
        top: i64,
        colour: [f32; 3],
        opacity: f32,
    ) {
        for (y, row) in self.cover.chunks_exact(self.width).enumerate() {
            let y = top + y as i64;
            if !(0..i64::from(height)).contains(&y) {
                continue;
            }
            for (x, &cover) in row.iter().enumerate() {
                let x = left + x as i64;
                if cover > 0.0 && (0..i64::from(width)).contains(&x) {
                    let at = (y as usize * width as usize + x as usize) * 4;
                    mix(&mut rgba[at..at + 3], colour, (cover * opacity).min(1.0));
                }
            }
        }
    }
}

/// Brings a pixel that much of the way to a colour.
pub(crate) fn mix(pixel: &mut [u8], colour: [f32; 3], share: f32) {
    for (byte, colour) in pixel.iter_mut().zip(colour) {
        let value = f32::from(*byte);
        *byte = (value + (colour - value) * share).round() as u8;
    }
}

fn blur_rows(cover: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let share = 1.0 / (2 * radius + 1) as f32;
    let mut out = Vec::with_capacity(cover.len());
    for row in cover.chunks_exact(width) {
        let mut sum: f32 = row.iter().take(radius).sum();
        for x in 0..width {
            sum += row.get(x + radius).copied().unwrap_or(0.0);
            out.push((sum * share).max(0.0));
            sum -= x.checked_sub(radius).map_or(0.0, |gone| row[gone]);
        }
    }
    out
}

fn transposed(cover: &[f32], width: usize, height: usize) -> Vec<f32> {
    (0..width).flat_map(|x| (0..height).map(move |y| cover[y * width + x])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_line_covers_more_and_unknown_letters_nothing() {
        let face = Face::new().unwrap();
        let area = |text| face.line(text, 40.0, 4).cover.iter().sum::<f32>();
        assert!(area("Am7") > area("A") && area("A") > 50.0);
        assert_eq!(area("\u{10ffff}"), 0.0);
    }

    #[test]
    fn blur_keeps_the_area_where_there_is_room() {
        let face = Face::new().unwrap();
        let mask = face.line("F#m", 30.0, 20);
        let blurred = mask.blurred(4);
        let area = |mask: &Mask| mask.cover.iter().sum::<f32>();
        assert!((area(&blurred) / area(&mask) - 1.0).abs() < 0.01);
        assert!(blurred.cover.iter().copied().fold(0.0, f32::max) < 1.0);
    }
}
