//! Chord voicings: the notes of a chord where the hand already is.

use dendrite_pipeline::Chord;

/// Most notes of a chord.
pub(crate) const NOTES: usize = 4;
/// Lowest note and highest note, without the octave control.
const RANGE: [i32; 2] = [48, 79];
/// How much a semitone away from the middle counts against a semitone of movement.
const CENTRING: f32 = 0.2;

/// Up to four notes, ascending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Voicing {
    notes: [u8; NOTES],
    count: usize,
}

impl Voicing {
    /// The notes, ascending.
    pub(crate) fn notes(&self) -> &[u8] {
        &self.notes[..self.count]
    }

    fn of(notes: &[i32]) -> Self {
        let mut voicing = Self::default();
        for (slot, &note) in voicing.notes.iter_mut().zip(notes) {
            *slot = note.clamp(0, 127) as u8;
            voicing.count += 1;
        }
        voicing.notes[..voicing.count].sort_unstable();
        voicing
    }

    /// Semitones that the voices move from another voicing, lowest to lowest and so on; voices that only one has come from
    /// or go to the nearest of the other.
    pub(crate) fn movement(&self, before: &Voicing) -> f32 {
        let (more, fewer) = if self.count >= before.count { (self, before) } else { (before, self) };
        if fewer.count == 0 {
            return 0.0;
        }
        let distance = |a: u8, b: u8| (f32::from(a) - f32::from(b)).abs();
        if more.count == fewer.count {
            return more.notes().iter().zip(fewer.notes()).map(|(&a, &b)| distance(a, b)).sum();
        }
        let nearest = |&a: &u8| fewer.notes().iter().map(|&b| distance(a, b)).fold(f32::MAX, f32::min);
        more.notes().iter().map(nearest).sum()
    }

    /// Moves all notes by whole octaves, as far as MIDI goes.
    pub(crate) fn shift(&mut self, octaves: i8) {
        let by = 12 * i32::from(octaves.clamp(-3, 3));
        for note in &mut self.notes[..self.count] {
            let mut moved = i32::from(*note) + by;
            while moved < 0 {
                moved += 12;
            }
            while moved > 127 {
                moved -= 12;
            }
            *note = moved as u8;
        }
    }

    fn mean(&self) -> f32 {
        self.notes().iter().map(|&note| f32::from(note)).sum::<f32>() / self.count.max(1) as f32
    }
}

/// The voicing of a chord that moves least from `before` and lies near `centre`. `open` asks for a wide one: the second note
/// from above goes down an octave.
pub(crate) fn lead(chord: Chord, before: Option<&Voicing>, centre: f32, open: bool) -> Voicing {
    let intervals = chord.quality.intervals();
    let mut best: Option<(f32, Voicing)> = None;
    for lowest in RANGE[0]..=RANGE[1] - 12 {
        let above_root = (lowest - i32::from(chord.root)).rem_euclid(12) as u8;
        let Some(inversion) = intervals.iter().position(|&interval| interval == above_root) else { continue };
        let mut notes = [0; NOTES];
        let mut note = lowest;
        for (n, slot) in notes.iter_mut().take(intervals.len()).enumerate() {
            if n > 0 {
                let from = intervals[(inversion + n - 1) % intervals.len()];
                let to = intervals[(inversion + n) % intervals.len()];
                note += (i32::from(to) - i32::from(from)).rem_euclid(12);
            }
            *slot = note;
        }
        let notes = &mut notes[..intervals.len()];
        if open {
            notes[intervals.len() - 2] -= 12;
        }
        if notes.iter().any(|note| !(RANGE[0] - 5..=RANGE[1]).contains(note)) {
            continue;
        }
        let voicing = Voicing::of(notes);
        let moved = before.map_or(0.0, |before| voicing.movement(before));
        let cost = moved + CENTRING * voicing.notes().len() as f32 * (voicing.mean() - centre).abs();
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, voicing));
        }
    }
    best.map_or_else(Voicing::default, |(_, voicing)| voicing)
}

#[cfg(test)]
mod tests {
    use dendrite_pipeline::Quality;

    use super::*;

    #[test]
    fn every_chord_has_all_its_notes_in_range() {
        for class in 0..64 {
            let chord = Chord::of_class(class).unwrap();
            for open in [false, true] {
                for centre in [52.0, 62.0, 72.0] {
                    let voicing = lead(chord, None, centre, open);
                    let mut classes: Vec<u8> = voicing.notes().iter().map(|note| note % 12).collect();
                    assert!(voicing.notes().iter().all(|&note| chord.contains(note)), "{chord} {voicing:?}");
                    classes.sort_unstable();
                    classes.dedup();
                    assert_eq!(classes.len(), chord.quality.intervals().len(), "{chord} {voicing:?}");
                    assert!(voicing.notes().is_sorted());
                }
            }
        }
    }

    #[test]
    fn common_tones_stay() {
        // Textbook: from C to Am and from C to F two or one tones stay and the others move by step.
        let chord = |root, quality| Chord { root, quality };
        let c = lead(chord(0, Quality::Major), None, 62.0, false);
        let a_minor = lead(chord(9, Quality::Minor), Some(&c), 62.0, false);
        assert!(a_minor.movement(&c) <= 2.0, "{c:?} {a_minor:?}");
        let f = lead(chord(5, Quality::Major), Some(&c), 62.0, false);
        assert!(f.movement(&c) <= 3.0, "{c:?} {f:?}");
        let g7 = lead(chord(7, Quality::Dominant), Some(&c), 62.0, false);
        assert!(g7.movement(&c) <= 6.0, "{c:?} {g7:?}");
    }
}
