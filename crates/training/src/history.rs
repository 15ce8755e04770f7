//! What happened in each epoch, as JSON, as CSV and as a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use dendrite_pipeline::ModelKind;
use plotters::prelude::*;
use serde::{Deserialize, Serialize};

/// All epochs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// In order.
    pub epochs: Vec<Epoch>,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// Mean loss of its batches.
    pub train_loss: f64,
    /// Metrics on the validation pieces; `loss` is the score.
    pub validation: BTreeMap<String, f64>,
    /// Learning rate of its last batch.
    pub learning_rate: f64,
    /// Wall time.
    pub seconds: f64,
}

impl History {
    /// One line about the newest epoch.
    pub fn last_line(&self, kind: ModelKind) -> String {
        let Some(last) = self.epochs.last() else { return format!("{kind}: no epoch yet") };
        let mut line = format!("{kind} epoch {:>3}: loss {:.4}", last.epoch, last.train_loss);
        // Single signals of the orbit are for the files.
        let short = |name: &str| !name.starts_with("deviation_") && !name.starts_with("band_r_");
        for (name, value) in last.validation.iter().filter(|(name, _)| short(name)) {
            // Writing to a string cannot fail.
            let _ = write!(line, ", validation {name} {value:.4}");
        }
        let _ = write!(line, ", {:.1} s", last.seconds);
        line
    }

    /// As CSV with a header; a metric that an epoch lacks is left empty.
    pub fn to_csv(&self) -> String {
        let names: BTreeSet<&String> = self.epochs.iter().flat_map(|epoch| epoch.validation.keys()).collect();
        let mut text = String::from("epoch,train_loss");
        names.iter().for_each(|name| text += &format!(",validation_{name}"));
        text += ",learning_rate,seconds\n";
        for epoch in &self.epochs {
            text += &format!("{},{}", epoch.epoch, epoch.train_loss);
            for name in &names {
                text.push(',');
                if let Some(value) = epoch.validation.get(*name) {
                    text += &value.to_string();
                }
            }
            text += &format!(",{},{:.3}\n", epoch.learning_rate, epoch.seconds);
        }
        text
    }
}

/// Writes `training_history.json`, `training_history.csv` and `loss.svg` into a folder, each beside its place first.
///
/// # Errors
/// Files that cannot be written.
pub fn write(folder: &Path, kind: ModelKind, history: &History) -> Result<()> {
    let json = serde_json::to_string_pretty(history).context("a history can be written")?;
    replace(&folder.join("training_history.json"), json.as_bytes())?;
    replace(&folder.join("training_history.csv"), history.to_csv().as_bytes())?;
    replace(&folder.join("loss.svg"), curve(kind, history).as_bytes())
}

/// Writes a file beside its place and then puts it there.
///
/// # Errors
/// What the operating system says, with the file's name.
pub fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let part = file.with_extension("part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, file));
    if written.is_err() {
        // What is half written is of no use, and on a full disk its room is.
        let _ = fs::remove_file(&part);
    }
    written.with_context(|| format!("writing {}", file.display()))
}

/// Training and validation loss over the epochs.
fn curve(kind: ModelKind, history: &History) -> String {
    let points = |value: fn(&Epoch) -> Option<f64>| -> Vec<(f64, f64)> {
        let finite = |epoch: &Epoch| value(epoch).filter(|y| y.is_finite()).map(|y| (epoch.epoch as f64, y));
        history.epochs.iter().filter_map(finite).collect()
    };
    let lines = [
        ("training", points(|epoch| Some(epoch.train_loss)), RGBColor(60, 110, 180)),
        ("validation", points(|epoch| epoch.validation.get("loss").copied()), RGBColor(210, 120, 40)),
    ];
    let all = || lines.iter().flat_map(|(_, points, _)| points).map(|&(_, y)| y);
    let (low, high) = all().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
    let mut svg = String::new();
    if low <= high {
        let margin = 0.05 * (high - low).max(1e-6);
        let last = history.epochs.len().max(2) as f64;
        let area = SVGBackend::with_string(&mut svg, (720, 420)).into_drawing_area();
        // A picture that cannot be drawn is no reason to stop a training.
        let _ = draw(&area, kind, &lines, last, [low - margin, high + margin]);
    }
    svg
}

type Line<'a> = (&'a str, Vec<(f64, f64)>, RGBColor);

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    kind: ModelKind,
    lines: &[Line<'_>],
    last: f64,
    [low, high]: [f64; 2],
) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}: loss", kind.name()), ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..last, low..high)?;
    chart.configure_mesh().x_desc("epoch").light_line_style(RGBColor(235, 235, 235)).draw()?;
    for (name, points, colour) in lines {
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(RGBColor(200, 200, 200)).background_style(WHITE).draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_written_in_all_three_forms() {
        let epoch = |n: usize, loss: f64| Epoch {
            epoch: n,
            train_loss: loss,
            validation: BTreeMap::from([("loss".to_owned(), loss + 0.1)]),
            learning_rate: 1e-3,
            seconds: 1.5,
        };
        let history = History { epochs: vec![epoch(1, 2.0), epoch(2, 1.0)] };
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), ModelKind::Groove, &history).unwrap();
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        let back: History = serde_json::from_str(&read("training_history.json")).unwrap();
        assert_eq!(back, history);
        let csv = read("training_history.csv");
        assert_eq!(csv.lines().count(), 3);
        assert!(csv.starts_with("epoch,train_loss,validation_loss,learning_rate,seconds\n1,2,2.1,"), "{csv}");
        let svg = read("loss.svg");
        assert!(svg.contains("validation") && svg.contains("polyline"), "{svg}");
    }
}
