//! Keeps pictures from flashing more than three times in any second (WCAG 2.2, success criterion 2.3.1).
//!
//! ```text
//! candidate Scene ── preview 32 x 18, CPU ── per cell: luminance, saturated red ── transitions ──┐
//!       └──── within the budget: shown ──────────────────────────────────────────────────────────┤
//!             beyond it: as much of the way from the shown scene to the candidate as stays within ┘
//! ```
//!
//! WCAG: a general flash is a pair of opposing changes of relative luminance by 10 % of the maximum or more, the darker
//! side below 0.8; a red flash a pair of opposing changes involving a saturated red (R/(R+G+B) >= 0.8 in linear light,
//! change of (R-G-B)·320 above 20). It counts where a quarter of the field flashes at once. The limiter's own
//! thresholds are a little stricter, since it looks at a coarse preview.
//!
//! Shader, CPU renderer and web page are served alike: the limiter chooses the scene before anyone draws it.

use crate::{
    PaletteBlend, Scene,
    cpu::{Antialias, Renderer},
    metrics,
};

/// Size of the preview.
const GRID: (u32, u32) = (32, 18);
const CELLS: usize = (GRID.0 * GRID.1) as usize;

/// Change of relative luminance that makes a transition; WCAG says 0.10.
const LUMINANCE_STEP: f32 = 0.085;
/// The darker side of a general flash is below this.
const DARKER_BELOW: f32 = 0.8;
/// Change of R-G-B that makes a red transition; WCAG says 20/320.
const RED_STEP: f32 = 0.055;
/// Share of R in R+G+B from which a red is saturated; WCAG says 0.8.
const RED_SHARE: f32 = 0.76;
/// Share of the cells that must change together; WCAG says 0.25.
const AREA: usize = CELLS / 5;

/// Cells that change within this time change together.
const TOGETHER_S: f64 = 0.1;
/// The window of the rule, and a little more, for frame times jitter.
const WINDOW_S: f64 = 1.05;
/// Transitions allowed in the window: three pairs.
const BUDGET: usize = 6;

/// Which way a value last moved far enough.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Up,
    Down,
}

/// Follows one value of one cell from extreme to extreme.
#[derive(Clone, Copy, Debug)]
struct Cell {
    low: f32,
    high: f32,
    last: Option<(Direction, f64)>,
}

impl Cell {
    const NEW: Self = Self { low: f32::INFINITY, high: f32::NEG_INFINITY, last: None };

    fn follow(&mut self, value: f32, step: f32, counts: impl Fn(f32, f32) -> bool, time_s: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        let going = self.last.map(|(direction, _)| direction);
        let rose = value - self.low >= step && counts(self.low, value);
        let fell = self.high - value >= step && counts(value, self.high);
        if going != Some(Direction::Up) && rose {
            *self = Self { low: value, high: value, last: Some((Direction::Up, time_s)) };
        } else if going != Some(Direction::Down) && fell {
            *self = Self { low: value, high: value, last: Some((Direction::Down, time_s)) };
        } else if going == Some(Direction::Up) && value >= self.high {
            // The run goes on: what counts next is the way down from its end.
            self.low = value;
        } else if going == Some(Direction::Down) && value <= self.low {
            self.high = value;
        }
    }
}

/// Follows one kind of flash over the whole preview.
#[derive(Clone, Debug)]
struct Tracker {
    cells: Vec<Cell>,
    /// Times of the last transitions of the picture, newest last.
    times: [f64; BUDGET + 2],
    last: Option<(Direction, f64)>,
}

impl Tracker {
    fn new() -> Self {
        Self { cells: vec![Cell::NEW; CELLS], times: [f64::NEG_INFINITY; BUDGET + 2], last: None }
    }

    /// After the cells followed the frame at `time_s`: has the picture as a whole changed?
    fn settle(&mut self, time_s: f64) {
        for direction in [Direction::Up, Direction::Down] {
            if self.last.is_some_and(|(last, _)| last == direction) {
                continue;
            }
            let since = self.last.map_or(f64::NEG_INFINITY, |(_, at)| at).max(time_s - TOGETHER_S);
            let together = |cell: &&Cell| cell.last.is_some_and(|(d, at)| d == direction && at >= since);
            if self.cells.iter().filter(together).count() >= AREA {
                self.last = Some((direction, time_s));
                self.times.rotate_left(1);
                self.times[BUDGET + 1] = time_s;
                return;
            }
        }
    }

    fn exceeded(&self, time_s: f64) -> bool {
        self.times.iter().filter(|&&at| at > time_s - WINDOW_S).count() > BUDGET
    }

    fn copy_from(&mut self, other: &Self) {
        self.cells.copy_from_slice(&other.cells);
        self.times = other.times;
        self.last = other.last;
    }
}

/// General and red flashes together.
#[derive(Clone, Debug)]
struct History {
    general: Tracker,
    red: Tracker,
}

impl History {
    fn new() -> Self {
        Self { general: Tracker::new(), red: Tracker::new() }
    }

    fn follow(&mut self, preview: &[u8], time_s: f64) {
        for ((pixel, general), red) in
            preview.chunks_exact(4).zip(&mut self.general.cells).zip(&mut self.red.cells)
        {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(metrics::linear);
            let luminance = metrics::luminance([pixel[0], pixel[1], pixel[2], 255]);
            general.follow(luminance, LUMINANCE_STEP, |darker, _| darker < DARKER_BELOW, time_s);
            // Colours that are not saturated count as no red at all: a transition then involves one that is.
            let saturated = r >= RED_SHARE * (r + g + b) && r > 0.0;
            let redness = if saturated { (r - g - b).max(0.0) } else { 0.0 };
            red.follow(redness, RED_STEP, |_, _| true, time_s);
        }
        self.general.settle(time_s);
        self.red.settle(time_s);
    }

