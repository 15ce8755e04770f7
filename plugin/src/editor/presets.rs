//! The bar of presets at the top of the panel: which one is in force, the others, and what can be done with them.

use std::collections::BTreeMap;

use dendrite_presets::{Entry, Overwrite, Preset, belongs, factory};
use egui::{Align, Key, Layout, Popup, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::gestures::Gestures;
use super::widgets::{Back, Sign};
use super::{compare, focus, theme, widgets};
use crate::edits::{Edits, Origin};
use crate::presets::{Job, News};
use crate::register::Value;
use crate::state::Session;

/// Width of the list.
const LIST_WIDTH: f32 = 220.0;

/// What the user is being asked.
#[derive(Default)]
enum Ask {
    /// Nothing.
    #[default]
    Nothing,
    /// What the preset is to be called.
    Name(String),
    /// What a preset is to be called from now on.
    NewName(Entry, String),
    /// Whether one of this name may be replaced.
    Replace(Preset),
    /// Whether it is to be deleted.
    Delete(Entry),
}

/// The bar of one window.
#[derive(Default)]
pub struct PresetBar {
    ask: Ask,
    /// Whether the field that is shown has had the focus.
    focused: bool,
    /// Whether the folder was looked at since the window opened.
    listed: bool,
}

/// Something chosen in the list.
enum Choice {
    Load(Preset),
    Ask(Ask),
    Import,
    Export,
}

impl PresetBar {
    /// Draws the bar with the line for A and B, and acts on what is clicked.
    pub fn show(&mut self, ui: &mut Ui, gestures: Gestures, session: &Session) {
        let shelf = &session.presets;
        if !std::mem::replace(&mut self.listed, true) {
            shelf.request(Job::List, &session.notices);
        }
        for news in shelf.news() {
            self.hear(news, gestures, session);
        }
        let users = shelf.entries();
        let all: Vec<&Preset> = factory().iter().chain(users.iter().map(|entry| &entry.preset)).collect();
        let in_force = gestures.edits().preset();
        let name = in_force.as_ref().map(|(preset, _)| preset.name.as_str());
        let place = all.iter().position(|preset| Some(preset.name.as_str()) == name);

        let mut choice = None;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let neighbour = |by: usize| match place {
                Some(place) => (place + by) % all.len(),
                None => 0,
            };
            if widgets::sign_button(ui, Sign::Triangle(Back::Back), !all.is_empty(), "The preset before") {
                choice = Some(Choice::Load(all[neighbour(all.len().saturating_sub(1))].clone()));
            }
            let (rect, _) =
                ui.allocate_exact_size(vec2(ui.available_width() - 26.0, 20.0), egui::Sense::hover());
            let changed = in_force.as_ref().is_some_and(|(_, changed)| *changed);
            let shown = match name {
                Some(name) if changed => format!("{name} *"),
                Some(name) => name.to_owned(),
                None => "Presets".to_owned(),
            };
            let about = place.map_or("", |place| all[place].about.as_str());
            let hint = match (name, changed) {
                (None, _) => "Presets: a look, a motion and a way of playing under a name".to_owned(),
                (Some(name), true) => format!("{name}, changed since. {about}"),
                (Some(name), false) => format!("{name}. {about}"),
            };
            let list =
                widgets::boxed(ui, rect, widgets::id("presets"), &shown).on_hover_text(hint.trim_end());
            focus::ring(ui, &list, rect);
            let height = (ui.ctx().content_rect().height() * 0.6).max(160.0);
            Popup::menu(&list).width(LIST_WIDTH).close_behavior(PopupCloseBehavior::CloseOnClick).show(
                |ui| {
                    ScrollArea::vertical().max_height(height).show(ui, |ui| {
                        choice = self::list(ui, &users, name);
                    });
                },
            );
            if widgets::sign_button(ui, Sign::Triangle(Back::Forth), !all.is_empty(), "The next preset") {
                choice = Some(Choice::Load(all[neighbour(1)].clone()));
            }
        });
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            compare::show(ui, gestures);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if widgets::button(ui, "Save", "Save what is set now as a preset of yours") {
                    choice = Some(Choice::Ask(Ask::Name(name.unwrap_or("").to_owned())));
                }
            });
        });
        match choice {
            None => {}
            Some(Choice::Load(preset)) => load(&preset, gestures, session),
            Some(Choice::Ask(ask)) => self.begin(ask),
            Some(Choice::Import) => shelf.import(&session.notices),
            Some(Choice::Export) => {
                let name = name.unwrap_or("Dendrite").to_owned();
                let about = place.map_or_else(String::new, |place| all[place].about.clone());
                shelf.export(Preset { about, ..now(gestures.edits(), name) }, &session.notices);
            }
        }
        self.question(ui, gestures, session);
    }

    fn begin(&mut self, ask: Ask) {
        self.ask = ask;
        self.focused = false;
    }

    fn hear(&mut self, news: News, gestures: Gestures, session: &Session) {
        let edits = gestures.edits();
        match news {
            News::Saved(preset) => edits.call(Some(origin(edits, &preset))),
            News::Exists(preset) => self.begin(Ask::Replace(preset)),
            News::Renamed { from, to } => {
                if let Some((preset, _)) = edits.preset().filter(|(preset, _)| preset.name == from) {
                    edits.call(Some(Origin { name: to, values: preset.values.clone() }));
                }
            }
            News::Imported(preset) => load(&preset, gestures, session),
        }
    }

    /// Draws the question, if there is one, and acts on the answer.
    fn question(&mut self, ui: &mut Ui, gestures: Gestures, session: &Session) {
        let escaped = ui.input(|input| input.key_pressed(Key::Escape));
        let mut job = None;
        let done;
        match &mut self.ask {
            Ask::Nothing => return,
            Ask::Name(name) => {
                let answer = field(ui, name, "Save", &mut self.focused);
                if answer == Some(true) {
                    job = Some(Job::Save(now(gestures.edits(), name.trim().to_owned()), Overwrite::No));
                }
                done = answer.is_some();
            }
            Ask::NewName(entry, name) => {
                let answer = field(ui, name, "Rename", &mut self.focused);
                if answer == Some(true) {
                    job = Some(Job::Rename(entry.clone(), name.trim().to_owned()));
                }
                done = answer.is_some();
            }
            Ask::Replace(preset) => {
                let text = format!("\u{201C}{}\u{201D} is there already.", preset.name);
                let answer =
                    answer(ui, &text, "Replace", "Put what is set now in its place", &mut self.focused);
                if answer == Some(true) {
                    job = Some(Job::Save(preset.clone(), Overwrite::Yes));
                }
                done = answer.is_some();
            }
            Ask::Delete(entry) => {
                let text = format!("Delete \u{201C}{}\u{201D}?", entry.preset.name);
                let answer = answer(ui, &text, "Delete", "Its file is removed", &mut self.focused);
                if answer == Some(true) {
                    job = Some(Job::Delete(entry.clone()));
                }
                done = answer.is_some();
            }
        }
        if let Some(job) = job {
            session.presets.request(job, &session.notices);
        }
        if done || escaped {
            self.ask = Ask::Nothing;
        }
    }
}

