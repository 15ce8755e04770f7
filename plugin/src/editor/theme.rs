//! Colours and spacing of everything that is not the picture.

use egui::{Color32, CornerRadius, Frame, Margin, Painter, Rect, Shadow, Stroke};

/// Text that is read.
pub const TEXT: Color32 = Color32::from_rgb(232, 236, 244);
/// Text that names.
pub const DIM: Color32 = Color32::from_rgb(164, 173, 192);
/// Text that can be overlooked.
pub const FAINT: Color32 = Color32::from_rgb(150, 158, 176);
/// What is set and what moves: the blue of the first palette, calm on every picture.
pub const ACCENT: Color32 = Color32::from_rgb(126, 178, 226);
/// What wants attention.
pub const WARM: Color32 = Color32::from_rgb(240, 190, 120);
/// Tracks of sliders and switches.
pub const TRACK: Color32 = Color32::from_rgb(44, 50, 66);
/// What lies under a small button that is pointed at.
pub const LIFT: Color32 = Color32::from_rgba_premultiplied(14, 14, 14, 14);
/// Width of the panel in logical pixels.
pub const PANEL_WIDTH: f32 = 268.0;
/// Distance of what floats from the window's edge.
pub const GAP: f32 = 12.0;

/// Colour of the glass, and how much of the picture behind it covers, of 255: as little as text on it can be read over white.
const GLASS: ([u8; 3], u8) = ([10, 13, 22], 222);

/// The glass that panel, overlays, status line and notices are made of.
pub fn glass() -> Frame {
    let ([red, green, blue], alpha) = GLASS;
    Frame {
        fill: Color32::from_rgba_unmultiplied(red, green, blue, alpha),
        stroke: Stroke::new(1.0, Color32::from_rgba_unmultiplied(255, 255, 255, 20)),
        corner_radius: CornerRadius::same(12),
        inner_margin: Margin::same(12),
        shadow: Shadow { offset: [0, 4], blur: 24, spread: 0, color: Color32::from_black_alpha(96) },
        ..Frame::NONE
    }
}

/// Draws glass that fills a rectangle, for what places its contents itself.
pub fn paint_glass(painter: &Painter, rect: Rect) {
    painter.add(glass().inner_margin(0).paint(rect));
}

/// Sets the window's style once.
pub fn apply(context: &egui::Context) {
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(|style| {
        let visuals = &mut style.visuals;
        visuals.override_text_color = Some(TEXT);
        visuals.panel_fill = Color32::BLACK;
        visuals.window_fill = Color32::from_rgb(16, 20, 31);
        visuals.window_stroke = Stroke::new(1.0, Color32::from_rgba_unmultiplied(255, 255, 255, 24));
        visuals.window_corner_radius = CornerRadius::same(10);
        visuals.menu_corner_radius = CornerRadius::same(10);
        visuals.selection.bg_fill = ACCENT.gamma_multiply(0.35);
        visuals.selection.stroke = Stroke::new(1.0, ACCENT);
        visuals.extreme_bg_color = Color32::from_rgb(22, 27, 40);
        for (widget, fill) in [
            (&mut visuals.widgets.inactive, Color32::from_rgb(28, 34, 49)),
            (&mut visuals.widgets.hovered, Color32::from_rgb(38, 45, 63)),
            (&mut visuals.widgets.active, Color32::from_rgb(48, 57, 79)),
            (&mut visuals.widgets.open, Color32::from_rgb(38, 45, 63)),
        ] {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = Stroke::NONE;
            widget.corner_radius = CornerRadius::same(6);
            widget.expansion = 0.0;
        }
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.interact_size.y = 20.0;
        style.spacing.scroll.floating = true;
        style.interaction.selectable_labels = false;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn luminance(rgb: [f64; 3]) -> f64 {
        let [red, green, blue] = rgb.map(|byte| {
            let v = byte / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn text_can_be_read_on_glass_over_any_picture() {
        let (glass, alpha) = GLASS;
        let share = f64::from(alpha) / 255.0;
        for behind in [0.0, 255.0] {
            let ground = luminance(glass.map(|byte| f64::from(byte) * share + behind * (1.0 - share)));
            for colour in [TEXT, DIM, FAINT, ACCENT, WARM] {
                let text = luminance([colour.r(), colour.g(), colour.b()].map(f64::from));
                // 4.5:1 is what WCAG 2.2 asks of text (success criterion 1.4.3).
                let contrast = (text + 0.05) / (ground + 0.05);
                assert!(contrast >= 4.5, "{colour:?} over {behind}: {contrast:.2}");
            }
        }
    }
}
