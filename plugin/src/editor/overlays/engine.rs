//! The engine: what it costs, at which rate it runs, and which networks are at work.

use dendrite_engine::ModelStatus;
use egui::{Align2, Color32, Painter, Rect, pos2};

use super::{Sight, text};
use crate::editor::theme;

/// Height of a line.
const LINE: f32 = 16.5;

/// Draws the body.
pub fn draw(painter: &Painter, body: Rect, sight: &Sight) {
    for (n, (name, value, colour)) in lines(sight).into_iter().enumerate() {
        let y = body.top() + (n as f32 + 0.5) * LINE;
        text::fitted(painter, pos2(body.left(), y), Align2::LEFT_CENTER, name, 12.0, theme::DIM, 82.0);
        let width = body.width() - 88.0;
        text::fitted(painter, pos2(body.right(), y), Align2::RIGHT_CENTER, &value, 12.0, colour, width);
    }
}

fn lines(sight: &Sight) -> [(&'static str, String, Color32); 4] {
    let Sight { moment, shared, .. } = sight;
    let (mean, worst) = (shared.meter.mean() * 100.0, shared.meter.worst() * 100.0);
    // A block that takes all of its time is heard as a gap.
    let load = if worst >= 100.0 { theme::WARM } else { theme::TEXT };
    let rate = match moment.sample_rate {
        rate if rate > 0.0 => format!("{:.1} kHz", rate / 1000.0),
        _ => "\u{2013}".to_owned(),
    };
    let models = moment.snapshot.map(|snapshot| snapshot.models);
    let (models, models_colour) = match models {
        None => ("\u{2013}".to_owned(), theme::TEXT),
        Some(models) => {
            let count = |status| models.iter().filter(|model| **model == status).count();
            let text = format!("{} of {} trained", count(ModelStatus::Trained), models.len());
            let refused = count(ModelStatus::Refused) > 0;
            (text, if refused { theme::WARM } else { theme::TEXT })
        }
    };
    let (status, status_colour) = if shared.stopped() {
        ("stopped by an error", theme::WARM)
    } else if !sight.is_live() {
        ("waiting for sound", theme::TEXT)
    } else if shared.hears_sidechain() {
        ("hears the sidechain", theme::TEXT)
    } else {
        ("hears the track", theme::TEXT)
    };
    [
        ("Load", format!("{mean:.1} %, worst {worst:.1} %"), load),
        ("Sample rate", rate, theme::TEXT),
        ("Models", models, models_colour),
        ("Status", status.to_owned(), status_colour),
    ]
}
