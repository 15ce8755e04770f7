//! Harmony: cross-entropy to the sounding chord, in all twelve transpositions.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use dendrite_features::N_CHROMA;
use dendrite_pipeline::contexts::HARMONY_INPUTS;
use dendrite_pipeline::{CHORDS, Chord, MOOD_CELLS, ModelKind};
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use crate::corpus::{Corpus, harmony_inputs};
use crate::data::Split;
use crate::evaluate;
use crate::fit::Task;
use crate::nets::{HarmonyNet, Standard};
use crate::random::Random;

/// Of so many frames one is learnt from: neighbours are almost equal.
const STRIDE: usize = 2;
/// Frames after a change of chord that are not learnt from, 0.1 s: the sound is still that of the chord before.
const UNSURE: usize = 5;
/// Weight of frames without a chord, which are taught to be sure of none.
const NO_CHORD_WEIGHT: f32 = 0.3;
/// Probability that is spread over all chords, against certainty about what cannot be heard.
const SMOOTHING: f32 = 0.03;

/// One frame to learn from.
struct Example {
    input: [f32; HARMONY_INPUTS],
    chord: Option<u8>,
}

/// The harmony model's data.
pub struct HarmonyTask<'a> {
    corpus: &'a Corpus,
    examples: Vec<Example>,
    standard: Standard,
    order: Vec<(usize, u8)>,
    batch_size: usize,
}

impl<'a> HarmonyTask<'a> {
    /// Of the pieces whose chords are known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let mut examples = Vec::new();
        for i in corpus.of(Split::Train) {
            let piece = &corpus.pieces[i];
            let Some(chords) = &piece.truth.chords else { continue };
            let mut since = 0;
            harmony_inputs(piece, corpus.maps(i)?, |k, input, _| {
                since = if k > 0 && chords[k] != chords[k - 1] { 0 } else { since + 1 };
                if since >= UNSURE && k % STRIDE == 0 && !piece.frames[k].silent {
                    examples.push(Example { input: *input, chord: chords[k] });
                }
            });
        }
        let standard = turned_standard(Standard::of(
            HARMONY_INPUTS,
            examples.iter().map(|example| example.input.as_slice()),
        ));
        Ok(Self { corpus, examples, standard, order: Vec::new(), batch_size })
    }

    /// Examples in a batch: all of them where there are few.
    fn rows(&self) -> usize {
        self.batch_size.min(self.order.len())
    }
}

/// Every pitch class gets the mean of all twelve, as turning the examples makes them.
fn turned_standard(mut standard: Standard) -> Standard {
    for part in 0..3 {
        let span = MOOD_CELLS + part * N_CHROMA..MOOD_CELLS + (part + 1) * N_CHROMA;
        for values in [&mut standard.mean[span.clone()], &mut standard.deviation[span.clone()]] {
            let mean = values.iter().sum::<f64>() / N_CHROMA as f64;
            values.fill(mean);
        }
    }
    standard
}

/// The input as it would be with everything `up` semitones higher.
fn turn(input: &[f32; HARMONY_INPUTS], up: u8) -> [f32; HARMONY_INPUTS] {
    let mut turned = *input;
    for part in 0..3 {
        let at = MOOD_CELLS + part * N_CHROMA;
        turned[at..at + N_CHROMA].rotate_right(usize::from(up));
    }
    turned
}

/// The distribution that is learnt: the chord, or all as likely.
fn target(chord: Option<u8>, up: u8) -> ([f32; CHORDS], f32) {
    let mut target = [SMOOTHING / CHORDS as f32; CHORDS];
    match chord.and_then(|class| Chord::of_class(usize::from(class))) {
        Some(chord) => {
            let chord = Chord { root: (chord.root + up) % N_CHROMA as u8, ..chord };
            target[chord.class()] += 1.0 - SMOOTHING;
            (target, 1.0)
        }
        None => ([1.0 / CHORDS as f32; CHORDS], NO_CHORD_WEIGHT),
    }
}

impl Task for HarmonyTask<'_> {
    type Net = HarmonyNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Harmony
    }

    fn fresh(&self, device: &Device) -> HarmonyNet {
        HarmonyNet::new(device)
    }

    fn begin_epoch(&mut self, _net: &HarmonyNet, _epoch: usize, seed: u64) -> Result<usize> {
        let mut random = Random::new(seed);
        self.order = (0..self.examples.len()).map(|i| (i, random.below(N_CHROMA) as u8)).collect();
        random.shuffle(&mut self.order);
        Ok(self.order.len() / self.rows().max(1))
    }

    fn loss(&mut self, net: &HarmonyNet, index: usize, device: &Device) -> Result<Tensor<1>> {
        let order = &self.order[index * self.rows()..][..self.rows()];
        let mut inputs = Vec::with_capacity(order.len() * HARMONY_INPUTS);
        let mut targets = Vec::with_capacity(order.len() * CHORDS);
        for &(i, up) in order {
            let example = &self.examples[i];
            inputs.extend_from_slice(&turn(&example.input, up));
            let (target, weight) = target(example.chord, up);
            targets.extend(target.map(|p| p * weight));
        }
        self.standard.apply(&mut inputs);
        let batch = order.len();
        let logits = net.forward(rows(inputs, [batch, HARMONY_INPUTS], device));
        let target: Tensor<2> = rows(targets, [batch, CHORDS], device);
        Ok((log_softmax(logits, 1) * target).sum().neg() / batch as f32)
    }

    fn export(&self, net: &HarmonyNet) -> Result<Network, rtneural::Error> {
        net.export(&self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = evaluate::harmony::measure(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([
            ("loss".to_owned(), report.cross_entropy),
            ("chord".to_owned(), report.settled_chord),
            ("root".to_owned(), report.settled_root),
        ]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_the_input_turns_the_chord() {
        let mut input = [0.0; HARMONY_INPUTS];
        input[MOOD_CELLS + 11] = 1.0;
        input[MOOD_CELLS + 2 * N_CHROMA] = 0.5;
        input[127] = 0.25;
        let turned = turn(&input, 2);
        assert_eq!(turned[MOOD_CELLS + 1], 1.0);
        assert_eq!(turned[MOOD_CELLS + 2 * N_CHROMA + 2], 0.5);
        assert_eq!(turned[127], 0.25);
        let best = |(target, _): ([f32; CHORDS], f32)| {
            (0..CHORDS).max_by(|&a, &b| target[a].total_cmp(&target[b])).unwrap()
        };
        // Bm two semitones up is C sharp minor; an augmented chord four semitones up is itself.
        assert_eq!(best(target(Some(12 + 11), 2)), 12 + 1);
        assert_eq!(best(target(Some(61), 4)), 61);
        let sum: f32 = target(Some(3), 0).0.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}
