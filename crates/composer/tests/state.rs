//! Nothing allocates while it plays, a copy plays on as the original does, and how samples are cut into spans does not matter.

use dendrite_composer::{
    Composer, Event, Grid, Heard, InputNote, Key, PlayMode, Scale, Settings, Signals, Span,
};
use dendrite_pipeline::{CHORDS, Dynamics, Groove, Harmony, Melody, Mood};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE: u32 = 48_000;
/// Samples of a hop.
const HOP: u64 = 1024;

fn grid() -> Grid {
    Grid {
        sample: 0,
        beats: 0.0,
        bpm: 123.0,
        rate: RATE,
        beats_per_bar: 4.0,
        bar_start: None,
        compound: false,
    }
}

/// Music that changes its chord every second and its density slowly.
fn hear(composer: &mut Composer, hop: u64) {
    let mut probabilities = [0.1 / (CHORDS - 1) as f32; CHORDS];
    probabilities[[0, 5, 19, 7][(hop / 47 % 4) as usize]] = 0.9;
    let dynamics =
        Dynamics(std::array::from_fn(|i| 0.3 + 0.4 * ((hop as f32 / 200.0 + i as f32).sin() + 1.0) / 2.0));
    let groove = Groove {
        offsets: std::array::from_fn(|i| 0.1 * (i as f32).sin()),
        accents: std::array::from_fn(|i| if i % 4 == 0 { 0.8 } else { 0.4 }),
    };
    composer.hear(&Heard {
        hop_s: HOP as f32 / RATE as f32,
        mood: &Mood::default(),
        harmony: &Harmony::of(probabilities, 0.6),
        melody: &Melody::default(),
        dynamics: &dynamics,
        groove: &groove,
        key: Some(Key { tonic: 0, minor: false }),
        scale: Scale::Major,
        signals: Signals { loudness: 0.6, alpha: (hop % 100) as f64 / 100.0, ..Signals::default() },
    });
}

fn span(start: u64, end: u64) -> Span {
    Span { start, end, grid: Some(grid()), transport: true, jumped: start == 0, loop_beats: None }
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.modulation.on = true;
    settings.voices.iter_mut().for_each(|voice| voice.density = 0.8);
    settings
}

/// Plays hops `from..to`, each in spans of `size` samples.
fn play(composer: &mut Composer, from: u64, to: u64, size: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for hop in from..to {
        hear(composer, hop);
        let (mut start, end) = (hop * HOP, (hop + 1) * HOP);
        while start < end {
            let next = (start + size).min(end);
            composer.play(&span(start, next), &settings(), |event| events.push(event));
            start = next;
        }
    }
    events
}

#[test]
fn a_copy_at_bar_seventeen_plays_the_same_notes() {
    let mut composer = Composer::new();
    // Sixteen bars of four beats at 123 bpm.
    let hop = (16.0 * 4.0 * 60.0 / 123.0 * f64::from(RATE) / HOP as f64) as u64;
    assert!(!play(&mut composer, 0, hop, HOP).is_empty());
    let mut copy = composer.clone();
    let (original, copied) = (play(&mut composer, hop, hop + 700, HOP), play(&mut copy, hop, hop + 700, HOP));
    assert!(original.len() > 300, "{} events", original.len());
    assert!(original == copied);
}

#[test]
fn spans_do_not_matter() {
    let reference = play(&mut Composer::new(), 0, 800, HOP);
    assert!(reference.len() > 300);
    for size in [1, 7, 64, 500] {
        assert!(play(&mut Composer::new(), 0, 800, size) == reference, "spans of {size}");
    }
}

#[test]
fn nothing_allocates_after_it_was_made() {
    let mut composer = Composer::new();
    let mut settings = settings();
    let mut events = 0_u32;
    assert_no_alloc(|| {
        for hop in 0..3_000_u64 {
            hear(&mut composer, hop);
            match hop % 97 {
                0 => composer.reset(),
                13 => settings.seed = hop as u32,
                29 => settings.bypassed = !settings.bypassed,
                41 => settings.voices[hop as usize % 4].channel = (hop % 16) as u8,
                53 => settings.mode = [PlayMode::WhileHeld, PlayMode::WithTransport][hop as usize % 2],
                _ => {}
            }
            for n in 0..40 {
                let key = Some((hop + n) as u8 % 128);
                composer.input(InputNote { sample: hop * HOP + n, channel: Some(1), key, on: n % 3 == 0 });
            }
            let span = Span { jumped: hop % 61 == 0, ..span(hop * HOP, (hop + 1) * HOP) };
            composer.play(&span, &settings, |_| events += 1);
        }
    });
    assert!(events > 1_000, "{events}");
}
