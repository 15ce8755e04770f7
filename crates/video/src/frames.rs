//! Frames as a sequence of PNG files, which a later run can continue.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::Error;

/// Says with which settings the frames of a folder were made.
const SETTINGS: &str = "dendrite-frames.txt";

/// A folder of frames.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    size: [u32; 2],
    resume: bool,
}

impl Folder {
    /// Opens or creates the folder. With `resume` the frames that are there stay, if they were made with the same `settings`;
    /// without it frames that were made here before go. Frames that something else made are never touched.
    pub fn open(path: &Path, size: [u32; 2], settings: &str, resume: bool) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::file(path))?;
        let note = path.join(SETTINGS);
        let before = frames_in(path).map_err(Error::file(path))?;
        match fs::read_to_string(&note) {
            Ok(found) if resume && found != settings => {
                return Err(Error::OtherFrames { path: path.to_owned() });
            }
            Ok(_) if resume => {}
            Ok(_) => {
                for frame in before {
                    fs::remove_file(&frame).map_err(Error::file(&frame))?;
                }
            }
            Err(_) if !before.is_empty() => return Err(Error::ForeignFrames { path: path.to_owned() }),
            Err(_) => {}
        }
        fs::write(&note, settings).map_err(Error::file(&note))?;
        Ok(Self { path: path.to_owned(), size, resume })
    }

    /// The file of a frame.
    pub fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("frame_{number:06}.png"))
    }

    /// Whether the frame is there already and shall stay. A file that has its name is complete.
    pub fn has(&self, number: u64) -> bool {
        self.resume && self.file(number).is_file()
    }

    /// Writes a frame beside its place and moves it there.
    pub fn write(&self, number: u64, rgba: &[u8]) -> Result<(), Error> {
        write_png(&self.file(number), self.size, rgba)
    }
}

/// The files of a folder that have the names of frames.
fn frames_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut frames = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix("frame_").and_then(|rest| rest.strip_suffix(".png"));
        if number.is_some_and(|n| n.len() >= 6 && n.bytes().all(|digit| digit.is_ascii_digit())) {
            frames.push(path);
        }
    }
    Ok(frames)
}

/// Writes RGBA8 pixels as an RGB file, beside its place first.
pub(crate) fn write_png(path: &Path, [width, height]: [u32; 2], rgba: &[u8]) -> Result<(), Error> {
    let beside = crate::beside::Beside::create(path)?;
    let write = || -> Result<(), png::EncodingError> {
        let file = File::create(beside.path())?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer()?;
        let mut rgb = Vec::with_capacity(width as usize * 3);
        for row in rgba.chunks_exact(width as usize * 4) {
            rgb.clear();
            row.chunks_exact(4).for_each(|pixel| rgb.extend(&pixel[..3]));
            stream.write_all(&rgb)?;
        }
        stream.finish()?;
        writer.finish()
    };
    write().map_err(|problem| match problem {
        png::EncodingError::IoError(problem) => Error::File { path: path.to_owned(), problem },
        other => Error::Encoder { encoder: "PNG", reason: other.to_string() },
    })?;
    beside.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_other_settings_never_stay() {
        let folder = tempfile::tempdir().unwrap();
        let open = |settings: &str, resume| Folder::open(folder.path(), [2, 2], settings, resume);
        let whole = open("a", false).unwrap();
        (0..5).for_each(|number| whole.write(number, &[7; 16]).unwrap());
        fs::write(folder.path().join("frame_notes.png"), "mine").unwrap();
        assert!(matches!(open("b", true), Err(Error::OtherFrames { .. })));
        assert!(open("a", true).unwrap().has(4));
        // Drawn again with others, interrupted after one, and gone on with.
        open("b", false).unwrap().write(0, &[7; 16]).unwrap();
        let resumed = open("b", true).unwrap();
        assert_eq!([0, 1, 4].map(|number| resumed.has(number)), [true, false, false]);
        assert!(folder.path().join("frame_notes.png").is_file());
    }

    #[test]
    fn frames_of_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let frame = folder.path().join("frame_000001.png");
        fs::write(&frame, "mine").unwrap();
        for resume in [false, true] {
            let refused = Folder::open(folder.path(), [2, 2], "a", resume);
            assert!(matches!(refused, Err(Error::ForeignFrames { .. })));
        }
        assert_eq!(fs::read(&frame).unwrap(), b"mine");
    }
}
