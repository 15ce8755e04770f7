//! MAESTRO v3: some 200 hours of piano, recorded together with what keys and pedals did (Hawthorne et al. 2019, "Enabling
//! factorized piano music modeling and generation with the MAESTRO dataset").
//!
//! ```text
//! FOLDER/maestro-v3.0.0.csv   canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration
//! FOLDER/2018/....midi        named by the index, as is the audio
//! FOLDER/2018/....wav
//! ```
//! The split is the set's own. The files' beat is a clock of 120 to the minute and not the music's: bars are stretches of two
//! seconds, measured for velocity, articulation, pedal and register; there are no offsets, accents, tempo, key or melody.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{read_index, split_named};
use crate::data::files;
use crate::data::loading::{Loaded, Loading, Made, SetError};
use crate::data::midi::{COMMON_TIME, Song};
use crate::data::performance::{Grid, measure};
use crate::data::report::{Reason, Report};
use crate::data::sound::hear;
use crate::data::timing::check_end;
use crate::data::{Key, Truth};

const INDEX: &str = "maestro-v3.0.0.csv";

#[derive(Deserialize)]
struct Row {
    split: String,
    midi_filename: String,
    audio_filename: String,
}

struct Take {
    split: String,
    midi: PathBuf,
    audio: PathBuf,
}

/// Reads the set from the folder that holds its index.
///
/// # Errors
/// The index is not there or not understood, or no take is left.
pub fn load(folder: &Path, loading: &Loading) -> Result<Loaded, SetError> {
    files::require_folder(folder)?;
    let index = folder.join(INDEX);
    if !index.is_file() {
        return Err(SetError::Layout { folder: folder.to_owned(), set: "MAESTRO", expected: INDEX });
    }
    let takes: Vec<Take> = read_index(&index)?
        .into_iter()
        .map(|row: Row| Take {
            split: row.split,
            midi: folder.join(row.midi_filename),
            audio: folder.join(row.audio_filename),
        })
        .collect();
    let report = Report::new("recordings", folder);
    loading.read_all(
        report,
        &takes,
        |take| &take.audio,
        |take| {
            let split = split_named(&take.split)?;
            for file in [&take.midi, &take.audio] {
                if !file.is_file() {
                    return Err(Reason::Missing(file.clone()));
                }
            }
            let song = Song::read(&take.midi, COMMON_TIME)?;
            let heard = hear(&take.audio, loading.cache)?;
            check_end(song.end_s, heard.frames.len())?;
            // Nobody's key: no step has a melody that it would be for.
            let unused = |_| Key::new(0, false);
            let truth = Truth {
                steps: Some(song.steps(heard.frames.len(), unused, |_, _| None)),
                bars: Some(measure(&song.bars, &song.notes, &song.controls, Grid::Free)),
                onsets_s: Some(song.onsets_s()),
                ..Truth::default()
            };
            Ok(Made {
                content: heard.content,
                split: Some(split),
                frames: heard.frames,
                truth,
                left_out: Vec::new(),
            })
        },
    )
}
