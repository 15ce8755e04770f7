//! What goes over a live stream as text.

use dendrite_engine::{ModelStatus, Snapshot};
use dendrite_features::{HOP_LENGTH, SAMPLE_RATE};
use dendrite_julia::Look;
use serde::{Deserialize, Serialize};

/// What a client says. Each field may come again at any time; the first message needs `sample_rate`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Rate of the sound that follows, 8,000 to 384,000 Hz. Makes a new engine, which has heard nothing.
    pub sample_rate: Option<u32>,
    /// Ids of models in the place of those that are there anyway.
    pub models: Option<Vec<String>>,
    /// Whether pictures are wanted.
    pub picture: Option<bool>,
    /// Gain of the analysis, -24 to 24 dB.
    pub sensitivity_db: Option<f32>,
    /// The name of a preset that comes with Dendrite: how the picture looks and moves.
    pub preset: Option<String>,
    /// How the picture looks, over the preset.
    pub look: Option<LookWish>,
}

/// The user's choice of looks; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookWish {
    palette: Option<usize>,
    palette_follows_mood: Option<bool>,
    zoom: Option<f64>,
    glow: Option<f32>,
    detail: Option<f32>,
    reaction: Option<f32>,
}

impl LookWish {
    /// Changes what is wished. The flash limiter cannot be wished away.
    pub fn apply(self, look: &mut Look) {
        look.palette = self.palette.unwrap_or(look.palette);
        look.palette_follows_mood = self.palette_follows_mood.unwrap_or(look.palette_follows_mood);
        look.zoom = self.zoom.unwrap_or(look.zoom);
        look.glow = self.glow.unwrap_or(look.glow);
        look.detail = self.detail.unwrap_or(look.detail);
        look.reaction = self.reaction.unwrap_or(look.reaction);
    }
}

/// The answer to a message that made a new engine or chose models.
#[derive(Debug, Serialize)]
pub struct Ready {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Time between two snapshots.
    hop_s: f64,
    /// How much later than its sound a picture is.
    picture_delay_s: f64,
    /// trained, heuristic or refused, for the six models in their order.
    models: [&'static str; 6],
}

impl Ready {
    /// For an engine with this delay in samples at this rate.
    pub fn new(delay_samples: u32, rate: u32, models: [ModelStatus; 6]) -> Self {
        Self {
            kind: "ready",
            hop_s: HOP_LENGTH as f64 / f64::from(SAMPLE_RATE),
            picture_delay_s: f64::from(delay_samples) / f64::from(rate),
            models: models.map(word),
        }
    }
}

fn word(status: ModelStatus) -> &'static str {
    match status {
        ModelStatus::Heuristic => "heuristic",
        ModelStatus::Trained => "trained",
        ModelStatus::Refused => "refused",
    }
}

/// Why nothing more comes.
#[derive(Debug, Serialize)]
pub struct Refusal<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: &'a str,
}

impl<'a> Refusal<'a> {
    /// With a reason.
    pub fn new(error: &'a str) -> Self {
        Self { kind: "error", error }
    }
}

/// One hop. Numbers are as in [`Snapshot`].
#[derive(Debug, Serialize)]
pub struct Hop {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Number of the snapshot since the engine was made, 0 first.
    hop: u64,
    /// The sample, at the client's rate, from which this holds; and the same in seconds.
    sample: u64,
    time_s: f64,
    c: [f64; 2],
    carrier: [f64; 2],
    /// Period and index of the Mandelbrot component.
    component: [u8; 2],
    s: f64,
    alpha: f64,
    omega: f64,
    theta: f64,
    gates: [f32; 6],
    impact: f32,
    section: u32,
    loudness: f32,
    onset: f32,
    onset_detected: bool,
    bands: [f32; 6],
    tempo_bpm: f32,
    tempo_confidence: f32,
    valence: f32,
    arousal: f32,
    mood_confidence: f32,
    /// 64 probabilities, row by row from low arousal to high, each from low valence to high; in thousandths.
    mood: Vec<u16>,
    /// For example "Am"; null where there is none.
    chord: Option<String>,
    chord_confidence: f32,
}

impl Hop {
    /// A snapshot for the wire.
    pub fn new(hop: u64, snapshot: &Snapshot, rate: u32) -> Self {
        let orbit = &snapshot.orbit;
        Self {
            kind: "snapshot",
            hop,
            sample: snapshot.sample,
            time_s: snapshot.sample as f64 / f64::from(rate),
            c: orbit.c,
            carrier: orbit.carrier,
            component: [orbit.component.period, orbit.component.index],
            s: orbit.s,
            alpha: orbit.alpha,
            omega: orbit.omega_scale,
            theta: orbit.theta,
            gates: orbit.gates.map(|gate| gate as f32),
            impact: orbit.impact,
            section: orbit.section,
            loudness: snapshot.loudness(),
            onset: snapshot.onset(),
            onset_detected: orbit.onset_detected,
            bands: snapshot.bands,
            tempo_bpm: snapshot.tempo_bpm,
            tempo_confidence: snapshot.tempo_confidence,
            valence: snapshot.mood.valence,
            arousal: snapshot.mood.arousal,
            mood_confidence: snapshot.mood.confidence,
            mood: snapshot.mood.map.iter().map(|share| (share * 1e3).round() as u16).collect(),
            chord: snapshot.harmony.chord.map(|chord| chord.to_string()),
            chord_confidence: snapshot.harmony.confidence(),
        }
    }
}
