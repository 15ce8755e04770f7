//! Chord annotations with the audio that they belong to, for example those of Isophonics (Mauch et al. 2009, "OMRAS2
//! metadata project"), which come without their recordings.
//!
//! ```text
//! ANNOTATIONS/The_Beatles/01_-_Please_Please_Me/01_-_I_Saw_Her_Standing_There.lab    or .csv: see `chord_file`
//! AUDIO/The Beatles/Please Please Me/01 I Saw Her Standing There.flac                your own
//! ```
//! Both folders may be one. An annotation goes with the audio file of the same path, or else the same name, or else the same
//! name behind the numbers of disc and track; capitals, blanks and punctuation do not count. Where several fit, none does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dendrite_audio::ENDINGS;

use crate::data::loading::{Loaded, Loading, Made, SetError};
use crate::data::report::{Reason, Report};
use crate::data::sound::hear;
use crate::data::timing::check_length;
use crate::data::{Truth, chord_file, files};

struct Song {
    annotation: PathBuf,
    audio: PathBuf,
}

/// Reads annotations of one folder with the audio of another, or of the same.
///
/// # Errors
/// A folder cannot be listed, or not one annotation goes with an audio file.
pub fn load(annotations: &Path, audio: &Path, loading: &Loading) -> Result<Loaded, SetError> {
    let mut report = Report::new("annotated chords", annotations);
    let sounds = Names::new(audio, files::find(audio, &ENDINGS, &mut report)?);
    let mut songs = Vec::new();
    for annotation in files::find(annotations, &["lab", "csv"], &mut report)? {
        match sounds.of(annotations, &annotation) {
            Ok(audio) => songs.push(Song { audio: audio.to_owned(), annotation }),
            Err(expected) => report.skip(annotation, Reason::NoAudio { expected }),
        }
    }
    loading.read_all(
        report,
        &songs,
        |song| &song.annotation,
        |song| {
            let spans = chord_file::read(&song.annotation)?;
            let heard = hear(&song.audio, loading.cache)?;
            check_length(chord_file::end_s(&spans), heard.frames.len())?;
            let chords = Some(chord_file::classes(&spans, heard.frames.len()));
            let truth = Truth { chords, ..Truth::default() };
            Ok(Made {
                content: heard.content,
                split: None,
                frames: heard.frames,
                truth,
                left_out: Vec::new(),
            })
        },
    )
}

/// Audio files by what they may be called.
struct Names {
    files: Vec<PathBuf>,
    /// For each way of naming, the files of a name.
    by_name: [HashMap<String, Vec<usize>>; 3],
}

impl Names {
    fn new(folder: &Path, files: Vec<PathBuf>) -> Names {
        let mut by_name: [HashMap<String, Vec<usize>>; 3] = Default::default();
        for (index, file) in files.iter().enumerate() {
            for (names, name) in by_name.iter_mut().zip(names(folder, file)) {
                names.entry(name).or_default().push(index);
            }
        }
        Names { files, by_name }
    }

    /// The file that goes with another one, or what was looked for.
    fn of(&self, folder: &Path, other: &Path) -> Result<&Path, String> {
        let wanted = names(folder, other);
        for (names, name) in self.by_name.iter().zip(&wanted) {
            match names.get(name).map(Vec::as_slice) {
                Some(&[one]) => return Ok(&self.files[one]),
                Some(several) => return Err(format!("{} files are called {name:?}", several.len())),
                None => {}
            }
        }
        Err(format!("a file called {:?} or {:?}", wanted[1], wanted[2]))
    }
}

/// Path, name, and name without the numbers of disc and track.
fn names(folder: &Path, file: &Path) -> [String; 3] {
    let letters = |path: &Path| -> String {
        let text = path.to_string_lossy();
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let name = file.file_stem().map(|stem| letters(Path::new(stem))).unwrap_or_default();
    let digit = |c: char| c.is_ascii_digit();
    let title = name.strip_prefix("cd").filter(|rest| rest.starts_with(digit)).unwrap_or(&name);
    let title = title.trim_start_matches(digit);
    let title = if title.is_empty() { name.clone() } else { title.to_owned() };
    [letters(&file.strip_prefix(folder).unwrap_or(file).with_extension("")), name, title]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_disc_and_track_are_no_part_of_a_title() {
        let title = |name: &str| names(Path::new("all"), Path::new("all").join(name).as_path())[2].clone();
        for name in
            ["CD1_-_01_-_Back_in_the_U.S.S.R..lab", "1-01 Back in the USSR.flac", "01 Back in the USSR.mp3"]
        {
            assert_eq!(title(name), "backintheussr", "{name}");
        }
        assert_eq!([title("Cdur.wav"), title("1999.wav"), title("CD Song.lab")], ["cdur", "1999", "cdsong"]);
    }
}
