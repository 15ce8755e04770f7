//! `dendrite models check`: are model files what they must be?

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use dendrite_pipeline::ModelKind;
use serde_json::{Value, json};

use super::inspect::{Inspection, Layers, inspect};
use crate::Outcome;
use crate::text::{Align, table, thousands};

#[derive(Args)]
#[command(after_help = "\
A file with the name of one of the six models must be exactly that model: layers, sizes, activations and the
number of trainable parameters, counted as PyTorch counts; its sidecar (NAME.meta.json), if there is one, must
agree. Every other file is checked as an RTNeural model in general. All errors are shown, not the first only.

Examples:
  dendrite models check models                  the six in a folder
  dendrite models check -v harmonypredictor.json    with a table of its layers
  dendrite models check *.json --json | jq '.[] | select(.ok | not)'

Exit code 1 if there is any error; warnings are no errors.")]
pub struct Arguments {
    /// Model files, or folders with some of the six models
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Show a table of each file's layers
    #[arg(long, short)]
    verbose: bool,
    /// Print an array with an object for each file
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let mut inspections = Vec::new();
    let mut missing = Vec::new();
    for path in &arguments.paths {
        if path.is_dir() {
            let (here, not_here) = six_in(path);
            ensure!(
                !here.is_empty(),
                "{}: none of the six models is here; expected one of {} (or name a file)",
                path.display(),
                ModelKind::ALL.map(|kind| format!("{}.json", kind.name())).join(", ")
            );
            inspections.extend(here.iter().map(|path| inspect(path)));
            missing.extend(not_here);
        } else {
            inspections.push(inspect(path));
        }
    }
    if arguments.json {
        let objects: Vec<Value> = inspections.iter().map(object).collect();
        serde_json::to_writer_pretty(&mut *out, &objects)?;
        writeln!(out)?;
    } else {
        for inspection in &inspections {
            print(inspection, arguments.verbose, out)?;
        }
        for path in &missing {
            writeln!(out, "{}: not there; the built-in model takes its place", path.display())?;
        }
    }
    let good = inspections.iter().all(|inspection| inspection.faults.is_empty());
    Ok(if good { Outcome::Good } else { Outcome::Bad })
}

/// Those of the six files that a folder has, and those that it has not.
fn six_in(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let files = ModelKind::ALL.map(|kind| folder.join(format!("{}.json", kind.name())));
    files.into_iter().partition(|file| file.symlink_metadata().is_ok())
}

fn print(inspection: &Inspection, verbose: bool, out: &mut dyn Write) -> Result<()> {
    let path = inspection.path.display();
    let what = inspection.kind.map_or("a model".to_owned(), |kind| format!("the {kind} model"));
    match (inspection.faults.len(), &inspection.layers) {
        (0, Some(layers)) => {
            let (inputs, outputs) = (layers.inputs, layers.outputs);
            let trainable = thousands(layers.trainable());
            writeln!(out, "{path}: ok, {what}, {inputs} -> {outputs}, {trainable} trainable parameters")?;
        }
        (count, _) => writeln!(out, "{path}: {count} error{}", if count == 1 { "" } else { "s" })?,
    }
    for fault in &inspection.faults {
        writeln!(out, "  error: {fault}")?;
    }
    for warning in &inspection.warnings {
        writeln!(out, "  warning: {warning}")?;
    }
    match &inspection.layers {
        Some(layers) if verbose => print_layers(layers, out)?,
        _ => {}
    }
    Ok(())
}

fn print_layers(layers: &Layers, out: &mut dyn Write) -> Result<()> {
    let header = ["layer", "type", "in", "out", "activation", "stored", "trainable"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for row in &layers.rows {
        rows.push(vec![
            row.number.to_string(),
            row.kind.to_owned(),
            row.inputs.to_string(),
            row.outputs.to_string(),
            row.activation.map_or("-", |activation| activation.name()).to_owned(),
            thousands(row.stored),
            thousands(row.trainable),
        ]);
    }
    let mut total = vec![String::new(); header.len()];
    total[1] = "all".to_owned();
    total[5] = thousands(layers.stored());
    total[6] = thousands(layers.trainable());
    rows.push(total);
    let (left, right) = (Align::Left, Align::Right);
    table(out, "  ", &[right, left, right, right, left, right, right], &rows)?;
    Ok(())
}

fn object(inspection: &Inspection) -> Value {
    let layers = inspection.layers.as_ref();
    let rows = layers.map(|layers| {
        let row = |row: &dendrite_pipeline::spec::LayerRow| {
            json!({
                "layer": row.number,
                "type": row.kind,
                "inputs": row.inputs,
                "outputs": row.outputs,
                "activation": row.activation.map(|activation| activation.name()),
                "stored": row.stored,
                "trainable": row.trainable,
            })
        };
        layers.rows.iter().map(row).collect::<Vec<_>>()
    });
    json!({
        "file": inspection.path,
        "model": inspection.kind.map(ModelKind::word),
        "ok": inspection.faults.is_empty(),
        "inputs": layers.map(|layers| layers.inputs),
        "outputs": layers.map(|layers| layers.outputs),
        "stored": layers.map(Layers::stored),
        "parameters": layers.map(Layers::trainable),
        "sidecar": inspection.sidecar.is_some(),
        "errors": inspection.faults,
        "warnings": inspection.warnings,
        "layers": rows,
    })
}
