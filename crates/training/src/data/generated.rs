//! Pieces of the generator: composed, rendered, heard, with everything that is known of them.
//!
//! Levels: the engine's auto-level brings quiet tracks up and leaves loud ones, so in playing a track's level is mostly
//! near its target and wanders while it settles. It is not imitated here. Instead each piece is heard at the peak level
//! that the generator drew for it, -36 to 0 dB, so that models learn from all levels that the auto-level can leave and
//! lean on none.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use dendrite_features::Frame;
use dendrite_generator as generator;
use dendrite_generator::{Labels, Options, Voice, compose, render};
use dendrite_pipeline::{Chord, Quality};
use rayon::prelude::*;

use super::timing::{heard_by_steps, middle_s};
use super::{Bar, Cache, ContentHash, Key, Piece, Split, Step, Truth};

/// Composes and renders a piece, and hears it.
pub fn piece(seed: u64, options: &Options) -> Piece {
    make(seed, options, None)
}

/// Pieces of several seeds, in the order of the seeds, on all threads of the current rayon pool.
///
/// Frames come from the cache where it has them; then nothing is rendered. A piece's sound is dropped as soon as it is
/// heard, so that there is one per thread at most. `progress` is called with the number of finished pieces, from any
/// thread.
///
/// Frames take 30 kB per second of music: a thousand pieces of a minute and a half are 2.7 GB.
pub fn pieces(
    seeds: impl IntoIterator<Item = u64>,
    options: &Options,
    cache: Option<&Cache>,
    progress: impl Fn(usize) + Sync,
) -> Vec<Piece> {
    let seeds: Vec<u64> = seeds.into_iter().collect();
    let finished = AtomicUsize::new(0);
    let piece = |&seed: &u64| {
        let piece = make(seed, options, cache);
        progress(finished.fetch_add(1, Ordering::Relaxed) + 1);
        piece
    };
    seeds.par_iter().with_max_len(1).map(piece).collect()
}

fn make(seed: u64, options: &Options, cache: Option<&Cache>) -> Piece {
    let score = compose(seed, options);
    let content = content(seed, options);
    let hear = || Ok::<Vec<Frame>, Infallible>(dendrite_features::analyze(&render(&score).samples));
    let Ok(frames) = match cache {
        Some(cache) => cache.frames(&content, hear),
        None => hear(),
    };
    Piece {
        name: format!("generated piece {seed} ({})", split_name(options.split)),
        content,
        split: split(options.split),
        truth: truth(&score.labels, frames.len()),
        frames,
    }
}

/// Seed, options and the generator's version: what the samples follow from.
fn content(seed: u64, options: &Options) -> ContentHash {
    let text = format!("{} {seed} {options:?}", generator::VERSION);
    ContentHash::of_bytes("generated", text.as_bytes())
}

fn split(split: generator::Split) -> Split {
    match split {
        generator::Split::Train => Split::Train,
        generator::Split::Validation => Split::Validation,
        generator::Split::Test => Split::Test,
    }
}

/// The generator's part of the same name, for whoever renders with its instruments.
pub(crate) fn split_of_generator(split: Split) -> generator::Split {
    match split {
        Split::Train => generator::Split::Train,
        Split::Validation => generator::Split::Validation,
        Split::Test => generator::Split::Test,
    }
}

fn split_name(split: generator::Split) -> &'static str {
    match split {
        generator::Split::Train => "train",
        generator::Split::Validation => "validation",
        generator::Split::Test => "test",
    }
}

/// What the generator's labels say of a piece that was heard in so many frames.
///
/// Mood is that of the section in force at a frame's middle, as the chord is; steps have the key of their section.
pub fn truth(labels: &Labels, frames: usize) -> Truth {
    let middles = || (0..frames).map(middle_s);
    let section_at = |time_s: f64| {
        let after = labels.sections.partition_point(|section| section.start_s <= time_s);
        &labels.sections[after.saturating_sub(1)]
    };
    let chord_at = |time_s: f64| {
        let after = labels.chords.partition_point(|span| span.start_s <= time_s);
        labels.chords.get(after.checked_sub(1)?)?.chord.map(chord_class)
    };
    let mood = |time_s: f64| {
        let mood = section_at(time_s).mood;
        [mood.valence, mood.arousal]
    };
    let has_sections = !labels.sections.is_empty();
    Truth {
        mood: has_sections.then(|| middles().map(mood).collect()),
        cues: has_sections.then(|| middles().map(|time_s| section_at(time_s).cues.values()).collect()),
        chords: Some(middles().map(chord_at).collect()),
        key: Some(key(labels.key)),
        steps: Some(steps(labels, frames)),
        bars: Some(labels.bars.iter().map(bar).collect()),
        onsets_s: Some(labels.onsets.iter().map(|onset| onset.time_s).collect()),
        sections_s: Some(labels.sections.iter().map(|section| section.start_s).collect()),
        // The generator counts beats, which are dotted quarters in 6/8.
        tempo_bpm: Some(labels.tempo_bpm * labels.meter.steps_per_beat() as f64 / 4.0),
    }
}

