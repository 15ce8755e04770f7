//! The beat grid: samples to quarter notes and back, and where a sixteenth lies in its bar.

/// Sixteenths per quarter note.
pub const STEPS_PER_BEAT: f64 = 4.0;

/// A steady tempo through one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// A host sample ...
    pub sample: u64,
    /// ... and the position there, in quarter notes; may be negative.
    pub beats: f64,
    /// Quarter notes per minute, more than 0.
    pub bpm: f64,
    /// Host samples per second.
    pub rate: u32,
    /// Quarter notes per bar.
    pub beats_per_bar: f64,
    /// Where the current bar begins in quarter notes, if the host says so; else bars are counted from 0.
    pub bar_start: Option<f64>,
    /// Whether the meter is compound (6/8, 9/8, 12/8): its beats are dotted quarters.
    pub compound: bool,
}

impl Grid {
    /// Position at a sample in quarter notes.
    pub fn beats_at(&self, sample: u64) -> f64 {
        let samples = if sample >= self.sample {
            (sample - self.sample) as f64
        } else {
            -((self.sample - sample) as f64)
        };
        self.beats + samples / f64::from(self.rate) * self.bpm / 60.0
    }

    /// The first sample at or after a position; 0 for positions before sample 0.
    pub fn sample_at(&self, beats: f64) -> u64 {
        let samples = (beats - self.beats) * 60.0 / self.bpm * f64::from(self.rate);
        // A position that was computed from a sample leads back to it, whatever the rounding was.
        let samples = (samples - 1e-6).ceil();
        let sample = self.sample as f64 + samples;
        if sample <= 0.0 { 0 } else { sample as u64 }
    }

    /// Seconds of a sixteenth.
    pub fn step_s(&self) -> f64 {
        60.0 / self.bpm / STEPS_PER_BEAT
    }

    /// Sixteenths of a bar, at least one.
    pub fn steps_per_bar(&self) -> u32 {
        (self.beats_per_bar * STEPS_PER_BEAT).round().clamp(1.0, 256.0) as u32
    }

    /// Where a sixteenth lies.
    pub fn place(&self, step: i64) -> BarStep {
        let steps = i64::from(self.steps_per_bar());
        let (first_bar, first_step) = match self.bar_start {
            Some(start) => {
                let start = (start * STEPS_PER_BEAT).round() as i64;
                (start.div_euclid(steps), start)
            }
            None => (0, 0),
        };
        let after = step - first_step;
        BarStep {
            bar: first_bar + after.div_euclid(steps),
            step: after.rem_euclid(steps) as u32,
            steps: steps as u32,
            beat_steps: if self.compound { 6 } else { 4 },
        }
    }
}

/// A sixteenth within its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarStep {
    /// Number of the bar, from 0 where the song begins; may be negative.
    pub bar: i64,
    /// Sixteenth within it, from 0.
    pub step: u32,
    /// Sixteenths of the bar.
    pub steps: u32,
    /// Sixteenths of a beat: 4, or 6 in compound meters.
    pub beat_steps: u32,
}

impl BarStep {
    /// Whether it lies on a beat of the bar.
    pub fn on_beat(&self) -> bool {
        self.step.is_multiple_of(self.beat_steps)
    }

    /// The beat of the bar that it lies on, from 0; `None` between beats.
    pub fn beat(&self) -> Option<u32> {
        self.on_beat().then(|| self.step / self.beat_steps)
    }

    /// How heavy the step is, 0..1: downbeat, middle of the bar, beats, eighths, sixteenths.
    pub fn weight(&self) -> f32 {
        match self.step {
            0 => 1.0,
            step if self.on_beat() && step * 2 == self.steps => 0.85,
            _ if self.on_beat() => 0.7,
            step if step.is_multiple_of(2) => 0.45,
            _ => 0.15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(bpm: f64, beats: f64) -> Grid {
        Grid { sample: 1_000, beats, bpm, rate: 44_100, beats_per_bar: 4.0, bar_start: None, compound: false }
    }

    #[test]
    fn samples_lead_to_positions_and_back() {
        for bpm in [33.3, 97.0, 120.0, 171.7] {
            let grid = grid(bpm, -7.25);
            for sample in (1_000..400_000).step_by(997) {
                assert_eq!(grid.sample_at(grid.beats_at(sample)), sample, "{bpm}");
            }
            // A position between two samples has the later one.
            let step = grid.beats_at(1_001) - grid.beats_at(1_000);
            assert_eq!(grid.sample_at(grid.beats_at(5_000) + 0.3 * step), 5_001);
        }
        assert_eq!(grid(120.0, 100.0).sample_at(0.0), 0);
    }

    #[test]
    fn bars_are_counted_through_zero_and_from_where_the_host_says() {
        let place = |step| {
            let place = grid(120.0, 0.0).place(step);
            (place.bar, place.step)
        };
        assert_eq!([place(0), place(15), place(16), place(-1)], [(0, 0), (0, 15), (1, 0), (-1, 15)]);
        // Seven eighths, the bar beginning at 10.5 quarters: the third bar of them.
        let seven = Grid { beats_per_bar: 3.5, bar_start: Some(10.5), ..grid(120.0, 11.0) };
        let place = |step| seven.place(step);
        assert_eq!(place(42), BarStep { bar: 3, step: 0, steps: 14, beat_steps: 4 });
        assert_eq!(place(56), BarStep { bar: 4, step: 0, steps: 14, beat_steps: 4 });
        assert_eq!(place(41), BarStep { bar: 2, step: 13, steps: 14, beat_steps: 4 });
    }
}
