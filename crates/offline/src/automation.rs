//! Parameters that change on the way through a song, as a text that people can read and write.
//!
//! ```text
//! # time,    parameter,     value,  how
//! 0,         palette,       ember
//! 0:12.5,    zoom,          1
//! 0:20,      zoom,          2.5,    linear
//! bar 17,    impact_amount, 80 %
//! bar 17.3,  component_lock, period-2 disc
//! ```
//! A line says from when on a parameter has a value, in the units that the plug-in shows. With `linear` the parameter is on
//! its way there from the line before it, or from the start. Lines may stand in any order; `#` begins a remark; the first line may
//! name the columns.
//!
//! What is heard and how c moves takes effect on the next hop boundary, what is played on its sample, what is seen with each
//! picture: as in a host that automates the plug-in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dendrite_engine::Settings;
use dendrite_julia::Look;
use dendrite_presets::{Control, ControlError};

use crate::Host;
use crate::times::seconds;

/// Samples between two values on the way: what hosts do at most.
const STEP: u64 = 64;
/// What of a second times may be off by, for they are sums of fractions.
const SLACK_S: f64 = 1e-9;

/// Values of parameters over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Automation {
    lanes: Vec<Lane>,
}

/// The values of one parameter, in the order of their times.
#[derive(Clone, Debug, PartialEq)]
struct Lane {
    control: Control,
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    time_s: f64,
    plain: f32,
    linear: bool,
}

/// A file that cannot be read or understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AutomationError {
    /// The system refused.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// A line makes no sense.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, 1 for the first.
        line: u64,
        /// What is wrong there.
        problem: LineProblem,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Too few or too many fields.
    #[error("expected time, parameter, value and perhaps `linear`, separated by commas; found {0} fields")]
    Fields(usize),
    /// No time.
    #[error("expected a time such as 83.5, 1:23.5 or bar 17.3, found {0:?}")]
    Time(String),
    /// Bars, and no transport.
    #[error("{0:?} can be found only with the song's tempo: give it (--bpm), or a time in seconds")]
    NoTransport(String),
    /// No such parameter, or not such a value.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Something in the fourth field.
    #[error("expected `linear` or nothing behind the value, found {0:?}")]
    How(String),
    /// A choice that is to change gradually.
    #[error("`{0}` has nothing between its values: leave `linear` out")]
    NotBetween(&'static str),
}

impl Automation {
    /// Reads a file. Places in bars are those of `host`.
    ///
    /// # Errors
    /// It cannot be read, or a line of it makes no sense: the first such line, and what would make sense.
    pub fn open(path: &Path, host: Option<&Host>) -> Result<Self, AutomationError> {
        let text = fs::read_to_string(path)
            .map_err(|problem| AutomationError::File { path: path.to_owned(), problem })?;
        Self::read(&text, host).map_err(|(line, problem)| AutomationError::Line {
            path: path.to_owned(),
            line,
            problem,
        })
    }

