//! Many songs: some at a time, a table at the end, failures do not stop the others.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use dendrite_video::{Options, Outputs, Rendered};
use indicatif::MultiProgress;

use super::bar::{Bar, speed};
use super::{Arguments, files, places, render, spare};
use crate::songs::Song;
use crate::text::{Align, table};
use crate::{Outcome, UsageError};

/// Renders all of them.
pub fn run(
    arguments: &Arguments,
    options: &Options,
    songs: &[Song],
    cancel: &AtomicBool,
    out: &mut dyn Write,
) -> Result<Outcome> {
    for path in
        [&arguments.output, &arguments.frames, &arguments.poster, &arguments.csv].into_iter().flatten()
    {
        ensure!(
            !path.is_file() && path.extension().is_none_or(|ending| ending != "mp4"),
            UsageError(format!("{}: with several songs this must be a folder", path.display()))
        );
    }
    let results: Mutex<Vec<Option<Result<Rendered, String>>>> =
        Mutex::new(songs.iter().map(|_| None).collect());
    let (next, bars, taken) = (AtomicUsize::new(0), MultiProgress::new(), places(songs));
    let work = || {
        while !cancel.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(song) = songs.get(place) else { break };
            let bar = Bar::among(&bars, &song.title());
            // A decoder that panics on a broken file must not end the others.
            let result = catch_unwind(AssertUnwindSafe(|| {
                let outputs = outputs(arguments, song)?;
                spare(files(&outputs), &taken)?;
                Ok(render(song, arguments, options, &outputs, cancel, &bar)?)
            }));
            bar.finish();
            let result = match result {
                Ok(result) => result.map_err(|error: anyhow::Error| format!("{error:#}")),
                Err(_) => Err("the program has a fault that this file brings out".to_owned()),
            };
            results.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..usize::from(arguments.jobs).min(songs.len()) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut rows = Vec::new();
    let mut failed = 0;
    for (song, result) in songs.iter().zip(&results) {
        let (length, state) = match result {
            Some(Ok(rendered)) => (format!("{:.1} s", rendered.video_s), speed(rendered)),
            Some(Err(reason)) => ("-".to_owned(), format!("failed: {reason}")),
            None => ("-".to_owned(), "failed: interrupted before it began".to_owned()),
        };
        failed += usize::from(!matches!(result, Some(Ok(_))));
        rows.push(vec![song.path.display().to_string(), length, state]);
    }
    table(out, "", &[Align::Left, Align::Right, Align::Left], &rows)?;
    writeln!(out, "{} of {} songs rendered", songs.len() - failed, songs.len())?;
    Ok(if failed == 0 { Outcome::Good } else { Outcome::Bad })
}

/// What is written for one of several songs: files in the folders that are named.
fn outputs(arguments: &Arguments, song: &Song) -> Result<Outputs> {
    let here = Path::new("").to_owned();
    let video = match (&arguments.output, &arguments.frames) {
        (Some(folder), _) => Some(folder),
        (None, Some(_)) => None,
        (None, None) => Some(&here),
    };
    let file = |folder: &PathBuf, ending: &str| -> Result<PathBuf> {
        let path = song.file_in(folder, ending);
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        }
        Ok(path)
    };
    let maybe = |folder: Option<&PathBuf>, ending| folder.map(|folder| file(folder, ending)).transpose();
    Ok(Outputs {
        video: maybe(video, ".mp4")?,
        frames: maybe(arguments.frames.as_ref(), "")?,
        resume: arguments.resume,
        poster: maybe(arguments.poster.as_ref(), ".png")?,
        csv: maybe(arguments.csv.as_ref(), ".csv")?,
    })
}
