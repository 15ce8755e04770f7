//! The beat: a counter that runs at the tempo in force and is drawn to where attacks fall.
//!
//! ```text
//! onsets of the last 8 s ──folded at the tempo──> [48 places of a beat] ──top──> phase ──drawn to──> beats
//! ```
//! After Goto and Muraoka (1999) and Large (2001): the counter never jumps and never runs backwards, it only runs a little faster
//! or slower until its whole numbers fall on the beats.

use dendrite_features::FRAME_RATE;

use crate::Tempo;

/// Frames that are looked back on, 8.2 s.
const HISTORY: usize = 384;
/// Memory in seconds.
const MEMORY_S: f64 = 3.0;
/// Places of a beat that the past is folded to.
const PLACES: usize = 48;
/// Half the width of the triangle over the places, which makes one bump of what is played a little early or late.
const REACH: usize = 4;
/// How late the onset strength is after the attack that causes it: a frame sees an attack fully only when it is near the
/// middle of its 4,096 samples. Measured on the generator's pieces.
const LATENCY_S: f64 = 0.05;
/// Share of the distance to the phase that is heard by which the counter is drawn to it, per second.
const PULL_PER_S: f64 = 5.0;
/// Most that the counter runs faster or slower than the tempo, as a share of it.
const PULL_LIMIT: f64 = 0.25;
/// A top further away than this, in beats, is followed only when it is higher by this factor than what is near.
const NEAR: f64 = 0.15;
const FAR_FACTOR: f32 = 1.3;
/// Faster tempi are not followed: a hop must be less than a beat.
const MAX_BPM: f64 = 1_000.0;
/// Height of the top below which nothing is heard; that of music is above 0.1.
const LEAST_TOP: f32 = 1e-3;

/// Counts beats, one hop after the other.
///
/// Each [`update`](Self::update) is the same work, about 2,000 operations, and does not allocate; all memory is part of the
/// value.
#[derive(Clone, Debug)]
pub struct BeatTracker {
    /// The last onset values, newest last; doubled length so that a window is always contiguous.
    history: Box<[f32; 2 * HISTORY]>,
    fill: usize,
    /// e^(-age / memory) for the newest value first.
    weights: Box<[f32; HISTORY]>,
    beats: f64,
}

impl Default for BeatTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl BeatTracker {
    /// A tracker that has heard nothing, at beat 0.
    pub fn new() -> Self {
        Self {
            history: Box::new([0.0; 2 * HISTORY]),
            fill: 0,
            weights: Box::new(std::array::from_fn(|age| {
                (-(age as f64) / (MEMORY_S * FRAME_RATE)).exp() as f32
            })),
            beats: 0.0,
        }
    }

    /// Forgets everything heard; counts from 0 again.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.fill = 0;
        self.beats = 0.0;
    }

    /// Takes the onset strength of the newest frame (0..1) and the tempo in force. Returns the beats counted until the end of
    /// that frame; whole numbers are beats.
    ///
    /// The counter grows by 0.75 to 1.25 of what the tempo makes of a hop. Where nothing is heard it runs at the tempo.
    pub fn update(&mut self, onset: f32, tempo: Tempo) -> f64 {
        let onset = if onset.is_finite() { onset.clamp(0.0, 1.0) } else { 0.0 };
        self.history[self.fill] = onset;
        self.history[self.fill + HISTORY] = onset;
        self.fill = (self.fill + 1) % HISTORY;
        let bpm = if tempo.bpm.is_finite() { tempo.bpm.clamp(0.0, MAX_BPM) } else { 0.0 };
        let per_s = bpm / 60.0;
        let step = per_s / FRAME_RATE;
        self.beats += step;
        let late = LATENCY_S * per_s;
        if let Some(error) = self.error(&self.folded(step), late) {
            let limit = PULL_LIMIT * step;
            self.beats += (PULL_PER_S / FRAME_RATE * error).clamp(-limit, limit);
        }
        self.beats
    }

    /// Beats counted until the end of the newest frame.
    pub fn beats(&self) -> f64 {
        self.beats
    }

    /// The onsets at each place before now, in beats, whole beats left out; the triangle is over it.
    fn folded(&self, step: f64) -> [f32; PLACES] {
        let past = &self.history[self.fill..self.fill + HISTORY];
        // One more than there are, which is the first again.
        let mut places = [0.0_f32; PLACES + 1];
        let step = step as f32;
        let mut phase = 0.0_f32;
        for (onset, weight) in past.iter().rev().zip(self.weights.iter()) {
            let at = phase * PLACES as f32;
            let index = (at as usize).min(PLACES - 1);
            let share = at - index as f32;
            places[index] += weight * onset * (1.0 - share);
            places[index + 1] += weight * onset * share;
            phase += step;
            // A hop is less than a beat.
            if phase >= 1.0 {
                phase -= 1.0;
            }
        }
        places[0] += places[PLACES];
        std::array::from_fn(|i| {
            // Every place counts once: the reach is less than half of the beat.
            let beside =
                |distance: usize| places[(i + distance) % PLACES] + places[(i + PLACES - distance) % PLACES];
            let sides: f32 = (1..REACH).map(|distance| (REACH - distance) as f32 * beside(distance)).sum();
            REACH as f32 * places[i] + sides
        })
    }

    /// How far the counter is behind what is heard, in beats, -0.5..0.5; `None` where nothing is.
    fn error(&self, places: &[f32; PLACES], late: f64) -> Option<f64> {
        let top = highest(places, 0..PLACES);
        if places[top] < LEAST_TOP {
            return None;
        }
        let from = |place: usize| {
            let distance = (place as f64 + peak_offset(places, place)) / PLACES as f64 + late - self.beats;
            distance - distance.round()
        };
        let error = from(top);
        if error.abs() <= NEAR {
            return Some(error);
        }
        let reach = (NEAR * PLACES as f64) as usize;
        let here = ((self.beats - late).rem_euclid(1.0) * PLACES as f64) as usize;
        let near = highest(places, here + PLACES - reach..here + PLACES + reach + 1);
        Some(if places[top] > FAR_FACTOR * places[near] { error } else { from(near) })
    }
}

