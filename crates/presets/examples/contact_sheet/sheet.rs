//! The sheet: a row for each preset, two thumbnails for each song, as JPEG.

use std::path::Path;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use anyhow::{Context, Result};
use epaint_default_fonts::UBUNTU_LIGHT;
use jpeg_encoder::{ColorType, Encoder};

/// Width and height of a thumbnail, in pixels.
pub const THUMBNAIL: [u32; 2] = [192, 108];

/// Distances, in pixels.
const GAP: usize = 6;
const TITLE: usize = 34;
const CAPTION: usize = 28;

const BACKGROUND: [u8; 3] = [14, 16, 20];
const BRIGHT: [u8; 3] = [236, 236, 230];
const DIM: [u8; 3] = [150, 154, 160];

/// Of a JPEG, in percent: what keeps a sheet of some twenty presets below half a megabyte.
const QUALITY: u8 = 54;

/// A sheet in the making.
pub struct Sheet {
    font: FontRef<'static>,
    size: [usize; 2],
    rgb: Vec<u8>,
}

impl Sheet {
    /// An empty sheet with titles over the songs.
    pub fn new(titles: &[&str], rows: usize) -> Result<Self> {
        let columns = 2 * titles.len();
        let size = [GAP + columns * (THUMBNAIL[0] as usize + GAP), Self::top(rows) + GAP];
        let font = FontRef::try_from_slice(UBUNTU_LIGHT)?;
        let mut sheet = Self { font, size, rgb: BACKGROUND.repeat(size[0] * size[1]) };
        for (song, title) in titles.iter().enumerate() {
            sheet.write(title, Self::left(2 * song), 6, 20.0, DIM);
        }
        Ok(sheet)
    }

    fn left(column: usize) -> usize {
        GAP + column * (THUMBNAIL[0] as usize + GAP)
    }

    fn top(row: usize) -> usize {
        TITLE + row * (CAPTION + THUMBNAIL[1] as usize + GAP)
    }

    /// Name and line of a preset, over its row.
    pub fn caption(&mut self, row: usize, name: &str, about: &str) {
        let y = Self::top(row) + 4;
        let end = self.write(name, Self::left(0), y, 20.0, BRIGHT);
        self.write(about, end + 16, y + 2, 17.0, DIM);
    }

    /// A thumbnail, RGBA8.
    pub fn place(&mut self, row: usize, column: usize, picture: &[u8]) {
        let (left, top) = (Self::left(column), Self::top(row) + CAPTION);
        for (y, line) in picture.chunks_exact(THUMBNAIL[0] as usize * 4).enumerate() {
            for (x, pixel) in line.chunks_exact(4).enumerate() {
                let at = ((top + y) * self.size[0] + left + x) * 3;
                self.rgb[at..at + 3].copy_from_slice(&pixel[..3]);
            }
        }
    }

    /// Writes a line of text and says where it ends.
    fn write(&mut self, text: &str, left: usize, top: usize, size: f32, colour: [u8; 3]) -> usize {
        let font = self.font.as_scaled(PxScale::from(size));
        let (mut x, baseline) = (left as f32, top as f32 + font.ascent());
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(PxScale::from(size), point(x, baseline));
            x += font.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            let [width, height] = self.size;
            let rgb = &mut self.rgb;
            outline.draw(|dx, dy, cover| {
                let (x, y) = (corner.x as usize + dx as usize, corner.y as usize + dy as usize);
                if x < width && y < height {
                    for (part, ink) in rgb[(y * width + x) * 3..][..3].iter_mut().zip(colour) {
                        *part =
                            (f32::from(*part) + (f32::from(ink) - f32::from(*part)) * cover.min(1.0)) as u8;
                    }
                }
            });
        }
        x as usize
    }

    /// Writes the sheet.
    pub fn save(&self, to: &Path) -> Result<()> {
        let encoder = Encoder::new_file(to, QUALITY).with_context(|| to.display().to_string())?;
        let [width, height] = [u16::try_from(self.size[0])?, u16::try_from(self.size[1])?];
        encoder.encode(&self.rgb, width, height, ColorType::Rgb).with_context(|| to.display().to_string())
    }
}
