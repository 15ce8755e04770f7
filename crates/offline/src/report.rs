//! One page about a song, as SVG: numbers, chords, mood, spectrum, the path of c, and what it looked like.

use std::fmt::Write;

use base64::Engine as _;
use dendrite_features::N_MEL;
use dendrite_julia::cpu::{Antialias, Renderer};
use dendrite_julia::{Look, scene};
use dendrite_orbit::HOP_S;

use crate::Summary;
use crate::analysis::{Columns, Moment};
use crate::mandelbrot::{VIEW, map};

/// Size of the page.
const PAGE: (u32, u32) = (1_280, 1_240);
/// Left and right edge of what has a time axis.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 1_232.0;
/// Size of the map, and pixels per unit of it.
const MAP: (u32, u32) = (520, 462);
/// Size of a thumbnail, and how many there are side by side and below one another.
const THUMBNAIL: (u32, u32) = (203, 114);
const ACROSS: u32 = 3;
const DOWN: u32 = 3;
/// Pieces of the path that have a colour of their own.
const PIECES: usize = 48;

/// Colours by name of use.
const GROUND: &str = "#101217";
const TEXT: &str = "#e8eaf0";
const QUIET: &str = "#8b92a5";
const LINE: &str = "#2a2f3b";
const VALENCE: &str = "#7cc4ff";
const AROUSAL: &str = "#ff9d5c";

