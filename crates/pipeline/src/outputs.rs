//! What the models' raw outputs mean: chords, dynamics, groove, control signals of the orbit.

use dendrite_features::N_CHROMA;

/// Chords that the harmony model tells apart.
pub const CHORDS: usize = 64;
/// MIDI pitches that the melody model chooses from.
pub const PITCHES: usize = 128;
/// Values of the dynamics model.
pub const DYNAMICS: usize = 16;
/// Steps of the groove model: the sixteenths of a 4/4 bar.
pub const GROOVE_STEPS: usize = 16;
/// Values of the groove model: offsets, then accents.
pub const GROOVE_OUTPUTS: usize = 2 * GROOVE_STEPS;

/// Loudness (rms feature) below which no chord is heard: -54 dBFS.
const CHORD_LOUDNESS: f32 = 0.1;
/// Probability that the likeliest chord must have.
const CHORD_PROBABILITY: f32 = 0.3;

/// Names of the pitch classes, C first.
pub const PITCH_NAMES: [&str; N_CHROMA] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The kind of a chord. Kinds beyond these count as the nearest: maj7, 6, add9, sus as major, half-diminished as
/// diminished, m6 as minor with a minor seventh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Major triad.
    Major,
    /// Minor triad.
    Minor,
    /// Major triad with a minor seventh.
    Dominant,
    /// Minor triad with a minor seventh.
    MinorSeventh,
    /// Diminished triad.
    Diminished,
    /// Augmented triad; roots a major third apart are the same chord.
    Augmented,
}

impl Quality {
    /// All, in the order of the classes.
    pub const ALL: [Quality; 6] = [
        Quality::Major,
        Quality::Minor,
        Quality::Dominant,
        Quality::MinorSeventh,
        Quality::Diminished,
        Quality::Augmented,
    ];

    /// Semitones above the root.
    pub const fn intervals(self) -> &'static [u8] {
        match self {
            Quality::Major => &[0, 4, 7],
            Quality::Minor => &[0, 3, 7],
            Quality::Dominant => &[0, 4, 7, 10],
            Quality::MinorSeventh => &[0, 3, 7, 10],
            Quality::Diminished => &[0, 3, 6],
            Quality::Augmented => &[0, 4, 8],
        }
    }

    /// What stands behind the root in a chord symbol.
    pub const fn suffix(self) -> &'static str {
        match self {
            Quality::Major => "",
            Quality::Minor => "m",
            Quality::Dominant => "7",
            Quality::MinorSeventh => "m7",
            Quality::Diminished => "dim",
            Quality::Augmented => "+",
        }
    }
}

/// One of the 64 chords: class = quality · 12 + root for the first five qualities, then C+, C#+, D+, D#+.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Pitch class of the root, 0 (C) ... 11; of an augmented triad the lowest of its three, 0 ... 3.
    pub root: u8,
    /// Its kind.
    pub quality: Quality,
}

impl Chord {
    /// The chord of a class; `None` from 64 on.
    pub fn of_class(class: usize) -> Option<Chord> {
        let quality = *Quality::ALL.get(class / N_CHROMA)?;
        (class < CHORDS).then_some(Chord { root: (class % N_CHROMA) as u8, quality })
    }

    /// The class of this chord, below 64 for any root.
    pub fn class(self) -> usize {
        let root = usize::from(self.root) % N_CHROMA;
        match self.quality {
            Quality::Augmented => 5 * N_CHROMA + root % 4,
            quality => quality as usize * N_CHROMA + root,
        }
    }

    /// Whether a pitch class (any octave) belongs to the chord.
    pub fn contains(self, pitch: u8) -> bool {
        let above = (pitch + 10 * N_CHROMA as u8 - self.root % N_CHROMA as u8) % N_CHROMA as u8;
        self.quality.intervals().contains(&above)
    }
}

impl std::fmt::Display for Chord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let root = PITCH_NAMES[usize::from(self.root) % N_CHROMA];
        f.pad(&format!("{root}{}", self.quality.suffix()))
    }
}

/// What harmony says of one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harmony {
    /// Probability of each of the 64 chords.
    pub probabilities: [f32; CHORDS],
    /// The likeliest chord; `None` ("no chord") below a loudness of 0.1 or a probability of 0.3.
    pub chord: Option<Chord>,
}

impl Default for Harmony {
    /// Every chord is as likely, so there is none.
    fn default() -> Self {
        Self { probabilities: [1.0 / CHORDS as f32; CHORDS], chord: None }
    }
}

