//! Plain folders of audio files, with what may lie beside them.
//!
//! ```text
//! FOLDER/.../NAME.wav|flac|ogg|mp3    any rate of 8 - 384 kHz, any number of channels
//! FOLDER/.../NAME.labels.json         optional: everything, as the generator writes it
//! FOLDER/.../NAME.lab or NAME.csv     optional: chords (`chord_file`)
//! ```
//! Without annotations a piece still teaches what needs none: the orbit model, and means and deviations of features.

use std::fs;
use std::path::Path;

use dendrite_audio::ENDINGS;
use dendrite_generator::Labels;

use super::loading::{Loaded, Loading, Made, SetError};
use super::report::{Reason, Report};
use super::sound::hear;
use super::timing::check_length;
use super::{Truth, chord_file, files, generated};

/// Reads the audio files of a folder and of those below.
///
/// # Errors
/// The folder cannot be listed, or nothing in it can be used. Files that cannot be used by themselves are in the report,
/// as are annotations that do not fit; their pieces are kept without them.
pub fn load(folder: &Path, loading: &Loading) -> Result<Loaded, SetError> {
    let mut report = Report::new("audio", folder);
    let files = files::find(folder, &ENDINGS, &mut report)?;
    loading.read_all(
        report,
        &files,
        |file| file,
        |file| {
            let heard = hear(file, loading.cache)?;
            let mut left_out = Vec::new();
            let truth = annotations(file, heard.frames.len(), &mut left_out);
            Ok(Made { content: heard.content, split: None, frames: heard.frames, truth, left_out })
        },
    )
}

/// What lies beside an audio file, as far as it fits.
fn annotations(audio: &Path, frames: usize, left_out: &mut Vec<Reason>) -> Truth {
    let mut keep = |result: Result<Truth, Reason>| result.map_err(|reason| left_out.push(reason)).ok();
    let labels = audio.with_extension("labels.json");
    let chords =
        ["lab", "csv"].map(|ending| audio.with_extension(ending)).into_iter().find(|file| file.is_file());
    let mut truth = Truth::default();
    if labels.is_file() {
        truth = keep(generator_labels(&labels, frames)).unwrap_or_default();
    }
    if let Some(file) = chords {
        let read = chord_file::read(&file).and_then(|spans| {
            check_length(chord_file::end_s(&spans), frames)?;
            Ok(Truth { chords: Some(chord_file::classes(&spans, frames)), ..Truth::default() })
        });
        if let Some(chords) = keep(read) {
            truth.chords = chords.chords;
        }
    }
    truth
}

fn generator_labels(file: &Path, frames: usize) -> Result<Truth, Reason> {
    let bytes = fs::read(file)?;
    let labels: Labels = serde_json::from_slice(&bytes)
        .map_err(|error| Reason::Annotation { file: file.to_owned(), problem: error.to_string() })?;
    check_length(labels.duration_s, frames)?;
    Ok(generated::truth(&labels, frames))
}
