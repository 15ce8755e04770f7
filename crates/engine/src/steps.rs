//! Sixteenths: when the networks of a step run, and what they last said.

use dendrite_pipeline::{Dynamics, Groove, Melody};

use crate::transport::{Moves, Reading};

/// Sixteenths per quarter note.
const PER_BEAT: f64 = 4.0;
/// A step is decided this many steps before it sounds.
const AHEAD: i64 = 2;

/// What the networks of the sixteenths say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steps {
    /// The step that this was made for, in sixteenths since the beginning of the song (or since the detected tempo took
    /// over); `None` before the first.
    pub step: Option<i64>,
    /// The melody's next pitch.
    pub melody: Melody,
    /// How to play.
    pub dynamics: Dynamics,
    /// Where and how strongly.
    pub groove: Groove,
}

/// Counts sixteenths at hop boundaries.
///
/// The networks of step n run in the first hop that starts at or after the grid line of step n - 2, so that their results
/// are there a hop later, in time for notes that are played early. After a jump the first two steps have none of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepClock {
    /// The last grid line that was passed.
    passed: Option<i64>,
    /// Position in quarter notes at the last boundary.
    beats: f64,
    /// Whole quarter notes from the beats that are counted by ear to the song's, as the transport left it.
    offset: f64,
}

impl StepClock {
    /// At a boundary: the step whose networks run in the hop that begins. `reading` is the transport here, `heard_beats` the
    /// beats that were counted by ear until here.
    pub(crate) fn pass(&mut self, reading: Option<Reading>, moves: &Moves, heard_beats: f64) -> Option<i64> {
        let beats = match reading {
            Some(reading) => {
                if moves.jumped {
                    // The grid lines before the place of arrival count as passed.
                    self.passed = Some((moves.from_beats * PER_BEAT).ceil() as i64 - 1);
                }
                self.offset = (reading.beats - heard_beats).round();
                reading.beats
            }
            None => heard_beats + self.offset,
        };
        self.beats = beats;
        let line = (beats * PER_BEAT).floor() as i64;
        let due = self.passed.is_some_and(|passed| line > passed);
        // A host that takes its position back a little does not make a step due again.
        self.passed = Some(self.passed.map_or(line, |passed| passed.max(line)));
        due.then_some(line + AHEAD)
    }

    /// Position in quarter notes at the last boundary, by the transport or by ear.
    pub(crate) fn beats(&self) -> f64 {
        self.beats
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(beats: f64) -> Option<Reading> {
        Some(Reading { beats, bpm: 120.0, beats_per_bar: 4.0 })
    }

    fn jump(from_beats: f64) -> Moves {
        Moves { restarted: true, jumped: true, from_beats }
    }

    #[test]
    fn a_step_is_decided_two_steps_ahead_and_once() {
        let mut clock = StepClock::default();
        // Arrived exactly on a grid line: its step is due.
        assert_eq!(clock.pass(at(0.02), &jump(0.0), 0.0), Some(2));
        assert_eq!(clock.pass(at(0.2), &Moves::default(), 0.0), None);
        assert_eq!(clock.pass(at(0.25), &Moves::default(), 0.0), Some(3));
        assert_eq!(clock.pass(at(0.26), &Moves::default(), 0.0), None);
        // Steps shorter than a hop: the newest serves.
        assert_eq!(clock.pass(at(0.8), &Moves::default(), 0.0), Some(5));
    }

    #[test]
    fn a_small_step_back_decides_nothing_twice() {
        let mut clock = StepClock::default();
        clock.pass(at(0.2), &jump(0.2), 0.0);
        assert_eq!(clock.pass(at(0.26), &Moves::default(), 0.0), Some(3));
        assert_eq!(clock.pass(at(0.24), &Moves::default(), 0.0), None);
        assert_eq!(clock.pass(at(0.27), &Moves::default(), 0.0), None);
        assert_eq!(clock.pass(at(0.51), &Moves::default(), 0.0), Some(4));
    }

    #[test]
    fn after_a_jump_only_lines_behind_the_arrival_count() {
        let mut clock = StepClock::default();
        clock.pass(at(3.9), &jump(3.9), 0.0);
        assert_eq!(clock.pass(at(64.12), &jump(64.1), 0.0), None);
        assert_eq!(clock.pass(at(64.26), &Moves::default(), 0.0), Some(4 * 64 + 3));
        // Pre-roll.
        assert_eq!(clock.pass(at(-3.99), &jump(-4.0), 0.0), Some(-16 + 2));
    }

    #[test]
    fn without_a_transport_the_beats_that_are_heard_count_on() {
        let mut clock = StepClock::default();
        assert_eq!(clock.pass(None, &Moves::default(), 0.1), None);
        let heard = (2..22).map(|hop| f64::from(hop) / 10.0);
        let steps: Vec<i64> = heard.filter_map(|beats| clock.pass(None, &Moves::default(), beats)).collect();
        // 21 hops of a tenth of a beat pass eight lines behind the first.
        assert_eq!(steps, [3, 4, 5, 6, 7, 8, 9, 10]);
        // The transport takes over, and where it stops the beats go on in the phase that is heard.
        clock.pass(at(64.3), &jump(64.3), 2.2);
        assert_eq!(clock.beats(), 64.3);
        clock.pass(None, &Moves::default(), 2.3);
        assert!((clock.beats() - 64.3).abs() < 1e-9);
    }
}
