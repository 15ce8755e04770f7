//! Groove MIDI: 13.6 hours of drummers playing to a click (Gillick et al. 2019, "Learning to groove with inverse sequence
//! transformations").
//!
//! ```text
//! FOLDER/info.csv                drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split
//! FOLDER/drummer1/.../1_...mid   named by the index, as is the audio; some takes have none
//! FOLDER/drummer1/.../1_...wav
//! ```
//! The split is the set's own. Bars have offsets and accents of the drums, and those numbers of expression that drums tell.
//! A take without audio has no frames: its bars show what grooves there are, but not what was heard with them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{read_index, split_named};
use crate::data::loading::{Loaded, Loading, Made, SetError};
use crate::data::midi::{COMMON_TIME, Song};
use crate::data::performance::{Grid, measure};
use crate::data::report::{Reason, Report};
use crate::data::sound::hear;
use crate::data::timing::check_end;
use crate::data::{ContentHash, Key, Truth, files};

const INDEX: &str = "info.csv";

#[derive(Deserialize)]
struct Row {
    bpm: f64,
    time_signature: String,
    midi_filename: String,
    audio_filename: String,
    split: String,
}

struct Take {
    row: Row,
    midi: PathBuf,
    /// `None` where the index names none.
    audio: Option<PathBuf>,
}

/// Reads the set from the folder that holds its index.
///
/// # Errors
/// The index is not there or not understood, or no take is left.
pub fn load(folder: &Path, loading: &Loading) -> Result<Loaded, SetError> {
    files::require_folder(folder)?;
    let index = folder.join(INDEX);
    if !index.is_file() {
        return Err(SetError::Layout {
            folder: folder.to_owned(),
            set: "the Groove MIDI data set",
            expected: INDEX,
        });
    }
    let takes: Vec<Take> = read_index(&index)?
        .into_iter()
        .map(|row: Row| Take {
            midi: folder.join(&row.midi_filename),
            audio: Some(folder.join(&row.audio_filename)).filter(|_| !row.audio_filename.is_empty()),
            row,
        })
        .collect();
    let report = Report::new("drum takes", folder);
    loading.read_all(
        report,
        &takes,
        |take| &take.midi,
        |take| {
            let split = split_named(&take.row.split)?;
            if !take.midi.is_file() {
                return Err(Reason::Missing(take.midi.clone()));
            }
            let song = Song::read(&take.midi, meter(&take.row.time_signature))?;
            if song.notes.is_empty() {
                return Err(Reason::Notes("it has no notes"));
            }
            let (mut frames, mut content, mut left_out) =
                (Vec::new(), ContentHash::of_file(&take.midi)?, Vec::new());
            // The set comes with and without audio.
            if let Some(audio) = take.audio.as_ref().filter(|audio| audio.is_file()) {
                let heard = hear(audio, loading.cache).and_then(|heard| {
                    check_end(song.end_s, heard.frames.len())?;
                    Ok(heard)
                });
                match heard {
                    Ok(heard) => (frames, content) = (heard.frames, heard.content),
                    Err(reason) => left_out.push(reason),
                }
            }
            // Nobody's key: drums have no melody.
            let unused = |_| Key::new(0, false);
            let truth = Truth {
                steps: Some(song.steps(frames.len(), unused, |_, _| None)),
                bars: Some(measure(&song.bars, &song.notes, &song.controls, Grid::Played)),
                onsets_s: Some(song.onsets_s()),
                tempo_bpm: Some(take.row.bpm),
                ..Truth::default()
            };
            Ok(Made { content, split: Some(split), frames, truth, left_out })
        },
    )
}

/// A time signature as the index writes it, `6-8`.
fn meter(text: &str) -> (u8, u8) {
    let parsed =
        text.split_once('-').and_then(|(above, below)| Some((above.parse().ok()?, below.parse().ok()?)));
    parsed.filter(|&(above, below): &(u8, u8)| above > 0 && below.is_power_of_two()).unwrap_or(COMMON_TIME)
}
