//! Melody: cross-entropy to the next pitch, moved to C, where a melody note starts, and few notes outside of the scale.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::{MOOD_CELLS, ModelKind, PITCHES};
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use super::streams::{Memory, Streams};
use crate::corpus::{Corpus, Map};
use crate::data::Split;
use crate::evaluate;
use crate::fit::Task;
use crate::nets::layers::values;
use crate::nets::{MelodyNet, MelodyState, Standard};

/// Sixteenths through which gradients go back: two bars.
const TIME: usize = 32;
/// Nats that all of the mass outside of the scale costs: what is outside is heard as wrong, however likely it was. A third of the
/// generator's pieces are in church modes, whose sixths and sevenths the mood does not tell; what counts is their own scale.
const OFF_SCALE: f32 = 1.6;
/// Streams of pieces that are learnt from at a time.
const STREAMS: usize = 320;

/// The melody model's data.
pub struct MelodyTask<'a> {
    corpus: &'a Corpus,
    standard: Standard,
    streams: Streams,
    batch_size: usize,
    memory: Memory,
}

impl<'a> MelodyTask<'a> {
    /// Of the pieces whose melody is known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let mut maps: Vec<&Map> = Vec::new();
        for i in corpus.of(Split::Train) {
            maps.extend(corpus.maps(i)?.iter().step_by(8));
        }
        let standard = Standard::of(MOOD_CELLS, maps.iter().map(|map| map.as_slice()));
        Ok(Self { corpus, standard, streams: Streams::default(), batch_size, memory: Memory::default() })
    }
}

impl Task for MelodyTask<'_> {
    type Net = MelodyNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Melody
    }

    fn fresh(&self, device: &Device) -> MelodyNet {
        MelodyNet::new(device)
    }

    fn begin_epoch(&mut self, _net: &MelodyNet, _epoch: usize, seed: u64) -> Result<usize> {
        let steps = |i: usize| self.corpus.pieces[i].truth.steps.as_ref().map_or(0, Vec::len);
        let pieces: Vec<(usize, usize)> =
            self.corpus.of(Split::Train).into_iter().map(|i| (i, steps(i))).collect();
        self.streams = Streams::deal(&pieces, STREAMS, self.batch_size, TIME, seed);
        self.memory.forget();
        Ok(self.streams.batches())
    }

    fn loss(&mut self, net: &MelodyNet, index: usize, device: &Device) -> Result<Tensor<1>> {
        let parts = self.streams.batch(index);
        let batch = parts.len();
        let mut inputs = Vec::with_capacity(batch * TIME * MOOD_CELLS);
        let mut targets = vec![0.0; batch * TIME * PITCHES];
        let mut strange = vec![0.0; batch * TIME * PITCHES];
        let mut notes = 0;
        for (stream, part) in parts.iter().enumerate() {
            let piece = &self.corpus.pieces[part.piece];
            let steps = piece.truth.steps.as_deref().unwrap_or_default();
            for (t, step) in steps[part.start..part.start + TIME].iter().enumerate() {
                inputs.extend(evaluate::melody::heard(&self.corpus.moods[part.piece], step));
                if let Some(pitch) = step.melody {
                    let row = (stream * TIME + t) * PITCHES;
                    targets[row + usize::from(step.key.to_c(pitch))] = 1.0;
                    for (pitch, strange) in strange[row..row + PITCHES].iter_mut().enumerate() {
                        *strange = f32::from(u8::from(!step.key.has_in_c(pitch)));
                    }
                    notes += 1;
                }
            }
        }
        self.standard.apply(&mut inputs);
        let state = self.memory.before(parts, MelodyState::WIDTH);
        let state = MelodyState::of_rows(rows(state, [batch, MelodyState::WIDTH], device));
        let (logits, state) = net.forward(rows(inputs, [batch, TIME, MOOD_CELLS], device), state);
        self.memory.after(parts, MelodyState::WIDTH, TIME, &values(state.rows()));
        let target: Tensor<3> = rows(targets, [batch, TIME, PITCHES], device);
        let strange: Tensor<3> = rows(strange, [batch, TIME, PITCHES], device);
        let said = log_softmax(logits, 2);
        let surprise = (said.clone() * target).sum().neg();
        let off_scale = (said.exp() * strange).sum();
        Ok((surprise + off_scale * OFF_SCALE) / notes.max(1) as f32)
    }

    fn export(&self, net: &MelodyNet) -> Result<Network, rtneural::Error> {
        net.export(&self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = evaluate::melody::measure(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([
            ("loss".to_owned(), report.cross_entropy),
            ("on_scale".to_owned(), report.on_scale),
        ]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}
