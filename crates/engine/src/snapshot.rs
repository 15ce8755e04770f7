//! What the engine knows at one hop: everything that a picture, a trace or a test needs.

use dendrite_composer::{Key, PlayState, Scale};
use dendrite_features::{Base, Frame};
use dendrite_orbit::OrbitState;
use dendrite_pipeline::{Harmony, Mood};

use crate::steps::Steps;

/// Where the results of one model come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelStatus {
    /// A named heuristic stands in: no model is loaded.
    #[default]
    Heuristic,
    /// A trained model is running.
    Trained,
    /// A model file was refused; the heuristic stands in.
    Refused,
}

/// One hop's results, in force from [`sample`](Self::sample) on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// Host sample (counted from the last reset) from which this holds: the boundary one hop after the frame was complete.
    pub sample: u64,
    /// The analysis frame, with base features, mel, chroma and level. Levels include sensitivity and auto-level.
    pub frame: Frame,
    /// c(t) and everything that made it.
    pub orbit: OrbitState,
    /// Mean level of six bands from low to high, each 0..1.
    pub bands: [f32; 6],
    /// How tonal the sound is, 0..1.
    pub tonalness: f32,
    /// How noisy the sound is, 0..1.
    pub noisiness: f32,
    /// Gain of the auto-level in dB, 0 when it is off.
    pub auto_level_db: f32,
    /// Tempo in force in beats per minute: the host's while there is one, else the detected one.
    pub tempo_bpm: f32,
    /// The tempo heard in the sound, in beats per minute.
    pub heard_tempo_bpm: f32,
    /// How sure the tempo tracker is, 0..1.
    pub tempo_confidence: f32,
    /// Position in quarter notes at [`sample`](Self::sample), as the host's transport gives it; 0 without one.
    pub position_beats: f64,
    /// Whether the transport plays.
    pub playing: bool,
    /// What the sound feels like.
    pub mood: Mood,
    /// The chord, and how likely each of the 64 is.
    pub harmony: Harmony,
    /// What the networks of the sixteenths last said.
    pub steps: Steps,
    /// The key that is heard; `None` before enough was heard.
    pub key: Option<Key>,
    /// The scale that is heard on its tonic.
    pub scale: Scale,
    /// How clearly the key stands out, 0..1.
    pub key_confidence: f32,
    /// What the composer is doing.
    pub play: PlayState,
    /// Where the results of each of the six models come from, in the order of
    /// [`ModelKind::ALL`](dendrite_pipeline::ModelKind::ALL).
    pub models: [ModelStatus; 6],
}

impl Snapshot {
    /// Loudness, the rms feature, 0..1.
    pub fn loudness(&self) -> f32 {
        self.frame.get(Base::Rms)
    }

    /// Onset strength, 0..1.
    pub fn onset(&self) -> f32 {
        self.frame.get(Base::Onset)
    }
}
