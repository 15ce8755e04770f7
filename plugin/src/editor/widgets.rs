//! Controls: one row per parameter with its name, its value and the means to change it, and the buttons.

use egui::{
    Align2, Color32, CornerRadius, FontId, Id, Mesh, Popup, PopupCloseBehavior, Rect, Response, ScrollArea,
    Sense, Shape, Stroke, TextEdit, Ui, pos2, vec2,
};
use nice_plug::prelude::*;

use super::gestures::Gestures;
use super::{clipboard, focus, theme};

/// Height of the line with name and value, in logical pixels.
const LINE: f32 = 18.0;
/// Height of a slider's sensitive area.
const SLIDER_HEIGHT: f32 = 14.0;
/// Thickness of a slider's track.
const TRACK_HEIGHT: f32 = 3.0;
/// Radius of a slider's knob.
const KNOB: f32 = 5.0;
/// With the shift key, a drag moves the value by this share of what it moves without.
const FINE: f32 = 0.1;
/// Width of the field that a value is typed into.
const FIELD_WIDTH: f32 = 92.0;
/// Width of the box of a choice.
const BOX_WIDTH: f32 = 132.0;
/// Space beside a box's text: at its left, and at its right with the sign.
const BOX_MARGINS: f32 = 28.0;
/// Height of what can be pressed in a line.
const BOX_HEIGHT: f32 = 20.0;
/// Space below a row.
const BELOW: f32 = 3.0;
/// Size of the text in rows.
const TEXT_SIZE: f32 = 12.5;

/// The control of the parameter of this name: what gets the focus. Names are unique among parameters.
pub fn id(name: &str) -> Id {
    Id::unique("control").with(name)
}

/// A number: name and value above a slider. The value can be clicked and typed; a double click on the slider resets.
pub fn number<P: Param>(ui: &mut Ui, gestures: Gestures, param: &P, hint: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE + SLIDER_HEIGHT), Sense::hover());
    let line = rect.with_max_y(rect.top() + LINE);
    let name = name(ui, line, param.name(), hint);
    let slider_rect = rect.with_min_y(rect.top() + LINE);
    let slider = slider(ui, gestures, param, slider_rect).on_hover_text(hint);
    let value = value_field(ui, gestures, param, line, &slider);

    let wanted = focus::wanted(ui, &slider);
    let steps = wanted.right + wanted.up;
    if steps != 0 {
        gestures.nudge(param, stepped(param, param.unmodulated_normalized_value(), steps, wanted.fine));
    }
    if wanted.enter && !is_typed(ui, param) {
        type_value(ui, param);
    }
    common(ui, gestures, param, &slider, &wanted);
    menu(ui, gestures, param, &slider.union(name).union(value), true);
    focus::ring(ui, &slider, rect);
    ui.add_space(BELOW);
}

/// A switch with its name.
pub fn switch(ui: &mut Ui, gestures: Gestures, param: &BoolParam, hint: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BOX_HEIGHT), Sense::hover());
    let label = name(ui, rect, param.name(), hint);
    let track = Rect::from_center_size(pos2(rect.right() - 15.0, rect.center().y), vec2(30.0, 16.0));
    let switch = ui.interact(track, id(param.name()), Sense::click()).on_hover_text(hint);
    let on = param.unmodulated_normalized_value() > 0.5;
    let wanted = focus::wanted(ui, &switch);
    let steps = wanted.right + wanted.up;
    if switch.clicked() || label.clicked() || (steps > 0 && !on) || (steps < 0 && on) {
        gestures.change(param, if on { 0.0 } else { 1.0 });
    }
    let how = ui.ctx().animate_bool(switch.id.with("how"), on);
    let lit = if switch.hovered() || label.hovered() { 1.0 } else { 0.88 };
    let fill = theme::TRACK.lerp_to_gamma(theme::ACCENT.gamma_multiply(lit), how);
    ui.painter().rect_filled(track, CornerRadius::same(8), fill);
    let x = egui::lerp(track.left() + 8.0..=track.right() - 8.0, how);
    ui.painter().circle_filled(pos2(x, track.center().y), 5.5, theme::TEXT);
    common(ui, gestures, param, &switch, &wanted);
    menu(ui, gestures, param, &switch.union(label), false);
    focus::ring(ui, &switch, rect);
    ui.add_space(BELOW);
}

