//! Harmony: how often the sounding chord is told.

use anyhow::Result;
use dendrite_features::{Base, FRAME_RATE};
use dendrite_pipeline::contexts::{HARMONY_INPUTS, HarmonyContext};
use dendrite_pipeline::{CHORDS, Chord, heuristics};
use rayon::prelude::*;
use rtneural::Model;

use super::{Row, forward, require};
use crate::corpus::{Corpus, harmony_inputs};
use crate::data::Split;
use crate::statistics::Linear;

/// Frames after a change of chord from which on it must be told: 250 ms.
const SETTLED: usize = (0.25 * FRAME_RATE + 0.5) as usize;
/// The linear regression learns from every so many frames.
const STRIDE: usize = 16;

/// How often the chord is right.
#[derive(Clone, Copy, Debug, Default)]
pub struct HarmonyReport {
    /// Cross-entropy in nats, over all frames with a chord.
    pub cross_entropy: f64,
    /// Share of right chords among the frames that are at least 250 ms after a change.
    pub settled_chord: f64,
    /// The same of right roots.
    pub settled_root: f64,
    /// Share of right chords among all frames with a chord.
    pub all_chord: f64,
    /// Mean duration of a chord in seconds.
    pub chord_s: f64,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    entropy: f64,
    frames: f64,
    right: f64,
    settled: f64,
    settled_right: f64,
    settled_root: f64,
    changes: f64,
}

/// Says the probabilities of one frame.
type Say<'a> = dyn FnMut(&[f32; HARMONY_INPUTS], &HarmonyContext, f32) -> Result<[f32; CHORDS]> + 'a;

fn measure_with<'a>(
    corpus: &Corpus,
    split: Split,
    speaker: impl Fn() -> Box<Say<'a>> + Sync,
) -> Result<HarmonyReport> {
    let counts: Vec<Counts> = corpus
        .of(split)
        .par_iter()
        .map(|&i| {
            let piece = &corpus.pieces[i];
            let mut counts = Counts::default();
            let Some(chords) = &piece.truth.chords else { return Ok(counts) };
            let (mut say, mut since, mut failure) = (speaker(), 0, None);
            harmony_inputs(piece, corpus.maps(i)?, |k, input, context| {
                let changed = k == 0 || chords[k] != chords[k - 1];
                since = if changed { 0 } else { since + 1 };
                let probabilities = match say(input, context, piece.frames[k].get(Base::Rms)) {
                    Ok(probabilities) => probabilities,
                    Err(error) => return failure = Some(error),
                };
                let Some(chord) = chords[k] else { return };
                counts.add(usize::from(chord), &probabilities, since, changed);
            });
            failure.map_or(Ok(counts), Err)
        })
        .collect::<Result<_>>()?;
    let sum = |value: fn(&Counts) -> f64| counts.iter().map(value).sum::<f64>();
    let share = |part: f64, whole: f64| part / whole.max(1.0);
    let (frames, settled) = (sum(|c| c.frames), sum(|c| c.settled));
    require(settled, "known chords", split)?;
    Ok(HarmonyReport {
        cross_entropy: share(sum(|c| c.entropy), frames),
        settled_chord: share(sum(|c| c.settled_right), settled),
        settled_root: share(sum(|c| c.settled_root), settled),
        all_chord: share(sum(|c| c.right), frames),
        chord_s: share(frames / FRAME_RATE, sum(|c| c.changes)),
    })
}

impl Counts {
    fn add(&mut self, chord: usize, probabilities: &[f32; CHORDS], since: usize, changed: bool) {
        let best =
            (0..CHORDS).fold(0, |best, i| if probabilities[i] > probabilities[best] { i } else { best });
        let root = |class| Chord::of_class(class).map(|chord| chord.root);
        self.frames += 1.0;
        self.changes += f64::from(u8::from(changed));
        self.entropy -= f64::from(probabilities[chord].max(1e-9)).ln();
        self.right += f64::from(u8::from(best == chord));
        if since >= SETTLED {
            self.settled += 1.0;
            self.settled_right += f64::from(u8::from(best == chord));
            self.settled_root += f64::from(u8::from(root(best) == root(chord)));
        }
    }
}

/// How often a model tells the chords of the pieces of a split.
///
/// # Errors
/// The corpus has no moods yet, or the model is not one of harmony.
pub fn measure(corpus: &Corpus, split: Split, model: &Model) -> Result<HarmonyReport> {
    measure_with(corpus, split, || {
        let mut state = model.state();
        Box::new(move |input, _, _| forward(model, &mut state, input))
    })
}

/// The model beside what it must beat.
///
/// # Errors
/// As [`measure`].
pub fn compare(corpus: &Corpus, model: &Model) -> Result<Vec<Row>> {
    let (mut rows, mut targets) = (Vec::new(), vec![Vec::new(); CHORDS]);
    let mut counts = [0.0_f32; CHORDS];
    for i in corpus.of(Split::Train) {
        let piece = &corpus.pieces[i];
        let Some(chords) = &piece.truth.chords else { continue };
        harmony_inputs(piece, corpus.maps(i)?, |k, input, _| {
            let Some(chord) = chords[k].map(usize::from).filter(|_| k % STRIDE == 0) else { return };
            rows.push(input.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>());
            for (class, target) in targets.iter_mut().enumerate() {
                target.push(Some(f64::from(u8::from(class == chord))));
            }
            counts[chord] += 1.0;
        });
    }
    let linear = Linear::fit(&rows, &targets);
    let total: f32 = counts.iter().sum::<f32>().max(1.0);
    let constant = counts.map(|count| (count + 0.5) / (total + 32.0));
    let row = |name, report: HarmonyReport| Row {
        name,
        metrics: vec![
            ("chord, settled", report.settled_chord),
            ("root, settled", report.settled_root),
            ("chord, all", report.all_chord),
            ("cross-entropy", report.cross_entropy),
            ("chord length s", report.chord_s),
        ],
    };
    Ok(vec![
        row("model", measure(corpus, Split::Test, model)?),
        row(
            "heuristic",
            measure_with(corpus, Split::Test, || {
                Box::new(|_, context, loudness| {
                    Ok(heuristics::chord_templates(context, loudness).probabilities)
                })
            })?,
        ),
        row("best constant", measure_with(corpus, Split::Test, || Box::new(|_, _, _| Ok(constant)))?),
        row(
            "linear regression",
            measure_with(corpus, Split::Test, || {
                Box::new(|input, _, _| {
                    let input: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
                    let said: [f32; CHORDS] =
                        std::array::from_fn(|class| linear.say(&input, class).max(1e-4) as f32);
                    let sum: f32 = said.iter().sum();
                    Ok(said.map(|p| p / sum))
                })
            })?,
        ),
    ])
}
