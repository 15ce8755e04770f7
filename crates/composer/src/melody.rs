//! The melody: which steps it begins notes on, and on which pitch.

use dendrite_pipeline::Expression;

use crate::bass::Line;
use crate::grid::BarStep;
use crate::key::Key;
use crate::random::Purpose;
use crate::scene::{PHRASE_BARS, Scene, steps_of};
use crate::settings::{Voice, VoiceSettings};

/// Lowest and highest pitch, without the octave control.
const RANGE: [i32; 2] = [52, 88];
/// The middle of a phrase where nothing is expected, and how much of the way to what is expected it goes: all of it would let
/// notes differ for half a minute after a seek, as the mood that is heard does.
const MIDDLE: f32 = 69.0;
const FOLLOWS: f32 = 0.4;
/// Mean of a phrase's arch.
const MEAN_ARCH: f32 = 2.0 / std::f32::consts::PI;
/// Weight of pitches that are not on the scale, and of those that the chord brings in.
const OFF_SCALE: f32 = 0.004;
const CHORD_OFF_SCALE: f32 = 0.05;
/// Weights of chord tones and others on beats ...
const STRONG: [f32; 2] = [6.0, 0.35];
/// ... and between them.
const WEAK: [f32; 2] = [1.4, 1.0];
/// Distance to the last note in semitones that is as usual as not. A line that follows its last note closely goes on differently for
/// long after one other note, as after a seek; so it is the motif's shape that holds it together.
const NEARNESS: f32 = 8.0;
/// How far the motif's shape goes up and down, in semitones.
const SHAPE: f32 = 3.5;
/// Power of the model's probability: it follows a mood that is heard differently for half a minute after a seek, so that it counts
/// less than chord and shape.
const MODEL: f32 = 0.45;
/// What every pitch has beside the model's probability.
const LEAST: f32 = 2e-4;
/// Distance to the motif's shape in semitones that is as usual as not.
const SHAPE_WIDTH: f32 = 2.2;
/// Probabilities are sharpened by this power.
const SHARPNESS: f32 = 1.3;

/// What the melody remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Melodist {
    /// The last note of this phrase.
    last: Option<u8>,
    /// What was played, phrases aside.
    played: Line,
    /// Phrase of the last note.
    phrase: i64,
}

impl Melodist {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// What was played last.
    pub(crate) fn played(&self) -> Line {
        self.played
    }

    /// The pitch of a note that begins at this step, if one does, and its length in steps, rests included, to the note after
    /// it.
    pub(crate) fn step(&mut self, scene: &Scene, settings: &VoiceSettings, bass: Line) -> Option<(u8, u32)> {
        let asked = 0.12 + 0.62 * scene.dynamics.get(Expression::Density);
        let count = steps_of(scene.fullness(settings, asked).powf(1.15), scene.place.steps);
        let bend = |place: BarStep| breath(scene, place) + off_the_one(scene, place);
        if !scene.plays(Voice::Melody, count, bend) {
            return None;
        }
        let pitch = self.pitch(scene, settings, bass)?;
        self.last = Some(pitch);
        self.played.play(pitch);
        let next = (scene.place.step + 1..scene.place.steps)
            .find(|&step| scene.would_play(Voice::Melody, step, count, bend))
            .unwrap_or(scene.place.steps);
        Some((pitch, next - scene.place.step))
    }

    fn pitch(&mut self, scene: &Scene, settings: &VoiceSettings, bass: Line) -> Option<u8> {
        let phrase = scene.place.bar.div_euclid(PHRASE_BARS);
        if phrase != self.phrase {
            (self.phrase, self.last) = (phrase, None);
        }
        let octave = 12 * i32::from(settings.octave.clamp(-3, 3));
        let centre = self.centre(scene);
        // A draw by the largest of log weight and noise of the pitch's own (Gumbel): where the weights differ a little, as after a
        // seek, it mostly stays the same. The noise belongs to the place in the motif, so that a motif comes back.
        let motif = scene.motif_of(Voice::Melody, scene.place.step);
        let mut drawn: Option<(f32, i32)> = None;
        for pitch in RANGE[0]..=RANGE[1] {
            let weight = self.weight(scene, pitch, centre, bass);
            if weight > 0.0 && weight.is_finite() {
                let score = SHARPNESS * weight.ln() + motif.gumbel(pitch as u32);
                if drawn.is_none_or(|(best, _)| score > best) {
                    drawn = Some((score, pitch));
                }
            }
        }
        // A pitch outside of MIDI comes back by octaves.
        let mut pitch = drawn?.1 + octave;
        while pitch < 0 {
            pitch += 12;
        }
        while pitch > 127 {
            pitch -= 12;
        }
        Some(pitch as u8)
    }

