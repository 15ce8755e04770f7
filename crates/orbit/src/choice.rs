//! Which component comes next when a section begins.

use crate::atlas::{Atlas, Component, ComponentId};
use crate::random::Keyed;

/// Points that a gear of distance from the gear that fits the energy costs.
const ENERGY_COST: f64 = 1.0;

/// Points that a gear of distance from the present one costs beyond the first.
const LEAP_COST: f64 = 1.2;

/// Points for touching the present component.
const KIN_BONUS: f64 = 0.3;

/// Size of the keyed chance, points: enough to vary among near equals, too little to outweigh a gear.
const CHANCE: f64 = 0.9;

/// What the choice depends on, all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub seed: u64,
    pub section: u32,
    pub present: ComponentId,
    /// The one before the present one: not straight back to it.
    pub before: Option<ComponentId>,
    /// 0 the quietest, 1 the loudest stretches of the music.
    pub energy: f64,
}

/// The best of [`Atlas::automatic`] for the occasion: neighbouring gears preferred, energy matched to gear, never the
/// present one nor straight back, and a chance keyed by seed and section number. Does not allocate.
pub(crate) fn next_component<'a>(atlas: &'a Atlas, occasion: &Occasion) -> &'a Component {
    let present = atlas.get(occasion.present).unwrap_or(atlas.cardioid());
    let fitting_gear = 1.0 + 4.0 * occasion.energy.clamp(0.0, 1.0);
    let mut best = (f64::NEG_INFINITY, present);
    for (i, id) in (0u64..).zip(atlas.automatic()) {
        if *id == occasion.present || Some(*id) == occasion.before {
            continue;
        }
        let Some(candidate) = atlas.get(*id) else { continue };
        let gear = f64::from(candidate.gear());
        let leap = (gear - f64::from(present.gear())).abs();
        let chance = Keyed::new(occasion.seed, u64::from(occasion.section) << 8 | i).unit();
        let kin = if present.neighbours().contains(id) { KIN_BONUS } else { 0.0 };
        let score = kin + CHANCE * chance
            - ENERGY_COST * (gear - fitting_gear).abs()
            - LEAP_COST * (leap - 1.0).max(0.0);
        if score > best.0 {
            best = (score, candidate);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(seed: u64, energies: impl Iterator<Item = f64>) -> Vec<ComponentId> {
        let atlas = Atlas::shared();
        let mut way = vec![ComponentId::CARDIOID];
        for (section, energy) in (1u32..).zip(energies) {
            let present = way[way.len() - 1];
            let before = way.len().checked_sub(2).map(|i| way[i]);
            way.push(next_component(atlas, &Occasion { seed, section, present, before, energy }).id());
        }
        way
    }

    #[test]
    fn it_never_stays_never_returns_at_once_and_repeats_itself() {
        for seed in 0..20 {
            let energies = || (0..60u64).map(move |k| Keyed::new(seed + 100, k).unit());
            let way = walk(seed, energies());
            assert!(way.windows(2).all(|w| w[0] != w[1]));
            assert!(way.windows(3).all(|w| w[0] != w[2]));
            assert_eq!(way, walk(seed, energies()));
        }
        assert_ne!(walk(1, std::iter::repeat_n(0.5, 20)), walk(2, std::iter::repeat_n(0.5, 20)));
    }

    #[test]
    fn gears_change_by_few_steps_and_follow_the_energy() {
        let gear = |id: &ComponentId| f64::from(id.period.min(5));
        let mut leaps = [0u32; 5];
        let (mut quiet, mut loud) = (0.0, 0.0);
        for seed in 0..20 {
            let way = walk(seed, (0..60u64).map(|k| Keyed::new(seed + 100, k).unit()));
            for w in way.windows(2) {
                leaps[(gear(&w[0]) - gear(&w[1])).abs() as usize] += 1;
            }
            quiet += walk(seed, std::iter::repeat_n(0.1, 20)).iter().map(gear).sum::<f64>();
            loud += walk(seed, std::iter::repeat_n(0.9, 20)).iter().map(gear).sum::<f64>();
        }
        // At most one gear in four changes out of five, even though the energy here is white noise.
        let total: u32 = leaps.iter().sum();
        assert!(leaps[0] + leaps[1] > total * 3 / 5, "{leaps:?}");
        assert!(leaps[3] + leaps[4] < total / 10, "{leaps:?}");
        assert!(loud > quiet * 1.5, "{loud} against {quiet}");
    }
}
