//! The encoder that needs nothing installed: OpenH264 and Opus in an MP4 file.

use std::path::Path;

use dendrite_audio::Stereo;
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder as OpenH264, EncoderConfig, FrameRate as H264Rate, FrameType,
    IntraFramePeriod, QpRange, RateControlMode, VuiConfig,
};
use openh264::formats::YUVSlices;
use openh264_sys2::{ENCODER_OPTION_TRACE_LEVEL, WELS_LOG_QUIET};

use super::mp4::Mp4;
use super::opus::Packets;
use super::{Encoder, Job};
use crate::beside::Beside;
use crate::yuv::I420;
use crate::{Error, FrameRate, Quality};

/// Seconds between two pictures that players can jump to.
const KEYFRAMES_S: f64 = 2.0;
/// Bits per second at most: what players still take.
const MOST_BITS: f64 = 80e6;

/// Encodes into a part file.
pub(crate) struct BuiltIn {
    h264: OpenH264,
    packets: Packets,
    mp4: Mp4,
    rate: FrameRate,
    frames: u64,
}

impl BuiltIn {
    pub fn create(job: &Job, beside: &Beside, target: &Path) -> Result<Self, Error> {
        let sound = Stereo::open(&job.song, job.start_s, job.end_s)?;
        let mp4 = Mp4::create(beside.open()?, target, job.rate, job.frames, sound.rate())?;
        Ok(Self {
            h264: quiet(OpenH264::with_api_config(OpenH264API::from_source(), config(job)).map_err(failed)?)?,
            packets: Packets::new(sound)?,
            mp4,
            rate: job.rate,
            frames: 0,
        })
    }

    /// Writes the packets that begin before `time_s`.
    fn sound_until(&mut self, time_s: f64) -> Result<(), Error> {
        while self.packets.next_s() < time_s {
            let Some(packet) = self.packets.next()? else { break };
            self.mp4.sound(packet)?;
        }
        Ok(())
    }
}

impl Encoder for BuiltIn {
    fn picture(&mut self, picture: &I420) -> Result<(), Error> {
        let (width, height) = (picture.width, picture.height);
        let [y, u, v] = picture.planes();
        let planes = YUVSlices::new((y, u, v), (width, height), (width, width / 2, width / 2));
        let stream = self.h264.encode(&planes).map_err(failed)?;
        let keyframe = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        let bytes = stream.to_vec();
        if bytes.is_empty() {
            return Err(Error::Encoder {
                encoder: "OpenH264",
                reason: "it gave no data for a picture".to_owned(),
            });
        }
        self.mp4.video(&bytes, keyframe)?;
        self.frames += 1;
        self.sound_until(self.rate.time_s(self.frames))
    }

    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        self.sound_until(f64::INFINITY)?;
        self.mp4.finish()
    }
}

/// Keeps the encoder from writing warnings on standard error, which it does before its configuration tells it not to.
fn quiet(mut encoder: OpenH264) -> Result<OpenH264, Error> {
    let mut level: std::ffi::c_int = WELS_LOG_QUIET as std::ffi::c_int;
    // SAFETY: `raw_api` asks not to set what the wrapper relies on, and the level of messages is not that; the option's value is
    // a C integer that is read during the call (codec_api.h, ENCODER_OPTION_TRACE_LEVEL).
    let result = unsafe {
        encoder.raw_api().set_option(ENCODER_OPTION_TRACE_LEVEL, std::ptr::from_mut(&mut level).cast())
    };
    if result == 0 {
        Ok(encoder)
    } else {
        Err(Error::Encoder { encoder: "OpenH264", reason: format!("it refused an option ({result})") })
    }
}

fn config(job: &Job) -> EncoderConfig {
    let [width, height] = job.size.map(f64::from);
    let per_second = job.rate.per_second();
    // Twice the frames change half as much each: they do not need twice the bits.
    let bits = width * height * 30.0 * job.quality.bits_per_pixel() * (per_second / 30.0).powf(0.6);
    let (complexity, coarsest) = match job.quality {
        Quality::Draft => (Complexity::Low, 38),
        Quality::Good => (Complexity::Low, 32),
        Quality::Best => (Complexity::High, 28),
    };
    EncoderConfig::new()
        .bitrate(BitRate::from_bps(bits.clamp(100e3, MOST_BITS) as u32))
        .rate_control_mode(RateControlMode::Bitrate)
        .skip_frames(false)
        .max_frame_rate(H264Rate::from_hz(per_second as f32))
        .intra_frame_period(IntraFramePeriod::from_num_frames(
            (KEYFRAMES_S * per_second).round().max(1.0) as u32
        ))
        .complexity(complexity)
        .qp(QpRange::new(12, coarsest))
        .background_detection(false)
        // More threads cut the picture into slices, and the bytes would depend on the machine.
        .num_threads(1)
        .vui(VuiConfig::bt709())
}

fn failed(problem: openh264::Error) -> Error {
    Error::Encoder { encoder: "OpenH264", reason: problem.to_string() }
}
