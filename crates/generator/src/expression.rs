//! Expression: sixteen statistics of how one bar is performed.

use serde::{Deserialize, Serialize};

use crate::{Control, Controller, Groove, Meter, Note, Voice};

/// Names of the sixteen numbers, in order.
pub const EXPRESSIONS: [&str; 16] = [
    "velocity mean",
    "velocity spread",
    "downbeat accent",
    "backbeat accent",
    "crescendo",
    "gate length",
    "legato",
    "note density",
    "CC11 level",
    "CC11 slope",
    "CC1 depth",
    "CC74 brightness",
    "sustain pedal",
    "timing looseness",
    "register",
    "voicing spread",
];

/// How a bar is performed: sixteen numbers in 0..1, measured on its notes and controllers.
///
/// "Pitched" means melody, chords and bass. With v a velocity, all results clamped to 0..1:
///
/// | index | name | formula | known if |
/// | --- | --- | --- | --- |
/// | 0 | velocity mean | mean of v over all notes / 127 | a note |
/// | 1 | velocity spread | standard deviation of v over all notes / 32 | 2 notes |
/// | 2 | downbeat accent | 0.5 + (mean v on step 0 - mean v elsewhere) / 64 | both |
/// | 3 | backbeat accent | 0.5 + (mean v on [`Meter::backbeats`] - mean v elsewhere) / 64 | both |
/// | 4 | crescendo | 0.5 + (mean v in the second half of the bar - mean v in the first) / 48 | both |
/// | 5 | gate length | mean over pitched notes of min(1, duration / time to the next attack of the voice) | a pitched note |
/// | 6 | legato | share of pitched notes with a gate of at least 0.9 | a pitched note |
/// | 7 | note density | steps with an attack of a pitched voice / steps of the bar | a note |
/// | 8 | CC11 level | mean of CC11 / 127 | always |
/// | 9 | CC11 slope | 0.5 + (CC11 on the last step - on the first) / 64 | always |
/// | 10 | CC1 depth | mean of CC1 / 127 | always |
/// | 11 | CC74 brightness | mean of CC74 / 127 | always |
/// | 12 | sustain pedal | share of the bar's time with CC64 down | always |
/// | 13 | timing looseness | root mean square of (offset - section's groove offset) in ms / 30 | a note |
/// | 14 | register | (mean pitch of pitched notes - 36) / 48 | a pitched note |
/// | 15 | voicing spread | mean over attacked steps of highest - lowest pitch of the chords voice / 30 | 2 chord notes on a step |
///
/// The time to the next attack is counted within the piece; the last notes of a voice have a gate of 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// The numbers; 0.5 where not known.
    pub values: [f32; 16],
    /// Which of them the bar's notes allow to measure.
    pub known: [bool; 16],
}

/// What the measurement needs to know of a bar.
pub(crate) struct Measured<'a> {
    pub meter: Meter,
    pub start_s: f64,
    pub end_s: f64,
    /// Notes of the bar.
    pub notes: &'a [Note],
    /// Gate of each note, 0 to 1; drums have none.
    pub gates: &'a [Option<f32>],
    pub groove: &'a Groove,
    /// All controllers of the piece, ordered by time.
    pub controls: &'a [Control],
}

