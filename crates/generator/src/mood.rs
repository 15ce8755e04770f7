//! Mood: valence and arousal, as an additive function of musical cues.

use serde::{Deserialize, Serialize};

/// A point of the plane of valence (unpleasant -1 to pleasant +1) and arousal (calm -1 to excited +1).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Mood {
    /// -1 to 1.
    pub valence: f32,
    /// -1 to 1.
    pub arousal: f32,
}

/// Musical cues of a section, each -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cues {
    /// -1 minor to +1 major: 0.4 by the key ([`Mode::cue`](crate::Mode::cue)), 0.6 by the chords, weighted by duration
    /// ([`Quality::cue`](crate::Quality::cue)). A minor key with many major chords lies between.
    pub mode: f32,
    /// Logarithm of beats per minute: -1 at 52, 0 at 96, +1 at 177.
    pub tempo: f32,
    /// Logarithm of attacks per second, those of one moment merged: -1 at 0.9, 0 at 3, +1 at 10.
    pub note_rate: f32,
    /// Mean pitch of the highest pitched voice, weighted by duration: -1 at MIDI 49, 0 at 67, +1 at 85. The range is
    /// about that of Eerola, Friberg and Bresin (53 to 83).
    pub register: f32,
    /// Loudness as played: -1 at velocity 30 with CC11 at 127, 0 at 70, +1 at 110. CC11 counts by its square root: its
    /// gain is linear, that of velocity quadratic.
    pub dynamics: f32,
    /// -1 where notes are held until the next (legato), +1 where they are held for a quarter of the way (staccato).
    pub articulation: f32,
    /// Of CC74 and of the instruments' own brightness, in equal parts: -1 dark to +1 bright.
    pub brightness: f32,
}

/// Beats per minute of a tempo cue: the middle, and the factor per unit.
pub(crate) const TEMPO: (f32, f32) = (96.0, 1.845);
/// Attacks per second of a cue of note rate, likewise.
pub(crate) const NOTE_RATE: (f32, f32) = (3.0, 3.33);

/// How much a cue says about valence and about arousal.
///
/// Eerola, Friberg and Bresin (2013, Frontiers in Psychology 4:487) rank the cues by the variance of emotion ratings that
/// each explains alone, as reviews quote them: mode 0.29, tempo 0.14, register 0.08, dynamics 0.04, articulation 0.02, timbre 0.01 (means over
/// their four emotions), and find them to add up linearly. The length of each pair here is the square root of that
/// number. How it divides between the two axes is ours, with the signs on which Juslin and Lindström (2010) and
/// Gabrielsson and Lindström (2010) agree: high valence is major, fast, high, light; high arousal is fast, loud, high,
/// detached, bright. Tempo in their experiment was notes per second; its weight is shared by tempo and note rate.
const WEIGHTS: [Weight; 7] = [
    Weight { valence: 0.54, arousal: 0.0 },
    Weight { valence: 0.085, arousal: 0.165 },
    Weight { valence: 0.085, arousal: 0.165 },
    Weight { valence: 0.22, arousal: 0.17 },
    Weight { valence: -0.06, arousal: 0.19 },
    Weight { valence: 0.085, arousal: 0.11 },
    Weight { valence: -0.045, arousal: 0.09 },
];

struct Weight {
    valence: f32,
    arousal: f32,
}

/// Scale the sums so that music at about two thirds of every cue's range reaches the edge of the plane (ours).
const VALENCE_SCALE: f32 = 1.32;
const AROUSAL_SCALE: f32 = 1.9;

impl Mood {
    /// The mood that cues express: a weighted sum, clamped to the plane.
    pub fn of(cues: &Cues) -> Mood {
        let values = cues.values();
        let sum = |weight: fn(&Weight) -> f32| -> f32 {
            WEIGHTS.iter().zip(values).map(|(w, value)| weight(w) * value).sum()
        };
        Mood {
            valence: (VALENCE_SCALE * sum(|w| w.valence)).clamp(-1.0, 1.0),
            arousal: (AROUSAL_SCALE * sum(|w| w.arousal)).clamp(-1.0, 1.0),
        }
    }

    /// How glad mode and harmony must be: what is fast and high sounds glad enough by itself, so that excited music of the
    /// same valence needs less of it and calm music more.
    pub(crate) fn harmonic_valence(self) -> f32 {
        self.valence - 0.25 * self.arousal
    }

    /// Within the plane, whatever the numbers were; NaN becomes 0.
    pub(crate) fn clamped(self) -> Mood {
        let clamp = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
        Mood { valence: clamp(self.valence), arousal: clamp(self.arousal) }
    }
}

