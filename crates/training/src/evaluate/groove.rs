//! Groove: how well timing and accents of a bar's steps are explained.

use anyhow::Result;
use dendrite_pipeline::{GROOVE_OUTPUTS, GROOVE_STEPS, MOOD_CELLS, Mood, heuristics};
use rtneural::Model;

use super::regression::{self, Example, RegressionReport};
use super::{Row, melody};
use crate::corpus::Corpus;
use crate::data::{Bar, Split};

type GrooveExample = Example<MOOD_CELLS, GROOVE_OUTPUTS>;

/// Every step of the pieces whose bars are known.
///
/// # Errors
/// The corpus has no moods yet.
pub fn examples(corpus: &Corpus, split: Split) -> Result<Vec<GrooveExample>> {
    let mut examples = Vec::new();
    for i in corpus.of(split) {
        let (piece, maps) = (&corpus.pieces[i], corpus.maps(i)?);
        let (Some(steps), Some(bars)) = (&piece.truth.steps, &piece.truth.bars) else { continue };
        for step in steps {
            let (Some(frame), Some(bar)) = (step.heard, bars.get(step.bar)) else { continue };
            examples.push(Example {
                input: maps[frame],
                target: target(bar),
                truth: melody::truth(piece, step),
            });
        }
    }
    Ok(examples)
}

/// What the model should say of a bar, in its own range of -1..1.
fn target(bar: &Bar) -> [Option<f32>; GROOVE_OUTPUTS] {
    std::array::from_fn(|i| match i {
        0..GROOVE_STEPS => bar.offsets[i].map(|offset| 2.0 * offset),
        _ => bar.accents[i - GROOVE_STEPS].map(|accent| 2.0 * accent - 1.0),
    })
}

/// Explained variance on the pieces of a split.
///
/// # Errors
/// The corpus has no moods yet, or the model is not one of groove.
pub fn measure(corpus: &Corpus, split: Split, model: &Model) -> Result<RegressionReport> {
    regression::measure_model(&examples(corpus, split)?, model)
}

/// The model beside what it must beat.
///
/// # Errors
/// As [`measure`].
pub fn compare(corpus: &Corpus, model: &Model) -> Result<Vec<Row>> {
    let (train, test) = (examples(corpus, Split::Train)?, examples(corpus, Split::Test)?);
    regression::compare(&train, &test, model, |example| {
        heuristics::bar_table(&Mood::of(example.input)).to_output()
    })
}
