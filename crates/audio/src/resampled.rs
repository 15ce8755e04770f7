//! A song's stereo at another rate, in pieces of any length.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use crate::{Problem, ReadError, Stereo};

/// Samples that are resampled at a time.
const CHUNK: usize = 1_024;

/// A [`Stereo`] at a rate that is asked for. The filter's delay is left out, and the length is the sound's.
pub struct Resampled {
    sound: Stereo,
    rate: u32,
    resampler: Option<Fft<f32>>,
    /// Samples that wait to be resampled, and such that are done; interleaved.
    waiting: Vec<f32>,
    done: Vec<f32>,
    out: Vec<f32>,
    /// Pairs at the front that are the filter's delay.
    to_drop: usize,
    /// Pairs that the sound so far amounts to, and pairs that have been made of it.
    owed: f64,
    made: u64,
    ended: bool,
}

impl std::fmt::Debug for Resampled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampled")
            .field("sound", &self.sound)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl Resampled {
    /// The sound at `rate` Hz.
    ///
    /// # Errors
    /// The resampler does not know how to.
    pub fn new(sound: Stereo, rate: u32) -> Result<Self, ReadError> {
        let from = sound.rate();
        let resampler = if from == rate {
            None
        } else {
            let fft = Fft::<f32>::new(from as usize, rate as usize, CHUNK, 2, FixedSync::Input);
            Some(fft.map_err(|reason| refused(&sound, rate, &reason))?)
        };
        let to_drop = resampler.as_ref().map_or(0, |fft| fft.output_delay());
        let out = vec![0.0; resampler.as_ref().map_or(0, |fft| fft.output_frames_max() * 2)];
        Ok(Self {
            sound,
            rate,
            resampler,
            waiting: Vec::new(),
            done: Vec::new(),
            out,
            to_drop,
            owed: 0.0,
            made: 0,
            ended: false,
        })
    }

    /// Fills `out` with pairs; returns how many there were, the rest is silence. Fewer than asked for means the end.
    ///
    /// # Errors
    /// Those of [`Stereo::next_block`].
    pub fn take(&mut self, out: &mut [f32]) -> Result<usize, ReadError> {
        while self.done.len() < out.len() && self.more()? {}
        let count = self.done.len().min(out.len());
        out[..count].copy_from_slice(&self.done[..count]);
        out[count..].fill(0.0);
        self.done.drain(..count);
        Ok(count / 2)
    }

    /// Makes more samples; false when there are none.
    fn more(&mut self) -> Result<bool, ReadError> {
        let Some(resampler) = &mut self.resampler else {
            let Some(block) = self.sound.next_block()? else { return Ok(false) };
            self.done.extend_from_slice(block);
            return Ok(true);
        };
        let needed = resampler.input_frames_next() * 2;
        while self.waiting.len() < needed && !self.ended {
            match self.sound.next_block()? {
                Some(block) => {
                    self.owed += (block.len() / 2) as f64 * resampler.resample_ratio();
                    self.waiting.extend_from_slice(block);
                }
                None => self.ended = true,
            }
        }
        let left = (self.owed.round() as u64).saturating_sub(self.made);
        if self.ended && left == 0 {
            return Ok(false);
        }
        // Behind the end silence pushes the rest out of the filter.
        let length = self.waiting.len().max(needed);
        self.waiting.resize(length, 0.0);
        let capacity = self.out.len() / 2;
        let input = InterleavedSlice::new(&self.waiting[..needed], 2, needed / 2);
        let output = InterleavedSlice::new_mut(&mut self.out, 2, capacity);
        let produced = match (input, output) {
            (Ok(input), Ok(mut output)) => {
                resampler
                    .process_into_buffer(&input, &mut output, None)
                    .map_err(|reason| refused(&self.sound, self.rate, &reason))?
                    .1
            }
            (Err(reason), _) | (_, Err(reason)) => return Err(refused(&self.sound, self.rate, &reason)),
        };
        self.waiting.drain(..needed);
        let dropped = produced.min(self.to_drop);
        self.to_drop -= dropped;
        let mut kept = produced - dropped;
        if self.ended {
            kept = kept.min(left as usize);
        }
        self.made += kept as u64;
        self.done.extend_from_slice(&self.out[dropped * 2..(dropped + kept) * 2]);
        Ok(true)
    }
}

fn refused(sound: &Stereo, to: u32, reason: &dyn std::fmt::Display) -> ReadError {
    let problem = Problem::Resample { from: sound.rate(), to, reason: reason.to_string() };
    ReadError { path: sound.path().to_owned(), problem }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Writes a tone of 440 Hz at half of full scale.
    pub(crate) fn tone(folder: &Path, rate: u32, channels: u16, frames: usize) -> PathBuf {
        let path = folder.join("song.wav");
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..frames {
            let sample = (n as f32 / rate as f32 * 440.0 * std::f32::consts::TAU).sin() * 0.5;
            (0..channels).for_each(|_| writer.write_sample(sample).unwrap());
        }
        writer.finalize().unwrap();
        path
    }

    #[test]
    fn a_tone_is_where_it_was_at_any_rate() {
        let folder = tempfile::tempdir().unwrap();
        for (rate, to) in
            [(22_050, 48_000), (44_100, 48_000), (48_000, 48_000), (96_000, 48_000), (48_000, 44_100)]
        {
            let path = tone(folder.path(), rate, 2, rate as usize);
            let mut sound = Resampled::new(Stereo::open(&path, 0.2, Some(0.7)).unwrap(), to).unwrap();
            let mut all = Vec::new();
            loop {
                let mut piece = [0.0; 2 * 960];
                let count = sound.take(&mut piece).unwrap();
                all.extend_from_slice(&piece[..count * 2]);
                if count < 960 {
                    break;
                }
            }
            assert_eq!(all.len(), to as usize, "{rate}");
            // The edges of a cut tone ring; its middle does not.
            for n in 4_000..20_000 {
                let exact = ((n as f64 / f64::from(to) + 0.2) * 440.0 * std::f64::consts::TAU).sin() * 0.5;
                assert!((f64::from(all[n * 2]) - exact).abs() < 2e-3, "{rate} {n} {} {exact}", all[n * 2]);
            }
        }
    }
}
