//! The mood: the map of valence and arousal, the way through it, and a word for where it is.

use dendrite_pipeline::MOOD_SIDE;
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{Sight, text};
use crate::editor::theme;

/// Height of the words below the map.
const AXIS: f32 = 14.0;
/// Beyond this, -1..1, a mood is no longer in the middle: a quarter of the way, about one cell.
const NEUTRAL: f32 = 0.2;

/// A word for a place on the plane of valence and arousal.
pub fn word([valence, arousal]: [f32; 2]) -> &'static str {
    let third = |v: f32| if v < -NEUTRAL { 0 } else { 1 + usize::from(v > NEUTRAL) };
    const WORDS: [[&str; 3]; 3] = [
        ["calm and sad", "calm", "calm and glad"],
        ["sad", "balanced", "glad"],
        ["tense and sad", "excited", "excited and glad"],
    ];
    WORDS[third(arousal)][third(valence)]
}

/// Draws the body.
pub fn draw(painter: &Painter, body: Rect, sight: &Sight) {
    let side = body.height() - AXIS;
    let map = Rect::from_min_size(body.min, vec2(side, side));
    heat(painter, map, &sight.history.map, sight.awake());
    axes(painter, map);
    if sight.is_live() {
        trail(painter, map, sight);
    }

    let (x, width) = (map.right() + 12.0, body.right() - map.right() - 12.0);
    let small = 10.5;
    text::fitted(painter, pos2(x, map.top()), Align2::LEFT_TOP, "excited", small, theme::FAINT, width);
    text::fitted(painter, pos2(x, map.bottom()), Align2::LEFT_BOTTOM, "calm", small, theme::FAINT, width);
    let below = body.bottom();
    let half = side / 2.0;
    text::fitted(painter, pos2(map.left(), below), Align2::LEFT_BOTTOM, "sad", small, theme::FAINT, half);
    text::fitted(painter, pos2(map.right(), below), Align2::RIGHT_BOTTOM, "glad", small, theme::FAINT, half);

    let middle = map.center().y;
    let Some(snapshot) = sight.moment.snapshot.as_ref().filter(|_| sight.is_live()) else {
        text::fitted(painter, pos2(x, middle), Align2::LEFT_CENTER, "listening", 13.0, theme::DIM, width);
        return;
    };
    let word = word(sight.moment.mood);
    // "calm and glad" over two lines reads better than small.
    let (first, second) = word.split_once(" and ").map_or((word, None), |(a, b)| (a, Some(b)));
    let line = 17.0;
    let top = middle - if second.is_some() { 1.5 } else { 1.0 } * line;
    text::fitted(painter, pos2(x, top), Align2::LEFT_TOP, first, 15.0, theme::TEXT, width);
    if let Some(second) = second {
        let second = format!("and {second}");
        text::fitted(painter, pos2(x, top + line), Align2::LEFT_TOP, &second, 15.0, theme::TEXT, width);
    }
    let sure = format!("{:.0} % sure", snapshot.mood.confidence.clamp(0.0, 1.0) * 100.0);
    text::fitted(painter, pos2(x, middle + line), Align2::LEFT_CENTER, &sure, 11.5, theme::DIM, width);
}

/// The cells: the likelier the lighter, up to the likeliest.
fn heat(painter: &Painter, map: Rect, probabilities: &[f32], awake: f32) {
    let cell = map.width() / MOOD_SIDE as f32;
    let highest = probabilities.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    for (index, probability) in probabilities.iter().enumerate() {
        let (row, column) = (index / MOOD_SIDE, index % MOOD_SIDE);
        let corner = pos2(
            map.left() + column as f32 * cell,
            // Row 0 is the lowest arousal.
            map.bottom() - (row + 1) as f32 * cell,
        );
        let strength = (probability / highest).clamp(0.0, 1.0).sqrt() * awake;
        let colour = Color32::from_white_alpha(9).lerp_to_gamma(theme::ACCENT, 0.8 * strength);
        painter.rect_filled(
            Rect::from_min_size(corner, vec2(cell, cell)).shrink(0.75),
            CornerRadius::same(2),
            colour,
        );
    }
}

fn axes(painter: &Painter, map: Rect) {
    let line = Stroke::new(1.0, Color32::from_white_alpha(40));
    painter.hline(map.x_range(), map.center().y, line);
    painter.vline(map.center().x, map.y_range(), line);
}

/// Where it has been, fading, and where it is.
fn trail(painter: &Painter, map: Rect, sight: &Sight) {
    let at = |[valence, arousal]: [f32; 2]| -> Pos2 {
        let inner = map.shrink(4.0);
        pos2(
            egui::remap_clamp(valence, -1.0..=1.0, inner.left()..=inner.right()),
            egui::remap_clamp(arousal, -1.0..=1.0, inner.bottom()..=inner.top()),
        )
    };
    let points = sight.history.trail.iter().copied().chain([sight.moment.mood]);
    let count = (sight.history.trail.len() + 1) as f32;
    let mut last: Option<Pos2> = None;
    for (n, point) in points.enumerate() {
        let point = at(point);
        if let Some(last) = last {
            let strength = n as f32 / count;
            painter.line_segment(
                [last, point],
                Stroke::new(1.0 + strength, theme::TEXT.gamma_multiply(0.1 + 0.7 * strength)),
            );
        }
        last = Some(point);
    }
    if let Some(now) = last {
        painter.circle(now, 4.0, theme::TEXT, Stroke::new(1.5, Color32::from_black_alpha(160)));
    }
    painter.rect_stroke(
        map,
        CornerRadius::same(3),
        Stroke::new(1.0, Color32::from_white_alpha(24)),
        StrokeKind::Outside,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_regions() {
        for (mood, expected) in [
            ([0.0, 0.0], "balanced"),
            ([0.6, -0.6], "calm and glad"),
            ([-0.6, -0.6], "calm and sad"),
            ([-0.6, 0.6], "tense and sad"),
            ([0.6, 0.6], "excited and glad"),
            ([0.0, 0.9], "excited"),
            ([0.0, -0.9], "calm"),
            ([0.9, 0.1], "glad"),
            ([-0.9, 0.1], "sad"),
            ([f32::NAN, f32::NAN], "balanced"),
        ] {
            assert_eq!(word(mood), expected, "{mood:?}");
        }
    }
}
