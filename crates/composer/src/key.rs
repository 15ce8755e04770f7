//! The key that is heard: which chord follows which, and pitch classes over time against profiles, with hysteresis.
//!
//! ```text
//! chord posterior ──progressions (tonality.rs)─────────────────┐
//! chroma, bass chroma, chord posterior ──mean of 20 s──────────┼─> scores of 24 keys ──margin, dwell──> key, scale
//! chord posterior of the first 1.5 s ──fades in 60 s──profiles─┘
//! ```
//! Profiles as in Krumhansl and Schmuckler (Krumhansl 1990), for chords as in Noland and Sandler (2006). Relative keys share
//! their tones and differ in what is treated as home: the tonic's chord, the bass on it, what the music began with, and how
//! chords lead there.

use std::fmt;

use dendrite_features::{FRAME_RATE, Frame, N_CHROMA};
use dendrite_pipeline::{Harmony, PITCH_NAMES, Quality};

use crate::tonality::Tonality;

/// Memory of the means in seconds.
const MEMORY_S: f64 = 20.0;
/// What music begins with is the chord of its first seconds of sound ...
const START_S: f64 = 1.5;
/// ... and is forgotten with this time constant, in seconds.
const START_MEMORY_S: f64 = 60.0;
/// The key in force is left when another scores this much higher (natural logarithm of how much likelier it is) ...
const SWITCH_MARGIN: f32 = 0.2;
/// ... for this long, in frames (1 s).
const SWITCH_FRAMES: u32 = 47;
/// The scale in force is left when another has been heard for this long, in frames (4 s).
const SCALE_FRAMES: u32 = 188;
/// How much stronger the raised seventh of a minor key must be than the natural one.
const RAISED: f32 = 0.05;
/// What profiles say counts by this much: the progressions have heard the same chords.
const PROFILES: f32 = 0.8;
/// No key is less likely than this, whatever chords were heard.
const LEAST: f32 = 1e-6;
/// Major and minor.
const MODES: usize = 2;
const KEYS: usize = MODES * N_CHROMA;

/// What each kind of evidence says for a key, by semitones above the tonic, major first. A multinomial logistic regression
/// over 400 pieces of the generator's training split (ridge 0.001, chords by templates), rounded. Means of the roots of the
/// chroma ...
const TONES: [[f32; N_CHROMA]; MODES] = [
    [3.2, -3.7, 0.8, -3.4, 2.8, -0.5, -2.8, 2.2, -1.3, 1.2, -0.2, 0.3],
    [1.9, -1.4, 1.3, 2.3, -1.0, 1.0, -2.2, 2.1, -1.9, -0.8, -0.1, 0.2],
];
/// ... of the bass chroma ...
const BASS: [[f32; N_CHROMA]; MODES] = [
    [0.7, -0.2, 0.3, 0.0, 0.1, 0.7, 0.3, 0.3, -0.9, -0.5, 0.2, -0.3],
    [1.6, -0.2, -0.1, 2.8, -2.8, 1.5, -2.1, 1.8, 0.1, -0.9, -1.2, -1.0],
];
/// ... of the probability of a major triad or dominant seventh ...
const MAJOR_CHORDS: [[f32; N_CHROMA]; MODES] = [
    [3.6, -0.6, -1.2, -1.5, -1.0, 1.0, 0.1, 1.7, -0.3, -0.6, 1.5, 0.0],
    [-0.2, -0.6, -1.2, -1.1, -1.1, 0.6, -0.4, 1.6, -0.3, -0.5, 1.0, -0.5],
];
/// ... and of a minor triad or minor seventh.
const MINOR_CHORDS: [[f32; N_CHROMA]; MODES] = [
    [0.1, -0.1, 2.4, -0.2, 1.1, -0.3, -0.5, -1.6, -0.1, 2.6, -0.3, 0.2],
    [5.0, -0.4, -0.2, -1.6, -1.4, -1.2, -0.5, -1.5, -0.2, -0.6, -1.6, 0.7],
];
/// The same for the tonic's chord at the beginning.
const START: [f32; MODES] = [4.2, 4.6];

/// A tonic and whether the third above it is minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// Minor, or else major.
    pub minor: bool,
}

impl fmt::Display for Key {
    /// "C minor", "F# major".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tonic = PITCH_NAMES[usize::from(self.tonic % 12)];
        f.pad(&format!("{tonic} {}", if self.minor { "minor" } else { "major" }))
    }
}

