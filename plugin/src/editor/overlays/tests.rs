//! What the overlays draw, as egui lays it out: no text is cut, lies over other text, or leaves its glass.

use dendrite_engine::{Engine, Output, Settings, Snapshot, Transport};
use dendrite_orbit::ComponentId;
use egui::{Context, RawInput, Rect, Shape, pos2, vec2};

use super::*;
use crate::components::COMPONENTS;
use crate::editor::clock::Clock;
use crate::exchange::{Published, Shared};

/// A snapshot as the engine makes it.
fn snapshot() -> Snapshot {
    struct Last(Option<Snapshot>);
    impl Output for Last {
        fn snapshot(&mut self, snapshot: &Snapshot) {
            self.0 = Some(*snapshot);
        }
    }
    let mut engine = Engine::new(48_000).expect("a rate that is heard");
    let mut last = Last(None);
    engine.process(&[&[0.1; 4096]], 4096, &Transport::default(), &Settings::default(), &mut last);
    last.0.expect("four hops have passed")
}

/// The rectangles of all texts that are drawn in a window of this size, with what clips them.
fn texts(size: [f32; 2], sight: &Sight, memory: &mut OverlayMemory) -> Vec<(Rect, Rect, String)> {
    let context = Context::default();
    theme::apply(&context);
    let mut overlays = Overlays::default();
    let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(size[0], size[1]));
    let column = layout::column(window, false).expect("there is room for the column");
    let mut found = Vec::new();
    // The first pass of an area is invisible.
    for _ in 0..2 {
        let input = RawInput { screen_rect: Some(window), ..RawInput::default() };
        let mut output = context.run_ui(input, |ui| overlays.show(ui, column, sight, memory));
        // There is no screen that would want them.
        output.textures_delta.clear();
        found = Vec::new();
        for clipped in output.shapes {
            collect(&clipped.shape, clipped.clip_rect, &mut found);
        }
    }
    found
}

fn collect(shape: &Shape, clip: Rect, found: &mut Vec<(Rect, Rect, String)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, found)),
        Shape::Text(text) => {
            let rect = Rect::from_min_size(text.pos, text.galley.size());
            found.push((rect, clip, text.galley.text().to_owned()));
            assert!(!text.galley.elided, "`{}` is cut", text.galley.text());
        }
        _ => {}
    }
}

fn check(size: [f32; 2], sight: &Sight, memory: &mut OverlayMemory) {
    let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(size[0], size[1]));
    let column = layout::column(window, false).expect("there is room for the column");
    let placed = layout::arrange(column, memory);
    let texts = texts(size, sight, memory);
    assert!(texts.len() >= Kind::ALL.len(), "every title is there");
    for (n, (rect, clip, text)) in texts.iter().enumerate() {
        assert!(clip.contains_rect(*rect), "`{text}` is clipped at {size:?}");
        let home = placed.iter().flatten().find(|placed| placed.rect.expand(0.5).contains_rect(*rect));
        assert!(home.is_some(), "`{text}` at {rect:?} leaves its glass at {size:?}");
        for (other, _, words) in &texts[n + 1..] {
            // Line boxes may touch by the leading of the font, letters then do not.
            let overlap = rect.intersect(*other);
            assert!(
                overlap.width() <= 0.0 || overlap.height() <= 2.5,
                "`{text}` and `{words}` overlap by {overlap:?}"
            );
        }
    }
}

#[test]
fn nothing_is_cut_or_lies_over_another() {
    let shared = Shared::default();
    shared.meter.block(480, 48_000.0, std::time::Duration::from_millis(123));
    let mut idle = Clock::default();
    let moment = idle.advance(0.01);
    let history = History::default();
    let sight = Sight { moment: &moment, history: &history, shared: &shared };
    check([560.0, 420.0], &sight, &mut OverlayMemory::default());
    check([1600.0, 1000.0], &sight, &mut OverlayMemory::default());

    // The longest of everything, with each component's name.
    let mut heard = snapshot();
    heard.playing = true;
    heard.play.playing = true;
    heard.tempo_bpm = 240.0;
    heard.mood.confidence = 1.0;
    heard.key = Some(dendrite_composer::Key { tonic: 6, minor: true });
    heard.key_confidence = 1.0;
    for (n, (period, index, _)) in COMPONENTS.into_iter().enumerate() {
        let mut history = History::default();
        heard.orbit.component = ComponentId { period, index };
        // Every chord in turn, and the mood around the plane.
        let mut chords = [0.0; 64];
        chords[(n * 7) % 64] = 0.9;
        heard.harmony = dendrite_pipeline::Harmony { probabilities: chords, ..heard.harmony };
        heard.play.chord = (n % 3 > 0).then(|| dendrite_pipeline::Chord::of_class((n * 7) % 64)).flatten();
        let mut clock = Clock::default();
        for hop in 0..200 {
            heard.sample = hop * 1024;
            clock.push(&Published { snapshot: heard, sample_rate: 192_000.0, epoch: 1 });
            heard.frame.base[dendrite_features::Base::Rms as usize] = 0.8;
            clock.advance(1024.0 / 192_000.0);
            clock.passed(|snapshot| history.hop(snapshot));
        }
        let (sin, cos) = (n as f32).sin_cos();
        let moment = Moment { mood: [cos, sin], idle: 0.0, ..clock.advance(0.01) };
        let sight = Sight { moment: &moment, history: &history, shared: &shared };
        check([1600.0, 1000.0], &sight, &mut OverlayMemory::default());
        check(
            [900.0, 600.0],
            &sight,
            &mut OverlayMemory { latest: (n % 5) as u8, ..OverlayMemory::default() },
        );
    }
}
