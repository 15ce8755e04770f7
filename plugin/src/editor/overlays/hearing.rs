//! The hearing: the mel spectrum of the last seconds with onsets, six bands with their gates, loudness, tempo and beat.

use dendrite_pipeline::BANDS;
use egui::{
    Align2, Color32, ColorImage, CornerRadius, Painter, Rect, Stroke, TextureHandle, TextureOptions, pos2,
    vec2,
};

use super::{Sight, text};
use crate::editor::history::{COLUMNS, ROWS, Strip};
use crate::editor::theme;

/// Height of the strip.
const STRIP: f32 = 58.0;
/// Distance of the bands' left edges, and a band's width.
const BAND_STEP: f32 = 13.0;
const BAND_WIDTH: f32 = 8.0;

/// The strip as a texture, a ring of columns like the one in the history.
#[derive(Default)]
pub struct Hearing {
    texture: Option<TextureHandle>,
    /// Columns of the history that are in the texture.
    written: u64,
}

impl Hearing {
    /// Draws the body.
    pub fn draw(&mut self, painter: &Painter, body: Rect, sight: &Sight) {
        let rect = body.with_max_y(body.top() + STRIP);
        let strip = &sight.history.strip;
        self.update(painter, strip);
        painter.rect_filled(rect, CornerRadius::same(3), colour(0.0));
        if let Some(texture) = &self.texture {
            ring(painter, rect, texture, strip.head());
        }
        let column = rect.width() / COLUMNS as f32;
        for back in strip.onsets() {
            let x = rect.right() - (back as f32 + 0.5) * column;
            painter.vline(x, rect.top()..=rect.top() + 7.0, Stroke::new(1.5, theme::WARM));
        }
        let lower = body.with_min_y(rect.bottom() + 8.0);
        bands(painter, lower, sight);
        readings(painter, lower.with_min_x(lower.left() + BANDS as f32 * BAND_STEP + 12.0), sight);
    }

    /// Writes the columns that have come since the last picture.
    fn update(&mut self, painter: &Painter, strip: &Strip) {
        let texture = self.texture.get_or_insert_with(|| {
            let empty = ColorImage::filled([COLUMNS, ROWS], colour(0.0));
            painter.ctx().load_texture("mel strip", empty, TextureOptions::LINEAR)
        });
        self.written = self.written.max(strip.written().saturating_sub(COLUMNS as u64));
        while self.written < strip.written() {
            let column = (self.written % COLUMNS as u64) as usize;
            let levels = strip.column(column);
            let pixels = levels.iter().rev().map(|level| colour(*level)).collect();
            texture.set_partial([column, 0], ColorImage::new([1, ROWS], pixels), TextureOptions::LINEAR);
            self.written += 1;
        }
    }
}

/// The colour of a level 0..1: from the glass over blue to nearly white.
fn colour(level: f32) -> Color32 {
    const QUIET: Color32 = Color32::from_rgb(13, 17, 28);
    const MIDDLE: Color32 = Color32::from_rgb(58, 104, 160);
    const LOUD: Color32 = Color32::from_rgb(214, 230, 246);
    // Below a quarter is -60 dB: what is not heard.
    let level = ((level - 0.25) / 0.7).clamp(0.0, 1.0);
    if level < 0.6 {
        QUIET.lerp_to_gamma(MIDDLE, level / 0.6)
    } else {
        MIDDLE.lerp_to_gamma(LOUD, (level - 0.6) / 0.4)
    }
}

/// Draws the ring so that its oldest column, `head`, is at the left.
fn ring(painter: &Painter, rect: Rect, texture: &TextureHandle, head: usize) {
    let count = COLUMNS as f32;
    // Half a column at each end of a part is left out: there the filter would mix newest and oldest.
    let uv = |from: f32, to: f32| {
        Rect::from_min_max(pos2((from + 0.5) / count, 0.0), pos2((to - 0.5) / count, 1.0))
    };
    let head = head as f32;
    let seam = rect.left() + rect.width() * (count - head) / count;
    for (left, right, from, to) in [(rect.left(), seam, head, count), (seam, rect.right(), 0.0, head)] {
        if to - from >= 1.0 {
            let part = rect.with_min_x(left).with_max_x(right);
            painter.image(texture.id(), part, uv(from, to), Color32::WHITE);
        }
    }
}

