//! One analysis frame: what is known about the sound at the end of a hop.

use crate::{N_BASE, N_CHROMA, N_MEL};

/// Index of each base feature in [`Frame::base`] and in the windows given to models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// Spectral centroid divided by 24 kHz (`librosa.feature.spectral_centroid` / Nyquist); 0 in silence.
    Centroid = 0,
    /// `norm(|X_t| - |X_{t-1}|) / (norm(|X_t|) + norm(|X_{t-1}|))`, free of level, in [0, 1]; 0 in silence. The frame
    /// before the first is all zeros.
    Flux = 1,
    /// Level: `(20 log10(rms of the 4,096 samples) + 60) / 60`, clamped to [0, 1].
    Rms = 2,
    /// Sign changes per sample, zero counting as positive (`librosa.feature.zero_crossing_rate`, `pad=False`).
    Zcr = 3,
    /// Mean over the mel bands of the rise in dB since the last frame, divided by 20 and clamped to [0, 1]
    /// (`librosa.onset.onset_strength`, lag 1, on the same dB mel); 0 in the first frame.
    Onset = 4,
    /// Frequency below which 85 % of the magnitude lies, divided by 24 kHz; 0 in silence.
    Rolloff = 5,
}

/// What the extractor says about one hop. All values are finite; shapes and ranges are at the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Number of the frame, 0 for the one that is complete with sample 1,024.
    pub index: u64,
    /// The six base features in the order of [`Base`], each in [0, 1].
    pub base: [f32; N_BASE],
    /// Mel spectrum: 128 Slaney bands of height 1 from 0 to 24 kHz, -80..0 dB mapped to 0..1; a full-scale sine at a bin
    /// centre is at 0 dB in its peak bin.
    pub mel: [f32; N_MEL],
    /// Power per pitch class (C first) of the spectral peaks between 55 Hz and 5 kHz, divided by its maximum.
    pub chroma: [f32; N_CHROMA],
    /// The same for the peaks between 30 and 250 Hz.
    pub bass_chroma: [f32; N_CHROMA],
    /// Level of the 4,096 samples in dBFS, -200 at the lowest.
    pub rms_dbfs: f32,
    /// True when the level is below -80 dBFS: centroid, flux, zcr, rolloff and both chromas are then 0.
    pub silent: bool,
}

impl Frame {
    /// A frame of silence with number 0.
    pub const SILENCE: Frame = Frame {
        index: 0,
        base: [0.0; N_BASE],
        mel: [0.0; N_MEL],
        chroma: [0.0; N_CHROMA],
        bass_chroma: [0.0; N_CHROMA],
        rms_dbfs: -200.0,
        silent: true,
    };

    /// One base feature by name.
    pub fn get(&self, feature: Base) -> f32 {
        self.base[feature as usize]
    }
}
