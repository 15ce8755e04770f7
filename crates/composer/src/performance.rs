//! How a note is played: when, how hard and how long.

use dendrite_pipeline::Expression;

use crate::random::Purpose;
use crate::scene::Scene;
use crate::settings::{Voice, VoiceSettings};

/// Largest deviation from the grid, in sixteenths: a step is decided half a step before its grid line.
const MOST_OFFSET: f32 = 0.45;
/// What the dynamics model's units are worth: velocities of accents, of the crescendo over a bar, of the spread, and
/// milliseconds of looseness (see `dendrite_generator::Expression`, whose statistics the model learns).
pub(crate) const ACCENT_VELOCITY: f32 = 64.0;
const CRESCENDO_VELOCITY: f32 = 48.0;
const SPREAD_VELOCITY: f32 = 32.0;
const LOOSENESS_S: f32 = 0.030;
/// Velocities that an accent of the groove model adds at most, or takes away.
const GROOVE_VELOCITY: f32 = 24.0;
/// Shortest note, in sixteenths.
const SHORTEST: f64 = 0.2;

/// Deviation from the grid line in sixteenths: what the groove model says, and at random what the dynamics model's looseness and
/// the voice's humanise control allow.
pub(crate) fn offset(scene: &Scene, voice: Voice, settings: &VoiceSettings) -> f64 {
    let learnt = scene.groove.offsets[scene.place.step as usize % 16];
    let looseness = scene.dynamics.get(Expression::Looseness);
    let loose = humanised(settings) * looseness * LOOSENESS_S / scene.step_s as f32
        * scene.place_of(voice).bell(Purpose::Timing);
    let offset = learnt + loose;
    if offset.is_finite() { f64::from(offset.clamp(-MOST_OFFSET, MOST_OFFSET)) } else { 0.0 }
}

/// Velocity, 1..=127.
pub(crate) fn velocity(scene: &Scene, voice: Voice, settings: &VoiceSettings) -> u8 {
    let get = |which| scene.dynamics.get(which);
    let place = &scene.place;
    let share = (place.step as f32 + 0.5) / place.steps as f32;
    let downbeat = if place.step == 0 { get(Expression::DownbeatAccent) - 0.5 } else { 0.0 };
    let backbeat = if place.beat().is_some_and(|beat| beat % 2 == 1) {
        get(Expression::BackbeatAccent) - 0.5
    } else {
        0.0
    };
    let velocity = 127.0 * get(Expression::Velocity)
        + ACCENT_VELOCITY * (downbeat + backbeat)
        + CRESCENDO_VELOCITY * (get(Expression::Crescendo) - 0.5) * (share - 0.5)
        + GROOVE_VELOCITY * (scene.accent(place.step) - 0.5)
        + humanised(settings)
            * SPREAD_VELOCITY
            * get(Expression::VelocitySpread)
            * 0.5
            * scene.place_of(voice).bell(Purpose::Velocity);
    let scale = if settings.velocity.is_finite() { settings.velocity.clamp(0.0, 2.0) } else { 1.0 };
    let velocity = velocity * scale;
    if velocity.is_finite() { velocity.round().clamp(1.0, 127.0) as u8 } else { 64 }
}

/// Length in sixteenths of a note that has `room` of them to the next of its voice.
pub(crate) fn length(scene: &Scene, voice: Voice, room: u32) -> f64 {
    if voice == Voice::Drums {
        return 0.5;
    }
    let gate = scene.dynamics.get(Expression::GateLength);
    let legato = scene.dynamics.get(Expression::Legato);
    // Where most notes are tied, this one is.
    let gate = if legato > 0.6 { 1.0 } else { gate.clamp(0.25, 1.0) };
    let gate = if gate.is_finite() { f64::from(gate) } else { 0.8 };
    (f64::from(room) * gate).max(SHORTEST)
}

/// 1 at the middle of the control.
fn humanised(settings: &VoiceSettings) -> f32 {
    if settings.humanise.is_finite() { 2.0 * settings.humanise.clamp(0.0, 1.0) } else { 1.0 }
}