/// Six bars from low to high, each with the gate of its band as a line.
fn bands(painter: &Painter, area: Rect, sight: &Sight) {
    let gates = sight.moment.snapshot.filter(|_| sight.is_live()).map(|snapshot| snapshot.orbit.gates);
    let bottom = area.bottom() - 13.0;
    let height = bottom - area.top();
    for (band, level) in sight.history.bands.iter().enumerate() {
        let left = area.left() + band as f32 * BAND_STEP;
        let track = Rect::from_min_max(pos2(left, area.top()), pos2(left + BAND_WIDTH, bottom));
        painter.rect_filled(track, CornerRadius::same(2), Color32::from_white_alpha(14));
        let top = bottom - height * level.clamp(0.0, 1.0);
        painter.rect_filled(track.with_min_y(top), CornerRadius::same(2), theme::ACCENT);
        if let Some(gates) = gates {
            let y = bottom - height * gates[band].clamp(0.0, 1.0) as f32;
            let reach = track.left() - 0.5..=track.right() + 0.5;
            painter.hline(reach, y, Stroke::new(2.0, theme::WARM));
        }
    }
    let width = BANDS as f32 * BAND_STEP;
    let right = area.left() + width - (BAND_STEP - BAND_WIDTH);
    text::fitted(
        painter,
        pos2(area.left(), area.bottom()),
        Align2::LEFT_BOTTOM,
        "low",
        10.5,
        theme::FAINT,
        width / 2.0,
    );
    text::fitted(
        painter,
        pos2(right, area.bottom()),
        Align2::RIGHT_BOTTOM,
        "high",
        10.5,
        theme::FAINT,
        width / 2.0,
    );
}

/// Loudness as a bar, tempo and beat.
fn readings(painter: &Painter, area: Rect, sight: &Sight) {
    let line = area.height() / 2.0;
    let y = area.top() + line / 2.0 - 2.0;
    text::fitted(painter, pos2(area.left(), y), Align2::LEFT_CENTER, "Loudness", 12.0, theme::DIM, 56.0);
    let track = Rect::from_min_max(pos2(area.left() + 60.0, y - 3.0), pos2(area.right(), y + 3.0));
    painter.rect_filled(track, CornerRadius::same(3), Color32::from_white_alpha(14));
    let filled = vec2(track.width() * sight.moment.loudness.clamp(0.0, 1.0), track.height());
    painter.rect_filled(Rect::from_min_size(track.min, filled), CornerRadius::same(3), theme::ACCENT);

    let y = area.top() + 1.5 * line;
    let snapshot = sight.moment.snapshot.filter(|snapshot| sight.is_live() && snapshot.tempo_bpm > 0.0);
    let tempo =
        snapshot.map_or("\u{2013} bpm".to_owned(), |snapshot| format!("{:.0} bpm", snapshot.tempo_bpm));
    text::fitted(painter, pos2(area.left(), y), Align2::LEFT_CENTER, &tempo, 15.0, theme::TEXT, 66.0);
    let at = pos2(area.right() - 7.0, y);
    let source = match (snapshot, sight.moment.beat) {
        (None, _) => return,
        (Some(_), Some(beat)) => {
            // Lit on the beat, out half a beat later.
            let lit = (1.0 - 2.0 * beat).clamp(0.0, 1.0);
            painter.circle_filled(at, 4.0 + 2.0 * lit, theme::WARM.gamma_multiply(0.25 + 0.75 * lit));
            "host"
        }
        (Some(_), None) => {
            painter.circle_stroke(at, 4.0, Stroke::new(1.0, theme::DIM));
            "heard"
        }
    };
    let left = pos2(at.x - 12.0, y);
    text::fitted(painter, left, Align2::RIGHT_CENTER, source, 11.0, theme::FAINT, 34.0);
}