    fn exceeded(&self, time_s: f64) -> bool {
        self.general.exceeded(time_s) || self.red.exceeded(time_s)
    }

    fn copy_from(&mut self, other: &Self) {
        self.general.copy_from(&other.general);
        self.red.copy_from(&other.red);
    }
}

/// Chooses what may be shown. One per sequence of pictures, asked once for each frame in order.
#[derive(Debug)]
pub struct FlashLimiter {
    renderer: Renderer,
    preview: Vec<u8>,
    history: History,
    trial: History,
    shown: Option<(Scene, f64)>,
}

impl Default for FlashLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl FlashLimiter {
    /// A limiter that has seen nothing. Allocates; later calls do not.
    pub fn new() -> Self {
        Self {
            renderer: Renderer::new(),
            preview: vec![0; CELLS * 4],
            history: History::new(),
            trial: History::new(),
            shown: None,
        }
    }

    /// Forgets everything, for a cut to another sequence after at least a second of rest.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The scene to show at `time_s` instead of `candidate`: the candidate itself as long as the sequence stays within
    /// three flashes per second, otherwise a scene between the one shown last and the candidate.
    ///
    /// Times are seconds on any clock. One that is not finite or goes back (a seek) starts a new clock; the budget
    /// spent so far then still counts. Takes about 0.1 ms, up to 1 ms while it holds back. Not for the audio thread.
    pub fn limit(&mut self, candidate: &Scene, time_s: f64) -> Scene {
        let candidate = candidate.sanitized();
        let Some((shown, last_s)) = self.shown else {
            let time_s = if time_s.is_finite() { time_s } else { 0.0 };
            self.accept(candidate, 1.0, candidate, time_s);
            return candidate;
        };
        let time_s = if time_s.is_finite() { time_s } else { last_s };
        if time_s < last_s {
            self.shift(time_s - last_s);
        }
        if self.try_at(&shown, &candidate, 1.0, time_s) {
            return self.accept(shown, 1.0, candidate, time_s);
        }
        // Showing the same picture again never completes a transition, so 0 is always within the budget.
        let (mut low, mut high) = (0.0_f32, 1.0_f32);
        for _ in 0..5 {
            let middle = 0.5 * (low + high);
            if self.try_at(&shown, &candidate, middle, time_s) { low = middle } else { high = middle }
        }
        self.accept(shown, low, candidate, time_s)
    }

    /// Whether the scene `amount` of the way keeps the budget; leaves the resulting history in `trial`.
    fn try_at(&mut self, shown: &Scene, candidate: &Scene, amount: f32, time_s: f64) -> bool {
        let scene = between(shown, candidate, amount);
        self.renderer
            .render(&scene, GRID.0, GRID.1, Antialias::TwoByTwo, &mut self.preview)
            .expect("the preview was made for this size");
        self.trial.copy_from(&self.history);
        self.trial.follow(&self.preview, time_s);
        !self.trial.exceeded(time_s)
    }

    fn accept(&mut self, shown: Scene, amount: f32, candidate: Scene, time_s: f64) -> Scene {
        self.try_at(&shown, &candidate, amount, time_s);
        std::mem::swap(&mut self.history, &mut self.trial);
        let scene = between(&shown, &candidate, amount);
        self.shown = Some((scene, time_s));
        scene
    }

    /// Moves all remembered times by `by_s`.
    fn shift(&mut self, by_s: f64) {
        for tracker in [&mut self.history.general, &mut self.history.red] {
            tracker.times.iter_mut().for_each(|at| *at += by_s);
            if let Some((_, at)) = &mut tracker.last {
                *at += by_s;
            }
            for (_, at) in tracker.cells.iter_mut().filter_map(|cell| cell.last.as_mut()) {
                *at += by_s;
            }
        }
    }
}

/// The scene `amount` (0 ..= 1) of the way; exactly `from` at 0 and `to` at 1. What cannot be mixed stays `from`'s.
fn between(from: &Scene, to: &Scene, amount: f32) -> Scene {
    if amount >= 1.0 {
        return *to;
    }
    let wide = f64::from(amount);
    let mix = |a: f32, b: f32| a + (b - a) * amount;
    let mix_wide = |a: f64, b: f64| a + (b - a) * wide;
    let same_pair = (from.palette.from, from.palette.to) == (to.palette.from, to.palette.to);
    // Hues take the shorter way round.
    let hue = (to.hue_shift - from.hue_shift + 0.5).rem_euclid(1.0) - 0.5;
    Scene {
        c: [mix_wide(from.c[0], to.c[0]), mix_wide(from.c[1], to.c[1])],
        centre: [mix_wide(from.centre[0], to.centre[0]), mix_wide(from.centre[1], to.centre[1])],
        zoom: from.zoom * (to.zoom / from.zoom).powf(wide),
        rotation: mix_wide(from.rotation, to.rotation),
        iterations: from.iterations,
        palette: PaletteBlend {
            amount: if same_pair { mix(from.palette.amount, to.palette.amount) } else { from.palette.amount },
            ..from.palette
        },
        glow: mix(from.glow, to.glow),
        light: mix(from.light, to.light),
        hue_shift: (from.hue_shift + hue * amount).rem_euclid(1.0),
        saturation: mix(from.saturation, to.saturation),
    }
}
