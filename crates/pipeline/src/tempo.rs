//! Tempo from the onset envelope: a leaky autocorrelation, read through a comb of beat multiples.
//!
//! After Scheirer (1998) and Ellis (2007, "Beat tracking by dynamic programming"): the periods at which onsets repeat are
//! the peaks of their autocorrelation; a comb over one, two, three and four periods tells the beat from its parts, and a
//! bell curve over log tempo around 110 bpm stands for what people tap to.

use dendrite_features::FRAME_RATE;

/// Slowest and fastest tempo that is looked for, in beats per minute.
const TEMPO_BPM: [f64; 2] = [50.0, 200.0];
/// Tempi on the search grid, 0.7 % apart.
const CANDIDATES: usize = 200;
/// Beat multiples under the comb, and their weights.
const COMB: [f32; 4] = [1.0, 1.0, 0.5, 1.0];
/// Longest lag: four beats of the slowest tempo, in frames.
const MAX_LAG: usize = 226;
/// Memory of the autocorrelation in seconds.
const MEMORY_S: f64 = 8.0;
/// Time constant of the onset envelope's mean, which is taken off, in seconds.
const MEAN_S: f64 = 3.0;
/// Centre of the preference in bpm, and its width in octaves.
const PREFERRED_BPM: f64 = 110.0;
const PREFERENCE_OCTAVES: f64 = 1.2;
/// The tempo in force is left when another scores this much higher ...
const SWITCH_FACTOR: f32 = 1.01;
/// ... for this long, in frames (one second).
const SWITCH_FRAMES: u32 = 47;
/// Tempi within this ratio of the one in force follow it smoothly.
const FOLLOW_RATIO: f64 = 1.04;
/// Lags that fewer hops than this share were summed for count less, not more.
const LEAST_FILLED: f32 = 0.3;
/// What is reported before anything is heard.
const START_BPM: f64 = 100.0;

/// A tempo and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo {
    /// Beats per minute, 50..200.
    pub bpm: f64,
    /// 0..1: how much of the onsets' energy repeats at this tempo.
    pub confidence: f32,
}

/// Tracks the tempo of an onset envelope, one value per hop.
///
/// Each hop costs [`update`](Self::update) (about 230 multiply-adds) and [`search`](Self::search) (about 800); neither
/// allocates.
#[derive(Clone, Debug)]
pub struct TempoTracker {
    /// The last onset values less their mean, newest last; doubled length so that a window is always contiguous.
    history: Box<[f32; 2 * MAX_LAG]>,
    fill: usize,
    /// The last two onset values.
    recent: [f32; 2],
    mean: f32,
    mean_share: f32,
    decay: f32,
    energy: f32,
    /// decay^n after n hops: how much of the memory is still empty.
    empty: f32,
    autocorrelation: Box<[f32; MAX_LAG]>,
    grid: Box<[Candidate; CANDIDATES]>,
    in_force: Tempo,
    rival_frames: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Candidate {
    bpm: f64,
    period: f32,
    preference: f32,
    /// e^(lag / memory) for each multiple under the comb: how much later its sum began than that of lag 0.
    delays: [f32; COMB.len()],
}

impl Default for TempoTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl TempoTracker {
    /// A tracker that has heard nothing.
    pub fn new() -> Self {
        let mut grid = Box::new([Candidate::default(); CANDIDATES]);
        for (i, candidate) in grid.iter_mut().enumerate() {
            let share = i as f64 / (CANDIDATES - 1) as f64;
            *candidate = candidate_at(TEMPO_BPM[0] * (TEMPO_BPM[1] / TEMPO_BPM[0]).powf(share));
        }
        Self {
            history: Box::new([0.0; 2 * MAX_LAG]),
            fill: 0,
            recent: [0.0; 2],
            mean: 0.0,
            mean_share: 1.0 - (-1.0 / (MEAN_S * FRAME_RATE)).exp() as f32,
            decay: (-1.0 / (MEMORY_S * FRAME_RATE)).exp() as f32,
            energy: 0.0,
            empty: 1.0,
            autocorrelation: Box::new([0.0; MAX_LAG]),
            grid,
            in_force: Tempo { bpm: START_BPM, confidence: 0.0 },
            rival_frames: 0,
        }
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.fill = 0;
        self.recent = [0.0; 2];
        self.mean = 0.0;
        self.energy = 0.0;
        self.empty = 1.0;
        self.autocorrelation.fill(0.0);
        self.in_force = Tempo { bpm: START_BPM, confidence: 0.0 };
        self.rival_frames = 0;
    }

    /// Takes the onset strength of a hop (0..1).
    pub fn update(&mut self, onset: f32) {
        let onset = if onset.is_finite() { onset.clamp(0.0, 1.0) } else { 0.0 };
        self.mean += self.mean_share * (onset - self.mean);
        // Hits fall between frames: a triangle over three of them makes the peaks of the autocorrelation as wide as the grid.
        let [older, old] = self.recent;
        self.recent = [old, onset];
        let value = 0.25 * older + 0.5 * old + 0.25 * onset - self.mean;
        // The past window lies at fill..fill + MAX_LAG, oldest first.
        let past = &self.history[self.fill..self.fill + MAX_LAG];
        for (sum, earlier) in self.autocorrelation.iter_mut().zip(past.iter().rev()) {
            *sum = *sum * self.decay + value * earlier;
        }
        self.energy = self.energy * self.decay + value * value;
        self.empty *= self.decay;
        self.history[self.fill] = value;
        self.history[self.fill + MAX_LAG] = value;
        self.fill = (self.fill + 1) % MAX_LAG;
    }