impl Harmony {
    /// From the model's output and the loudness of the frame.
    pub fn of(probabilities: [f32; CHORDS], loudness: f32) -> Self {
        let best =
            (0..CHORDS).fold(0, |best, i| if probabilities[i] > probabilities[best] { i } else { best });
        let sure = loudness >= CHORD_LOUDNESS && probabilities[best] >= CHORD_PROBABILITY;
        Self { probabilities, chord: if sure { Chord::of_class(best) } else { None } }
    }

    /// Probability of the likeliest chord.
    pub fn confidence(&self) -> f32 {
        self.probabilities.iter().copied().fold(0.0, f32::max)
    }
}

/// The distribution of the melody's next pitch, written in C major or C minor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Melody {
    /// Probability of each MIDI pitch.
    pub probabilities: [f32; PITCHES],
}

impl Default for Melody {
    fn default() -> Self {
        Self { probabilities: [1.0 / PITCHES as f32; PITCHES] }
    }
}

/// How to play: sixteen values, each 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dynamics(pub [f32; DYNAMICS]);

/// Index of each value of [`Dynamics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expression {
    /// Mean of the velocities, as a share of 127.
    Velocity = 0,
    /// How far velocities scatter.
    VelocitySpread = 1,
    /// How much stronger downbeats are.
    DownbeatAccent = 2,
    /// How much stronger the second and fourth beats are.
    BackbeatAccent = 3,
    /// Getting louder (above 0.5) or softer (below).
    Crescendo = 4,
    /// Length of notes as a share of the time to the next.
    GateLength = 5,
    /// How far notes are tied to the next.
    Legato = 6,
    /// Notes per step.
    Density = 7,
    /// Level of CC 11 (expression).
    ExpressionLevel = 8,
    /// Rise (above 0.5) or fall of CC 11.
    ExpressionSlope = 9,
    /// Depth of CC 1 (vibrato).
    Vibrato = 10,
    /// CC 74 (brightness).
    Brightness = 11,
    /// Probability of the sustain pedal.
    Sustain = 12,
    /// How loosely notes keep to the grid.
    Looseness = 13,
    /// Register, low to high.
    Register = 14,
    /// How widely chords are spread.
    VoicingSpread = 15,
}

impl Expression {
    /// Names in the order of the values, as sidecars and overlays spell them.
    pub const NAMES: [&str; DYNAMICS] = [
        "velocity_mean",
        "velocity_spread",
        "downbeat_accent",
        "backbeat_accent",
        "crescendo",
        "gate_length",
        "legato",
        "note_density",
        "cc11_level",
        "cc11_slope",
        "cc1_depth",
        "cc74_brightness",
        "sustain_probability",
        "timing_looseness",
        "register",
        "voicing_spread",
    ];
}

impl Default for Dynamics {
    /// The middle of everything.
    fn default() -> Self {
        Self([0.5; DYNAMICS])
    }
}

impl Dynamics {
    /// One value by name.
    pub fn get(&self, which: Expression) -> f32 {
        self.0[which as usize]
    }
}

/// Where and how strongly the sixteenths of a bar are played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Groove {
    /// Timing offset of each step as a share of a sixteenth, -0.5 (early) ... 0.5 (late).
    pub offsets: [f32; GROOVE_STEPS],
    /// Accent of each step, 0..1.
    pub accents: [f32; GROOVE_STEPS],
}

impl Default for Groove {
    /// On the grid, without accents.
    fn default() -> Self {
        Self { offsets: [0.0; GROOVE_STEPS], accents: [0.5; GROOVE_STEPS] }
    }
}

impl Groove {
    /// From the model's output, tanh values: offsets are half of them, accents are mapped to 0..1.
    pub fn of(output: &[f32; GROOVE_OUTPUTS]) -> Self {
        let unit = |y: f32| y.clamp(-1.0, 1.0);
        Self {
            offsets: std::array::from_fn(|i| 0.5 * unit(output[i])),
            accents: std::array::from_fn(|i| 0.5 + 0.5 * unit(output[GROOVE_STEPS + i])),
        }
    }

    /// The model's output that means this: the inverse of [`Groove::of`], for training.
    pub fn to_output(&self) -> [f32; GROOVE_OUTPUTS] {
        std::array::from_fn(|i| match i {
            0..GROOVE_STEPS => 2.0 * self.offsets[i],
            _ => 2.0 * self.accents[i - GROOVE_STEPS] - 1.0,
        })
    }
}