/// A scale: the pitch classes that a melody may use, counted from a tonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Ionian.
    Major,
    /// Natural minor, aeolian.
    Minor,
    /// Minor with a raised seventh.
    HarmonicMinor,
    /// Minor with a raised sixth.
    Dorian,
    /// Minor with a lowered second.
    Phrygian,
    /// Major with a raised fourth.
    Lydian,
    /// Major with a lowered seventh.
    Mixolydian,
    /// Major without fourth and seventh.
    MajorPentatonic,
    /// Minor without second and sixth.
    MinorPentatonic,
    /// Minor pentatonic with the tone between fourth and fifth.
    Blues,
}

impl Scale {
    /// All, in the order in which a list offers them.
    pub const ALL: [Scale; 10] = [
        Scale::Major,
        Scale::Minor,
        Scale::HarmonicMinor,
        Scale::Dorian,
        Scale::Phrygian,
        Scale::Lydian,
        Scale::Mixolydian,
        Scale::MajorPentatonic,
        Scale::MinorPentatonic,
        Scale::Blues,
    ];

    /// As lists spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Scale::Major => "Major",
            Scale::Minor => "Minor",
            Scale::HarmonicMinor => "Harmonic minor",
            Scale::Dorian => "Dorian",
            Scale::Phrygian => "Phrygian",
            Scale::Lydian => "Lydian",
            Scale::Mixolydian => "Mixolydian",
            Scale::MajorPentatonic => "Major pentatonic",
            Scale::MinorPentatonic => "Minor pentatonic",
            Scale::Blues => "Blues",
        }
    }

    /// Semitones above the tonic, ascending from 0.
    pub const fn degrees(self) -> &'static [u8] {
        match self {
            Scale::Major => &[0, 2, 4, 5, 7, 9, 11],
            Scale::Minor => &[0, 2, 3, 5, 7, 8, 10],
            Scale::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Scale::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Scale::Phrygian => &[0, 1, 3, 5, 7, 8, 10],
            Scale::Lydian => &[0, 2, 4, 6, 7, 9, 11],
            Scale::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Scale::MajorPentatonic => &[0, 2, 4, 7, 9],
            Scale::MinorPentatonic => &[0, 3, 5, 7, 10],
            Scale::Blues => &[0, 3, 5, 6, 7, 10],
        }
    }

    /// Whether a pitch (or pitch class) belongs to the scale on a tonic.
    pub fn contains(self, tonic: u8, pitch: u8) -> bool {
        let above = (pitch % 12 + 12 - tonic % 12) % 12;
        self.degrees().contains(&above)
    }

    /// Whether the third above the tonic is minor.
    pub const fn is_minor(self) -> bool {
        match self {
            Scale::Major | Scale::Lydian | Scale::Mixolydian | Scale::MajorPentatonic => false,
            Scale::Minor
            | Scale::HarmonicMinor
            | Scale::Dorian
            | Scale::Phrygian
            | Scale::MinorPentatonic
            | Scale::Blues => true,
        }
    }
}

/// Follows the key of the music, one frame after the other.
///
/// All memory (20 kB) is part of the value: nothing allocates, and each [`push`](Self::push) does bounded work, some 5,000
/// operations. Silent frames are left out.
#[derive(Clone, Debug)]
pub struct KeyTracker {
    /// Leaky sums, by pitch class.
    evidence: [Evidence; N_CHROMA],
    /// Frames that the sums hold.
    weight: f32,
    keep: f32,
    /// Probability of a major and a minor chord on each root at the beginning.
    start: [[f32; MODES]; N_CHROMA],
    start_frames: u32,
    start_keep: f32,
    /// What chords say by their succession.
    tonality: Tonality,
    /// Frames of sound.
    heard: u32,
    scores: [f32; KEYS],
    key: Option<Key>,
    rival_frames: u32,
    scale: Scale,
    scale_frames: u32,
    confidence: f32,
}

/// What is heard of one pitch class.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    tone: f32,
    bass: f32,
    /// Chords on it, major and minor.
    chords: [f32; MODES],
}

impl Default for KeyTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyTracker {
    /// A tracker that has heard nothing.
    pub fn new() -> Self {
        let keep = |seconds: f64| (-1.0 / (seconds * FRAME_RATE)).exp() as f32;
        Self {
            evidence: [Evidence::default(); N_CHROMA],
            weight: 0.0,
            keep: keep(MEMORY_S),
            start: [[0.0; MODES]; N_CHROMA],
            start_frames: (START_S * FRAME_RATE) as u32,
            start_keep: keep(START_MEMORY_S),
            tonality: Tonality::new(),
            heard: 0,
            scores: [0.0; KEYS],
            key: None,
            rival_frames: 0,
            scale: Scale::Major,
            scale_frames: 0,
            confidence: 0.0,
        }
    }

