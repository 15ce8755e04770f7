//! Sound as Opus packets of 20 ms.

use dendrite_audio::{Resampled, Stereo};
use opus_rs::{Application, OpusEncoder};

use crate::Error;

/// Rate of the codec.
pub(crate) const OPUS_RATE: u32 = 48_000;
/// Pairs in a packet.
pub(crate) const PACKET: usize = 960;
/// Samples that the decoder is told to drop: the codec's look-ahead of 2.5 ms and its delay compensation of 4 ms at 48 kHz, as in
/// libopus.
pub(crate) const PRE_SKIP: u16 = 312;
/// Stereo, transparent for nearly everybody and everything.
const BITS_PER_SECOND: i32 = 160_000;
/// Longest packet of the format.
const LONGEST: usize = 1_275;

/// Makes packets of a sound.
pub(crate) struct Packets {
    encoder: OpusEncoder,
    sound: Resampled,
    input: Vec<f32>,
    output: Vec<u8>,
    made: u64,
    /// Pairs of sound, when its end has been seen.
    length: Option<u64>,
}

impl Packets {
    pub fn new(sound: Stereo) -> Result<Self, Error> {
        let sound = Resampled::new(sound, OPUS_RATE)?;
        let mut encoder = OpusEncoder::new(OPUS_RATE as i32, 2, Application::Audio).map_err(failed)?;
        encoder.bitrate_bps = BITS_PER_SECOND;
        Ok(Self {
            encoder,
            sound,
            input: vec![0.0; PACKET * 2],
            output: vec![0; LONGEST],
            made: 0,
            length: None,
        })
    }

    /// When the next packet begins, in seconds.
    pub fn next_s(&self) -> f64 {
        self.made as f64 * PACKET as f64 / f64::from(OPUS_RATE)
    }

    /// The next packet; `None` when all sound is in packets.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        let begin = self.made * PACKET as u64;
        // The decoder gives everything later by the samples that it drops at the start.
        if self.length.is_some_and(|length| begin >= length + u64::from(PRE_SKIP)) {
            return Ok(None);
        }
        let count = self.sound.take(&mut self.input)?;
        if count < PACKET && self.length.is_none() {
            self.length = Some(begin + count as u64);
            if begin + count as u64 == 0 {
                return Ok(None);
            }
        }
        let length = self.encoder.encode(&self.input, PACKET, &mut self.output).map_err(failed)?;
        self.made += 1;
        Ok(Some(&self.output[..length]))
    }
}

fn failed(reason: &'static str) -> Error {
    Error::Encoder { encoder: "Opus", reason: reason.to_owned() }
}