/// The host's bypass, which looks as `paint` draws it in a space of its own.
pub fn bypass(
    ui: &mut Ui,
    gestures: Gestures,
    param: &BoolParam,
    size: egui::Vec2,
    paint: impl FnOnce(&Ui, Rect),
) {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let hint = "Bypass: sound and notes pass, nothing is heard";
    let button = ui.interact(rect, id(param.name()), Sense::click()).on_hover_text(hint);
    let on = param.unmodulated_normalized_value() > 0.5;
    let wanted = focus::wanted(ui, &button);
    let steps = wanted.right + wanted.up;
    if button.clicked() || (steps > 0 && !on) || (steps < 0 && on) {
        gestures.change(param, if on { 0.0 } else { 1.0 });
    }
    if button.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(6), theme::LIFT);
    }
    paint(ui, rect);
    common(ui, gestures, param, &button, &wanted);
    menu(ui, gestures, param, &button, false);
    focus::ring(ui, &button, rect.shrink2(vec2(3.0, 1.0)));
}

/// A choice from a list.
pub fn choice<P: Param>(ui: &mut Ui, gestures: Gestures, param: &P, hint: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), BOX_HEIGHT), Sense::hover());
    let name = name(ui, rect, param.name(), hint);
    let last = param.step_count().unwrap_or(1).max(1);
    let now = param.unmodulated_normalized_value();
    let chosen = (now * last as f32).round() as usize;
    let text = param.normalized_value_to_string(now, true);
    // As wide as the text needs, if the name leaves that much.
    let needed =
        ui.painter().layout_no_wrap(text.clone(), FontId::proportional(TEXT_SIZE), theme::TEXT).size().x;
    let room = rect.right() - name.rect.right() - 8.0;
    let width = (needed + BOX_MARGINS).clamp(BOX_WIDTH.min(room), room);
    let place = rect.with_min_x(rect.right() - width);
    let list = boxed(ui, place, id(param.name()), &text);
    let list = list.on_hover_text(if width < needed + BOX_MARGINS {
        format!("{text}. {hint}")
    } else {
        hint.to_owned()
    });

    let wanted = focus::wanted(ui, &list);
    // Down is forth, as in the list.
    let steps = wanted.right - wanted.up;
    if steps != 0 {
        let step = (chosen as i64 + i64::from(steps)).clamp(0, last as i64);
        if step as usize != chosen {
            gestures.nudge(param, step as f32 / last as f32);
        }
    }
    Popup::menu(&list).width(BOX_WIDTH).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        let height = (ui.ctx().content_rect().height() - 80.0).clamp(80.0, 420.0);
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            for step in 0..=last {
                let normalized = step as f32 / last as f32;
                let text = param.normalized_value_to_string(normalized, true);
                let entry = ui.selectable_label(step == chosen, text);
                focus::ring(ui, &entry, entry.rect);
                if entry.clicked() && step != chosen {
                    gestures.change(param, normalized);
                }
            }
        });
    });
    common(ui, gestures, param, &list, &wanted);
    menu(ui, gestures, param, &list.union(name), false);
    focus::ring(ui, &list, rect);
    ui.add_space(BELOW);
}

/// A box with a text and a sign that there is a list behind it.
pub fn boxed(ui: &Ui, rect: Rect, id: Id, text: &str) -> Response {
    let response = ui.interact(rect, id, Sense::click());
    let fill = ui.style().interact(&response).weak_bg_fill;
    ui.painter().rect_filled(rect, CornerRadius::same(6), fill);
    let at = pos2(rect.right() - 11.0, rect.center().y);
    let colour = if response.hovered() { theme::TEXT } else { theme::DIM };
    let points = [vec2(-3.5, -1.75), vec2(0.0, 1.75), vec2(3.5, -1.75)].map(|by| at + by);
    ui.painter().add(Shape::line(points.to_vec(), Stroke::new(1.5, colour)));
    let mut job = egui::text::LayoutJob::simple_singleline(
        text.to_owned(),
        FontId::proportional(TEXT_SIZE),
        theme::TEXT,
    );
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - BOX_MARGINS + 1.0);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let top = rect.center().y - galley.size().y / 2.0;
    ui.painter().galley(pos2(rect.left() + 8.0, top), galley, theme::TEXT);
    response
}

/// The name at the left of a line. Not a stop of the Tab key: the control itself is.
fn name(ui: &Ui, line: Rect, text: &str, hint: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(TEXT_SIZE), theme::DIM);
    let rect = Rect::from_min_size(pos2(line.left(), line.center().y - galley.size().y / 2.0), galley.size());
    ui.painter().galley(rect.min, galley, theme::DIM);
    ui.interact(rect, id(text).with("name"), Sense::CLICK).on_hover_text(hint)
}

