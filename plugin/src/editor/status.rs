//! The status line and the notices.

use dendrite_engine::ModelStatus;
use egui::{Align2, Id, Label, RichText, Ui, vec2};

use super::clock::Moment;
use super::theme;
use crate::components;
use crate::exchange::Shared;
use crate::notice::Notices;

/// Draws the line at the bottom: where the orbit is, what was heard, what it costs.
pub fn line(ui: &mut Ui, moment: &Moment, shared: &Shared) {
    egui::Area::new(Id::unique("status"))
        .anchor(Align2::LEFT_BOTTOM, vec2(theme::GAP, -theme::GAP))
        .interactable(false)
        .show(ui.ctx(), |ui| {
            theme::glass().inner_margin(egui::Margin::symmetric(12, 6)).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 14.0;
                    for (text, colour) in items(moment, shared) {
                        ui.add(Label::new(RichText::new(text).size(12.0).color(colour)).extend());
                    }
                });
            });
        });
}

fn items(moment: &Moment, shared: &Shared) -> Vec<(String, egui::Color32)> {
    let Some(snapshot) = moment.snapshot.filter(|_| moment.idle < 0.5) else {
        return vec![("waiting for sound".to_owned(), theme::DIM)];
    };
    let orbit = snapshot.orbit;
    let gear = orbit.component.period.min(5);
    let mut items = vec![
        (components::name_of(orbit.component).to_owned(), theme::TEXT),
        (format!("gear {gear}"), theme::DIM),
        (format!("s {:.2}", orbit.s), theme::DIM),
    ];
    if snapshot.tempo_bpm > 0.0 {
        items.push((format!("{:.0} bpm", snapshot.tempo_bpm), theme::DIM));
    }
    let trained = snapshot.models.iter().filter(|status| **status == ModelStatus::Trained).count();
    items.push(match trained {
        0 => ("heuristics standing in for the models".to_owned(), theme::FAINT),
        6 => ("six models".to_owned(), theme::FAINT),
        n => (format!("{n} of 6 models"), theme::FAINT),
    });
    if shared.hears_sidechain() {
        items.push(("sidechain".to_owned(), theme::ACCENT));
    }
    let (mean, worst) = (shared.meter.mean() * 100.0, shared.meter.worst() * 100.0);
    items.push((format!("cpu {mean:.1} %, worst {worst:.1} %"), theme::FAINT));
    if shared.refused_events() > 0 {
        items.push((format!("{} notes refused by the host", shared.refused_events()), theme::WARM));
    }
    if shared.stopped() {
        items.push(("hearing stopped after an internal error; sound passes".to_owned(), theme::WARM));
    }
    items
}

/// Draws the notices at the top, each with a way to dismiss it.
pub fn notices(ui: &mut Ui, notices: &Notices) {
    let shown = notices.shown();
    if shown.is_empty() {
        return;
    }
    egui::Area::new(Id::unique("notices")).anchor(Align2::RIGHT_TOP, vec2(-theme::GAP, theme::GAP)).show(
        ui.ctx(),
        |ui| {
            for text in shown {
                theme::glass().show(ui, |ui| {
                    ui.set_max_width(300.0);
                    ui.label(RichText::new(&text).size(12.5).color(theme::WARM));
                    if ui.small_button("Dismiss").clicked() {
                        notices.dismiss(&text);
                    }
                });
            }
        },
    );
}
