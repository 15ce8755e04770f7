//! Tempo from the onset envelope: two leaky autocorrelations, of 9 s and of 2.8 s, read through a comb of beat multiples.
//!
//! After Scheirer (1998), Ellis (2007, "Beat tracking by dynamic programming") and Klapuri, Eronen and Astola (2006, compression):
//! the periods at which onsets repeat are the peaks of their autocorrelation; the comb says which of them is the beat. One,
//! two and four beats repeat; at two thirds, three quarters and one and a half of a beat nothing should, or else the beat
//! is another. A parabola over log tempo stands for what people tap to.

use std::ops::Range;

use dendrite_features::FRAME_RATE;

/// Slowest and fastest tempo that is looked for, in beats per minute.
const TEMPO_BPM: [f64; 2] = [50.0, 200.0];
/// Tempi on the search grid, 0.9 % apart.
const CANDIDATES: usize = 160;
/// Periods in beats, and how much a repetition there speaks for the beat or against it. A multinomial logistic regression over
/// the tempo of 340 pieces of the generator's training split, one comb for the rises of three bands, rounded; what came out near
/// zero is left out.
const COMB: [(f32, f32); 8] = [
    (1.0 / 3.0, -0.3),
    (0.5, 0.2),
    (2.0 / 3.0, -0.9),
    (0.75, -1.3),
    (1.0, 1.75),
    (1.5, -0.55),
    (2.0, 0.5),
    (4.0, 1.9),
];
/// Longest lag: four beats of the slowest tempo, in frames, and one to read between.
const MAX_LAG: usize = 227;
/// Memories of the autocorrelation in seconds: the long one says which tempo it is, the short one where near to that it is now. Of 2.2 to
/// 6 s for the short one, the shorter ones follow sections sooner; 2.8 s hold four beats down to 86 bpm.
const MEMORIES_S: [f64; 2] = [9.0, 2.8];
/// Onsets are raised to this power: soft attacks come nearer to loud ones, and accents still stand out.
const COMPRESSION: f32 = 0.8;
/// Time constant of the onset envelope's mean, which is taken off, in seconds.
const MEAN_S: f64 = 1.0;
/// Tempo that is preferred, and what another loses by the square of its distance in octaves. People tap around 120 bpm (van
/// Noorden and Moelants 1999), the pieces of the generator lie around 96.
const PREFERRED_BPM: f64 = 104.0;
const PREFERENCE: f64 = 0.43;
/// The tempo in force is left when another scores this much higher ...
const SWITCH_MARGIN: f32 = 0.11;
/// ... for this long, in frames (one second).
const SWITCH_FRAMES: u32 = 47;
/// Tempi within this ratio of the one in force are followed smoothly, by this share per frame: sections are played a little faster or
/// slower than others, and performers breathe.
const FOLLOW_RATIO: f64 = 1.12;
const FOLLOW_SHARE: f64 = 0.1;
/// Lags that fewer hops than this share were summed for count less, not more.
const LEAST_FILLED: f32 = 0.3;
/// The short memory is believed where onsets are at least this strong in it, compared with the long one, and repeat at least this much.
const LEAST_SHARE: f32 = 0.2;
const LEAST_REPEAT: f32 = 0.1;
/// Energy below which nothing is heard.
const LEAST_ENERGY: f32 = 1e-6;
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
/// Each hop costs [`update`](Self::update) (about 460 multiply-adds) and [`search`](Self::search) (about 6,000 operations);
/// neither allocates.
#[derive(Clone, Debug)]
pub struct TempoTracker {
    /// The last onset values less their mean, newest last; doubled length so that a window is always contiguous.
    history: Box<[f32; 2 * MAX_LAG]>,
    fill: usize,
    /// The last two onset values.
    recent: [f32; 2],
    mean: f32,
    mean_share: f32,
    long: Memory,
    short: Memory,
    grid: Box<[Candidate; CANDIDATES]>,
    in_force: Tempo,
    rival_frames: u32,
}

/// An autocorrelation that forgets.
#[derive(Clone, Debug)]
struct Memory {
    decay: f32,
    energy: f32,
    /// decay^n after n hops: how much of the memory is still empty.
    empty: f32,
    /// Leaky sums of products; lag 1 is at index 0, here and below.
    autocorrelation: Box<[f32; MAX_LAG]>,
    /// e^(lag / memory): how much later the sum of a lag began than that of lag 0.
    delays: Box<[f32; MAX_LAG]>,
    /// The autocorrelation as a share of the energy: 1 where everything repeats.
    correlation: Box<[f32; MAX_LAG]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Candidate {
    bpm: f64,
    /// Where the teeth of the comb read.
    teeth: [Place; COMB.len()],
    /// What is taken off its score.
    cost: f32,
}

/// A lag between whole ones.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Index of the whole lag before it.
    index: usize,
    /// How far it is on the way to the next.
    share: f32,
}

