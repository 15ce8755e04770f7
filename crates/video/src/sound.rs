//! The song's own sound for the file: stereo, from where the video starts to where it ends, block by block.

use std::path::Path;

use dendrite_audio::Stream;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use crate::Error;

/// Rate of the Opus codec.
pub(crate) const OPUS_RATE: u32 = 48_000;
/// Samples that are resampled at a time.
const CHUNK: usize = 1_024;
/// Share of each further channel in both sides: -3 dB, as BS.775 has for centre and surround.
const FURTHER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// A part of a song as interleaved stereo at its own rate.
#[derive(Debug)]
pub(crate) struct Sound {
    stream: Stream,
    /// Samples still to be skipped, and to be given.
    skip: u64,
    rest: u64,
    block: Vec<f32>,
}

impl Sound {
    /// The song from `start_s` on, to `end_s` or its end.
    pub fn open(song: &Path, start_s: f64, end_s: Option<f64>) -> Result<Self, Error> {
        let stream = Stream::open(song).map_err(dendrite_offline::Error::from)?;
        let at = |seconds: f64| (seconds * f64::from(stream.rate())).round() as u64;
        let skip = at(start_s);
        let rest = end_s.map_or(u64::MAX, |end_s| at(end_s).saturating_sub(skip));
        Ok(Self { skip, rest, stream, block: Vec::new() })
    }

    /// Sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.stream.rate()
    }

    /// The next block, left and right in turn; `None` at the end.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, Error> {
        while self.rest > 0 {
            let Some(channels) = self.stream.next_block().map_err(dendrite_offline::Error::from)? else {
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

/// A [`Sound`] at 48 kHz in pieces of any length.
pub(crate) struct Sound48 {
    sound: Sound,
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

impl Sound48 {
    pub fn new(sound: Sound) -> Result<Self, Error> {
        let refused = |problem: &dyn std::fmt::Display| Error::Encoder {
            encoder: "resampler",
            reason: problem.to_string(),
        };
        let rate = sound.rate();
        let resampler = if rate == OPUS_RATE {
            None
        } else {
            let fft = Fft::<f32>::new(rate as usize, OPUS_RATE as usize, CHUNK, 2, FixedSync::Input);
            Some(fft.map_err(|problem| refused(&problem))?)
        };
        let to_drop = resampler.as_ref().map_or(0, |fft| fft.output_delay());
        let out = vec![0.0; resampler.as_ref().map_or(0, |fft| fft.output_frames_max() * 2)];
        Ok(Self {
            sound,
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
    pub fn take(&mut self, out: &mut [f32]) -> Result<usize, Error> {
        while self.done.len() < out.len() && self.more()? {}
        let count = self.done.len().min(out.len());
        out[..count].copy_from_slice(&self.done[..count]);
        out[count..].fill(0.0);
        self.done.drain(..count);
        Ok(count / 2)
    }

    /// Makes more samples; false when there are none.
    fn more(&mut self) -> Result<bool, Error> {
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
        let failed = |problem: &dyn std::fmt::Display| Error::Encoder {
            encoder: "resampler",
            reason: problem.to_string(),
        };
        let capacity = self.out.len() / 2;
        let produced = {
            let input =
                InterleavedSlice::new(&self.waiting[..needed], 2, needed / 2).map_err(|e| failed(&e))?;
            let mut output = InterleavedSlice::new_mut(&mut self.out, 2, capacity).map_err(|e| failed(&e))?;
            resampler.process_into_buffer(&input, &mut output, None).map_err(|e| failed(&e))?.1
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn write(folder: &Path, rate: u32, channels: u16, frames: usize) -> PathBuf {
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
        for rate in [22_050, 44_100, 48_000, 96_000] {
            let path = write(folder.path(), rate, 2, rate as usize);
            let mut sound = Sound48::new(Sound::open(&path, 0.2, Some(0.7)).unwrap()).unwrap();
            let mut all = Vec::new();
            loop {
                let mut piece = [0.0; 2 * 960];
                let count = sound.take(&mut piece).unwrap();
                all.extend_from_slice(&piece[..count * 2]);
                if count < 960 {
                    break;
                }
            }
            assert_eq!(all.len(), 2 * 24_000, "{rate}");
            // The edges of a cut tone ring; its middle does not.
            for n in 4_000..20_000 {
                let exact = ((n as f64 / 48_000.0 + 0.2) * 440.0 * std::f64::consts::TAU).sin() * 0.5;
                assert!((f64::from(all[n * 2]) - exact).abs() < 2e-3, "{rate} {n} {} {exact}", all[n * 2]);
            }
        }
    }

    #[test]
    fn mono_and_surround_become_stereo_that_does_not_clip() {
        let folder = tempfile::tempdir().unwrap();
        for channels in [1, 2, 6] {
            let path = write(folder.path(), 48_000, channels, 4_800);
            let mut sound = Sound::open(&path, 0.0, None).unwrap();
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
