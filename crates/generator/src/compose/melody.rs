//! Melody: phrases of four bars made of motifs, which come back with other pitches over other chords.

use super::Draft;
use super::chords::Texture;
use super::harmony::{Slot, tones};
use super::plan::{Plan, SectionPlan};
use crate::random::Stream;
use crate::{Chord, GRID, Key, Mood, SectionName, Voice};

/// One bar of rhythm and shape.
struct Motif {
    /// Which steps are preferred.
    taste: [f32; GRID],
    /// Distance from the phrase's line, in semitones.
    shape: [f32; GRID],
}

impl Motif {
    fn draw(stream: &mut Stream) -> Motif {
        let taste = std::array::from_fn(|_| stream.normal());
        let mut position = 0.0;
        let shape = std::array::from_fn(|_| {
            position = 0.75 * position + 1.6 * stream.normal();
            position
        });
        Motif { taste, shape }
    }
}

/// Which motif each bar of a phrase uses.
const PHRASES: [[usize; 4]; 5] = [[0, 0, 1, 0], [0, 1, 0, 2], [0, 0, 0, 1], [0, 1, 0, 1], [0, 1, 2, 1]];

pub(super) fn write(plan: &Plan, slots: &[Slot], textures: &[Texture], drafts: &mut Vec<Draft>) {
    for (index, section) in plan.sections.iter().enumerate() {
        if section.plays[0] {
            write_section(plan, section, index, slots, textures[index], drafts);
        }
    }
}

fn write_section(
    plan: &Plan,
    section: &SectionPlan,
    index: usize,
    slots: &[Slot],
    texture: Texture,
    drafts: &mut Vec<Draft>,
) {
    let mood = section.mood();
    let mut shared = Stream::new(plan.seed, "motifs", section.material);
    let mut motifs: Vec<Motif> = (0..3).map(|_| Motif::draw(&mut shared)).collect();
    let phrase = shared.pick(&PHRASES);
    let direction = if shared.chance(0.5 + 0.3 * mood.valence) { 1.0 } else { -1.0 };
    let syncopation = shared.range(0.1, 0.3);
    let mut stream = Stream::new(plan.seed, "melody", index);

    // Where drums or an arpeggio keep the grid busy, a melody takes part of it, otherwise most.
    let leads = !section.plays[3] && !texture.is_busy();
    let share = if leads { 0.9 } else { (0.55 + 0.12 * section.cues.note_rate).clamp(0.3, 0.8) };
    // Nobody sings more than seven notes a second for long.
    let bar_s = plan.step_s(section.first_bar) * plan.meter.steps() as f64;
    let most = (7.0 * bar_s) as f32;
    let count = (share * section.steps.len() as f32).min(most).round().max(1.0) as usize;

    let centre = 67.0 + 18.0 * section.cues.register - section.key.shift_to_c() as f32;
    let width = 2.6 + 1.1 * mood.arousal + if section.name == SectionName::Solo { 1.5 } else { 0.0 };
    let mut before: Option<u8> = None;
    for bar in 0..section.bars {
        if section.name == SectionName::Solo && bar % 2 == 0 {
            motifs[0] = Motif::draw(&mut stream);
            motifs[1] = Motif::draw(&mut stream);
        }
        let motif = &motifs[phrase[bar % 4]];
        let ending = bar % 4 == 3 || bar + 1 == section.bars;
        let steps =
            rhythm(plan, section, motif, if ending { count.div_ceil(2) } else { count }, syncopation, ending);
        for (position, &step) in steps.iter().enumerate() {
            let next =
                steps.get(position + 1).copied().unwrap_or(plan.meter.steps() + if ending { 0 } else { 1 });
            let length = (next - step) as f32;
            let chord = chord_at(slots, section.first_bar + bar, step);
            // The line of the phrase: an arch, tilted up or down.
            let along = ((bar % 4) as f32 + step as f32 / plan.meter.steps() as f32) / 4.0;
            let arch = 4.0 * along * (1.0 - along) - 0.5 + direction * (along - 0.5);
            let aim = centre + width * (0.7 * arch + 0.42 * motif.shape[step]);
            let strong =
                plan.meter.weight(step) >= 0.7 || length >= 4.0 || (ending && position + 1 == steps.len());
            let chord_tones_only = strong && stream.chance(0.85);
            let pitch = choose(aim, before, section.key, chord, chord_tones_only, mood, &mut stream);
            before = Some(pitch);
            drafts.push(Draft {
                voice: Voice::Melody,
                bar: section.first_bar + bar,
                step,
                steps: length.min(plan.meter.steps() as f32),
                pitch,
                accent: 6.0,
                spread_s: 0.0,
                held: false,
            });
        }
    }
}

/// The steps of a bar on which the melody moves, ascending.
fn rhythm(
    plan: &Plan,
    section: &SectionPlan,
    motif: &Motif,
    count: usize,
    syncopation: f32,
    ending: bool,
) -> Vec<usize> {
    let mut steps: Vec<usize> = section.steps.clone();
    if ending {
        // Phrases breathe: nothing new begins in the last quarter of their last bar.
        steps.retain(|step| 4 * step < 3 * plan.meter.steps());
    }
    let rank = |step: usize| plan.meter.weight(step) + syncopation * motif.taste[step];
    steps.sort_by(|a, b| rank(*b).total_cmp(&rank(*a)));
    steps.truncate(count.max(1));
    if steps.is_empty() {
        steps.push(0);
    }
    steps.sort_unstable();
    steps
}

pub(super) fn chord_at(slots: &[Slot], bar: usize, step: usize) -> Chord {
    let after = slots.partition_point(|slot| (slot.bar, slot.step) <= (bar, step));
    slots[after.saturating_sub(1)].chord
}

/// The pitch near `aim` that suits chord, scale, mood and the note before best, with a little chance.
fn choose(
    aim: f32,
    before: Option<u8>,
    key: Key,
    chord: Chord,
    chord_tones_only: bool,
    mood: Mood,
    stream: &mut Stream,
) -> u8 {
    let allowed = tones(key, chord);
    let centre = aim.round().clamp(40.0, 96.0) as i32;
    let mut best = (f32::INFINITY, centre);
    for pitch in centre - 8..=centre + 8 {
        let class = pitch.rem_euclid(12) as u8;
        let in_chord = chord.pitch_classes().any(|tone| tone == class);
        if allowed & (1 << class) == 0 || (chord_tones_only && !in_chord) {
            continue;
        }
        let mut cost = (pitch as f32 - aim).abs() - if in_chord { 0.9 } else { 0.0 } + 0.7 * stream.unit();
        if let Some(before) = before {
            let leap = (pitch - i32::from(before)).abs() as f32;
            cost += 0.3 * leap + if leap == 0.0 { 1.0 } else { 0.0 } + if leap > 9.0 { 2.0 } else { 0.0 };
        }
        // Glad melodies dwell on third and sixth, sad ones on the tones between which semitones lie.
        let above = (class + 12 - key.tonic) % 12;
        cost -= match above {
            4 | 9 => 1.5 * mood.valence.max(0.0),
            3 | 8 | 1 => 1.5 * (-mood.valence).max(0.0),
            0 | 7 => 0.8 * mood.arousal.max(0.0),
            _ => 0.0,
        };
        if cost < best.0 {
            best = (cost, pitch);
        }
    }
    best.1.clamp(28, 108) as u8
}
