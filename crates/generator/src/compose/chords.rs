//! Accompaniment: chords voiced with little movement, in one of several textures.

use super::Draft;
use super::harmony::Slot;
use super::plan::{Plan, SectionPlan};
use crate::random::Stream;
use crate::{Chord, Family, Meter, Sound, Voice};

/// How chords are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texture {
    /// Held for as long as the chord lasts.
    Pad,
    /// All tones at once, in a rhythm.
    Block,
    /// All tones, one shortly after the other, in a rhythm.
    Strum,
    /// One tone at a time, upwards, downwards or both.
    Arpeggio(Direction),
    /// The lowest tone on the beat, the others between.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
    UpAndDown,
}

impl Texture {
    /// Whether it fills the grid.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Texture::Arpeggio(_) | Texture::Broken)
    }
}

/// A texture for every section; sections of the same material and instrument share theirs.
pub(super) fn textures(plan: &Plan, sound: &Sound) -> Vec<Texture> {
    let texture = |(index, section): (usize, &SectionPlan)| {
        let patch = sound.casting[index].chords;
        let family = sound.patches[patch].family;
        let mut stream = Stream::new(plan.seed, "texture", 8 * section.material + patch);
        let direction = stream.pick(&[Direction::Up, Direction::Up, Direction::Down, Direction::UpAndDown]);
        let arpeggio = Texture::Arpeggio(direction);
        let all = [Texture::Pad, Texture::Block, Texture::Strum, arpeggio, Texture::Broken];
        let mut weights = match family {
            Family::Plucked => [0.0, 0.12, 0.45, 0.38, 0.05],
            Family::Overdriven => [0.2, 0.35, 0.35, 0.1, 0.0],
            family if family.sustains() => [0.45, 0.32, 0.0, 0.18, 0.05],
            _ => [0.1, 0.4, 0.05, 0.3, 0.15],
        };
        // Somebody has to play the notes that the density asks for.
        if !section.plays[3] && section.occupancy(plan.meter) > 0.35 {
            weights = weights.map(|weight| 0.25 * weight);
            weights[3] += 0.5;
            weights[4] += 0.15;
        }
        if plan.ensemble == crate::Ensemble::Ambient {
            weights[0] += 2.0;
        }
        all[stream.weighted(weights)]
    };
    plan.sections.iter().enumerate().map(texture).collect()
}

