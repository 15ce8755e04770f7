//! Bars as they follow one another: each meter from one of its bar lines on.

use crate::grid::{Grid, STEPS_PER_BEAT};

/// Positions that differ by less than this many quarter notes are the same; bar lines lie on sixteenths.
pub(crate) const SAME: f64 = 0.05;

/// Bars of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Meter {
    /// One of the bar lines, in quarter notes.
    pub line: f64,
    /// Sixteenths of a bar.
    pub steps: u32,
    /// Whether beats are dotted quarters.
    pub compound: bool,
}

impl Meter {
    /// Of a grid, with the line where the bar around a position begins.
    pub(crate) fn of(grid: &Grid, beats: f64) -> Self {
        let step = ((beats + SAME) * STEPS_PER_BEAT).floor() as i64;
        let place = grid.place(step);
        let line = (step - i64::from(place.step)) as f64 / STEPS_PER_BEAT;
        Self { line, steps: place.steps, compound: grid.compound }
    }

    /// Quarter notes of a bar.
    fn bar(&self) -> f64 {
        f64::from(self.steps.max(1)) / STEPS_PER_BEAT
    }

    /// The last bar line that is not behind a position.
    pub(crate) fn line_before(&self, beats: f64) -> f64 {
        self.line + ((beats - self.line + SAME) / self.bar()).floor() * self.bar()
    }

    /// The first bar line that is not before a position.
    pub(crate) fn line_behind(&self, beats: f64) -> f64 {
        self.line + ((beats - self.line - SAME) / self.bar()).ceil() * self.bar()
    }

    /// Whether bars are of the same kind.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.steps, self.compound) == (other.steps, other.compound)
    }

    /// Whether bars are the same, wherever they were said to begin.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.is_like(other) && (self.line_before(other.line) - other.line).abs() < SAME
    }
}

/// All bars of a stretch of music. Allocates.
#[derive(Debug)]
pub(crate) struct Bars {
    /// In order, at least one. The first holds before its line, too.
    meters: Vec<Meter>,
}

impl Bars {
    /// From meters in the order in which they came into force: one that reaches back takes the place of what was to begin there.
    /// Four quarters, if there are none.
    pub(crate) fn new(meters: impl IntoIterator<Item = Meter>) -> Self {
        let mut kept: Vec<Meter> = Vec::new();
        for meter in meters {
            while kept.last().is_some_and(|last| last.line > meter.line - SAME && !last.agrees(&meter)) {
                kept.pop();
            }
            if !kept.last().is_some_and(|last| last.agrees(&meter)) {
                kept.push(meter);
            }
        }
        if kept.is_empty() {
            kept.push(Meter { line: 0.0, steps: 16, compound: false });
        }
        Self { meters: kept }
    }

    /// The meter at a position, and those that follow on it.
    pub(crate) fn from(&self, beats: f64) -> &[Meter] {
        let begun = self.meters.partition_point(|meter| meter.line <= beats + SAME);
        &self.meters[begun.max(1) - 1..]
    }

    /// The last bar line that is not behind a position.
    pub(crate) fn line_before(&self, beats: f64) -> f64 {
        self.from(beats)[0].line_before(beats)
    }

    /// The end of the bar at a position.
    pub(crate) fn end_of_bar(&self, beats: f64) -> f64 {
        let meters = self.from(beats);
        let end = meters[0].line_before(beats) + meters[0].bar();
        // A change of meter may cut a bar short.
        meters.get(1).map_or(end, |next| end.min(next.line))
    }

    /// The place so many bars before a bar line, or `earliest`, if that comes first.
    pub(crate) fn back(&self, line: f64, bars: u32, earliest: f64) -> f64 {
        let mut start = line;
        for _ in 0..bars {
            if start <= earliest {
                break;
            }
            start = self.line_before(start - 2.0 * SAME);
        }
        start.max(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn meter(line: f64, steps: u32) -> Meter {
        Meter { line, steps, compound: false }
    }

    #[test]
    fn bars_are_counted_from_each_meters_line() {
        // A pickup of one quarter, 4/4, then 3/4, said again here and there, and a bar of 2/4 that is taken back.
        let said = [(1.0, 16), (5.0, 16), (9.0, 12), (12.0, 12), (18.0, 8), (18.0, 12), (13.0, 16)];
        let bars = Bars::new(said.map(|(line, steps)| meter(line, steps)));
        assert_eq!(bars.meters, [meter(1.0, 16), meter(9.0, 12), meter(13.0, 16)]);
        let lines = [0.5, 1.0, 4.98, 8.9, 9.2, 12.5, 13.0, 20.0].map(|beats| bars.line_before(beats));
        assert_eq!(lines, [-3.0, 1.0, 5.0, 5.0, 9.0, 12.0, 13.0, 17.0]);
        let ends = [0.5, 4.0, 5.0, 9.0, 12.5].map(|beats| bars.end_of_bar(beats));
        assert_eq!(ends, [1.0, 5.0, 9.0, 12.0, 13.0]);
        assert_eq!([1, 2, 3, 4, 99].map(|count| bars.back(17.0, count, 1.0)), [13.0, 12.0, 9.0, 5.0, 1.0]);
    }
}
