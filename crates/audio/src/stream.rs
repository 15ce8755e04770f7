//! A file decoded block by block, so that memory does not grow with its length.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::{Problem, ReadError};

/// An audio file that is being decoded.
///
/// Holds one block of samples and what the decoder keeps: some 100 kB, whatever the length of the file.
pub struct Stream {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    frames: Option<u64>,
    given: u64,
    /// The newest block, by channel.
    block: Vec<Vec<f32>>,
    /// Whether `block` was decoded when the file was opened and has not been given yet.
    waiting: bool,
    interleaved: Vec<f32>,
    broke_off: bool,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("path", &self.path)
            .field("rate", &self.rate)
            .field("channels", &self.block.len())
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Opens a file and decodes its first block, so that rate and channel count are known to be what they are.
    ///
    /// # Errors
    /// The file cannot be opened, is of no known kind, or has no audio, or not a single sample of it.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::begin(path).map_err(|problem| ReadError { path: path.to_owned(), problem })
    }

    /// Sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Number of channels, at least 1.
    pub fn channels(&self) -> usize {
        self.block.len()
    }

    /// Samples per channel as the file states them, where it does. A file that breaks off has fewer, and some kinds state
    /// none or an estimate.
    pub fn frames(&self) -> Option<u64> {
        self.frames
    }

    /// Whether the file ended in the middle of something, or before the samples it promised. Known when
    /// [`next_block`](Self::next_block) has given `None`.
    pub fn broke_off(&self) -> bool {
        self.broke_off
    }

    /// The next block: one slice per channel, equally long and never empty, full scale at ±1. `None` at the end.
    ///
    /// Packets that do not decode are left out, as players do.
    ///
    /// # Errors
    /// The audio cannot be decoded at all, or rate or channel count change.
    pub fn next_block(&mut self) -> Result<Option<&[Vec<f32>]>, ReadError> {
        if !std::mem::take(&mut self.waiting) {
            let more = self.decode().map_err(|problem| ReadError { path: self.path.clone(), problem })?;
            if !more {
                // One packet's worth may be missing: encoders state lengths before they trim.
                let promised = self.frames.unwrap_or(0);
                self.broke_off |= self.given + u64::from(self.rate) / 10 < promised;
                return Ok(None);
            }
        }
        self.given += self.block.first().map_or(0, Vec::len) as u64;
        Ok(Some(&self.block))
    }

    fn begin(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).map_err(Problem::Open)?;
        if file.metadata().map_err(Problem::Open)?.is_dir() {
            return Err(Problem::Open(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let source = MediaSourceStream::new(Box::new(file), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
            .map_err(Problem::Format)?;
        let track = reader.default_track(TrackType::Audio).ok_or(Problem::NoTrack)?;
        let parameters = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or(Problem::NoTrack)?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(Problem::Decode)?;
        let (track, frames) = (track.id, track.num_frames);
        let mut stream = Self {
            path: path.to_owned(),
            reader,
            decoder,
            track,
            rate: 0,
            frames,
            given: 0,
            block: Vec::new(),
            waiting: true,
            interleaved: Vec::new(),
            broke_off: false,
        };
        if stream.decode()? { Ok(stream) } else { Err(Problem::Empty) }
    }

    /// Decodes the next packet that holds samples into `block`; false at the end.
    fn decode(&mut self) -> Result<bool, Problem> {
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // The file breaks off: what was heard until there counts.
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.broke_off = true;
                    return Ok(false);
                }
                Err(error) => return Err(Problem::Decode(error)),
            };
            if packet.track_id != self.track {
                continue;
            }
            let decoded = match self.decoder.decode(&packet) {
                Ok(decoded) => decoded,
                Err(Error::DecodeError(_)) => continue,
                Err(error) => return Err(Problem::Decode(error)),
            };
            let (rate, count) = (decoded.spec().rate(), decoded.spec().channels().count());
            if decoded.samples_interleaved() == 0 || count == 0 {
                continue;
            }
            if self.block.is_empty() {
                self.rate = rate;
                self.block = vec![Vec::new(); count];
            } else if (rate, count) != (self.rate, self.block.len()) {
                return Err(Problem::Changes);
            }
            self.interleaved.resize(decoded.samples_interleaved(), 0.0);
            decoded.copy_to_slice_interleaved(&mut self.interleaved);
            for (place, channel) in self.block.iter_mut().enumerate() {
                channel.clear();
                channel.extend(self.interleaved.iter().skip(place).step_by(count));
            }
            return Ok(true);
        }
    }
}
