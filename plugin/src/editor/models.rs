//! The models in the panel: which set is in use, what each of the six is, and the means to choose another.

use std::path::PathBuf;

use dendrite_engine::ModelStatus;
use dendrite_pipeline::ModelKind;
use egui::{Align, Label, Layout, RichText, Sense, TextEdit, Ui, vec2};

use super::{theme, widgets};
use crate::models::{Choice, View, short_name};
use crate::state::Session;

/// Radius of the dot before each model.
const DOT: f32 = 3.5;

/// What the user has typed.
#[derive(Default)]
pub struct ModelPanel {
    folder: String,
}

impl ModelPanel {
    /// Draws the group and acts on its buttons.
    pub fn show(&mut self, ui: &mut Ui, session: &Session) {
        let view = session.models.view();
        set_line(ui, &view);
        for kind in ModelKind::ALL {
            model_line(ui, kind, &view);
        }
        ui.add_space(4.0);
        let hint = "Folder with models, for example one that was trained";
        let field =
            TextEdit::singleline(&mut self.folder).hint_text("folder of models").desired_width(f32::INFINITY);
        let response = ui.add(field).on_hover_text(hint);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut choice = None;
        ui.horizontal(|ui| {
            let typed = self.folder.trim();
            let hint = "Read the models of this folder";
            let load = widgets::enabled_button(ui, !typed.is_empty(), "Load", hint);
            if load || (entered && !typed.is_empty()) {
                choice = Some(Choice::Folder(PathBuf::from(typed)));
            }
            if widgets::button(ui, "Reload", "Read the chosen files again") {
                choice = Some(view.choice.clone());
            }
            if widgets::button(ui, "Default", "Back to the models that come with Dendrite") {
                choice = Some(Choice::Default);
            }
        });
        if let Some(choice) = choice {
            session.models.request(choice, &session.notices);
        }
        if let Some(problem) = &view.problem {
            ui.add_space(2.0);
            ui.add(Label::new(RichText::new(problem).size(11.5).color(theme::WARM)).wrap());
        }
    }
}

/// The set's name and hash.
fn set_line(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        let folder = view.set.as_ref().and_then(|set| set.folder());
        let name = match (&view.set, folder) {
            _ if view.working => "reading \u{2026}".to_owned(),
            (None, _) => "none read yet".to_owned(),
            (Some(_), Some(folder)) => short_name(folder),
            (Some(_), None) => "built in".to_owned(),
        };
        let label = ui.add(Label::new(RichText::new(name).size(12.5)).truncate());
        if let Some(folder) = folder {
            label.on_hover_text(folder.display().to_string());
        }
        if let Some(set) = &view.set {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(
                    RichText::new(&set.hash()[..8.min(set.hash().len())]).size(10.5).color(theme::FAINT),
                )
                .on_hover_text("Tells this set of models from any other");
            });
        }
    });
}

/// A dot, the model's word, and what stands behind it; not by colour alone.
fn model_line(ui: &mut Ui, kind: ModelKind, view: &View) {
    let Some(set) = &view.set else { return };
    let (colour, words) = match set.status(kind) {
        ModelStatus::Trained if set.is_built_in(kind) => (theme::ACCENT, "trained"),
        ModelStatus::Trained => (theme::ACCENT, "trained, from the folder"),
        ModelStatus::Heuristic => (theme::FAINT, "heuristic"),
        ModelStatus::Refused => (theme::WARM, "refused, heuristic"),
    };
    let hint = match (set.refusal(kind), set.sidecar(kind).and_then(|sidecar| sidecar.training.as_ref())) {
        (Some(reason), _) => reason.to_owned(),
        (None, Some(training)) => training.description.clone(),
        (None, None) if set.status(kind) == ModelStatus::Trained => "Says nothing of its training".to_owned(),
        (None, None) => "No model file: a formula stands in".to_owned(),
    };
    ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(2.0 * DOT, 14.0), Sense::hover());
        if set.status(kind) == ModelStatus::Trained {
            ui.painter().circle_filled(dot.center(), DOT, colour);
        } else {
            ui.painter().circle_stroke(dot.center(), DOT - 0.5, egui::Stroke::new(1.0, colour));
        }
        ui.label(RichText::new(kind.word()).size(12.5).color(theme::DIM)).on_hover_text(&hint);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(words).size(11.5).color(colour)).on_hover_text(&hint);
        });
    });
}
