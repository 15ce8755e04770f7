//! Colours and spacing of everything that is not the picture.

use std::f32::consts::FRAC_PI_2;

use egui::{
    Color32, CornerRadius, Frame, InnerResponse, Margin, Mesh, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2,
    vec2,
};

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
const GLASS: ([u8; 3], u8) = ([9, 12, 21], 234);
/// Radius of its corners.
const RADIUS: u8 = 12;

/// Where its shadow falls: so far below it, so far to each side of where the glass ends; and how dark it is, of 255.
const SHADE_BELOW: f32 = 4.0;
const SHADE_REACH: f32 = 12.0;
const SHADE: f32 = 96.0;
/// Points of the shadow's outline at each corner.
const SHADE_POINTS: usize = 8;

/// The glass that panel, overlays, status line and notices are made of, without its shadow.
pub fn glass() -> Frame {
    let ([red, green, blue], alpha) = GLASS;
    Frame {
        fill: Color32::from_rgba_unmultiplied(red, green, blue, alpha),
        stroke: Stroke::new(1.0, Color32::from_rgba_unmultiplied(255, 255, 255, 20)),
        corner_radius: CornerRadius::same(RADIUS),
        inner_margin: Margin::same(12),
        ..Frame::NONE
    }
}

/// Shows contents on a kind of glass, with its shadow.
pub fn on_glass<R>(ui: &mut Ui, glass: Frame, contents: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let shadow = ui.painter().add(Shape::Noop);
    let shown = glass.show(ui, contents);
    ui.painter().set(shadow, shade(shown.response.rect));
    shown
}

/// Draws glass that fills a rectangle, for what places its contents itself.
pub fn paint_glass(painter: &Painter, rect: Rect) {
    painter.add(shade(rect));
    painter.add(glass().inner_margin(0).paint(rect));
}

/// The shadow of glass over `rect`: a ring around it, for what lies under the glass is not seen, and where the processor draws, pixels are
/// what takes time.
fn shade(rect: Rect) -> Shape {
    // The glass has soft edges: the ring begins under them.
    let inner = rounded(rect.shrink(1.0), f32::from(RADIUS) - 1.0);
    let thrown = rect.translate(vec2(0.0, SHADE_BELOW));
    let outer = rounded(thrown.expand(SHADE_REACH), f32::from(RADIUS) + SHADE_REACH);
    let mut mesh = Mesh::default();
    for (from, to) in inner.zip(outer) {
        // From its full darkness, so far inside of its edge as it reaches outside, down to nothing.
        let depth = -thrown.signed_distance_to_pos(from);
        let share = ((depth + SHADE_REACH) / (2.0 * SHADE_REACH)).clamp(0.0, 1.0);
        mesh.colored_vertex(from, Color32::from_black_alpha((SHADE * share) as u8));
        mesh.colored_vertex(to, Color32::TRANSPARENT);
    }
    let count = mesh.vertices.len() as u32;
    for at in (0..count).step_by(2) {
        let [inner, outer, next_inner, next_outer] = [0, 1, 2, 3].map(|step| (at + step) % count);
        mesh.add_triangle(inner, outer, next_outer);
        mesh.add_triangle(inner, next_outer, next_inner);
    }
    Shape::mesh(mesh)
}

/// Points on the outline of a rectangle with round corners, from the right end of its upper side on.
fn rounded(rect: Rect, radius: f32) -> impl Iterator<Item = Pos2> {
    let radius = radius.min(rect.width() / 2.0).min(rect.height() / 2.0).max(0.0);
    let core = rect.shrink(radius);
    let corners = [core.right_top(), core.right_bottom(), core.left_bottom(), core.left_top()];
    corners.into_iter().zip(0_u8..).flat_map(move |(corner, quarter)| {
        (0..SHADE_POINTS).map(move |k| {
            let share = k as f32 / (SHADE_POINTS - 1) as f32;
            let angle = FRAC_PI_2 * (f32::from(quarter) - 1.0 + share);
            pos2(corner.x + radius * angle.cos(), corner.y + radius * angle.sin())
        })
    })
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
    fn the_shadow_is_darkest_below_and_fades_out_around_the_glass() {
        let rect = Rect::from_min_max(pos2(100.0, 100.0), pos2(300.0, 200.0));
        let Shape::Mesh(mesh) = shade(rect) else { panic!("a mesh") };
        assert!(mesh.is_valid() && !mesh.indices.is_empty());
        let bounds = mesh.calc_bounds();
        assert_eq!(
            [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()].map(f32::round),
            [88.0, 92.0, 312.0, 216.0]
        );
        let darkest = |at: fn(Pos2) -> bool| {
            mesh.vertices.iter().filter(|v| at(v.pos)).map(|v| v.color.a()).max().unwrap_or_default()
        };
        let (above, below) = (darkest(|at| at.y < 102.0), darkest(|at| at.y > 198.0));
        assert!(below > above && above > 0, "{above} above, {below} below");
        // Nothing is drawn where the glass is: the ring's inner rim lies along it.
        assert!(mesh.vertices.iter().all(|v| v.color.a() == 0 || !rect.shrink(5.0).contains(v.pos)));
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
