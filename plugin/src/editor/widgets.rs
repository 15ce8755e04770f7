//! One row per parameter: its name, its value, and the means to change it by hand or by typing.

use egui::{
    Align, Align2, Color32, ComboBox, CornerRadius, FontId, Id, Layout, Rect, Response, Sense, Stroke,
};
use egui::{StrokeKind, TextEdit, Ui, Vec2, pos2, vec2};
use nice_plug::prelude::*;

use super::theme;

/// Height of a slider's sensitive area in logical pixels.
const SLIDER_HEIGHT: f32 = 14.0;
/// Thickness of a slider's track.
const TRACK_HEIGHT: f32 = 4.0;
/// With the shift key, a drag moves the value by this share of what it moves without.
const FINE: f32 = 0.1;
/// Width of the field that a value is typed into.
const FIELD_WIDTH: f32 = 92.0;

/// A number: name and value above a slider. The value can be clicked and typed; a double click on the slider resets.
pub fn number<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P, hint: &str) {
    ui.horizontal(|ui| {
        name(ui, param.name(), hint);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| value_field(ui, setter, param));
    });
    slider(ui, setter, param);
    ui.add_space(3.0);
}

/// A switch with its name.
pub fn switch(ui: &mut Ui, setter: &ParamSetter, param: &BoolParam, hint: &str) {
    ui.horizontal(|ui| {
        let label = name(ui, param.name(), hint);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (rect, knob) = ui.allocate_exact_size(vec2(30.0, 16.0), Sense::click());
            let on = param.value();
            if knob.clicked() || label.clicked() {
                set(setter, param, if on { 0.0 } else { 1.0 });
            }
            let how = ui.ctx().animate_bool(Id::unique(param.name()).with("switch"), on);
            let fill = theme::TRACK.lerp_to_gamma(theme::ACCENT, how);
            ui.painter().rect_filled(rect, CornerRadius::same(8), fill);
            let x = egui::lerp(rect.left() + 8.0..=rect.right() - 8.0, how);
            ui.painter().circle_filled(pos2(x, rect.center().y), 5.5, theme::TEXT);
            knob.on_hover_text(hint);
        });
    });
    ui.add_space(3.0);
}

/// A choice from a list. `steps` is the number of its last entry.
pub fn choice<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P, hint: &str) {
    let steps = param.step_count().unwrap_or(1).max(1);
    ui.horizontal(|ui| {
        name(ui, param.name(), hint);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let now = param.unmodulated_normalized_value();
            let chosen = (now * steps as f32).round() as usize;
            ComboBox::from_id_salt(param.name())
                .width(128.0)
                .height(320.0)
                .selected_text(param.normalized_value_to_string(now, true))
                .truncate()
                .show_ui(ui, |ui| {
                    for step in 0..=steps {
                        let normalized = step as f32 / steps as f32;
                        let text = param.normalized_value_to_string(normalized, true);
                        if ui.selectable_label(step == chosen, text).clicked() && step != chosen {
                            set(setter, param, normalized);
                        }
                    }
                });
        });
    });
    ui.add_space(3.0);
}

fn name(ui: &mut Ui, text: &str, hint: &str) -> Response {
    let label =
        egui::Label::new(egui::RichText::new(text).size(12.5).color(theme::DIM)).sense(Sense::click());
    ui.add(label).on_hover_text(hint)
}

/// The value as text; a click turns it into a field.
fn value_field<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P) {
    let id = Id::unique(param.name()).with("field");
    let editing: Option<String> = ui.data(|data| data.get_temp(id));
    let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
    match editing {
        None => {
            let text = egui::RichText::new(&shown).size(12.5).monospace().color(theme::TEXT);
            let label = ui.add(egui::Label::new(text).sense(Sense::click()));
            if label.on_hover_text("Click to type a value").clicked() {
                ui.data_mut(|data| data.insert_temp(id, shown));
                ui.memory_mut(|memory| memory.request_focus(id.with("edit")));
            }
        }
        Some(mut text) => {
            let field = ui.add(
                TextEdit::singleline(&mut text)
                    .id(id.with("edit"))
                    .desired_width(FIELD_WIDTH)
                    .font(FontId::monospace(12.5))
                    .align(egui::Align2::RIGHT_CENTER),
            );
            if field.lost_focus() {
                let cancelled = ui.input(|input| input.key_pressed(egui::Key::Escape));
                if !cancelled && let Some(normalized) = param.string_to_normalized_value(&text) {
                    set(setter, param, normalized);
                }
                ui.data_mut(|data| data.remove::<String>(id));
            } else {
                ui.data_mut(|data| data.insert_temp(id, text));
            }
        }
    }
}

