//! The lines at the bottom of the picture that say what can be done, as long as somebody might not know.

use egui::{Align2, Color32, FontId, Id, Rect, Sense, Ui, pos2, vec2};

use super::theme;

/// Said while nothing is heard.
pub const PLAY: &str = "Play something: Dendrite listens to this track";
/// Said until the canvas has been clicked for the first time.
pub const KEYS: &str = "Click the picture, then: H hide, F full view, P freeze, S save";
/// Said while the picture is held.
pub const FROZEN: &str = "Frozen: P lets it go on";
/// Said when somebody looks for the controls.
pub const HIDDEN: &str = "H shows the controls";

/// How long the hint about the keys stays up if nobody clicks, in seconds.
pub const KEYS_S: f64 = 30.0;
/// How long [`HIDDEN`] stays up after a click.
pub const HIDDEN_S: f64 = 3.0;

/// Space between the hints and the bottom of the window: the status line.
const BELOW: f32 = 52.0;
const SIZE: f32 = 12.5;
const PADDING: egui::Vec2 = vec2(12.0, 6.0);

/// Draws lines above one another at the bottom of what is left free of the window, the first one highest.
pub fn show(ui: &Ui, free: Rect, lines: &[&str]) {
    if lines.is_empty() {
        return;
    }
    let width = free.width() - 2.0 * (theme::GAP + PADDING.x);
    let painter = ui.painter();
    let galleys: Vec<_> = lines
        .iter()
        .map(|line| painter.layout((*line).to_owned(), FontId::proportional(SIZE), theme::TEXT, width))
        .collect();
    let widest = galleys.iter().map(|galley| galley.size().x).fold(0.0, f32::max);
    let height: f32 =
        galleys.iter().map(|galley| galley.size().y).sum::<f32>() + 3.0 * (lines.len() - 1) as f32;
    let size = vec2(widest, height) + 2.0 * PADDING;
    let rect = Align2::CENTER_BOTTOM.anchor_size(pos2(free.center().x, free.bottom() - BELOW), size);
    egui::Area::new(Id::unique("hints")).fixed_pos(rect.min).constrain(false).interactable(false).show(
        ui.ctx(),
        |ui| {
            ui.allocate_exact_size(rect.size(), Sense::hover());
            theme::paint_glass(ui.painter(), rect);
            let mut top = rect.top() + PADDING.y;
            for galley in galleys {
                let left = rect.center().x - galley.size().x / 2.0;
                let below = galley.size().y + 3.0;
                ui.painter().galley(pos2(left, top), galley, Color32::PLACEHOLDER);
                top += below;
            }
        },
    );
}
