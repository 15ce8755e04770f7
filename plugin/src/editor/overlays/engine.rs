//! The engine: what it costs, at which rate and in which blocks it runs, and what each of the six networks is.

use dendrite_engine::ModelStatus;
use dendrite_pipeline::ModelKind;
use egui::{Align2, Color32, Painter, Rect, Stroke, pos2, vec2};

use super::{Sight, text};
use crate::editor::theme;

/// Height of a line.
const LINE: f32 = 16.5;
/// Lines of readings, above the networks.
const READINGS: usize = 4;
/// Space between readings and networks.
const BETWEEN: f32 = 5.0;
/// Networks side by side, and the space between them.
const COLUMNS: usize = 2;
const GUTTER: f32 = 14.0;
/// Radius of the sign before a network's name.
const SIGN: f32 = 3.0;

/// Height of the body.
pub const HEIGHT: f32 = (READINGS + ModelKind::ALL.len() / COLUMNS) as f32 * LINE + BETWEEN;

/// Draws the body.
pub fn draw(painter: &Painter, body: Rect, sight: &Sight) {
    for (n, (name, value, colour)) in readings(sight).into_iter().enumerate() {
        let y = body.top() + (n as f32 + 0.5) * LINE;
        text::fitted(painter, pos2(body.left(), y), Align2::LEFT_CENTER, name, 12.0, theme::DIM, 82.0);
        let width = body.width() - 88.0;
        text::fitted(painter, pos2(body.right(), y), Align2::RIGHT_CENTER, &value, 12.0, colour, width);
    }
    let top = body.top() + READINGS as f32 * LINE + BETWEEN;
    let width = (body.width() - GUTTER * (COLUMNS - 1) as f32) / COLUMNS as f32;
    let statuses = sight.moment.snapshot.map(|snapshot| snapshot.models);
    for (n, kind) in ModelKind::ALL.into_iter().enumerate() {
        let at = vec2((n % COLUMNS) as f32 * (width + GUTTER), (n / COLUMNS) as f32 * LINE);
        let cell = Rect::from_min_size(pos2(body.left(), top) + at, vec2(width, LINE));
        network(painter, cell, kind, statuses.map(|statuses| statuses[kind.index()]));
    }
}

/// The load, the rate, the blocks and what is heard.
fn readings(sight: &Sight) -> [(&'static str, String, Color32); READINGS] {
    let Sight { moment, shared, .. } = sight;
    let unknown = || "\u{2013}".to_owned();
    let (mean, worst) = (shared.meter.mean() * 100.0, shared.meter.worst() * 100.0);
    // A block that takes all of its time is heard as a gap.
    let load = if worst >= 100.0 { theme::WARM } else { theme::TEXT };
    let rate = match moment.sample_rate {
        rate if rate > 0.0 => format!("{:.1} kHz", rate / 1000.0),
        _ => unknown(),
    };
    let blocks = match shared.meter.largest_block() {
        0 => unknown(),
        1 => "1 sample".to_owned(),
        samples => format!("{samples} samples"),
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
        ("Largest block", blocks, theme::TEXT),
        ("Status", status.to_owned(), status_colour),
    ]
}

/// A sign, the network's word, and what it is: a filled dot for a trained one, a ring for a heuristic, a cross for a refused one.
fn network(painter: &Painter, cell: Rect, kind: ModelKind, status: Option<ModelStatus>) {
    let middle = cell.center().y;
    let sign = pos2(cell.left() + SIGN, middle);
    let (word, colour) = match status {
        None => ("\u{2013}", theme::FAINT),
        Some(ModelStatus::Trained) => {
            painter.circle_filled(sign, SIGN, theme::ACCENT);
            ("trained", theme::TEXT)
        }
        Some(ModelStatus::Heuristic) => {
            painter.circle_stroke(sign, SIGN - 0.5, Stroke::new(1.0, theme::DIM));
            ("heuristic", theme::FAINT)
        }
        Some(ModelStatus::Refused) => {
            let stroke = Stroke::new(1.5, theme::WARM);
            for slope in [-1.0, 1.0] {
                let reach = vec2(SIGN - 0.5, slope * (SIGN - 0.5));
                painter.line_segment([sign - reach, sign + reach], stroke);
            }
            ("refused", theme::WARM)
        }
    };
    let name = pos2(cell.left() + 2.0 * SIGN + 5.0, middle);
    let named = text::fitted(painter, name, Align2::LEFT_CENTER, kind.word(), 11.5, theme::DIM, 54.0);
    let left = cell.right() - named.right() - 4.0;
    text::fitted(painter, pos2(cell.right(), middle), Align2::RIGHT_CENTER, word, 10.5, colour, left);
}
