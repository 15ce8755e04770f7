//! Groove: regression to when and how strongly the steps of bars were played.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::{GROOVE_OUTPUTS, MOOD_CELLS};
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use crate::corpus::Corpus;
use crate::data::Split;
use crate::evaluate;
use crate::fit::Task;
use crate::nets::{GrooveNet, Standard};
use crate::random::Random;

/// One step to learn from: what is heard, what was played, and which of it is known.
type Example = evaluate::Example<MOOD_CELLS, GROOVE_OUTPUTS>;

/// The groove model's data.
pub struct GrooveTask<'a> {
    corpus: &'a Corpus,
    examples: Vec<Example>,
    standard: Standard,
    order: Vec<usize>,
    batch_size: usize,
}

impl<'a> GrooveTask<'a> {
    /// Of the pieces whose bars are known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let examples = evaluate::groove::examples(corpus, Split::Train)?;
        let inputs = examples.iter().map(|example| example.input.as_slice());
        let standard = Standard::of(MOOD_CELLS, inputs);
        Ok(Self { corpus, examples, standard, order: Vec::new(), batch_size })
    }
}

impl Task for GrooveTask<'_> {
    type Net = GrooveNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Groove
    }

    fn fresh(&self, device: &Device) -> GrooveNet {
        GrooveNet::new(device)
    }

    fn begin_epoch(&mut self, _net: &GrooveNet, _epoch: usize, seed: u64) -> Result<usize> {
        self.order = (0..self.examples.len()).collect();
        Random::new(seed).shuffle(&mut self.order);
        Ok(self.order.len() / self.batch_size)
    }

    fn loss(&mut self, net: &GrooveNet, index: usize, device: &Device) -> Result<Tensor<1>> {
        let order = &self.order[index * self.batch_size..(index + 1) * self.batch_size];
        let (mut inputs, mut targets, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for &i in order {
            let example = &self.examples[i];
            inputs.extend_from_slice(&example.input);
            targets.extend(example.target.map(|value| value.unwrap_or(0.0)));
            known.extend(example.target.map(|value| if value.is_some() { 1.0 } else { 0.0 }));
        }
        self.standard.apply(&mut inputs);
        let (batch, count) = (order.len(), known.iter().sum::<f32>());
        let said = net.forward(rows(inputs, [batch, MOOD_CELLS], device));
        let target: Tensor<2> = rows(targets, [batch, GROOVE_OUTPUTS], device);
        let known: Tensor<2> = rows(known, [batch, GROOVE_OUTPUTS], device);
        Ok(((said - target).square() * known).sum() / count.max(1.0))
    }

    fn export(&self, net: &GrooveNet) -> Result<Network, rtneural::Error> {
        net.export(&self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = evaluate::groove::measure(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([("loss".to_owned(), report.squared_error), ("r2".to_owned(), report.r2)]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}
