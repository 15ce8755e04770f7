//! The steps in the order in which they sound: while the host loops, the loop's first step follows on its last.
//!
//! ```text
//! the grid's beats   ... 15.50  15.75 | 16.00  16.25 ...     the loop's end; the host goes back here, or a little later
//! steps without it   ...   62     63  |   64     65
//! steps that sound   ...   62     63  |    0      1          decided and, if they are early, struck before the host goes back
//! ```

use crate::bars::SAME;
use crate::grid::{Grid, STEPS_PER_BEAT};

/// A step is decided this many sixteenths before its grid line: as early as a note of it may sound.
const AHEAD: f64 = 0.5;
/// A position so little behind a grid line, in sixteenths, counts as on it.
const ON_THE_LINE: f64 = 0.05;
/// Some hosts go back within a block and say so with the next. So many steps behind the loop's end it is no longer expected.
const LATE_STEPS: i64 = 4;
/// Loop points beyond this many quarter notes are not believed.
const MOST_BEATS: f64 = 1e9;

/// A step to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Coming {
    /// The sixteenth of the song.
    pub step: i64,
    /// Where it sounds in quarter notes of the grid: behind the loop's end, if the song goes back before it sounds.
    pub beats: f64,
    /// Steps are counted through here, whatever the loop.
    pub stroke: i64,
    /// Whether the song goes back to it.
    pub anew: bool,
}

/// How the song goes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wrap {
    /// Strokes from here on sound behind it.
    pub stroke: i64,
    /// Steps of the loop.
    pub steps: i64,
    /// Quarter notes of the loop.
    pub beats: f64,
}

/// Which step is next, and where it sounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    /// The next step as the grid counts it, loop or not.
    next: i64,
    /// The loop whose end is ahead.
    around: Option<Loop>,
    /// The loop that was said last.
    said: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Loop {
    /// Its first step, and the first behind it.
    first: i64,
    behind: i64,
    /// Quarter notes.
    length: f64,
}

impl Loop {
    /// From start and end in quarter notes; `None` where there is no step between them.
    fn new([start, end]: [f64; 2]) -> Option<Self> {
        let believed = start.abs() < MOST_BEATS && end.abs() < MOST_BEATS;
        let (first, behind) = (first_step(start), first_step(end));
        (believed && behind > first).then_some(Self { first, behind, length: end - start })
    }

    fn steps(&self) -> i64 {
        self.behind - self.first
    }
}

impl Course {
    /// Begins anew at a position, in a loop or not.
    pub(crate) fn start(&mut self, beats: f64, looped: Option<[f64; 2]>) {
        *self = Self { next: first_step(beats), ..Self::default() };
        self.follow(looped, beats);
    }

    /// Takes the host's loop at a position; says whether it is another one. Whoever plays behind its end already stays there.
    pub(crate) fn follow(&mut self, looped: Option<[f64; 2]>, beats: f64) -> bool {
        if looped == self.said {
            return false;
        }
        self.said = looped;
        self.around = looped.filter(|[_, end]| beats < *end).and_then(Loop::new);
        true
    }

    /// The sample at which the next step is decided.
    pub(crate) fn due(&self, grid: &Grid) -> u64 {
        grid.sample_at(self.coming().beats - AHEAD / STEPS_PER_BEAT)
    }

    /// The next step; it is the one after that then.
    pub(crate) fn advance(&mut self) -> Coming {
        let coming = self.coming();
        self.next += 1;
        coming
    }

    fn coming(&self) -> Coming {
        let stroke = self.next;
        let at = |step: i64| step as f64 / STEPS_PER_BEAT;
        match self.around {
            Some(around) if (0..LATE_STEPS).contains(&(stroke - around.behind)) => {
                let after = stroke - around.behind;
                let step = around.first + after.rem_euclid(around.steps());
                let times = 1 + after.div_euclid(around.steps());
                let beats = at(step) + times as f64 * around.length;
                Coming { step, beats, stroke, anew: step == around.first }
            }
            _ => Coming { step: stroke, beats: at(stroke), stroke, anew: false },
        }
    }

    /// The position is `after` where `before` would have followed. If that is how the loop goes back, and what is behind it has
    /// begun, the course goes on there.
    pub(crate) fn wrap(&mut self, before: f64, after: f64) -> Option<Wrap> {
        let around = self.around.filter(|around| self.next > around.behind)?;
        if (before - around.length - after).abs() >= SAME {
            return None;
        }
        self.next -= around.steps();
        Some(Wrap { stroke: around.behind, steps: around.steps(), beats: around.length })
    }
}

/// The first step on or behind a position.
fn first_step(beats: f64) -> i64 {
    (beats * STEPS_PER_BEAT - ON_THE_LINE).ceil() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(course: &mut Course, count: usize) -> Vec<(i64, f64)> {
        (0..count).map(|_| course.advance()).map(|coming| (coming.step, coming.beats)).collect()
    }

    #[test]
    fn the_loops_first_step_follows_on_its_last() {
        let mut course = Course::default();
        course.start(3.5, Some([1.0, 4.0]));
        assert_eq!(steps(&mut course, 4), [(14, 3.5), (15, 3.75), (4, 4.0), (5, 4.25)]);
        assert_eq!(course.wrap(4.1, 2.0), None, "a seek");
        let wrap = course.wrap(4.01, 1.01);
        assert_eq!(wrap, Some(Wrap { stroke: 16, steps: 12, beats: 3.0 }));
        assert_eq!(steps(&mut course, 1), [(6, 1.5)]);
        // A loop that is no whole number of steps: the first one sounds where the host will be.
        course.start(2.0, Some([0.125, 2.2]));
        assert_eq!(steps(&mut course, 3), [(8, 2.0), (1, 0.25 + 2.2 - 0.125), (2, 0.5 + 2.2 - 0.125)]);
    }

    #[test]
    fn without_a_loop_ahead_steps_are_counted_through() {
        let through = [(15, 3.75), (16, 4.0), (17, 4.25)];
        let loops = [None, Some([0.0, 3.0]), Some([4.0, 4.0]), Some([f64::NAN, 4.0]), Some([-1e300, 4.0])];
        for looped in loops {
            let mut course = Course::default();
            course.start(3.75, looped);
            assert_eq!(steps(&mut course, 3), through, "{looped:?}");
        }
        // One that is switched off in the last moment, and one that the host does not keep to.
        let mut course = Course::default();
        course.start(3.75, Some([0.0, 4.0]));
        assert_eq!(steps(&mut course, 2), [(15, 3.75), (0, 4.0)]);
        assert!(course.follow(None, 3.9) && !course.follow(None, 3.9));
        assert_eq!(steps(&mut course, 1), [(17, 4.25)]);
        course.start(3.75, Some([0.0, 4.0]));
        assert_eq!(steps(&mut course, 6).last(), Some(&(20, 5.0)));
    }
}
