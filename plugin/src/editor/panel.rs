//! The panel: all parameters in groups and the models, on glass; it can be folded away.

use egui::{FontId, Id, RichText, ScrollArea, Ui, pos2, vec2};
use nice_plug::prelude::*;

use super::gestures::Gestures;
use super::models::ModelPanel;
use super::presets::PresetBar;
use super::widgets::{Back, Sign};
use super::{play, theme, widgets};
use crate::params::DendriteParams;
use crate::state::Session;

/// Time in which the picture makes room for the panel.
const ROOM_TIME_S: f32 = 0.4;

/// Width in logical pixels that the panel takes from the picture now; it changes softly.
pub fn covered_width(context: &egui::Context, open: bool) -> f32 {
    let how = context.animate_bool_with_time_and_easing(
        Id::unique("room"),
        open,
        ROOM_TIME_S,
        egui::emath::easing::cubic_in_out,
    );
    how * (theme::PANEL_WIDTH + theme::GAP)
}

/// What one window's panel remembers.
#[derive(Default)]
pub struct Panel {
    presets: PresetBar,
    models: ModelPanel,
}

impl Panel {
    /// Draws the panel, or the button that unfolds it. `open` and `about`, the box with the version, are changed by the user's
    /// clicks.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        gestures: Gestures,
        session: &Session,
        open: &mut bool,
        about: &mut bool,
    ) {
        let params = &session.params;
        let window = ui.ctx().content_rect();
        let corner = pos2(window.left() + theme::GAP, window.top() + theme::GAP);
        if !*open {
            egui::Area::new(Id::unique("unfold")).fixed_pos(corner).show(ui.ctx(), |ui| {
                theme::on_glass(ui, theme::glass().inner_margin(4), |ui| {
                    *open = widgets::quiet_button(ui, "»", "Show the controls");
                });
            });
            return;
        }
        // Room for the status line below.
        let bottom = (window.bottom() - theme::GAP - 48.0).max(corner.y + 120.0);
        egui::Area::new(Id::unique("panel")).fixed_pos(corner).show(ui.ctx(), |ui| {
            theme::on_glass(ui, theme::glass(), |ui| {
                ui.set_width(theme::PANEL_WIDTH - 24.0);
                header(ui, gestures, params, open, about);
                self.presets.show(ui, gestures, session);
                let list = (bottom - 12.0 - ui.cursor().top()).max(60.0);
                // An area begins with little height and would let the list scroll in that; it may take what it needs.
                let scroll = ScrollArea::vertical().max_height(list).min_scrolled_height(list);
                scroll.auto_shrink([false, true]).show(ui, |ui| {
                    // The floating scroll bar must not lie on the values.
                    ui.set_width(ui.available_width() - 8.0);
                    listen(ui, gestures, params);
                    orbit(ui, gestures, params);
                    look(ui, gestures, params);
                    group(ui, "Play");
                    play::show(ui, gestures, session);
                    group(ui, "Models");
                    self.models.show(ui, session);
                });
            });
        });
    }
}

fn header(ui: &mut Ui, gestures: Gestures, params: &DendriteParams, open: &mut bool, about: &mut bool) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(RichText::new("Dendrite").size(17.0).strong());
        ui.add_space(4.0);
        if widgets::quiet_button(ui, "i", "About Dendrite: version and licences") {
            *about = true;
        }
        let (undo, redo) = gestures.edits().steps();
        if widgets::sign_button(
            ui,
            Sign::Turn(Back::Back),
            undo > 0,
            "Undo the last change made here (Ctrl+Z)",
        ) {
            gestures.undo();
        }
        if widgets::sign_button(ui, Sign::Turn(Back::Forth), redo > 0, "Do again what was undone (Ctrl+Y)") {
            gestures.redo();
        }
        // From here on at the right, but in the order of reading, which is that of the Tab key.
        let bypassed = params.bypass.unmodulated_normalized_value() > 0.5;
        let (word, colour) = if bypassed { ("bypassed", theme::WARM) } else { ("on", theme::ACCENT) };
        let galley = ui.painter().layout_no_wrap(word.to_owned(), FontId::proportional(12.0), colour);
        let size = vec2(galley.size().x + 8.0, 20.0);
        ui.add_space((ui.available_width() - size.x - 26.0).max(0.0));
        widgets::bypass(ui, gestures, &params.bypass, size, |ui, rect| {
            let at = egui::Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
            ui.painter().galley(at.min, galley, colour);
        });
        if widgets::quiet_button(ui, "«", "Hide the controls") {
            *open = false;
        }
    });
    ui.add_space(4.0);
}

fn group(ui: &mut Ui, title: &str) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.label(
            RichText::new(title.to_uppercase()).size(10.5).color(theme::FAINT).extra_letter_spacing(1.5),
        );
        let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
        ui.painter().rect_filled(line, 0, egui::Color32::from_white_alpha(16));
    });
    ui.add_space(3.0);
}

fn listen(ui: &mut Ui, gestures: Gestures, params: &DendriteParams) {
    let p = &params.listen;
    group(ui, "Listen");
    widgets::choice(
        ui,
        gestures,
        &p.listen_to,
        "Which input is heard. Without sound at the sidechain: the main input",
    );
    widgets::number(ui, gestures, &p.sensitivity, "Gain of the hearing; the sound itself is not touched");
    widgets::switch(ui, gestures, &p.auto_level, "Brings quiet tracks up slowly, for the hearing only");
    widgets::switch(
        ui,
        gestures,
        &p.align_sound,
        "Delays the sound until its picture is there, and tells the host",
    );
}

fn orbit(ui: &mut Ui, gestures: Gestures, params: &DendriteParams) {
    let p = &params.motion;
    group(ui, "Orbit");
    widgets::number(ui, gestures, &p.impact_amount, "How far hits push the set outward");
    widgets::number(ui, gestures, &p.residual_depth, "Size of the small circles on the large one");
    widgets::number(ui, gestures, &p.s_bias, "Inward (-) or outward (+) of the component's rim");
    widgets::number(ui, gestures, &p.smoothing, "How calmly the control signals follow");
    widgets::choice(ui, gestures, &p.bars_per_turn, "Bars of one turn at the middle speed");
    widgets::number(ui, gestures, &p.section_sensitivity, "How readily a new section changes the component");
    widgets::choice(ui, gestures, &p.component_lock, "Stay on one component, or let the music choose");
}

fn look(ui: &mut Ui, gestures: Gestures, params: &DendriteParams) {
    let p = &params.look;
    group(ui, "Look");
    widgets::choice(ui, gestures, &p.palette, "The colours");
    widgets::switch(ui, gestures, &p.palette_follows_mood, "Mood moves the colours around the chosen ones");
    widgets::number(ui, gestures, &p.zoom, "Magnification");
    widgets::number(ui, gestures, &p.rotation, "Rotation of the set");
    widgets::number(ui, gestures, &p.glow, "Strength of the rim's line and halo");
    widgets::number(ui, gestures, &p.detail, "How fine the rim is drawn; costs time on the graphics card");
    widgets::number(ui, gestures, &p.reaction, "How much colours and size answer to the music");
    widgets::switch(
        ui,
        gestures,
        &p.flash_limit,
        "At most three flashes in a second. Keep it on when others watch",
    );
}

#[cfg(test)]
mod tests;
