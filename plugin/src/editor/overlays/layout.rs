//! Where overlays are: one column at the right, as far as the window has room.
//!
//! The rule, from the window's size and what is wanted alone:
//! 1. No column where less than [`LEAST_PICTURE`] of the picture would stay free beside panel and column.
//! 2. Every overlay has its title in the column, in a fixed order; titles for which there is no height go, from the last on.
//! 3. Bodies get the height that is left: that of the overlay which was unfolded last first, then in order. A wanted one that
//!    does not fit is folded, and unfolds by itself when the window grows.

use egui::{Context, Id, Rect, pos2, vec2};

use super::engine;
use crate::editor::theme;
use crate::state::OverlayMemory;

/// Width of the column in logical pixels.
pub const WIDTH: f32 = 244.0;
/// Height of a title.
pub const TITLE: f32 = 25.0;
/// Space around a body, at the sides and below.
pub const MARGIN: f32 = 12.0;
/// Space between two overlays.
const BETWEEN: f32 = 6.0;
/// Width of the picture that stays free at least.
pub const LEAST_PICTURE: f32 = 200.0;
/// Height below the column, with the corner that resizes the window.
const BELOW: f32 = 20.0;

/// One of the overlays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Valence and arousal.
    Mood,
    /// Chord and key.
    Harmony,
    /// c on the Mandelbrot set.
    Orbit,
    /// Spectrum, bands and tempo.
    Hearing,
    /// Load and models.
    Engine,
}

impl Kind {
    /// All, from the top.
    pub const ALL: [Kind; 5] = [Kind::Mood, Kind::Harmony, Kind::Orbit, Kind::Hearing, Kind::Engine];

    /// As its title says it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Mood => "Mood",
            Kind::Harmony => "Harmony",
            Kind::Orbit => "Orbit",
            Kind::Hearing => "Hearing",
            Kind::Engine => "Engine",
        }
    }

    /// What it shows, for the tooltip of its title.
    pub fn hint(self) -> &'static str {
        match self {
            Kind::Mood => "What the music feels like: sad to glad across, calm to excited upwards",
            Kind::Harmony => "The chord that is heard, what else it might be, and the key",
            Kind::Orbit => "Where the parameter c of the picture is on the Mandelbrot set",
            Kind::Hearing => "The spectrum of the last seconds with onsets, six bands, and the tempo",
            Kind::Engine => "What it costs, and which of the six networks are at work",
        }
    }

    /// Height of what is below the title, without its margin.
    pub fn body(self) -> f32 {
        match self {
            Kind::Mood => 126.0,
            Kind::Harmony => 94.0,
            Kind::Orbit => 118.0,
            Kind::Hearing => 112.0,
            Kind::Engine => engine::HEIGHT,
        }
    }

    /// Whether it is wanted unfolded.
    pub fn wanted(self, memory: &OverlayMemory) -> bool {
        match self {
            Kind::Mood => memory.mood,
            Kind::Harmony => memory.harmony,
            Kind::Orbit => memory.orbit,
            Kind::Hearing => memory.hearing,
            Kind::Engine => memory.engine,
        }
    }

    /// What a click on its title makes of the memory: one that is open is folded, any other unfolded, even if that folds others.
    pub fn clicked(self, open: bool, memory: &mut OverlayMemory) {
        let wanted = match self {
            Kind::Mood => &mut memory.mood,
            Kind::Harmony => &mut memory.harmony,
            Kind::Orbit => &mut memory.orbit,
            Kind::Hearing => &mut memory.hearing,
            Kind::Engine => &mut memory.engine,
        };
        *wanted = !open;
        if !open {
            memory.latest = self as u8;
        }
    }
}

/// An overlay that is to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Which one.
    pub kind: Kind,
    /// Its glass.
    pub rect: Rect,
    /// Whether its body is shown.
    pub open: bool,
}

/// The column in a window; `None` where it does not fit.
pub fn column(window: Rect, panel_open: bool) -> Option<Rect> {
    let panel = if panel_open { theme::PANEL_WIDTH + 2.0 * theme::GAP } else { 0.0 };
    if window.width() - panel - WIDTH - 2.0 * theme::GAP < LEAST_PICTURE {
        return None;
    }
    let right = window.right() - theme::GAP;
    let column = Rect::from_min_max(
        pos2(right - WIDTH, window.top() + theme::GAP),
        pos2(right, window.bottom() - BELOW),
    );
    (column.height() >= TITLE).then_some(column)
}

/// Time in which the picture makes room for the column.
const ROOM_TIME_S: f32 = 0.4;

/// Width in logical pixels that the column takes from the picture now; it changes softly.
pub fn covered_width(context: &Context, shown: bool) -> f32 {
    let easing = egui::emath::easing::cubic_in_out;
    let how =
        context.animate_bool_with_time_and_easing(Id::unique("column's room"), shown, ROOM_TIME_S, easing);
    how * (WIDTH + theme::GAP)
}

