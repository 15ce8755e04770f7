//! A file decoded block by block, so that memory does not grow with its length.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::{TimeBase, Timestamp};

use crate::edit::Edit;
use crate::{Problem, ReadError};

/// Samples that are decoded in front of the one that is sought: what overlaps into it, in every codec that is read here, and the
/// frames from which an MP3 frame may take its bits.
const RUN_UP: u64 = 8_192;

/// An audio file that is being decoded.
///
/// Holds one block of samples and what the decoder keeps: some 100 kB, whatever the length of the file.
pub struct Stream {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// Unit of the track's timestamps, and that of the first decoded sample.
    time_base: Option<TimeBase>,
    start: Option<Timestamp>,
    rate: u32,
    frames: Option<u64>,
    /// Decoded samples so far, those included that are not to be heard; unknown behind a jump, until a packet says it.
    decoded: Option<u64>,
    /// Where among the decoded samples those begin and end that are to be heard, and where those that are given next begin.
    first: u64,
    end: u64,
    next: u64,
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

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
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
                self.broke_off |= self.next - self.first + u64::from(self.rate) / 10 < promised;
                return Ok(None);
            }
        }
        Ok(Some(&self.block))
    }

    /// Goes to a sample, counted as [`next_block`](Self::next_block) gives them: the next block begins there. Behind the end
    /// there is none.
    ///
    /// # Errors
    /// The file has gone, or changed its kind.
    pub fn seek(&mut self, sample: u64) -> Result<(), ReadError> {
        let target = self.first.saturating_add(sample);
        self.waiting = false;
        if self.jump(target.saturating_sub(RUN_UP)) {
            (self.next, self.waiting) = (target, false);
            return Ok(());
        }
        // The slow way: everything before it is decoded and left out.
        *self = Self::open(&self.path)?;
        if target < self.next {
            let before = (target - self.first) as usize;
            self.block.iter_mut().for_each(|channel| drop(channel.drain(..before)));
        } else {
            (self.next, self.waiting) = (target, false);
        }
        Ok(())
    }

    /// Has the reader go to a decoded sample or before it; false if it cannot.
    fn jump(&mut self, sample: u64) -> bool {
        let ticks = self.time_base.and_then(|base| ticks(base, sample, self.rate));
        let Some(ts) = self.start.zip(ticks).and_then(|(start, ticks)| start.checked_add(ticks.into()))
        else {
            return false;
        };
        let to = SeekTo::Timestamp { ts, track_id: self.track };
        let went = self.reader.seek(SeekMode::Accurate, to).is_ok();
        if went {
            self.decoder.reset();
            self.decoded = None;
        }
        went
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
        let time_base = track.time_base;
        let (track, frames) = (track.id, track.num_frames);
        let mut stream = Self {
            path: path.to_owned(),
            reader,
            decoder,
            track,
            time_base,
            start: None,
            rate: 0,
            frames,
            decoded: Some(0),
            first: 0,
            end: u64::MAX,
            next: 0,
            block: Vec::new(),
            waiting: true,
            interleaved: Vec::new(),
            broke_off: false,
        };
        if stream.decode()? { Ok(stream) } else { Err(Problem::Empty) }
    }

    /// Finds out what of an MP4 file is to be heard. The other kinds say it packet by packet.
    fn find_edit(&mut self) {
        if self.reader.format_info().format != FORMAT_ID_ISOMP4 {
            return;
        }
        let list = Edit::of_list(&self.path, self.track, self.rate);
        let comment = || {
            let metadata = self.reader.metadata();
            let tags = &metadata.current()?.media.tags;
            let tag = tags.iter().find(|tag| tag.raw.key.ends_with("iTunSMPB"))?;
            Edit::of_comment(&tag.raw.value.to_string())
        };
        // Where both are there, the list is what players go by.
        let Some(edit) = list.or_else(comment) else { return };
        self.first = edit.skip;
        self.next = edit.skip;
        self.end = edit.length.map_or(u64::MAX, |length| edit.skip.saturating_add(length));
        self.frames = edit.length.or(self.frames.map(|frames| frames.saturating_sub(edit.skip)));
    }

    /// Decodes the next packet that holds samples to be given into `block`; false at the end.
    fn decode(&mut self) -> Result<bool, Problem> {
        while self.decoded.is_none_or(|decoded| decoded < self.end) {
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
            self.interleaved.resize(decoded.samples_interleaved(), 0.0);
            decoded.copy_to_slice_interleaved(&mut self.interleaved);
            if self.block.is_empty() {
                self.rate = rate;
                self.block = vec![Vec::new(); count];
                self.find_edit();
            } else if (rate, count) != (self.rate, self.block.len()) {
                return Err(Problem::Changes);
            }
            // Some packets give no samples and have a time all the same, as the first of Vorbis.
            let at = packet.pts.saturating_add(packet.trim_start);
            let zero = *self.start.get_or_insert(at);
            let start = match (self.decoded, self.time_base) {
                (Some(decoded), _) => decoded,
                (None, Some(base)) => {
                    samples(base, at.saturating_delta(zero).get().max(0).unsigned_abs(), rate)
                }
                (None, None) => self.next,
            };
            let end = start + (self.interleaved.len() / count) as u64;
            self.decoded = Some(end);
            let (from, to) = (self.next.clamp(start, end), self.end.clamp(start, end));
            if from >= to {
                continue;
            }
            self.next = to;
            let range = (from - start) as usize * count..(to - start) as usize * count;
            for (place, channel) in self.block.iter_mut().enumerate() {
                channel.clear();
                channel.extend(self.interleaved[range.clone()].iter().skip(place).step_by(count));
            }
            return Ok(true);
        }
        Ok(false)
    }
}

/// Samples in ticks of a time base, rounded down.
fn samples(base: TimeBase, ticks: u64, rate: u32) -> u64 {
    let (numerator, denominator) = (u128::from(base.numer.get()), u128::from(base.denom.get()));
    (u128::from(ticks) * u128::from(rate) * numerator / denominator) as u64
}

/// Ticks of a time base in samples, rounded down; `None` where there are too many to be counted.
fn ticks(base: TimeBase, samples: u64, rate: u32) -> Option<u64> {
    let (numerator, denominator) = (u128::from(base.numer.get()), u128::from(base.denom.get()));
    u64::try_from(u128::from(samples) * denominator / (numerator * u128::from(rate.max(1)))).ok()
}
