//! Audio files to samples.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A decoded file.
pub struct Audio {
    /// Sample rate in Hz.
    pub rate: u32,
    /// Samples by channel; all channels are equally long.
    pub channels: Vec<Vec<f32>>,
}

impl Audio {
    /// Samples per channel.
    pub fn len(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.len() as f64 / f64::from(self.rate)
    }
}

/// Decodes WAV, FLAC, Ogg Vorbis or MP3. Packets that do not decode are left out, as players do.
pub fn read(path: &Path) -> Result<Audio> {
    decode(path).with_context(|| format!("reading {}", path.display()))
}

fn decode(path: &Path) -> Result<Audio> {
    let file = File::open(path)?;
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let source = MediaSourceStream::new(Box::new(file), Default::default());
    let mut reader = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .context("this is no WAV, FLAC, Ogg Vorbis or MP3 file")?;
    let track = reader.default_track(TrackType::Audio).context("the file has no audio track")?;
    let parameters =
        track.codec_params.as_ref().and_then(|p| p.audio()).context("the audio track has no codec")?;
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
    let track_id = track.id;

    let mut audio = Audio { rate: 0, channels: Vec::new() };
    let mut interleaved: Vec<f32> = Vec::new();
    while let Some(packet) = reader.next_packet()? {
        if packet.track_id != track_id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let (rate, count) = (decoded.spec().rate(), decoded.spec().channels().count());
        if audio.channels.is_empty() {
            audio = Audio { rate, channels: vec![Vec::new(); count] };
        } else if (rate, count) != (audio.rate, audio.channels.len()) {
            bail!("sample rate or channels change within the file");
        }
        interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        for frame in interleaved.chunks_exact(count.max(1)) {
            for (channel, &sample) in audio.channels.iter_mut().zip(frame) {
                channel.push(sample);
            }
        }
    }
    anyhow::ensure!(audio.len() > 0, "the file holds no samples");
    Ok(audio)
}