/// Where a text that is being typed is kept.
fn typed(param: &impl Param) -> Id {
    id(param.name()).with("typed")
}

fn is_typed(ui: &Ui, param: &impl Param) -> bool {
    ui.data(|data| data.get_temp::<String>(typed(param)).is_some())
}

/// Turns the value into a field, with all of it selected.
fn type_value(ui: &Ui, param: &impl Param) {
    let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
    let field = typed(param).with("field");
    let mut state = egui::text_edit::TextEditState::default();
    let all = egui::text::CCursorRange::two(
        egui::text::CCursor::default(),
        egui::text::CCursor::new(shown.chars().count()),
    );
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), field);
    ui.data_mut(|data| data.insert_temp(typed(param), shown));
    ui.memory_mut(|memory| memory.request_focus(field));
}

/// The value as text at the right of a line; a click turns it into a field.
fn value_field<P: Param>(
    ui: &mut Ui,
    gestures: Gestures,
    param: &P,
    line: Rect,
    slider: &Response,
) -> Response {
    let editing: Option<String> = ui.data(|data| data.get_temp(typed(param)));
    let font = FontId::monospace(TEXT_SIZE);
    let Some(mut text) = editing else {
        let shown = param.normalized_value_to_string(param.unmodulated_normalized_value(), true);
        let galley = ui.painter().layout_no_wrap(shown, font, theme::TEXT);
        let rect = Align2::RIGHT_CENTER.anchor_size(line.right_center(), galley.size());
        let value = ui.interact(rect, id(param.name()).with("value"), Sense::CLICK);
        let value = value.on_hover_text("Click to type a value").on_hover_cursor(egui::CursorIcon::Text);
        if value.hovered() {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, 1.0)), CornerRadius::same(4), theme::LIFT);
        }
        ui.painter().galley(rect.min, galley, theme::TEXT);
        if value.clicked() {
            type_value(ui, param);
        }
        return value;
    };
    let rect = line.with_min_x(line.right() - FIELD_WIDTH);
    let field = ui.put(
        rect,
        TextEdit::singleline(&mut text)
            .id(typed(param).with("field"))
            .desired_width(FIELD_WIDTH)
            .margin(vec2(4.0, 1.0))
            .font(font)
            .align(Align2::RIGHT_CENTER),
    );
    if field.lost_focus() {
        let (cancelled, entered) = ui.input_mut(|input| {
            let entered = input.consume_key(egui::Modifiers::NONE, egui::Key::Enter);
            (input.key_pressed(egui::Key::Escape), entered)
        });
        // What is not understood changes nothing, and that is seen.
        let read = param.string_to_normalized_value(&text).filter(|_| !cancelled);
        if let Some(normalized) = read {
            gestures.change(param, normalized);
        }
        if entered || cancelled {
            ui.memory_mut(|memory| memory.request_focus(slider.id));
        }
        ui.data_mut(|data| data.remove::<String>(typed(param)));
    } else {
        ui.data_mut(|data| data.insert_temp(typed(param), text));
    }
    field
}

/// A value some steps away.
fn stepped(param: &impl Param, from: f32, steps: i32, fine: bool) -> f32 {
    (0..steps.abs()).fold(from, |value, _| {
        if steps > 0 {
            param.next_normalized_step(value, fine)
        } else {
            param.previous_normalized_step(value, fine)
        }
    })
}

/// A drag in progress.
#[derive(Clone, Copy)]
struct Drag {
    /// Where the value would be without steps.
    normalized: f32,
}

fn slider<P: Param>(ui: &mut Ui, gestures: Gestures, param: &P, rect: Rect) -> Response {
    let response = ui.interact(rect, id(param.name()), Sense::click_and_drag());
    let drag_id = response.id.with("drag");
    let now = param.unmodulated_normalized_value();
    if response.double_clicked() {
        gestures.change(param, param.default_normalized_value());
    } else {
        // The knob's way, so that its middle follows the pointer.
        let track = rect.shrink2(vec2(KNOB, 0.0));
        let mut moved = response.drag_delta().x;
        if response.drag_started_by(egui::PointerButton::Primary) {
            gestures.begin(param);
            // A drag starts where the pointer is, as a slider's should; with shift it starts from the value.
            let fine = ui.input(|input| input.modifiers.shift);
            let start = match response.interact_pointer_pos() {
                Some(at) if !fine => {
                    // The pointer is there already.
                    moved = 0.0;
                    ((at.x - track.left()) / track.width()).clamp(0.0, 1.0)
                }
                _ => now,
            };
            ui.data_mut(|data| data.insert_temp(drag_id, Drag { normalized: start }));
        }
        if let Some(drag) = ui.data(|data| data.get_temp::<Drag>(drag_id)) {
            if response.dragged() {
                let speed = if ui.input(|input| input.modifiers.shift) { FINE } else { 1.0 };
                let normalized = (drag.normalized + moved * speed / track.width()).clamp(0.0, 1.0);
                ui.data_mut(|data| data.insert_temp(drag_id, Drag { normalized }));
                let stepped = param.preview_normalized(param.preview_plain(normalized));
                if stepped != now {
                    gestures.set(param, stepped);
                }
            } else {
                gestures.end(param);
                ui.data_mut(|data| data.remove::<Drag>(drag_id));
            }
        }
        if response.hovered() {
            let scrolled = ui.input(|input| {
                let delta = input.smooth_scroll_delta();
                if input.modifiers.shift { delta.x + delta.y } else { 0.0 }
            });
            if scrolled != 0.0 {
                gestures.nudge(param, stepped(param, now, if scrolled > 0.0 { 1 } else { -1 }, true));
            }
        }
    }
    paint_slider(ui, rect, &response, param);
    response
}

