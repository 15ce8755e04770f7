//! Songs that tests make, and files that they read back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use dendrite_engine::ModelSet;
use dendrite_video::{Error, FrameRate, Options, Outputs, Rendered, render};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

/// Options for small, quick videos. Heuristics: what is tested here does not depend on models.
pub fn options(rate: &str) -> Options {
    Options {
        listen: dendrite_offline::Options { models: ModelSet::heuristics(), ..Default::default() },
        size: [96, 64],
        rate: rate.parse::<FrameRate>().unwrap(),
        ..Options::default()
    }
}

/// Renders without anybody watching.
pub fn run(song: &Path, options: &Options, outputs: &Outputs) -> Result<Rendered, Error> {
    render(song, options, outputs, &AtomicBool::new(false), &mut |_| {})
}

/// Writes a mono or stereo WAV file of 16 bits.
pub fn write(path: &Path, rate: u32, channels: u16, seconds: f64, sample: impl Fn(f64) -> f64) -> PathBuf {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for frame in 0..(seconds * f64::from(rate)).round() as usize {
        let value = (sample(frame as f64 / f64::from(rate)) * 32_767.0) as i16;
        (0..channels).for_each(|_| writer.write_sample(value).unwrap());
    }
    writer.finalize().unwrap();
    path.to_owned()
}

/// A chord with a soft beat each half second.
pub fn music(t: f64) -> f64 {
    let tone = |f: f64| (t * f * std::f64::consts::TAU).sin();
    let since = t % 0.5;
    0.1 * (tone(220.0) + tone(277.18) + tone(329.63)) + 0.4 * (-since * 40.0).exp() * tone(90.0)
}

/// A video that was read back.
pub struct Video {
    /// Luma of each picture.
    pub luma: Vec<Vec<u8>>,
    pub size: [usize; 2],
    /// When each picture is shown, in seconds.
    pub times_s: Vec<f64>,
    /// Opus packets, and how many samples are dropped at the start.
    pub packets: Vec<Vec<u8>>,
    pub pre_skip: usize,
    /// The left channel at 48 kHz, where somebody else has decoded it.
    decoded: Option<Vec<f32>>,
}

impl Video {
    pub fn read(path: &Path) -> Self {
        let data = std::fs::read(path).unwrap();
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input { position: 0, data: &data });
        let mut decoder = Decoder::new().unwrap();
        let mut video = Self {
            luma: Vec::new(),
            size: [0; 2],
            times_s: Vec::new(),
            packets: Vec::new(),
            pre_skip: 0,
            decoded: None,
        };
        let mut head = Vec::new();
        while let Some(sample) = demuxer.next_sample().unwrap() {
            let bytes = &data[sample.data_offset as usize..][..sample.data_size];
            match sample.sample_entry {
                Some(SampleEntry::Avc1(avc1)) => {
                    let sets = avc1.avcc_box.sps_list.iter().chain(&avc1.avcc_box.pps_list);
                    head = sets.flat_map(|set| [&[0, 0, 0, 1], set.as_slice()].concat()).collect();
                }
                Some(SampleEntry::Opus(opus)) => video.pre_skip = usize::from(opus.dops_box.pre_skip),
                _ => {}
            }
            if sample.track.kind == TrackKind::Audio {
                video.packets.push(bytes.to_vec());
                continue;
            }
            video.times_s.push(sample.timestamp as f64 / f64::from(sample.track.timescale.get()));
            let mut stream = std::mem::take(&mut head);
            let mut rest = bytes;
            while let [a, b, c, d, behind @ ..] = rest {
                let (unit, behind) = behind.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
                stream.extend([0, 0, 0, 1]);
                stream.extend(unit);
                rest = behind;
            }
            let picture = decoder.decode(&stream).unwrap().expect("each sample is a picture");
            let (width, height) = picture.dimensions();
            let stride = picture.strides().0;
            video.size = [width, height];
            video.luma.push((0..height).flat_map(|y| picture.y()[y * stride..][..width].to_vec()).collect());
        }
        video
    }

    /// Has ffmpeg decode a video of a size, as a player would.
    pub fn read_by_ffmpeg(path: &Path, size: [u32; 2]) -> Self {
        let size = size.map(|side| side as usize);
        let luma = succeed(Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-i"]).arg(path).args([
            "-map",
            "0:v",
            "-vf",
            "extractplanes=y",
            "-vsync",
            "passthrough",
            "-f",
            "rawvideo",
            "-",
        ]));
        let sound = succeed(Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-i"]).arg(path).args([
            "-map",
            "0:a",
            "-af",
            "pan=mono|c0=c0",
            "-ar",
            "48000",
            "-f",
            "f32le",
            "-",
        ]));
        let times = ffprobe(path, &["-select_streams", "v", "-show_entries"], "frame=pts_time");
        let samples = sound.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        Self {
            luma: luma.chunks_exact(size[0] * size[1]).map(<[u8]>::to_vec).collect(),
            size,
            times_s: times
                .split_whitespace()
                .map(|line| line.trim_end_matches(',').parse().unwrap())
                .collect(),
            packets: Vec::new(),
            pre_skip: 0,
            decoded: Some(samples.collect()),
        }
    }

    /// The left channel of the sound at 48 kHz, as players give it.
    pub fn sound(&self) -> Vec<f32> {
        if let Some(decoded) = &self.decoded {
            return decoded.clone();
        }
        let mut decoder = opus_rs::OpusDecoder::new(48_000, 2).unwrap();
        let mut all = Vec::new();
        for packet in &self.packets {
            let mut pairs = vec![0.0; 960 * 2];
            let count = decoder.decode(packet, 960, &mut pairs).unwrap();
            all.extend(pairs[..count * 2].chunks_exact(2).map(|pair| pair[0]));
        }
        all.drain(..self.pre_skip);
        all
    }
}

/// What ffprobe says of the entries of a file, separated by commas.
pub fn ffprobe(path: &Path, arguments: &[&str], entries: &str) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error"]).args(arguments).arg(entries).args(["-of", "csv=p=0"]).arg(path);
    String::from_utf8(succeed(&mut command)).unwrap().trim().to_owned()
}

/// What a program that has to succeed writes.
fn succeed(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started ({error}); install ffmpeg"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