/// The list; what was chosen there.
fn list(ui: &mut Ui, users: &[Entry], name: Option<&str>) -> Option<Choice> {
    let mut choice = None;
    let mut preset = |ui: &mut Ui, preset: &Preset| {
        let label = ui.selectable_label(name == Some(preset.name.as_str()), &preset.name);
        focus::ring(ui, &label, label.rect);
        let label = if preset.about.is_empty() { label } else { label.on_hover_text(&preset.about) };
        if label.clicked() {
            choice = Some(Choice::Load(preset.clone()));
        }
    };
    widgets::heading(ui, "Presets");
    factory().iter().for_each(|each| preset(ui, each));
    if !users.is_empty() {
        ui.add_space(4.0);
        widgets::heading(ui, "Yours");
        users.iter().for_each(|each| preset(ui, &each.preset));
    }
    ui.add_space(4.0);
    let own = users.iter().find(|entry| Some(entry.preset.name.as_str()) == name);
    let named = || name.unwrap_or("").to_owned();
    if widgets::entry(ui, "Save as \u{2026}") {
        choice = Some(Choice::Ask(Ask::Name(named())));
    }
    if let Some(entry) = own {
        if widgets::entry(ui, "Rename \u{2026}") {
            choice = Some(Choice::Ask(Ask::NewName(entry.clone(), named())));
        }
        if widgets::entry(ui, "Delete \u{2026}") {
            choice = Some(Choice::Ask(Ask::Delete(entry.clone())));
        }
    }
    if widgets::entry(ui, "Import \u{2026}") {
        choice = Some(Choice::Import);
    }
    if widgets::entry(ui, "Export \u{2026}") {
        choice = Some(Choice::Export);
    }
    choice
}

