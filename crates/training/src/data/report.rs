//! What became of each file of a data set: read, or skipped and why.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dendrite_features::{FRAME_RATE, RateError};

/// Entries of each kind that the table shows before it says how many more there are.
const SHOWN: usize = 20;

/// Why a file was skipped, or an annotation was left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The operating system refused to give it.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file that an index names is not there.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// The audio does not decode.
    #[error("{0}")]
    Audio(dendrite_audio::Problem),
    /// The decoder gave up on it in a way that it should not.
    #[error("the decoder cannot cope with it; it is probably damaged")]
    Decoder,
    /// The audio has a rate that is not analysed.
    #[error("{0}")]
    Rate(#[from] RateError),
    /// There is not a single frame.
    #[error("it is shorter than a frame (1,024 samples at 48 kHz)")]
    Short,
    /// There is nothing to hear.
    #[error("it is silent throughout (below -80 dBFS)")]
    Silent,
    /// No MIDI file, or one that is not understood.
    #[error("MIDI: {0}")]
    Midi(String),
    /// An annotation file that is not understood.
    #[error("{}: {problem}", file.display())]
    Annotation {
        /// The annotation file.
        file: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// No annotation goes with the audio.
    #[error("no annotation goes with it: {expected}")]
    NoAnnotation {
        /// What was looked for.
        expected: String,
    },
    /// No audio goes with the annotation.
    #[error("no audio goes with it: {expected}")]
    NoAudio {
        /// What was looked for.
        expected: String,
    },
    /// Annotation and audio are not of one recording.
    #[error(
        "the annotation runs to {annotated_s:.1} s, the audio to {heard_s:.1} s: they are not of one recording"
    )]
    Length {
        /// End of the annotation.
        annotated_s: f64,
        /// End of the audio.
        heard_s: f64,
    },
    /// The notes do not have what is to be learnt from.
    #[error("{0}")]
    Notes(&'static str),
}

/// What became of a file.
#[derive(Debug)]
pub enum Outcome {
    /// It became a piece of so many frames, 0 for notes without sound.
    Read {
        /// Number of frames.
        frames: usize,
        /// Annotations beside it that had to be left out.
        left_out: Vec<Reason>,
    },
    /// It did not.
    Skipped(Reason),
}

/// A file, and what became of it.
#[derive(Debug)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// Nothing was left of a data set.
#[derive(Debug, thiserror::Error)]
#[error("no {wanted} in {}: {found}", folder.display())]
pub struct NothingRead {
    /// What was looked for.
    pub wanted: &'static str,
    /// Where.
    pub folder: PathBuf,
    /// What was there instead.
    pub found: String,
}

/// What became of the files of a folder. Prints as a table: counts, then what was skipped and why.
#[derive(Debug)]
pub struct Report {
    /// What was looked for, for example "audio".
    pub wanted: &'static str,
    /// The folder.
    pub folder: PathBuf,
    /// The files, in order.
    pub entries: Vec<Entry>,
}

impl Report {
    /// A report without entries.
    pub fn new(wanted: &'static str, folder: &Path) -> Self {
        Self { wanted, folder: folder.to_owned(), entries: Vec::new() }
    }

    /// Adds a file that was skipped.
    pub fn skip(&mut self, path: impl Into<PathBuf>, reason: Reason) {
        self.entries.push(Entry { path: path.into(), outcome: Outcome::Skipped(reason) });
    }

