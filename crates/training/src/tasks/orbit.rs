//! Orbit: the objective of `crate::orbit`, as the training loop asks for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use dendrite_features::FRAME_RATE;
use dendrite_pipeline::ModelKind;
use rtneural::Network;

use crate::corpus::Corpus;
use crate::data::{Piece, Split};
use crate::fit::Task;
use crate::nets::{OrbitNet, Standard};
use crate::orbit::proxy::ChangeProxy;
use crate::orbit::{BatchShape, OrbitOptions, OrbitTask, validate};

/// Shortest piece that is learnt from, in seconds, where there are enough that are longer.
const LONG_S: f64 = 24.0;
/// Validation pieces of which pictures are drawn each epoch, and which seconds of them.
const DRAWN: usize = 8;
const SECONDS: std::ops::Range<f64> = 4.0..14.0;

/// The orbit model's data.
pub struct OrbitFit {
    task: OrbitTask,
    options: OrbitOptions,
    validation: Vec<Piece>,
    music: (usize, f64),
}

impl OrbitFit {
    /// Of the pieces of a corpus, so many at most; nothing has to be known of them.
    ///
    /// # Errors
    /// There are no pieces to learn from or to validate on.
    pub fn new(corpus: &Corpus, options: OrbitOptions, most: usize, batch_size: usize) -> Result<Self> {
        let pieces = |split| corpus.of(split).into_iter().map(|i| &corpus.pieces[i]);
        let long = |piece: &&Piece| piece.frames.len() as f64 >= LONG_S * FRAME_RATE;
        let (long, short): (Vec<&Piece>, Vec<&Piece>) = pieces(Split::Train).partition(long);
        let train: Vec<Piece> = long.into_iter().chain(short).take(most).cloned().collect();
        let validation = pieces(Split::Validation).take(DRAWN).cloned().collect();
        let batch = BatchShape::default();
        // Sequences of a batch: so many places in each of so many pieces.
        let batch = BatchShape { pieces: batch_size.div_ceil(batch.places), ..batch };
        let proxy = ChangeProxy::kept().context("reading the proxy of the picture's change")?;
        let frames: usize = train.iter().map(|piece| piece.frames.len()).sum();
        let music = (train.len(), frames as f64 / FRAME_RATE / 3600.0);
        Ok(Self { music, task: OrbitTask::new(train, proxy, options, batch), options, validation })
    }
}

impl Task for OrbitFit {
    type Net = OrbitNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Orbit
    }

    fn fresh(&self, device: &Device) -> OrbitNet {
        OrbitNet::new(self.options.shape, device)
    }

    fn begin_epoch(&mut self, net: &OrbitNet, epoch: usize, seed: u64) -> Result<usize> {
        // The curriculum counts from 0.
        Ok(self.task.begin_epoch(net, epoch - 1, seed)?)
    }

    fn loss(&mut self, net: &OrbitNet, index: usize, device: &Device) -> Result<Tensor<1>> {
        Ok(self.task.loss(net, index, device)?.0)
    }

    fn export(&self, net: &OrbitNet) -> Result<Network, rtneural::Error> {
        self.task.export(net)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        Ok(validate(network, self.options.shape, &self.validation, SECONDS)?.0)
    }

    fn standard(&self) -> &Standard {
        self.task.standard()
    }

    fn music(&self) -> Option<(usize, f64)> {
        Some(self.music)
    }

    fn orbit(&self) -> Option<OrbitOptions> {
        Some(self.options)
    }
}
