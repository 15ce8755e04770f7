//! Groove: when and how strongly each sixteenth of a bar is played.

use serde::{Deserialize, Serialize};

use crate::{GRID, Meter, Mood, Note};

/// Timing and accents of a section, as drawn. Bars of 12 sixteenths use the first 12 values; the rest is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Groove {
    /// Fractions of a sixteenth, -0.5 (early) to 0.5 (late).
    pub offsets: [f32; GRID],
    /// 0 to 1. Velocities follow them; whether a step is played at all is the pattern's business.
    pub accents: [f32; GRID],
}

/// Timing and accents as measured on the notes of one bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BarGroove {
    /// Mean offset of the notes of the step, in fractions of a sixteenth, -0.5 to 0.5; 0 where nothing is played.
    pub offsets: [f32; GRID],
    /// Largest velocity on the step / 127; 0 where nothing is played.
    pub accents: [f32; GRID],
    /// Where something is played, and `offsets` therefore known.
    pub played: [bool; GRID],
    /// Where `accents` says something: all steps of the bar, none of them if the whole bar is empty.
    pub in_bar: [bool; GRID],
}

impl Groove {
    /// What a mood suggests, before any scatter.
    ///
    /// Swing grows with valence, playing behind the beat goes with low arousal and ahead of it with high arousal; accents
    /// stand out more with arousal. Directions follow reviews of performance cues (Juslin and Laukka 2003: happiness has
    /// light, sadness little accent contrast, anger sharp contrasts); magnitudes are ours, within the swing ratios of
    /// 1:1 to 2:1 that jazz drummers play at these tempos (Friberg and Sundström 2002).
    pub(crate) fn of(mood: Mood, meter: Meter) -> Groove {
        let Mood { valence, arousal } = mood;
        let swing = (0.17 + 0.19 * valence - 0.05 * arousal).max(-0.02);
        let drag = -0.1 * arousal - 0.03 * valence;
        let mut groove = Groove { offsets: [0.0; GRID], accents: [0.0; GRID] };
        for step in 0..meter.steps() {
            let weight = meter.weight(step);
            groove.offsets[step] = match step % meter.steps_per_beat() {
                0 if meter.backbeats().contains(&step) => 1.2 * drag + 0.02,
                0 => 0.8 * drag,
                2 if meter != Meter::SixEight => swing + 0.5 * drag,
                1 => 0.6 * swing + 0.4 * drag,
                3 => 0.75 * swing + 0.4 * drag,
                _ => 0.5 * swing + 0.6 * drag,
            };
            let backbeat = if meter.backbeats().contains(&step) { 0.12 + 0.12 * arousal } else { 0.0 };
            groove.accents[step] =
                0.32 + (0.36 + 0.1 * arousal) * weight + backbeat + 0.1 * arousal - 0.05 * valence;
        }
        groove.clamped(meter)
    }

    /// Within the stated ranges, and nothing beyond the bar.
    pub(crate) fn clamped(mut self, meter: Meter) -> Groove {
        for step in 0..GRID {
            let inside = step < meter.steps();
            self.offsets[step] = if inside { self.offsets[step].clamp(-0.5, 0.5) } else { 0.0 };
            self.accents[step] = if inside { self.accents[step].clamp(0.0, 1.0) } else { 0.0 };
        }
        self
    }
}

impl BarGroove {
    /// Measures the notes of one bar.
    pub(crate) fn measure(notes: &[Note], meter: Meter) -> BarGroove {
        let mut groove = BarGroove {
            offsets: [0.0; GRID],
            accents: [0.0; GRID],
            played: [false; GRID],
            in_bar: std::array::from_fn(|step| !notes.is_empty() && step < meter.steps()),
        };
        let mut counts = [0.0_f32; GRID];
        for note in notes {
            groove.offsets[note.step] += note.offset;
            counts[note.step] += 1.0;
            groove.played[note.step] = true;
            groove.accents[note.step] = groove.accents[note.step].max(f32::from(note.velocity) / 127.0);
        }
        for (offset, count) in groove.offsets.iter_mut().zip(counts) {
            *offset /= count.max(1.0);
        }
        groove
    }
}