    /// Takes the next frame in, and what harmony says of it.
    pub fn push(&mut self, frame: &Frame, harmony: &Harmony) {
        if frame.silent {
            return;
        }
        self.weight = self.weight * self.keep + 1.0;
        let beginning = self.heard < self.start_frames;
        for class in 0..N_CHROMA {
            let chords = chords_on(class, harmony);
            let evidence = &mut self.evidence[class];
            // Roots, because the strongest partial should not speak for all tones.
            evidence.tone = evidence.tone * self.keep + frame.chroma[class].sqrt();
            evidence.bass = evidence.bass * self.keep + frame.bass_chroma[class].sqrt();
            let start = &mut self.start[class];
            for ((sum, start), probability) in evidence.chords.iter_mut().zip(start).zip(chords) {
                *sum = *sum * self.keep + probability;
                *start = if beginning {
                    *start + probability / self.start_frames as f32
                } else {
                    *start * self.start_keep
                };
            }
        }
        self.tonality.push(&harmony.probabilities);
        self.heard = self.heard.saturating_add(1);
        if self.heard >= self.start_frames {
            self.decide();
        }
    }

    /// The key in force; `None` before 1.5 s of sound were heard.
    pub fn key(&self) -> Option<Key> {
        self.key
    }

    /// The scale whose degrees are heard above the tonic in force: major, lydian or mixolydian in a major key, minor, harmonic
    /// minor, dorian or phrygian in a minor one; major before there is a key.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// How likely the key in force is among the 24, 0..1, as far as the profiles can tell; 0 before there is one.
    pub fn confidence(&self) -> f32 {
        self.confidence
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    fn decide(&mut self) {
        self.scores = std::array::from_fn(|index| self.score(index % N_CHROMA, index / N_CHROMA));
        let best = (1..KEYS).fold(0, |best, i| if self.scores[i] > self.scores[best] { i } else { best });
        let rival = Key { tonic: (best % N_CHROMA) as u8, minor: best >= N_CHROMA };
        let (key, changed) = match self.key {
            None => (rival, true),
            Some(key) if self.scores[best] > self.scores[index_of(key)] + SWITCH_MARGIN => {
                self.rival_frames += 1;
                let changes = self.rival_frames >= SWITCH_FRAMES;
                (if changes { rival } else { key }, changes)
            }
            Some(key) => {
                self.rival_frames = 0;
                (key, false)
            }
        };
        self.key = Some(key);
        self.confidence = {
            let sum: f32 = self.scores.iter().map(|score| (score - self.scores[best]).exp()).sum();
            (self.scores[index_of(key)] - self.scores[best]).exp() / sum
        };
        let heard = self.heard_scale(key);
        if changed {
            (self.scale, self.rival_frames, self.scale_frames) = (heard, 0, 0);
        } else if heard == self.scale {
            self.scale_frames = 0;
        } else {
            self.scale_frames += 1;
            if self.scale_frames >= SCALE_FRAMES {
                (self.scale, self.scale_frames) = (heard, 0);
            }
        }
    }

    fn score(&self, tonic: usize, mode: usize) -> f32 {
        let mut sum = 0.0;
        for above in 0..N_CHROMA {
            let evidence = &self.evidence[(tonic + above) % N_CHROMA];
            sum += TONES[mode][above] * evidence.tone
                + BASS[mode][above] * evidence.bass
                + MAJOR_CHORDS[mode][above] * evidence.chords[0]
                + MINOR_CHORDS[mode][above] * evidence.chords[1];
        }
        let profiles = sum / self.weight + START[mode] * self.start[tonic][mode];
        let key = Key { tonic: tonic as u8, minor: mode == 1 };
        (self.tonality.probability(key) + LEAST).ln() + PROFILES * profiles
    }

    /// The scale of a key: its likeliest mode.
    fn heard_scale(&self, key: Key) -> Scale {
        let degree =
            |above: usize| self.evidence[(usize::from(key.tonic) + above) % N_CHROMA].tone / self.weight;
        match self.tonality.scale(key) {
            Scale::Minor if degree(11) - degree(10) > RAISED => Scale::HarmonicMinor,
            scale => scale,
        }
    }
}

fn index_of(key: Key) -> usize {
    usize::from(key.tonic) % N_CHROMA + if key.minor { N_CHROMA } else { 0 }
}

/// Probability of a major and of a minor chord on a root, sevenths included.
fn chords_on(root: usize, harmony: &Harmony) -> [f32; MODES] {
    let of = |quality: Quality| harmony.probabilities[quality as usize * N_CHROMA + root];
    [of(Quality::Major) + of(Quality::Dominant), of(Quality::Minor) + of(Quality::MinorSeventh)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use dendrite_pipeline::Chord;

    /// A frame of a triad, its root in the bass, and a harmony that is sure of it.
    fn sound(root: u8, quality: Quality) -> (Frame, Harmony) {
        let mut frame = Frame { silent: false, ..Frame::SILENCE };
        for &interval in quality.intervals() {
            frame.chroma[usize::from(root + interval) % N_CHROMA] = 1.0;
        }
        frame.bass_chroma[usize::from(root)] = 1.0;
        let mut harmony = Harmony { probabilities: [0.0; 64], chord: None };
        harmony.probabilities[Chord { root, quality }.class()] = 1.0;
        (frame, harmony)
    }

    /// Plays chords of two seconds each, `times` over, moved up by `up` semitones.
    fn play(tracker: &mut KeyTracker, chords: &[(u8, Quality)], up: u8, times: usize) {
        for (root, quality) in chords.iter().cycle().take(times * chords.len()) {
            let (frame, harmony) = sound((root + up) % 12, *quality);
            (0..94).for_each(|_| tracker.push(&frame, &harmony));
        }
    }

    const MAJOR: [(u8, Quality); 4] =
        [(0, Quality::Major), (5, Quality::Major), (7, Quality::Dominant), (0, Quality::Major)];
    const MINOR: [(u8, Quality); 4] =
        [(0, Quality::Minor), (5, Quality::Minor), (7, Quality::Dominant), (0, Quality::Minor)];

    #[test]
    fn cadences_have_their_keys() {
        for tonic in 0..12 {
            for (chords, minor) in [(MAJOR, false), (MINOR, true)] {
                let mut tracker = KeyTracker::new();
                play(&mut tracker, &chords, tonic, 2);
                assert_eq!(tracker.key(), Some(Key { tonic, minor }));
                assert!(tracker.confidence() > 0.5, "{}", tracker.confidence());
                assert_eq!(tracker.scale().is_minor(), minor);
            }
        }
    }

    #[test]
    fn a_new_key_is_taken_once_and_a_passing_chord_is_not() {
        let mut tracker = KeyTracker::new();
        play(&mut tracker, &MAJOR, 0, 4);
        play(&mut tracker, &[(2, Quality::Dominant)], 0, 1);
        assert_eq!(tracker.key(), Some(Key { tonic: 0, minor: false }));
        let mut changes = 0;
        let mut last = tracker.key();
        for _ in 0..10 {
            for (root, quality) in MAJOR {
                let (frame, harmony) = sound((root + 4) % 12, quality);
                for _ in 0..94 {
                    tracker.push(&frame, &harmony);
                    changes += usize::from(tracker.key() != last);
                    last = tracker.key();
                }
            }
        }
        assert_eq!(last, Some(Key { tonic: 4, minor: false }));
        // By way of one key between at most.
        assert!(changes <= 2, "{changes} changes");
    }

    #[test]
    fn silence_says_nothing_and_reset_forgets() {
        let mut tracker = KeyTracker::new();
        (0..500).for_each(|_| tracker.push(&Frame::SILENCE, &Harmony::default()));
        assert_eq!((tracker.key(), tracker.confidence()), (None, 0.0));
        play(&mut tracker, &MINOR, 3, 1);
        assert!(tracker.key().is_some());
        tracker.reset();
        assert_eq!((tracker.key(), tracker.scale()), (None, Scale::Major));
    }

    #[test]
    fn scales_begin_on_the_tonic_and_know_their_tones() {
        for scale in Scale::ALL {
            let degrees = scale.degrees();
            assert_eq!(degrees[0], 0);
            assert!(degrees.is_sorted() && degrees.iter().all(|&degree| degree < 12), "{scale:?}");
            assert_eq!(scale.is_minor(), degrees.contains(&3), "{scale:?}");
            for tonic in 0..12 {
                let tones = (60..72).filter(|&pitch| scale.contains(tonic, pitch)).count();
                assert_eq!(tones, degrees.len());
                assert!(scale.contains(tonic, 24 + tonic));
            }
        }
        assert_eq!(Key { tonic: 6, minor: true }.to_string(), "F# minor");
    }
}
