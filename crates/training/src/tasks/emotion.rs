//! Emotion: cross-entropy to a bump on the map at the true mood, over streams of frames.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::activation::{log_softmax, softplus};
use burn::tensor::{Device, Tensor};
use dendrite_features::{N_CHROMA, N_MEL};
use dendrite_generator::{Cues, Mood};
use dendrite_pipeline::contexts::HarmonyContext;
use dendrite_pipeline::{MOOD_CELLS, ModelKind};
use rtneural::{Model, Network, Options, Weights};

use super::rows;
use super::streams::{Memory, Part, Streams};
use crate::corpus::{Corpus, target_map};
use crate::data::{Piece, Split};
use crate::evaluate;
use crate::fit::{Task, mixed};
use crate::nets::layers::{LstmState, values};
use crate::nets::{CUES, EmotionTrainer, HEARD, MODE, PITCHES, Standard, UNITS};
use crate::random::Random;

/// Frames through which gradients go back, 1.4 s, so that the time between two beats can be learnt; states go on.
const TIME: usize = 64;
/// Longest passage that is listened to at a time, 12 s: a batch must not stay with the same pieces for long.
const PASSAGE: usize = 9 * TIME;
/// Streams of pieces that are learnt from at a time.
const STREAMS: usize = 640;
/// Values of a stream's state.
const WIDTH: usize = 2 * UNITS;
/// Largest change of level and of tilt from bass to treble by augmentation, as a share of the mel vector's 80 dB.
const GAIN: f32 = 0.08;
const TILT: f32 = 0.12;
/// Largest change at each of the points between which augmentation draws an equaliser's curve.
const CURVE: f32 = 0.1;
/// Points of that curve.
const POINTS: usize = 7;
/// Largest change of pace by augmentation, as a natural logarithm: a quarter faster or slower.
const PACE: f32 = 0.25;
/// Highest floor of noise that augmentation puts under the mel vector.
const FLOOR: f32 = 0.2;
/// Weights of the side tasks: chroma (squared error of values in 0..1), mode (cross-entropy), cues (squared error of values
/// in -1..1).
const PITCH_WEIGHT: f32 = 2.0;
const MODE_WEIGHT: f32 = 0.3;
const CUE_WEIGHT: f32 = 1.0;

/// A passage that is listened to.
#[derive(Clone, Copy, Debug)]
struct Passage {
    piece: usize,
    /// First frame of the piece.
    start: usize,
    /// Frames of the piece to one that is heard.
    pace: f32,
}

impl Passage {
    /// The frame of a piece behind which a frame of the passage lies, and how far.
    fn place(&self, frame: usize) -> (usize, f32) {
        let place = self.pace * frame as f32;
        (self.start + place as usize, place.fract())
    }

    /// The passages of a piece of so many frames, from a frame on, with their lengths. There is a frame behind each place.
    fn all(piece: usize, frames: usize, first: usize, pace: f32) -> Vec<(Passage, usize)> {
        let (mut passages, mut start) = (Vec::new(), first);
        loop {
            let left = (frames.saturating_sub(start + 1) as f32 / pace) as usize;
            if left < TIME {
                return passages;
            }
            let length = left.min(PASSAGE);
            passages.push((Passage { piece, start, pace }, length));
            start += (length as f32 * pace) as usize;
        }
    }
}

/// The emotion model's data.
pub struct EmotionTask<'a> {
    corpus: &'a Corpus,
    standard: Standard,
    /// Chroma of the last two seconds, for each frame of each piece.
    slow_chroma: Vec<Vec<[f32; N_CHROMA]>>,
    passages: Vec<Passage>,
    streams: Streams,
    batch_size: usize,
    seed: u64,
    memory: Memory,
}

impl<'a> EmotionTask<'a> {
    /// Of the pieces whose mood is known.
    pub fn new(corpus: &'a Corpus, batch_size: usize) -> Self {
        let frames = corpus
            .of(Split::Train)
            .into_iter()
            .flat_map(|i| corpus.pieces[i].frames.iter().map(|frame| frame.mel.as_slice()));
        let standard = Standard::of(N_MEL, frames);
        let slow = |piece: &Piece| {
            let mut context = HarmonyContext::new();
            let chroma = |frame| {
                context.push(frame);
                *context.slow_chroma()
            };
            piece.frames.iter().map(chroma).collect()
        };
        let slow_chroma = corpus.pieces.iter().map(slow).collect();
        Self {
            corpus,
            standard,
            slow_chroma,
            passages: Vec::new(),
            streams: Streams::default(),
            batch_size,
            seed: 0,
            memory: Memory::default(),
        }
    }