fn key(key: generator::Key) -> Key {
    let in_c = generator::Key { tonic: 0, mode: key.mode };
    let scale = (0..12).filter(|&degree| in_c.contains(degree)).fold(0, |scale, degree| scale | 1 << degree);
    Key { tonic: key.tonic % 12, minor: key.mode.is_minor(), scale }
}

/// The nearest of the 64 chords: a major seventh, sixth, ninth or suspension counts as major, a half-diminished chord as
/// diminished, a minor sixth as a minor seventh; the bass does not count.
pub fn chord_class(chord: generator::Chord) -> u8 {
    use generator::Quality as Written;
    let quality = match chord.quality {
        Written::Major
        | Written::Major7
        | Written::Sixth
        | Written::AddNinth
        | Written::Suspended4
        | Written::Suspended2 => Quality::Major,
        Written::Minor | Written::MinorAddNinth => Quality::Minor,
        Written::Dominant7 => Quality::Dominant,
        Written::Minor7 | Written::MinorSixth => Quality::MinorSeventh,
        Written::Diminished | Written::Diminished7 | Written::HalfDiminished => Quality::Diminished,
        Written::Augmented => Quality::Augmented,
    };
    Chord { root: chord.root % 12, quality }.class() as u8
}

fn steps(labels: &Labels, frames: usize) -> Vec<Step> {
    let in_bar = labels.meter.steps();
    let mut melody = vec![None; labels.bars.len() * in_bar];
    for note in labels.notes.iter().filter(|note| note.voice == Voice::Melody) {
        // Labels may come from a file, and be anything.
        if note.bar < labels.bars.len() && note.step < in_bar {
            melody[note.bar * in_bar + note.step] = Some(note.pitch.min(127));
        }
    }
    let time_s = |step: usize| {
        let bar = &labels.bars[step / in_bar];
        bar.start_s + (bar.end_s - bar.start_s) * (step % in_bar) as f64 / in_bar as f64
    };
    let times_s: Vec<f64> = (0..melody.len()).map(time_s).collect();
    let heard = heard_by_steps(&times_s, frames);
    let step = |index: usize| {
        let bar = index / in_bar;
        let section = labels.sections.get(labels.bars[bar].section);
        Step {
            time_s: times_s[index],
            heard: heard[index],
            melody: melody[index],
            key: key(section.map_or(labels.key, |section| section.key)),
            bar,
            in_bar: index % in_bar,
        }
    };
    (0..heard.len()).map(step).collect()
}

fn bar(bar: &generator::Bar) -> Bar {
    let groove = &bar.groove;
    let expression = &bar.expression;
    Bar {
        span_s: [bar.start_s, bar.end_s],
        offsets: std::array::from_fn(|step| groove.played[step].then_some(groove.offsets[step])),
        accents: std::array::from_fn(|step| groove.in_bar[step].then_some(groove.accents[step])),
        expression: std::array::from_fn(|index| expression.known[index].then_some(expression.values[index])),
    }
}

#[cfg(test)]
mod tests {
    use dendrite_features::FRAME_RATE;

    use super::*;

    fn short() -> Options {
        Options { length_s: 4.0..=6.0, ..Options::default() }
    }

    #[test]
    fn a_piece_is_heard_with_its_truth_and_from_the_cache_the_second_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let told = std::sync::Mutex::new(Vec::new());
        let tell = |done| told.lock().unwrap().push(done);
        let first = pieces(3..5, &short(), Some(&cache), tell);
        assert_eq!(told.into_inner().unwrap(), [1, 2]);
        assert_eq!(first.len(), 2);
        let labels = compose(3, &short()).labels;
        assert_eq!(first[0].frames.len(), (labels.duration_s * 48_000.0).round() as usize / 1_024);
        assert!(first[0].frames.iter().any(|frame| !frame.silent));
        assert_eq!(first[0].truth, truth(&labels, first[0].frames.len()));
        assert_ne!(first[0].content, first[1].content);

