//! Tempo, beat and key against pieces of the generator whose truth is known, on instruments that nothing was fitted on.
//!
//! `cargo test -p dendrite-composer --release --test hearing -- --ignored --nocapture` measures 120 pieces and prints tables.
//!
//! What is counted: the tempo is right within 4 % of the true one, in beats (dotted quarters in 6/8); half, double and other simple
//! ratios are errors, listed by themselves. The true one is that of the bar that sounds, for sections have tempi of their own; for
//! the median of the second half it is the piece's main tempo. The last two bars of four pieces in ten slow down, faster than
//! anything that remembers seconds can know, so that the end is read where they begin. A beat is right within 70 ms (F-measure,
//! the first five seconds left out, as MIREX does). A key is right when tonic and mode (major or minor) are those of the section that sounds; it is
//! read at the end of the eighth bar and at the end of the piece.

use std::ops::Range;
use std::path::Path;

use dendrite_composer::{Key, KeyTracker, Scale};
use dendrite_features::{Base, FRAME_RATE, Frame, SAMPLE_RATE, analyze};
use dendrite_generator::{Labels, Mode, Options, Section, Split, compose, render};
use dendrite_pipeline::contexts::HarmonyContext;
use dendrite_pipeline::heuristics::chord_templates;
use dendrite_pipeline::{BeatTracker, Harmony, TempoTracker};
#[cfg(debug_assertions)]
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[cfg(debug_assertions)]
#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// In release builds, where the long measurements run, nobody counts allocations.
#[cfg(not(debug_assertions))]
fn assert_no_alloc<T>(run: impl FnOnce() -> T) -> T {
    run()
}

/// Beats at the beginning that do not count, in seconds.
const LEAD_S: f64 = 5.0;
/// Beats this near to each other match.
const TOLERANCE_S: f64 = 0.07;

/// What the trackers say of a frame.
#[derive(Clone, Copy)]
struct Hearing {
    bpm: f64,
    key: Option<Key>,
    scale: Scale,
}

/// What the trackers say of every frame, and the beats that they counted.
struct Heard {
    hearings: Vec<Hearing>,
    beats_s: Vec<f64>,
}

/// Listens to frames with nothing but what a frame holds: chords by templates.
fn listen(frames: &[Frame]) -> Heard {
    let mut heard =
        Heard { hearings: Vec::with_capacity(frames.len()), beats_s: Vec::with_capacity(4 * frames.len()) };
    let (mut tempo, mut beat, mut key) = (TempoTracker::new(), BeatTracker::new(), KeyTracker::new());
    let mut context = HarmonyContext::new();
    let mut harmony: Harmony;
    for (k, frame) in frames.iter().enumerate() {
        context.push(frame);
        harmony = chord_templates(&context, frame.get(Base::Rms));
        assert_no_alloc(|| {
            tempo.update(frame.get(Base::Onset));
            let in_force = tempo.search();
            let before = beat.beats();
            let after = beat.update(frame.get(Base::Onset), in_force);
            if after.floor() > before.floor() {
                let share = (after.floor() - before) / (after - before);
                heard.beats_s.push((k as f64 + share) / FRAME_RATE);
            }
            key.push(frame, &harmony);
            heard.hearings.push(Hearing { bpm: in_force.bpm, key: key.key(), scale: key.scale() });
        });
    }
    heard
}

impl Heard {
    fn at(&self, time_s: f64) -> Hearing {
        let frame = (time_s * FRAME_RATE) as usize;
        self.hearings[frame.clamp(1, self.hearings.len()) - 1]
    }

    /// The middle value of the tempi in force in the second half.
    fn median_bpm(&self) -> f64 {
        let mut tempi: Vec<f64> = self.second_half().iter().map(|hearing| hearing.bpm).collect();
        tempi.sort_by(f64::total_cmp);
        tempi[tempi.len() / 2]
    }

    fn second_half(&self) -> &[Hearing] {
        &self.hearings[self.hearings.len() / 2..]
    }
}

