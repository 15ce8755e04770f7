//! A song as stereo, from one time to another, block by block.

use std::path::Path;

use crate::{ReadError, Stream};

/// Share of each further channel in both sides: -3 dB, as BS.775 has for centre and surround.
const FURTHER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// A part of a song as interleaved stereo at its own rate.
#[derive(Debug)]
pub struct Stereo {
    stream: Stream,
    /// Samples still to be skipped, and to be given.
    skip: u64,
    rest: u64,
    block: Vec<f32>,
}

impl Stereo {
    /// A song from `start_s` on, to `end_s` or its end.
    ///
    /// # Errors
    /// Those of [`Stream::open`].
    pub fn open(song: &Path, start_s: f64, end_s: Option<f64>) -> Result<Self, ReadError> {
        let stream = Stream::open(song)?;
        let at = |seconds: f64| (seconds * f64::from(stream.rate())).round() as u64;
        let skip = at(start_s);
        let rest = end_s.map_or(u64::MAX, |end_s| at(end_s).saturating_sub(skip));
        Ok(Self { skip, rest, stream, block: Vec::new() })
    }

    /// What of a song is left, from where it is.
    pub fn rest_of(stream: Stream) -> Self {
        Self { stream, skip: 0, rest: u64::MAX, block: Vec::new() }
    }

    /// Sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.stream.rate()
    }

    /// The song.
    pub(crate) fn path(&self) -> &Path {
        self.stream.path()
    }

    /// The next block, left and right in turn and all of it finite; `None` at the end.
    ///
    /// # Errors
    /// Those of [`Stream::next_block`].
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, ReadError> {
        while self.rest > 0 {
            let Some(channels) = self.stream.next_block()? else {
                return Ok(None);
            };
            let length = channels.first().map_or(0, Vec::len);
            let from = (self.skip.min(length as u64)) as usize;
            self.skip -= from as u64;
            let to = length.min(from.saturating_add(usize::try_from(self.rest).unwrap_or(usize::MAX)));
            if from == to {
                continue;
            }
            self.rest -= (to - from) as u64;
            self.block.clear();
            match channels {
                [mono] => self.block.extend(mono[from..to].iter().flat_map(|&v| [v, v])),
                [left, right] => {
                    let pairs = left[from..to].iter().zip(&right[from..to]);
                    self.block.extend(pairs.flat_map(|(&l, &r)| [l, r]));
                }
                [left, right, others @ ..] => {
                    // Divided by the sum of the shares, so that nothing clips that did not clip before.
                    let gain = 1.0 / (1.0 + others.len() as f32 * FURTHER);
                    for n in from..to {
                        let both: f32 = others.iter().map(|channel| channel[n]).sum::<f32>() * FURTHER;
                        self.block.extend([(left[n] + both) * gain, (right[n] + both) * gain]);
                    }
                }
                [] => continue,
            }
            for sample in &mut self.block {
                *sample = if sample.is_finite() { *sample } else { 0.0 };
            }
            return Ok(Some(&self.block));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampled::tests::tone;

    #[test]
    fn mono_and_surround_become_stereo_that_does_not_clip() {
        let folder = tempfile::tempdir().unwrap();
        for channels in [1, 2, 6] {
            let path = tone(folder.path(), 48_000, channels, 4_800);
            let mut sound = Stereo::open(&path, 0.0, None).unwrap();
            let mut all = Vec::new();
            while let Some(block) = sound.next_block().unwrap() {
                all.extend_from_slice(block);
            }
            assert_eq!(all.len(), 9_600);
            let peak = all.iter().fold(0.0, |peak: f32, v| peak.max(v.abs()));
            assert!((peak - 0.5).abs() < 0.01, "{channels}: {peak}");
        }
    }
}