    /// Where the melody is drawn to: the middle of what the model expects, in an arch over the phrase, with the motif's shape on
    /// it.
    fn centre(&self, scene: &Scene) -> f32 {
        let place = &scene.place;
        let bars = place.bar.rem_euclid(PHRASE_BARS) as f32 + place.step as f32 / place.steps as f32;
        let arch = (std::f32::consts::PI * bars / PHRASE_BARS as f32).sin();
        middle(scene) + 3.5 * (arch - MEAN_ARCH) + SHAPE * shape(scene)
    }

    fn weight(&self, scene: &Scene, pitch: i32, centre: f32, bass: Line) -> f32 {
        let class = pitch.rem_euclid(12) as u8;
        let probability = (in_key(scene, pitch) + LEAST).powf(MODEL);
        let on_scale = scene.scale.contains(scene.key.tonic, pitch as u8);
        let in_chord = scene.chord.map(|chord| chord.contains(pitch as u8));
        let scale = match (on_scale, in_chord) {
            (true, _) => 1.0,
            (false, Some(true)) => CHORD_OFF_SCALE,
            (false, _) => OFF_SCALE,
        };
        let [tone, other] = if scene.place.on_beat() { STRONG } else { WEAK };
        let chord = in_chord.map_or(1.0, |inside| if inside { tone } else { other });
        let bell = |distance: f32, width: f32| (-0.5 * (distance / width).powi(2)).exp();
        let mut weight = probability * scale * chord * bell(pitch as f32 - centre, SHAPE_WIDTH);
        // Octaves with the bass, one after the other, rob the bass of its independence, with a note between them too.
        let played = [self.played.now, self.played.before];
        if bass.now == Some(class) && bass.before.is_some() && played.contains(&bass.before) {
            weight = 0.0;
        }
        if let Some(last) = self.last {
            let distance = (pitch - within_range(last)) as f32;
            weight *= bell(distance, NEARNESS).max(1e-4);
            if distance == 0.0 {
                weight *= 0.6;
            }
        }
        weight
    }
}

/// The shape of a motif: from beat to beat in a straight line from one height to another.
fn shape(scene: &Scene) -> f32 {
    let place = &scene.place;
    let beat = place.step / place.beat_steps;
    let along = (place.step % place.beat_steps) as f32 / place.beat_steps as f32;
    let height = |beat: u32| scene.motif_of(Voice::Melody, beat).bell(Purpose::Shape);
    (1.0 - along) * height(beat) + along * height(beat + 1)
}

/// A note where pitches are drawn, whatever octave it was moved to.
fn within_range(pitch: u8) -> i32 {
    let mut pitch = i32::from(pitch);
    while pitch < RANGE[0] {
        pitch += 12;
    }
    while pitch > RANGE[1] {
        pitch -= 12;
    }
    pitch
}

/// The model's probability of a pitch, which it writes in C.
fn in_key(scene: &Scene, pitch: i32) -> f32 {
    let probability =
        scene.melody.probabilities.get((pitch - shift(scene.key)) as usize).copied().unwrap_or(0.0);
    if probability.is_finite() { probability.max(0.0) } else { 0.0 }
}

/// The mean of the pitches that the model expects, in the key.
fn middle(scene: &Scene) -> f32 {
    let (mut sum, mut mass) = (0.0, 0.0);
    for pitch in RANGE[0]..=RANGE[1] {
        let probability = in_key(scene, pitch);
        sum += probability * pitch as f32;
        mass += probability;
    }
    let middle = if mass > 0.0 { sum / mass } else { MIDDLE };
    MIDDLE + FOLLOWS * (middle - MIDDLE)
}

/// Semitones from C to a key, by at most half an octave: what training takes off.
fn shift(key: Key) -> i32 {
    let tonic = i32::from(key.tonic % 12);
    if tonic <= 6 { tonic } else { tonic - 12 }
}

/// Singers breathe: the end of a phrase is empty.
fn breath(scene: &Scene, place: BarStep) -> f32 {
    let last = scene.place.bar.rem_euclid(PHRASE_BARS) == PHRASE_BARS - 1;
    if last && 2 * place.step > place.steps { -0.8 } else { 0.0 }
}

/// Excited music leans on what is between the beats.
fn off_the_one(scene: &Scene, place: BarStep) -> f32 {
    let between = !place.on_beat() && place.step.is_multiple_of(2);
    if between { 0.25 * scene.mood.arousal.clamp(0.0, 1.0) } else { 0.0 }
}