/// A field for a name; `Some(true)` when it was entered, `Some(false)` when it was not wanted after all.
fn field(ui: &mut Ui, name: &mut String, word: &str, focused: &mut bool) -> Option<bool> {
    let mut answer = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let edit = TextEdit::singleline(name)
            .hint_text("name")
            .char_limit(dendrite_presets::LONGEST_NAME)
            .desired_width(ui.available_width() - 96.0);
        let edit = ui.add(edit).on_hover_text("What the preset is called");
        if !std::mem::replace(focused, true) {
            edit.request_focus();
        }
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let named = !name.trim().is_empty();
        if (widgets::enabled_button(ui, named, word, "Into your folder of presets") || entered) && named {
            answer = Some(true);
        }
        if widgets::quiet_button(ui, "\u{D7}", "Not now") {
            answer = Some(false);
        }
    });
    answer
}

/// A question with a yes and a no, of which the no has the focus; as [`field`].
fn answer(ui: &mut Ui, text: &str, word: &str, hint: &str, focused: &mut bool) -> Option<bool> {
    let mut answer = None;
    ui.label(RichText::new(text).size(12.5).color(theme::WARM));
    ui.horizontal(|ui| {
        if widgets::button(ui, word, hint) {
            answer = Some(true);
        }
        let keep = ui.button("Keep").on_hover_text("Leave it as it is");
        focus::ring(ui, &keep, keep.rect.shrink2(vec2(3.0, 1.0)));
        if !std::mem::replace(focused, true) {
            keep.request_focus();
        } else if keep.clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// Loads a preset. What it does not name has its default.
fn load(preset: &Preset, gestures: Gestures, session: &Session) {
    let unknown: Vec<&str> = preset.unknown().collect();
    if !unknown.is_empty() {
        session.notices.post(format!(
            "The preset \u{201C}{}\u{201D} has values that do nothing here: {}.",
            preset.name,
            unknown.join(", ")
        ));
    }
    gestures.load(origin(gestures.edits(), preset));
}

/// Everything that a preset sets.
fn origin(edits: &Edits, preset: &Preset) -> Origin {
    let register = edits.register();
    let values = preset.plains().filter_map(|(id, plain)| {
        let place = register.place(id)?;
        Some((id.to_owned(), register.value(place, register.of_plain(place, plain))))
    });
    Origin { name: preset.name.clone(), values: values.collect() }
}

/// A preset of what is set now.
fn now(edits: &Edits, name: String) -> Preset {
    let values: BTreeMap<_, _> = edits
        .values(belongs)
        .into_iter()
        .map(|(id, value)| {
            let value = match value {
                Value::Number(number) => dendrite_presets::Value::Number(number),
                Value::Switch(on) => dendrite_presets::Value::Switch(on),
                Value::Choice(choice) => dendrite_presets::Value::Choice(choice),
            };
            (id, value)
        })
        .collect();
    Preset { name, values, ..Preset::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::register::Register;

    #[test]
    fn what_is_saved_sets_the_same_again() {
        let edits = Edits::new(Register::new(Arc::default()));
        for seed in 0..20 {
            for place in 0..edits.register().len() {
                let value = ((place * 37 + seed * 101) % 97) as f32 / 96.0;
                // SAFETY: the register keeps its parameters alive.
                unsafe { edits.register().pointer(place)._internal_set_normalized_value(value) };
            }
            let preset = now(&edits, "It".to_owned());
            assert_eq!(preset.check(), Ok(()));
            assert_eq!(preset.unknown().count(), 0);
            let again = Preset::from_toml(&preset.to_toml()).unwrap();
            let read = origin(&edits, &again);
            assert_eq!(read.values, edits.values(belongs), "seed {seed}");
        }
    }

    #[test]
    fn every_factory_preset_sets_every_parameter_that_belongs_to_one() {
        let edits = Edits::new(Register::new(Arc::default()));
        let ids: Vec<String> = edits.values(belongs).into_keys().collect();
        assert!(ids.len() > 30, "{ids:?}");
        for preset in factory() {
            let origin = origin(&edits, preset);
            assert_eq!(origin.values.keys().cloned().collect::<Vec<_>>(), ids, "{}", preset.name);
        }
        for id in ["bypass", "align_sound", "listen_to", "play_mode", "melody_channel", "flash_limit"] {
            assert!(edits.register().place(id).is_some(), "{id} is a parameter");
            assert!(!ids.iter().any(|other| other == id), "{id} belongs to the track");
        }
    }
}
