//! The panel without a screen: every control moves its parameter as one gesture, the Tab key comes to all of them, and no text is
//! cut.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use egui::{Context, Event, Id, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, pos2, vec2};
use nice_plug::params::internals::ParamPtr;

use super::*;
use crate::editor::focus;
use crate::editor::gestures::Host;
use crate::presets::Shelf;

/// What a host was told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Begin(ParamPtr),
    Set(ParamPtr, f32),
    End(ParamPtr),
}

/// A host that does as it is told, at once.
#[derive(Default)]
struct Listening(RefCell<Vec<Told>>);

impl Host for Listening {
    fn begin(&self, param: ParamPtr) {
        self.0.borrow_mut().push(Told::Begin(param));
    }

    fn set(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: the session outlives the pictures of its panel.
        unsafe { param._internal_set_normalized_value(normalized) };
        self.0.borrow_mut().push(Told::Set(param, normalized));
    }

    fn end(&self, param: ParamPtr) {
        self.0.borrow_mut().push(Told::End(param));
    }
}

/// A panel in a window of its own.
struct Stage {
    context: Context,
    session: Session,
    host: Listening,
    panel: Panel,
    size: [f32; 2],
    time: f64,
    modifiers: Modifiers,
    open: bool,
    about: bool,
}

/// A text as it is drawn: where, what clips it, what it says, and whether it was shortened.
struct Text {
    rect: Rect,
    clip: Rect,
    words: String,
    elided: bool,
}

impl Stage {
    fn new(size: [f32; 2]) -> Self {
        let context = Context::default();
        theme::apply(&context);
        let mut session = Session::default();
        session.presets = Shelf::at(None);
        let mut stage = Self {
            context,
            session,
            host: Listening::default(),
            panel: Panel::default(),
            size,
            time: 0.0,
            modifiers: Modifiers::NONE,
            open: true,
            about: false,
        };
        // The first pass of an area is invisible.
        stage.picture(vec![]);
        stage.picture(vec![]);
        stage
    }

    /// High enough for everything.
    fn high() -> Self {
        let mut stage = Self::new([900.0, 4000.0]);
        stage.unfold();
        stage
    }

    /// Unfolds what is folded.
    fn unfold(&mut self) {
        let folded = |texts: &[Text]| -> Vec<Pos2> {
            texts.iter().filter(|text| text.words == "more").map(|text| text.rect.center()).collect()
        };
        let count = folded(&self.picture(vec![])).len();
        assert_eq!(count, 5, "four voices and the modulation");
        for n in 0..count {
            // Those below have moved.
            let at = folded(&self.picture(vec![]))[n];
            self.click(at);
            self.rest(40);
        }
        self.host.0.borrow_mut().clear();
    }

    /// Draws a picture after some events and gives its texts.
    fn picture(&mut self, mut events: Vec<Event>) -> Vec<Text> {
        events.insert(0, Event::ModifiersChanged(self.modifiers));
        self.time += 1.0 / 60.0;
        let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(self.size[0], self.size[1]));
        let input =
            RawInput { screen_rect: Some(window), time: Some(self.time), events, ..RawInput::default() };
        let Self { context, session, host, panel, open, about, .. } = self;
        let mut output = context.run_ui(input, |ui| {
            let gestures = Gestures::new(host, &session.edits);
            focus::watch(ui.ctx());
            focus::undo_keys(ui.ctx(), gestures);
            // As the window does: the click that opens the box is not one beside it.
            let was_open = *about;
            panel.show(ui, gestures, session, open, about);
            if was_open {
                crate::editor::about::show(ui.ctx(), about);
            }
        });
        // There is no screen that would want them.
        output.textures_delta.clear();
        let mut texts = Vec::new();
        for clipped in output.shapes {
            collect(&clipped.shape, clipped.clip_rect, &mut texts);
        }
        texts
    }

    fn rest(&mut self, pictures: usize) {
        for _ in 0..pictures {
            self.picture(vec![]);
        }
    }

    fn key(&mut self, key: Key) {
        let modifiers = self.modifiers;
        for pressed in [true, false] {
            self.picture(vec![Event::Key { key, physical_key: None, pressed, repeat: false, modifiers }]);
        }
        // The focus may move a picture later.
        self.rest(2);
    }

    fn point(&mut self, pos: Pos2) {
        self.picture(vec![Event::PointerMoved(pos)]);
    }

    fn button(&mut self, pos: Pos2, button: PointerButton, pressed: bool) {
        let modifiers = self.modifiers;
        self.picture(vec![Event::PointerButton { pos, button, pressed, modifiers }]);
    }

    fn click(&mut self, pos: Pos2) {
        self.point(pos);
        self.button(pos, PointerButton::Primary, true);
        self.button(pos, PointerButton::Primary, false);
        // Longer than two clicks of a double click are apart.
        self.rest(40);
    }

    fn focused(&self) -> Option<Id> {
        self.context.memory(|memory| memory.focused())
    }

    fn give_focus(&mut self, id: Id) {
        self.context.memory_mut(|memory| memory.request_focus(id));
        self.rest(3);
    }

    fn rect(&self, name: &str) -> Rect {
        let control = self.context.read_response(widgets::id(name));
        control.unwrap_or_else(|| panic!("{name} has a control")).rect
    }

    fn told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.host.0.borrow_mut())
    }

    /// Name, pointer and place of each parameter.
    fn params(&self) -> Vec<(String, ParamPtr, usize)> {
        let register = self.session.edits.register();
        (0..register.len())
            .map(|place| {
                let param = register.pointer(place);
                // SAFETY: the session lives.
                (unsafe { param.name().to_owned() }, param, place)
            })
            .collect()
    }

    fn value(&self, place: usize) -> f32 {
        self.session.edits.register().normalized(place)
    }
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<Text>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts)),
        Shape::Text(text) => texts.push(Text {
            rect: Rect::from_min_size(text.pos, text.galley.size()),
            clip,
            words: text.galley.text().to_owned(),
            elided: text.galley.elided,
        }),
        _ => {}
    }
}

