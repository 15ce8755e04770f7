//! The drums: kick, snare and hi-hat from the groove model's accents.

use crate::scene::Scene;
use crate::settings::VoiceSettings;

/// General MIDI percussion.
const KICK: u8 = 36;
const SNARE: u8 = 38;
const CLOSED_HAT: u8 = 42;
/// Accents above which a quarter note is struck, and above which a step between them is.
const QUARTER: f32 = 0.5;
const BETWEEN: f32 = 0.35;

/// The drum that is struck at this step, if one is: the kick on even quarter notes of the bar, the snare on odd ones, the
/// hi-hat between.
pub(crate) fn step(scene: &Scene, settings: &VoiceSettings) -> Option<u8> {
    let density = settings.density();
    if density <= 0.0 {
        return None;
    }
    let place = &scene.place;
    let accent = scene.accent(place.step);
    // Half of the density control leaves the thresholds as they are.
    let struck = |threshold: f32| {
        let threshold = if density <= 0.5 {
            threshold + (1.0 - threshold) * (1.0 - 2.0 * density)
        } else {
            threshold * (2.0 - 2.0 * density)
        };
        accent > threshold
    };
    match place.step {
        step if step.is_multiple_of(8) && struck(QUARTER) => Some(KICK),
        step if step.is_multiple_of(4) && !step.is_multiple_of(8) && struck(QUARTER) => Some(SNARE),
        step if !step.is_multiple_of(4) && struck(BETWEEN) => Some(CLOSED_HAT),
        _ => None,
    }
}
