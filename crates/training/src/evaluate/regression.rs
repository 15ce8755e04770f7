//! Models that say how something was played: explained variance, and what could be explained.

use anyhow::Result;
use rayon::prelude::*;
use rtneural::Model;

use super::{Row, forward};
use crate::statistics::{Explained, Linear, mean_r2};

/// One step: what the model is given, what was played, and the truth behind it.
#[derive(Clone, Debug)]
pub struct Example<const I: usize, const O: usize> {
    /// The model's input.
    pub input: [f32; I],
    /// What was played; `None` where the bar does not tell.
    pub target: [Option<f32>; O],
    /// True valence and arousal, and 1 for minor, for the oracle.
    pub truth: [f32; 3],
}

/// How well a model explains.
#[derive(Clone, Copy, Debug)]
pub struct RegressionReport {
    /// Mean squared error over everything that is known.
    pub squared_error: f64,
    /// Mean over the outputs of R².
    pub r2: f64,
}

/// Measures anything that says an output for an example.
fn measure<const I: usize, const O: usize>(
    examples: &[Example<I, O>],
    say: impl Fn(&Example<I, O>) -> Result<[f64; O]> + Sync + Send,
) -> Result<RegressionReport> {
    anyhow::ensure!(!examples.is_empty(), "no piece has known bars: there is nothing to measure");
    let said: Vec<[f64; O]> = examples.par_iter().map(say).collect::<Result<_>>()?;
    let mut explained = [Explained::default(); O];
    let (mut errors, mut count) = (0.0, 0.0);
    for (example, said) in examples.iter().zip(said) {
        for ((target, said), explained) in example.target.iter().zip(said).zip(&mut explained) {
            if let Some(target) = target.map(f64::from) {
                explained.add(target, said);
                errors += (target - said).powi(2);
                count += 1.0;
            }
        }
    }
    Ok(RegressionReport { squared_error: errors / f64::max(count, 1.0), r2: mean_r2(&explained) })
}

/// Measures a model without memory.
pub(super) fn measure_model<const I: usize, const O: usize>(
    examples: &[Example<I, O>],
    model: &Model,
) -> Result<RegressionReport> {
    measure(examples, |example| Ok(forward::<O>(model, &mut model.state(), &example.input)?.map(f64::from)))
}

/// The comparison: model, heuristic, constant, linear regression, oracle.
pub(super) fn compare<const I: usize, const O: usize>(
    train: &[Example<I, O>],
    test: &[Example<I, O>],
    model: &Model,
    heuristic: impl Fn(&Example<I, O>) -> [f32; O] + Sync + Send,
) -> Result<Vec<Row>> {
    // A few thousand examples determine some hundred weights; each bar gives many that are alike.
    let stride = (train.len() / 20_000).max(1);
    let sample: Vec<&Example<I, O>> = train.iter().step_by(stride).collect();
    let targets: Vec<Vec<Option<f64>>> =
        (0..O).map(|o| sample.iter().map(|example| example.target[o].map(f64::from)).collect()).collect();
    let fit = |rows: Vec<Vec<f64>>| Linear::fit(&rows, &targets);
    let constant = fit(vec![Vec::new(); sample.len()]);
    let input =
        |example: &Example<I, O>| -> Vec<f64> { example.input.iter().map(|&x| f64::from(x)).collect() };
    let linear = fit(sample.iter().map(|example| input(example)).collect());
    let oracle = fit(sample.iter().map(|example| cues(example.truth)).collect());
    let say = |line: &Linear, row: Vec<f64>| -> [f64; O] { std::array::from_fn(|o| line.say(&row, o)) };
    let told = measure(test, |example| Ok(say(&oracle, cues(example.truth))))?;
    let row = |name, report: RegressionReport| Row {
        name,
        metrics: vec![
            ("R2", report.r2),
            ("of the oracle's", report.r2 / told.r2.max(1e-9)),
            ("squared error", report.squared_error),
        ],
    };
    Ok(vec![
        row("model", measure_model(test, model)?),
        row("heuristic", measure(test, |example| Ok(heuristic(example).map(f64::from)))?),
        row("best constant", measure(test, |_| Ok(say(&constant, Vec::new())))?),
        row("linear regression", measure(test, |example| Ok(say(&linear, input(example))))?),
        row("oracle", told),
    ])
}

/// What the oracle knows, with products, so that a linear regression on it bends.
fn cues([valence, arousal, minor]: [f32; 3]) -> Vec<f64> {
    let [v, a, m] = [valence, arousal, minor].map(f64::from);
    vec![v, a, m, v * v, a * a, v * a, m * v, m * a, v * v * v, a * a * a, v * v * a, v * a * a]
}
