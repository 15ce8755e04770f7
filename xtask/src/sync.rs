//! `cargo xtask sync`: how well the picture follows the music, beside two frozen baselines.

use std::path::{Path, PathBuf};

use anyhow::Result;
use dendrite_audio::Audio;
use dendrite_engine::{DEFAULT_WEIGHTS, Engine, ModelSet, Networks, Settings, Snapshot, Transport};
use dendrite_julia::{metrics, sync};
use dendrite_orbit::HOP_S;
use dendrite_orbit::baselines::{ConstantOrbit, OnsetDrivenSpeed};

use crate::bundle;

/// Mean luminance change per frame that neither stands still nor strobes.
const CALM: std::ops::RangeInclusive<f32> = 0.004..=0.03;
/// Largest share of dark frames.
const MOST_DARK: f32 = 0.05;

/// Scores the files; the demo track without any.
pub fn run(files: &[String]) -> Result<()> {
    let files: Vec<PathBuf> = if files.is_empty() {
        vec![bundle::root().join("assets/demo/dendrite_demo.ogg")]
    } else {
        files.iter().map(PathBuf::from).collect()
    };
    println!(
        "Sync score: correlation of onset strength with picture change, best lag within +-60 ms, neutral look."
    );
    println!(
        "{:<28} {:<14} {:>6} {:>7} {:>10} {:>12} {:>6}",
        "file", "controller", "r", "lag ms", "chance 95%", "change/frame", "dark"
    );
    let mut scores: Vec<Vec<f32>> = Vec::new();
    for file in &files {
        let rows = measure(file)?;
        for row in &rows {
            print_row(file, row);
        }
        scores.push(rows.iter().map(|row| row.score.r).collect());
    }
    if scores.len() > 1 {
        for (i, name) in NAMES.iter().enumerate() {
            let column: Vec<f64> = scores.iter().map(|row| f64::from(row[i])).collect();
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let deviation = (column.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            println!(
                "mean of {n:3.0} files            {name:<14} {mean:6.3} +- {:.3} (95 %)",
                1.96 * deviation / n.sqrt()
            );
        }
    }
    Ok(())
}

const NAMES: [&str; 3] = ["dendrite", "onset speed", "constant"];

/// One controller on one file.
pub struct Row {
    name: &'static str,
    /// The sync score.
    pub score: sync::SyncScore,
    /// Mean luminance change per frame.
    pub change: f32,
    /// Share of dark frames.
    pub dark: f32,
}

/// The engine and the two baselines on one file.
pub fn measure(file: &Path) -> Result<[Row; 3]> {
    let audio = dendrite_audio::read(file)?;
    let snapshots = hear(&audio)?;
    let onset: Vec<f32> = snapshots.iter().map(Snapshot::onset).collect();
    let silent: Vec<bool> = snapshots.iter().map(|s| s.frame.silent).collect();
    let mut driven = OnsetDrivenSpeed::new(HOP_S);
    let mut constant = ConstantOrbit::new(HOP_S);
    let driven: Vec<[f64; 2]> = onset.iter().map(|&o| driven.step(o)).map(|c| [c.re, c.im]).collect();
    let constant: Vec<[f64; 2]> = onset.iter().map(|&o| constant.step(o)).map(|c| [c.re, c.im]).collect();
    let own: Vec<[f64; 2]> = snapshots.iter().map(|s| s.orbit.c).collect();
    let mut series = [own, driven, constant].into_iter();
    Ok(NAMES.map(|name| {
        let (changes, luminances) = sync::change_series(series.next().unwrap_or_default().into_iter());
        Row {
            name,
            score: sync::sync_score(&onset, &changes, &silent),
            change: changes.iter().sum::<f32>() / changes.len().max(1) as f32,
            dark: metrics::dark_share(&luminances),
        }
    }))
}

/// The whole file through the engine with the models that are built in, without a transport.
pub fn hear(audio: &Audio) -> Result<Vec<Snapshot>> {
    let mut engine = Engine::new(audio.rate)?;
    engine.install(Networks::new(ModelSet::built_in(DEFAULT_WEIGHTS)));
    let channels: Vec<&[f32]> = audio.channels.iter().map(Vec::as_slice).collect();
    let mut snapshots = Vec::new();
    engine.process(
        &channels,
        audio.len(),
        &Transport::default(),
        &Settings::default(),
        &mut |s: &Snapshot| {
            snapshots.push(*s);
        },
    );
    Ok(snapshots)
}

fn print_row(file: &Path, row: &Row) {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut remarks = String::new();
    if !CALM.contains(&row.change) {
        remarks += "  change outside 0.004 ... 0.03";
    }
    if row.dark > MOST_DARK {
        remarks += "  too dark";
    }
    println!(
        "{:<28} {:<14} {:>6.3} {:>7.0} {:>10.3} {:>12.4} {:>5.1}%{remarks}",
        name.chars().take(28).collect::<String>(),
        row.name,
        row.score.r,
        f64::from(row.score.lag_hops) * HOP_S * 1_000.0,
        row.score.chance_95,
        row.change,
        row.dark * 100.0
    );
}
