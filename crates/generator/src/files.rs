//! A piece as files: sound, notes and labels.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Audio, Error, Problem, SAMPLE_RATE, Score, midi, render};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// 48,000 Hz, mono, 32-bit float.
    pub wav: PathBuf,
    /// As [`midi::write`] makes it.
    pub mid: PathBuf,
    /// The [`Labels`](crate::Labels) as JSON.
    pub labels: PathBuf,
}

/// Renders a score and writes `NAME.wav`, `NAME.mid` and `NAME.labels.json` into a folder, which is made if need be.
///
/// Each file is written under a temporary name and then renamed, so that a file that is there is whole.
///
/// # Errors
/// Names the file that could not be written; a name must not be empty, hidden or lead to another folder.
pub fn write_files(score: &Score, folder: &Path, name: &str) -> Result<Written, Error> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        return Err(Problem::Name { found: name.to_owned() }.with_file(folder));
    }
    fs::create_dir_all(folder).map_err(|error| Problem::from(error).with_file(folder))?;
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    let written = Written { wav: file("wav"), mid: file("mid"), labels: file("labels.json") };
    let audio = render(score);
    write_whole(&written.wav, |path| write_wav(&audio, path))?;
    write_whole(&written.mid, |path| Ok(fs::write(path, midi::write(score))?))?;
    write_whole(&written.labels, |path| Ok(fs::write(path, serde_json::to_vec(&score.labels)?)?))?;
    Ok(written)
}

fn write_wav(audio: &Audio, path: &Path) -> Result<(), Problem> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in &audio.samples {
        writer.write_sample(*sample)?;
    }
    Ok(writer.finalize()?)
}

/// Writes next to the file, then renames. What failed leaves nothing behind.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<(), Problem>) -> Result<(), Error> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let result = write(&temporary).and_then(|()| Ok(fs::rename(&temporary, path)?));
    result.map_err(|problem| {
        let _ = fs::remove_file(&temporary); // It may not be there at all.
        problem.with_file(path)
    })
}
