//! The keyboard in the controls: which one has the focus, how that is seen, and what keys do to it.

use egui::{
    Context, CornerRadius, Event, EventFilter, Id, Key, Modifiers, Rect, Response, Stroke, StrokeKind, Ui,
};

use super::gestures::Gestures;
use super::{canvas, theme};

fn by_keyboard() -> Id {
    Id::unique("focus by keyboard")
}

/// Looks at what has come in since the last picture, before any control does. The space bar is the host's unless something is
/// typed: left to the framework, it would click what has the focus.
pub fn watch(context: &Context) {
    if !context.text_edit_focused() {
        context.input_mut(|input| {
            input.events.retain(|event| !matches!(event, Event::Key { key: Key::Space, .. }));
        });
    }
    let (keys, pointer) = context.input(|input| {
        let moves = |event: &Event| {
            matches!(
                event,
                Event::Key {
                    key: Key::Tab | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight,
                    pressed: true,
                    ..
                }
            )
        };
        (input.events.iter().any(moves), input.pointer.any_pressed())
    });
    if keys || pointer {
        context.data_mut(|data| data.insert_temp(by_keyboard(), keys));
    }
}

/// Whether the focus is to be seen: it came by a key, not by the mouse.
pub fn is_visible(context: &Context) -> bool {
    context.data(|data| data.get_temp(by_keyboard())).unwrap_or(false)
}

/// Gives a control the focus that is pressed with the mouse: what was done there can then be undone by a key.
pub fn on_press(response: &Response) {
    if response.is_pointer_button_down_on() && !response.has_focus() {
        response.request_focus();
    }
}

/// Draws a ring around a control that has the focus, and scrolls to one that gets it.
pub fn ring(ui: &Ui, response: &Response, rect: Rect) {
    if !response.has_focus() || !is_visible(ui.ctx()) {
        return;
    }
    if response.gained_focus() {
        ui.scroll_to_rect(rect.expand(8.0), None);
    }
    let stroke = Stroke::new(1.5, theme::ACCENT);
    ui.painter().rect_stroke(
        rect.expand2(egui::vec2(3.0, 1.0)),
        CornerRadius::same(6),
        stroke,
        StrokeKind::Inside,
    );
}

/// Draws a ring in the whole window while the picture has the focus.
pub fn canvas_ring(ui: &Ui) {
    let context = ui.ctx();
    if context.memory(|memory| memory.has_focus(canvas::id())) && is_visible(context) {
        let rect = context.content_rect().shrink(2.0);
        let stroke = Stroke::new(1.5, theme::ACCENT);
        ui.painter().rect_stroke(rect, CornerRadius::same(6), stroke, StrokeKind::Inside);
    }
}

/// What keys want of the control that has the focus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Steps to the right or left, and upwards or downwards.
    pub right: i32,
    /// Steps upwards.
    pub up: i32,
    /// Shift is held: the steps are small ones.
    pub fine: bool,
    /// Enter.
    pub enter: bool,
    /// Backspace or Delete.
    pub reset: bool,
    /// The value is to be copied.
    pub copy: bool,
    /// A text was pasted.
    pub paste: Option<String>,
}

/// What keys want of a control, if it has the focus; the arrow keys are then its own.
pub fn wanted(ui: &Ui, response: &Response) -> Wanted {
    if !response.has_focus() {
        return Wanted::default();
    }
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    // What gave it the focus was not meant for it.
    if response.gained_focus() {
        return Wanted::default();
    }
    ui.input(|input| {
        let mut wanted = Wanted { fine: input.modifiers.shift, ..Wanted::default() };
        for event in &input.events {
            match event {
                Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command && !modifiers.alt => {
                    match key {
                        Key::ArrowRight => wanted.right += 1,
                        Key::ArrowLeft => wanted.right -= 1,
                        Key::ArrowUp => wanted.up += 1,
                        Key::ArrowDown => wanted.up -= 1,
                        Key::Enter => wanted.enter = true,
                        Key::Backspace | Key::Delete => wanted.reset = true,
                        _ => {}
                    }
                }
                Event::Copy => wanted.copy = true,
                Event::Paste(text) => wanted.paste = Some(text.clone()),
                // As the framework hands over what is pasted.
                Event::Text(text) if input.modifiers.command => wanted.paste = Some(text.clone()),
                _ => {}
            }
        }
        wanted
    })
}

/// Undoes with Ctrl+Z and does again with Ctrl+Y or Ctrl+Shift+Z (on macOS with the command key), if anything here has the focus
/// and nothing is typed.
pub fn undo_keys(context: &Context, gestures: Gestures) {
    if context.text_edit_focused() || context.memory(|memory| memory.focused()).is_none() {
        return;
    }
    let (undo, redo) = context.input_mut(|input| {
        let redo = input.count_and_consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z)
            + input.count_and_consume_key(Modifiers::COMMAND, Key::Y);
        (input.count_and_consume_key(Modifiers::COMMAND, Key::Z), redo)
    });
    (0..undo).for_each(|_| gestures.undo());
    (0..redo).for_each(|_| gestures.redo());
}
