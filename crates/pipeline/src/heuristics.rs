//! What takes a model's place while none is loaded: tables and formulas, each with the output of its model.
//!
//! | model | heuristic |
//! | --- | --- |
//! | emotion | [`MoodCues`]: mode, activity, loudness and brightness, weighted as listeners weigh them |
//! | harmony | [`chord_templates`]: 64 chord templates against the chroma |
//! | melody | [`scale_table`]: the key profile of the mood's mode under a bell over the register |
//! | dynamics | [`playing_table`]: louder, shorter and denser with arousal |
//! | groove | [`bar_table`]: a straight bar with its usual accents |
//!
//! The orbit's is in the crate of the orbit. None of them allocates.

use dendrite_features::{Base, FRAME_RATE, Frame, N_CHROMA};

use crate::contexts::{HarmonyContext, LoudnessHistory};
use crate::mood::Mood;
use crate::outputs::{
    CHORDS, Chord, DYNAMICS, Dynamics, Expression, GROOVE_STEPS, Groove, Harmony, Melody, PITCHES,
};

/// How well each pitch class fits a major and a minor key, tonic first (Krumhansl & Kessler 1982).
pub const KEY_PROFILES: [[f32; N_CHROMA]; 2] = [
    [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
    [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
];

/// Time constant of the mood's cues in seconds.
const MOOD_S: f64 = 2.0;
/// Time constant of the activity, the mean of the onset strength, in seconds.
const ACTIVITY_S: f64 = 1.5;
/// Width of the bump that stands for the mood.
const MOOD_DEVIATION: f32 = 0.35;

/// Mood from cues: a stand-in for the emotion model.
///
/// Weights in the order of size that listeners give the cues (Eerola, Friberg & Bresin 2013, Frontiers in Psychology
/// 4:487): valence mostly by mode and then by activity, arousal by activity, loudness and brightness.
#[derive(Clone, Debug)]
pub struct MoodCues {
    activity: f32,
    loudness: f32,
    brightness: f32,
    mode: f32,
    shares: [f32; 2],
}

impl Default for MoodCues {
    fn default() -> Self {
        Self::new()
    }
}

impl MoodCues {
    /// Cues of nothing heard.
    pub fn new() -> Self {
        let share = |tau: f64| (1.0 - (-1.0 / (tau * FRAME_RATE)).exp()) as f32;
        Self {
            activity: 0.0,
            loudness: 0.0,
            brightness: 0.0,
            mode: 0.0,
            shares: [share(ACTIVITY_S), share(MOOD_S)],
        }
    }

    /// Takes the next frame in; `chroma` is its average over 2 s.
    pub fn push(&mut self, frame: &Frame, chroma: &[f32; N_CHROMA]) -> Mood {
        let [fast, slow] = self.shares;
        self.activity += fast * (frame.get(Base::Onset) - self.activity);
        self.loudness += slow * (frame.get(Base::Rms) - self.loudness);
        self.brightness += slow * (frame.get(Base::Centroid) - self.brightness);
        self.mode += slow * (majorness(chroma) - self.mode);
        // Middles and scales are those of popular music: rms -24 dBFS (0.6), centroid 3 kHz (0.125), mean onset strength
        // 0.06.
        let active = ((self.activity - 0.06) / 0.05).tanh();
        let loud = ((self.loudness - 0.6) / 0.2).tanh();
        let bright = ((self.brightness - 0.125) / 0.08).tanh();
        let arousal = 0.45 * active + 0.35 * loud + 0.2 * bright;
        let valence = 0.7 * self.mode + 0.2 * active + 0.1 * bright;
        Mood::bump(valence, arousal, MOOD_DEVIATION)
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

/// How much better the best major key fits a chroma than the best minor key, about -1..1; 0 without tones.
fn majorness(chroma: &[f32; N_CHROMA]) -> f32 {
    let best = |profile: &[f32; N_CHROMA]| {
        (0..N_CHROMA).map(|tonic| correlation(chroma, profile, tonic)).fold(f32::MIN, f32::max)
    };
    let difference = best(&KEY_PROFILES[0]) - best(&KEY_PROFILES[1]);
    if difference.is_finite() { (difference / 0.15).tanh() } else { 0.0 }
}

/// Pearson correlation of a chroma with a key profile whose tonic is moved to `tonic`; 0 where there is nothing to compare.
pub fn correlation(chroma: &[f32; N_CHROMA], profile: &[f32; N_CHROMA], tonic: usize) -> f32 {
    let mean = |values: &[f32; N_CHROMA]| values.iter().sum::<f32>() / N_CHROMA as f32;
    let (chroma_mean, profile_mean) = (mean(chroma), mean(profile));
    let (mut product, mut chroma_power, mut profile_power) = (0.0, 0.0, 0.0);
    for (i, value) in chroma.iter().enumerate() {
        let a = value - chroma_mean;
        let b = profile[(i + N_CHROMA - tonic % N_CHROMA) % N_CHROMA] - profile_mean;
        product += a * b;
        chroma_power += a * a;
        profile_power += b * b;
    }
    let power = chroma_power * profile_power;
    if power > 1e-12 { product / power.sqrt() } else { 0.0 }
}

/// Weight of the bass in a chord's score: its root is what the bass mostly plays.
const BASS_WEIGHT: f32 = 0.15;
/// Scores apart by this much are e times as likely.
const TEMPERATURE: f32 = 0.035;
/// Cost of a fourth note, so that a triad is not taken for the seventh chord that contains it.
const SEVENTH_COST: f32 = 0.006;

/// Chords by templates: the cosine between the chroma of the last 0.25 s and the notes of each chord, plus the bass at the
/// root, through a softmax. The frozen baseline of the harmony model.
pub fn chord_templates(context: &HarmonyContext, loudness: f32) -> Harmony {
    let chroma = context.fast_chroma();
    let norm = chroma.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm <= 1e-6 {
        return Harmony::default();
    }
    let mut scores = [0.0; CHORDS];
    for (class, score) in scores.iter_mut().enumerate() {
        let Some(chord) = Chord::of_class(class) else { continue };
        let notes = chord.quality.intervals();
        let sum: f32 = notes.iter().map(|&note| chroma[usize::from(chord.root + note) % N_CHROMA]).sum();
        let in_bass = |above: u8| context.bass_chroma()[usize::from(chord.root + above) % N_CHROMA];
        // Each note of an augmented triad is its root.
        let bass = match chord.quality {
            crate::Quality::Augmented => notes.iter().map(|&note| in_bass(note)).fold(0.0, f32::max),
            _ => in_bass(0),
        };
        let cost = if notes.len() > 3 { SEVENTH_COST } else { 0.0 };
        *score = sum / (norm * (notes.len() as f32).sqrt()) + BASS_WEIGHT * bass - cost;
    }
    softmax(&mut scores, TEMPERATURE);
    Harmony::of(scores, loudness)
}

/// Melody by a table: the notes of C major or C minor (more minor the lower the valence), around a register that rises with
/// arousal.
pub fn scale_table(mood: &Mood) -> Melody {
    let major = (0.5 + mood.valence).clamp(0.0, 1.0);
    // G4, seven semitones up or down, and a spread of half an octave.
    let centre = 67.0 + 7.0 * mood.arousal;
    let mut probabilities = [0.0; PITCHES];
    for (pitch, probability) in probabilities.iter_mut().enumerate() {
        let class = pitch % N_CHROMA;
        let fit = major * KEY_PROFILES[0][class] + (1.0 - major) * KEY_PROFILES[1][class];
        let distance = (pitch as f32 - centre) / 6.0;
        // The fourth power keeps to the scale; beyond 3 deviations nothing is played.
        *probability =
            if distance.abs() < 3.0 { fit.powi(4) * (-0.5 * distance * distance).exp() } else { 0.0 };
    }
    let sum: f32 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
    Melody { probabilities }
}

/// Dynamics by a table: arousal makes loud, short, dense and bright, calm makes soft, tied and sparse; the loudness of the
/// last frames gives level and slope.
pub fn playing_table(mood: &Mood, loudness: &LoudnessHistory) -> Dynamics {
    let pairs = loudness.pairs();
    let half = pairs.len() / 2;
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (before, after) = (mean(&pairs[..half]), mean(&pairs[half..]));
    let slope = (0.5 + 2.0 * (after - before)).clamp(0.0, 1.0);
    let excited = 0.5 + 0.5 * mood.arousal;
    let glad = 0.5 + 0.5 * mood.valence;
    let mut values = [0.5; DYNAMICS];
    for (which, value) in [
        (Expression::Velocity, 0.35 + 0.4 * excited),
        (Expression::VelocitySpread, 0.2 + 0.2 * excited),
        (Expression::DownbeatAccent, 0.3 + 0.3 * excited),
        (Expression::BackbeatAccent, 0.2 + 0.4 * excited),
        (Expression::Crescendo, slope),
        (Expression::GateLength, 0.85 - 0.4 * excited),
        (Expression::Legato, 0.8 - 0.6 * excited),
        (Expression::Density, 0.15 + 0.5 * excited),
        (Expression::ExpressionLevel, after.clamp(0.0, 1.0)),
        (Expression::ExpressionSlope, slope),
        (Expression::Vibrato, 0.2 + 0.3 * (1.0 - glad)),
        (Expression::Brightness, 0.3 + 0.4 * excited),
        (Expression::Sustain, 0.7 - 0.5 * excited),
        (Expression::Looseness, 0.4 - 0.2 * excited),
        (Expression::Register, 0.4 + 0.1 * glad + 0.1 * excited),
        (Expression::VoicingSpread, 0.5 - 0.2 * excited),
    ] {
        values[which as usize] = value;
    }
    Dynamics(values)
}

/// Groove by a table: on the grid, strong quarters, weaker eighths, sixteenths that come with arousal.
pub fn bar_table(mood: &Mood) -> Groove {
    let excited = 0.5 + 0.5 * mood.arousal;
    let accent = |step: usize| match step {
        0 => 0.95,
        8 => 0.85,
        4 | 12 => 0.8,
        step if step.is_multiple_of(2) => 0.3 + 0.25 * excited,
        _ => 0.1 + 0.35 * excited,
    };
    Groove { offsets: [0.0; GROOVE_STEPS], accents: std::array::from_fn(accent) }
}

/// e^(score / temperature) of each score, as shares of 1.
fn softmax(scores: &mut [f32], temperature: f32) {
    let greatest = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|score| *score = ((*score - greatest) / temperature).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::Quality;
    use dendrite_features::{SAMPLE_RATE, analyze};

    /// Frames of a chord of decaying harmonics over its root in the bass.
    fn chord(root: u8, intervals: &[u8]) -> Vec<Frame> {
        let hz = |pitch: f32| 440.0 * ((pitch - 69.0) / 12.0).exp2();
        let mut pitches = vec![f32::from(36 + root)];
        pitches.extend(intervals.iter().map(|&i| f32::from(60 + root + i)));
        let samples: Vec<f32> = (0..SAMPLE_RATE as usize)
            .map(|n| {
                let t = n as f32 / SAMPLE_RATE as f32;
                let voice = |&pitch: &f32| -> f32 {
                    (1..=6)
                        .map(|h| {
                            let phase = f64::from(hz(pitch) * h as f32) * f64::from(t);
                            (phase.fract() * std::f64::consts::TAU).sin() as f32 / (h * h) as f32
                        })
                        .sum()
                };
                0.1 * pitches.iter().map(voice).sum::<f32>()
            })
            .collect();
        analyze(&samples)
    }

    #[test]
    fn templates_find_the_chords_that_sound() {
        let mut right = 0;
        for quality in Quality::ALL {
            for root in [0, 2, 3, 5, 8, 11] {
                let mut context = HarmonyContext::new();
                let mut heard = Harmony::default();
                for frame in chord(root, quality.intervals()) {
                    context.push(&frame);
                    heard = chord_templates(&context, frame.get(Base::Rms));
                }
                right += usize::from(heard.chord.map(Chord::class) == Some(Chord { root, quality }.class()));
            }
        }
        // 36 chords; a template may take a seventh chord for a triad.
        assert!(right >= 32, "{right} of 36");
    }

    #[test]
    fn mood_follows_mode_and_activity() {
        let run = |intervals: &[u8], onset: f32| {
            let (mut context, mut cues) = (HarmonyContext::new(), MoodCues::new());
            let mut mood = Mood::default();
            for _ in 0..4 {
                for mut frame in chord(0, intervals) {
                    frame.base[Base::Onset as usize] = onset;
                    context.push(&frame);
                    mood = cues.push(&frame, context.slow_chroma());
                }
            }
            mood
        };
        let (major, minor) = (run(&[0, 4, 7], 0.05), run(&[0, 3, 7], 0.05));
        assert!(major.valence > minor.valence + 0.3, "{} {}", major.valence, minor.valence);
        let busy = run(&[0, 4, 7], 0.3);
        assert!(busy.arousal > major.arousal + 0.2, "{} {}", busy.arousal, major.arousal);
    }

    #[test]
    fn tables_give_what_models_give() {
        for (valence, arousal) in [(-1.0, -1.0), (1.0, 1.0), (0.0, 0.0), (0.8, -0.6)] {
            let mood = Mood::bump(valence, arousal, 0.3);
            let melody = scale_table(&mood);
            assert!((melody.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            let dynamics = playing_table(&mood, &LoudnessHistory::default());
            assert!(dynamics.0.iter().all(|value| (0.0..=1.0).contains(value)));
            let groove = bar_table(&mood);
            assert!(groove.accents.iter().all(|value| (0.0..=1.0).contains(value)));
        }
        // Glad melodies are major, sad ones minor: E against E flat.
        let third = |valence| {
            let p = scale_table(&Mood::bump(valence, 0.0, 0.3)).probabilities;
            (p[64] + p[76]) / (p[63] + p[75])
        };
        assert!(third(0.8) > 3.0 && third(-0.8) < 1.0 / 3.0);
    }

    #[test]
    fn silence_is_no_chord() {
        assert_eq!(chord_templates(&HarmonyContext::new(), 0.0).chord, None);
    }
}
