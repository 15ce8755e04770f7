//! The panel: all parameters in groups and the models, on glass; it can be folded away.

use egui::{Align, Id, Layout, RichText, ScrollArea, Ui, pos2, vec2};
use nice_plug::prelude::*;

use super::models::ModelPanel;
use super::{play, theme, widgets};
use crate::params::DendriteParams;
use crate::state::Session;

/// Height of the panel's first line and its margins.
const HEADER_HEIGHT: f32 = 58.0;

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

/// Draws the panel, or the button that unfolds it. `open` and `about`, the box with the version, are changed by the user's
/// clicks.
pub fn show(
    ui: &mut Ui,
    setter: &ParamSetter,
    session: &Session,
    model_panel: &mut ModelPanel,
    open: &mut bool,
    about: &mut bool,
) {
    let params = &session.params;
    let window = ui.ctx().content_rect();
    let corner = pos2(window.left() + theme::GAP, window.top() + theme::GAP);
    if !*open {
        egui::Area::new(Id::unique("unfold")).fixed_pos(corner).show(ui.ctx(), |ui| {
            theme::glass().inner_margin(4).show(ui, |ui| {
                *open = widgets::quiet_button(ui, "»", "Show the controls");
            });
        });
        return;
    }
    // Room for the status line below.
    let height = (window.height() - 2.0 * theme::GAP - 48.0).max(120.0);
    egui::Area::new(Id::unique("panel")).fixed_pos(corner).show(ui.ctx(), |ui| {
        theme::glass().show(ui, |ui| {
            ui.set_width(theme::PANEL_WIDTH - 24.0);
            header(ui, setter, params, open, about);
            let list = (height - HEADER_HEIGHT).max(60.0);
            // An area begins with little height and would let the list scroll in that; it may take what it needs.
            let scroll = ScrollArea::vertical().max_height(list).min_scrolled_height(list);
            scroll.auto_shrink([false, true]).show(ui, |ui| {
                // The floating scroll bar must not lie on the values.
                ui.set_width(ui.available_width() - 8.0);
                listen(ui, setter, params);
                motion(ui, setter, params);
                look(ui, setter, params);
                group(ui, "Play");
                play::show(ui, setter, session);
                group(ui, "Models");
                model_panel.show(ui, session);
            });
        });
    });
}

fn header(ui: &mut Ui, setter: &ParamSetter, params: &DendriteParams, open: &mut bool, about: &mut bool) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Dendrite").size(17.0).strong());
        if widgets::quiet_button(ui, "i", "About Dendrite: version and licences") {
            *about = true;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::quiet_button(ui, "«", "Hide the controls") {
                *open = false;
            }
            let bypassed = params.bypass.value();
            let text = RichText::new(if bypassed { "bypassed" } else { "on" }).size(12.0);
            let text = text.color(if bypassed { theme::WARM } else { theme::ACCENT });
            let hint = "Bypass: sound and notes pass, nothing is heard";
            let button = ui.add(egui::Button::new(text).frame(false)).on_hover_text(hint);
            if button.clicked() {
                setter.begin_set_parameter(&params.bypass);
                setter.set_parameter(&params.bypass, !bypassed);
                setter.end_set_parameter(&params.bypass);
            }
        });
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

fn listen(ui: &mut Ui, setter: &ParamSetter, params: &DendriteParams) {
    let p = &params.listen;
    group(ui, "Listen");
    widgets::choice(
        ui,
        setter,
        &p.listen_to,
        "Which input is heard. Without sound at the sidechain: the main input",
    );
    widgets::number(ui, setter, &p.sensitivity, "Gain of the hearing; the sound itself is not touched");
    widgets::switch(ui, setter, &p.auto_level, "Brings quiet tracks up slowly, for the hearing only");
    widgets::switch(
        ui,
        setter,
        &p.align_sound,
        "Delays the sound until its picture is there, and tells the host",
    );
}

fn motion(ui: &mut Ui, setter: &ParamSetter, params: &DendriteParams) {
    let p = &params.motion;
    group(ui, "Motion");
    widgets::number(ui, setter, &p.impact_amount, "How far hits push the set outward");
    widgets::number(ui, setter, &p.residual_depth, "Size of the small circles on the large one");
    widgets::number(ui, setter, &p.s_bias, "Inward (-) or outward (+) of the component's rim");
    widgets::number(ui, setter, &p.smoothing, "How calmly the control signals follow");
    widgets::choice(ui, setter, &p.bars_per_turn, "Bars of one turn at the middle speed");
    widgets::number(ui, setter, &p.section_sensitivity, "How readily a new section changes the component");
    widgets::choice(ui, setter, &p.component_lock, "Stay on one component, or let the music choose");
}

fn look(ui: &mut Ui, setter: &ParamSetter, params: &DendriteParams) {
    let p = &params.look;
    group(ui, "Look");
    widgets::choice(ui, setter, &p.palette, "The colours");
    widgets::switch(ui, setter, &p.palette_follows_mood, "Mood moves the colours around the chosen ones");
    widgets::number(ui, setter, &p.zoom, "Magnification");
    widgets::number(ui, setter, &p.rotation, "Rotation of the set");
    widgets::number(ui, setter, &p.glow, "Strength of the rim's line and halo");
    widgets::number(ui, setter, &p.detail, "How fine the rim is drawn; costs time on the graphics card");
    widgets::number(ui, setter, &p.reaction, "How much colours and size answer to the music");
    widgets::switch(
        ui,
        setter,
        &p.flash_limit,
        "At most three flashes in a second. Keep it on when others watch",
    );
}