/// Control signals of the orbit as the model gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrbitControls {
    /// Modulus of the multiplier, 0.2 ... 3.
    pub s: f64,
    /// Size of the residual, 0..1.
    pub alpha: f64,
    /// Wanted turns per N bars, 0.1 ... 5.
    pub omega_scale: f64,
    /// Weight of each epicycle, 0..1.
    pub gates: [f64; OrbitControls::GATES],
}

impl OrbitControls {
    /// Gates of the default shape; variants have 1 ... 8.
    pub const GATES: usize = 6;
    /// Outputs before the gates.
    pub const BEFORE_GATES: usize = 3;

    /// The output map: s = 0.2 + 2.8 σ(y0), alpha = σ(y1), omega_scale = clamp(0.1 + 0.5 softplus(y2), 0.1, 5), gates =
    /// σ(y3...). Gates that the output lacks are closed, gates beyond the sixth are left out; an output that is shorter
    /// than the three controls counts as zeros there.
    pub fn of(output: &[f32]) -> Self {
        let y = |i: usize| f64::from(output.get(i).copied().unwrap_or(0.0));
        let gate = |i: usize| match output.get(Self::BEFORE_GATES + i) {
            Some(&y) => sigmoid(f64::from(y)),
            None => 0.0,
        };
        Self {
            s: 0.2 + 2.8 * sigmoid(y(0)),
            alpha: sigmoid(y(1)),
            omega_scale: (0.1 + 0.5 * softplus(y(2))).clamp(0.1, 5.0),
            gates: std::array::from_fn(gate),
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_lead_to_chords_and_back() {
        for class in 0..CHORDS {
            assert_eq!(Chord::of_class(class).map(Chord::class), Some(class));
        }
        assert_eq!(Chord::of_class(CHORDS), None);
        // The contract's own examples.
        let name = |class| Chord::of_class(class).map(|chord| chord.to_string());
        assert_eq!(name(0).as_deref(), Some("C"));
        assert_eq!(name(12 + 9).as_deref(), Some("Am"));
        assert_eq!(name(24 + 7).as_deref(), Some("G7"));
        assert_eq!(name(36 + 2).as_deref(), Some("Dm7"));
        assert_eq!(name(48 + 11).as_deref(), Some("Bdim"));
        assert_eq!(name(63).as_deref(), Some("D#+"));
        // E+ has the notes of C+.
        assert_eq!(Chord { root: 4, quality: Quality::Augmented }.class(), 60);
    }

    #[test]
    fn chords_know_their_notes() {
        let a_minor = Chord { root: 9, quality: Quality::Minor };
        let notes: Vec<u8> = (60..72).filter(|&pitch| a_minor.contains(pitch)).collect();
        assert_eq!(notes, [60, 64, 69]);
    }

    #[test]
    fn no_chord_when_quiet_or_unsure() {
        let mut probabilities = [0.6 / 63.0; CHORDS];
        probabilities[33] = 0.4;
        assert_eq!(Harmony::of(probabilities, 0.5).chord, Chord::of_class(33));
        assert_eq!(Harmony::of(probabilities, 0.05).chord, None);
        assert_eq!(Harmony::of(Harmony::default().probabilities, 0.5).chord, None);
    }

    #[test]
    fn groove_outputs_lead_back() {
        let output: [f32; GROOVE_OUTPUTS] = std::array::from_fn(|i| (i as f32 / 16.0) - 1.0);
        let groove = Groove::of(&output);
        assert_eq!((groove.offsets[0], groove.accents[0]), (-0.5, 0.5));
        for (a, b) in groove.to_output().iter().zip(output) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn the_orbits_map_has_the_contracts_ranges() {
        let low = OrbitControls::of(&[-100.0; 9]);
        assert!((low.s - 0.2).abs() < 1e-9 && low.alpha < 1e-9 && low.omega_scale == 0.1);
        let high = OrbitControls::of(&[100.0; 9]);
        assert!((high.s - 3.0).abs() < 1e-9 && high.alpha == 1.0 && high.omega_scale == 5.0);
        // σ(0) = 1/2, softplus(0) = ln 2.
        let middle = OrbitControls::of(&[0.0; 9]);
        assert!((middle.s - 1.6).abs() < 1e-12 && middle.gates == [0.5; 6]);
        assert!((middle.omega_scale - (0.1 + 0.5 * std::f64::consts::LN_2)).abs() < 1e-12);
        assert_eq!(OrbitControls::of(&[0.0; 5]).gates, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
    }
}
