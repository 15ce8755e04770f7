//! DEAM: valence and arousal of 1,802 songs, twice a second (Aljanaki, Yang, Soleymani 2017, "Developing a benchmark for
//! emotional analysis of music").
//!
//! ```text
//! FOLDER/.../17.mp3                                                         audio, named by song
//! FOLDER/.../dynamic (per second annotations)/arousal.csv and valence.csv   song_id, sample_15000ms, sample_15500ms, ...
//! ```
//! Annotations begin 15 s into a song, when listeners had settled. A piece therefore begins there too: the frames before
//! the first annotation and behind the last are left out, and frames are numbered from the first that is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dendrite_audio::ENDINGS;

use crate::data::loading::{Loaded, Loading, Made, SetError};
use crate::data::report::{Reason, Report};
use crate::data::sound::hear;
use crate::data::timing::middle_s;
use crate::data::{Truth, files};

/// How far from its sample an annotation counts: half of their distance.
const REACH_S: f64 = 0.25;
/// The dynamic annotations lie in -1..1. Above this a file must hold the nine-point scale of the questionnaires, 1..9.
const BEYOND_UNIT: f32 = 1.5;

/// Values of one song: time in seconds and value, in the order of time.
type Series = Vec<(f64, f32)>;

struct Song {
    audio: PathBuf,
    /// Time, valence, arousal.
    mood: Vec<(f64, [f32; 2])>,
}

/// Reads the set from the folder that holds audio and annotations, wherever they lie below it.
///
/// # Errors
/// There are no annotations, they are not understood, or no song is left.
pub fn load(folder: &Path, loading: &Loading) -> Result<Loaded, SetError> {
    let mut report = Report::new("songs with annotated mood", folder);
    let tables = files::find(folder, &["csv"], &mut report)?;
    let arousal_file = find_table(&tables).ok_or_else(|| SetError::Layout {
        folder: folder.to_owned(),
        set: "DEAM",
        expected: "\"dynamic (per second annotations)\" with arousal.csv and valence.csv",
    })?;
    let arousal = read_table(&arousal_file)?;
    let valence = read_table(&arousal_file.with_file_name("valence.csv"))?;

    let mut songs = Vec::new();
    let mut without_audio = arousal.clone();
    for audio in files::find(folder, &ENDINGS, &mut report)? {
        let id = audio.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u32>().ok());
        let mood = id.and_then(|id| {
            without_audio.remove(&id);
            Some(join(valence.get(&id)?, arousal.get(&id)?))
        });
        match mood {
            Some(mood) if !mood.is_empty() => songs.push(Song { audio, mood }),
            _ => {
                let expected = "a row with the file's number in arousal.csv and valence.csv".to_owned();
                report.skip(audio, Reason::NoAnnotation { expected });
            }
        }
    }
    // In the order of the songs' numbers, which the names do not sort by.
    songs.sort_by_key(|song| song.audio.file_stem().map(|stem| (stem.len(), stem.to_owned())));
    for id in without_audio.keys() {
        report.skip(
            &arousal_file,
            Reason::NoAudio { expected: format!("a file named {id} with one of the endings {ENDINGS:?}") },
        );
    }
    loading.read_all(
        report,
        &songs,
        |song| &song.audio,
        |song| {
            let heard = hear(&song.audio, loading.cache)?;
            let (first_s, last_s) = (song.mood[0].0 - REACH_S, song.mood[song.mood.len() - 1].0 + REACH_S);
            let annotated = |frame: &usize| (first_s..=last_s).contains(&middle_s(*frame));
            let kept: Vec<usize> = (0..heard.frames.len()).filter(annotated).collect();
            let (Some(&begin), Some(&end)) = (kept.first(), kept.last()) else {
                let heard_s = middle_s(heard.frames.len());
                return Err(Reason::Length { annotated_s: last_s, heard_s });
            };
            let mood = kept.iter().map(|&frame| mood_at(&song.mood, middle_s(frame))).collect();
            let mut frames = heard.frames[begin..=end].to_vec();
            frames.iter_mut().enumerate().for_each(|(index, frame)| frame.index = index as u64);
            let truth = Truth { mood: Some(mood), ..Truth::default() };
            Ok(Made { content: heard.content, split: None, frames, truth, left_out: Vec::new() })
        },
    )
}