    /// Reads a text.
    fn read(text: &str, host: Option<&Host>) -> Result<Self, (u64, LineProblem)> {
        let mut automation = Self::default();
        let mut first = true;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.split('#').next().unwrap_or_default();
            if text.trim().is_empty() {
                continue;
            }
            let fields: Vec<&str> = text.split(',').map(|field| field.trim().trim_matches('"')).collect();
            let names = std::mem::take(&mut first) && fields.starts_with(&["time", "parameter", "value"]);
            if !names {
                automation.add(&fields, host).map_err(|problem| (line, problem))?;
            }
        }
        for lane in &mut automation.lanes {
            lane.points.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
        }
        Ok(automation)
    }

    /// Takes a line in.
    fn add(&mut self, fields: &[&str], host: Option<&Host>) -> Result<(), LineProblem> {
        let (time, id, value, how) = match *fields {
            [time, id, value] => (time, id, value, ""),
            [time, id, value, how] => (time, id, value, how),
            _ => return Err(LineProblem::Fields(fields.len())),
        };
        let time_s = time_of(time, host)?;
        let control = Control::find(id)?;
        let plain = control.read(value)?;
        let linear = match how {
            "" => false,
            "linear" if control.is_number() => true,
            "linear" => return Err(LineProblem::NotBetween(control.id())),
            other => return Err(LineProblem::How(other.to_owned())),
        };
        let point = Point { time_s, plain, linear };
        match self.lanes.iter_mut().find(|lane| lane.control == control) {
            Some(lane) => lane.points.push(point),
            None => self.lanes.push(Lane { control, points: vec![point] }),
        }
        Ok(())
    }

    /// The settings in force at a time, from those at the start.
    pub fn settings(&self, time_s: f64, start: &Settings) -> Settings {
        let mut settings = *start;
        self.apply(time_s, &mut settings, &mut Look::default());
        settings
    }

    /// The look in force at a time, from that at the start.
    pub fn look(&self, time_s: f64, start: &Look) -> Look {
        let mut look = *start;
        self.apply(time_s, &mut Settings::default(), &mut look);
        look
    }

    /// Writes what is in force at a time over what was there at the start.
    fn apply(&self, time_s: f64, settings: &mut Settings, look: &mut Look) {
        for lane in &self.lanes {
            let start = lane.control.of(settings, look);
            if let Some(plain) = lane.at(time_s, start) {
                lane.control.set(settings, look, plain);
            }
        }
    }

    /// The first sample behind `sample` from which something else may be in force.
    pub(crate) fn next_change(&self, sample: u64, rate: u32) -> u64 {
        let rate = f64::from(rate);
        let first_at = |time_s: f64| ((time_s - SLACK_S) * rate).ceil().max(0.0) as u64;
        let mut next = u64::MAX;
        for lane in &self.lanes {
            let after = lane.points.partition_point(|point| first_at(point.time_s) <= sample);
            if let Some(point) = lane.points.get(after) {
                next = next.min(first_at(point.time_s));
                if point.linear {
                    next = next.min((sample / STEP + 1) * STEP);
                }
            }
        }
        next
    }
}

impl Lane {
    /// The plain value at a time; `None` while the start's is in force.
    fn at(&self, time_s: f64, start: f32) -> Option<f32> {
        let after = self.points.partition_point(|point| point.time_s <= time_s + SLACK_S);
        let before = after.checked_sub(1).map(|place| self.points[place]);
        match self.points.get(after) {
            Some(next) if next.linear => {
                let from = before.unwrap_or(Point { time_s: 0.0, plain: start, linear: false });
                let share = (time_s - from.time_s) / (next.time_s - from.time_s).max(SLACK_S);
                let (low, high) = (f64::from(from.plain), f64::from(next.plain));
                Some((low + (high - low) * share.clamp(0.0, 1.0)) as f32)
            }
            _ => before.map(|point| point.plain),
        }
    }
}

