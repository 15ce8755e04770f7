//! Summary: what is known of the finished notes.

use std::collections::BTreeMap;

use super::harmony::Slot;
use super::performance::Played;
use super::plan::{Plan, note_rate_cue, tempo_cue};
use crate::expression::{Measured, Track};
use crate::{
    Bar, BarGroove, Casting, ChordSpan, Control, Controller, Cues, Drum, Expression, Labels, Mood, Note,
    Onset, Score, Section, Sound, Split, Voice, onset,
};

pub(super) fn summarise(
    seed: u64,
    split: Split,
    plan: &Plan,
    slots: Vec<Slot>,
    played: Played,
    mut sound: Sound,
) -> Score {
    let Played { notes, controls, grooves } = played;
    // The room rings on after the last note.
    let last_s = notes.iter().map(|note| note.onset_s + note.duration_s).fold(0.0, f64::max);
    let duration_s = plan.duration_s.max(last_s + 0.5);
    let by_bar = by_bar(plan, &notes);
    let gates = gates(&notes);

    let bars = plan
        .bars
        .iter()
        .enumerate()
        .map(|(index, bar)| {
            let bar_notes: Vec<Note> = by_bar[index].iter().map(|note| notes[*note]).collect();
            let bar_gates: Vec<Option<f32>> = by_bar[index].iter().map(|note| gates[*note]).collect();
            let measured = Measured {
                meter: plan.meter,
                start_s: bar.start_s,
                end_s: bar.end_s,
                notes: &bar_notes,
                gates: &bar_gates,
                groove: &grooves[bar.section],
                controls: &controls,
            };
            Bar {
                start_s: bar.start_s,
                end_s: bar.end_s,
                tempo_bpm: bar.tempo_bpm,
                section: bar.section,
                groove: BarGroove::measure(&bar_notes, plan.meter),
                expression: Expression::measure(&measured),
            }
        })
        .collect();

    let count = plan.sections.len();
    let sections = plan
        .sections
        .iter()
        .enumerate()
        .map(|(index, section)| {
            let start_s = plan.bars[section.first_bar].start_s;
            let end_s = plan.bars[section.first_bar + section.bars - 1].end_s;
            let bars = section.first_bar..section.first_bar + section.bars;
            let inside: Vec<usize> = bars.flat_map(|bar| by_bar[bar].clone()).collect();
            let own = Own {
                start_s,
                end_s,
                notes: inside.iter().map(|note| notes[*note]).collect(),
                gates: inside.iter().filter_map(|note| gates[*note]).collect(),
            };
            let cues = Cues {
                mode: section.cues.mode,
                tempo: tempo_cue(plan.bars[section.first_bar].tempo_bpm as f32),
                ..own.cues(&controls)
            };
            let plays = Voice::ALL.map(|voice| own.notes.iter().any(|note| note.voice == voice));
            let bright = instruments(&sound, &sound.casting[index], plays);
            let cues = Cues { brightness: (0.5 * cues.brightness + 0.5 * bright).clamp(-1.0, 1.0), ..cues };
            Section {
                name: section.name,
                start_s: if index == 0 { 0.0 } else { start_s },
                end_s: if index + 1 == count { duration_s } else { end_s },
                first_bar: section.first_bar,
                bars: section.bars,
                key: section.key,
                mood: Mood::of(&cues),
                target: section.target,
                cues,
                groove: grooves[index],
                plays,
            }
        })
        .collect();

    let beats_s = (0..plan.bars.len())
        .flat_map(|bar| (0..plan.meter.beats()).map(move |beat| (bar, beat * plan.meter.steps_per_beat())))
        .map(|(bar, step)| plan.time_s(bar, step as f64))
        .collect();
    let onsets = onsets(plan, &notes, &sound);
    let labels = Labels {
        version: crate::VERSION,
        seed,
        split,
        key: plan.key,
        meter: plan.meter,
        tempo_bpm: plan.tempo_bpm,
        duration_s,
        beats_s,
        bars,
        sections,
        chords: spans(plan, &slots, duration_s),
        notes,
        onsets,
        controls,
    };
    sound.patches.shrink_to_fit();
    Score { labels, sound }
}