        let again = pieces(3..5, &short(), Some(&cache), |_| {});
        assert_eq!(again[1].frames, first[1].frames);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        let uncached = piece(4, &short());
        assert_eq!((uncached.frames, uncached.name), (first[1].frames.clone(), first[1].name.clone()));
    }

    #[test]
    fn truth_is_as_long_as_the_frames_and_says_what_the_labels_say() {
        for seed in 0..40 {
            let split = [generator::Split::Train, generator::Split::Validation, generator::Split::Test];
            let options = Options::excerpt().with_split(split[seed as usize % 3]);
            let labels = compose(seed, &options).labels;
            let frames = (labels.duration_s * FRAME_RATE) as usize;
            let truth = truth(&labels, frames);
            let (mood, chords) = (truth.mood.unwrap(), truth.chords.unwrap());
            assert_eq!((mood.len(), chords.len()), (frames, frames));
            // The middle of frame k lies at (k - 1) hops.
            for frame in (1..frames).step_by(7) {
                let time_s = (frame - 1) as f64 / FRAME_RATE;
                let section = labels.sections.iter().rfind(|section| section.start_s <= time_s).unwrap();
                assert_eq!(mood[frame], [section.mood.valence, section.mood.arousal]);
                let span = labels.chords.iter().find(|span| (span.start_s..span.end_s).contains(&time_s));
                let chord = span.and_then(|span| span.chord);
                assert_eq!(chords[frame], chord.map(chord_class), "seed {seed} at {time_s} s");
                if let (Some(chord), Some(class)) = (chord, chords[frame]) {
                    // Chords that are told apart keep all their tones, others at least two of three.
                    let kept = Chord::of_class(usize::from(class)).unwrap();
                    let tones = chord.pitch_classes().filter(|&tone| kept.contains(tone)).count();
                    assert!(tones >= 2, "{} {kept}", chord.symbol());
                }
            }

            let (steps, bars) = (truth.steps.unwrap(), truth.bars.unwrap());
            assert_eq!(bars.len(), labels.bars.len());
            let melody = labels.notes.iter().filter(|note| note.voice == Voice::Melody).count();
            let heard = steps.iter().filter(|step| step.melody.is_some()).count();
            assert!(heard <= melody && (melody == 0 || 10 * heard >= 9 * melody), "{heard} of {melody}");
            for step in &steps {
                let section = &labels.sections[labels.bars[step.bar].section];
                assert_eq!(step.key.tonic, section.key.tonic);
                assert!(step.heard.is_none_or(|frame| frame < frames));
                if let Some(pitch) = step.melody {
                    // Moved to C, scale tones are scale tones of C.
                    let moved = step.key.to_c(pitch);
                    let in_c = generator::Key { tonic: 0, ..section.key };
                    assert_eq!(section.key.contains(pitch), in_c.contains(moved));
                    assert_eq!(section.key.contains(pitch), step.key.has_in_c(usize::from(moved)));
                }
            }
            for bar in &bars {
                let in_bar = bar.accents.iter().filter(|accent| accent.is_some()).count();
                assert!(in_bar == 0 || in_bar == labels.meter.steps());
                assert!(bar.offsets.iter().zip(&bar.accents).all(|(offset, accent)| {
                    offset.is_none_or(|offset| offset.abs() <= 0.5 && accent.is_some_and(|a| a > 0.0))
                }));
            }
        }
    }

    #[test]
    fn compound_beats_are_counted_in_quarters() {
        let forced = generator::Forced {
            meter: Some(generator::Meter::SixEight),
            tempo_bpm: Some(60.0),
            ..Default::default()
        };
        let labels = compose(1, &Options::excerpt().with_forced(forced)).labels;
        let truth = truth(&labels, 100);
        // A dotted quarter a second: one and a half quarters.
        assert_eq!(truth.tempo_bpm, Some(1.5 * labels.tempo_bpm));
        let bar = &truth.bars.unwrap()[1];
        let quarters = truth.tempo_bpm.unwrap() / 60.0 * (bar.span_s[1] - bar.span_s[0]);
        assert!((quarters - 3.0).abs() < 0.3, "{quarters}");
    }
}