impl Cues {
    /// Names, in the order of [`Cues::values`].
    pub const NAMES: [&'static str; 7] =
        ["mode", "tempo", "note rate", "register", "dynamics", "articulation", "brightness"];

    /// As an array.
    pub fn values(&self) -> [f32; 7] {
        [
            self.mode,
            self.tempo,
            self.note_rate,
            self.register,
            self.dynamics,
            self.articulation,
            self.brightness,
        ]
    }

    /// The cues of values in the order of [`Cues::values`].
    pub fn from_values(values: [f32; 7]) -> Cues {
        let [mode, tempo, note_rate, register, dynamics, articulation, brightness] = values;
        Cues { mode, tempo, note_rate, register, dynamics, articulation, brightness }
    }

    /// Those of the same music played so many times as fast, with nothing else changed.
    pub fn played_faster(self, factor: f32) -> Cues {
        let moved = |cue: f32, (_, base): (f32, f32)| (cue + factor.ln() / base.ln()).clamp(-1.0, 1.0);
        Cues { tempo: moved(self.tempo, TEMPO), note_rate: moved(self.note_rate, NOTE_RATE), ..self }
    }

    /// Halfway to other cues, in all but tempo.
    pub(crate) fn between(self, other: Cues) -> Cues {
        let (own, others) = (self.values(), other.values());
        Cues { tempo: self.tempo, ..Cues::from_values(std::array::from_fn(|i| 0.5 * (own[i] + others[i]))) }
    }

    /// The same in another mode.
    pub(crate) fn with_mode(self, mode: crate::Mode) -> Cues {
        Cues { mode: mode.cue(), ..self }
    }

    /// Moves all cues that are not `fixed` by the least amount (in the sense of squares) that makes them express an
    /// arousal, as far as their ranges allow. Register moves least: it is what tells a glad melody from a sad one.
    pub(crate) fn toward(self, arousal: f32, fixed: [bool; 7]) -> Cues {
        let mut values = self.values();
        // Cues that hit the edge of their range stay there and the others make up for it in the next turn.
        for _ in 0..4 {
            let open = |index: usize| !fixed[index] && values[index].abs() < 1.0;
            let mobility = |index: usize| if index == 3 { 0.25 } else { 1.0 };
            let weight = |index: usize| AROUSAL_SCALE * WEIGHTS[index].arousal;
            let left = arousal - (0..7).map(|index| weight(index) * values[index]).sum::<f32>();
            let room: f32 = (0..7)
                .filter(|index| open(*index))
                .map(|index| mobility(index) * weight(index).powi(2))
                .sum();
            if room < 1e-3 || left.abs() < 1e-3 {
                break;
            }
            let steps: [f32; 7] = std::array::from_fn(|index| {
                if open(index) { mobility(index) * weight(index) * left / room } else { 0.0 }
            });
            for (value, step) in values.iter_mut().zip(steps) {
                *value = (*value + step).clamp(-1.0, 1.0);
            }
        }
        Cues::from_values(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squared_weights_are_the_published_shares() {
        // Eerola et al. 2013, as above; tempo is the sum of tempo and note rate.
        let squares: Vec<f32> = WEIGHTS.iter().map(|w| w.valence.powi(2) + w.arousal.powi(2)).collect();
        let tempo = (squares[1].sqrt() + squares[2].sqrt()).powi(2);
        let published = [(squares[0], 0.29), (tempo, 0.14), (squares[3], 0.08), (squares[4], 0.04)];
        for (ours, theirs) in published.into_iter().chain([(squares[5], 0.02), (squares[6], 0.01)]) {
            assert!((ours - theirs).abs() < 0.004, "{ours} {theirs}");
        }
    }

    #[test]
    fn playing_faster_is_what_a_faster_piece_is() {
        let cues = Cues { tempo: 0.1, note_rate: -0.2, register: 0.3, ..Cues::default() };
        let faster = cues.played_faster(1.25);
        let (bpm, attacks) = (
            |c: Cues| TEMPO.0 * TEMPO.1.powf(c.tempo),
            |c: Cues| NOTE_RATE.0 * NOTE_RATE.1.powf(c.note_rate),
        );
        assert!(
            (bpm(faster) / bpm(cues) - 1.25).abs() < 1e-5
                && (attacks(faster) / attacks(cues) - 1.25).abs() < 1e-5
        );
        assert_eq!(Cues { tempo: cues.tempo, note_rate: cues.note_rate, ..faster }, cues);
        assert!(Mood::of(&faster).arousal > Mood::of(&cues).arousal);
    }

    #[test]
    fn cues_that_are_moved_express_the_arousal() {
        let mut stream = crate::random::Stream::new(5, "targets", 0);
        for _ in 0..200 {
            let cues = Cues { mode: 0.6, register: stream.range(-0.5, 0.5), ..Cues::default() };
            let arousal = stream.range(-0.9, 0.9);
            let moved = cues.toward(arousal, [true, false, false, false, false, false, false]);
            assert!((Mood::of(&moved).arousal - arousal).abs() < 0.02, "{moved:?} {arousal}");
            assert!(moved.values().iter().all(|value| value.abs() <= 1.0));
            assert_eq!(moved.mode, 0.6);
        }
    }
}
