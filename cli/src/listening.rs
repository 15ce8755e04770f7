//! How a song is heard: the options that `render` and `analyze` have in common.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use dendrite_engine::{DEFAULT_WEIGHTS, ModelSet};
use dendrite_offline::{Automation, Host, Options, seconds};

use crate::{UsageError, models};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Hearing")]
pub struct Listening {
    /// Folder of models to use before those that are built in [default: $DENDRITE_MODELS, if set]
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Tempo of the song, as a host's transport would give it; without it the tempo is heard
    #[arg(long, value_name = "BPM", value_parser = bpm)]
    bpm: Option<f64>,
    /// Time signature, with --bpm
    #[arg(long, value_name = "N/M", default_value = "4/4", value_parser = meter, requires = "bpm")]
    meter: (u16, u16),
    /// Time of the first bar's first beat, with --bpm
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time, requires = "bpm")]
    first_beat: f64,
    /// Parameters that change on the way: lines of time, parameter, value and perhaps `linear`
    #[arg(long, value_name = "FILE.csv")]
    automation: Option<PathBuf>,
}

impl Listening {
    /// What the engine is told. Reads the models, which takes some tenths of a second.
    pub fn options(&self) -> Result<Options> {
        let models = match models::named_folder(self.models.as_deref())? {
            Some(folder) => {
                let set = ModelSet::load(&folder, DEFAULT_WEIGHTS)?;
                for (kind, reason) in set.refusals() {
                    eprintln!("warning: {}: {reason}; its heuristic is used", kind.name());
                }
                set
            }
            None => ModelSet::built_in(DEFAULT_WEIGHTS),
        };
        let (numerator, denominator) = self.meter;
        let host = self.bpm.map(|bpm| Host { bpm, numerator, denominator, first_beat_s: self.first_beat });
        let automation =
            self.automation.as_ref().map(|path| Automation::open(path, host.as_ref())).transpose()?;
        Ok(Options { models, host, automation: automation.map(Arc::new), ..Options::default() })
    }
}

fn bpm(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(bpm) if (1.0..=1_000.0).contains(&bpm) => Ok(bpm),
        _ => Err("expected beats per minute from 1 to 1000".to_owned()),
    }
}

fn meter(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('/').and_then(|(n, m)| n.parse().ok().zip(m.parse().ok()));
    match parsed {
        Some((n, m)) if (1..=64).contains(&n) && [1, 2, 4, 8, 16, 32].contains(&m) => Ok((n, m)),
        _ => Err("expected a time signature such as 4/4, 3/4 or 6/8".to_owned()),
    }
}

/// A time in seconds, or in minutes and seconds, or with hours: 83.5, 1:23.5, 1:02:03.
pub fn time(text: &str) -> Result<f64, String> {
    seconds(text).ok_or_else(|| "expected a time such as 83.5 or 1:23.5".to_owned())
}

/// Fails unless the end is behind the start.
pub fn check_span(start_s: f64, end_s: Option<f64>) -> Result<()> {
    ensure!(
        end_s.is_none_or(|end_s| end_s > start_s),
        UsageError(format!(
            "--end {} is not behind --start {start_s}: give times in seconds from the start of the song",
            end_s.unwrap_or_default()
        ))
    );
    Ok(())
}
