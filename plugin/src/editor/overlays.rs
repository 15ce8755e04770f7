//! The overlays: what is heard and what it does, on glass at the right. Each folds away by a click on its title.

mod engine;
mod harmony;
mod hearing;
pub mod layout;
mod mandelbrot;
mod mood;
mod orbit;
mod text;

use egui::{Color32, CornerRadius, Id, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::clock::Moment;
use super::history::History;
use super::theme;
use crate::exchange::Shared;
use crate::state::OverlayMemory;
use layout::{Kind, MARGIN, Placed, TITLE};

/// What overlays look at.
pub struct Sight<'a> {
    /// The moment that is shown.
    pub moment: &'a Moment,
    /// What came before.
    pub history: &'a History,
    /// The audio thread's readings.
    pub shared: &'a Shared,
}

impl Sight<'_> {
    /// Whether something is heard.
    pub fn is_live(&self) -> bool {
        self.moment.snapshot.is_some() && self.moment.idle < 0.5
    }

    /// 1 while something is heard, 0 when idle.
    pub fn awake(&self) -> f32 {
        1.0 - self.moment.idle as f32
    }
}

/// The overlays with what they draw with.
#[derive(Default)]
pub struct Overlays {
    hearing: hearing::Hearing,
    orbit: orbit::Orbit,
}

impl Overlays {
    /// Draws those that have room in `column`, and notes in the memory what is clicked.
    pub fn show(&mut self, ui: &Ui, column: Rect, sight: &Sight, memory: &mut OverlayMemory) {
        self.orbit.prepare(ui.ctx());
        for placed in layout::arrange(column, memory).into_iter().flatten() {
            egui::Area::new(Id::unique("overlay").with(placed.kind.title()))
                .fixed_pos(placed.rect.min)
                .constrain(false)
                .show(ui.ctx(), |ui| {
                    ui.allocate_exact_size(placed.rect.size(), Sense::hover());
                    theme::paint_glass(ui.painter(), placed.rect);
                    if title(ui, &placed, &summary(placed.kind, sight)) {
                        placed.kind.clicked(placed.open, memory);
                    }
                    if placed.open {
                        self.body(ui.painter(), &placed, sight);
                    }
                });
        }
    }

    fn body(&mut self, painter: &Painter, placed: &Placed, sight: &Sight) {
        let body = placed.rect.shrink2(vec2(MARGIN, 0.0));
        let body = body.with_min_y(body.top() + TITLE).with_max_y(body.bottom() - MARGIN);
        match placed.kind {
            Kind::Mood => mood::draw(painter, body, sight),
            Kind::Harmony => harmony::draw(painter, body, sight),
            Kind::Orbit => self.orbit.draw(painter, body, sight),
            Kind::Hearing => self.hearing.draw(painter, body, sight),
            Kind::Engine => engine::draw(painter, body, sight),
        }
    }
}

/// What a folded overlay still says, beside its title.
fn summary(kind: Kind, sight: &Sight) -> String {
    if kind == Kind::Engine {
        return format!("{:.1} %", sight.shared.meter.mean() * 100.0);
    }
    let Some(snapshot) = sight.moment.snapshot.as_ref().filter(|_| sight.is_live()) else {
        return String::new();
    };
    match kind {
        Kind::Mood => mood::word(sight.moment.mood).to_owned(),
        Kind::Harmony => sight.history.harmony.chord.map_or_else(String::new, |chord| chord.to_string()),
        Kind::Orbit => format!("gear {}", snapshot.orbit.component.period.min(5)),
        Kind::Hearing if snapshot.tempo_bpm > 0.0 => format!("{:.0} bpm", snapshot.tempo_bpm),
        Kind::Hearing | Kind::Engine => String::new(),
    }
}

/// The line that folds and unfolds; whether it was clicked.
fn title(ui: &Ui, placed: &Placed, summary: &str) -> bool {
    let line = Rect::from_min_size(placed.rect.min, vec2(placed.rect.width(), TITLE));
    let response = ui.interact(line, Id::unique("title").with(placed.kind.title()), Sense::click());
    let lit = response.hovered() || response.has_focus();
    let colour = if lit { theme::TEXT } else { theme::DIM };
    let middle = line.center().y;
    triangle(ui.painter(), pos2(line.left() + MARGIN + 3.0, middle), placed.open, colour);
    text::title(ui.painter(), pos2(line.left() + MARGIN + 13.0, middle), placed.kind.title(), colour);
    if !placed.open {
        let at = pos2(line.right() - MARGIN, middle);
        text::fitted(
            ui.painter(),
            at,
            egui::Align2::RIGHT_CENTER,
            summary,
            12.0,
            theme::TEXT,
            line.width() - 116.0,
        );
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            line.shrink(2.0),
            CornerRadius::same(10),
            Stroke::new(1.0, theme::ACCENT),
            egui::StrokeKind::Inside,
        );
    }
    response.on_hover_text(placed.kind.hint()).clicked()
}

/// Points right when folded, down when open.
fn triangle(painter: &Painter, at: Pos2, open: bool, colour: Color32) {
    let points = if open {
        [vec2(-3.5, -2.0), vec2(3.5, -2.0), vec2(0.0, 3.0)]
    } else {
        [vec2(-2.0, -3.5), vec2(3.0, 0.0), vec2(-2.0, 3.5)]
    };
    painter.add(Shape::convex_polygon(points.map(|by| at + by).to_vec(), colour, Stroke::NONE));
}

#[cfg(test)]
mod tests;