/// Own brightness of the instruments that play, -1 to 1.
pub(super) fn instruments(sound: &Sound, casting: &Casting, plays: [bool; 4]) -> f32 {
    let patches = [casting.melody, casting.chords, casting.bass];
    let (mut sum, mut total) = (0.0, 0.0);
    for ((patch, plays), weight) in patches.into_iter().zip(plays).zip([0.4, 0.4, 0.2]) {
        if plays {
            let patch = &sound.patches[patch];
            sum += weight * (patch.family.brightness() + patch.brightness - 1.0);
            total += weight;
        }
    }
    if total > 0.0 { (sum / total / 0.6).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Indices of the notes of each bar.
fn by_bar(plan: &Plan, notes: &[Note]) -> Vec<Vec<usize>> {
    let mut bars = vec![Vec::new(); plan.bars.len()];
    for (index, note) in notes.iter().enumerate() {
        bars[note.bar].push(index);
    }
    bars
}

/// Share of the time to the voice's next attack for which each pitched note is held.
fn gates(notes: &[Note]) -> Vec<Option<f32>> {
    let mut gates = vec![None; notes.len()];
    for voice in [Voice::Melody, Voice::Chords, Voice::Bass] {
        let mut own: Vec<usize> = (0..notes.len()).filter(|index| notes[*index].voice == voice).collect();
        own.sort_by_key(|index| (notes[*index].bar, notes[*index].step));
        let place = |index: usize| (notes[index].bar, notes[index].step);
        let mut at = 0;
        while at < own.len() {
            let end = (at..own.len()).find(|next| place(own[*next]) > place(own[at])).unwrap_or(own.len());
            let next_s = own[end..]
                .iter()
                .take_while(|index| place(**index) == place(own[end]))
                .map(|index| notes[*index].onset_s)
                .fold(f64::INFINITY, f64::min);
            for index in &own[at..end] {
                let note = &notes[*index];
                let gate = note.duration_s / (next_s - note.onset_s).max(0.01);
                gates[*index] = Some(if next_s.is_finite() { gate.min(1.0) as f32 } else { 1.0 });
            }
            at = end;
        }
    }
    gates
}

/// What a section's cues are measured on.
struct Own {
    start_s: f64,
    end_s: f64,
    notes: Vec<Note>,
    /// Of the pitched notes.
    gates: Vec<f32>,
}

impl Own {
    /// All cues but mode and tempo; of brightness the controller's half, over its whole range.
    fn cues(&self, controls: &[Control]) -> Cues {
        let attacks = self.notes.iter().map(|note| Onset { time_s: note.onset_s, strength: 1.0 }).collect();
        let rate = onset::merge(attacks).len() as f64 / (self.end_s - self.start_s);
        let level = |controller| {
            let track = Track::new(controls, controller);
            let at = |index: u8| {
                track.at(self.start_s + (self.end_s - self.start_s) * (f64::from(index) + 0.5) / 64.0)
            };
            mean((0..64).map(at)).unwrap_or(64.0) / 127.0
        };
        let loudness = mean(self.notes.iter().map(|note| f32::from(note.velocity)))
            .map(|velocity| velocity * level(Controller::Expression).sqrt());
        let unit = |value: Option<f32>| value.unwrap_or(0.0).clamp(-1.0, 1.0);
        Cues {
            mode: 0.0,
            tempo: 0.0,
            note_rate: note_rate_cue(rate as f32),
            register: unit(self.register().map(|pitch| (pitch - 67.0) / 18.0)),
            dynamics: unit(loudness.map(|velocity| (velocity - 70.0) / 40.0)),
            articulation: unit(mean(self.gates.iter().copied()).map(|gate| (0.62 - gate) / 0.38)),
            brightness: unit(Some(2.0 * level(Controller::Brightness) - 1.0)),
        }
    }

    /// Mean pitch of the highest voice by duration; of chords, the top of each attack, which one hears as the line.
    fn register(&self) -> Option<f32> {
        let voice =
            Voice::ALL[..3].iter().copied().find(|voice| self.notes.iter().any(|n| n.voice == *voice))?;
        let mut tops: BTreeMap<(usize, usize), Note> = BTreeMap::new();
        let (mut pitch, mut weight) = (0.0, 0.0);
        let mut count = |note: &Note| {
            pitch += f64::from(note.pitch) * note.duration_s;
            weight += note.duration_s;
        };
        for note in self.notes.iter().filter(|note| note.voice == voice) {
            if voice == Voice::Chords {
                let top = tops.entry((note.bar, note.step)).or_insert(*note);
                if note.pitch > top.pitch {
                    *top = *note;
                }
            } else {
                count(note);
            }
        }
        tops.values().for_each(&mut count);
        Some((pitch / weight) as f32)
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Chords over time, equal neighbours joined.
fn spans(plan: &Plan, slots: &[Slot], duration_s: f64) -> Vec<ChordSpan> {
    let mut spans = vec![ChordSpan { start_s: 0.0, end_s: 0.0, chord: None }];
    for slot in slots {
        let section = plan.section_of(slot.bar);
        let chord = (section.plays[1] || section.plays[2]).then_some(slot.chord);
        let start_s = plan.time_s(slot.bar, slot.step as f64);
        let last = spans.len() - 1;
        if spans[last].chord != chord {
            spans[last].end_s = start_s;
            spans.push(ChordSpan { start_s, end_s: start_s, chord });
        }
    }
    let last = spans.len() - 1;
    let end_s = plan.bars[plan.bars.len() - 1].end_s;
    spans[last].end_s = end_s;
    if spans[last].chord.is_some() {
        spans.push(ChordSpan { start_s: end_s, end_s: duration_s, chord: None });
    } else {
        spans[last].end_s = duration_s;
    }
    spans.retain(|span| span.end_s > span.start_s);
    spans
}

/// Attacks as heard: velocity, instrument and how fast it speaks.
fn onsets(plan: &Plan, notes: &[Note], sound: &Sound) -> Vec<Onset> {
    let attack = |note: &Note| {
        let force = (f32::from(note.velocity) / 127.0).powf(1.2);
        let casting = &sound.casting[plan.bars[note.bar].section];
        let clarity = match note.voice {
            Voice::Drums => match Drum::of_key(note.pitch) {
                Some(Drum::Kick | Drum::Snare | Drum::Clap | Drum::Crash | Drum::LowTom | Drum::HighTom) => {
                    0.9
                }
                Some(Drum::Shaker | Drum::Tambourine | Drum::Ride) => 0.4,
                _ => 0.5,
            },
            Voice::Melody => 0.8 * speaks(sound.patches[casting.melody].attack_s),
            Voice::Chords => 0.5 * speaks(sound.patches[casting.chords].attack_s),
            Voice::Bass => 0.7 * speaks(sound.patches[casting.bass].attack_s),
        };
        Onset { time_s: note.onset_s, strength: (force * clarity).min(0.98) }
    };
    onset::merge(notes.iter().map(attack).collect())
}

/// 1 for what speaks at once, a half at an attack of 60 ms.
fn speaks(attack_s: f32) -> f32 {
    1.0 / (1.0 + attack_s / 0.06)
}
