//! The orbit model's task: pieces, batches of sequences, the loss of a batch, the score of an exported network.
//!
//! ```text
//! pieces ── network as it is now ──> controls ── Orbit::step ──> an orbit every 32 hops (begin_epoch)
//!                                                                     │
//! batch: 12 pieces x 4 places x 96 hops  <── drawn at random ─────────┘
//! ```
//! Sequences begin with the orbit that the network itself has led to at that place, renewed at every epoch, so that there is
//! nothing to settle within a sequence. A batch mixes pieces and places, so that batch norm sees what playing sees.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use dendrite_features::{Base, FeatureWindow, Frame};
use dendrite_orbit::{Clock, Controls, GATES, HOP_S, Orbit, OrbitState, Settings};
use dendrite_pipeline::spec::OrbitShape;
use rayon::prelude::*;
use rtneural::{Layer, Model, Network, Options};

use super::evaluate::{
    Controller, Summary, activity, bars_per_second, fallback_controls, hop_input, network_controls, scores,
    smoothed, smoothed_bands,
};
use super::objective::{Heard, Terms, terms};
use super::proxy::ChangeProxy;
use super::{
    Hop, OrbitOptions, Passage, SIGNALS, SynthesisError, map_outputs, signals, six_gates, synthesise,
};
use crate::data::Piece;
use crate::nets::{OrbitNet, Standard};
use crate::random::Random;

/// Hops between two places where a sequence may begin.
const GRID: usize = 32;

/// The shortest sequence: third differences are taken in it.
const LEAST_HOPS: usize = 8;

/// The size of a batch. Each number counts as 1 at least, `hops` as 8; without batches an epoch has as many hops as the music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchShape {
    /// Pieces in a batch.
    pub pieces: usize,
    /// Sequences of each of them.
    pub places: usize,
    /// Hops of a sequence.
    pub hops: usize,
    /// Batches in an epoch.
    pub batches: Option<usize>,
}

impl Default for BatchShape {
    /// 48 sequences of two seconds, as often as the music has them.
    fn default() -> Self {
        Self { pieces: 12, places: 4, hops: 96, batches: None }
    }
}

/// A piece made ready.
#[derive(Clone, Debug)]
pub struct Prepared {
    piece: Piece,
    tempo: f64,
    centroid: Vec<f64>,
    loudness: Vec<f64>,
    bands: Vec<[f64; GATES]>,
    activity: Vec<f64>,
    preset: Vec<[f64; SIGNALS.len()]>,
    begins: Vec<Begin>,
}

/// Where a sequence may begin.
#[derive(Clone, Debug)]
struct Begin {
    hop: usize,
    orbit: Orbit,
    before: OrbitState,
}

