//! Dynamics: regression to the statistics of how bars were performed.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::DYNAMICS;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::contexts::DYNAMICS_INPUTS;
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use crate::corpus::Corpus;
use crate::data::Split;
use crate::evaluate;
use crate::fit::Task;
use crate::nets::{DynamicsNet, Standard};
use crate::random::Random;

/// One step to learn from: what is heard, what was played, and which of it is known.
type Example = evaluate::Example<DYNAMICS_INPUTS, DYNAMICS>;

/// The dynamics model's data.
pub struct DynamicsTask<'a> {
    corpus: &'a Corpus,
    examples: Vec<Example>,
    standard: Standard,
    order: Vec<usize>,
    batch_size: usize,
}

impl<'a> DynamicsTask<'a> {
    /// Of the pieces whose bars are known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let examples = evaluate::dynamics::examples(corpus, Split::Train)?;
        let inputs = examples.iter().map(|example| example.input.as_slice());
        let standard = Standard::of(DYNAMICS_INPUTS, inputs);
        Ok(Self { corpus, examples, standard, order: Vec::new(), batch_size })
    }
}

impl Task for DynamicsTask<'_> {
    type Net = DynamicsNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Dynamics
    }

    fn fresh(&self, device: &Device) -> DynamicsNet {
        DynamicsNet::new(device)
    }

    fn begin_epoch(&mut self, _net: &DynamicsNet, _epoch: usize, seed: u64) -> Result<usize> {
        self.order = (0..self.examples.len()).collect();
        Random::new(seed).shuffle(&mut self.order);
        Ok(self.order.len() / self.batch_size)
    }

    fn loss(&mut self, net: &DynamicsNet, index: usize, device: &Device) -> Result<Tensor<1>> {
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
        let said = net.forward(rows(inputs, [batch, DYNAMICS_INPUTS], device));
        let target: Tensor<2> = rows(targets, [batch, DYNAMICS], device);
        let known: Tensor<2> = rows(known, [batch, DYNAMICS], device);
        Ok(((said - target).square() * known).sum() / count.max(1.0))
    }

    fn export(&self, net: &DynamicsNet) -> Result<Network, rtneural::Error> {
        net.export(&self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = evaluate::dynamics::measure(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([("loss".to_owned(), report.squared_error), ("r2".to_owned(), report.r2)]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}