/// Places the overlays in a column.
pub fn arrange(column: Rect, memory: &OverlayMemory) -> [Option<Placed>; Kind::ALL.len()] {
    let titles =
        (((column.height() + BETWEEN) / (TITLE + BETWEEN)).floor().max(0.0) as usize).min(Kind::ALL.len());
    let used = titles as f32 * (TITLE + BETWEEN) - BETWEEN;
    let mut left = column.height() - used;
    let shown = &Kind::ALL[..titles];
    let mut open = [false; Kind::ALL.len()];
    let latest = shown.iter().copied().filter(|kind| *kind as u8 == memory.latest);
    for kind in latest.chain(shown.iter().copied()) {
        let takes = kind.body() + MARGIN;
        if kind.wanted(memory) && !open[kind as usize] && takes <= left {
            open[kind as usize] = true;
            left -= takes;
        }
    }
    let mut top = column.top();
    Kind::ALL.map(|kind| {
        let open = open[kind as usize];
        let height = if open { TITLE + kind.body() + MARGIN } else { TITLE };
        let rect = Rect::from_min_size(pos2(column.left(), top), vec2(column.width(), height));
        top += height + BETWEEN;
        shown.contains(&kind).then_some(Placed { kind, rect, open })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes that the editor is looked at in, the smallest and a large one.
    const SIZES: [[f32; 2]; 8] = [
        [560.0, 420.0],
        [900.0, 600.0],
        [960.0, 600.0],
        [1100.0, 700.0],
        [1280.0, 800.0],
        [1600.0, 1000.0],
        [7680.0, 4320.0],
        [560.0, 4320.0],
    ];

    fn window([width, height]: [f32; 2]) -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height))
    }

    /// Every combination of what is wanted, and of what was unfolded last.
    fn memories() -> impl Iterator<Item = OverlayMemory> {
        (0..32u8).flat_map(|bits| {
            (0..6).map(move |latest| OverlayMemory {
                mood: bits & 1 != 0,
                harmony: bits & 2 != 0,
                orbit: bits & 4 != 0,
                hearing: bits & 8 != 0,
                engine: bits & 16 != 0,
                latest,
            })
        })
    }

    #[test]
    fn overlays_lie_in_the_window_beside_the_panel_and_beside_one_another() {
        for size in SIZES {
            for panel_open in [false, true] {
                let window = window(size);
                let Some(column) = column(window, panel_open) else { continue };
                let panel = theme::GAP + theme::PANEL_WIDTH;
                assert!(!panel_open || column.left() - panel >= LEAST_PICTURE, "{size:?}");
                for memory in memories() {
                    let placed: Vec<Placed> = arrange(column, &memory).into_iter().flatten().collect();
                    assert_eq!(placed.len(), Kind::ALL.len(), "all titles are there at {size:?}");
                    for (n, one) in placed.iter().enumerate() {
                        assert!(column.expand(0.01).contains_rect(one.rect), "{size:?} {one:?}");
                        assert!(!one.open || one.kind.wanted(&memory));
                        for other in &placed[n + 1..] {
                            assert!(!one.rect.expand(1.0).intersects(other.rect), "{one:?} {other:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_click_on_a_title_always_shows_something() {
        for size in SIZES {
            let Some(column) = column(window(size), false) else { continue };
            for mut memory in memories() {
                for kind in Kind::ALL {
                    let is_open = |memory: &OverlayMemory| {
                        arrange(column, memory)[kind as usize].is_some_and(|placed| placed.open)
                    };
                    let before = is_open(&memory);
                    kind.clicked(before, &mut memory);
                    assert_eq!(is_open(&memory), !before, "{kind:?} at {size:?} with {memory:?}");
                }
            }
        }
    }

    #[test]
    fn small_windows_keep_their_picture_and_large_ones_show_all() {
        assert_eq!(column(window([560.0, 420.0]), true), None);
        assert!(column(window([900.0, 600.0]), true).is_some());
        let all = column(window([1600.0, 1000.0]), true).expect("it is wide enough");
        assert!(arrange(all, &OverlayMemory::default()).iter().flatten().all(|placed| placed.open));
    }

    #[test]
    fn what_does_not_fit_unfolds_when_the_window_grows() {
        let memory = OverlayMemory::default();
        let mut open = 0;
        for height in (420..1000).step_by(20) {
            let column = column(window([1200.0, height as f32]), true).expect("it is wide enough");
            let now = arrange(column, &memory).iter().flatten().filter(|placed| placed.open).count();
            assert!(now + 1 >= open, "{height}: {now} after {open}");
            open = now;
        }
        assert_eq!(open, Kind::ALL.len());
    }
}