impl Expression {
    pub(crate) fn measure(bar: &Measured) -> Expression {
        let mut expression = Expression { values: [0.5; 16], known: [false; 16] };
        let mut set = |index: usize, value: Option<f32>| {
            if let Some(value) = value {
                expression.values[index] = value.clamp(0.0, 1.0);
                expression.known[index] = true;
            }
        };
        let velocity = |test: &dyn Fn(&Note) -> bool| {
            mean(bar.notes.iter().filter(|note| test(note)).map(|note| f32::from(note.velocity)))
        };
        let contrast = |test: &dyn Fn(&Note) -> bool, scale: f32| {
            let (inside, outside) = (velocity(test)?, velocity(&|note| !test(note))?);
            Some(0.5 + (inside - outside) / scale)
        };
        let all = velocity(&|_| true);
        set(0, all.map(|mean| mean / 127.0));
        let squares = bar.notes.iter().map(|note| (f32::from(note.velocity) - all.unwrap_or(0.0)).powi(2));
        set(1, mean(squares).filter(|_| bar.notes.len() > 1).map(|variance| variance.sqrt() / 32.0));
        set(2, contrast(&|note| note.step == 0, 64.0));
        set(3, contrast(&|note| bar.meter.backbeats().contains(&note.step), 64.0));
        set(4, contrast(&|note| 2 * note.step >= bar.meter.steps(), 48.0));

        let gates = || bar.gates.iter().flatten().copied();
        set(5, mean(gates()));
        set(6, mean(gates().map(|gate| if gate >= 0.9 { 1.0 } else { 0.0 })));
        let pitched = || bar.notes.iter().filter(|note| note.voice != Voice::Drums);
        let attacked = (0..bar.meter.steps()).filter(|step| pitched().any(|note| note.step == *step)).count();
        set(7, Some(attacked as f32 / bar.meter.steps() as f32).filter(|_| !bar.notes.is_empty()));

        let track = |controller| Track::new(bar.controls, controller);
        let expression_track = track(Controller::Expression);
        set(8, Some(expression_track.mean(bar.start_s, bar.end_s) / 127.0));
        let last_step_s = bar.end_s - (bar.end_s - bar.start_s) / bar.meter.steps() as f64;
        let slope = expression_track.at(last_step_s) - expression_track.at(bar.start_s);
        set(9, Some(0.5 + slope / 64.0));
        set(10, Some(track(Controller::Modulation).mean(bar.start_s, bar.end_s) / 127.0));
        set(11, Some(track(Controller::Brightness).mean(bar.start_s, bar.end_s) / 127.0));
        set(12, Some(pedal_share(bar)));

        let step_ms = 1000.0 * (bar.end_s - bar.start_s) as f32 / bar.meter.steps() as f32;
        let squares = bar.notes.iter().map(|note| (note.offset - bar.groove.offsets[note.step]).powi(2));
        set(13, mean(squares).map(|variance| variance.sqrt() * step_ms / 30.0));
        set(14, mean(pitched().map(|note| f32::from(note.pitch))).map(|pitch| (pitch - 36.0) / 48.0));
        let spreads = (0..bar.meter.steps()).filter_map(|step| {
            let chord = || bar.notes.iter().filter(|note| note.voice == Voice::Chords && note.step == step);
            let (low, high) = (chord().map(|note| note.pitch).min()?, chord().map(|note| note.pitch).max()?);
            (high > low).then(|| f32::from(high - low))
        });
        set(15, mean(spreads).map(|spread| spread / 30.0));
        expression
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Share of the bar with the sustain pedal down.
fn pedal_share(bar: &Measured) -> f32 {
    let pedal = |control: &&Control| control.controller == Controller::Sustain;
    let before = bar.controls.partition_point(|control| control.time_s <= bar.start_s);
    let mut down = bar.controls[..before].iter().rfind(pedal).is_some_and(|control| control.value >= 64);
    let (mut time, mut held) = (bar.start_s, 0.0);
    for control in bar.controls[before..].iter().take_while(|c| c.time_s < bar.end_s).filter(pedal) {
        held += if down { control.time_s - time } else { 0.0 };
        (time, down) = (control.time_s, control.value >= 64);
    }
    held += if down { bar.end_s - time } else { 0.0 };
    (held / (bar.end_s - bar.start_s)) as f32
}

/// One continuous controller over time: linear between its changes, constant before the first and after the last.
pub(crate) struct Track {
    points: Vec<(f64, f32)>,
}

impl Track {
    pub(crate) fn new(controls: &[Control], controller: Controller) -> Track {
        let points = controls.iter().filter(|control| control.controller == controller);
        Track { points: points.map(|control| (control.time_s, f32::from(control.value))).collect() }
    }

    /// 0 to 127; 64 for a track without changes.
    pub(crate) fn at(&self, time_s: f64) -> f32 {
        let after = self.points.partition_point(|(time, _)| *time <= time_s);
        match (after.checked_sub(1).map(|before| self.points[before]), self.points.get(after)) {
            (Some((t0, v0)), Some((t1, v1))) => v0 + (v1 - v0) * ((time_s - t0) / (t1 - t0)) as f32,
            (Some((_, value)), None) | (None, Some(&(_, value))) => value,
            (None, None) => 64.0,
        }
    }

    /// Mean over a stretch, at 16 evenly spaced moments.
    fn mean(&self, start_s: f64, end_s: f64) -> f32 {
        let at = |index: usize| self.at(start_s + (end_s - start_s) * (index as f64 + 0.5) / 16.0);
        (0..16).map(at).sum::<f32>() / 16.0
    }
}
