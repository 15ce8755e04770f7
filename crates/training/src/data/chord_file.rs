//! Chord annotations: `.lab` files and CSV.
//!
//! ```text
//! NAME.lab    start end label, between blanks or tabs, in seconds; labels in Harte's syntax
//! NAME.csv    start,end,chord, with or without that header; the same labels
//! ```
//! Lines that are empty or begin with `#` are comments. Where no span lies, no chord sounds.

use std::fs;
use std::path::Path;

use super::harte::Label;
use super::report::Reason;
use super::timing::middle_s;

/// A stretch of time with one chord.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// Class of the chord, 0..64; `None` where none sounds or nobody knows which.
    pub class: Option<u8>,
}

/// Reads an annotation; CSV by the ending, otherwise `.lab`. Spans are in the order of time and do not overlap.
///
/// # Errors
/// The file cannot be read, or a line is not understood; the error names file and line.
pub fn read(file: &Path) -> Result<Vec<Span>, Reason> {
    let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
    let is_csv = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let spans = if is_csv { read_csv(&text) } else { read_lab(&text) };
    spans.map_err(|problem| Reason::Annotation { file: file.to_owned(), problem })
}

fn read_lab(text: &str) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut parts = line.split_whitespace();
        let fields = [(); 3].map(|()| parts.next().unwrap_or(""));
        add(&mut spans, fields).map_err(|problem| format!("line {}: {problem}", number + 1))?;
    }
    finish(spans)
}

fn read_csv(text: &str) -> Result<Vec<Span>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut spans = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |index| record.get(index).unwrap_or("");
        if spans.is_empty() && field(0).eq_ignore_ascii_case("start") {
            continue;
        }
        add(&mut spans, [field(0), field(1), field(2)])
            .map_err(|problem| format!("line {line}: {problem}"))?;
    }
    finish(spans)
}

fn add(spans: &mut Vec<Span>, [start, end, label]: [&str; 3]) -> Result<(), String> {
    let seconds = |text: &str| {
        let parsed = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        parsed.ok_or_else(|| format!("expected a time in seconds, found {text:?}"))
    };
    let (start_s, end_s) = (seconds(start)?, seconds(end)?);
    let last_s = spans.last().map_or(0.0, |span: &Span| span.end_s);
    // Annotations are rounded to a millisecond or so.
    if start_s < last_s - 0.01 {
        return Err(format!("expected a start of {last_s} s or later, found {start_s}"));
    }
    if end_s < start_s {
        return Err(format!("expected an end after the start at {start_s} s, found {end_s}"));
    }
    spans.push(Span { start_s, end_s, class: Label::parse(label)?.class() });
    Ok(())
}

fn finish(spans: Vec<Span>) -> Result<Vec<Span>, String> {
    if spans.is_empty() { Err("it holds no chords".to_owned()) } else { Ok(spans) }
}

/// End of the last span in seconds.
pub(crate) fn end_s(spans: &[Span]) -> f64 {
    spans.last().map_or(0.0, |span| span.end_s)
}

/// The chord at the middle of each frame.
pub fn classes(spans: &[Span], frames: usize) -> Vec<Option<u8>> {
    let class_at = |time_s: f64| {
        let after = spans.partition_point(|span| span.start_s <= time_s);
        let span = spans.get(after.checked_sub(1)?)?;
        span.class.filter(|_| time_s < span.end_s)
    };
    (0..frames).map(|frame| class_at(middle_s(frame))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_file_say_the_same() {
        let lab = "# a comment\n0.000000 1.5 N\n1.5\t3.25\tC:maj7/3\n\n3.25 4.0 A:min7\r\n";
        let csv = "start,end,chord\n0,1.5,N\n1.5,3.25,C:maj7/3\n3.25,4.0,A:min7\n";
        let spans = read_lab(lab).unwrap();
        assert_eq!(spans, read_csv(csv).unwrap());
        // Am7 is class 3 * 12 + 9.
        assert_eq!(spans[2], Span { start_s: 3.25, end_s: 4.0, class: Some(45) });
        assert_eq!(read_csv("0,1,\"A:(b3,5)\"").unwrap()[0].class, Some(12 + 9));
        assert_eq!(read_lab("0.0   1.0   F#:min").unwrap()[0].class, Some(12 + 6));
    }

    #[test]
    fn frames_get_the_chord_at_their_middle() {
        let spans = read_lab("0 1 C\n1 2 G:7").unwrap();
        let classes = classes(&spans, 100);
        // Middle of frame k: (k - 1) * 1024 / 48000 s, so that frame 47 is at 0.981 s and frame 48 at 1.0027 s.
        assert_eq!((classes[0], classes[47], classes[48]), (Some(0), Some(0), Some(31)));
        // 2 s is passed between frames 94 (1.984) and 95 (2.005).
        assert_eq!((classes[94], classes[95]), (Some(31), None));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, part) in [
            ("", "no chords"),
            ("0 1 C\n1 x C", "line 2: expected a time in seconds, found \"x\""),
            ("0 1 C\n0.5 2 C", "line 2: expected a start of 1 s or later"),
            ("2 1 C", "line 1: expected an end after"),
            ("0 1", "line 1: expected N, X"),
            ("0 inf C", "line 1: expected a time"),
        ] {
            let message = read_lab(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(read_csv("0,1,C\n1,2,Q\n").unwrap_err().contains("line 2"));
    }
}
