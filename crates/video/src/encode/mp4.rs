//! The MP4 file of the built-in encoder: samples as they come, the index at the end or, where there is room, in front.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use shiguredo_mp4::bitstream::h264::{
    H264NalUnitType, H264SampleEntryConfig, LengthSize, build_avc1_box_from_annexb, parse_annexb_nal_units,
};

use shiguredo_mp4::bitstream::opus::{ChannelCount, OpusSampleEntryConfig, build_opus_box};
use shiguredo_mp4::boxes::{SampleEntry, UnknownBox};
use shiguredo_mp4::mux::{Mp4FileMuxer, Mp4FileMuxerOptions, Sample, estimate_maximum_moov_box_size};
use shiguredo_mp4::{BoxSize, BoxType, TrackKind};

use super::opus::{OPUS_RATE, PACKET, PRE_SKIP};
use crate::{Error, FrameRate};

/// Primaries, transfer and matrix of BT.709 (ISO/IEC 23091-2: 1 each), limited range.
const COLOUR: [u8; 11] = [b'n', b'c', b'l', b'x', 0, 1, 0, 1, 0, 1, 0];

/// A file that is being written. Its index grows in memory by some bytes per sample.
pub(crate) struct Mp4 {
    path: PathBuf,
    file: BufWriter<File>,
    position: u64,
    muxer: Mp4FileMuxer,
    video_clock: (NonZeroU32, u32),
    video_entry: Option<SampleEntry>,
    sound_entry: Option<SampleEntry>,
    unit: Vec<u8>,
}

impl Mp4 {
    /// Begins the file. With the number of frames known, room for the index is kept in front, so that players on the web start at
    /// once.
    pub fn create(
        file: File,
        path: &Path,
        rate: FrameRate,
        frames: Option<u64>,
        song_rate: u32,
    ) -> Result<Self, Error> {
        let (ticks, per_frame) = rate.ticks();
        let room = frames.map_or(0, |frames| {
            let packets = frames as f64 / rate.per_second() * f64::from(OPUS_RATE) / PACKET as f64;
            estimate_maximum_moov_box_size(&[frames as usize, packets as usize + 2])
        });
        let options = Mp4FileMuxerOptions { reserved_moov_box_size: room, ..Default::default() };
        let muxer = Mp4FileMuxer::with_options(options).map_err(failed)?;
        let sound_entry = SampleEntry::Opus(build_opus_box(&OpusSampleEntryConfig {
            channel_count: ChannelCount::Stereo,
            pre_skip: PRE_SKIP,
            input_sample_rate: song_rate,
            output_gain: 0,
        }));
        let mut mp4 = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 18, file),
            position: 0,
            video_clock: (NonZeroU32::new(ticks).unwrap_or(NonZeroU32::MIN), per_frame),
            video_entry: None,
            sound_entry: Some(sound_entry),
            unit: Vec::new(),
            muxer,
        };
        let head = mp4.muxer.initial_boxes_bytes().to_vec();
        mp4.write(&head)?;
        Ok(mp4)
    }

    /// Adds a frame in the encoder's own format (Annex B).
    pub fn video(&mut self, annex_b: &[u8], keyframe: bool) -> Result<(), Error> {
        let mut entry = None;
        if self.video_entry.is_none() {
            let config = H264SampleEntryConfig { length_size: LengthSize::FourBytes };
            let mut avc1 = build_avc1_box_from_annexb(annex_b, &config).map_err(failed)?;
            avc1.unknown_boxes.push(UnknownBox {
                box_type: BoxType::Normal(*b"colr"),
                box_size: BoxSize::U32(8 + COLOUR.len() as u32),
                payload: COLOUR.to_vec(),
            });
            self.video_entry = Some(SampleEntry::Avc1(avc1));
            entry = self.video_entry.clone();
        }
        // Parameter sets are in the sample entry.
        self.unit.clear();
        for nal in parse_annexb_nal_units(annex_b).map_err(failed)? {
            if !matches!(nal.nal_unit_type, H264NalUnitType::Sps | H264NalUnitType::Pps) {
                self.unit.extend((nal.data.len() as u32).to_be_bytes());
                self.unit.extend(nal.data);
            }
        }
        let (timescale, duration) = self.video_clock;
        let unit = std::mem::take(&mut self.unit);
        let result = self.sample(TrackKind::Video, entry, keyframe, timescale, duration, &unit);
        self.unit = unit;
        result
    }

    /// Adds an Opus packet of 20 ms.
    pub fn sound(&mut self, packet: &[u8]) -> Result<(), Error> {
        let entry = self.sound_entry.take();
        let timescale = NonZeroU32::new(OPUS_RATE).unwrap_or(NonZeroU32::MIN);
        self.sample(TrackKind::Audio, entry, true, timescale, PACKET as u32, packet)
    }

    fn sample(
        &mut self,
        track_kind: TrackKind,
        sample_entry: Option<SampleEntry>,
        keyframe: bool,
        timescale: NonZeroU32,
        duration: u32,
        data: &[u8],
    ) -> Result<(), Error> {
        let data_offset = self.position;
        self.write(data)?;
        let composition_time_offset = None;
        let data_size = data.len();
        self.muxer
            .append_sample(&Sample {
                track_kind,
                sample_entry,
                keyframe,
                timescale,
                duration,
                composition_time_offset,
                data_offset,
                data_size,
            })
            .map_err(failed)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(Error::file(&self.path))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Writes the index and waits until everything is on its way to the disk.
    pub fn finish(mut self) -> Result<(), Error> {
        let boxes = self.muxer.finalize().map_err(failed)?;
        let mut write = || -> std::io::Result<()> {
            for (offset, bytes) in boxes.offset_and_bytes_pairs() {
                self.file.seek(SeekFrom::Start(offset))?;
                self.file.write_all(bytes)?;
            }
            self.file.flush()
        };
        write().map_err(Error::file(&self.path))
    }
}

fn failed(problem: impl std::fmt::Debug) -> Error {
    Error::Encoder { encoder: "MP4", reason: format!("{problem:?}") }
}
