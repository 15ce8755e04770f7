//! The chord that is played to: the heard posterior, smoothed, with changes that land on beats.

use dendrite_pipeline::{CHORDS, Chord, Harmony};

/// Time constant of the smoothing, in seconds.
const SMOOTHING_S: f32 = 0.18;
/// A chord stays for at least so many quarter notes.
const DWELL_BEATS: f64 = 1.0;
/// Another chord must be likelier than the one in force by this.
const MARGIN: f32 = 0.12;
/// ... and at least this likely.
const LEAST: f32 = 0.3;

/// Follows chords.
#[derive(Clone, Debug)]
pub(crate) struct ChordTracker {
    smoothed: [f32; CHORDS],
    in_force: Option<Chord>,
    /// Position of the last change in quarter notes.
    since: f64,
}

impl Default for ChordTracker {
    fn default() -> Self {
        Self { smoothed: [1.0 / CHORDS as f32; CHORDS], in_force: None, since: f64::NEG_INFINITY }
    }
}

impl ChordTracker {
    /// Hears a hop of `hop_s` seconds. Without a chord, as in silence and noise, what was heard before stays.
    pub(crate) fn hear(&mut self, harmony: &Harmony, hop_s: f32) {
        if harmony.chord.is_none() {
            return;
        }
        let share = 1.0 - (-hop_s / SMOOTHING_S).exp();
        for (smoothed, &heard) in self.smoothed.iter_mut().zip(&harmony.probabilities) {
            if heard.is_finite() {
                *smoothed += share * (heard - *smoothed);
            }
        }
    }

    /// At the beginning of a bar: changes to the likeliest chord. What was in force before does not count, so that it does not
    /// matter for long where a song was entered; and most chords change here.
    pub(crate) fn bar(&mut self, beats: f64) {
        self.change(beats, 0.0);
    }

    /// At another beat: changes to the likeliest chord, if it is much likelier than the one in force and that has been there for
    /// long enough.
    pub(crate) fn beat(&mut self, beats: f64) {
        let stays = beats >= self.since && beats - self.since < DWELL_BEATS;
        if !stays {
            self.change(beats, MARGIN);
        }
    }

    fn change(&mut self, beats: f64, margin: f32) {
        let best =
            (0..CHORDS).fold(0, |best, i| if self.smoothed[i] > self.smoothed[best] { i } else { best });
        let current = self.in_force.map_or(0.0, |chord| self.smoothed[chord.class()]);
        if self.smoothed[best] >= LEAST && self.smoothed[best] > current + margin {
            self.in_force = Chord::of_class(best);
            self.since = beats;
        }
    }

    /// The chord in force; `None` before the first.
    pub(crate) fn chord(&self) -> Option<Chord> {
        self.in_force
    }

    /// After a seek the chord in force stays, but may change at once.
    pub(crate) fn jump(&mut self) {
        self.since = f64::NEG_INFINITY;
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(class: usize) -> Harmony {
        let mut probabilities = [0.3 / 63.0; CHORDS];
        probabilities[class] = 0.7;
        Harmony::of(probabilities, 0.5)
    }

    #[test]
    fn changes_wait_for_a_beat_and_do_not_flicker() {
        let mut tracker = ChordTracker::default();
        let hop_s = 1024.0 / 48_000.0;
        (0..20).for_each(|_| tracker.hear(&heard(0), hop_s));
        assert_eq!(tracker.chord(), None, "no beat yet");
        tracker.beat(4.0);
        assert_eq!(tracker.chord(), Chord::of_class(0));
        // One frame of something else changes nothing; half a second of it does, on the next beat.
        tracker.hear(&heard(19), hop_s);
        tracker.beat(5.0);
        assert_eq!(tracker.chord(), Chord::of_class(0));
        (0..24).for_each(|_| tracker.hear(&heard(19), hop_s));
        assert_eq!(tracker.chord(), Chord::of_class(0));
        tracker.beat(6.0);
        assert_eq!(tracker.chord(), Chord::of_class(19));
        // It stays for a beat, and silence leaves it.
        (0..60).for_each(|_| tracker.hear(&heard(5), hop_s));
        tracker.beat(6.5);
        assert_eq!(tracker.chord(), Chord::of_class(19));
        (0..200).for_each(|_| tracker.hear(&Harmony::default(), hop_s));
        tracker.beat(7.0);
        assert_eq!(tracker.chord(), Chord::of_class(5));
    }
}
