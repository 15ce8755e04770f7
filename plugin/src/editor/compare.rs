//! The line that exchanges the two sets of values, A and B.

use egui::{Align2, CornerRadius, FontId, Rect, Sense, Ui, pos2, vec2};

use super::gestures::Gestures;
use super::{focus, theme, widgets};
use crate::edits::Slot;

/// Size of the toggle.
const SIZE: egui::Vec2 = vec2(44.0, 20.0);

/// Draws the toggle and the button that copies, and acts on them.
pub fn show(ui: &mut Ui, gestures: Gestures) {
    let edits = gestures.edits();
    let slot = edits.slot();
    let (rect, toggle) = ui.allocate_exact_size(SIZE, Sense::click());
    ui.painter().rect_filled(rect, CornerRadius::same(6), theme::TRACK.gamma_multiply(0.6));
    for (n, (other, word)) in [(Slot::A, "A"), (Slot::B, "B")].into_iter().enumerate() {
        let left = rect.left() + n as f32 * rect.width() / 2.0;
        let half = Rect::from_min_size(pos2(left, rect.top()), vec2(rect.width() / 2.0, rect.height()));
        let colour = if other == slot { theme::TEXT } else { theme::DIM };
        if other == slot {
            ui.painter().rect_filled(
                half.shrink(2.0),
                CornerRadius::same(5),
                theme::ACCENT.gamma_multiply(0.35),
            );
        }
        let font = FontId::proportional(12.5);
        ui.painter().text(half.center(), Align2::CENTER_CENTER, word, font, colour);
    }
    focus::on_press(&toggle);
    focus::ring(ui, &toggle, rect.shrink2(vec2(3.0, 1.0)));
    let heard = if slot == Slot::A { "A" } else { "B" };
    let hint = format!(
        "Two sets of values to compare: {heard} is heard now. Bypass, input and alignment are the same in both"
    );
    if toggle.on_hover_text(hint).clicked() {
        gestures.switch();
    }
    let (word, hint) = match slot {
        Slot::A => ("Copy to B", "Make B the same as A"),
        Slot::B => ("Copy to A", "Make A the same as B"),
    };
    if widgets::enabled_button(ui, edits.differ(), word, hint) {
        edits.copy();
    }
}
