//! Orbit: the objective of `crate::orbit`, as the training loop asks for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use dendrite_features::FRAME_RATE;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::OrbitShape;
use rtneural::Network;

use crate::corpus::Corpus;
use crate::data::{Piece, Split};
use crate::fit::Task;
use crate::nets::{OrbitNet, Standard};
use crate::orbit::objective::Weights;
use crate::orbit::proxy::ChangeProxy;
use crate::orbit::{BatchShape, OrbitTask, validate};

/// Training pieces; the objective is about motion, of which every second of every piece has plenty.
const PIECES: usize = 48;
/// Shortest piece that is learnt from, in seconds, where there are enough that are longer.
const LONG_S: f64 = 24.0;
/// Validation pieces of which pictures are drawn each epoch, and which seconds of them.
const DRAWN: usize = 8;
const SECONDS: std::ops::Range<f64> = 4.0..14.0;

/// The orbit model's data.
pub struct OrbitFit {
    task: OrbitTask,
    shape: OrbitShape,
    validation: Vec<Piece>,
    music: (usize, f64),
}

impl OrbitFit {
    /// Of the pieces of a corpus; nothing has to be known of them.
    ///
    /// # Errors
    /// A shape other than the default's inputs and gates.
    pub fn new(corpus: &Corpus, shape: OrbitShape, weights: Weights, batch_size: usize) -> Result<Self> {
        anyhow::ensure!(
            shape == OrbitShape::default(),
            "only the default shape can be trained at present: 10 frames, no differences, 6 gates"
        );
        let pieces = |split| corpus.of(split).into_iter().map(|i| &corpus.pieces[i]);
        let long = |piece: &&Piece| piece.frames.len() as f64 >= LONG_S * FRAME_RATE;
        let mut train: Vec<Piece> = pieces(Split::Train).filter(long).take(PIECES).cloned().collect();
        if train.len() < PIECES {
            train.extend(pieces(Split::Train).filter(|p| !long(p)).take(PIECES - train.len()).cloned());
        }
        let validation = pieces(Split::Validation).take(DRAWN).cloned().collect();
        let batch = BatchShape::default();
        // Sequences of a batch: so many places in each of so many pieces.
        let batch = BatchShape { pieces: batch_size.div_ceil(batch.places), ..batch };
        let proxy = ChangeProxy::kept().context("reading the proxy of the picture's change")?;
        let frames: usize = train.iter().map(|piece| piece.frames.len()).sum();
        let music = (train.len(), frames as f64 / FRAME_RATE / 3600.0);
        Ok(Self { music, task: OrbitTask::new(train, proxy, weights, batch), shape, validation })
    }
}

impl Task for OrbitFit {
    type Net = OrbitNet;

    fn kind(&self) -> ModelKind {
        ModelKind::Orbit
    }

    fn fresh(&self, device: &Device) -> OrbitNet {
        OrbitNet::new(self.shape, device)
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
        Ok(validate(network, &self.validation, SECONDS)?.0)
    }

    fn standard(&self) -> &Standard {
        self.task.standard()
    }

    fn music(&self) -> Option<(usize, f64)> {
        Some(self.music)
    }
}
