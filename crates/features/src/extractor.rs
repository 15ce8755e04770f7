//! The extractor: hops of samples in, frames out, the work of a frame in bounded slices.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use crate::approximate::log2;
use crate::chroma::{CHROMA_BINS, ChromaFolder};
use crate::frame::{Base, Frame};
use crate::mel::{MelBank, db_to_unit};
use crate::spectrum::{BLOCK, block_sums, first_moment, index_of_share, sum_pairs};
use crate::{HOP_LENGTH, N_BINS, N_FFT, N_MEL, SAMPLE_RATE};

/// A frame quieter than this is silent.
const SILENCE_DBFS: f32 = -80.0;
/// The floor under the level in dBFS.
const LEVEL_FLOOR_DBFS: f32 = -200.0;
/// Finite samples are limited to this (80 dB above full scale), so that no power can overflow.
const SAMPLE_LIMIT: f32 = 1e4;
/// Samples within this distance of zero count as positive (the threshold of `librosa.zero_crossings`).
const ZERO_THRESHOLD: f32 = 1e-10;
/// Share of the magnitude below the rolloff frequency.
const ROLLOFF_SHARE: f64 = 0.85;
/// Rise in dB per hop, averaged over the mel bands, at which the onset strength is 1.
const ONSET_FULL_DB: f32 = 20.0;
/// Smallest mel power, -80 dB.
const MEL_FLOOR: f32 = 1e-8;
/// Decibels of a doubling of power: 10 log10(2).
const DB_PER_OCTAVE: f32 = 3.010_3;
/// Mel bands per slice.
const MEL_SLICE: usize = 16;
const MEL_SLICES: usize = N_MEL / MEL_SLICE;
/// Blocks for the rolloff search.
const BLOCKS: usize = N_BINS.div_ceil(BLOCK);

/// Streaming feature extractor for 48 kHz mono.
///
/// Two ways to use it, with the same numbers:
/// - [`push`](Self::push) takes any chunk of samples and hands out every finished frame;
/// - [`begin`](Self::begin) takes one hop, and [`advance`](Self::advance) does one bounded slice of the frame's work.
///
/// Nothing allocates, locks or panics after [`new`](Self::new). NaN, infinities and denormals count as 0.
#[derive(Clone)]
pub struct Extractor {
    fft: Arc<dyn RealToComplex<f32>>,
    /// The processor's vector instructions.
    arch: pulp::Arch,
    window: Vec<f32>,
    /// Scale of a squared magnitude at which a full-scale sine at a bin centre is 1.
    power_scale: f32,
    mel_bank: MelBank,
    /// The last 4,096 samples.
    history: Vec<f32>,
    windowed: Vec<f32>,
    scratch: Vec<Complex32>,
    spectrum: Vec<Complex32>,
    magnitude: Box<[f32; N_BINS]>,
    last_magnitude: Box<[f32; N_BINS]>,
    last_norm: f32,
    power: Box<[f32; N_BINS]>,
    blocks: [f32; BLOCKS],
    /// Mel bands in dB of this and of the last frame.
    mel_db: [f32; N_MEL],
    last_mel_db: [f32; N_MEL],
    rise_db: f32,
    strongest: f32,
    chroma: ChromaFolder,
    frame: Frame,
    frames_begun: u64,
    next_slice: usize,
    /// The hop that `push` is filling.
    hop: Box<[f32; HOP_LENGTH]>,
    hop_fill: usize,
}

impl std::fmt::Debug for Extractor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extractor")
            .field("frames_begun", &self.frames_begun)
            .field("next_slice", &self.next_slice)
            .field("hop_fill", &self.hop_fill)
            .finish_non_exhaustive()
    }
}

impl Default for Extractor {
    fn default() -> Self {
        Self::new()
    }
}

impl Extractor {
    /// Slices of work per frame: calls of [`advance`](Self::advance) until it says that the frame is finished.
    pub const SLICES: usize = 9 + MEL_SLICES;