/// How a tempo stands to the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TempoVerdict {
    Right,
    Half,
    Double,
    /// 1/3, 2/3, 3/4, 4/3, 3/2 or 3 times.
    Ratio,
    Other,
}

impl TempoVerdict {
    fn of(bpm: f64, truth: f64) -> Self {
        let is = |ratio: f64| (bpm / (ratio * truth) - 1.0).abs() <= 0.04;
        match () {
            () if is(1.0) => Self::Right,
            () if is(0.5) => Self::Half,
            () if is(2.0) => Self::Double,
            () if [1.0 / 3.0, 2.0 / 3.0, 0.75, 4.0 / 3.0, 1.5, 3.0].into_iter().any(is) => Self::Ratio,
            () => Self::Other,
        }
    }
}

/// How a key stands to the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyVerdict {
    Exact,
    /// The other mode on the same tones.
    Relative,
    /// The same mode a fifth above or below.
    Fifth,
    /// The other mode on the same tonic.
    Parallel,
    Other,
}

impl KeyVerdict {
    fn of(key: Option<Key>, truth: Key) -> Self {
        let Some(key) = key else { return Self::Other };
        let above = (truth.tonic + 12 - key.tonic) % 12;
        match (key.minor == truth.minor, above) {
            (true, 0) => Self::Exact,
            (true, 5 | 7) => Self::Fifth,
            (false, 0) => Self::Parallel,
            (false, 3) if key.minor => Self::Relative,
            (false, 9) if truth.minor => Self::Relative,
            _ => Self::Other,
        }
    }
}

/// F-measure of beats, from [`LEAD_S`] on.
fn f_measure(found: &[f64], truth: &[f64]) -> f64 {
    let found = &found[found.partition_point(|&time| time < LEAD_S)..];
    let truth = &truth[truth.partition_point(|&time| time < LEAD_S)..];
    let mut free = vec![true; truth.len()];
    let hits = found
        .iter()
        .filter(|&&time| {
            let nearest = (0..truth.len())
                .filter(|&i| free[i] && (truth[i] - time).abs() <= TOLERANCE_S)
                .min_by(|&a, &b| (truth[a] - time).abs().total_cmp(&(truth[b] - time).abs()));
            nearest.map(|i| free[i] = false).is_some()
        })
        .count();
    2.0 * hits as f64 / (found.len() + truth.len()).max(1) as f64
}

fn section_at(labels: &Labels, time_s: f64) -> &Section {
    let after = labels.sections.partition_point(|section| section.start_s <= time_s);
    &labels.sections[after.max(1) - 1]
}

fn key_of(section: &Section) -> Key {
    Key { tonic: section.key.tonic, minor: section.key.mode.is_minor() }
}

/// Whether a scale is the one of the generator's mode; its minor has a raised seventh in dominants.
fn is_mode(scale: Scale, mode: Mode) -> bool {
    match mode {
        Mode::Major => scale == Scale::Major,
        Mode::Lydian => scale == Scale::Lydian,
        Mode::Mixolydian => scale == Scale::Mixolydian,
        Mode::Dorian => scale == Scale::Dorian,
        Mode::Minor => matches!(scale, Scale::Minor | Scale::HarmonicMinor),
        Mode::Phrygian => scale == Scale::Phrygian,
    }
}

/// The tempo of the bar that sounds.
fn tempo_at(labels: &Labels, time_s: f64) -> f64 {
    let sounding = labels.bars.iter().take_while(|bar| bar.start_s <= time_s).last();
    sounding.map_or(labels.tempo_bpm, |bar| bar.tempo_bpm)
}