    /// Looks for the best tempo and says which one is in force.
    pub fn search(&mut self) -> Tempo {
        if self.energy <= 1e-6 {
            self.in_force.confidence = 0.0;
            return self.in_force;
        }
        let (mut best, mut best_score) = (0, f32::MIN);
        for i in 0..CANDIDATES {
            let score = self.score(&self.grid[i]);
            if score > best_score {
                (best, best_score) = (i, score);
            }
        }
        let current = self.score(&candidate_at(self.in_force.bpm));
        let bpm = self.refined(best);
        let ratio = (bpm / self.in_force.bpm).max(self.in_force.bpm / bpm);
        if ratio < FOLLOW_RATIO {
            self.in_force.bpm += 0.1 * (bpm - self.in_force.bpm);
            self.rival_frames = 0;
        } else if best_score > SWITCH_FACTOR * current.max(0.0) {
            self.rival_frames += 1;
            if self.rival_frames >= SWITCH_FRAMES {
                self.in_force.bpm = bpm;
                self.rival_frames = 0;
            }
        } else {
            self.rival_frames = 0;
        }
        let weights: f32 = COMB.iter().sum();
        self.in_force.confidence = (best_score / (weights * self.energy)).clamp(0.0, 1.0);
        self.in_force
    }

    /// Comb sum times preference.
    fn score(&self, candidate: &Candidate) -> f32 {
        let mut sum = 0.0;
        for (multiple, weight) in COMB.iter().enumerate() {
            let lag = candidate.period * (multiple + 1) as f32;
            sum += weight * self.autocorrelation_at(lag, candidate.delays[multiple]);
        }
        sum * candidate.preference
    }

    /// The autocorrelation at a lag in frames, between the whole lags; lag 1 is at index 0. A long lag has been summed for
    /// less time than a short one while the memory fills, which is made up for.
    fn autocorrelation_at(&self, lag: f32, delay: f32) -> f32 {
        let at = (lag - 1.0).clamp(0.0, (MAX_LAG - 2) as f32);
        let index = at as usize;
        let share = at - index as f32;
        let sum = self.autocorrelation[index] * (1.0 - share) + self.autocorrelation[index + 1] * share;
        let filled = (1.0 - self.empty * delay) / (1.0 - self.empty);
        sum / filled.max(LEAST_FILLED)
    }

    /// The top of the parabola through the best candidate and its neighbours, in bpm.
    fn refined(&self, best: usize) -> f64 {
        if best == 0 || best == CANDIDATES - 1 {
            return self.grid[best].bpm;
        }
        let [left, centre, right] = [best - 1, best, best + 1].map(|i| f64::from(self.score(&self.grid[i])));
        let curvature = left - 2.0 * centre + right;
        let offset = if curvature < 0.0 { (0.5 * (left - right) / curvature).clamp(-0.5, 0.5) } else { 0.0 };
        let step = (TEMPO_BPM[1] / TEMPO_BPM[0]).powf(1.0 / (CANDIDATES - 1) as f64);
        self.grid[best].bpm * step.powf(offset)
    }
}

fn candidate_at(bpm: f64) -> Candidate {
    let octaves = (bpm / PREFERRED_BPM).log2() / PREFERENCE_OCTAVES;
    let period = 60.0 * FRAME_RATE / bpm;
    Candidate {
        bpm,
        period: period as f32,
        preference: (-0.5 * octaves * octaves).exp() as f32,
        delays: std::array::from_fn(|i| (period * (i + 1) as f64 / (MEMORY_S * FRAME_RATE)).exp() as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Onset envelope of pulses: accents on beats, weaker ones on eighths; some noise.
    fn pulses(bpm: f64, seconds: f64) -> Vec<f32> {
        let mut state = 7_u32;
        (0..(seconds * FRAME_RATE) as usize)
            .map(|k| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 8) as f32 / (1 << 24) as f32 * 0.05;
                let eighths = |t: f64| (t * bpm / 30.0).floor();
                let (now, next) = (k as f64 / FRAME_RATE, (k + 1) as f64 / FRAME_RATE);
                let hit = eighths(now) != eighths(next);
                let on_beat = eighths(next) % 2.0 == 0.0;
                noise + if hit { if on_beat { 0.5 } else { 0.15 } } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn finds_the_tempo_of_pulses_within_two_percent() {
        for bpm in [72.0, 84.0, 96.0, 112.0, 120.0, 128.0, 140.0, 150.0] {
            let mut tracker = TempoTracker::new();
            let mut tempo = Tempo { bpm: 0.0, confidence: 0.0 };
            for onset in pulses(bpm, 12.0) {
                tracker.update(onset);
                tempo = tracker.search();
            }
            assert!((tempo.bpm / bpm - 1.0).abs() < 0.02, "{bpm}: {tempo:?}");
            assert!(tempo.confidence > 0.2, "{bpm}: {tempo:?}");
        }
    }

    #[test]
    fn silence_has_no_confidence_and_bad_values_do_no_harm() {
        let mut tracker = TempoTracker::new();
        for onset in [0.0, f32::NAN, f32::INFINITY, -1.0] {
            tracker.update(onset);
            let tempo = tracker.search();
            assert!(tempo.bpm.is_finite() && tempo.confidence == 0.0);
        }
    }
}
