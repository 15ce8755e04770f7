//! What is kept of a snapshot: what pictures and tables need, in some 250 bytes.

use dendrite_engine::Snapshot;
use dendrite_features::N_BASE;
use dendrite_orbit::{ComponentId, GATES};
use dendrite_pipeline::Chord;

/// One hop's results, stamped with the time of the sound that causes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// Number of the analysis frame, 0 first.
    pub index: u64,
    /// Time in seconds of the sound that this shows: 0 for frame 0, a hop of 21.3 ms more for each one after it.
    pub time_s: f64,
    /// The parameter of the Julia set.
    pub c: [f64; 2],
    /// The component that the orbit is on.
    pub component: ComponentId,
    /// Distance factor of the carrier, 0.2 ..= 3.
    pub s: f64,
    /// Share of the residual, 0 ..= 1.
    pub alpha: f64,
    /// Speed of the residual.
    pub omega_scale: f64,
    /// Weights of the six epicycles, 0 ..= 1.
    pub gates: [f64; GATES],
    /// Envelope of the impact, 0 ..= 1.
    pub impact: f32,
    /// Whether a hit was seen in this hop.
    pub onset_detected: bool,
    /// Number of the section, 0 first.
    pub section: u32,
    /// Whether a new section was confirmed in this hop.
    pub section_changed: bool,
    /// Hops since the section's date.
    pub section_age_hops: u32,
    /// The six base features, each 0 ..= 1, in the order of [`Base`](dendrite_features::Base).
    pub base: [f32; N_BASE],
    /// Level in dBFS.
    pub rms_dbfs: f32,
    /// Level of six bands from low to high, 0 ..= 1.
    pub bands: [f32; 6],
    /// Whether the sound is below -80 dBFS.
    pub silent: bool,
    /// Valence, -1 ..= 1.
    pub valence: f32,
    /// Arousal, -1 ..= 1.
    pub arousal: f32,
    /// How sure the mood is, 0 ..= 1.
    pub mood_confidence: f32,
    /// The chord, where there is one.
    pub chord: Option<Chord>,
    /// Tempo in force in beats per minute.
    pub tempo_bpm: f32,
    /// The tempo heard in the sound, in beats per minute.
    pub heard_tempo_bpm: f32,
    /// How sure the tempo is, 0 ..= 1.
    pub tempo_confidence: f32,
    /// Position in quarter notes where there is a transport, else 0.
    pub position_beats: f64,
}

impl Hop {
    /// The hop of a snapshot, heard at `rate` Hz by an engine with this picture delay in samples.
    pub fn of(snapshot: &Snapshot, rate: u32, picture_delay_samples: u32) -> Self {
        let Snapshot { frame, orbit, mood, harmony, .. } = snapshot;
        let sample = snapshot.sample as f64 - f64::from(picture_delay_samples);
        Self {
            index: frame.index,
            time_s: sample / f64::from(rate),
            c: orbit.c,
            component: orbit.component,
            s: orbit.s,
            alpha: orbit.alpha,
            omega_scale: orbit.omega_scale,
            gates: orbit.gates,
            impact: orbit.impact,
            onset_detected: orbit.onset_detected,
            section: orbit.section,
            section_changed: orbit.section_changed,
            section_age_hops: orbit.section_age_hops,
            base: frame.base,
            rms_dbfs: frame.rms_dbfs,
            bands: snapshot.bands,
            silent: frame.silent,
            valence: mood.valence,
            arousal: mood.arousal,
            mood_confidence: mood.confidence,
            chord: harmony.chord,
            tempo_bpm: snapshot.tempo_bpm,
            heard_tempo_bpm: snapshot.heard_tempo_bpm,
            tempo_confidence: snapshot.tempo_confidence,
            position_beats: snapshot.position_beats,
        }
    }

    /// Loudness, the rms feature, 0 ..= 1.
    pub fn loudness(&self) -> f32 {
        self.base[dendrite_features::Base::Rms as usize]
    }

    /// Onset strength, 0 ..= 1.
    pub fn onset(&self) -> f32 {
        self.base[dendrite_features::Base::Onset as usize]
    }
}
