//! From sound to frames, at any rate: what the engine hears of a file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dendrite_features::{Extractor, Frame, HOP_LENGTH, RateError, Resampler, SAMPLE_RATE};

use super::{Cache, ContentHash, Reason};

/// Samples that are resampled at a time; the resampler's FIFO holds three hops.
const CHUNK: usize = 512;

/// The frames of mono samples at a rate of 8 - 384 kHz: one for every complete hop of 1,024 samples at 48 kHz.
///
/// The samples go through the engine's own resampler and extractor. Its gain is left out: the auto-level brings quiet
/// tracks up, so that in playing a piece is heard as loud as here or louder. Models meet all levels in training because
/// the generator draws the level of each piece.
///
/// # Errors
/// The rate is outside the range.
pub fn frames(samples: &[f32], rate: u32) -> Result<Vec<Frame>, RateError> {
    if rate == SAMPLE_RATE {
        return Ok(dendrite_features::analyze(samples));
    }
    let mut resampler = Resampler::new(rate)?;
    let hops = (samples.len() as u128 * u128::from(SAMPLE_RATE) / u128::from(rate)) as usize / HOP_LENGTH;
    let mut frames = Vec::with_capacity(hops);
    let mut extractor = Extractor::new();
    let mut hop = [0.0; HOP_LENGTH];
    // Silence behind the end brings out what is still in the filter.
    let silence = [0.0; CHUNK];
    let mut chunks = samples.chunks(CHUNK);
    while frames.len() < hops {
        resampler.push(chunks.next().unwrap_or(&silence));
        while resampler.available() >= HOP_LENGTH && frames.len() < hops {
            resampler.take_hop(&mut hop);
            extractor.push(&hop, |frame| frames.push(*frame));
        }
    }
    Ok(frames)
}

/// A file as it was heard.
pub(crate) struct Heard {
    pub frames: Vec<Frame>,
    /// Hash of the file's bytes.
    pub content: ContentHash,
}

/// Hears a file, or finds in the cache what was heard of it before.
///
/// Files that are too short for a frame or silent throughout are refused: there is nothing to learn from them, and
/// silence would pull the means and deviations of a data set to zero.
pub(crate) fn hear(path: &Path, cache: Option<&Cache>) -> Result<Heard, Reason> {
    let content = ContentHash::of_file(path)?;
    let frames = match cache {
        Some(cache) => cache.frames(&content, || decode(path))?,
        None => decode(path)?,
    };
    if frames.is_empty() {
        return Err(Reason::Short);
    }
    if frames.iter().all(|frame| frame.silent) {
        return Err(Reason::Silent);
    }
    Ok(Heard { frames, content })
}

fn decode(path: &Path) -> Result<Vec<Frame>, Reason> {
    // A decoder that gives up on one damaged file must not end the reading of thousands.
    let read = catch_unwind(AssertUnwindSafe(|| dendrite_audio::read(path))).map_err(|_| Reason::Decoder)?;
    let audio = read.map_err(|error| Reason::Audio(error.problem))?;
    let (mono, rate) = (audio.mono(), audio.rate);
    drop(audio);
    Ok(frames(&mono, rate)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_gives_the_frames_of_its_length() {
        for rate in [8_000, 44_100, 48_000, 96_000] {
            for length in [0_u32, 1, 1_024, rate, rate + 1] {
                let samples: Vec<f32> = (0..length).map(|n| (n as f32 * 0.05).sin()).collect();
                let expected = (u64::from(length) * 48_000 / u64::from(rate)) as usize / 1_024;
                assert_eq!(frames(&samples, rate).unwrap().len(), expected, "{length} samples at {rate} Hz");
            }
        }
        assert!(frames(&[0.0; 10], 4_000).is_err());
    }

    #[test]
    fn a_sound_has_nearly_the_same_features_at_another_rate() {
        let tone = |rate: u32| -> Vec<f32> {
            let phase = |n: u32| std::f64::consts::TAU * 440.0 * f64::from(n) / f64::from(rate);
            (0..rate).map(|n| (0.5 * phase(n).sin()) as f32).collect()
        };
        let at_48 = frames(&tone(48_000), 48_000).unwrap();
        let at_44 = frames(&tone(44_100), 44_100).unwrap();
        assert_eq!(at_48.len(), at_44.len());
        // Beginning and end apart, where the filters ring.
        for (a, b) in at_48.iter().zip(&at_44).skip(5).take(35) {
            assert!(
                a.base.iter().zip(b.base).all(|(a, b)| (a - b).abs() < 2e-3),
                "{:?} {:?}",
                a.base,
                b.base
            );
            assert_eq!(a.chroma[9], b.chroma[9]);
        }
    }
}