/// What came out of a set of pieces; shares are of the pieces, unless it says otherwise.
#[derive(Default)]
struct Figures {
    pieces: usize,
    /// Median of the second half; in force at 12 s; in force when the last two bars begin.
    tempo_median: Vec<TempoVerdict>,
    tempo_early: Vec<TempoVerdict>,
    tempo_end: Vec<TempoVerdict>,
    /// Share of the second half of what comes before them with the right tempo.
    tempo_share: f64,
    /// F of the pieces whose median tempo is right, and of all.
    beat_right: Vec<f64>,
    beat_all: Vec<f64>,
    key_eight_bars: Vec<KeyVerdict>,
    key_end: Vec<KeyVerdict>,
    /// Of the pieces whose key is exact at the end, those with the right scale.
    scale_right: usize,
    key_changes: usize,
}

impl Figures {
    fn of(seeds: Range<u64>) -> Self {
        let mut figures = Figures::default();
        for seed in seeds {
            let options = Options { length_s: 30.0..=60.0, ..Options::default() }.with_split(Split::Test);
            let score = compose(seed, &options);
            let heard = listen(&analyze(&render(&score).samples));
            figures.add(&score.labels, &heard);
        }
        figures
    }

    fn add(&mut self, labels: &Labels, heard: &Heard) {
        self.pieces += 1;
        let end_s = labels.bars.last().map_or(0.0, |bar| bar.end_s);
        let median = TempoVerdict::of(heard.median_bpm(), labels.tempo_bpm);
        self.tempo_median.push(median);
        let verdict = |time_s: f64| TempoVerdict::of(heard.at(time_s).bpm, tempo_at(labels, time_s));
        self.tempo_early.push(verdict(12.0));
        let last_two_s = labels.bars[labels.bars.len().saturating_sub(2)].start_s;
        self.tempo_end.push(verdict(last_two_s - 1.0 / FRAME_RATE));
        let end = (last_two_s * FRAME_RATE) as usize;
        let right = (end / 2..end).filter(|k| verdict(*k as f64 / FRAME_RATE) == TempoVerdict::Right);
        self.tempo_share += right.count() as f64 / (end - end / 2) as f64;

        let f = f_measure(&heard.beats_s, &labels.beats_s);
        self.beat_all.push(f);
        if median == TempoVerdict::Right {
            self.beat_right.push(f);
        }

        let eight_s = labels.bars.get(7).map_or(end_s, |bar| bar.end_s);
        let verdict = |time_s: f64| {
            // A bar's end is the next one's beginning.
            KeyVerdict::of(heard.at(time_s).key, key_of(section_at(labels, time_s - 0.2)))
        };
        self.key_eight_bars.push(verdict(eight_s));
        self.key_end.push(verdict(end_s));
        if verdict(end_s) == KeyVerdict::Exact {
            let mode = section_at(labels, end_s - 0.2).key.mode;
            self.scale_right += usize::from(is_mode(heard.at(end_s).scale, mode));
        }
        self.key_changes += heard
            .hearings
            .windows(2)
            .filter(|pair| pair[0].key.is_some() && pair[0].key != pair[1].key)
            .count();
    }

    fn print(&self) {
        let count =
            |verdicts: &[TempoVerdict], which| verdicts.iter().filter(|&&verdict| verdict == which).count();
        println!("{} pieces", self.pieces);
        println!("tempo                      right  half  double  ratio  other");
        for (name, verdicts) in [
            ("median of second half", &self.tempo_median),
            ("in force at 12 s", &self.tempo_early),
            ("before the last two bars", &self.tempo_end),
        ] {
            use TempoVerdict::{Double, Half, Other, Ratio, Right};
            let [right, half, double, ratio, other] =
                [Right, Half, Double, Ratio, Other].map(|which| count(verdicts, which));
            println!("{name:<26} {right:>5} {half:>5} {double:>7} {ratio:>6} {other:>6}");
        }
        println!(
            "share of the second half with the right tempo: {:.3}",
            self.tempo_share / self.pieces as f64
        );
        println!(
            "beats: F {:.3} where the tempo is right, {:.3} in all",
            mean(&self.beat_right),
            mean(&self.beat_all)
        );
        println!("key                        exact  relative  fifth  parallel  other");
        for (name, verdicts) in [("after eight bars", &self.key_eight_bars), ("at the end", &self.key_end)] {
            use KeyVerdict::{Exact, Fifth, Other, Parallel, Relative};
            let [exact, relative, fifth, parallel, other] = [Exact, Relative, Fifth, Parallel, Other]
                .map(|which| verdicts.iter().filter(|&&verdict| verdict == which).count());
            println!("{name:<26} {exact:>5} {relative:>9} {fifth:>6} {parallel:>9} {other:>6}");
        }
        println!(
            "scale: {} right of {} with the key exact at the end; key changes per piece: {:.2}",
            self.scale_right,
            self.key_end.iter().filter(|&&verdict| verdict == KeyVerdict::Exact).count(),
            self.key_changes as f64 / self.pieces as f64
        );
    }