/// What cannot be trained on or with.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A sequence that cannot be synthesised.
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
    /// The network cannot be exported or run.
    #[error(transparent)]
    Network(#[from] rtneural::Error),
    /// The network has other sizes than the default orbit's.
    #[error(transparent)]
    Run(#[from] rtneural::RunError),
    /// No piece is long enough for a sequence.
    #[error("expected pieces of more than {hops} hops for sequences, found none in {pieces} pieces")]
    NoSequences {
        /// Hops needed.
        hops: usize,
        /// Pieces given.
        pieces: usize,
    },
}

/// Everything that a training loop asks of the orbit model.
#[derive(Clone, Debug)]
pub struct OrbitTask {
    pieces: Vec<Prepared>,
    standard: Standard,
    settings: Settings,
    proxy: ChangeProxy,
    options: OrbitOptions,
    batch: BatchShape,
    epoch: usize,
    batches: Vec<Vec<(usize, usize)>>,
}

impl OrbitTask {
    /// From pieces to learn from. Computes the standardisation and the preset orbits, which are those of the heuristic
    /// controller on the same sound.
    pub fn new(pieces: Vec<Piece>, proxy: ChangeProxy, options: OrbitOptions, batch: BatchShape) -> Self {
        let settings = Settings::default();
        let batch = BatchShape {
            pieces: batch.pieces.max(1),
            places: batch.places.max(1),
            hops: batch.hops.max(LEAST_HOPS),
            batches: batch.batches.map(|batches| batches.max(1)),
        };
        let inputs = options.shape.inputs();
        let mut sums = Standard::adding(inputs);
        for piece in &pieces {
            let rows = windows(&piece.frames, 0..piece.frames.len(), options.shape);
            rows.chunks_exact(inputs).for_each(|row| sums.add(row));
        }
        let standard = sums.standard();
        let prepare = |piece: Piece| {
            let follow = |feature: Base| {
                smoothed(piece.frames.iter().map(|frame| f64::from(frame.get(feature))), &settings)
            };
            Prepared {
                tempo: bars_per_second(&piece),
                centroid: follow(Base::Centroid),
                loudness: follow(Base::Rms),
                bands: smoothed_bands(&piece.frames, &settings),
                activity: activity(&piece.frames),
                preset: fallback_controls(&piece.frames).iter().map(signals).collect(),
                begins: Vec::new(),
                piece,
            }
        };
        let pieces = pieces.into_par_iter().map(prepare).collect();
        Self { pieces, standard, settings, proxy, options, batch, epoch: 0, batches: Vec::new() }
    }

    /// What the inputs are standardised by.
    pub fn standard(&self) -> &Standard {
        &self.standard
    }

    /// Plays every piece with the network as it is (in inference mode) and draws the epoch's batches. Returns their number.
    ///
    /// # Errors
    /// Weights that are not finite; no piece long enough.
    pub fn begin_epoch(&mut self, net: &OrbitNet, epoch: usize, seed: u64) -> Result<usize, TaskError> {
        let model = Model::new(&self.export(net)?, Options::default())?;
        let (settings, hops, shape) = (self.settings, self.batch.hops, self.options.shape);
        self.pieces.par_iter_mut().try_for_each(|piece| {
            let controls = network_controls(&model, shape, &piece.piece.frames)?;
            piece.begins = begins(piece, &controls, &settings, hops);
            Ok::<(), TaskError>(())
        })?;
        self.epoch = epoch;
        let mut random = Random::new(seed ^ (epoch as u64) << 32);
        let mut usable: Vec<usize> =
            (0..self.pieces.len()).filter(|&piece| !self.pieces[piece].begins.is_empty()).collect();
        if usable.is_empty() {
            return Err(TaskError::NoSequences { hops, pieces: self.pieces.len() });
        }
        let mut queue: Vec<usize> = Vec::new();
        let frames: usize = usable.iter().map(|&piece| self.pieces[piece].piece.frames.len()).sum();
        let once = || frames.div_ceil(self.batch.pieces * self.batch.places * hops);
        self.batches = (0..self.batch.batches.unwrap_or_else(once))
            .map(|_| {
                while queue.len() < self.batch.pieces {
                    random.shuffle(&mut usable);
                    queue.extend(&usable);
                }
                let picked: Vec<usize> = queue.drain(..self.batch.pieces).collect();
                let places = picked.iter().flat_map(|&piece| {
                    let begins = self.pieces[piece].begins.len();
                    (0..self.batch.places).map(|_| (piece, random.below(begins))).collect::<Vec<_>>()
                });
                places.collect()
            })
            .collect();
        Ok(self.batches.len())
    }

    /// The loss on batch `index` of the epoch, and its terms.
    ///
    /// # Errors
    /// [`SynthesisError`], which passages made here do not give.
    pub fn loss(
        &self,
        net: &OrbitNet,
        index: usize,
        device: &Device,
    ) -> Result<(Tensor<1>, Terms), TaskError> {
        let batch = &self.batches[index];
        let (rows, hops, shape) = (batch.len(), self.batch.hops, self.options.shape);
        let mut inputs: Vec<f32> = Vec::with_capacity(rows * hops * shape.inputs());
        let mut heard: [Vec<f32>; 6] = Default::default();
        let mut passages = Vec::with_capacity(rows);
        for &(piece, begin) in batch {
            let piece = &self.pieces[piece];
            let begin = &piece.begins[begin];
            let span = begin.hop..begin.hop + hops;
            inputs.extend(windows(&piece.piece.frames, span.clone(), shape));
            let frames = &piece.piece.frames[span.clone()];
            heard[0].extend(frames.iter().map(|frame| frame.get(Base::Onset)));
            heard[1].extend(piece.centroid[span.clone()].iter().map(|x| *x as f32));
            heard[2].extend(piece.loudness[span.clone()].iter().map(|x| *x as f32));
            heard[3].extend(piece.bands[span.clone()].as_flattened().iter().map(|x| *x as f32));
            heard[4].extend(piece.activity[span.clone()].iter().map(|x| *x as f32));
            heard[5].extend(piece.preset[span].as_flattened().iter().map(|x| *x as f32));
            passages.push(Passage {
                orbit: begin.orbit.clone(),
                before: Some(begin.before),
                component: begin.before.component,
                hops: frames
                    .iter()
                    .map(|frame| Hop {
                        onset: frame.get(Base::Onset),
                        loudness: frame.get(Base::Rms),
                        silent: frame.silent,
                        clock: Clock::Free { bars_per_second: piece.tempo },
                    })
                    .collect(),
            });
        }
        self.standard.apply(&mut inputs);
        let inputs = TensorData::new(inputs, [rows * hops, shape.inputs()]);
        let outputs = net.forward(Tensor::from_data(inputs, device)).reshape([rows, hops, shape.outputs()]);
        let controls = six_gates(map_outputs(outputs));
        let motion = synthesise(controls.clone(), &passages, &self.settings)?;
        let [onset, centroid, loudness, bands, activity, preset] = heard;
        let plane = |numbers| Tensor::<2>::from_data(TensorData::new(numbers, [rows, hops]), device);
        let block = |numbers, depth: usize| {
            Tensor::<3>::from_data(TensorData::new(numbers, [rows, hops, depth]), device)
        };
        let heard = Heard {
            groups: rows / self.batch.places,
            onset: plane(onset),
            centroid: plane(centroid),
            loudness: plane(loudness),
            bands: block(bands, GATES),
            activity: plane(activity),
            preset: block(preset, SIGNALS.len()),
        };
        let terms = terms(&controls, &motion, &heard, &self.proxy);
        Ok((terms.total(&self.options.objective, self.epoch), terms))
    }

    /// The network of the file, from the network in inference mode.
    ///
    /// # Errors
    /// Weights that are not finite.
    pub fn export(&self, net: &OrbitNet) -> Result<Network, rtneural::Error> {
        net.valid().export(&self.standard)
    }
}

/// Metrics of an exported network on whole pieces, with drawn pictures of the given seconds; `loss` is the score, the lower
/// the better: 1 - sync, and what is missing from the other bars.
///
/// # Errors
/// The network cannot be run.
pub fn validate(
    network: &Network,
    shape: OrbitShape,
    pieces: &[Piece],
    seconds: Range<f64>,
) -> Result<(BTreeMap<String, f64>, Summary), TaskError> {
    let model = Model::new(network, Options::default())?;
    let controller = Controller::Network(&model, shape);
    let summary = Summary::of(&scores(controller, pieces, &Settings::default(), seconds)?);
    let bars = super::evaluate::Bars::ORBIT;
    // Gates that the model does not have do not move.
    let own = summary.deviations.iter().take(shape.outputs());
    let still: f64 = own.map(|deviation| (1.0 - deviation / bars.deviation).max(0.0)).sum();
    let strobe =
        (bars.change[0] / summary.change.max(1e-6) - 1.0).max(summary.change / bars.change[1] - 1.0).max(0.0);
    let loss = 1.0 - summary.sync[0]
        + (bars.centroid_r - summary.centroid_r).max(0.0)
        + still
        + 10.0 * (summary.dark - bars.dark).max(0.0)
        + strobe;
    let mut metrics = BTreeMap::from([
        ("loss".to_owned(), loss),
        ("sync".to_owned(), summary.sync[0]),
        ("centroid_r".to_owned(), summary.centroid_r),
        ("loudness_r".to_owned(), summary.loudness_r),
        ("activity_r".to_owned(), summary.activity_r),
        ("dark".to_owned(), summary.dark),
        ("change".to_owned(), summary.change),
    ]);
    for (name, deviation) in SIGNALS.iter().zip(summary.deviations).take(shape.outputs()) {
        metrics.insert(format!("deviation_{name}"), deviation);
    }
    for (band, r) in (1..).zip(summary.band_r).take(shape.bands) {
        metrics.insert(format!("band_r_gate_{band}"), r);
    }
    Ok((metrics, summary))
}

/// How well each batch norm knows what it meets in playing: the geometric mean over its features of running variance over
/// true variance, on every `every`th frame of the pieces. Dropout makes training's variance some ten percent larger; a
/// factor far from 1 says that batches were not mixed.
///
/// # Errors
/// The network cannot be run.
pub fn variance_ratios(
    network: &Network,
    shape: OrbitShape,
    pieces: &[Piece],
    every: usize,
) -> Result<Vec<f64>, TaskError> {
    let all = |piece: &Piece| windows(&piece.frames, 0..piece.frames.len(), shape);
    let rows: Vec<f32> = pieces.iter().flat_map(all).collect();
    let layers = network.layers();
    let norms = layers.iter().enumerate().filter_map(|(i, layer)| match layer {
        Layer::BatchNorm(norm) => Some((i, norm)),
        _ => None,
    });
    norms
        .map(|(index, norm)| {
            let before = Network::new(network.inputs(), layers[..index].to_vec())?;
            let model = Model::new(&before, Options::default())?;
            let (mut state, mut output) = (model.state(), vec![0.0; model.outputs()]);
            let (mut sums, mut squares) = (vec![0.0; model.outputs()], vec![0.0; model.outputs()]);
            let mut count = 0.0;
            for row in rows.chunks_exact(shape.inputs()).step_by(every.max(1)) {
                model.forward(&mut state, row, &mut output)?;
                for ((sum, square), &x) in sums.iter_mut().zip(&mut squares).zip(&output) {
                    *sum += f64::from(x);
                    *square += f64::from(x).powi(2);
                }
                count += 1.0;
            }
            let ratios =
                norm.variance.iter().zip(sums.iter().zip(&squares)).map(|(running, (sum, square))| {
                    let variance: f64 = square / count - (sum / count).powi(2);
                    ((f64::from(*running) + 1e-9) / (variance.max(0.0) + 1e-9)).ln()
                });
            Ok((ratios.sum::<f64>() / norm.variance.len() as f64).exp())
        })
        .collect()
}

/// The windows that end at the frames of a span, raw, row by row.
fn windows(frames: &[Frame], span: Range<usize>, shape: OrbitShape) -> Vec<f32> {
    let mut window = FeatureWindow::new(shape.window_frames, shape.deltas());
    // Second differences look two frames further back than the window.
    let first = span.start.saturating_sub(shape.window_frames + 2);
    let mut rows = Vec::with_capacity(span.len() * shape.inputs());
    for (at, frame) in frames.iter().enumerate().take(span.end).skip(first) {
        window.push(&frame.base);
        if at >= span.start {
            rows.extend_from_slice(window.values());
        }
    }
    rows
}

/// Plays a piece and keeps the orbit wherever a sequence may begin: on the grid, where no blend is under way.
fn begins(piece: &Prepared, controls: &[Controls], settings: &Settings, hops: usize) -> Vec<Begin> {
    let mut orbit = Orbit::new(HOP_S);
    let mut begins = Vec::new();
    let mut before: Option<OrbitState> = None;
    for (hop, (frame, controls)) in piece.piece.frames.iter().zip(controls).enumerate() {
        if hop + hops > piece.piece.frames.len() {
            break;
        }
        if let Some(before) = before.filter(|state| state.blend >= 1.0 && hop % GRID == 0) {
            begins.push(Begin { hop, orbit: orbit.clone(), before });
        }
        before = Some(orbit.step(&hop_input(frame, &frame.mel, *controls, piece.tempo), settings));
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_a_span_are_those_of_the_whole_piece() {
        let frame = |k: usize| Frame {
            base: std::array::from_fn(|i| ((k * 7 + i * 3) as f32 * 0.37).sin()),
            ..Frame::SILENCE
        };
        let frames: Vec<Frame> = (0..60).map(frame).collect();
        for (include_delta, include_delta_delta) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let shape =
                OrbitShape { window_frames: 7, include_delta, include_delta_delta, ..OrbitShape::default() };
            let all = windows(&frames, 0..60, shape);
            assert_eq!(all.len(), 60 * shape.inputs());
            for span in [0..5, 3..9, 30..60, 60..60] {
                let part = windows(&frames, span.clone(), shape);
                assert_eq!(part, all[span.start * shape.inputs()..span.end * shape.inputs()]);
            }
        }
    }
}