pub(super) fn write(plan: &Plan, slots: &[Slot], textures: &[Texture], drafts: &mut Vec<Draft>) {
    for (index, section) in plan.sections.iter().enumerate() {
        if section.plays[1] {
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
    let mut stream = Stream::new(plan.seed, "chords", index);
    let mut shared = Stream::new(plan.seed, "comping", section.material);
    let taste: Vec<f32> = (0..plan.meter.steps()).map(|_| shared.normal()).collect();
    let four = shared.chance(0.35);
    let mood = section.mood();
    // Open for calm and pleasant music, close for excited music (ours).
    let section_span = 14.0 - 6.0 * mood.arousal + 3.5 * mood.valence + 2.0 * stream.normal();
    let centre = if section.plays[0] {
        57.0 + 6.0 * section.cues.register
    } else {
        // Without a melody the top of the chords is what one follows.
        60.0 + 18.0 * section.cues.register - section.key.shift_to_c() as f32
    };
    let centre = centre.clamp(44.0, 80.0);
    let comp_steps = comping(plan.meter, section, &taste, section.plays[3]);
    let busy = busy_steps(plan, section);

    let mut voicing: Vec<u8> = Vec::new();
    let mut turn = 0;
    let in_section =
        slots.iter().filter(|slot| (section.first_bar..section.first_bar + section.bars).contains(&slot.bar));
    for slot in in_section {
        let span = (section_span + 1.5 * stream.normal()).clamp(7.0, 28.0);
        voicing = voice(slot.chord, centre, span, four, section.plays[2], &voicing);
        let end = slot.step + slot.steps;
        let inside = |steps: &[usize]| -> Vec<usize> {
            steps.iter().copied().filter(|step| (slot.step..end).contains(step)).collect()
        };
        let mut strike = |step: usize, until: usize, tones: &[u8], spread_s: f32, held: bool, accent: f32| {
            for (order, pitch) in tones.iter().enumerate() {
                drafts.push(Draft {
                    voice: Voice::Chords,
                    bar: slot.bar,
                    step,
                    steps: (until - step) as f32,
                    pitch: *pitch,
                    accent: accent - 1.5 * order as f32,
                    spread_s: spread_s * order as f32,
                    held,
                });
            }
        };
        match texture {
            Texture::Pad => strike(slot.step, end, &voicing, 0.0, true, -4.0),
            Texture::Block | Texture::Strum => {
                let mut steps = inside(&comp_steps);
                if steps.first() != Some(&slot.step) && (steps.is_empty() || stream.chance(0.7)) {
                    steps.insert(0, slot.step);
                }
                for (position, &step) in steps.iter().enumerate() {
                    let until = steps.get(position + 1).copied().unwrap_or(end);
                    let spread_s = match texture {
                        Texture::Strum => stream.range(0.008, 0.022),
                        _ => 0.0,
                    };
                    let upstroke = texture == Texture::Strum && plan.meter.weight(step) < 0.4;
                    let mut tones = voicing.clone();
                    if upstroke {
                        tones.reverse();
                        tones.truncate(3);
                    }
                    strike(step, until, &tones, spread_s, false, if upstroke { -5.0 } else { 0.0 });
                }
            }
            Texture::Arpeggio(direction) => {
                let mut steps = inside(&busy);
                if steps.first() != Some(&slot.step) {
                    steps.insert(0, slot.step);
                }
                for (position, &step) in steps.iter().enumerate() {
                    let until = steps.get(position + 1).copied().unwrap_or(end);
                    let tone = arpeggio_tone(direction, turn, voicing.len());
                    turn += 1;
                    strike(step, until, &voicing[tone..=tone], 0.0, false, 0.0);
                }
                if plan.meter.steps() == end {
                    turn = 0;
                }
            }
            Texture::Broken => {
                let mut steps = inside(&busy);
                if steps.first() != Some(&slot.step) {
                    steps.insert(0, slot.step);
                }
                for (position, &step) in steps.iter().enumerate() {
                    let until = steps.get(position + 1).copied().unwrap_or(end);
                    if plan.meter.is_beat(step) {
                        strike(step, until, &voicing[..1], 0.0, false, 2.0);
                    } else {
                        strike(step, until, &voicing[1..], 0.0, false, -4.0);
                    }
                }
            }
        }
    }
}

fn arpeggio_tone(direction: Direction, turn: usize, tones: usize) -> usize {
    match direction {
        Direction::Up => turn % tones,
        Direction::Down => tones - 1 - turn % tones,
        Direction::UpAndDown if tones > 1 => {
            let place = turn % (2 * (tones - 1));
            if place < tones { place } else { 2 * (tones - 1) - place }
        }
        Direction::UpAndDown => 0,
    }
}

/// Steps of a chord rhythm: fewer where drums keep time.
fn comping(meter: Meter, section: &SectionPlan, taste: &[f32], drums: bool) -> Vec<usize> {
    let share = if drums { 0.4 } else { 0.75 };
    let count = (share * section.steps.len() as f32).round().clamp(1.0, 8.0) as usize;
    let mut steps = section.steps.clone();
    let rank = |step: usize| meter.weight(step) + 0.28 * taste[step];
    steps.sort_by(|a, b| rank(*b).total_cmp(&rank(*a)));
    steps.truncate(count);
    steps.sort_unstable();
    steps
}

/// All steps of the section, ascending; behind drums not more than ten a second.
fn busy_steps(plan: &Plan, section: &SectionPlan) -> Vec<usize> {
    let mut steps = section.steps.clone();
    let bar_s = plan.step_s(section.first_bar) * plan.meter.steps() as f64;
    steps.truncate(((10.0 * bar_s) as usize).max(1));
    steps.sort_unstable();
    steps
}

/// A voicing of about `span` semitones around `centre` that moves least from the one before. Ascending.
fn voice(chord: Chord, centre: f32, span: f32, four: bool, over_bass: bool, before: &[u8]) -> Vec<u8> {
    let classes: Vec<u8> = chord.pitch_classes().collect();
    let tones = if four || classes.len() > 3 { 4 } else { 3 };
    let gap = (0.62 * span / (tones - 1) as f32) as u8;
    let mut best = (f32::INFINITY, Vec::new());
    for lowest in (centre as u8).saturating_sub(20)..centre as u8 + 4 {
        let class = lowest % 12;
        // Without a bass player the lowest tone of the chord is its bass.
        if (!over_bass && class != chord.bass) || (over_bass && !classes.contains(&class)) {
            continue;
        }
        let mut voicing = vec![lowest];
        let mut left: Vec<u8> = classes.iter().copied().filter(|other| *other != class).collect();
        while voicing.len() < tones {
            if left.is_empty() {
                left = vec![classes[0]];
            }
            let from = voicing[voicing.len() - 1] + gap.max(1);
            let above = |class: u8| (class + 12 - from % 12) % 12;
            let Some(position) = (0..left.len()).min_by_key(|position| above(left[*position])) else { break };
            let next = from + above(left.remove(position));
            voicing.push(next);
        }
        let mean = voicing.iter().map(|pitch| f32::from(*pitch)).sum::<f32>() / voicing.len() as f32;
        let width = f32::from(voicing[voicing.len() - 1] - lowest);
        let movement: f32 = voicing
            .iter()
            .map(|pitch| before.iter().map(|other| pitch.abs_diff(*other)).min().map_or(0.0, f32::from))
            .sum();
        // Low thirds are mud.
        let mud = if lowest < 48 && voicing[1] - lowest < 6 { 4.0 } else { 0.0 };
        let cost = movement + (mean - centre).abs() + 0.8 * (width - span).abs() + mud;
        if cost < best.0 {
            best = (cost, voicing);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quality;

    #[test]
    fn voicings_hold_every_tone_and_move_little() {
        let mut before = Vec::new();
        for step in 0..48_u8 {
            for quality in Quality::ALL {
                let root = (step * 5) % 12;
                let chord = Chord { root, quality, bass: root };
                let now = voice(chord, 60.0, 14.0, step % 2 == 0, step % 3 == 0, &before);
                assert!(
                    chord.pitch_classes().all(|class| now.iter().any(|pitch| pitch % 12 == class)),
                    "{now:?}"
                );
                assert!(now.is_sorted() && now.iter().all(|pitch| chord.contains(*pitch)), "{now:?}");
                let outer = |voicing: &[u8]| f32::from(voicing[0] + voicing[voicing.len() - 1]) / 2.0;
                assert!(before.is_empty() || (outer(&now) - outer(&before)).abs() < 13.0);
                before = now;
            }
        }
    }
}
