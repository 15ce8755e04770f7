//! Dynamics: how well the sixteen values of a bar's performance are explained.

use anyhow::Result;
use dendrite_pipeline::contexts::{DYNAMICS_INPUTS, LoudnessHistory, write_dynamics};
use dendrite_pipeline::{DYNAMICS, Mood, heuristics};
use rtneural::Model;

use super::regression::{self, Example, RegressionReport};
use super::{Row, melody};
use crate::corpus::Corpus;
use crate::data::Split;

type DynamicsExample = Example<DYNAMICS_INPUTS, DYNAMICS>;

/// Every step of the pieces whose bars are known.
///
/// # Errors
/// The corpus has no moods yet.
pub fn examples(corpus: &Corpus, split: Split) -> Result<Vec<DynamicsExample>> {
    let mut examples = Vec::new();
    for i in corpus.of(split) {
        let (piece, maps) = (&corpus.pieces[i], corpus.maps(i)?);
        let (Some(steps), Some(bars)) = (&piece.truth.steps, &piece.truth.bars) else { continue };
        let mut loudness = LoudnessHistory::default();
        let mut heard = 0;
        for step in steps {
            let Some(frame) = step.heard else { continue };
            while heard <= frame && heard < piece.frames.len() {
                loudness.push(&piece.frames[heard]);
                heard += 1;
            }
            let Some(bar) = bars.get(step.bar) else { continue };
            let mut input = [0.0; DYNAMICS_INPUTS];
            write_dynamics(&maps[frame], &loudness, &mut input);
            examples.push(Example { input, target: bar.expression, truth: melody::truth(piece, step) });
        }
    }
    Ok(examples)
}

/// Explained variance on the pieces of a split.
///
/// # Errors
/// The corpus has no moods yet, or the model is not one of dynamics.
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
        // The table sees the pooled map's mood and the loudness of the input.
        let mut map = [0.0; dendrite_pipeline::MOOD_CELLS];
        for (cell, p) in map.iter_mut().enumerate() {
            let pooled = (cell / 16) * 4 + (cell % 8) / 2;
            *p = example.input[pooled] / 4.0;
        }
        let mut loudness = LoudnessHistory::default();
        for &pair in &example.input[16..] {
            let mut frame = dendrite_features::Frame::SILENCE;
            frame.base[dendrite_features::Base::Rms as usize] = pair;
            loudness.push(&frame);
            loudness.push(&frame);
        }
        heuristics::playing_table(&Mood::of(map), &loudness).0
    })
}
