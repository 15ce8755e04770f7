//! How good a model is on pieces that it has not learnt from, beside what it must beat: the heuristic, the best constant, a
//! linear regression on the same input, and an oracle that is given the truth about the mood.

pub mod dynamics;
pub mod emotion;
pub mod groove;
pub mod harmony;
pub mod melody;
pub mod orbit;
mod regression;

pub use regression::{Example, RegressionReport};

use anyhow::{Context, Result};
use rtneural::{Model, State};
use serde::{Serialize, Serializer};

use crate::data::Split;

/// Refuses a measurement of nothing, whose zeros would look like a result.
fn require(count: f64, what: &str, split: Split) -> Result<()> {
    anyhow::ensure!(
        count > 0.0,
        "no piece of the part for {split:?} has {what}: there is nothing to measure"
    );
    Ok(())
}

/// One forward pass.
fn forward<const O: usize>(model: &Model, state: &mut State, input: &[f32]) -> Result<[f32; O]> {
    let mut output = [0.0; O];
    model.forward(state, input, &mut output).context("running the model")?;
    Ok(output)
}

/// A row of a comparison: who says it, and how good that is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// For example "model" or "heuristic".
    pub name: &'static str,
    /// Metric and value, in the order in which they are shown.
    #[serde(serialize_with = "as_map")]
    pub metrics: Vec<(&'static str, f64)>,
}

fn as_map<S: Serializer>(metrics: &[(&'static str, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().copied())
}

/// Numbers of a linear regression as probabilities: none below 0.0001, together 1.
fn as_probabilities<const N: usize>(said: impl Fn(usize) -> f64) -> [f32; N] {
    let said: [f32; N] = std::array::from_fn(|i| said(i).max(1e-4) as f32);
    let sum: f32 = said.iter().sum();
    said.map(|p| p / sum)
}

/// The rows of a model's comparison as an aligned table.
pub fn table(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let mut text = format!("{:<22}", "");
    first.metrics.iter().for_each(|(name, _)| text += &format!(" {name:>16}"));
    text.push('\n');
    for row in rows {
        text += &format!("{:<22}", row.name);
        for (name, _) in &first.metrics {
            match row.metrics.iter().find(|(other, _)| other == name) {
                Some((_, value)) => text += &format!(" {value:>16.4}"),
                None => text += &format!(" {:>16}", "-"),
            }
        }
        text.push('\n');
    }
    text
}