/// Draws the page.
pub(crate) fn svg(summary: &Summary, title: &str, columns: &Columns) -> Result<String, png::EncodingError> {
    let mut page = Page { svg: String::new(), duration_s: summary.duration_s.max(1e-3) };
    let (width, height) = PAGE;
    page.add(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Ubuntu, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">"#
    ));
    page.add(&format!(r#"<rect width="{width}" height="{height}" fill="{GROUND}"/>"#));
    page.head(summary, title);
    page.chords(summary, 176.0);
    page.mood(summary, 268.0);
    page.spectrum(columns, 470.0)?;
    page.path(columns.moments, 726.0)?;
    page.thumbnails(columns.moments, 726.0)?;
    page.add("</svg>");
    Ok(page.svg)
}

struct Page {
    svg: String,
    duration_s: f64,
}

impl Page {
    fn add(&mut self, element: &str) {
        self.svg.push_str(element);
        self.svg.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, size: u32, colour: &str, anchor: &str, text: &str) {
        let text = escaped(text);
        self.add(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    fn image(&mut self, [x, y, width, height]: [f64; 4], png: &[u8]) {
        let data = base64::engine::general_purpose::STANDARD.encode(png);
        self.add(&format!(
            r#"<image x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" preserveAspectRatio="none" href="data:image/png;base64,{data}"/>"#
        ));
    }

    /// Where a time stands on the page.
    fn x(&self, time_s: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (time_s / self.duration_s).clamp(0.0, 1.0)
    }

    fn head(&mut self, summary: &Summary, title: &str) {
        self.text(LEFT - 24.0, 62.0, 32, TEXT, "start", &shortened(title, 60));
        let channels = match summary.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            n => format!("{n} channels"),
        };
        let broke = if summary.broke_off { ", the file breaks off" } else { "" };
        let line = format!("{}, {} Hz, {channels}{broke}", clock(summary.duration_s), summary.sample_rate_hz);
        self.text(RIGHT, 62.0, 15, QUIET, "end", &line);
        let lufs =
            summary.loudness.integrated_lufs.map_or_else(|| "-".to_owned(), |v| format!("{v:.1} LUFS"));
        let range = summary.loudness.range_lu.map_or_else(|| "-".to_owned(), |v| format!("{v:.1} LU"));
        let tempo =
            if summary.tempo.bpm > 0.0 { format!("{:.1} bpm", summary.tempo.bpm) } else { "-".to_owned() };
        let key = summary.key.as_ref().map_or_else(|| "-".to_owned(), |key| key.name.clone());
        let mood = format!("{:+.2} / {:+.2}", summary.mood.valence, summary.mood.arousal);
        let facts = [
            ("Tempo", tempo),
            ("Key", key),
            ("Loudness", lufs),
            ("Range", range),
            ("Valence / arousal", mood),
            ("Sections", summary.sections.len().to_string()),
        ];
        for (place, (name, value)) in facts.iter().enumerate() {
            let x = LEFT - 24.0 + place as f64 * 200.0;
            self.text(x, 104.0, 13, QUIET, "start", name);
            self.text(x, 130.0, 21, TEXT, "start", value);
        }
    }

    fn chords(&mut self, summary: &Summary, top: f64) {
        self.text(LEFT - 24.0, top - 8.0, 13, QUIET, "start", "Chords");
        for span in summary.chords.iter().filter(|span| span.chord != "-") {
            let (from, to) = (self.x(span.start_s), self.x(span.end_s));
            let colour = chord_colour(&span.chord);
            self.add(&format!(
                r#"<rect x="{from:.1}" y="{top:.1}" width="{:.1}" height="38" rx="2" fill="{colour}"/>"#,
                (to - from - 1.0).max(0.6)
            ));
            if to - from > 9.0 * span.chord.chars().count() as f64 + 4.0 {
                self.text((from + to) / 2.0, top + 24.0, 14, "#0b0d11", "middle", &span.chord);
            }
        }
    }

    fn mood(&mut self, summary: &Summary, top: f64) {
        let height = 150.0;
        let y = |value: f64| top + height * (0.5 - 0.5 * value.clamp(-1.0, 1.0));
        self.text(LEFT - 24.0, top - 12.0, 13, QUIET, "start", "Mood");
        self.text(LEFT + 30.0, top - 12.0, 13, VALENCE, "start", "valence: sad to glad");
        self.text(LEFT + 170.0, top - 12.0, 13, AROUSAL, "start", "arousal: calm to excited");
        for (value, label) in [(-1.0, "-1"), (0.0, "0"), (1.0, "+1")] {
            let at = y(value);
            self.add(&format!(
                r#"<line x1="{LEFT}" y1="{at:.1}" x2="{RIGHT}" y2="{at:.1}" stroke="{LINE}" stroke-width="1"/>"#
            ));
            self.text(LEFT - 8.0, at + 4.0, 12, QUIET, "end", label);
        }
        for (number, section) in summary.sections.iter().enumerate() {
            let x = self.x(section.start_s);
            if number > 0 {
                self.add(&format!(
                    r#"<line x1="{x:.1}" y1="{top:.1}" x2="{x:.1}" y2="{:.1}" stroke="{QUIET}" stroke-width="1" stroke-dasharray="3 4"/>"#,
                    top + height
                ));
            }
            self.text(x + 5.0, top + height - 6.0, 12, QUIET, "start", &format!("section {}", number + 1));
        }
        for (colour, arousal) in [(VALENCE, false), (AROUSAL, true)] {
            let mut points = String::new();
            for point in &summary.mood_curve {
                let value = if arousal { point.arousal } else { point.valence };
                let _ = write!(points, "{:.1},{:.1} ", self.x(point.time_s), y(f64::from(value)));
            }
            self.add(&format!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>"#,
                points.trim_end()
            ));
        }
        self.times(top + height + 18.0);
    }

    /// Times below a lane.
    fn times(&mut self, y: f64) {
        const STEPS: [f64; 12] =
            [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
        let step =
            STEPS.into_iter().find(|step| self.duration_s / step <= 13.0).unwrap_or(self.duration_s / 10.0);
        let mut time_s = 0.0;
        while time_s <= self.duration_s {
            self.text(self.x(time_s), y, 12, QUIET, "middle", &clock(time_s));
            time_s += step;
        }
    }

    fn spectrum(&mut self, columns: &Columns, top: f64) -> Result<(), png::EncodingError> {
        let height = 180.0;
        self.text(LEFT - 24.0, top - 10.0, 13, QUIET, "start", "Spectrum: 128 mel bands, and the level");
        let width = columns.mel.len();
        if width == 0 {
            return Ok(());
        }
        let mut pixels = Vec::with_capacity(width * N_MEL * 3);
        for band in (0..N_MEL).rev() {
            pixels.extend(columns.mel.iter().flat_map(|column| heat(column[band])));
        }
        // The last column may reach beyond the end.
        let seconds = width as f64 * f64::from(columns.mel_hops) * HOP_S;
        let full = (RIGHT - LEFT) * seconds / self.duration_s;
        let png = encode(width as u32, N_MEL as u32, &pixels)?;
        self.image([LEFT, top, full.min(RIGHT - LEFT), height], &png);
        let mut points = format!("{LEFT:.1},{:.1} ", top + height + 34.0);
        for (column, &[level]) in columns.level.iter().enumerate() {
            let x = LEFT + full * (column as f64 + 0.5) / width as f64;
            let _ =
                write!(points, "{:.1},{:.1} ", x.min(RIGHT), top + height + 34.0 - 30.0 * f64::from(level));
        }
        let _ = write!(points, "{RIGHT:.1},{:.1}", top + height + 34.0);
        self.add(&format!(r##"<polygon points="{points}" fill="#3d4659"/>"##));
        Ok(())
    }

    fn path(&mut self, moments: &[Moment], top: f64) -> Result<(), png::EncodingError> {
        let left = LEFT - 24.0;
        self.text(
            left,
            top - 8.0,
            13,
            QUIET,
            "start",
            "Path of c on the Mandelbrot set, from blue to orange",
        );
        let (width, height) = (f64::from(MAP.0), f64::from(MAP.1));
        let png = encode(MAP.0, MAP.1, &map(MAP.0, MAP.1))?;
        self.image([left, top, width, height], &png);
        let [[re_from, re_to], [im_from, im_to]] = VIEW;
        let place = |c: [f64; 2]| {
            let x = left + width * ((c[0] - re_from) / (re_to - re_from)).clamp(0.0, 1.0);
            (x, top + height * ((im_to - c[1]) / (im_to - im_from)).clamp(0.0, 1.0))
        };
        let length = moments.len().div_ceil(PIECES).max(1);
        for (piece, start) in (0..moments.len()).step_by(length).enumerate() {
            // One further, so that pieces join.
            let end = (start + length + 1).min(moments.len());
            let mut points = String::new();
            for moment in &moments[start..end] {
                let (x, y) = place(moment.c);
                let _ = write!(points, "{x:.1},{y:.1} ");
            }
            let colour = blend(piece as f32 / (PIECES - 1) as f32);
            self.add(&format!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.2" stroke-opacity="0.8" stroke-linejoin="round"/>"#,
                points.trim_end()
            ));
        }
        Ok(())
    }

    fn thumbnails(&mut self, moments: &[Moment], top: f64) -> Result<(), png::EncodingError> {
        let left = LEFT - 24.0 + f64::from(MAP.0) + 28.0;
        self.text(left, top - 8.0, 13, QUIET, "start", "Pictures");
        let count = (ACROSS * DOWN) as usize;
        let (width, height) = THUMBNAIL;
        // Drawn at twice the size, for sharp screens.
        let (drawn_width, drawn_height) = (width * 2, height * 2);
        let mut renderer = Renderer::new();
        let mut rgba = vec![0; (drawn_width * drawn_height * 4) as usize];
        for place in 0..count.min(moments.len()) {
            let moment = &moments[(2 * place + 1) * moments.len() / (2 * count)];
            let scene = scene(moment.c, &Look::default(), &moment.reaction);
            if renderer.render(&scene, drawn_width, drawn_height, Antialias::TwoByTwo, &mut rgba).is_err() {
                continue;
            }
            let rgb: Vec<u8> =
                rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            let png = encode(drawn_width, drawn_height, &rgb)?;
            let x = left + (place as u32 % ACROSS) as f64 * f64::from(width + 14);
            let y = top + (place as u32 / ACROSS) as f64 * f64::from(height + 38);
            self.image([x, y, f64::from(width), f64::from(height)], &png);
            self.text(x, y + f64::from(height) + 16.0, 12, QUIET, "start", &clock(moment.time_s));
        }
        Ok(())
    }
}

/// Minutes and seconds, with hours where there are some.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// At most so many characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['\u{2026}']).collect()
}

fn escaped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// Roots around the circle of fifths have neighbouring hues; chords with a minor third are darker.
fn chord_colour(name: &str) -> String {
    const ROOTS: [&str; 12] = ["C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "F"];
    let root: String =
        name.chars().enumerate().take_while(|&(i, c)| i == 0 || c == '#').map(|(_, c)| c).collect();
    let hue = ROOTS.iter().position(|&name| name == root).unwrap_or(0) * 30;
    let rest = &name[root.len()..];
    let minor = rest.starts_with('m') || rest.starts_with("dim");
    rgb_of(f64::from(hue as u32), 0.45, if minor { 0.52 } else { 0.7 })
}

/// Hue in degrees, saturation and lightness as a hexadecimal colour: older viewers of SVG know no other.
fn rgb_of(hue: f64, saturation: f64, lightness: f64) -> String {
    let reach = saturation * lightness.min(1.0 - lightness);
    let [r, g, b] = [0.0, 8.0, 4.0].map(|offset: f64| {
        let k = (offset + hue / 30.0) % 12.0;
        ((lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)) * 255.0).round() as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Black over violet and orange to pale yellow.
fn heat(value: f32) -> [u8; 3] {
    const STOPS: [[f32; 3]; 5] = [
        [16.0, 18.0, 23.0],
        [62.0, 36.0, 104.0],
        [172.0, 58.0, 98.0],
        [247.0, 150.0, 66.0],
        [252.0, 240.0, 190.0],
    ];
    let place = value.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let first = (place as usize).min(STOPS.len() - 2);
    let share = place - first as f32;
    std::array::from_fn(|k| (STOPS[first][k] + (STOPS[first + 1][k] - STOPS[first][k]) * share).round() as u8)
}

/// From blue to orange.
fn blend(share: f32) -> String {
    let (from, to) = ([110.0, 180.0, 255.0], [255.0, 160.0, 80.0]);
    let [r, g, b]: [f32; 3] = std::array::from_fn(|k| from[k] + (to[k] - from[k]) * share.clamp(0.0, 1.0));
    format!("#{:02x}{:02x}{:02x}", r as u8, g as u8, b as u8)
}

fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_clocks() {
        assert_eq!(clock(59.6), "1:00");
        assert_eq!(clock(3_725.0), "1:02:05");
    }

    #[test]
    fn titles_cannot_break_the_page() {
        assert_eq!(escaped("a<b>&\"\u{7}"), "a&lt;b&gt;&amp;&quot;");
        assert_eq!(shortened("abcdef", 4), "abc\u{2026}");
    }

    #[test]
    fn each_root_has_its_hue() {
        // CSS: hsl(0, 45%, 70%) and hsl(180, 45%, 52%).
        assert_eq!(chord_colour("C"), "#d59090");
        assert_eq!(chord_colour("F#m7"), "#4ebcbc");
    }
}