/// Whether this is one gesture of one parameter that sets it to something.
fn assert_gesture(told: &[Told], param: ParamPtr, what: &str) {
    let [Told::Begin(begun), inside @ .., Told::End(ended)] = told else {
        panic!("{what}: no gesture: {told:?}");
    };
    assert_eq!((*begun, *ended), (param, param), "{what}");
    assert!(!inside.is_empty(), "{what}: nothing is set");
    assert!(inside.iter().all(|told| matches!(told, Told::Set(set, _) if *set == param)), "{what}: {told:?}");
}

#[test]
fn names_and_with_them_the_controls_are_unique() {
    let stage = Stage::new([900.0, 600.0]);
    let names: Vec<String> = stage.params().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn every_parameter_is_moved_by_a_key_in_one_gesture_that_can_be_undone() {
    let mut stage = Stage::high();
    for (name, param, place) in stage.params() {
        stage.rect(&name);
        stage.give_focus(widgets::id(&name));
        stage.told();
        let before = stage.value(place);
        stage.key(if before < 0.99 { Key::ArrowRight } else { Key::ArrowLeft });
        assert_gesture(&stage.told(), param, &name);
        let after = stage.value(place);
        assert_ne!(after, before, "{name}");
        assert_eq!(stage.focused(), Some(widgets::id(&name)), "{name}: arrows do not move the focus");

        stage.modifiers = Modifiers::COMMAND;
        stage.key(Key::Z);
        assert_gesture(&stage.told(), param, &name);
        assert_eq!(stage.value(place), before, "{name}");
        stage.key(Key::Y);
        assert_eq!(stage.value(place), after, "{name}");
        stage.modifiers = Modifiers::NONE;
        stage.told();
        // Back to the default, by a key too.
        stage.key(Key::Backspace);
        assert_gesture(&stage.told(), param, &name);
        assert!((stage.value(place) - before).abs() < 1e-6, "{name}");
    }
}

#[test]
fn every_parameter_is_moved_by_the_mouse_in_one_gesture() {
    let mut stage = Stage::high();
    for (name, param, place) in stage.params() {
        let rect = stage.rect(&name);
        let before = stage.value(place);
        match param {
            ParamPtr::BoolParam(_) => {
                stage.click(rect.center());
                assert_gesture(&stage.told(), param, &name);
                assert_ne!(stage.value(place), before, "{name}");
                continue;
            }
            ParamPtr::EnumParam(_) => {
                // The list opens, and something else is chosen there.
                stage.click(rect.center());
                assert_eq!(stage.told(), [], "{name}: opening the list is no change");
                // SAFETY: the session lives.
                let last = unsafe { param.step_count().expect("a choice has steps") };
                let other = if before < 0.5 { last } else { 0 };
                // SAFETY: as above.
                let text = unsafe { param.normalized_value_to_string(other as f32 / last as f32, true) };
                let texts = stage.picture(vec![]);
                let entry =
                    texts.iter().rev().find(|shown| shown.words == text && shown.rect.top() > rect.bottom());
                let at = entry.unwrap_or_else(|| panic!("{name}: {text} is in the list")).rect.center();
                stage.click(at);
                assert_gesture(&stage.told(), param, &name);
                assert_ne!(stage.value(place), before, "{name}");
                continue;
            }
            _ => {}
        }
        if name == "Component Lock" {
            // A list of its own length; keys have moved it in the test above.
            continue;
        }
        // There and back within one drag is one gesture, and one step to undo.
        let (steps, _) = stage.session.edits.steps();
        let at = |share: f32| pos2(egui::lerp(rect.left()..=rect.right(), share), rect.center().y);
        stage.point(at(0.3));
        stage.button(at(0.3), PointerButton::Primary, true);
        for share in [0.4, 0.9, 0.2, 0.7] {
            stage.point(at(share));
        }
        assert!(!stage.told().contains(&Told::End(param)), "{name}: it is still held");
        stage.point(at(0.75));
        stage.button(at(0.75), PointerButton::Primary, false);
        stage.rest(40);
        let told = stage.told();
        assert_eq!(told.last(), Some(&Told::End(param)), "{name}: {told:?}");
        assert!((stage.value(place) - 0.75).abs() < 0.09, "{name}: {}", stage.value(place));
        assert_eq!(stage.session.edits.steps(), (steps + 1, 0), "{name}");
        // A double click resets.
        for _ in 0..2 {
            stage.button(at(0.5), PointerButton::Primary, true);
            stage.button(at(0.5), PointerButton::Primary, false);
        }
        stage.rest(40);
        assert_gesture(&stage.told(), param, &name);
        assert!((stage.value(place) - before).abs() < 1e-6, "{name}");
    }
}

#[test]
fn the_tab_key_comes_to_every_control_in_the_order_of_reading_and_round() {
    let mut stage = Stage::high();
    let mut wanted: HashSet<Id> = stage.params().iter().map(|(name, ..)| widgets::id(name)).collect();
    let (mut stops, mut last): (Vec<(Id, Rect)>, _) = (Vec::new(), None);
    for _ in 0..400 {
        stage.key(Key::Tab);
        let Some(id) = stage.focused() else { continue };
        assert_ne!(Some(id), last, "Tab moves on");
        last = Some(id);
        if stops.first().is_some_and(|(first, _)| *first == id) {
            break;
        }
        wanted.remove(&id);
        let rect = stage.context.read_response(id).expect("what has the focus is there").rect;
        stops.push((id, rect));
    }
    let missing: Vec<String> = stage
        .params()
        .into_iter()
        .map(|(name, ..)| name)
        .filter(|name| wanted.contains(&widgets::id(name)))
        .collect();
    assert_eq!(missing, [""; 0], "Tab comes to all");
    assert!(stops.len() < 400, "and round");
    for pair in stops.windows(2) {
        let [(_, one), (_, next)] = pair else { unreachable!() };
        let below = next.center().y > one.center().y - 6.0;
        let beside = (next.center().y - one.center().y).abs() > 6.0 || next.left() > one.left();
        assert!(below && beside, "{next:?} comes after {one:?}");
    }
    // And back.
    stage.give_focus(stops[5].0);
    stage.modifiers = Modifiers::SHIFT;
    stage.key(Key::Tab);
    assert_eq!(stage.focused(), Some(stops[4].0));
}

#[test]
fn enter_types_presses_and_toggles_escape_leaves_and_the_space_bar_does_nothing() {
    let mut stage = Stage::high();
    let place = |id: &str, stage: &Stage| stage.session.edits.register().place(id).unwrap();
    let (glow, auto) = (place("glow", &stage), place("auto_level", &stage));
    for name in ["Glow", "Auto Level", "Palette", "Bypass"] {
        stage.give_focus(widgets::id(name));
        stage.key(Key::Space);
        assert_eq!(stage.told(), [], "{name}");
        assert_eq!(stage.focused(), Some(widgets::id(name)));
    }
    stage.give_focus(widgets::id("Auto Level"));
    stage.key(Key::Enter);
    assert_eq!(stage.value(auto), 0.0);

    stage.give_focus(widgets::id("Glow"));
    stage.key(Key::Enter);
    assert!(stage.context.text_edit_focused(), "a value can be typed");
    // All of the old one is selected: it is replaced. A space is typed.
    for text in ["1", "2", " ", "%"] {
        stage.picture(vec![Event::Text(text.to_owned())]);
    }
    stage.key(Key::Enter);
    assert!((stage.value(glow) - 0.12).abs() < 1e-6, "{}", stage.value(glow));
    assert_eq!(stage.focused(), Some(widgets::id("Glow")), "the focus is back at the control");
    assert!(!stage.context.text_edit_focused());

    stage.key(Key::Enter);
    stage.picture(vec![Event::Text("99".to_owned())]);
    stage.key(Key::Escape);
    assert!((stage.value(glow) - 0.12).abs() < 1e-6, "Escape changes nothing");
    stage.rest(2);
    stage.key(Key::Escape);
    assert_eq!(stage.focused(), None, "and leaves");
}

#[test]
fn a_right_click_opens_a_menu_that_resets_and_copies() {
    let mut stage = Stage::high();
    let glow = stage.session.edits.register().place("glow").unwrap();
    stage.give_focus(widgets::id("Glow"));
    stage.key(Key::ArrowRight);
    assert_ne!(stage.value(glow), 0.5);
    let at = stage.rect("Glow").center();
    stage.point(at);
    stage.button(at, PointerButton::Secondary, true);
    stage.button(at, PointerButton::Secondary, false);
    stage.rest(5);
    let texts = stage.picture(vec![]);
    let entry = |texts: &[Text], words: &str| {
        texts.iter().find(|text| text.words == words).map(|text| text.rect.center())
    };
    for words in ["Type a value", "Paste", "Reset to 50.0 %"] {
        let all: Vec<&str> = texts.iter().map(|text| text.words.as_str()).collect();
        assert!(entry(&texts, words).is_some(), "{words} in {all:?}");
    }
    stage.told();
    stage.click(entry(&texts, "Reset to 50.0 %").unwrap());
    assert_eq!(stage.value(glow), 0.5);
    assert_eq!(stage.told().len(), 3);
}

#[test]
fn the_about_box_opens_whole_stays_and_goes_by_a_click_beside_it() {
    let mut stage = Stage::new([560.0, 420.0]);
    let texts = stage.picture(vec![]);
    let sign = texts.iter().find(|text| text.words == "i").expect("the sign is there").rect.center();
    stage.click(sign);
    assert!(stage.about, "it is open");
    let texts = stage.picture(vec![]);
    let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(560.0, 420.0));
    let inside: Vec<&Text> = texts.iter().filter(|text| text.words.contains("licence")).collect();
    assert!(inside.len() >= 3, "it says whose all of it is");
    for text in inside {
        assert!(window.contains_rect(text.rect) && !text.elided, "`{}` at {:?}", text.words, text.rect);
    }
    stage.click(pos2(550.0, 10.0));
    assert!(!stage.about, "it is closed");
}

