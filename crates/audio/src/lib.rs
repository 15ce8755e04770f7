//! Audio files to samples: WAV, FLAC, Ogg Vorbis and MP3, of any rate and channel count.
//!
//! ```text
//! file ──read──> Audio { rate, channels: [[f32; len]; count] }
//! ```
//! Knows nothing of what the samples are for. Reading allocates and does I/O: not for audio threads.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Endings of the files that can be read, in lower case.
pub const ENDINGS: [&str; 6] = ["wav", "wave", "flac", "ogg", "oga", "mp3"];

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
    #[error("this is no WAV, FLAC, Ogg Vorbis or MP3 file ({0})")]
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
    decode(path).map_err(|problem| ReadError { path: path.to_owned(), problem })
}

fn decode(path: &Path) -> Result<Audio, Problem> {
    let file = File::open(path).map_err(Problem::Open)?;
    if file.metadata().map_err(Problem::Open)?.is_dir() {
        return Err(Problem::Open(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let source = MediaSourceStream::new(Box::new(file), Default::default());
    let mut reader = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .map_err(Problem::Format)?;
    let track = reader.default_track(TrackType::Audio).ok_or(Problem::NoTrack)?;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or(Problem::NoTrack)?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(Problem::Decode)?;
    let track_id = track.id;

    let mut audio = Audio { rate: 0, channels: Vec::new() };
    let mut interleaved: Vec<f32> = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // The file breaks off: what was heard until there counts.
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(Problem::Decode(error)),
        };
        if packet.track_id != track_id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(Problem::Decode(error)),
        };
        let (rate, count) = (decoded.spec().rate(), decoded.spec().channels().count());
        if audio.channels.is_empty() {
            audio = Audio { rate, channels: vec![Vec::new(); count] };
        } else if (rate, count) != (audio.rate, audio.channels.len()) {
            return Err(Problem::Changes);
        }
        interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        for frame in interleaved.chunks_exact(count.max(1)) {
            for (channel, &sample) in audio.channels.iter_mut().zip(frame) {
                channel.push(sample);
            }
        }
    }
    if audio.is_empty() { Err(Problem::Empty) } else { Ok(audio) }
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
}
