//! Harmony: how often the sounding chord is told.

use anyhow::Result;
use dendrite_features::{Base, FRAME_RATE, N_CHROMA};
use dendrite_pipeline::contexts::{HARMONY_INPUTS, HarmonyContext};
use dendrite_pipeline::{CHORDS, Chord, heuristics};
use rayon::prelude::*;
use rtneural::Model;

use super::{Row, as_probabilities, forward, require};
use crate::corpus::{Corpus, harmony_inputs};
use crate::data::{Key, Piece, Split};
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

/// What is known of a frame.
struct At<'a> {
    input: &'a [f32; HARMONY_INPUTS],
    context: &'a HarmonyContext,
    loudness: f32,
    /// The truth about key and mood, for the oracle.
    truth: Option<(Key, [f32; 2])>,
}

/// Says the probabilities of one frame.
type Say<'a> = dyn FnMut(&At) -> Result<[f32; CHORDS]> + 'a;

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
                let loudness = piece.frames[k].get(Base::Rms);
                let probabilities = match say(&At { input, context, loudness, truth: truth(piece, k) }) {
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
        Box::new(move |at| forward(model, &mut state, at.input))
    })
}

/// The model beside what it must beat.
///
/// # Errors
/// As [`measure`].
pub fn compare(corpus: &Corpus, model: &Model) -> Result<Vec<Row>> {
    let (mut rows, mut targets) = (Vec::new(), vec![Vec::new(); CHORDS]);
    let mut counts = [0.0_f32; CHORDS];
    let mut oracle = Oracle::default();
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
            oracle.count(truth(piece, k), chord);
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
                Box::new(|at| Ok(heuristics::chord_templates(at.context, at.loudness).probabilities))
            })?,
        ),
        row("best constant", measure_with(corpus, Split::Test, || Box::new(|_| Ok(constant)))?),
        row(
            "linear regression",
            measure_with(corpus, Split::Test, || {
                Box::new(|at| {
                    let input: Vec<f64> = at.input.iter().map(|&x| f64::from(x)).collect();
                    Ok(as_probabilities(|class| linear.say(&input, class)))
                })
            })?,
        ),
        row(
            "oracle",
            measure_with(corpus, Split::Test, || Box::new(|at| Ok(oracle.say(at.truth, &constant))))?,
        ),
    ])
}

/// The key of a piece and the mood of a frame, where both are known.
fn truth(piece: &Piece, frame: usize) -> Option<(Key, [f32; 2])> {
    Some((piece.truth.key?, *piece.truth.mood.as_ref()?.get(frame)?))
}

/// How often each chord sounds, seen from the tonic, in a mode and a quarter of the plane of moods.
struct Oracle {
    counts: Vec<[f32; CHORDS]>,
}

impl Default for Oracle {
    fn default() -> Self {
        Self { counts: vec![[0.0; CHORDS]; 8] }
    }
}

impl Oracle {
    fn bin((key, [valence, arousal]): (Key, [f32; 2])) -> usize {
        usize::from(key.minor) * 4 + usize::from(valence > 0.0) * 2 + usize::from(arousal > 0.0)
    }

    fn count(&mut self, truth: Option<(Key, [f32; 2])>, chord: usize) {
        let Some(truth) = truth else { return };
        self.counts[Self::bin(truth)][moved(chord, N_CHROMA as u8 - truth.0.tonic % 12)] += 1.0;
    }

    /// Where nothing is known, what the constant says.
    fn say(&self, truth: Option<(Key, [f32; 2])>, constant: &[f32; CHORDS]) -> [f32; CHORDS] {
        let Some(truth) = truth else { return *constant };
        let counts = &self.counts[Self::bin(truth)];
        let sum: f32 = counts.iter().sum();
        let mut said = [0.0; CHORDS];
        for (chord, count) in counts.iter().enumerate() {
            said[moved(chord, truth.0.tonic)] = (count + 0.5) / (sum + 32.0);
        }
        said
    }
}

/// The class of a chord some semitones higher.
fn moved(class: usize, up: u8) -> usize {
    Chord::of_class(class).map_or(class, |chord| Chord { root: chord.root + up, ..chord }.class())
}