/// The highest of the places in a range that may go round.
fn highest(places: &[f32; PLACES], range: std::ops::Range<usize>) -> usize {
    let first = range.start % PLACES;
    range.map(|i| i % PLACES).fold(first, |best, i| if places[i] > places[best] { i } else { best })
}

/// The top of the parabola through a place and its neighbours, as a distance from it; 0 where it is no top.
fn peak_offset(places: &[f32; PLACES], place: usize) -> f64 {
    let [left, centre, right] =
        [PLACES - 1, 0, 1].map(|distance| f64::from(places[(place + distance) % PLACES]));
    let curvature = left - 2.0 * centre + right;
    if curvature < 0.0 { (0.5 * (left - right) / curvature).clamp(-0.5, 0.5) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPO: Tempo = Tempo { bpm: 120.0, confidence: 1.0 };

    /// Frames of pulses on beats, the first after `offset_s`; weaker ones between.
    fn onset_at(frame: usize, bpm: f64, offset_s: f64) -> f32 {
        let eighths = |frame: usize| ((frame as f64 / FRAME_RATE - offset_s) * bpm / 30.0).floor();
        let (before, now) = (eighths(frame), eighths(frame + 1));
        match (before != now, now % 2.0 == 0.0) {
            (false, _) => 0.0,
            (true, true) => 0.3,
            (true, false) => 0.15,
        }
    }

    #[test]
    fn whole_numbers_fall_on_the_beats() {
        for bpm in [62.0, 90.0, 120.0, 155.0] {
            for offset_s in [0.0, 0.13, 0.31] {
                let mut tracker = BeatTracker::new();
                let tempo = Tempo { bpm, confidence: 1.0 };
                let frames = (12.0 * FRAME_RATE) as usize;
                let beats = (0..frames).map(|k| tracker.update(onset_at(k, bpm, offset_s), tempo)).last();
                // The pulses here are not late, so that the counter is ahead by what it thinks they are.
                let true_beats = (frames as f64 / FRAME_RATE - offset_s + LATENCY_S) * bpm / 60.0;
                let error = beats.unwrap_or(f64::NAN) - true_beats;
                let error_s = (error - error.round()) * 60.0 / bpm;
                // A hop is 21 ms.
                assert!(error_s.abs() < 0.015, "{bpm} bpm from {offset_s} s: {error_s:.3} s off");
            }
        }
    }

    #[test]
    fn the_counter_neither_jumps_nor_turns_back() {
        let mut tracker = BeatTracker::new();
        let mut state = 7_u32;
        let mut last = 0.0;
        for k in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 24) as f32;
            // The tempo changes in leaps, onsets are of all sizes, some are no numbers.
            let bpm = [60.0, 121.0, 200.0, 50.0][k / 500 % 4];
            let onset = if k % 97 == 0 { f32::NAN } else { noise.powi(8) * 3.0 };
            let beats = tracker.update(onset, Tempo { bpm, confidence: 0.0 });
            let share = (beats - last) / (bpm / 60.0 / FRAME_RATE);
            assert!((0.749..1.251).contains(&share), "{share} at frame {k}");
            last = beats;
        }
    }

    #[test]
    fn silence_runs_at_the_tempo_and_no_tempo_stands_still() {
        let mut tracker = BeatTracker::new();
        let seconds = 30.0;
        for _ in 0..(seconds * FRAME_RATE) as usize {
            tracker.update(0.0, TEMPO);
        }
        assert!((tracker.beats() - seconds * 2.0).abs() < 0.1, "{}", tracker.beats());
        let before = tracker.beats();
        for bpm in [0.0, -120.0, f64::NAN, f64::INFINITY] {
            assert_eq!(tracker.update(0.5, Tempo { bpm, confidence: 0.0 }), before);
        }
        tracker.reset();
        assert_eq!(tracker.beats(), 0.0);
    }
}
