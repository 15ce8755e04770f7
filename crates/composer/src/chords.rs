//! The chords voice: when it strikes, and what.

use dendrite_pipeline::{Chord, Expression};

use crate::grid::BarStep;
use crate::scene::{PHRASE_BARS, Scene, steps_of};
use crate::settings::{Voice, VoiceSettings};
use crate::voicing::{Voicing, lead};

/// What the chords remember.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Comper {
    voicing: Option<Voicing>,
    chord: Option<Chord>,
    phrase: i64,
}

impl Comper {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The notes that are struck at this step, if any are, and their length in steps to the next stroke.
    pub(crate) fn step(&mut self, scene: &Scene, settings: &VoiceSettings) -> Option<(Voicing, u32)> {
        let chord = scene.chord?;
        let asked = 0.05 + 0.3 * scene.dynamics.get(Expression::Density);
        let fullness = scene.fullness(settings, asked);
        let count = steps_of(fullness, scene.place.steps);
        let bend = |place: BarStep| stabs(scene, place);
        let changed = scene.chord_changed || self.chord != Some(chord);
        let plays = scene.plays(Voice::Chords, count, bend);
        if count == 0 || !(plays || changed && scene.place.on_beat()) {
            return None;
        }
        // Every second phrase the hand goes back to where it is at home.
        let phrase = scene.place.bar.div_euclid(2 * PHRASE_BARS);
        if phrase != self.phrase {
            (self.phrase, self.voicing, self.chord) = (phrase, None, None);
        }
        let open = scene.dynamics.get(Expression::VoicingSpread) > 0.55;
        let centre = 60.0 + 10.0 * (scene.dynamics.get(Expression::Register) - 0.4);
        if self.chord != Some(chord) {
            self.voicing = Some(lead(chord, self.voicing.as_ref(), centre, open));
            self.chord = Some(chord);
        }
        let mut voicing = self.voicing?;
        voicing.shift(settings.octave);
        let next = (scene.place.step + 1..scene.place.steps)
            .find(|&step| scene.would_play(Voice::Chords, step, count, bend))
            .unwrap_or(scene.place.steps);
        Some((voicing, next - scene.place.step))
    }
}

/// Excited music is struck between the beats, calm music on the first.
fn stabs(scene: &Scene, place: BarStep) -> f32 {
    let between = !place.on_beat() && place.step.is_multiple_of(2);
    if between { 0.5 * scene.mood.arousal.clamp(-1.0, 1.0) } else { 0.0 }
}
