//! The pieces of a training, and what the emotion model says of them.

use anyhow::{Context, Result};
use dendrite_pipeline::contexts::{HARMONY_INPUTS, HarmonyContext};
use dendrite_pipeline::{MOOD_CELLS, Mood};
use rayon::prelude::*;
use rtneural::Model;

use crate::data::{Piece, Split};

/// A mood map.
pub type Map = [f32; MOOD_CELLS];

/// Pieces, each with the mood maps that the emotion model gives, once there is one.
#[derive(Default)]
pub struct Corpus {
    /// All pieces of all splits.
    pub pieces: Vec<Piece>,
    /// For each piece a map per frame; empty before [`Corpus::feel`].
    pub moods: Vec<Vec<Map>>,
}

impl Corpus {
    /// Pieces without moods.
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces, moods: Vec::new() }
    }

    /// Indices of the pieces of a split.
    pub fn of(&self, split: Split) -> Vec<usize> {
        (0..self.pieces.len()).filter(|&i| self.pieces[i].split == split).collect()
    }

    /// Frames of a split.
    pub fn frames(&self, split: Split) -> usize {
        self.of(split).into_iter().map(|i| self.pieces[i].frames.len()).sum()
    }

    /// Hours of a split.
    pub fn hours(&self, split: Split) -> f64 {
        self.frames(split) as f64 / dendrite_features::FRAME_RATE / 3600.0
    }

    /// Runs the emotion model over every piece, as it plays: its output is what the other models are given.
    ///
    /// # Errors
    /// The model is not of the emotion model's sizes.
    pub fn feel(&mut self, emotion: &Model) -> Result<()> {
        self.moods = self.pieces.par_iter().map(|piece| moods(emotion, piece)).collect::<Result<_>>()?;
        Ok(())
    }

    /// The maps of a piece.
    ///
    /// # Errors
    /// [`Corpus::feel`] has not been called.
    pub fn maps(&self, piece: usize) -> Result<&[Map]> {
        self.moods
            .get(piece)
            .map(Vec::as_slice)
            .context("the emotion model has to be trained or loaded first")
    }
}

/// What the emotion model says of each frame of a piece.
///
/// # Errors
/// The model is not of the emotion model's sizes.
pub fn moods(emotion: &Model, piece: &Piece) -> Result<Vec<Map>> {
    let mut state = emotion.state();
    piece
        .frames
        .iter()
        .map(|frame| {
            let mut map = [0.0; MOOD_CELLS];
            emotion.forward(&mut state, &frame.mel, &mut map).context("running the emotion model")?;
            Ok(map)
        })
        .collect()
}

/// The harmony model's input for each frame of a piece, and the context as the templates see it.
pub fn harmony_inputs(
    piece: &Piece,
    maps: &[Map],
    mut take: impl FnMut(usize, &[f32; HARMONY_INPUTS], &HarmonyContext),
) {
    let mut context = HarmonyContext::new();
    let mut input = [0.0; HARMONY_INPUTS];
    for (k, (frame, map)) in piece.frames.iter().zip(maps).enumerate() {
        context.push(frame);
        context.write(map, &mut input);
        take(k, &input, &context);
    }
}

/// The map that stands for a true mood.
pub fn target_map(mood: [f32; 2]) -> Map {
    Mood::bump(mood[0], mood[1], TARGET_DEVIATION).map
}

/// Width of the bump that the emotion model is trained towards: a little more than a cell's side of 2/7.
pub const TARGET_DEVIATION: f32 = 0.3;
