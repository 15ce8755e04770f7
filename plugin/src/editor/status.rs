//! The status line and the notices.

use dendrite_engine::ModelStatus;
use egui::{Align2, FontId, Id, Rect, RichText, Sense, Ui, pos2, vec2};

use super::clock::Moment;
use super::{theme, widgets};
use crate::components;
use crate::exchange::Shared;
use crate::notice::Notices;

/// Distance of two items.
const BETWEEN: f32 = 14.0;
const PADDING: egui::Vec2 = vec2(12.0, 6.0);
const SIZE: f32 = 12.0;

/// Draws the line at the bottom: where the orbit is, what was heard, what it costs; as much of it as has room in `free`, what
/// matters least going first.
pub fn line(ui: &Ui, free: Rect, moment: &Moment, shared: &Shared) {
    let mut items: Vec<_> = items(moment, shared)
        .into_iter()
        .map(|item| {
            let galley = ui.painter().layout_no_wrap(item.text, FontId::proportional(SIZE), item.colour);
            (item.rank, galley)
        })
        .collect();
    let width = |items: &[(u8, std::sync::Arc<egui::Galley>)]| {
        items.iter().map(|(_, galley)| galley.size().x + BETWEEN).sum::<f32>() - BETWEEN + 2.0 * PADDING.x
    };
    while items.len() > 1 && width(&items) > free.width() {
        let least = items.iter().enumerate().max_by_key(|(_, (rank, _))| *rank).map_or(0, |(n, _)| n);
        items.remove(least);
    }
    let height = items.iter().map(|(_, galley)| galley.size().y).fold(0.0, f32::max) + 2.0 * PADDING.y;
    let rect = Align2::LEFT_BOTTOM.anchor_size(free.left_bottom(), vec2(width(&items), height));
    egui::Area::new(Id::unique("status")).fixed_pos(rect.min).constrain(false).interactable(false).show(
        ui.ctx(),
        |ui| {
            ui.allocate_exact_size(rect.size(), Sense::hover());
            theme::paint_glass(ui.painter(), rect);
            let mut left = rect.left() + PADDING.x;
            for (_, galley) in items {
                let next = left + galley.size().x + BETWEEN;
                ui.painter().galley(pos2(left, rect.top() + PADDING.y), galley, theme::TEXT);
                left = next;
            }
        },
    );
}

/// A word or two of the line.
struct Item {
    text: String,
    colour: egui::Color32,
    /// What has a higher rank goes first when there is no room.
    rank: u8,
}

fn items(moment: &Moment, shared: &Shared) -> Vec<Item> {
    let item = |text: String, colour, rank| Item { text, colour, rank };
    let mut items = Vec::with_capacity(8);
    if let Some(snapshot) = moment.snapshot.filter(|_| moment.idle < 0.5) {
        let orbit = snapshot.orbit;
        let gear = orbit.component.period.min(5);
        items.push(item(components::name_of(orbit.component).to_owned(), theme::TEXT, 2));
        items.push(item(format!("gear {gear}"), theme::DIM, 4));
        items.push(item(format!("s {:.2}", orbit.s), theme::DIM, 5));
        if snapshot.tempo_bpm > 0.0 {
            items.push(item(format!("{:.0} bpm", snapshot.tempo_bpm), theme::DIM, 3));
        }
        let trained = snapshot.models.iter().filter(|status| **status == ModelStatus::Trained).count();
        items.push(match trained {
            0 => item("heuristics standing in for the models".to_owned(), theme::FAINT, 7),
            6 => item("six models".to_owned(), theme::FAINT, 7),
            n => item(format!("{n} of 6 models"), theme::FAINT, 7),
        });
        if shared.hears_sidechain() {
            items.push(item("sidechain".to_owned(), theme::ACCENT, 2));
        }
        let (mean, worst) = (shared.meter.mean() * 100.0, shared.meter.worst() * 100.0);
        items.push(item(format!("cpu {mean:.1} %, worst {worst:.1} %"), theme::FAINT, 6));
    } else {
        items.push(item("waiting for sound".to_owned(), theme::DIM, 2));
    }
    if shared.refused_events() > 0 {
        let text = format!("{} notes refused by the host", shared.refused_events());
        items.push(item(text, theme::WARM, 1));
    }
    if shared.stopped() {
        items.push(item("hearing stopped after an internal error; sound passes".to_owned(), theme::WARM, 0));
    }
    items
}

/// Draws the notices at the top of what is free of the window, each with a way to dismiss it.
pub fn notices(ui: &Ui, free: Rect, notices: &Notices) {
    let shown = notices.shown();
    if shown.is_empty() {
        return;
    }
    let width = (free.width() - 2.0 * theme::GAP - 26.0).clamp(120.0, 300.0);
    let corner = pos2(free.center().x - width / 2.0 - 13.0, free.top() + theme::GAP);
    egui::Area::new(Id::unique("notices")).fixed_pos(corner).show(ui.ctx(), |ui| {
        for text in shown {
            theme::on_glass(ui, theme::glass(), |ui| {
                ui.set_width(width);
                ui.label(RichText::new(&text).size(12.5).color(theme::WARM));
                if widgets::button(ui, "Dismiss", "Take this note away") {
                    notices.dismiss(&text);
                }
            });
        }
    });
}