/// The seconds of a time, or of a place in bars and beats.
fn time_of(text: &str, host: Option<&Host>) -> Result<f64, LineProblem> {
    let wrong = || LineProblem::Time(text.to_owned());
    let Some(place) = text.strip_prefix("bar ") else { return seconds(text).ok_or_else(wrong) };
    let (bar, beat) = place.trim().split_once('.').unwrap_or((place.trim(), "1"));
    let (bar, beat): (u32, f64) = bar.parse().ok().zip(beat.parse().ok()).ok_or_else(wrong)?;
    let host = host.ok_or_else(|| LineProblem::NoTransport(text.to_owned()))?;
    let per_bar = f64::from(host.numerator);
    if bar == 0 || !(1.0..per_bar + 1.0).contains(&beat) {
        return Err(wrong());
    }
    let beats = f64::from(bar - 1) * per_bar + beat - 1.0;
    Ok(host.first_beat_s + beats * 4.0 / f64::from(host.denominator.max(1)) * 60.0 / host.bpm)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Host = Host { bpm: 120.0, numerator: 4, denominator: 4, first_beat_s: 0.25 };

    fn read(text: &str) -> Automation {
        Automation::read(text, Some(&HOST)).unwrap_or_else(|(line, problem)| panic!("{line}: {problem}"))
    }

    /// Zoom, impact amount and palette at a time.
    fn at(automation: &Automation, time_s: f64) -> (f64, f64, usize) {
        let settings = automation.settings(time_s, &Settings::default());
        let look = automation.look(time_s, &Look::default());
        (look.zoom, settings.orbit.impact_amount, look.palette)
    }

    #[test]
    fn values_hold_from_their_time_on_and_lines_lead_from_one_to_the_next() {
        let automation = read(
            "# a remark\ntime, parameter, value\n10, zoom, 2, linear # and another\n\n  4 , zoom , 1 x\n0:02,palette,\"Ember\"\n\
             bar 3.3, impact_amount, 30 %\n12, zoom, 4\n",
        );
        assert_eq!(at(&automation, 0.0), at(&Automation::default(), 0.0));
        assert_eq!(at(&automation, 1.999).2, 0);
        assert_eq!(at(&automation, 2.0).2, 1);
        assert_eq!(at(&automation, 4.0).0, 1.0);
        assert!((at(&automation, 7.0).0 - 1.5).abs() < 1e-6);
        assert_eq!(at(&automation, 10.0).0, 2.0);
        assert_eq!(at(&automation, 11.9).0, 2.0);
        assert_eq!(at(&automation, 12.0).0, 4.0);
        // Bar 3, beat 3 of 4/4 at 120 bpm: ten beats of half a second behind the first.
        assert!((at(&automation, 5.249).1 - 0.8).abs() < 1e-6, "the default");
        assert!((at(&automation, 5.25).1 - 0.3).abs() < 1e-6);
    }

    #[test]
    fn a_way_without_a_line_before_it_leads_from_the_start() {
        let automation = read("2, zoom, 3, linear");
        assert_eq!(at(&automation, 0.0).0, 1.0);
        assert!((at(&automation, 1.0).0 - 2.0).abs() < 1e-6);
        assert_eq!(at(&automation, 9.0).0, 3.0);
    }

    #[test]
    fn changes_are_at_the_first_sample_of_their_time() {
        let automation = read("0.5, palette, ember\n1, zoom, 2\n1.01, zoom, 3, linear");
        assert_eq!(automation.next_change(0, 44_100), 22_050);
        assert_eq!(automation.next_change(22_050, 44_100), 44_100);
        // Every 64 samples on the way, counted from the start of the song.
        assert_eq!(automation.next_change(44_100, 44_100), 44_160);
        assert_eq!(automation.next_change(44_160, 44_100), 44_224);
        assert_eq!(automation.next_change(44_500, 44_100), 44_541);
        assert_eq!(automation.next_change(44_541, 44_100), u64::MAX);
    }

    #[test]
    fn what_makes_no_sense_is_said_with_its_line() {
        for (text, line, parts) in [
            ("0, zoom, 1\n1, zom, 2", 2, &["`zom`", "did you mean `zoom`"][..]),
            ("0, zoom", 1, &["2 fields"]),
            ("#\n#\n0, zoom, 1, linear, 2", 3, &["5 fields"]),
            ("soon, zoom, 1", 1, &["soon", "1:23.5"]),
            ("bar 0, zoom, 1", 1, &["bar 0"]),
            ("bar 2.5, zoom, 1", 1, &["bar 2.5"]),
            ("0, zoom, 99", 1, &["99", "0.25 to 16"]),
            ("0, zoom, 1, slow", 1, &["linear", "slow"]),
            ("0, palette, ember, linear", 1, &["palette", "leave `linear` out"]),
        ] {
            let (found, problem) = Automation::read(text, Some(&HOST)).unwrap_err();
            let message = problem.to_string();
            assert_eq!(found, line, "{message}");
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
        let (_, problem) = Automation::read("bar 2, zoom, 1", None).unwrap_err();
        assert!(problem.to_string().contains("--bpm"), "{problem}");
        let error = Automation::open(Path::new("nowhere.csv"), None).unwrap_err();
        assert!(error.to_string().contains("nowhere.csv"));
    }
}
