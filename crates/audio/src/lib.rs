//! Audio files to samples: WAV, AIFF, FLAC, Ogg Vorbis, MP3 and M4A (AAC), of any rate and channel count.
//!
//! ```text
//! file ──read────> Audio { rate, channels: [[f32; len]; count] }     the whole file in memory
//!      ──Stream──> block after block of channels                     bounded memory, hours or not
//!                    └──Stereo──> left and right in turn ──Resampled──> the same at another rate
//! ```
//! Samples that an encoder has put in front of the sound or behind it are left out, where the file says how many there are.
//!
//! Knows nothing of what the samples are for. Reading allocates and does I/O: not for audio threads.

mod edit;
mod resampled;
mod songs;
mod stereo;
mod stream;

use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::errors::Error;

pub use resampled::Resampled;
pub use songs::songs_in;
pub use stereo::Stereo;
pub use stream::Stream;

/// Endings of the files that can be read, in lower case.
pub const ENDINGS: [&str; 11] =
    ["wav", "wave", "aif", "aiff", "aifc", "flac", "ogg", "oga", "mp3", "m4a", "mp4"];

/// A decoded file.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Sample rate in Hz.
    pub rate: u32,
    /// Samples by channel, full scale at ±1; all channels are equally long.
    pub channels: Vec<Vec<f32>>,
}

/// A file that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("it cannot be opened: {0}")]
    Open(io::Error),
    /// The content is of no kind that is known here.
    #[error("this is no WAV, AIFF, FLAC, Ogg Vorbis, MP3 or M4A file ({0})")]
    Format(Error),
    /// It holds no audio track.
    #[error("it holds no audio track")]
    NoTrack,
    /// The audio track cannot be decoded.
    #[error("its audio cannot be decoded: {0}")]
    Decode(Error),
    /// Rate or channel count change in the middle.
    #[error("sample rate or channel count change within the file")]
    Changes,
    /// Not a single sample.
    #[error("it holds no samples")]
    Empty,
    /// Its rate cannot be changed into the one that is wanted.
    #[error("its sample rate of {from} Hz cannot be made {to} Hz: {reason}")]
    Resample {
        /// Its rate.
        from: u32,
        /// The wanted one.
        to: u32,
        /// What the resampler says.
        reason: String,
    },
}

impl Audio {
    /// Samples per channel.
    pub fn len(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.len() as f64 / f64::from(self.rate)
    }

    /// The mean of the channels.
    pub fn mono(&self) -> Vec<f32> {
        let share = 1.0 / self.channels.len().max(1) as f32;
        let mut mono = vec![0.0; self.len()];
        for channel in &self.channels {
            mono.iter_mut().zip(channel).for_each(|(sum, sample)| *sum += sample);
        }
        mono.iter_mut().for_each(|sum| *sum *= share);
        mono
    }
}

/// Decodes a whole file. Packets that do not decode are left out, as players do; a file that breaks off gives what is before.
///
/// # Errors
/// The file cannot be opened, is of no known kind, has no audio, or changes its rate or channels on the way.
pub fn read(path: &Path) -> Result<Audio, ReadError> {
    let mut stream = Stream::open(path)?;
    let mut audio = Audio { rate: stream.rate(), channels: vec![Vec::new(); stream.channels()] };
    while let Some(block) = stream.next_block()? {
        for (channel, block) in audio.channels.iter_mut().zip(block) {
            channel.extend_from_slice(block);
        }
    }
    Ok(audio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, channels: u16, samples: &[i16]) {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
    }

    #[test]
    fn a_wav_file_comes_back_by_channel() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tone.wav");
        write(&path, 2, &[16_384, -16_384, 8_192, 0]);
        let audio = read(&path).unwrap();
        assert_eq!((audio.rate, audio.len()), (44_100, 2));
        assert_eq!(audio.channels, [vec![0.5, 0.25], vec![-0.5, 0.0]]);
        assert_eq!(audio.mono(), [0.0, 0.125]);
    }

    #[test]
    fn one_sample_is_enough_and_none_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.wav");
        write(&path, 1, &[1]);
        assert_eq!(read(&path).unwrap().len(), 1);
        write(&path, 1, &[]);
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("short.wav"), "{message}");
    }

    #[test]
    fn what_is_no_audio_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.mp3");
        std::fs::write(&path, "this is no sound").unwrap();
        for path in [path.as_path(), folder.path(), &folder.path().join("missing.flac")] {
            assert!(read(path).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn a_file_that_breaks_off_gives_what_is_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.wav");
        write(&path, 1, &[1_000; 40_000]);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let length = read(&path).unwrap().len();
        assert!(length > 10_000 && length < 21_000, "{length}");
    }

    #[test]
    fn a_stream_gives_the_same_samples_as_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noise.wav");
        let samples: Vec<i16> = (0..30_001_i32).map(|n| (n * 7_919 % 65_536 - 32_768) as i16).collect();
        write(&path, 3, &samples[..30_000]);
        let mut stream = Stream::open(&path).unwrap();
        assert_eq!((stream.rate(), stream.channels(), stream.frames()), (44_100, 3, Some(10_000)));
        let mut heard = vec![Vec::new(); 3];
        while let Some(block) = stream.next_block().unwrap() {
            heard.iter_mut().zip(block).for_each(|(all, block)| all.extend_from_slice(block));
        }
        assert_eq!(heard, read(&path).unwrap().channels);
        assert!(!stream.broke_off());
    }

    #[test]
    fn a_stream_says_that_its_file_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.wav");
        write(&path, 1, &[1_000; 40_000]);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let mut stream = Stream::open(&path).unwrap();
        while stream.next_block().unwrap().is_some() {}
        assert!(stream.broke_off());
    }
}