fn paint_slider(ui: &Ui, rect: Rect, response: &Response, param: &impl Param) {
    let (value, default) = (param.unmodulated_normalized_value(), param.default_normalized_value());
    let middle = rect.center().y;
    let way = rect.left() + KNOB..=rect.right() - KNOB;
    let at = |normalized: f32| egui::lerp(way.clone(), normalized);
    let painter = ui.painter();
    let track = Rect::from_center_size(rect.center(), vec2(rect.width(), TRACK_HEIGHT));
    painter.rect_filled(track, CornerRadius::same(2), theme::TRACK);
    // Filled from the default's side, so that what has been moved is seen at a glance; a plain bar where it is at an end.
    let has_middle = default > 0.02 && default < 0.98;
    let origin = if has_middle { at(default) } else { track.left() };
    let lively = response.hovered() || response.dragged() || response.has_focus();
    let (far, near) =
        (theme::ACCENT.gamma_multiply(0.45), theme::ACCENT.gamma_multiply(if lively { 1.0 } else { 0.9 }));
    painter.add(fading(track, origin, at(value), far, near));
    if has_middle {
        let tick = Rect::from_center_size(pos2(at(default), middle), vec2(1.5, 7.0));
        painter.rect_filled(tick, CornerRadius::ZERO, theme::FAINT.gamma_multiply(0.7));
    }
    let modulated = param.modulated_normalized_value();
    if modulated != value {
        painter.circle_filled(pos2(at(modulated), middle), 3.0, theme::WARM);
    }
    let knob = pos2(at(value), middle);
    let halo = ui.ctx().animate_bool(response.id.with("halo"), lively);
    painter.circle_filled(knob, KNOB + 3.0 * halo, theme::ACCENT.gamma_multiply(0.3 * halo));
    painter.circle(knob, KNOB, theme::TEXT, Stroke::new(1.5, theme::TRACK));
}

