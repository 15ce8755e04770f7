//! The picture as a PNG file: wider than any screen, supersampled, drawn by the processor.

use dendrite_julia::Scene;
use dendrite_julia::cpu::{Antialias, Renderer};

use crate::save::Kind;

/// Pixels in a row: 4K.
pub const WIDTH: u32 = 3840;
/// Rows at most: a window that is higher than wide is cut there.
const MOST_ROWS: u32 = 3840;

/// What the dialog is told.
pub const PNG: Kind = Kind {
    title: "Save the picture",
    name: "PNG picture",
    ending: "png",
    folders: &["Pictures", "Documents"],
};

/// Rows of a picture `width` wide with the shape of a window.
pub fn rows(window: egui::Vec2, width: u32) -> u32 {
    let shape = (window.y / window.x.max(1.0)).clamp(0.0, 16.0);
    ((width as f32 * shape).round() as u32).clamp(1, MOST_ROWS)
}

/// Draws the scene and packs it. Takes seconds: for a thread of its own.
///
/// # Errors
/// A sentence for the user, when there is not enough memory or the file cannot be packed.
pub fn png(scene: &Scene, width: u32, height: u32) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("The picture could not be made: {error}.");
    let mut pixels = vec![0; width as usize * height as usize * 4];
    Renderer::new()
        .render(scene, width, height, Antialias::TwoByTwo, &mut pixels)
        .map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    writer.write_image_data(&pixels).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_windows_shape_and_is_no_plain_colour() {
        let height = rows(egui::vec2(900.0, 600.0), 96);
        assert_eq!(height, 64);
        let bytes = png(&Scene::default(), 96, height).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (96, 64));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let mut colours: Vec<&[u8]> = pixels.chunks_exact(4).collect();
        colours.sort_unstable();
        colours.dedup();
        assert!(colours.len() > 500, "{}", colours.len());
    }

    #[test]
    fn every_window_gives_a_size_that_can_be_drawn() {
        for window in [[560.0, 420.0], [7680.0, 4320.0], [0.0, 0.0], [1.0, 1e9]] {
            assert!((1..=MOST_ROWS).contains(&rows(window.into(), WIDTH)), "{window:?}");
        }
    }
}
