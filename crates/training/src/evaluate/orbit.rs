//! Orbit: how well the picture follows the music, with the sync score of `dendrite_julia` on drawn pictures.

use anyhow::Result;
use dendrite_features::FeatureWindow;
use dendrite_orbit::{Controls, Settings};
use dendrite_pipeline::spec::OrbitShape;
use rtneural::Model;

use super::Row;
use crate::corpus::Corpus;
use crate::data::{Piece, Split};
use crate::orbit::evaluate::{Controller, Summary, scores};
use crate::statistics::{Explained, Linear, mean_r2};

/// Seconds of each piece of which pictures are drawn.
const SECONDS: std::ops::Range<f64> = 5.0..25.0;
/// Pieces of which pictures are drawn; the contract asks for forty.
const PIECES: usize = 40;
/// Every so many frames say how much of the network is linear.
const STRIDE: usize = 7;

/// The model beside the heuristic, onset-driven speed, a constant orbit, and controls that stand still where the model's
/// mean is.
///
/// # Errors
/// The model is not one of the orbit.
pub fn compare(corpus: &Corpus, model: &Model, shape: OrbitShape) -> Result<Vec<Row>> {
    let pieces: Vec<Piece> =
        corpus.of(Split::Test).into_iter().take(PIECES).map(|i| corpus.pieces[i].clone()).collect();
    let settings = Settings::default();
    let own = Summary::of(&scores(Controller::Network(model, shape), &pieces, &settings, SECONDS)?);
    let still = Controls { s: own.s, alpha: 0.3, omega_scale: 1.0, gates: [0.5; 6] };
    let mut rows = vec![row("model", &own, shape)];
    for (name, controller) in [
        ("heuristic", Controller::Fallback),
        ("onset-driven speed", Controller::OnsetSpeed),
        ("constant orbit", Controller::ConstantOrbit),
        ("model standing still", Controller::Still(still)),
    ] {
        rows.push(row(name, &Summary::of(&scores(controller, &pieces, &settings, SECONDS)?), shape));
    }
    rows[0].metrics.push(("linear share", linear_share(model, shape, &pieces)?));
    Ok(rows)
}

fn row(name: &'static str, summary: &Summary, shape: OrbitShape) -> Row {
    let least = summary.deviations.iter().copied().take(shape.outputs()).fold(f64::INFINITY, f64::min);
    Row {
        name,
        metrics: vec![
            ("sync", summary.sync[0]),
            ("95 % interval", summary.sync[1]),
            ("chance", summary.chance),
            ("centroid r", summary.centroid_r),
            ("least deviation", least),
            ("dark", summary.dark),
            ("change", summary.change),
        ],
    }
}

/// How much of the network's outputs a linear regression on its inputs explains: fitted on every other piece, measured on
/// the rest.
fn linear_share(model: &Model, shape: OrbitShape, pieces: &[Piece]) -> Result<f64> {
    type Half = (Vec<Vec<f64>>, Vec<Vec<f32>>);
    let mut halves: [Half; 2] = Default::default();
    for (n, piece) in pieces.iter().enumerate() {
        let mut window = FeatureWindow::new(shape.window_frames, shape.deltas());
        let mut state = model.state();
        for (k, frame) in piece.frames.iter().enumerate() {
            window.push(&frame.base);
            if k % STRIDE == 0 {
                let mut said = vec![0.0; shape.outputs()];
                model.forward(&mut state, window.values(), &mut said)?;
                halves[n % 2].0.push(window.values().iter().map(|&x| f64::from(x)).collect());
                halves[n % 2].1.push(said);
            }
        }
    }
    let [(rows, said), (others, truth)] = halves;
    let targets: Vec<Vec<Option<f64>>> = (0..shape.outputs())
        .map(|output| said.iter().map(|said| Some(f64::from(said[output]))).collect())
        .collect();
    let linear = Linear::fit(&rows, &targets);
    let mut explained = vec![Explained::default(); shape.outputs()];
    for (row, truth) in others.iter().zip(&truth) {
        for (output, explained) in explained.iter_mut().enumerate() {
            explained.add(f64::from(truth[output]), linear.say(row, output));
        }
    }
    Ok(mean_r2(&explained))
}