    /// The same sound at another level, through other loudspeakers, with some noise; the same for a whole piece.
    fn augment(&self, part: &Part, mel: &mut [f32]) {
        let mut random = Random::new(mixed(self.seed ^ part.turn, part.piece as u64));
        let (gain, tilt) = (GAIN * random.symmetric(), TILT * random.symmetric());
        // Most pieces get little noise.
        let floor = FLOOR * random.symmetric().max(0.0).powi(2);
        let points: [f32; POINTS] = std::array::from_fn(|_| CURVE * random.symmetric());
        let change: [f32; N_MEL] = std::array::from_fn(|band| {
            let place = band as f32 / N_MEL as f32;
            let at = place * (POINTS - 1) as f32;
            let (left, share) = (at as usize, at.fract());
            gain + tilt * (place - 0.5)
                + points[left] * (1.0 - share)
                + points[(left + 1).min(POINTS - 1)] * share
        });
        for row in mel.chunks_exact_mut(N_MEL) {
            for (level, change) in row.iter_mut().zip(change) {
                // Silence stays silence.
                if *level > 0.0 {
                    *level += change;
                }
                *level = level.clamp(floor, 1.0);
            }
        }
    }
}

impl Task for EmotionTask<'_> {
    type Net = EmotionTrainer;

    fn kind(&self) -> ModelKind {
        ModelKind::Emotion
    }

    fn fresh(&self, device: &Device) -> EmotionTrainer {
        EmotionTrainer::new(device).counting_attacks(&self.standard)
    }

    fn begin_epoch(&mut self, _net: &EmotionTrainer, _epoch: usize, seed: u64) -> Result<usize> {
        // Passages begin somewhere else each time.
        let mut random = Random::new(seed);
        self.passages.clear();
        let mut lengths = Vec::new();
        for i in self.corpus.of(Split::Train) {
            let piece = &self.corpus.pieces[i];
            if piece.truth.mood.is_none() {
                continue;
            }
            let first = if piece.frames.len() > PASSAGE { random.below(PASSAGE) } else { 0 };
            // At another pace it is other music, of another mood, which is known only where the cues are.
            let pace = if piece.truth.cues.is_some() { (PACE * random.symmetric()).exp() } else { 1.0 };
            for (passage, length) in Passage::all(i, piece.frames.len(), first, pace) {
                lengths.push((self.passages.len(), length));
                self.passages.push(passage);
            }
        }
        self.streams = Streams::deal(&lengths, STREAMS, self.batch_size, TIME, seed);
        self.seed = seed;
        self.memory.forget();
        Ok(self.streams.batches())
    }

    fn loss(&mut self, net: &EmotionTrainer, index: usize, device: &Device) -> Result<Tensor<1>> {
        let parts = self.streams.batch(index);
        let batch = parts.len();
        let mut mel = Vec::with_capacity(batch * TIME * N_MEL);
        let mut target = Vec::with_capacity(batch * TIME * MOOD_CELLS);
        let (mut pitches, mut mode, mut known) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cues, mut cues_known) = (Vec::new(), Vec::new());
        for part in parts {
            let passage = self.passages[part.piece];
            let piece = &self.corpus.pieces[passage.piece];
            let moods = piece.truth.mood.as_deref().unwrap_or_default();
            let from = mel.len();
            for k in part.start..part.start + TIME {
                let (at, behind) = passage.place(k);
                let (frame, next) = (&piece.frames[at], &piece.frames[(at + 1).min(piece.frames.len() - 1)]);
                mel.extend(
                    frame.mel.iter().zip(next.mel).map(|(level, next)| level + behind * (next - level)),
                );
                pitches.extend_from_slice(&frame.chroma);
                pitches.extend_from_slice(&frame.bass_chroma);
                mode.extend_from_slice(&self.slow_chroma[passage.piece][at]);
                mode.push(f32::from(u8::from(piece.truth.key.is_some_and(|key| key.minor))));
                known.push(f32::from(u8::from(piece.truth.key.is_some())));
                let written = piece.truth.cues.as_ref().map(|cues| cues[at]);
                let played = written.map(|cues| Cues::from_values(cues).played_faster(passage.pace));
                cues.extend_from_slice(&played.map(|cues| cues.values()).unwrap_or_default());
                cues_known.push(f32::from(u8::from(played.is_some())));
                let heard = match played.filter(|_| passage.pace != 1.0).map(|cues| Mood::of(&cues)) {
                    Some(Mood { valence, arousal }) => [valence, arousal],
                    None => moods[at],
                };
                target.extend_from_slice(&target_map(heard));
            }
            self.augment(part, &mut mel[from..]);
        }
        self.standard.apply(&mut mel);
        let state = LstmState::of_rows(rows(self.memory.before(parts, WIDTH), [batch, WIDTH], device));
        let (told, state) = net.forward(rows(mel, [batch, TIME, N_MEL], device), state);
        self.memory.after(parts, WIDTH, TIME, &values(state.rows()));
        let target: Tensor<3> = rows(target, [batch, TIME, MOOD_CELLS], device);
        let mood = (log_softmax(told.mood, 2) * target).sum().neg() / (batch * TIME) as f32;

        let pitches: Tensor<3> = rows(pitches, [batch, TIME, PITCHES], device);
        let mode: Tensor<3> = rows(mode, [batch, TIME, MODE], device);
        let part = |tensor: &Tensor<3>, from, to| tensor.clone().slice([0..batch, 0..TIME, from..to]);
        let chroma_error = (told.pitches - pitches).square().mean()
            + (part(&told.mode, 0, MODE - 1) - part(&mode, 0, MODE - 1)).square().mean();
        let (logit, minor) = (part(&told.mode, MODE - 1, MODE), part(&mode, MODE - 1, MODE));
        // ln(1 + e^x) - x where minor, which is the cross-entropy of a sigmoid.
        let known: Tensor<3> = rows(known, [batch, TIME, 1], device);
        let mode_error = ((softplus(logit.clone(), 1.0) - logit * minor) * known).mean();
        let cues: Tensor<3> = rows(cues, [batch, TIME, CUES], device);
        let cues_known: Tensor<3> = rows(cues_known, [batch, TIME, 1], device);
        let heard = HEARD.map(|cue| part(&cues, cue, cue + 1)).to_vec();
        let errors =
            (told.cues - cues).square().sum_dim(2) + (told.heard - Tensor::cat(heard, 2)).square().sum_dim(2);
        let cue_error = (errors * cues_known).mean();
        Ok(mood + chroma_error * PITCH_WEIGHT + mode_error * MODE_WEIGHT + cue_error * CUE_WEIGHT)
    }

    fn export(&self, net: &EmotionTrainer) -> Result<Network, rtneural::Error> {
        net.net.export(&self.standard)
    }

    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>> {
        let model = Model::new(network, Options::with_weights(Weights::F32))?;
        let report = evaluate::emotion::measure(self.corpus, Split::Validation, &model)?;
        Ok(BTreeMap::from([
            ("loss".to_owned(), report.cross_entropy),
            ("valence_r".to_owned(), report.valence_r),
            ("arousal_r".to_owned(), report.arousal_r),
        ]))
    }

    fn standard(&self) -> &Standard {
        &self.standard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_keep_to_their_piece_and_leave_little_out() {
        for (frames, first) in [(TIME, 0), (200, 0), (5_000, 17), (5_000, PASSAGE - 1)] {
            for pace in [0.78, 0.9, 1.0, 1.13, 1.28] {
                let passages = Passage::all(3, frames, first, pace);
                let mut end = first;
                for (passage, length) in &passages {
                    assert!((TIME..=PASSAGE).contains(length) && passage.piece == 3);
                    // The next begins where the one before it ends.
                    assert_eq!(passage.place(0), (end, 0.0));
                    let (last, behind) = passage.place(length - 1);
                    assert!(last + 1 < frames && (0.0..1.0).contains(&behind), "{passage:?} {length}");
                    end = passage.place(*length).0;
                }
                assert!(frames - end <= (TIME as f32 * pace) as usize + 2, "{frames} {first} {pace}: {end}");
            }
        }
    }
}