impl Default for TempoTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl TempoTracker {
    /// A tracker that has heard nothing.
    pub fn new() -> Self {
        let [long, short] = MEMORIES_S.map(Memory::new);
        Self {
            history: Box::new([0.0; 2 * MAX_LAG]),
            fill: 0,
            recent: [0.0; 2],
            mean: 0.0,
            mean_share: 1.0 - (-1.0 / (MEAN_S * FRAME_RATE)).exp() as f32,
            long,
            short,
            grid: Box::new(std::array::from_fn(|i| Candidate::at(bpm_at(i as f64)))),
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
        self.long.forget();
        self.short.forget();
        self.in_force = Tempo { bpm: START_BPM, confidence: 0.0 };
        self.rival_frames = 0;
    }

    /// Takes the onset strength of a hop (0..1).
    pub fn update(&mut self, onset: f32) {
        let onset = if onset.is_finite() { onset.clamp(0.0, 1.0).powf(COMPRESSION) } else { 0.0 };
        self.mean += self.mean_share * (onset - self.mean);
        // Hits fall between frames: a triangle over three of them makes the peaks of the autocorrelation as wide as the grid.
        let [older, old] = self.recent;
        self.recent = [old, onset];
        let value = 0.25 * older + 0.5 * old + 0.25 * onset - self.mean;
        // The past window lies at fill..fill + MAX_LAG, oldest first.
        let past = &self.history[self.fill..self.fill + MAX_LAG];
        self.long.update(value, past);
        self.short.update(value, past);
        self.history[self.fill] = value;
        self.history[self.fill + MAX_LAG] = value;
        self.fill = (self.fill + 1) % MAX_LAG;
    }

    /// Looks for the best tempo and says which one is in force.
    pub fn search(&mut self) -> Tempo {
        if self.long.energy <= LEAST_ENERGY {
            self.in_force.confidence = 0.0;
            return self.in_force;
        }
        self.long.correlate();
        let (bpm, best_score) = self.long.best(&self.grid, 0..CANDIDATES);
        let ratio = (bpm / self.in_force.bpm).max(self.in_force.bpm / bpm);
        if ratio < FOLLOW_RATIO {
            self.follow(bpm);
            self.rival_frames = 0;
        } else if best_score > self.long.score(&Candidate::at(self.in_force.bpm)) + SWITCH_MARGIN {
            self.rival_frames += 1;
            if self.rival_frames >= SWITCH_FRAMES {
                self.in_force.bpm = bpm;
                self.rival_frames = 0;
            }
        } else {
            self.rival_frames = 0;
        }
        let period = period_of(self.in_force.bpm);
        let repeats: f32 =
            [1.0, 2.0, 4.0].iter().map(|beats| self.long.correlation_at(Place::of(beats * period))).sum();
        self.in_force.confidence = (repeats / 3.0).clamp(0.0, 1.0);
        self.in_force
    }

    /// Goes towards the tempo that the last seconds have near to one that is known, or to that, if they do not say.
    fn follow(&mut self, known_bpm: f64) {
        self.in_force.bpm += FOLLOW_SHARE * (self.near(known_bpm).unwrap_or(known_bpm) - self.in_force.bpm);
    }

    /// The tempo near to a known one at which the onsets of the last seconds repeat.
    fn near(&mut self, known_bpm: f64) -> Option<f64> {
        let [long, short] = [&self.long, &self.short].map(Memory::power);
        if short < LEAST_SHARE * long {
            return None;
        }
        self.short.correlate();
        let [from, to] = [known_bpm / FOLLOW_RATIO, known_bpm * FOLLOW_RATIO].map(place_of);
        let among = (from.ceil().max(0.0) as usize)..(to.floor() as usize + 1).min(CANDIDATES);
        let edges = [self.grid[among.start].bpm, self.grid[among.end - 1].bpm];
        let (bpm, _) = self.short.best(&self.grid, among);
        // At the edge it is no peak but a slope of something else.
        let is_peak = !edges.contains(&bpm);
        (is_peak && self.short.correlation_at(Place::of(period_of(bpm))) > LEAST_REPEAT).then_some(bpm)
    }
}

impl Memory {
    fn new(seconds: f64) -> Self {
        let delay = |i: usize| ((i + 1) as f64 / (seconds * FRAME_RATE)).exp() as f32;
        Self {
            decay: (-1.0 / (seconds * FRAME_RATE)).exp() as f32,
            energy: 0.0,
            empty: 1.0,
            autocorrelation: Box::new([0.0; MAX_LAG]),
            delays: Box::new(std::array::from_fn(delay)),
            correlation: Box::new([0.0; MAX_LAG]),
        }
    }

    fn forget(&mut self) {
        self.energy = 0.0;
        self.empty = 1.0;
        self.autocorrelation.fill(0.0);
    }

    /// The mean square of what is remembered.
    fn power(&self) -> f32 {
        self.energy * (1.0 - self.decay) / (1.0 - self.empty).max(f32::MIN_POSITIVE)
    }