#[test]
fn nudges_in_a_row_are_one_step_and_fine_ones_are_smaller() {
    let mut stage = Stage::high();
    let glow = stage.session.edits.register().place("glow").unwrap();
    stage.give_focus(widgets::id("Glow"));
    stage.key(Key::ArrowUp);
    let coarse = stage.value(glow) - 0.5;
    stage.key(Key::ArrowDown);
    stage.modifiers = Modifiers::SHIFT;
    stage.key(Key::ArrowUp);
    let fine = stage.value(glow) - 0.5;
    assert!(fine > 0.0 && fine < coarse, "{fine} {coarse}");
    assert_eq!(stage.session.edits.steps(), (1, 0));
}

/// Every text as far as it is not scrolled away is whole, and lies over no other.
fn assert_whole(texts: &[Text], what: &str) {
    let seen: Vec<&Text> = texts.iter().filter(|text| text.clip.intersects(text.rect.shrink(3.0))).collect();
    assert!(seen.len() > 10, "{what}: there are texts");
    for (n, text) in seen.iter().enumerate() {
        let Text { rect, clip, words, elided } = text;
        assert!(!elided, "{what}: `{words}` is shortened");
        assert!(
            rect.left() >= clip.left() - 0.5 && rect.right() <= clip.right() + 0.5,
            "{what}: `{words}` at {rect:?} is cut by {clip:?}"
        );
        for other in &seen[n + 1..] {
            let both = rect.intersect(other.rect);
            // Line boxes may touch by the leading of the font, letters then do not.
            assert!(
                both.width() <= 0.5 || both.height() <= 2.5,
                "{what}: `{words}` and `{}` overlap by {both:?}",
                other.words
            );
        }
    }
}

#[test]
fn no_text_is_cut_in_any_window() {
    for size in [[560.0, 420.0], [900.0, 600.0], [1600.0, 1000.0], [900.0, 4000.0]] {
        let mut stage = Stage::new(size);
        stage.rest(30);
        let texts = stage.picture(vec![]);
        assert_whole(&texts, &format!("{size:?}"));
        let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(size[0], size[1]));
        assert!(texts.iter().all(|text| window.contains_rect(text.clip.intersect(window))), "{size:?}");
    }
    // The longest of every choice, and numbers at both ends.
    let mut stage = Stage::high();
    for (name, param, place) in stage.params() {
        if name == "Component Lock" {
            // Names of components are shortened in the box, and whole in its tooltip.
            continue;
        }
        let before = stage.value(place);
        // SAFETY: the session lives.
        let steps = unsafe { param.step_count().filter(|steps| *steps < 20).unwrap_or(1) };
        for step in 0..=steps {
            // SAFETY: as above.
            unsafe { param._internal_set_normalized_value(step as f32 / steps as f32) };
            let texts = stage.picture(vec![]);
            assert_whole(&texts, &format!("{name} at {step}"));
        }
        // SAFETY: as above.
        unsafe { param._internal_set_normalized_value(before) };
    }
}