    /// Plans the FFT and allocates everything that will ever be needed.
    pub fn new() -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(N_FFT);
        let window: Vec<f32> = (0..N_FFT)
            .map(|n| (0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / N_FFT as f64).cos()) as f32)
            .collect();
        let sum: f64 = window.iter().map(|&w| f64::from(w)).sum();
        Self {
            scratch: fft.make_scratch_vec(),
            spectrum: fft.make_output_vec(),
            windowed: fft.make_input_vec(),
            fft,
            arch: pulp::Arch::new(),
            power_scale: (2.0 / sum).powi(2) as f32,
            window,
            mel_bank: MelBank::new(),
            history: vec![0.0; N_FFT],
            magnitude: Box::new([0.0; N_BINS]),
            last_magnitude: Box::new([0.0; N_BINS]),
            last_norm: 0.0,
            power: Box::new([0.0; N_BINS]),
            blocks: [0.0; BLOCKS],
            mel_db: [-80.0; N_MEL],
            last_mel_db: [-80.0; N_MEL],
            rise_db: 0.0,
            strongest: 0.0,
            chroma: ChromaFolder::new(),
            frame: Frame::SILENCE,
            frames_begun: 0,
            next_slice: Self::SLICES,
            hop: Box::new([0.0; HOP_LENGTH]),
            hop_fill: 0,
        }
    }

    /// Back to the state after [`new`](Self::new).
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.last_magnitude.fill(0.0);
        self.last_norm = 0.0;
        self.last_mel_db = [-80.0; N_MEL];
        self.chroma.reset();
        self.frame = Frame::SILENCE;
        self.frames_begun = 0;
        self.next_slice = Self::SLICES;
        self.hop_fill = 0;
    }

    /// Takes samples in chunks of any size and calls `on_frame` for every frame they complete, in order.
    ///
    /// Do not mix with [`begin`](Self::begin): the hop that is being filled here is unknown there.
    pub fn push(&mut self, mut samples: &[f32], mut on_frame: impl FnMut(&Frame)) {
        while !samples.is_empty() {
            let take = samples.len().min(HOP_LENGTH - self.hop_fill);
            let (now, later) = samples.split_at(take);
            self.hop[self.hop_fill..self.hop_fill + take].copy_from_slice(now);
            self.hop_fill += take;
            samples = later;
            if self.hop_fill == HOP_LENGTH {
                self.hop_fill = 0;
                let hop = *self.hop;
                self.begin(&hop);
                while !self.advance() {}
                on_frame(&self.frame);
            }
        }
    }

    /// Starts the next frame with the hop that completes it. A frame still in work is finished first.
    pub fn begin(&mut self, hop: &[f32; HOP_LENGTH]) {
        while !self.is_finished() {
            self.advance();
        }
        self.history.copy_within(HOP_LENGTH.., 0);
        for (kept, &sample) in self.history[N_FFT - HOP_LENGTH..].iter_mut().zip(hop) {
            *kept = sanitised(sample);
        }
        self.frame.index = self.frames_begun;
        self.frames_begun += 1;
        self.next_slice = 0;
    }

    /// Does one slice of the frame's work; true when the frame is finished. Bounded time, does not allocate.
    pub fn advance(&mut self) -> bool {
        let arch = self.arch;
        // The sums run on the widest vectors that the processor has; their order, and so the result, is the same on all.
        arch.dispatch(Slice(self));
        self.next_slice = (self.next_slice + 1).min(Self::SLICES);
        self.is_finished()
    }

    #[inline(always)]
    fn do_slice(&mut self) {
        match self.next_slice {
            0 => self.apply_window(),
            1 => self.measure_level(),
            2 => self.transform(),
            3 => self.measure_magnitudes(0..N_BINS / 2),
            4 => self.measure_magnitudes(N_BINS / 2..N_BINS),
            5 => self.measure_flux_and_centroid(),
            6 => self.measure_rolloff(),
            7 => {
                let from = CHROMA_BINS / 4;
                self.fold_chroma(2..from);
            }
            slice if slice < 8 + MEL_SLICES => self.measure_mel((slice - 8) * MEL_SLICE),
            slice if slice == 8 + MEL_SLICES => {
                self.fold_chroma(CHROMA_BINS / 4..CHROMA_BINS - 1);
                self.finish();
            }
            _ => {}
        }
    }

    /// Whether no frame is in work.
    pub fn is_finished(&self) -> bool {
        self.next_slice >= Self::SLICES
    }

    /// The last finished frame ([`Frame::SILENCE`] before the first); while a frame is in work its fields are mixed.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    #[inline(always)]
    fn apply_window(&mut self) {
        for ((out, &sample), &w) in self.windowed.iter_mut().zip(&self.history).zip(&self.window) {
            *out = sample * w;
        }
    }

    #[inline(always)]
    fn measure_level(&mut self) {
        let power = f64::from(sum_pairs::<32>(&self.history, &self.history, |a, b| a * b)) / N_FFT as f64;
        let dbfs = (10.0 * power.log10()) as f32;
        let dbfs = dbfs.max(LEVEL_FLOOR_DBFS);
        self.frame.rms_dbfs = dbfs;
        self.frame.silent = dbfs < SILENCE_DBFS;
        self.frame.base[Base::Rms as usize] = ((dbfs + 60.0) / 60.0).clamp(0.0, 1.0);
        let negative = |x: f32| x < -ZERO_THRESHOLD;
        let crossings = sum_pairs::<32>(&self.history[..N_FFT - 1], &self.history[1..], |a, b| {
            if negative(a) != negative(b) { 1.0 } else { 0.0 }
        });
        self.set_audible(Base::Zcr, crossings / N_FFT as f32);
    }

    fn transform(&mut self) {
        let outcome =
            self.fft.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch);
        debug_assert!(outcome.is_ok(), "the buffers were made by the plan itself");
    }

    #[inline(always)]
    fn measure_magnitudes(&mut self, bins: std::ops::Range<usize>) {
        let spectrum = &self.spectrum[bins.clone()];
        let magnitude = &mut self.magnitude[bins.clone()];
        let power = &mut self.power[bins];
        for ((x, m), p) in spectrum.iter().zip(magnitude).zip(power) {
            let square = x.re * x.re + x.im * x.im;
            *m = square.sqrt();
            *p = square * self.power_scale;
        }
    }

    #[inline(always)]
    fn measure_flux_and_centroid(&mut self) {
        let (now, last) = (&self.magnitude[..], &self.last_magnitude[..]);
        let difference = sum_pairs::<32>(now, last, |a, b| (a - b) * (a - b)).sqrt();
        let norm = sum_pairs::<32>(now, now, |a, b| a * b).sqrt();
        let whole = norm + self.last_norm;
        let flux = if whole > 0.0 { (difference / whole).min(1.0) } else { 0.0 };

        block_sums(now, &mut self.blocks);
        let total: f64 = self.blocks.iter().map(|&b| f64::from(b)).sum();
        let moment = first_moment(now, &self.blocks);
        let centroid = if total > 0.0 { moment / total / (N_BINS - 1) as f64 } else { 0.0 };
        self.last_norm = norm;
        self.set_audible(Base::Flux, flux);
        self.set_audible(Base::Centroid, centroid as f32);
    }

    #[inline(always)]
    fn measure_rolloff(&mut self) {
        let bin = index_of_share(&self.magnitude[..], &self.blocks, ROLLOFF_SHARE);
        self.set_audible(Base::Rolloff, bin as f32 / (N_BINS - 1) as f32);
        self.strongest = self.power[2..CHROMA_BINS].iter().copied().fold(0.0, f32::max);
    }

    #[inline(always)]
    fn measure_mel(&mut self, first: usize) {
        if first == 0 {
            self.rise_db = 0.0;
        }
        let bands = first..first + MEL_SLICE;
        let powers: [f32; MEL_SLICE] = std::array::from_fn(|i| self.mel_bank.band(first + i, &self.power));
        let mut rises = [0.0_f32; MEL_SLICE];
        let (db, last) = (&mut self.mel_db[bands.clone()], &self.last_mel_db[bands.clone()]);
        let mel = &mut self.frame.mel[bands];
        for i in 0..MEL_SLICE {
            db[i] = (DB_PER_OCTAVE * log2(powers[i].max(MEL_FLOOR))).clamp(-80.0, 0.0);
            rises[i] = (db[i] - last[i]).max(0.0);
            mel[i] = db_to_unit(db[i]);
        }
        self.rise_db += rises.iter().sum::<f32>();
    }

    #[inline(always)]
    fn fold_chroma(&mut self, bins: std::ops::Range<usize>) {
        if !self.frame.silent {
            self.chroma.fold(bins, &self.spectrum, &self.magnitude[..], &self.power[..], self.strongest);
        }
    }

    fn finish(&mut self) {
        // The first frame has nothing to have risen from.
        let rise = if self.frame.index == 0 { 0.0 } else { self.rise_db / N_MEL as f32 };
        self.frame.base[Base::Onset as usize] = (rise / ONSET_FULL_DB).clamp(0.0, 1.0);
        let classes = self.chroma.finish(&self.spectrum, &self.magnitude[..]);
        self.frame.chroma = classes.chroma;
        self.frame.bass_chroma = classes.bass;
        self.last_mel_db = self.mel_db;
        std::mem::swap(&mut self.magnitude, &mut self.last_magnitude);
    }

    /// Sets a feature that is 0 in silence.
    fn set_audible(&mut self, feature: Base, value: f32) {
        self.frame.base[feature as usize] = if self.frame.silent { 0.0 } else { value };
    }
}

/// One slice of an extractor's work, in a form that is compiled once per set of vector instructions.
struct Slice<'a>(&'a mut Extractor);

impl pulp::NullaryFnOnce for Slice<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.do_slice();
    }
}

/// The frames of a whole buffer of 48 kHz mono: one for every complete hop, `samples.len() / 1024` in all.
///
/// The streaming extractor does the work, so the numbers are those that a plug-in sees.
pub fn analyze(samples: &[f32]) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(samples.len() / HOP_LENGTH);
    Extractor::new().push(samples, |frame| frames.push(*frame));
    frames
}

/// NaN, infinities and denormals count as 0; what is left is limited to ±[`SAMPLE_LIMIT`].
fn sanitised(sample: f32) -> f32 {
    if sample.is_normal() { sample.clamp(-SAMPLE_LIMIT, SAMPLE_LIMIT) } else { 0.0 }
}

const _: () = assert!(SAMPLE_RATE == 48_000 && N_MEL.is_multiple_of(MEL_SLICE));