    /// Takes in a value and those before it, oldest first.
    fn update(&mut self, value: f32, past: &[f32]) {
        for (sum, earlier) in self.autocorrelation.iter_mut().zip(past.iter().rev()) {
            *sum = *sum * self.decay + value * earlier;
        }
        self.energy = self.energy * self.decay + value * value;
        self.empty *= self.decay;
    }

    /// Fills `correlation`. A long lag has been summed for less time than a short one while the memory fills, which is made
    /// up for.
    fn correlate(&mut self) {
        let full = 1.0 - self.empty;
        let sums = self.autocorrelation.iter().zip(self.delays.iter());
        for (correlation, (sum, delay)) in self.correlation.iter_mut().zip(sums) {
            let filled = (1.0 - self.empty * delay) / full;
            *correlation = sum / (self.energy * filled.max(LEAST_FILLED));
        }
    }

    /// What the comb reads, less what the preference costs.
    fn score(&self, candidate: &Candidate) -> f32 {
        let mut sum = -candidate.cost;
        for (place, (_, weight)) in candidate.teeth.iter().zip(COMB) {
            sum += weight * self.correlation_at(*place);
        }
        sum
    }

    fn correlation_at(&self, place: Place) -> f32 {
        let Place { index, share } = place;
        self.correlation[index] * (1.0 - share) + self.correlation[index + 1] * share
    }

    /// The best of the candidates `among` those of the grid, in bpm and between them, with its score.
    fn best(&self, grid: &[Candidate; CANDIDATES], among: Range<usize>) -> (f64, f32) {
        let (mut best, mut best_score) = (among.start, f32::MIN);
        for i in among.clone() {
            let score = self.score(&grid[i]);
            if score > best_score {
                (best, best_score) = (i, score);
            }
        }
        if best == among.start || best + 1 == among.end {
            return (grid[best].bpm, best_score);
        }
        // The top of the parabola through it and its neighbours.
        let [left, centre, right] = [best - 1, best, best + 1].map(|i| f64::from(self.score(&grid[i])));
        let curvature = left - 2.0 * centre + right;
        let offset = if curvature < 0.0 { (0.5 * (left - right) / curvature).clamp(-0.5, 0.5) } else { 0.0 };
        (bpm_at(best as f64 + offset), best_score)
    }
}

impl Candidate {
    fn at(bpm: f64) -> Self {
        let octaves = (bpm / PREFERRED_BPM).log2();
        let period = period_of(bpm);
        Self {
            bpm,
            teeth: COMB.map(|(beats, _)| Place::of(beats * period)),
            cost: (PREFERENCE * octaves * octaves) as f32,
        }
    }
}

impl Place {
    /// The place of a lag in frames; lag 1 is at index 0.
    fn of(lag: f32) -> Self {
        let at = (lag - 1.0).clamp(0.0, (MAX_LAG - 2) as f32);
        let index = at as usize;
        Self { index, share: at - index as f32 }
    }
}

/// Frames of a beat.
fn period_of(bpm: f64) -> f32 {
    (60.0 * FRAME_RATE / bpm) as f32
}

/// The tempo at a place of the grid, which is even in log tempo.
fn bpm_at(place: f64) -> f64 {
    TEMPO_BPM[0] * (TEMPO_BPM[1] / TEMPO_BPM[0]).powf(place / (CANDIDATES - 1) as f64)
}

/// The place of a tempo on the grid.
fn place_of(bpm: f64) -> f64 {
    (bpm / TEMPO_BPM[0]).ln() / (TEMPO_BPM[1] / TEMPO_BPM[0]).ln() * (CANDIDATES - 1) as f64
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
    fn follows_a_section_that_is_a_little_faster_or_slower() {
        for (before, after) in [(120.0, 128.0), (96.0, 90.0)] {
            let mut tracker = TempoTracker::new();
            let mut tempo = Tempo { bpm: 0.0, confidence: 0.0 };
            for onset in pulses(before, 20.0).into_iter().chain(pulses(after, 5.0)) {
                tracker.update(onset);
                tempo = tracker.search();
            }
            assert!((tempo.bpm / after - 1.0).abs() < 0.02, "{before}, then {after}: {tempo:?}");
        }
    }

    #[test]
    fn what_is_faint_after_a_beat_does_not_move_the_tempo() {
        for bpm in [90.0, 120.0, 140.0] {
            let mut tracker = TempoTracker::new();
            // A held chord: small rises at random.
            let mut state = 99_u32;
            let faint = (0..560).map(move |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                0.08 * ((state >> 8) as f32 / (1 << 24) as f32).powi(3)
            });
            for onset in pulses(bpm, 20.0) {
                tracker.update(onset);
                tracker.search();
            }
            for onset in faint {
                tracker.update(onset);
                let tempo = tracker.search();
                assert!((tempo.bpm / bpm - 1.0).abs() < 0.04, "{bpm}: {tempo:?}");
            }
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
