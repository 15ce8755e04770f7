//! `dendrite models list`: which of the six models a folder has.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use dendrite_engine::{DEFAULT_WEIGHTS, ModelSet};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::Training;
use serde::Serialize;

use super::inspect::{Inspection, inspect};
use crate::Outcome;
use crate::text::{Align, table, thousands};

#[derive(Args)]
#[command(after_help = "\
Each of the six models is a file of its own. Where one is missing, the one that is built in runs; where one
is refused, a heuristic takes its place and everything keeps running.

Examples:
  dendrite models list
  DENDRITE_MODELS=~/models dendrite models list
  dendrite models list target/trained --json")]
pub struct Arguments {
    /// Folder of the model files [default: $DENDRITE_MODELS, else ./models]
    dir: Option<PathBuf>,
    /// Print an array of six objects
    #[arg(long)]
    json: bool,
}

/// What runs where the folder has no file and the program has a model of its own.
const BUILT_IN: &str = "built in";

/// One of the six as `--json` shows it.
#[derive(Serialize)]
struct Entry {
    model: &'static str,
    name: &'static str,
    /// "model", "built in" or "heuristic".
    runs: &'static str,
    file: Option<PathBuf>,
    inputs: usize,
    outputs: usize,
    parameters: usize,
    trained_on: Option<String>,
    /// Why the heuristic runs.
    reason: Option<String>,
}

pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let folder = super::folder(arguments.dir.as_deref())?;
    let entries = ModelKind::ALL.map(|kind| entry(kind, &folder));
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &entries)?;
        writeln!(out)?;
        return Ok(Outcome::Good);
    }
    writeln!(out, "Models in {}:\n", folder.display())?;
    let header = ["model", "runs", "in -> out", "parameters", "trained on"].map(str::to_owned).to_vec();
    let mut rows = vec![header];
    for entry in &entries {
        let runs = match &entry.reason {
            None if entry.runs == BUILT_IN => BUILT_IN.to_owned(),
            None => format!("{}.json", entry.name),
            Some(reason) => format!("heuristic: {reason}"),
        };
        rows.push(vec![
            entry.model.to_owned(),
            runs,
            format!("{} -> {}", entry.inputs, entry.outputs),
            thousands(entry.parameters),
            match (&entry.trained_on, entry.runs) {
                (Some(training), _) => training.clone(),
                (None, "model") => "not recorded".to_owned(),
                (None, _) => String::new(),
            },
        ]);
    }
    table(out, "  ", &[Align::Left, Align::Left, Align::Right, Align::Right, Align::Left], &rows)?;
    if entries.iter().any(|entry| entry.runs == "heuristic" && entry.file.is_some()) {
        writeln!(out, "\nWhy files are refused: dendrite models check {}", folder.display())?;
    }
    Ok(Outcome::Good)
}

fn entry(kind: ModelKind, folder: &Path) -> Entry {
    let path = folder.join(format!("{}.json", kind.name()));
    let mut entry = Entry {
        model: kind.word(),
        name: kind.name(),
        runs: "heuristic",
        file: None,
        inputs: kind.inputs(),
        outputs: kind.outputs(),
        parameters: kind.parameters(),
        trained_on: None,
        reason: None,
    };
    // A dangling link is there, and refused.
    if path.symlink_metadata().is_err() {
        let built_in = ModelSet::built_in(DEFAULT_WEIGHTS);
        if built_in.model(kind).is_some() {
            entry.runs = BUILT_IN;
            let training = built_in.sidecar(kind).and_then(|sidecar| sidecar.training.as_ref());
            entry.trained_on = training.map(in_a_line);
            return entry;
        }
        entry.reason = Some(format!("no {}.json", kind.name()));
        return entry;
    }
    let Inspection { layers, sidecar, faults, .. } = inspect(&path);
    entry.file = Some(path);
    match (layers, faults.as_slice()) {
        (Some(layers), []) => {
            entry.runs = "model";
            (entry.inputs, entry.outputs) = (layers.inputs, layers.outputs);
            entry.parameters = layers.trainable();
        }
        (_, faults) => {
            let count = faults.len();
            entry.reason = Some(format!("file refused, {count} error{}", if count == 1 { "" } else { "s" }));
        }
    }
    entry.trained_on = sidecar.and_then(|sidecar| sidecar.training).map(|training| in_a_line(&training));
    entry
}

fn in_a_line(training: &Training) -> String {
    let words: Vec<&str> = training.description.split_whitespace().collect();
    let mut parts = vec![words.join(" ").trim_end_matches('.').to_owned()];
    parts.extend(training.pieces.map(|pieces| format!("{pieces} pieces")));
    parts.extend(training.hours.map(|hours| format!("{hours} h")));
    parts.join(", ")
}