    /// Number of files that became pieces.
    pub fn read(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Read { .. })).count()
    }

    /// The files that did not, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&Path, &Reason)> {
        self.entries.iter().filter_map(|entry| match &entry.outcome {
            Outcome::Skipped(reason) => Some((entry.path.as_path(), reason)),
            Outcome::Read { .. } => None,
        })
    }

    /// Annotations of files that became pieces, which had to be left out, and why.
    pub fn left_out(&self) -> impl Iterator<Item = (&Path, &Reason)> {
        self.entries.iter().flat_map(|entry| {
            let reasons = match &entry.outcome {
                Outcome::Read { left_out, .. } => left_out.as_slice(),
                Outcome::Skipped(_) => &[],
            };
            reasons.iter().map(|reason| (entry.path.as_path(), reason))
        })
    }

    /// Length of all frames in seconds.
    pub fn seconds(&self) -> f64 {
        let frames: usize = self
            .entries
            .iter()
            .map(|entry| match entry.outcome {
                Outcome::Read { frames, .. } => frames,
                Outcome::Skipped(_) => 0,
            })
            .sum();
        frames as f64 / FRAME_RATE
    }

    /// What became of every single file, one to a line.
    pub fn all(&self) -> String {
        let line = |entry: &Entry| {
            let path = entry.path.strip_prefix(&self.folder).unwrap_or(&entry.path).display();
            match &entry.outcome {
                Outcome::Skipped(reason) => format!("skipped  {path}: {reason}\n"),
                Outcome::Read { frames, left_out } => {
                    let seconds = *frames as f64 / FRAME_RATE;
                    let left_out: String =
                        left_out.iter().map(|reason| format!("; left out: {reason}")).collect();
                    format!("read     {path}: {seconds:.1} s{left_out}\n")
                }
            }
        };
        let lines: String = self.entries.iter().map(line).collect();
        format!("{} in {}\n{lines}", self.wanted, self.folder.display())
    }

    /// Refuses a set of which nothing is left.
    ///
    /// # Errors
    /// No file became a piece; the error says what was there and why the first file was skipped.
    pub fn require_any(&self) -> Result<(), NothingRead> {
        if self.read() > 0 {
            return Ok(());
        }
        let found = match self.skipped().next() {
            None => "there are no such files; give the folder that holds them".to_owned(),
            Some((path, reason)) => {
                let name =
                    |path: &Path| path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
                let others = self.skipped().skip(1).take(SHOWN - 1);
                let others: String =
                    others.map(|(path, reason)| format!("\n  {}: {reason}", name(path))).collect();
                let more = self.entries.len().saturating_sub(SHOWN);
                let more = if more > 0 { format!("\n  ... and {more} more") } else { String::new() };
                format!("{}: {reason}{others}{more}", path.display())
            }
        };
        Err(NothingRead { wanted: self.wanted, folder: self.folder.clone(), found })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let skipped: Vec<_> = self.skipped().collect();
        let left_out: Vec<_> = self.left_out().collect();
        writeln!(f, "{} in {}", self.wanted, self.folder.display())?;
        writeln!(f, "  {:<20} {:>8}", "files", self.entries.len())?;
        writeln!(f, "  {:<20} {:>8}", "read", self.read())?;
        writeln!(f, "  {:<20} {:>8}", "skipped", skipped.len())?;
        writeln!(f, "  {:<20} {:>8}", "annotations left out", left_out.len())?;
        writeln!(f, "  {:<20} {:>8.1}", "minutes of sound", self.seconds() / 60.0)?;
        for (title, list) in [("skipped", skipped), ("annotations left out", left_out)] {
            if list.is_empty() {
                continue;
            }
            writeln!(f, "{title}:")?;
            for (path, reason) in list.iter().take(SHOWN) {
                let path = path.strip_prefix(&self.folder).unwrap_or(path);
                writeln!(f, "  {}: {reason}", path.display())?;
            }
            if list.len() > SHOWN {
                writeln!(f, "  ... and {} more", list.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_counts_and_names() {
        let mut report = Report::new("audio", Path::new("music"));
        report.entries.push(Entry {
            path: "music/a.wav".into(),
            outcome: Outcome::Read {
                frames: 2_813, // A minute: 60 s times 46.875.
                left_out: vec![Reason::Length { annotated_s: 70.0, heard_s: 60.0 }],
            },
        });
        (0..25).for_each(|i| report.skip(format!("music/b{i}.wav"), Reason::Short));
        let text = report.to_string();
        for part in [
            "files                      26",
            "read                        1",
            "minutes of sound          1.0",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.contains("  b0.wav: it is shorter than a frame"), "{text}");
        assert!(text.contains("... and 5 more"), "{text}");
        assert!(text.contains("  a.wav: the annotation runs to 70.0 s, the audio to 60.0 s"), "{text}");
        assert!(report.require_any().is_ok());
        let all = report.all();
        assert_eq!(all.lines().count(), 27, "{all}");
        assert!(all.contains("read     a.wav: 60.0 s; left out: the annotation runs to 70.0 s"), "{all}");
        assert!(all.contains("skipped  b24.wav: it is shorter than a frame"), "{all}");
    }

    #[test]
    fn nothing_read_says_what_was_there() {
        let mut report = Report::new("audio", Path::new("music"));
        let message = report.require_any().unwrap_err().to_string();
        assert!(message.starts_with("no audio in music: there are no such files"), "{message}");
        report.skip("music/a.wav", Reason::Silent);
        report.skip("music/b.wav", Reason::Short);
        let message = report.require_any().unwrap_err().to_string();
        assert_eq!(
            message,
            "no audio in music: music/a.wav: it is silent throughout (below -80 dBFS)\n  b.wav: it is shorter than a \
             frame (1,024 samples at 48 kHz)"
        );
    }
}
