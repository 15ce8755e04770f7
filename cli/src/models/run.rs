//! `dendrite models run`: rows of numbers through a model.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rtneural::{Model, Options};

use super::Weights;
use crate::Outcome;

#[derive(Args)]
#[command(after_help = "\
Each row is one step: as many numbers as the model takes, separated by commas. What the model remembers (lstm,
gru, convolutions) is kept from row to row. A first row of names is skipped, and so are blank lines. Results
appear row by row as soon as they are there, as the shortest decimals that are read back as the same f32.

Examples:
  dendrite models run harmonypredictor.json --input rows.csv > chords.csv
  echo '0.5,1' | dendrite models run small.json
  dendrite models run orbit_control.json --weights f16 < windows.csv")]
pub struct Arguments {
    /// Model file, RTNeural JSON
    model: PathBuf,
    /// How weights are kept while it runs
    #[arg(long, value_enum, default_value = "f32")]
    weights: Weights,
    /// File of rows; - is standard input
    #[arg(long, default_value = "-", value_name = "FILE|-")]
    input: PathBuf,
}

pub fn run(arguments: Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let model = Model::load(&arguments.model, Options::with_weights(arguments.weights.into()))?;
    if arguments.input == Path::new("-") {
        rows("standard input", io::stdin().lock(), &model, out)?;
    } else {
        let name = arguments.input.display().to_string();
        let file = File::open(&arguments.input).with_context(|| name.clone())?;
        let is_folder = file.metadata().with_context(|| name.clone())?.is_dir();
        ensure!(!is_folder, "{name}: expected a file of rows, found a folder");
        rows(&name, file, &model, out)?;
    }
    Ok(Outcome::Good)
}

/// Runs the model on each row of `source`, which messages call `name`.
fn rows(name: &str, source: impl Read, model: &Model, out: &mut dyn Write) -> Result<()> {
    let mut source = BufReader::new(source);
    let mut state = model.state();
    let mut input = vec![0.0; model.inputs()];
    let mut output = vec![0.0; model.outputs()];
    let mut bytes = Vec::new();
    let mut is_first = true;
    for line in 1.. {
        // Reading on may wait for whoever waits for our results.
        if source.buffer().is_empty() {
            out.flush()?;
        }
        bytes.clear();
        if source.read_until(b'\n', &mut bytes).with_context(|| name.to_owned())? == 0 {
            break;
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            bail!("{name}: line {line}: expected numbers separated by commas, found bytes that are no text");
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        if text.is_empty() {
            continue;
        }
        let expected = model.inputs();
        let found = text.split(',').count();
        ensure!(
            found == expected,
            "{name}: line {line}: expected {expected} value{}, found {found}",
            if expected == 1 { "" } else { "s" }
        );
        let is_header = is_first && text.split(',').all(|cell| cell.trim().parse::<f32>().is_err());
        is_first = false;
        if is_header {
            continue;
        }
        for (column, (cell, value)) in text.split(',').zip(&mut input).enumerate() {
            let cell = cell.trim();
            *value = match cell.parse::<f32>() {
                Ok(number) if number.is_finite() => number,
                _ => {
                    let column = column + 1;
                    bail!("{name}: line {line}, column {column}: expected a number, found {cell:?}");
                }
            };
        }
        model.forward(&mut state, &input, &mut output)?;
        write_row(&output, out)?;
    }
    Ok(())
}

fn write_row(values: &[f32], out: &mut dyn Write) -> io::Result<()> {
    for (index, value) in values.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // `Debug` gives the shortest decimal, with an exponent where that is shorter.
        write!(out, "{comma}{value:?}")?;
    }
    writeln!(out)
}
