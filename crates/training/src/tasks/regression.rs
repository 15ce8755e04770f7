//! Dynamics and groove: regression to the statistics of how bars were performed, step by step.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::contexts::DYNAMICS_INPUTS;
use dendrite_pipeline::{DYNAMICS, GROOVE_OUTPUTS, MOOD_CELLS, ModelKind};
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use crate::corpus::Corpus;
use crate::data::Split;
use crate::evaluate::{self, Example, RegressionReport};
use crate::fit::Task;
use crate::nets::{DynamicsNet, GrooveNet, Standard};
use crate::random::Random;

/// What one of the two networks can do.
#[derive(Clone, Copy)]
struct Ability<N> {
    kind: ModelKind,
    fresh: fn(&Device) -> N,
    forward: fn(&N, Tensor<2>) -> Tensor<2>,
    export: fn(&N, &Standard) -> Result<Network, rtneural::Error>,
    measure: fn(&Corpus, Split, &Model) -> Result<RegressionReport>,
}

/// The data of a model with I inputs and O outputs.
pub struct RegressionTask<'a, N, const I: usize, const O: usize> {
    ability: Ability<N>,
    corpus: &'a Corpus,
    examples: Vec<Example<I, O>>,
    standard: Standard,
    order: Vec<usize>,
    batch_size: usize,
}

/// The dynamics model's.
pub type DynamicsTask<'a> = RegressionTask<'a, DynamicsNet, DYNAMICS_INPUTS, DYNAMICS>;
/// The groove model's.
pub type GrooveTask<'a> = RegressionTask<'a, GrooveNet, MOOD_CELLS, GROOVE_OUTPUTS>;

impl<'a> DynamicsTask<'a> {
    /// Of the pieces whose bars are known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let ability = Ability {
            kind: ModelKind::Dynamics,
            fresh: DynamicsNet::new,
            forward: DynamicsNet::forward,
            export: DynamicsNet::export,
            measure: evaluate::dynamics::measure,
        };
        let examples = evaluate::dynamics::examples(corpus, Split::Train)?;
        Ok(Self::of(ability, corpus, examples, batch_size))
    }
}

impl<'a> GrooveTask<'a> {
    /// Of the pieces whose bars are known.
    ///
    /// # Errors
    /// The corpus has no moods yet.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Result<Self> {
        let ability = Ability {
            kind: ModelKind::Groove,
            fresh: GrooveNet::new,
            forward: GrooveNet::forward,
            export: GrooveNet::export,
            measure: evaluate::groove::measure,
        };
        let examples = evaluate::groove::examples(corpus, Split::Train)?;
        Ok(Self::of(ability, corpus, examples, batch_size))
    }
}

impl<'a, N, const I: usize, const O: usize> RegressionTask<'a, N, I, O> {
    fn of(ability: Ability<N>, corpus: &'a Corpus, examples: Vec<Example<I, O>>, batch_size: usize) -> Self {
        let standard = Standard::of(I, examples.iter().map(|example| example.input.as_slice()));
        Self { ability, corpus, examples, standard, order: Vec::new(), batch_size }
    }

    /// Examples in a batch: all of them where there are few.
    fn rows(&self) -> usize {
        self.batch_size.min(self.order.len())
    }
}

impl<N: Module + Clone, const I: usize, const O: usize> Task for RegressionTask<'_, N, I, O> {
    type Net = N;

    fn kind(&self) -> ModelKind {
        self.ability.kind
    }

    fn fresh(&self, device: &Device) -> N {
        (self.ability.fresh)(device)
    }

    fn begin_epoch(&mut self, _net: &N, _epoch: usize, seed: u64) -> Result<usize> {
        self.order = (0..self.examples.len()).collect();
        Random::new(seed).shuffle(&mut self.order);
        Ok(self.order.len() / self.rows().max(1))
    }

    fn loss(&mut self, net: &N, index: usize, device: &Device) -> Result<Tensor<1>> {
        let order = &self.order[index * self.rows()..][..self.rows()];
        let (mut inputs, mut targets, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for &i in order {
            let example = &self.examples[i];
            inputs.extend_from_slice(&example.input);
            targets.extend(example.target.map(|value| value.unwrap_or(0.0)));
            known.extend(example.target.map(|value| if value.is_some() { 1.0 } else { 0.0 }));
        }
        self.standard.apply(&mut inputs);
        let (batch, count) = (order.len(), known.iter().sum::<f32>());
        let said = (self.ability.forward)(net, rows(inputs, [batch, I], device));
        let target: Tensor<2> = rows(targets, [batch, O], device);
        let known: Tensor<2> = rows(known, [batch, O], device);
        Ok(((said - target).square() * known).sum() / count.max(1.0))
    }

    fn export(&self, net: &N) -> Result<Network, rtneural::Error> {
        (self.ability.export)(net, &self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = (self.ability.measure)(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([("loss".to_owned(), report.squared_error), ("r2".to_owned(), report.r2)]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}
