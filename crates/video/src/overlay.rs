//! What may stand on the picture: the title, the chord, the mood.

use crate::Error;
use crate::plan::Plan;
use crate::text::{Face, Mask, mix};

/// Height of the title, of the chord and of the mood's circle, and the distance from the edges, as shares of the shorter side.
const TITLE: f32 = 0.046;
const CHORD: f32 = 0.085;
const CIRCLE: f32 = 0.12;
const EDGE: f32 = 0.055;

/// The title is there for so long and then fades within [`TITLE_FADE_S`].
const TITLE_S: f64 = 6.0;
const TITLE_FADE_S: f64 = 1.5;

const WHITE: [f32; 3] = [248.0, 249.0, 252.0];
const BLACK: [f32; 3] = [0.0, 0.0, 0.0];
/// How dark the shadow is that keeps light letters readable on light pictures.
const SHADOW: f32 = 0.75;

/// What is drawn over the picture.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Shown for the first seconds.
    pub title: Option<String>,
    /// Whether the chord's name is shown.
    pub chord: bool,
    /// Whether valence and arousal are shown as a point in a circle.
    pub mood: bool,
    drawn: Option<Drawn>,
}

/// What does not change from frame to frame.
#[derive(Clone, Debug)]
struct Drawn {
    face: Face,
    title: Option<(Mask, Mask)>,
    unit: f32,
    /// When the video begins in the song, in seconds.
    start_s: f64,
}

impl Overlay {
    /// An overlay; without anything in it nothing is drawn.
    pub fn new(title: Option<String>, chord: bool, mood: bool) -> Self {
        Self { title, chord, mood, drawn: None }
    }

    /// Prepares for a size in pixels and for where the video begins in the song.
    pub(crate) fn prepare(&mut self, [width, height]: [u32; 2], start_s: f64) -> Result<(), Error> {
        if self.title.is_none() && !self.chord && !self.mood {
            return Ok(());
        }
        let unit = width.min(height) as f32;
        let face = Face::new()
            .map_err(|problem| Error::Encoder { encoder: "overlay", reason: problem.to_string() })?;
        // A long title is made as small as it needs to be for one line.
        let circle = if self.mood { CIRCLE + EDGE } else { 0.0 };
        let room = width as f32 - (2.0 * EDGE + circle) * unit;
        let title = self.title.as_deref().map(|title| {
            let full = face.line(title, TITLE * unit, 0).width as f32;
            shadowed(&face, title, TITLE * unit * (room / full).min(1.0))
        });
        self.drawn = Some(Drawn { face, title, unit, start_s });
        Ok(())
    }

    /// Draws over RGBA8 pixels.
    pub(crate) fn draw(&self, rgba: &mut [u8], size: [u32; 2], plan: &Plan) {
        let Some(drawn) = &self.drawn else { return };
        let edge = (EDGE * drawn.unit) as i64;
        let mut base = i64::from(size[1]) - edge;
        if let Some(title) = &drawn.title {
            let shown_s = plan.time_s - drawn.start_s;
            let left_s = TITLE_S + TITLE_FADE_S - shown_s;
            let opacity = (left_s / TITLE_FADE_S).min(shown_s / 0.5 + 0.02).clamp(0.0, 1.0) as f32;
            put(title, rgba, size, [edge, base], opacity);
            base -= (TITLE * drawn.unit * 1.5) as i64;
        }
        if let Some(chord) = plan.moment.hop.chord.filter(|_| self.chord) {
            let line = shadowed(&drawn.face, &chord.to_string(), CHORD * drawn.unit);
            put(&line, rgba, size, [edge, base], 1.0);
        }
        if self.mood {
            let radius = CIRCLE * drawn.unit / 2.0;
            let centre = [size[0] as f32 - edge as f32 - radius, size[1] as f32 - edge as f32 - radius];
            let mood = [plan.moment.reaction.valence, plan.moment.reaction.arousal];
            circle(rgba, size, centre, radius, mood);
        }
    }
}

/// A line and its shadow.
fn shadowed(face: &Face, text: &str, size: f32) -> (Mask, Mask) {
    let radius = (size * 0.05).ceil().max(1.0) as usize;
    let line = face.line(text, size, 4 * radius);
    let shadow = line.blurred(radius);
    (line, shadow)
}

/// Puts a line with its left end and its baseline at a place.
fn put((line, shadow): &(Mask, Mask), rgba: &mut [u8], size: [u32; 2], [x, y]: [i64; 2], opacity: f32) {
    let (left, top) = (x - line.margin as i64, y - line.baseline as i64);
    shadow.blend(rgba, size, left, top, BLACK, SHADOW * 1.6 * opacity);
    line.blend(rgba, size, left, top, WHITE, opacity);
}

/// The plane of valence (to the right) and arousal (up), and where the music is on it.
fn circle(
    rgba: &mut [u8],
    [width, height]: [u32; 2],
    centre: [f32; 2],
    radius: f32,
    [valence, arousal]: [f32; 2],
) {
    let line = (radius * 0.035).max(0.75);
    let dot = radius * 0.14;
    let length = valence.hypot(arousal).max(1.0);
    let at = [centre[0] + valence / length * radius * 0.86, centre[1] - arousal / length * radius * 0.86];
    // Coverage of a pixel by a shape whose edge is this far outside of its middle.
    let inside = |distance: f32| (0.5 - distance).clamp(0.0, 1.0);
    let reach = radius + 2.0;
    let rows = (centre[1] - reach).max(0.0) as u32..((centre[1] + reach) as u32).min(height);
    for y in rows {
        let columns = (centre[0] - reach).max(0.0) as u32..((centre[0] + reach) as u32).min(width);
        for x in columns {
            let (dx, dy) = (x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]);
            let from_centre = dx.hypot(dy);
            let from_dot = (x as f32 + 0.5 - at[0]).hypot(y as f32 + 0.5 - at[1]);
            let pixel = (y as usize * width as usize + x as usize) * 4;
            let pixel = &mut rgba[pixel..pixel + 3];
            mix(pixel, BLACK, 0.35 * inside(from_centre - radius));
            let ring = inside((from_centre - radius + line / 2.0).abs() - line / 2.0);
            let cross = inside(dx.abs().min(dy.abs()) - line / 2.0) * inside(from_centre - radius + line);
            mix(pixel, WHITE, (0.7 * ring).max(0.25 * cross));
            mix(pixel, WHITE, inside(from_dot - dot));
        }
    }
}
