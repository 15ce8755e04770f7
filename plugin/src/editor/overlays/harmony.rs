//! The harmony: the chord that is heard, what else it might be, the key, and what is played to.

use dendrite_pipeline::Chord;
use egui::{Align2, Color32, CornerRadius, Painter, Rect, pos2, vec2};

use super::{Sight, text};
use crate::editor::theme;

/// How many chords are named besides the likeliest.
const NEXT: usize = 3;
/// Where they begin, from the left.
const NEXT_LEFT: f32 = 104.0;
/// Height of a line.
const LINE: f32 = 17.0;

/// The likeliest chords, the likeliest first, with their probabilities.
fn likeliest<const N: usize>(probabilities: &[f32]) -> [(usize, f32); N] {
    let mut best = [(0, f32::NEG_INFINITY); N];
    for (class, &probability) in probabilities.iter().enumerate() {
        let place = best.partition_point(|(_, other)| *other >= probability);
        if place < N {
            best[place..].rotate_right(1);
            best[place] = (class, probability);
        }
    }
    best
}

/// Draws the body.
pub fn draw(painter: &Painter, body: Rect, sight: &Sight) {
    let harmony = &sight.history.harmony;
    let snapshot = sight.moment.snapshot.as_ref().filter(|_| sight.is_live());
    let best = likeliest::<{ NEXT + 1 }>(&harmony.probabilities);
    let top_height = NEXT as f32 * LINE;

    let (now, colour) = match (snapshot, harmony.chord) {
        (None, _) => ("\u{2013}".to_owned(), theme::FAINT),
        (Some(_), None) => ("no chord".to_owned(), theme::DIM),
        (Some(_), Some(chord)) => (chord.to_string(), theme::TEXT),
    };
    let size = if harmony.chord.is_some() { 34.0 } else { 17.0 };
    let at = pos2(body.left(), body.top() + top_height / 2.0);
    text::fitted(painter, at, Align2::LEFT_CENTER, &now, size, colour, NEXT_LEFT - 10.0);

    if snapshot.is_some() {
        let others = best.iter().filter(|(class, _)| Some(*class) != harmony.chord.map(Chord::class));
        for (line, (class, probability)) in others.take(NEXT).enumerate() {
            let y = body.top() + (line as f32 + 0.5) * LINE;
            let name = Chord::of_class(*class).map_or_else(String::new, |chord| chord.to_string());
            let left = body.left() + NEXT_LEFT;
            text::fitted(painter, pos2(left, y), Align2::LEFT_CENTER, &name, 12.0, theme::DIM, 44.0);
            let track = Rect::from_min_max(pos2(left + 48.0, y - 2.0), pos2(body.right(), y + 2.0));
            painter.rect_filled(track, CornerRadius::same(2), Color32::from_white_alpha(14));
            let filled = track.width() * probability.clamp(0.0, 1.0);
            let bar = Rect::from_min_size(track.min, vec2(filled, track.height()));
            painter.rect_filled(bar, CornerRadius::same(2), theme::ACCENT);
        }
    }

    let key = snapshot.and_then(|snapshot| snapshot.key.map(|key| (key, snapshot.key_confidence)));
    let key = key.map(|(key, confidence)| (key.to_string(), format!("{:.0} %", confidence * 100.0)));
    let playing = snapshot.map(|snapshot| snapshot.play).filter(|play| play.playing);
    let chord = playing.map(|play| play.chord.map_or("waiting for a chord".to_owned(), |c| c.to_string()));
    let y = body.top() + top_height + 9.0;
    pair(painter, body, y, "Key", key);
    pair(painter, body, y + LINE, "Plays to", chord.map(|chord| (chord, String::new())));
}

/// A name, and what it is now with a remark; a dash if there is nothing.
fn pair(painter: &Painter, body: Rect, top: f32, name: &str, value: Option<(String, String)>) {
    let y = top + LINE / 2.0;
    text::fitted(painter, pos2(body.left(), y), Align2::LEFT_CENTER, name, 12.0, theme::DIM, 60.0);
    let (value, remark) = value.unwrap_or_else(|| ("\u{2013}".to_owned(), String::new()));
    let at = pos2(body.left() + 64.0, y);
    let written = text::fitted(painter, at, Align2::LEFT_CENTER, &value, 12.5, theme::TEXT, 112.0);
    if !remark.is_empty() {
        let left = written.right() + 8.0;
        let at = pos2(body.right(), y);
        text::fitted(
            painter,
            at,
            Align2::RIGHT_CENTER,
            &remark,
            11.5,
            theme::FAINT,
            (body.right() - left).max(10.0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_once() {
        let mut probabilities = [0.0; 64];
        for (class, probability) in [(7, 0.2), (63, 0.5), (0, 0.1), (30, 0.15)] {
            probabilities[class] = probability;
        }
        assert_eq!(likeliest::<4>(&probabilities), [(63, 0.5), (7, 0.2), (30, 0.15), (0, 0.1)]);
        let even = [1.0 / 64.0; 64];
        let classes = likeliest::<4>(&even).map(|(class, _)| class);
        assert_eq!(classes, [0, 1, 2, 3]);
    }
}
