//! Drums: patterns with fills and crashes.

use super::Draft;
use super::plan::{Plan, SectionPlan};
use crate::random::Stream;
use crate::{Drum, Ensemble, Meter, SectionName, Voice};

/// What kind of pattern a piece keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Kick on one and three, snare on two and four.
    Rock,
    /// Kick on every beat, open hats between.
    Floor,
    /// Snare on three alone.
    HalfTime,
    /// Syncopated kick, ghost notes.
    Funk,
    /// The ride leads.
    Ride,
    /// Side stick and shaker.
    Latin,
}

fn style(plan: &Plan) -> Style {
    let mut stream = Stream::new(plan.seed, "drum style", 0);
    let fast = ((plan.tempo_bpm - 90.0) / 60.0).clamp(0.0, 1.0) as f32;
    let all = [Style::Rock, Style::Floor, Style::HalfTime, Style::Funk, Style::Ride, Style::Latin];
    all[stream.weighted([1.4, 0.4 + 0.6 * fast, 0.25 + 0.4 * fast, 0.6 - 0.3 * fast, 0.5, 0.4])]
}

/// Steps of the kick, ascending. The bass may follow them whether the drums play or not.
pub(super) fn kick_steps(plan: &Plan, section: &SectionPlan) -> Vec<usize> {
    let mut shared = Stream::new(plan.seed, "kick", section.material);
    let steps = match plan.meter {
        Meter::ThreeFour => shared.pick(&[&[0][..], &[0, 8], &[0, 10], &[0, 6]]),
        Meter::SixEight => shared.pick(&[&[0][..], &[0, 4], &[0, 6, 10], &[0, 10]]),
        Meter::FourFour => match style(plan) {
            Style::Rock => {
                shared.pick(&[&[0, 8][..], &[0, 8, 10], &[0, 6, 8], &[0, 7, 10], &[0, 2, 8, 10], &[0, 10]])
            }
            Style::Floor => &[0, 4, 8, 12][..],
            Style::HalfTime => shared.pick(&[&[0][..], &[0, 6], &[0, 10], &[0, 3, 14]]),
            Style::Funk => shared.pick(&[&[0, 3, 10][..], &[0, 6, 10, 15], &[0, 7, 10], &[0, 2, 7, 11]]),
            Style::Ride => shared.pick(&[&[0][..], &[0, 8], &[0, 10]]),
            Style::Latin => shared.pick(&[&[0, 6, 8, 14][..], &[0, 8], &[0, 3, 8, 11]]),
        },
    };
    // A thin section keeps the strong ones.
    let thin = section.occupancy(plan.meter) < 0.3;
    steps.iter().copied().filter(|step| *step == 0 || !thin || section.allows(*step)).collect()
}

pub(super) fn write(plan: &Plan, drafts: &mut Vec<Draft>) {
    let style = style(plan);
    let mut piece = Stream::new(plan.seed, "drums", 0);
    let clap = piece.chance(if style == Style::Floor { 0.6 } else { 0.15 });
    let side_stick_in_verses = piece.chance(0.25);
    let fills = piece.range(0.2, 0.9);
    let percussion = piece.weighted([0.6, 0.2, 0.2]);
    for (index, section) in plan.sections.iter().enumerate() {
        if !section.plays[3] {
            continue;
        }
        let mut stream = Stream::new(plan.seed, "drum section", index);
        let loud = matches!(section.name, SectionName::Chorus | SectionName::Solo);
        let rides = style == Style::Ride || (loud && stream.chance(0.35));
        let soft = side_stick_in_verses && !loud;
        let kit_only_hats = section.name == SectionName::Intro && stream.chance(0.25);
        let kicks = kick_steps(plan, section);
        let back: &[usize] = match (style, plan.meter) {
            (Style::HalfTime, Meter::FourFour) => &[8],
            _ => plan.meter.backbeats(),
        };
        let occupancy = section.occupancy(plan.meter);
        for bar in 0..section.bars {
            let fill = bar + 1 == section.bars && section.bars > 1 && stream.chance(fills);
            let fill_from = if fill { plan.meter.steps() - plan.meter.steps_per_beat() } else { usize::MAX };
            let mut hit = |drum: Drum, step: usize, accent: f32| {
                drafts.push(Draft {
                    voice: Voice::Drums,
                    bar: section.first_bar + bar,
                    step,
                    steps: 1.0,
                    pitch: drum.key(),
                    accent,
                    spread_s: 0.0,
                    held: false,
                });
            };
            for step in 0..plan.meter.steps() {
                if step >= fill_from {
                    // Down the toms, as dense as the section is.
                    if occupancy > 0.6 || step % 2 == 0 {
                        let late = 2 * (step - fill_from) >= plan.meter.steps_per_beat();
                        hit(
                            if late { Drum::LowTom } else { stream.pick(&[Drum::Snare, Drum::HighTom]) },
                            step,
                            3.0,
                        );
                    }
                    continue;
                }
                if kicks.contains(&step) && !kit_only_hats {
                    hit(Drum::Kick, step, 2.0);
                } else if style == Style::Rock
                    && occupancy > 0.6
                    && step % 2 == 0
                    && step > 8
                    && stream.chance(0.06)
                {
                    hit(Drum::Kick, step, -4.0);
                }
                if back.contains(&step) && !kit_only_hats && (occupancy > 0.18 || step == back[0]) {
                    let drum = match (soft || (style == Style::Latin && !loud), clap) {
                        (true, _) => Drum::SideStick,
                        (false, true) => Drum::Clap,
                        (false, false) => Drum::Snare,
                    };
                    hit(drum, step, 4.0);
                } else if style == Style::Funk
                    && [7, 9, 15].contains(&step)
                    && section.allows(step)
                    && stream.chance(0.5)
                {
                    hit(Drum::Snare, step, -26.0);
                }
                if section.allows(step) {
                    let between = style == Style::Floor && step % 4 == 2;
                    let drum = match (rides, percussion) {
                        _ if between && stream.chance(0.8) => Drum::OpenHat,
                        (true, _) => Drum::Ride,
                        _ if step == plan.meter.steps() - 2 && stream.chance(0.12) => Drum::OpenHat,
                        (false, 2) if style == Style::Latin => Drum::Shaker,
                        _ => Drum::ClosedHat,
                    };
                    hit(drum, step, -8.0);
                    if percussion == 1 && loud && step % 2 == 0 {
                        hit(Drum::Tambourine, step, -14.0);
                    }
                }
            }
            if bar == 0 && section.first_bar > 0 && loud && plan.ensemble == Ensemble::Band {
                hit(Drum::Crash, 0, 4.0);
            }
        }
    }
}
