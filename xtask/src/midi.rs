//! What a hosted plug-in played, as a MIDI file, with keys and chords from its trace.

use anyhow::{Context, Result};
use dendrite_composer::{Key, Message, Record, Scale, Voice, What, midi_file};
use dendrite_host::{Event, EventKind};
use dendrite_pipeline::{CHORDS, Chord, PITCH_NAMES};

use crate::trace::Trace;

/// The voices' channels by default.
const CHANNELS: [(u8, Voice); 4] =
    [(0, Voice::Melody), (1, Voice::Chords), (2, Voice::Bass), (9, Voice::Drums)];

/// Everything that was played while the transport ran from quarter note 0 at a constant tempo in four quarters.
pub struct Performance {
    records: Vec<Record>,
}

impl Performance {
    /// From the events of a run and the trace of the same run.
    pub fn new(events: &[Event], trace: &Trace, bpm: f64, rate: u32) -> Result<Self> {
        let beats = |sample: f64| sample / f64::from(rate) * bpm / 60.0;
        let at = |beats, what| Record { beats, what };
        let mut records = vec![at(0.0, What::Meter(16, false)), at(0.0, What::Tempo(bpm))];
        let samples = trace.numbers("sample")?;
        let (keys, chords) = (trace.text("played_key")?, trace.text("played_chord")?);
        for (hop, &sample) in samples.iter().enumerate() {
            if hop == 0 || keys[hop] != keys[hop - 1] {
                records.extend(key(keys[hop]).map(|(key, scale)| at(beats(sample), What::Key(key, scale))));
            }
            if hop == 0 || chords[hop] != chords[hop - 1] {
                records.push(at(beats(sample), What::Chord(chord(chords[hop]))));
            }
        }
        for event in events {
            let message = match event.kind {
                EventKind::NoteOn { channel, key, velocity } => {
                    Message::NoteOn { channel, key, velocity: (127.0 * velocity).round() as u8 }
                }
                EventKind::NoteOff { channel, key, .. } => Message::NoteOff { channel, key },
                EventKind::MidiCc { channel, controller, value } => {
                    Message::Controller { channel, controller, value }
                }
                _ => continue,
            };
            let channel = match message {
                Message::NoteOn { channel, .. }
                | Message::NoteOff { channel, .. }
                | Message::Controller { channel, .. } => channel,
            };
            let voice = CHANNELS.iter().find(|(number, _)| *number == channel).map(|(_, voice)| *voice);
            records.push(at(beats(f64::from(event.offset)), What::Played(voice, message)));
        }
        records.sort_by(|a, b| a.beats.total_cmp(&b.beats));
        Ok(Self { records })
    }

    /// The bytes of the file.
    pub fn file(&self) -> Result<Vec<u8>> {
        midi_file::write_song(&self.records).context("writing what was played as MIDI")
    }

    /// Bars with notes.
    pub fn bars(&self) -> usize {
        self.notes().map(|(_, beats)| (beats / 4.0).floor().max(0.0) as usize + 1).max().unwrap_or(0)
    }

    /// Notes of a voice.
    pub fn count(&self, of: Voice) -> usize {
        self.notes().filter(|(voice, _)| *voice == of).count()
    }

    fn notes(&self) -> impl Iterator<Item = (Voice, f64)> {
        self.records.iter().filter_map(|record| match record.what {
            What::Played(Some(voice), Message::NoteOn { .. }) => Some((voice, record.beats)),
            _ => None,
        })
    }

    /// Keys and chords in the order in which they came.
    pub fn harmony(&self) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut chords) = (Vec::new(), Vec::new());
        for record in &self.records {
            match record.what {
                What::Key(key, scale) => {
                    let tonic = PITCH_NAMES[usize::from(key.tonic % 12)];
                    keys.push(format!("{tonic} {}", scale.name().to_lowercase()));
                }
                What::Chord(Some(chord)) => chords.push(chord.to_string()),
                _ => {}
            }
        }
        (keys, chords)
    }
}

/// "A harmonic minor", as the trace spells it.
fn key(text: &str) -> Option<(Key, Scale)> {
    let (tonic, name) = text.split_once(' ')?;
    let tonic = PITCH_NAMES.iter().position(|other| *other == tonic)? as u8;
    let scale = Scale::ALL.into_iter().find(|scale| scale.name().to_lowercase() == name)?;
    Some((Key { tonic, minor: scale.is_minor() }, scale))
}

fn chord(text: &str) -> Option<Chord> {
    (0..CHORDS).filter_map(Chord::of_class).find(|chord| chord.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_chords_are_read_as_they_are_written() {
        let (a_minor, scale) = key("A harmonic minor").unwrap();
        assert_eq!((a_minor, scale), (Key { tonic: 9, minor: true }, Scale::HarmonicMinor));
        assert_eq!(key("-"), None);
        assert_eq!(chord("C#m7").map(Chord::class), Some(37));
        assert_eq!(chord("-"), None);
    }
}
