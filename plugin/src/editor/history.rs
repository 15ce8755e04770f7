//! What the overlays show besides the present moment: means that calm what flickers, and the recent past.

use std::collections::VecDeque;

use dendrite_engine::Snapshot;
use dendrite_features::N_MEL;
use dendrite_pipeline::{BANDS, Harmony, MOOD_CELLS};

use super::clock::Moment;

/// Rows of the strip: the mel vector in fours.
pub const ROWS: usize = 32;
/// Columns of the strip, one per hop: 4.3 s.
pub const COLUMNS: usize = 200;

/// Time constants in hops of 21 ms: of the mood's map (0.5 s), of the chords (0.25 s), of a band's fall (0.2 s).
const MAP_HOPS: f32 = 24.0;
const CHORD_HOPS: f32 = 12.0;
const FALL_HOPS: f32 = 9.0;

/// Hops between two points of the mood's trail, and points kept: 6 s.
const TRAIL_HOPS: u32 = 5;
const TRAIL_POINTS: usize = 56;

/// How long the tail of c is, in seconds.
const TAIL_S: f64 = 2.0;
/// Points of it at most: two seconds at 60 pictures per second, and some.
const TAIL_POINTS: usize = 160;

/// The recent past. Its memory is allocated once.
pub struct History {
    /// Probability over the mood's grid, eased.
    pub map: [f32; MOOD_CELLS],
    /// Valence and arousal, oldest first.
    pub trail: VecDeque<[f32; 2]>,
    /// What harmony says, eased.
    pub harmony: Harmony,
    /// Levels of the six bands, falling softly.
    pub bands: [f32; BANDS],
    /// Points that c has passed, oldest first, with the time of each.
    pub tail: VecDeque<([f64; 2], f64)>,
    /// The mel spectrum of the last seconds.
    pub strip: Strip,
    /// Wall time in seconds since the window opened.
    time_s: f64,
    hops: u32,
    mood: [f32; 2],
}

impl Default for History {
    fn default() -> Self {
        Self {
            map: [1.0 / MOOD_CELLS as f32; MOOD_CELLS],
            trail: VecDeque::with_capacity(TRAIL_POINTS),
            harmony: Harmony::default(),
            bands: [0.0; BANDS],
            tail: VecDeque::with_capacity(TAIL_POINTS),
            strip: Strip::default(),
            time_s: 0.0,
            hops: 0,
            mood: [0.0; 2],
        }
    }
}

impl History {
    /// Takes in a snapshot that has come into force.
    pub fn hop(&mut self, snapshot: &Snapshot) {
        ease(&mut self.map, &snapshot.mood.map, MAP_HOPS);
        let mut chords = self.harmony.probabilities;
        ease(&mut chords, &snapshot.harmony.probabilities, CHORD_HOPS);
        self.harmony = Harmony::of(chords, snapshot.loudness());
        for (shown, level) in self.bands.iter_mut().zip(snapshot.bands) {
            *shown = level.max(*shown + (level - *shown) / FALL_HOPS);
        }
        self.strip.push(&snapshot.frame.mel, snapshot.orbit.onset_detected);
        self.hops = (self.hops + 1) % TRAIL_HOPS;
        if self.hops == 0 {
            keep(&mut self.trail, TRAIL_POINTS, self.mood);
        }
    }

    /// Takes in the moment of a picture, `elapsed_s` after the last one.
    pub fn picture(&mut self, moment: &Moment, elapsed_s: f64) {
        self.time_s += elapsed_s.clamp(0.0, 1.0);
        self.mood = moment.mood;
        keep(&mut self.tail, TAIL_POINTS, (moment.c, self.time_s));
        while self.tail.front().is_some_and(|(_, time_s)| self.time_s - time_s > TAIL_S) {
            self.tail.pop_front();
        }
        if moment.idle > 0.99 {
            self.trail.clear();
            self.bands = [0.0; BANDS];
        }
    }

    /// How old a point of the tail is, 0 (now) .. 1 (about to go).
    pub fn age(&self, time_s: f64) -> f32 {
        ((self.time_s - time_s) / TAIL_S).clamp(0.0, 1.0) as f32
    }
}

fn ease(shown: &mut [f32], now: &[f32], hops: f32) {
    for (shown, now) in shown.iter_mut().zip(now) {
        *shown += (now - *shown) / hops;
    }
}

/// Appends, with the oldest giving way.
fn keep<T>(queue: &mut VecDeque<T>, limit: usize, item: T) {
    if queue.len() == limit {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// The mel spectrum of the last seconds, as a ring of columns.
///
/// ```text
/// column   0 1 2 … newest | oldest … COLUMNS - 1
/// ```
pub struct Strip {
    /// Levels 0..1, `[column][row]`, low frequencies first.
    levels: Box<[[f32; ROWS]; COLUMNS]>,
    /// Whether an onset was found in the column.
    onsets: Box<[bool; COLUMNS]>,
    /// Columns written since the beginning.
    written: u64,
}

impl Default for Strip {
    fn default() -> Self {
        Self { levels: Box::new([[0.0; ROWS]; COLUMNS]), onsets: Box::new([false; COLUMNS]), written: 0 }
    }
}

impl Strip {
    fn push(&mut self, mel: &[f32; N_MEL], onset: bool) {
        let column = self.head();
        let (rows, per_row) = (&mut self.levels[column], N_MEL / ROWS);
        for (row, bands) in rows.iter_mut().zip(mel.chunks_exact(per_row)) {
            *row = bands.iter().sum::<f32>() / per_row as f32;
        }
        self.onsets[column] = onset;
        self.written += 1;
    }

    /// The column that is written next, which is the oldest.
    pub fn head(&self) -> usize {
        (self.written % COLUMNS as u64) as usize
    }

    /// Columns written since the beginning.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Levels of a column, low frequencies first.
    pub fn column(&self, column: usize) -> &[f32; ROWS] {
        &self.levels[column % COLUMNS]
    }

    /// Where onsets were found: columns back from the newest, 0 ... [`COLUMNS`] - 1.
    pub fn onsets(&self) -> impl Iterator<Item = usize> + '_ {
        let head = self.head();
        (0..COLUMNS).filter(move |back| self.onsets[(head + 2 * COLUMNS - 1 - back) % COLUMNS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onsets_move_back_with_the_columns_and_go_at_the_end() {
        let mut strip = Strip::default();
        strip.push(&[0.5; N_MEL], true);
        assert_eq!(strip.onsets().collect::<Vec<_>>(), [0]);
        for _ in 0..7 {
            strip.push(&[0.0; N_MEL], false);
        }
        assert_eq!(strip.onsets().collect::<Vec<_>>(), [7]);
        assert_eq!(strip.column(0), &[0.5; ROWS]);
        for _ in 0..COLUMNS - 8 {
            strip.push(&[0.0; N_MEL], false);
        }
        assert_eq!(strip.onsets().collect::<Vec<_>>(), [COLUMNS - 1]);
        strip.push(&[0.0; N_MEL], false);
        assert_eq!(strip.onsets().count(), 0);
    }

    #[test]
    fn nothing_grows_without_end() {
        let mut history = History::default();
        let moment = super::super::clock::Clock::default().advance(0.01);
        for _ in 0..10_000 {
            history.picture(&Moment { idle: 0.0, ..moment }, 0.001);
        }
        assert!(history.tail.len() <= TAIL_POINTS);
    }
}
