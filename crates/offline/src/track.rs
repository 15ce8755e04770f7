//! The states of the last hops, and what they say between them.

use std::collections::VecDeque;

use dendrite_julia::Reaction;
use dendrite_orbit::HOP_S;

use crate::Hop;

/// Time constant with which colours follow the mood, in seconds; the editor's.
const MOOD_S: f64 = 1.5;

/// What is to be seen at one moment of the sound.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The parameter of the Julia set.
    pub c: [f64; 2],
    /// What the music does, with the mood as calm as colours may change.
    pub reaction: Reaction,
    /// The hop in force.
    pub hop: Hop,
}

/// Hops in order, as far back as frames need them, about 300 bytes each.
#[derive(Debug, Default)]
pub struct Track {
    hops: VecDeque<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hop: Hop,
    mood: [f32; 2],
}

impl Track {
    /// Takes the next hop in.
    pub fn push(&mut self, hop: Hop) {
        let share = (1.0 - (-HOP_S / MOOD_S).exp()) as f32;
        let before = self.hops.back().map_or([0.0; 2], |entry| entry.mood);
        let felt = [hop.valence, hop.arousal];
        let mood = std::array::from_fn(|k| before[k] + share * (felt[k] - before[k]));
        self.hops.push_back(Entry { hop, mood });
    }

    /// Whether everything that a frame at `time_s` looks at has come: two hops behind it.
    pub fn covers(&self, time_s: f64) -> bool {
        self.hops.len() >= 2 && self.hops[self.hops.len() - 2].hop.time_s > time_s
    }

    /// The time of the newest hop.
    pub fn last_s(&self) -> Option<f64> {
        self.hops.back().map(|entry| entry.hop.time_s)
    }

    /// The moment at `time_s`; `None` before the first hop has come. Behind the last hop its state holds.
    ///
    /// c lies on a cubic through its neighbours, so that its speed does not step from hop to hop. The impact rises when
    /// its hop begins, for a rise before it would be seen before it is heard, and falls along a line.
    pub fn at(&self, time_s: f64) -> Option<Moment> {
        let after = self.hops.partition_point(|entry| entry.hop.time_s <= time_s).max(1);
        let here = self.hops.get(after - 1)?;
        let next = self.hops.get(after).unwrap_or(here);
        let before = after.checked_sub(2).and_then(|n| self.hops.get(n)).unwrap_or(here);
        let beyond = self.hops.get(after + 1).unwrap_or(next);
        let length_s = next.hop.time_s - here.hop.time_s;
        let x = if length_s > 0.0 { ((time_s - here.hop.time_s) / length_s).clamp(0.0, 1.0) } else { 0.0 };
        let c = std::array::from_fn(|part| {
            catmull_rom([before, here, next, beyond].map(|entry| entry.hop.c[part]), x)
        });
        let share = x as f32;
        let mix = |from: f32, to: f32| from + (to - from) * share;
        let impact = mix(here.hop.impact, next.hop.impact.min(here.hop.impact));
        let reaction = Reaction {
            loudness: mix(here.hop.loudness(), next.hop.loudness()),
            onset: impact,
            valence: mix(here.mood[0], next.mood[0]),
            arousal: mix(here.mood[1], next.mood[1]),
        };
        Some(Moment { c, reaction, hop: here.hop })
    }

    /// Drops what frames at `time_s` and later do not need.
    pub fn forget_before(&mut self, time_s: f64) {
        while self.hops.len() > 4 && self.hops[2].hop.time_s < time_s {
            self.hops.pop_front();
        }
    }
}

/// The cubic through the two middle points with the slopes of their neighbours.
fn catmull_rom(p: [f64; 4], x: f64) -> f64 {
    let slopes = [(p[2] - p[0]) / 2.0, (p[3] - p[1]) / 2.0];
    let (x2, x3) = (x * x, x * x * x);
    (2.0 * x3 - 3.0 * x2 + 1.0) * p[1]
        + (x3 - 2.0 * x2 + x) * slopes[0]
        + (3.0 * x2 - 2.0 * x3) * p[2]
        + (x3 - x2) * slopes[1]
}