/// The arousal table that has a valence table beside it; that of the dynamic annotations, if there are several.
fn find_table(tables: &[PathBuf]) -> Option<PathBuf> {
    let is_pair = |file: &&PathBuf| {
        file.file_name().is_some_and(|name| name == "arousal.csv")
            && file.with_file_name("valence.csv").is_file()
    };
    let is_dynamic = |file: &&PathBuf| file.to_string_lossy().contains("dynamic");
    let pairs = || tables.iter().filter(is_pair);
    pairs().find(is_dynamic).or_else(|| pairs().next()).cloned()
}

fn read_table(file: &Path) -> Result<BTreeMap<u32, Series>, SetError> {
    let problem = |problem: String| SetError::Index { file: file.to_owned(), problem };
    // Rows end where their songs do.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(file)
        .map_err(|error| problem(error.to_string()))?;
    let headers = reader.headers().map_err(|error| problem(error.to_string()))?.clone();
    let time_s = |name: &str| {
        let milliseconds = name.strip_prefix("sample_")?.strip_suffix("ms")?.parse::<u32>().ok()?;
        Some(f64::from(milliseconds) / 1000.0)
    };
    let times_s: Vec<Option<f64>> = headers.iter().map(time_s).collect();
    if headers.get(0) != Some("song_id") || times_s.iter().flatten().next().is_none() {
        return Err(problem("expected the columns song_id, sample_15000ms, sample_15500ms, ...".to_owned()));
    }
    let mut songs = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = record.get(0).unwrap_or("");
        // Some versions write numbers of songs as decimals.
        let id = number.parse::<f64>().ok().filter(|id| *id >= 0.0 && id.fract() == 0.0 && *id < 1e9);
        let id = id.ok_or_else(|| {
            problem(format!("line {line}: expected the number of a song, found {number:?}"))
        })?;
        let mut series = Series::new();
        for (value, time_s) in record.iter().zip(&times_s) {
            let Some(time_s) = time_s else { continue };
            if value.is_empty() || value.eq_ignore_ascii_case("nan") {
                continue;
            }
            let number = value.parse::<f32>().ok().filter(|number| number.is_finite());
            let number =
                number.ok_or_else(|| problem(format!("line {line}: expected a number, found {value:?}")))?;
            series.push((*time_s, number));
        }
        songs.insert(id as u32, series);
    }
    let values = songs.values().flatten().map(|(_, value)| value.abs());
    if values.fold(0.0, f32::max) > BEYOND_UNIT {
        songs.values_mut().flatten().for_each(|(_, value)| *value = (*value - 5.0) / 4.0);
    }
    Ok(songs)
}

/// The moments at which both are known, within -1..1.
fn join(valence: &Series, arousal: &Series) -> Vec<(f64, [f32; 2])> {
    let both = valence.iter().filter_map(|(time_s, valence)| {
        let at = arousal.binary_search_by(|(other_s, _)| other_s.total_cmp(time_s)).ok()?;
        Some((*time_s, [valence.clamp(-1.0, 1.0), arousal[at].1.clamp(-1.0, 1.0)]))
    });
    both.collect()
}

/// Linear between samples, held at both ends.
fn mood_at(mood: &[(f64, [f32; 2])], time_s: f64) -> [f32; 2] {
    let after = mood.partition_point(|(sample_s, _)| *sample_s <= time_s);
    let before = after.saturating_sub(1);
    let ((t0, a), (t1, b)) = (mood[before], mood[after.min(mood.len() - 1)]);
    let along = if t1 > t0 { ((time_s - t0) / (t1 - t0)).clamp(0.0, 1.0) as f32 } else { 0.0 };
    std::array::from_fn(|i| a[i] + along * (b[i] - a[i]))
}
