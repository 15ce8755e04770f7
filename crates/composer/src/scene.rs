//! What a step is decided on: the music as it is heard now, and the place in it.

use dendrite_pipeline::{Chord, Dynamics, Groove, Melody, Mood};

use crate::grid::BarStep;
use crate::key::{Key, Scale};
use crate::random::Place;
use crate::settings::{Voice, VoiceSettings};

/// Bars of a phrase; melody and voicing begin anew with each, so that a song that is entered in the middle soon plays what it
/// would have played anyway.
pub(crate) const PHRASE_BARS: i64 = 4;

/// Everything that a step's notes depend on, besides what was played before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub place: BarStep,
    pub mood: &'a Mood,
    pub melody: &'a Melody,
    pub dynamics: &'a Dynamics,
    pub groove: &'a Groove,
    pub key: Key,
    pub scale: Scale,
    pub chord: Option<Chord>,
    /// The chord has changed with this step.
    pub chord_changed: bool,
    pub seed: u32,
    /// Seconds of a sixteenth.
    pub step_s: f64,
}

/// How strongly chance tells which steps of a bar are played, beside the steps' weights: a melody leaves beats out and leans on
/// what is between them, a bass keeps to them.
const fn chance(voice: Voice) -> f32 {
    match voice {
        Voice::Melody => 0.85,
        Voice::Chords => 0.4,
        Voice::Bass | Voice::Drums => 0.3,
    }
}

/// How strongly the groove model's accents do.
const RHYTHM_ACCENT: f32 = 0.35;

impl Scene<'_> {
    /// The place of this step for random numbers.
    pub(crate) fn place_of(&self, voice: Voice) -> Place {
        Place { seed: self.seed, bar: self.place.bar, step: self.place.step, voice }
    }

    /// The same for everything that comes back: bars of a phrase repeat in the form A B A C, which is what makes a motif.
    pub(crate) fn motif_of(&self, voice: Voice, step: u32) -> Place {
        let phrase = self.place.bar.div_euclid(PHRASE_BARS);
        let part = [0, 1, 0, 2][self.place.bar.rem_euclid(PHRASE_BARS) as usize];
        // Two phrases share their motifs.
        Place { seed: self.seed, bar: 4 * phrase.div_euclid(2) + part, step, voice }
    }

    /// Accent of a step, 0..1.
    pub(crate) fn accent(&self, step: u32) -> f32 {
        let accent = self.groove.accents[step as usize % 16];
        if accent.is_finite() { accent.clamp(0.0, 1.0) } else { 0.5 }
    }

    /// Whether this step is among the `count` steps of the bar that a voice plays: those that score highest. `bend` changes
    /// the score of a step.
    pub(crate) fn plays(&self, voice: Voice, count: u32, bend: impl Fn(BarStep) -> f32) -> bool {
        self.would_play(voice, self.place.step, count, bend)
    }

    /// The same for another step of this bar.
    pub(crate) fn would_play(
        &self,
        voice: Voice,
        step: u32,
        count: u32,
        bend: impl Fn(BarStep) -> f32,
    ) -> bool {
        let score = |step: u32| {
            let place = BarStep { step, ..self.place };
            place.weight()
                + RHYTHM_ACCENT * self.accent(step)
                + chance(voice) * self.motif_of(voice, step).unit(crate::random::Purpose::Rhythm)
                + bend(place)
        };
        let own = score(step);
        let higher = (0..self.place.steps)
            .filter(|&other| other != step && (score(other), step) > (own, other))
            .count();
        (higher as u32) < count
    }

    /// How full a voice plays, 0..1: 0.5 of the density control leaves what the music asks for.
    pub(crate) fn fullness(&self, settings: &VoiceSettings, asked: f32) -> f32 {
        let asked = if asked.is_finite() { asked.clamp(0.0, 1.0) } else { 0.5 };
        let density = settings.density();
        if density <= 0.5 { 2.0 * density * asked } else { asked + (1.0 - asked) * (2.0 * density - 1.0) }
    }
}

/// A whole number of steps from a share of a bar; a share above 0 is one step at least.
pub(crate) fn steps_of(share: f32, steps: u32) -> u32 {
    if share <= 0.0 { 0 } else { ((share * steps as f32).round() as u32).max(1) }
}
