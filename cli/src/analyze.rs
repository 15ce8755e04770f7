//! `dendrite analyze`: what can be said of songs, as JSON, CSV and a page to look at.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use dendrite_offline::{Analysis, Listener, Options, Rows, Summary};
use indicatif::{ProgressBar, ProgressStyle};

use crate::songs::{self, Shard, Song};
use crate::{Outcome, UsageError, listening};

/// What to analyse.
#[derive(Args)]
#[command(after_help = "\
Examples:
  dendrite analyze song.flac                 song.json, song.csv and song.svg here
  dendrite analyze album/ -o notes           the same for each song, in the folder notes
  dendrite analyze *.mp3 --json | jq .tempo  a line of JSON per song, no files")]
pub struct Arguments {
    /// Songs, or folders with songs: WAV, AIFF, FLAC, Ogg Vorbis, MP3, M4A
    #[arg(required = true, value_name = "SONG")]
    songs: Vec<PathBuf>,
    /// Write a line of JSON per song to standard output; files are written with -o only
    #[arg(long)]
    json: bool,
    /// Folder for the files [default: this one]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The title on the page [default: the song's file name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Only every Nth song, from the Ith on: shares a batch among machines
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    listening: listening::Listening,
}

/// Analyses the songs in order; one that fails is named and the others go on.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let many = arguments.songs.len() > 1 || arguments.songs.iter().any(|path| path.is_dir());
    let folder = match (&arguments.output, arguments.json) {
        (Some(folder), _) => Some(folder.clone()),
        (None, true) => None,
        (None, false) => Some(PathBuf::new()),
    };
    if let Some(folder) = folder.as_ref().filter(|folder| folder.is_file()) {
        return Err(UsageError(format!("{}: expected a folder, found a file", folder.display())).into());
    }
    let songs = songs::collect(&arguments.songs, arguments.shard)?;
    let options = arguments.listening.options()?;
    let mut outcome = Outcome::Good;
    for song in &songs {
        match analyze(song, arguments, &options, folder.as_deref()) {
            Ok(summary) if arguments.json => writeln!(out, "{}", serde_json::to_string(&summary)?)?,
            Ok(summary) => writeln!(out, "{}", described(song, &summary))?,
            Err(error) if many => {
                eprintln!("error: {error:#}");
                outcome = Outcome::Bad;
            }
            Err(error) => return Err(error),
        }
        out.flush()?;
    }
    Ok(outcome)
}

fn analyze(song: &Song, arguments: &Arguments, options: &Options, folder: Option<&Path>) -> Result<Summary> {
    let listener = Listener::open(&song.path, options)?;
    let bar =
        listener.stated_s().map_or_else(ProgressBar::no_length, |stated_s| ProgressBar::new(stated_s as u64));
    if let Ok(style) =
        ProgressStyle::with_template("{prefix} {wide_bar:.cyan/blue} {pos}/{len} s, {eta} left")
    {
        bar.set_style(style);
    }
    bar.set_prefix(song.title());
    let file = |ending: &str| folder.map(|folder| song.file_in(folder, ending));
    let mut table = match file(".csv") {
        Some(path) => {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
            }
            let part = path.with_extension("csv.part");
            let made = File::create(&part).with_context(|| format!("creating {}", path.display()))?;
            Some((Rows::new(BufWriter::new(made))?, part, path))
        }
        None => None,
    };
    let mut trouble = None;
    let analysis = Analysis::of(listener, options.models.clone(), |hop, heard_s| {
        bar.set_position(heard_s as u64);
        if let Some((rows, ..)) = &mut table {
            trouble = rows.write(hop).err();
        }
        trouble.is_none()
    });
    bar.finish_and_clear();
    let written = || -> Result<(Analysis, Summary)> {
        if let Some(problem) = trouble {
            return Err(problem).context("writing the table");
        }
        let analysis = analysis?;
        let summary = analysis.summary(&song.path.file_name().unwrap_or_default().to_string_lossy());
        Ok((analysis, summary))
    };
    let (analysis, summary) = match written() {
        Ok(done) => done,
        Err(error) => {
            if let Some((rows, part, _)) = table {
                drop(rows);
                // It says nothing that the error does not say.
                let _ = fs::remove_file(part);
            }
            return Err(error);
        }
    };
    if let Some((rows, part, path)) = table {
        rows.finish().with_context(|| format!("writing {}", path.display()))?;
        fs::rename(&part, &path).with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = file(".json") {
        let text = serde_json::to_string_pretty(&summary)? + "\n";
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = file(".svg") {
        let title = arguments.title.clone().unwrap_or_else(|| song.title());
        let page = analysis.report(&summary, &title)?;
        fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(summary)
}

/// A song in one line.
fn described(song: &Song, summary: &Summary) -> String {
    let key = summary.key.as_ref().map_or("no key", |key| key.name.as_str());
    let loudness =
        summary.loudness.integrated_lufs.map_or_else(|| "silent".to_owned(), |v| format!("{v:.1} LUFS"));
    let broke = if summary.broke_off { ", breaks off" } else { "" };
    format!(
        "{}: {:.1} s, {:.1} bpm, {key}, {loudness}, valence {:+.2}, arousal {:+.2}, {} sections{broke}",
        song.path.display(),
        summary.duration_s,
        summary.tempo.bpm,
        summary.mood.valence,
        summary.mood.arousal,
        summary.sections.len()
    )
}