/// A drag in progress.
#[derive(Clone, Copy)]
struct Drag {
    /// Where the value would be without steps.
    normalized: f32,
}

fn slider<P: Param>(ui: &mut Ui, setter: &ParamSetter, param: &P) {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), SLIDER_HEIGHT), Sense::click_and_drag());
    let id = Id::unique(param.name()).with("drag");
    let now = param.unmodulated_normalized_value();

    if response.double_clicked() {
        set(setter, param, param.default_normalized_value());
    } else {
        if response.drag_started() {
            setter.begin_set_parameter(param);
            // A drag starts where the pointer is, as a slider's should; with shift it starts from the value.
            let fine = ui.input(|input| input.modifiers.shift);
            let start = match response.interact_pointer_pos() {
                Some(at) if !fine => ((at.x - rect.left()) / rect.width()).clamp(0.0, 1.0),
                _ => now,
            };
            ui.data_mut(|data| data.insert_temp(id, Drag { normalized: start }));
        }
        if let (true, Some(drag)) = (response.dragged(), ui.data(|data| data.get_temp::<Drag>(id))) {
            let speed = if ui.input(|input| input.modifiers.shift) { FINE } else { 1.0 };
            let normalized =
                (drag.normalized + response.drag_delta().x * speed / rect.width()).clamp(0.0, 1.0);
            ui.data_mut(|data| data.insert_temp(id, Drag { normalized }));
            let stepped = param.preview_normalized(param.preview_plain(normalized));
            if stepped != now {
                setter.set_parameter_normalized(param, stepped);
            }
        }
        if response.drag_stopped() {
            setter.end_set_parameter(param);
            ui.data_mut(|data| data.remove::<Drag>(id));
        }
        if response.hovered() {
            let scrolled = ui.input(|input| {
                if input.modifiers.shift {
                    input.smooth_scroll_delta.x + input.smooth_scroll_delta.y
                } else {
                    0.0
                }
            });
            if scrolled != 0.0 {
                let next = if scrolled > 0.0 {
                    param.next_normalized_step(now, true)
                } else {
                    param.previous_normalized_step(now, true)
                };
                set(setter, param, next);
            }
        }
    }

    paint_slider(
        ui,
        rect,
        &response,
        now,
        param.modulated_normalized_value(),
        param.default_normalized_value(),
    );
}

fn paint_slider(ui: &Ui, rect: Rect, response: &Response, value: f32, modulated: f32, default: f32) {
    let track = Rect::from_center_size(rect.center(), vec2(rect.width(), TRACK_HEIGHT));
    let at = |normalized: f32| egui::lerp(track.left()..=track.right(), normalized);
    let painter = ui.painter();
    let round = CornerRadius::same(2);
    painter.rect_filled(track, round, theme::TRACK);
    // Filled from the default's side, so that what has been moved is seen at a glance; a plain bar where it is at an end.
    let origin = if default > 0.02 && default < 0.98 { default } else { 0.0 };
    let filled =
        Rect::from_x_y_ranges(at(origin.min(value))..=at(origin.max(value)), track.top()..=track.bottom());
    let strength = if response.hovered() || response.dragged() { 1.0 } else { 0.8 };
    painter.rect_filled(filled, round, theme::ACCENT.gamma_multiply(strength));
    if modulated != value {
        painter.circle_filled(pos2(at(modulated), track.center().y), 3.0, theme::WARM);
    }
    let knob = Rect::from_center_size(pos2(at(value), track.center().y), Vec2::new(4.0, 12.0));
    painter.rect(knob, CornerRadius::same(2), theme::TEXT, Stroke::NONE, StrokeKind::Inside);
}

/// Sets a value as one gesture.
fn set<P: Param>(setter: &ParamSetter, param: &P, normalized: f32) {
    setter.begin_set_parameter(param);
    setter.set_parameter_normalized(param, normalized);
    setter.end_set_parameter(param);
}

/// A small flat button with a word or a sign.
pub fn quiet_button(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let size = vec2(22.0, 20.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let colour = if response.hovered() { theme::TEXT } else { theme::DIM };
    if response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(6), Color32::from_white_alpha(14));
    }
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(15.0), colour);
    response.on_hover_text(hint).clicked()
}
