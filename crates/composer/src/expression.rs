//! Controllers of expression and the sustain pedal.

use dendrite_pipeline::Expression;

use crate::course::Coming;
use crate::grid::STEPS_PER_BEAT;
use crate::ledger::{Ledger, PEDAL, Turn};
use crate::performance::ACCENT_VELOCITY;
use crate::scene::Scene;
use crate::settings::{ChordSource, Settings, Voice};

/// The pedal goes down again so many sixteenths after a new chord.
const PEDAL_STEPS: f64 = 0.4;
/// Values that differ by less are not sent.
const LEAST_CHANGE: u8 = 2;

/// Whether chords are struck that the pedal could hold.
pub(crate) fn uses_pedal(settings: &Settings) -> bool {
    let chords = settings.voice(Voice::Chords);
    let struck = chords.on && chords.density() > 0.0 && settings.chords != ChordSource::Off;
    settings.expression && struck
}

/// With a stroke of the chords: the pedal goes up with a new chord and down again after it.
pub(crate) fn pedal(ledger: &mut Ledger, scene: &Scene, coming: &Coming, channel: u8) {
    let holds = scene.dynamics.get(Expression::Sustain) > 0.5;
    let is_down = ledger.pedal_will_be_down(channel);
    let mut turn = |value, after_steps: f64| {
        let (voice, controller, stroke) = (Voice::Chords, PEDAL, coming.stroke);
        let at = coming.beats + after_steps / STEPS_PER_BEAT;
        ledger.turn_at(Turn { voice, channel, controller, value, at, stroke });
    };
    if is_down && (scene.chord_changed || !holds) {
        turn(0, 0.0);
    }
    if holds && (scene.chord_changed || !is_down) {
        turn(127, PEDAL_STEPS);
    }
}

/// Controllers of the pitched voices, where they have changed.
pub(crate) fn turn(ledger: &mut Ledger, scene: &Scene, coming: &Coming, settings: &Settings) {
    let wanted = wanted(scene);
    for voice in [Voice::Melody, Voice::Chords, Voice::Bass] {
        let own = settings.voice(voice);
        if !own.on {
            continue;
        }
        let channel = own.channel & 15;
        for (controller, value) in wanted {
            let before = ledger.controller(channel, controller);
            if before.is_none_or(|before| before.abs_diff(value) >= LEAST_CHANGE) {
                let (at, stroke) = (coming.beats, coming.stroke);
                ledger.turn_at(Turn { voice, channel, controller, value, at, stroke });
            }
        }
    }
}

/// Controllers as they should stand at a step.
fn wanted(scene: &Scene) -> [(u8, u8); 3] {
    let get = |which| {
        let value = scene.dynamics.get(which);
        if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.5 }
    };
    let share = scene.place.step as f32 / scene.place.steps as f32;
    let level = 127.0 * get(Expression::ExpressionLevel)
        + ACCENT_VELOCITY * (get(Expression::ExpressionSlope) - 0.5) * (share - 0.5);
    let value = |value: f32| value.round().clamp(0.0, 127.0) as u8;
    [
        (11, value(level)),
        (1, value(127.0 * get(Expression::Vibrato))),
        (74, value(127.0 * get(Expression::Brightness))),
    ]
}
