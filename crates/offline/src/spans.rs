//! Chords and sections with their times.

use dendrite_orbit::HOP_S;
use dendrite_pipeline::Chord;
use serde::Serialize;

use crate::Hop;

/// Hops that a chord must stay to count: a quarter of a second. Shorter ones are taken for slips.
const STEADY_HOPS: u32 = 12;

/// A chord and when it sounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChordSpan {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// For example "Am7"; "-" where there is none.
    pub chord: String,
}

/// A section of the song.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
}

/// Collects chords.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chords {
    spans: Vec<(f64, Option<Chord>)>,
    candidate: Option<(f64, Option<Chord>, u32)>,
}

impl Chords {
    pub(crate) fn add(&mut self, time_s: f64, chord: Option<Chord>) {
        let same = self.spans.last().is_some_and(|&(_, current)| current == chord);
        if same {
            self.candidate = None;
            return;
        }
        let (start_s, hops) = match self.candidate {
            Some((start_s, candidate, hops)) if candidate == chord => (start_s, hops + 1),
            _ => (time_s, 1),
        };
        if hops >= STEADY_HOPS || self.spans.is_empty() {
            self.spans.push((start_s, chord));
            self.candidate = None;
        } else {
            self.candidate = Some((start_s, chord, hops));
        }
    }

    pub(crate) fn spans(&self, end_s: f64) -> Vec<ChordSpan> {
        let ends = self.spans.iter().skip(1).map(|span| span.0).chain([end_s]);
        self.spans
            .iter()
            .zip(ends)
            .filter(|(span, end_s)| *end_s > span.0)
            .map(|(&(start_s, chord), end_s)| ChordSpan {
                start_s,
                end_s,
                chord: chord.map_or_else(|| "-".to_owned(), |chord| chord.to_string()),
            })
            .collect()
    }
}

/// Collects sections.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    starts_s: Vec<f64>,
}

impl Sections {
    pub(crate) fn new() -> Self {
        Self { starts_s: vec![0.0] }
    }

    pub(crate) fn add(&mut self, hop: &Hop) {
        if hop.section_changed {
            // A section is confirmed some time after it began.
            let start_s = hop.time_s - f64::from(hop.section_age_hops) * HOP_S;
            let last_s = self.starts_s.last().copied().unwrap_or(0.0);
            self.starts_s.push(start_s.max(last_s));
        }
    }

    pub(crate) fn sections(&self, end_s: f64) -> Vec<Section> {
        let ends = self.starts_s.iter().skip(1).copied().chain([end_s]);
        self.starts_s
            .iter()
            .zip(ends)
            .filter(|(start_s, end_s)| end_s > start_s)
            .map(|(&start_s, end_s)| Section { start_s, end_s })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_not_chords_and_changes_keep_their_first_time() {
        let (c, g) = (Chord::of_class(0), Chord::of_class(7));
        let mut chords = Chords::default();
        let heard = [(c, 20), (g, 11), (c, 20), (g, 20), (None, 2), (g, 5)];
        let mut hop = 0;
        for (chord, count) in heard {
            for _ in 0..count {
                chords.add(f64::from(hop), chord);
                hop += 1;
            }
        }
        let spans: Vec<(f64, f64, String)> =
            chords.spans(78.0).into_iter().map(|s| (s.start_s, s.end_s, s.chord)).collect();
        assert_eq!(spans, [(0.0, 51.0, "C".to_owned()), (51.0, 78.0, "G".to_owned())]);
    }
}
