//! Emotion: correlation of valence and arousal with the truth, after four seconds of listening.

use anyhow::Result;
use dendrite_features::{FRAME_RATE, Frame, N_MEL};
use dendrite_pipeline::Mood;
use dendrite_pipeline::contexts::HarmonyContext;
use dendrite_pipeline::heuristics::MoodCues;
use rayon::prelude::*;
use rtneural::Model;

use super::{Row, require};
use crate::corpus::{Corpus, TARGET_DEVIATION, moods, target_map};
use crate::data::{Piece, Split};
use crate::statistics::{Linear, correlation};

/// Frames that are listened to before anything counts.
const LISTENING: usize = (4.0 * FRAME_RATE) as usize;
/// The linear regression learns from every so many frames.
const STRIDE: usize = 16;

/// How well a mood is told.
#[derive(Clone, Copy, Debug)]
pub struct EmotionReport {
    /// Cross-entropy to the bump at the true mood, in nats.
    pub cross_entropy: f64,
    /// Pearson's correlation of valence, over all frames of all pieces.
    pub valence_r: f64,
    /// The same of arousal.
    pub arousal_r: f64,
}

/// What a piece's frames are taken for.
type Said = Vec<Mood>;

fn measure_with(
    corpus: &Corpus,
    split: Split,
    say: impl Fn(&Piece) -> Result<Said> + Sync,
) -> Result<EmotionReport> {
    let pieces: Vec<&Piece> = corpus.of(split).into_iter().map(|i| &corpus.pieces[i]).collect();
    let said: Vec<Said> = pieces.par_iter().map(|piece| say(piece)).collect::<Result<_>>()?;
    let (mut truth, mut heard) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut entropy = 0.0;
    for (piece, said) in pieces.iter().zip(&said) {
        let Some(moods) = &piece.truth.mood else { continue };
        for (mood, said) in moods.iter().zip(said).skip(LISTENING) {
            for (axis, (truth, heard)) in truth.iter_mut().zip(&mut heard).enumerate() {
                truth.push(f64::from(mood[axis]));
                heard.push(f64::from(if axis == 0 { said.valence } else { said.arousal }));
            }
            let target = target_map(*mood);
            let terms =
                target.iter().zip(&said.map).map(|(t, p)| f64::from(*t) * f64::from(p.max(1e-9)).ln());
            entropy -= terms.sum::<f64>();
        }
    }
    require(truth[0].len() as f64, "a known mood after four seconds", split)?;
    Ok(EmotionReport {
        cross_entropy: entropy / truth[0].len() as f64,
        valence_r: correlation(&truth[0], &heard[0]),
        arousal_r: correlation(&truth[1], &heard[1]),
    })
}

/// How well a model tells the mood of the pieces of a split.
///
/// # Errors
/// The model is not one of emotion.
pub fn measure(corpus: &Corpus, split: Split, model: &Model) -> Result<EmotionReport> {
    measure_with(corpus, split, |piece| Ok(moods(model, piece)?.into_iter().map(Mood::of).collect()))
}

/// The model beside what it must beat.
///
/// # Errors
/// As [`measure`].
pub fn compare(corpus: &Corpus, model: &Model) -> Result<Vec<Row>> {
    let (mut rows, mut targets) = (Vec::new(), vec![Vec::new(), Vec::new()]);
    for i in corpus.of(Split::Train) {
        let piece = &corpus.pieces[i];
        let Some(moods) = &piece.truth.mood else { continue };
        let mut recent = Recent::default();
        for (k, (frame, mood)) in piece.frames.iter().zip(moods).enumerate() {
            recent.push(frame);
            if k % STRIDE > 0 {
                continue;
            }
            rows.push(recent.mean.to_vec());
            targets.iter_mut().zip(mood).for_each(|(target, &x)| target.push(Some(f64::from(x))));
        }
    }
    let linear = Linear::fit(&rows, &targets);
    let row = |name, report: EmotionReport| Row {
        name,
        metrics: vec![
            ("valence r", report.valence_r),
            ("arousal r", report.arousal_r),
            ("cross-entropy", report.cross_entropy),
        ],
    };
    let heuristic = measure_with(corpus, Split::Test, |piece| {
        let (mut context, mut cues) = (HarmonyContext::new(), MoodCues::new());
        let mood = |frame| {
            context.push(frame);
            cues.push(frame, context.slow_chroma())
        };
        Ok(piece.frames.iter().map(mood).collect())
    })?;
    let regression = measure_with(corpus, Split::Test, |piece| {
        let mut recent = Recent::default();
        let mood = |frame: &Frame| {
            recent.push(frame);
            let [v, a] = [0, 1].map(|axis| linear.say(&recent.mean, axis) as f32);
            Mood::bump(v, a, TARGET_DEVIATION)
        };
        Ok(piece.frames.iter().map(mood).collect())
    })?;
    let oracle = measure_with(corpus, Split::Test, |piece| {
        let moods = piece.truth.mood.iter().flatten();
        Ok(moods.map(|mood| Mood::bump(mood[0], mood[1], TARGET_DEVIATION)).collect())
    })?;
    let constant = measure_with(corpus, Split::Test, |piece| {
        let mean = |axis: usize| {
            let values: Vec<f64> = targets[axis].iter().flatten().copied().collect();
            (values.iter().sum::<f64>() / f64::max(values.len() as f64, 1.0)) as f32
        };
        Ok(vec![Mood::bump(mean(0), mean(1), 0.6); piece.frames.len()])
    })?;
    Ok(vec![
        row("model", measure(corpus, Split::Test, model)?),
        row("heuristic", heuristic),
        row("best constant", constant),
        row("linear regression", regression),
        row("oracle", oracle),
    ])
}

/// The mel vector over the last two seconds: a single frame's says little.
struct Recent {
    mean: [f64; N_MEL],
}

impl Default for Recent {
    fn default() -> Self {
        Self { mean: [0.0; N_MEL] }
    }
}

impl Recent {
    fn push(&mut self, frame: &Frame) {
        let share = 1.0 - (-1.0 / (2.0 * FRAME_RATE)).exp();
        self.mean.iter_mut().zip(frame.mel).for_each(|(m, x)| *m += share * (f64::from(x) - *m));
    }
}