    fn tempo_right(&self) -> usize {
        self.tempo_median.iter().filter(|&&verdict| verdict == TempoVerdict::Right).count()
    }

    fn key_exact(&self) -> usize {
        self.key_eight_bars.iter().filter(|&&verdict| verdict == KeyVerdict::Exact).count()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Measured: tempo 12 of 12, F 0.93, key 9 of 12. The bars leave room for two pieces that turn, because pieces near a
/// decision may fall to the other side with another processor's rounding; what is promised is measured on 120 pieces.
#[test]
fn a_dozen_pieces() {
    let figures = Figures::of(0..12);
    figures.print();
    let (tempo, key, f) = (figures.tempo_right(), figures.key_exact(), mean(&figures.beat_right));
    assert!(tempo >= 10, "tempo of {tempo} of 12");
    assert!(f >= 0.8, "beats F = {f:.3}");
    assert!(key >= 7, "key of {key} of 12");
}

/// Measured: tempo 104 of 120 (87 %), 107 (89 %) before the last two bars, F 0.86, key 96 of 120 (80 %). The project's bar for the
/// tempo, 85 %, is asserted. That for the key, 85 %, is reached with the harmony model (`keys.rs` of the engine), not with
/// templates, which take every fourth chord for another: a third of the pieces are in church modes, whose tones are those of
/// another key.
#[test]
#[ignore = "120 pieces take a minute"]
fn a_hundred_and_twenty_pieces() {
    let figures = Figures::of(0..120);
    figures.print();
    assert!(figures.tempo_right() >= 102, "tempo of {} of 120", figures.tempo_right());
    assert!(figures.key_exact() >= 84, "key of {} of 120", figures.key_exact());
}

#[test]
fn the_demo_track() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo/dendrite_demo.ogg");
    let audio = dendrite_audio::read(&path).unwrap();
    assert_eq!(audio.rate, SAMPLE_RATE);
    let heard = listen(&analyze(&audio.mono()));
    // From assets/demo/dendrite_demo.labels.json: 112.0001 bpm, a beat every 60 / 112.0001 s from 0.001 s to 85.71 s; D minor
    // until 17.14 s.
    for time_s in [10.0, 30.0, 60.0, 80.0] {
        let bpm = heard.at(time_s).bpm;
        assert!((bpm / 112.0001 - 1.0).abs() < 0.01, "{bpm} bpm at {time_s} s");
    }
    let beats: Vec<f64> = (0..160).map(|beat| 0.001 + f64::from(beat) * 60.0 / 112.0001).collect();
    let f = f_measure(&heard.beats_s, &beats);
    let keys =
        [8.0, 17.0, 34.0, 51.0, 60.0, 85.0].map(|time_s| heard.at(time_s).key.map(|key| key.to_string()));
    println!("demo: F = {f:.3}, keys {keys:?}");
    assert!(f >= 0.9, "F = {f:.3}");
    // Its first chords, Dm9 Bbmaj7 Fmaj7 C7sus4, are as much at home in the relative key.
    let verdict = KeyVerdict::of(heard.at(17.0).key, Key { tonic: 2, minor: true });
    assert!(matches!(verdict, KeyVerdict::Exact | KeyVerdict::Relative), "{verdict:?}");
}
