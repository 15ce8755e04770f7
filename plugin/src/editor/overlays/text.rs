//! Text that fits where it is put.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, TextFormat, text::LayoutJob};

/// Smallest size that text is set in before it is cut.
const SMALLEST: f32 = 10.5;

/// Writes one line that is at most `width` wide: in a smaller size if need be, and in the end cut with an ellipsis. Returns where
/// it is.
pub fn fitted(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    size: f32,
    colour: Color32,
    width: f32,
) -> Rect {
    let natural = painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), colour);
    let galley = if natural.size().x <= width {
        natural
    } else {
        let smaller = (size * width / natural.size().x).floor().max(SMALLEST).min(size);
        let format = TextFormat::simple(FontId::proportional(smaller), colour);
        let mut job = LayoutJob::single_section(text.to_owned(), format);
        job.wrap.max_width = width;
        job.wrap.max_rows = 1;
        job.wrap.break_anywhere = true;
        painter.layout_job(job)
    };
    let rect = anchor.anchor_size(at, galley.size());
    painter.galley(rect.min, galley, colour);
    rect
}

/// Writes text over as many lines as it takes in this width. Returns where it is.
pub fn wrapped(painter: &Painter, at: Pos2, text: &str, size: f32, colour: Color32, width: f32) -> Rect {
    let galley = painter.layout(text.to_owned(), FontId::proportional(size), colour, width);
    let rect = Rect::from_min_size(at, galley.size());
    painter.galley(at, galley, colour);
    rect
}

/// Writes a title in capitals, left of the middle of its line.
pub fn title(painter: &Painter, at: Pos2, text: &str, colour: Color32) -> Rect {
    let format = TextFormat {
        font_id: FontId::proportional(10.5),
        extra_letter_spacing: 1.5,
        color: colour,
        ..TextFormat::default()
    };
    let galley = painter.layout_job(LayoutJob::single_section(text.to_uppercase(), format));
    let rect = Align2::LEFT_CENTER.anchor_size(at, galley.size());
    painter.galley(rect.min, galley, colour);
    rect
}
