//! The host's transport: where in the song a block begins.

/// Transport at the first sample of a block. Beats are quarter notes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    /// The song is running.
    pub playing: bool,
    /// The host is recording.
    pub recording: bool,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// Song position in quarter notes; negative during a count-in.
    pub position_beats: f64,
    /// Song position in seconds.
    pub position_seconds: f64,
    /// Start of the current bar in quarter notes.
    pub bar_start_beats: f64,
    /// Number of the current bar; the first is 0. VST3 has no field for it.
    pub bar_number: i32,
    /// Beats per bar and the note value of a beat.
    pub time_signature: (u16, u16),
    /// Start and end of the loop in quarter notes, while looping.
    pub loop_beats: Option<(f64, f64)>,
}

impl Default for Transport {
    /// Stopped at the start of a song in 4/4 at 120 bpm.
    fn default() -> Self {
        Self {
            playing: false,
            recording: false,
            tempo_bpm: 120.0,
            position_beats: 0.0,
            position_seconds: 0.0,
            bar_start_beats: 0.0,
            bar_number: 0,
            time_signature: (4, 4),
            loop_beats: None,
        }
    }
}

impl Transport {
    /// Playing from the start of a song at a constant tempo.
    pub fn playing(tempo_bpm: f64, time_signature: (u16, u16)) -> Self {
        Self { playing: true, tempo_bpm, time_signature, ..Self::default() }
    }

    /// Length of a bar in quarter notes; 4 for a signature with a zero in it.
    pub fn beats_per_bar(&self) -> f64 {
        let (count, value) = self.time_signature;
        if count == 0 || value == 0 { 4.0 } else { f64::from(count) * 4.0 / f64::from(value) }
    }

    /// The same transport at another song position in seconds; bar and beat follow from the constant tempo.
    pub fn at_seconds(mut self, seconds: f64) -> Self {
        self.position_seconds = seconds;
        self.position_beats = seconds * self.tempo_bpm / 60.0;
        self.find_bar();
        self
    }

    /// The same transport at another song position in quarter notes.
    pub fn at_beats(mut self, beats: f64) -> Self {
        self.position_beats = beats;
        self.position_seconds = if self.tempo_bpm > 0.0 { beats * 60.0 / self.tempo_bpm } else { 0.0 };
        self.find_bar();
        self
    }

    fn find_bar(&mut self) {
        let bar = self.beats_per_bar();
        let number = (self.position_beats / bar).floor();
        self.bar_number = number as i32;
        self.bar_start_beats = number * bar;
    }

    /// Where the transport stands `samples` after a start at `self`, at a constant tempo; it stays put while stopped.
    ///
    /// Inside the loop the position wraps at the loop's end.
    pub fn advanced(self, samples: u64, sample_rate: f64) -> Self {
        if !self.playing || samples == 0 {
            return self;
        }
        let seconds = self.position_seconds + samples as f64 / sample_rate;
        let mut moved = self;
        moved.position_seconds = seconds;
        moved.position_beats = self.position_beats + samples as f64 / sample_rate * self.tempo_bpm / 60.0;
        if let Some((start, end)) = self.loop_beats
            && end > start
            && self.position_beats < end
            && moved.position_beats >= end
        {
            let wrapped = start + (moved.position_beats - start).rem_euclid(end - start);
            return moved.at_beats(wrapped);
        }
        moved.find_bar();
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_bar_and_beat_follow_the_tempo() {
        // 150 bpm: 2.5 beats per second; 7/8 has 3.5 quarter notes a bar.
        let t = Transport::playing(150.0, (7, 8)).at_seconds(3.0);
        assert_eq!(t.position_beats, 7.5);
        assert_eq!(t.bar_number, 2);
        assert_eq!(t.bar_start_beats, 7.0);
        assert_eq!(t.at_beats(7.5).position_seconds, 3.0);
    }

    #[test]
    fn a_stopped_transport_stays_and_a_loop_wraps() {
        let stopped = Transport::default();
        assert_eq!(stopped.advanced(48_000, 48_000.0), stopped);
        let looping = Transport { loop_beats: Some((0.0, 4.0)), ..Transport::playing(120.0, (4, 4)) };
        let after = looping.at_beats(3.0).advanced(48_000, 48_000.0);
        assert_eq!(after.position_beats, 1.0, "3 beats + 2 beats in a loop of 4");
    }

    #[test]
    fn count_in_has_negative_bars() {
        let t = Transport::playing(120.0, (4, 4)).at_beats(-1.0);
        assert_eq!((t.bar_number, t.bar_start_beats), (-1, -4.0));
    }
}