/// A bar from one place of a track to another that grows stronger on its way.
fn fading(track: Rect, from: f32, to: f32, far: Color32, near: Color32) -> Shape {
    let mut mesh = Mesh::default();
    for (x, colour) in [(from, far), (to, near)] {
        mesh.colored_vertex(pos2(x, track.top()), colour);
        mesh.colored_vertex(pos2(x, track.bottom()), colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    Shape::mesh(mesh)
}

/// What the keys do to any control.
fn common<P: Param>(ui: &Ui, gestures: Gestures, param: &P, response: &Response, wanted: &focus::Wanted) {
    focus::on_press(response);
    if wanted.reset {
        gestures.change(param, param.default_normalized_value());
    }
    if wanted.copy {
        ui.copy_text(param.normalized_value_to_string(param.unmodulated_normalized_value(), true));
    }
    let pasted = wanted.paste.as_ref().and_then(|text| param.string_to_normalized_value(text));
    if let Some(normalized) = pasted {
        gestures.change(param, normalized);
    }
    // Another control or a pause: what follows is another step.
    if response.lost_focus() {
        gestures.edits().settle();
    }
}

/// The menu on a right click. `can_type` says whether a value can be typed.
fn menu<P: Param>(ui: &Ui, gestures: Gestures, param: &P, on: &Response, can_type: bool) {
    let id = id(param.name()).with("menu");
    Popup::context_menu(on).id(id).close_behavior(PopupCloseBehavior::CloseOnClick).show(|menu| {
        menu.set_min_width(120.0);
        let text = |normalized| param.normalized_value_to_string(normalized, true);
        let now = text(param.unmodulated_normalized_value());
        if can_type && entry(menu, "Type a value") {
            type_value(ui, param);
        }
        if entry(menu, &format!("Reset to {}", text(param.default_normalized_value()))) {
            gestures.change(param, param.default_normalized_value());
        }
        if entry(menu, &format!("Copy {now}")) {
            menu.copy_text(now.clone());
        }
        if entry(menu, "Paste") {
            let pasted = clipboard::text().and_then(|text| param.string_to_normalized_value(&text));
            if let Some(normalized) = pasted {
                gestures.change(param, normalized);
            }
        }
    });
}

/// An entry of a menu; whether it was chosen.
pub fn entry(ui: &mut Ui, text: &str) -> bool {
    let button = ui.add(egui::Button::new(text).frame_when_inactive(false));
    focus::ring(ui, &button, button.rect);
    button.clicked()
}

/// A button with a word.
pub fn button(ui: &mut Ui, text: &str, hint: &str) -> bool {
    enabled_button(ui, true, text, hint)
}

/// A button with a word that can be pressed only sometimes.
pub fn enabled_button(ui: &mut Ui, enabled: bool, text: &str, hint: &str) -> bool {
    let button = ui.add_enabled(enabled, egui::Button::new(text)).on_hover_text(hint);
    focus::on_press(&button);
    focus::ring(ui, &button, button.rect.shrink2(vec2(3.0, 1.0)));
    button.clicked()
}

/// What a small button shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// A letter or a sign of the font.
    Text(&'static str),
    /// An arrow that turns back, or forth.
    Turn(Back),
    /// A triangle to the left or right.
    Triangle(Back),
}

/// Left or right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// Left.
    Back,
    /// Right.
    Forth,
}

/// A small flat button with a sign.
pub fn quiet_button(ui: &mut Ui, text: &'static str, hint: &str) -> bool {
    sign_button(ui, Sign::Text(text), true, hint)
}

/// A small flat button with a sign that can be pressed only sometimes.
pub fn sign_button(ui: &mut Ui, sign: Sign, enabled: bool, hint: &str) -> bool {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(22.0, BOX_HEIGHT), sense);
    let colour = match (enabled, response.hovered()) {
        (false, _) => theme::FAINT.gamma_multiply(0.45),
        (true, true) => theme::TEXT,
        (true, false) => theme::DIM,
    };
    if enabled && response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(6), theme::LIFT);
    }
    let middle = rect.center();
    let mirror = |way: Back| if way == Back::Back { 1.0 } else { -1.0 };
    match sign {
        Sign::Text(text) => {
            _ = ui.painter().text(middle, Align2::CENTER_CENTER, text, FontId::proportional(15.0), colour);
        }
        Sign::Turn(way) => turn(ui, middle, mirror(way), colour),
        Sign::Triangle(way) => {
            let points = [vec2(-3.5, 0.0), vec2(2.5, -4.5), vec2(2.5, 4.5)];
            let points = points.map(|by| middle + vec2(by.x * mirror(way), by.y)).to_vec();
            _ = ui.painter().add(Shape::convex_polygon(points, colour, Stroke::NONE));
        }
    }
    focus::on_press(&response);
    focus::ring(ui, &response, rect.shrink2(vec2(3.0, 1.0)));
    response.on_hover_text(hint).clicked()
}

/// An arrow that turns back over itself: three quarters of a circle with a head at its upper left, or mirrored.
fn turn(ui: &Ui, middle: egui::Pos2, mirror: f32, colour: Color32) {
    let radius = 4.5;
    let place = |degrees: f32| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        middle + vec2(mirror * radius * cos, 0.5 + radius * sin)
    };
    // Angles grow clockwise from the right, y is down: from the upper left over the right to the lower left.
    let line: Vec<_> = (0..=24).map(|n| place(-150.0 + n as f32 * 11.25)).collect();
    let start = line[0];
    ui.painter().add(Shape::line(line, Stroke::new(1.5, colour)));
    let head = [vec2(-3.2, -3.6), vec2(-2.2, 3.0), vec2(3.6, 0.6)];
    let head = head.map(|by| start + vec2(mirror * by.x, by.y)).to_vec();
    ui.painter().add(Shape::convex_polygon(head, colour, Stroke::NONE));
}

/// A heading inside of a box.
pub fn heading(ui: &mut Ui, text: &str) {
    let text = egui::RichText::new(text.to_uppercase()).size(10.5).color(theme::FAINT);
    ui.label(text.extra_letter_spacing(1.5));
}
