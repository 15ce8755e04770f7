//! The bass: roots on what is heavy, fifths and octaves between.

use dendrite_pipeline::Expression;

use crate::grid::BarStep;
use crate::random::Purpose;
use crate::scene::{Scene, steps_of};
use crate::settings::{Voice, VoiceSettings};

/// The lowest note of a bass guitar, E1; roots lie within the octave above it.
const LOWEST: i32 = 28;

/// Pitch classes that a voice has played.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// The one that was played last.
    pub now: Option<u8>,
    /// The one before it that was another.
    pub before: Option<u8>,
}

impl Line {
    /// Goes on to a pitch.
    pub(crate) fn play(&mut self, pitch: u8) {
        let class = Some(pitch % 12);
        if class != self.now {
            *self = Self { now: class, before: self.now };
        }
    }
}

/// What the bass remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bassist {
    root: Option<u8>,
    played: Line,
}

impl Bassist {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// What was played last.
    pub(crate) fn played(&self) -> Line {
        self.played
    }

    /// The note that begins at this step, if one does, and its length in steps to the next. `melody` is what the melody played.
    pub(crate) fn step(
        &mut self,
        scene: &Scene,
        settings: &VoiceSettings,
        melody: Line,
    ) -> Option<(u8, u32)> {
        let root = scene.chord.map_or(scene.key.tonic, |chord| chord.root) % 12;
        let asked = 0.06 + 0.35 * scene.dynamics.get(Expression::Density);
        let count = steps_of(scene.fullness(settings, asked), scene.place.steps);
        let bend = |_: BarStep| 0.0;
        let changed = self.root != Some(root);
        let plays = scene.plays(Voice::Bass, count, bend);
        if count == 0 || !(plays || changed && scene.place.on_beat()) {
            return None;
        }
        self.root = Some(root);
        let low = LOWEST + (i32::from(root) - LOWEST).rem_euclid(12);
        let draw = scene.motif_of(Voice::Bass, scene.place.step).unit(Purpose::Pitch);
        // The root where it counts; elsewhere a fifth or an octave now and then, the more the livelier.
        let lively = 0.25 + 0.2 * scene.mood.arousal.clamp(-1.0, 1.0);
        let fifth = scene.chord.is_none_or(|chord| chord.contains(root + 7));
        // Where the melody has gone from octave to octave with the bass, the bass goes to another tone of the chord.
        let parallel =
            |above: i32| melody.now == Some(((low + above) % 12) as u8) && melody.before == self.played.now;
        let above = match () {
            () if parallel(0) && fifth => 7,
            () if parallel(0) => i32::from(scene.chord.map_or(12, |chord| chord.quality.intervals()[1])),
            () if changed || scene.place.step == 0 || draw > 2.0 * lively => 0,
            () if draw < lively && fifth && !parallel(7) => 7,
            () => 12,
        };
        let mut pitch = low + above + 12 * i32::from(settings.octave.clamp(-3, 3));
        while pitch < 0 {
            pitch += 12;
        }
        self.played.play(pitch as u8);
        let next = (scene.place.step + 1..scene.place.steps)
            .find(|&step| scene.would_play(Voice::Bass, step, count, bend))
            .unwrap_or(scene.place.steps);
        Some((pitch as u8, next - scene.place.step))
    }
}
