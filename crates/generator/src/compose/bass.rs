//! Bass: roots, and the ways between them.

use super::Draft;
use super::drums::kick_steps;
use super::harmony::{Slot, tones};
use super::plan::{Plan, SectionPlan};
use crate::random::Stream;
use crate::{Ensemble, Voice};

/// How the bass moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// One tone per chord.
    Whole,
    /// Root and fifth in turn, on strong beats.
    RootAndFifth,
    /// Repeated roots on every other sixteenth.
    Pump,
    /// As `Pump`, every other tone an octave higher.
    Octaves,
    /// A tone per beat, towards the next root.
    Walking,
    /// With the kick drum.
    WithKick,
}

pub(super) fn write(plan: &Plan, slots: &[Slot], drafts: &mut Vec<Draft>) {
    let mut register = Stream::new(plan.seed, "bass register", 0);
    let piece_centre = register.range(36.0, 43.0);
    let mut before = piece_centre as u8;
    for (index, section) in plan.sections.iter().enumerate() {
        if !section.plays[2] {
            continue;
        }
        let mut stream = Stream::new(plan.seed, "bass style", section.material);
        let style = draw_style(plan, section, &mut stream);
        let mut stream = Stream::new(plan.seed, "bass", index);
        let centre = piece_centre + 3.0 * section.cues.register;
        let range = section.first_bar..section.first_bar + section.bars;
        for (at, slot) in slots.iter().enumerate().filter(|(_, slot)| range.contains(&slot.bar)) {
            let next = slots.get(at + 1).map_or(slot.chord, |next| next.chord);
            let root = nearest(slot.chord.bass, centre, before);
            before = root;
            let end = slot.step + slot.steps;
            let steps = steps(plan, section, style, slot);
            for (position, &step) in steps.iter().enumerate() {
                let until = steps.get(position + 1).copied().unwrap_or(end);
                let pitch = match style {
                    Style::Octaves if position % 2 == 1 => root + 12,
                    Style::RootAndFifth if position % 2 == 1 => fifth(slot, root),
                    Style::Walking if position > 0 => {
                        let goal = nearest(next.bass, centre, root);
                        let last = position + 1 == steps.len();
                        walk(section, slot, before, goal, last, &mut stream)
                    }
                    Style::WithKick | Style::Pump if position > 0 && stream.chance(0.08) => fifth(slot, root),
                    _ => root,
                };
                if style == Style::Walking {
                    before = pitch;
                }
                drafts.push(Draft {
                    voice: Voice::Bass,
                    bar: slot.bar,
                    step,
                    steps: (until - step) as f32,
                    pitch,
                    accent: if position == 0 { 3.0 } else { 0.0 },
                    spread_s: 0.0,
                    held: style == Style::Whole,
                });
            }
        }
    }
}

fn draw_style(plan: &Plan, section: &SectionPlan, stream: &mut Stream) -> Style {
    let occupancy = section.occupancy(plan.meter);
    if matches!(plan.ensemble, Ensemble::Ambient | Ensemble::Sparse) || occupancy < 0.2 {
        return Style::Whole;
    }
    let styles =
        [Style::Whole, Style::RootAndFifth, Style::Pump, Style::Octaves, Style::Walking, Style::WithKick];
    let busy = (2.0 * occupancy).min(1.0);
    let with_drums = if section.plays[3] { 1.2 } else { 0.0 };
    styles[stream.weighted([
        1.0 - 0.8 * busy,
        0.8,
        0.9 * busy,
        0.3 * busy,
        0.35 * (1.0 - busy) + 0.2,
        with_drums,
    ])]
}

/// Steps of the style within a chord, the first of the chord always among them. Ascending.
fn steps(plan: &Plan, section: &SectionPlan, style: Style, slot: &Slot) -> Vec<usize> {
    let beat = plan.meter.steps_per_beat();
    let wanted = |step: usize| match style {
        Style::Whole => false,
        Style::RootAndFifth => plan.meter.is_beat(step) && (beat == 6 || step.is_multiple_of(8)),
        Style::Walking => plan.meter.is_beat(step),
        Style::Pump | Style::Octaves => step.is_multiple_of(2) && section.allows(step),
        Style::WithKick => kick_steps(plan, section).contains(&step),
    };
    (slot.step..slot.step + slot.steps).filter(|step| *step == slot.step || wanted(*step)).collect()
}

/// The pitch of a class nearest to a mixture of the instrument's middle and the note before.
fn nearest(class: u8, centre: f32, before: u8) -> u8 {
    let aim = 0.6 * centre + 0.4 * f32::from(before);
    (26..=57_u8)
        .filter(|pitch| pitch % 12 == class)
        .min_by(|a, b| (f32::from(*a) - aim).abs().total_cmp(&(f32::from(*b) - aim).abs()))
        .unwrap_or(36)
}

/// The chord's fifth (perfect or not) above the root, or below it if that is too high.
fn fifth(slot: &Slot, root: u8) -> u8 {
    let class = (slot.chord.root + slot.chord.quality.intervals()[2]) % 12;
    let up = (class + 12 - root % 12) % 12;
    if up > 0 && root + up > 50 && root + up >= 38 { root + up - 12 } else { root + up }
}

/// A scale or chord tone between two pitches; the last one a step away from the goal.
fn walk(section: &SectionPlan, slot: &Slot, from: u8, goal: u8, last: bool, stream: &mut Stream) -> u8 {
    let allowed = tones(section.key, slot.chord);
    let scale = |pitch: u8| allowed & (1 << (pitch % 12)) != 0;
    let aim = if last { f32::from(goal) } else { (f32::from(from) + f32::from(goal)) / 2.0 };
    (26..=57_u8)
        .filter(|pitch| *pitch != from && *pitch != goal)
        .filter(|pitch| if last { scale(*pitch) } else { slot.chord.contains(*pitch) })
        .map(|pitch| {
            let far = (f32::from(pitch) - aim).abs() + 0.3 * (f32::from(pitch) - f32::from(from)).abs();
            (far + 2.5 * stream.unit(), pitch)
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(from, |(_, pitch)| pitch)
}
