//! How the orbit moves: locked to the bars, alive with onsets, gliding through seeks and sections.

use std::f64::consts::TAU;

use dendrite_orbit::{
    Atlas, Clock, ComponentId, Controls, HOP_S, HopInput, Lock, Orbit, OrbitState, Settings, angle,
};

const QUIET: Settings = Settings {
    impact_amount: 0.0,
    section_sensitivity: 0.5,
    lock: Lock::Automatic,
    bars_per_turn: 1.0,
    s_bias: 0.0,
    residual_depth: 0.0,
    smoothing_s: 0.08,
    seed: 7,
};

fn input(clock: Clock) -> HopInput<'static> {
    HopInput {
        controls: Controls { s: 0.9, alpha: 0.3, omega_scale: 1.0, gates: [0.5; 6] },
        onset: 0.0,
        loudness: 0.5,
        texture: &[0.5; 128],
        silent: false,
        clock,
    }
}

fn at(position_bars: f64) -> Clock {
    Clock::Transport { position_bars, bars_per_second: 0.5, jumped: false }
}

fn turns(state: &OrbitState) -> f64 {
    state.theta / TAU
}

/// Distance of two angles in turns, at most one half.
fn apart(a: f64, b: f64) -> f64 {
    (a - b - (a - b).round()).abs()
}

#[test]
fn without_onsets_theta_is_the_bar_phase() {
    for (omega_scale, ratio) in [(0.1, 0.25), (0.3, 0.25), (0.55, 0.5), (1.0, 1.0), (2.2, 2.0), (5.0, 4.0)] {
        for n in [1.0, 4.0] {
            let mut orbit = Orbit::new(HOP_S);
            for k in 0..500 {
                let bars = 3.0 + k as f64 * HOP_S * 0.5;
                let mut hop = input(at(bars));
                hop.controls.omega_scale = omega_scale;
                let state = orbit.step(&hop, &Settings { bars_per_turn: n, ..QUIET });
                assert_eq!(state.turns_per_n_bars, ratio);
                assert!(apart(turns(&state), bars * ratio / n) < 1e-9);
            }
        }
    }
}

#[test]
fn a_seek_is_caught_up_with_within_a_second_and_without_a_leap() {
    for to in [0.0, 17.3, 100.75, -2.1] {
        for flagged in [true, false] {
            let mut orbit = Orbit::new(HOP_S);
            let mut last = None;
            for k in 0..200 {
                let bars = if k < 100 { 0.0 } else { to } + k as f64 * HOP_S * 0.5;
                let clock = Clock::Transport {
                    position_bars: bars,
                    bars_per_second: 0.5,
                    jumped: flagged && k == 100,
                };
                let state = orbit.step(&input(clock), &QUIET);
                if let Some(before) = last {
                    let speed = apart(turns(&state), before) / HOP_S;
                    assert!(speed <= 0.5 + angle::GLIDE_SPEED + 1e-9, "{speed} turns/s");
                }
                last = Some(turns(&state));
                if k as f64 * HOP_S >= 100.0 * HOP_S + 1.0 {
                    assert!(apart(turns(&state), bars) < 1e-9);
                }
            }
        }
    }
}

#[test]
fn a_change_of_ratio_is_continuous_and_locks_again() {
    let mut orbit = Orbit::new(HOP_S);
    let mut last = None;
    for k in 0..800 {
        let bars = k as f64 * HOP_S * 0.5;
        let mut hop = input(at(bars));
        hop.controls.omega_scale = if k < 300 { 1.0 } else { 2.0 };
        let state = orbit.step(&hop, &QUIET);
        if let Some(before) = last {
            // Two turns a bar, and half a turn made up in 4 s.
            assert!(apart(turns(&state), before) / HOP_S <= 1.0 + 0.25 * angle::GLIDE_SPEED + 1e-9);
        }
        last = Some(turns(&state));
        if k > 500 {
            assert!(apart(turns(&state), 2.0 * bars) < 1e-9);
        }
    }
}

#[test]
fn a_wavering_omega_keeps_its_ratio() {
    let mut orbit = Orbit::new(HOP_S);
    let ratios: Vec<f64> = (0..2000)
        .map(|k| {
            let mut hop = input(Clock::Free { bars_per_second: 0.5 });
            // Around sqrt(2), the middle between 1 and 2.
            hop.controls.omega_scale = 1.414 * (0.15 * (k as f64 * 0.3).sin()).exp2();
            orbit.step(&hop, &QUIET).turns_per_n_bars
        })
        .collect();
    assert!(ratios.windows(2).all(|w| w[0] == w[1]));
}

#[test]
fn without_a_transport_it_runs_on_and_takes_over_smoothly() {
    let mut orbit = Orbit::new(HOP_S);
    let mut last: Option<f64> = None;
    for k in 0..600 {
        let clock = match k / 200 {
            0 => at(5.0 + k as f64 * HOP_S * 0.5),
            1 => Clock::Free { bars_per_second: 0.7 },
            _ => at(33.37 + k as f64 * HOP_S * 0.5),
        };
        let now = turns(&orbit.step(&input(clock), &QUIET));
        if let Some(before) = last {
            let speed = apart(now, before) / HOP_S;
            assert!(speed <= 0.7 + angle::GLIDE_SPEED + 1e-9);
            if (201..400).contains(&k) {
                assert!((speed - 0.7).abs() < 1e-6, "{speed}");
            }
        }
        last = Some(now);
    }
}

#[test]
fn onsets_push_theta_in_proportion_and_within_bounds() {
    let run = |strength: f32| {
        let mut orbit = Orbit::new(HOP_S);
        let mut way = 0.0;
        let mut last: Option<f64> = None;
        for k in 0..2000 {
            let bars = k as f64 * HOP_S * 0.5;
            let mut hop = input(at(bars));
            hop.onset = if k % 12 < 2 { strength } else { 0.0 };
            let state = orbit.step(&hop, &QUIET);
            let offset = turns(&state) - bars - (turns(&state) - bars).round();
            assert!(offset.abs() <= angle::OFFSET_BOUND + 1e-9);
            if let Some(last) = last {
                way += apart(offset, last);
                assert!(apart(offset, last) <= angle::OFFSET_SPEED * HOP_S + 1e-9);
            }
            last = Some(offset);
        }
        way
    };
    let (none, weak, strong) = (run(0.0), run(0.15), run(0.3));
    assert!(none < 1e-6);
    // In proportion, but for where on the rim it happens to be.
    assert!(weak > 1.0 && (1.5..3.0).contains(&(strong / weak)), "{weak} {strong}");
}

#[test]
fn hits_kick_s_and_alpha_and_let_go() {
    let settings = Settings { impact_amount: 1.0, residual_depth: 0.0, ..QUIET };
    let mut orbit = Orbit::new(HOP_S);
    let cardioid = Atlas::shared().cardioid();
    for k in 0..200 {
        let mut hop = input(Clock::Free { bars_per_second: 0.0 });
        hop.onset = if k == 100 { 0.6 } else { 0.02 };
        let state = orbit.step(&hop, &settings);
        let expected = |s: f64| cardioid.c(s, state.theta);
        match k {
            100 => assert!(state.onset_detected && state.impact > 0.5),
            // 30 ms are less than two hops.
            101 => {
                assert_eq!(state.impact, 1.0);
                let c = expected(1.12);
                assert!((c.re - state.c[0]).hypot(c.im - state.c[1]) < 1e-9);
            }
            // 1 s is more than three time constants.
            150 => assert!(state.impact < 0.05),
            _ => assert!(k > 100 || state.impact == 0.0),
        }
    }
}

#[test]
fn the_residual_is_capped_at_half_the_radius() {
    for id in Atlas::shared().automatic() {
        let settings =
            Settings { lock: Lock::Component(*id), residual_depth: 1.0, impact_amount: 1.0, ..QUIET };
        let radius = Atlas::shared().get(*id).map_or(0.0, |c| c.radius());
        let mut orbit = Orbit::new(HOP_S);
        let mut largest = 0.0f64;
        for _ in 0..300 {
            let mut hop = input(Clock::Free { bars_per_second: 0.7 });
            hop.controls = Controls { s: 1.1, alpha: 1.0, omega_scale: 1.0, gates: [1.0; 6] };
            let state = orbit.step(&hop, &settings);
            let size = (state.c[0] - state.carrier[0]).hypot(state.c[1] - state.carrier[1]);
            largest = largest.max(size / radius);
        }
        assert!((0.3..=0.5 + 1e-9).contains(&largest), "{largest}");
    }
}

#[test]
fn a_lock_is_reached_in_the_stated_time_even_from_half_way() {
    let mut orbit = Orbit::new(HOP_S);
    let hop = input(Clock::Free { bars_per_second: 0.25 });
    let rabbit = ComponentId { period: 3, index: 0 };
    let tiny = ComponentId { period: 5, index: 14 };
    for _ in 0..10 {
        orbit.step(&hop, &QUIET);
    }
    let locked = |id| Settings { lock: Lock::Component(id), ..QUIET };
    // 2 s, and two gears: 4 s.
    for k in 0..250 {
        let state = orbit.step(&hop, &locked(rabbit));
        assert_eq!(state.component, rabbit);
        assert_eq!(state.blend == 1.0, f64::from(k + 1) * HOP_S >= 4.0, "hop {k}");
    }
    for _ in 0..80 {
        orbit.step(&hop, &locked(tiny));
    }
    // Half way to it, back: from where it is.
    let mut last = None;
    for _ in 0..250 {
        last = Some(orbit.step(&hop, &locked(rabbit)));
    }
    let state = last.filter(|s| s.blend == 1.0);
    let carrier = state.and_then(|s| Atlas::shared().get(rabbit).map(|r| r.c(0.9, s.theta)));
    let on_it = state.zip(carrier).is_some_and(|(s, c)| (c.re - s.c[0]).hypot(c.im - s.c[1]) < 1e-9);
    assert!(on_it);
    // A lock that only a lock reaches is left with it.
    for _ in 0..400 {
        orbit.step(&hop, &locked(tiny));
    }
    let freed = orbit.step(&hop, &QUIET).component;
    assert!(Atlas::shared().automatic().contains(&freed));
}

#[test]
fn a_section_changes_the_component_once_and_restart_repeats_everything() {
    let mut orbit = Orbit::new(HOP_S);
    let run = |orbit: &mut Orbit| -> Vec<OrbitState> {
        let verse = [0.5f32; 128];
        let chorus: [f32; 128] = std::array::from_fn(|i| if i % 2 == 0 { 0.8 } else { 0.3 });
        (0..2400)
            .map(|k| {
                let mut hop = input(at(k as f64 * HOP_S * 0.5));
                hop.texture = if k < 1000 { &verse } else { &chorus };
                hop.onset = if k % 24 == 0 { 0.5 } else { 0.02 };
                orbit.step(&hop, &Settings::default())
            })
            .collect()
    };
    let first = run(&mut orbit);
    let changes: Vec<usize> = (0..first.len()).filter(|k| first[*k].section_changed).collect();
    assert_eq!(changes.len(), 1);
    // Dated within 2 s of the truth (the short mean's length), whenever it was confirmed.
    let date = changes[0] - first[changes[0]].section_age_hops as usize;
    assert!((1000..1094).contains(&date), "{date}");
    assert_eq!(first[changes[0] - 1].component, ComponentId::CARDIOID);
    assert_ne!(first[changes[0]].component, ComponentId::CARDIOID);
    orbit.restart();
    assert_eq!(first, run(&mut orbit));
    assert_eq!(first, run(&mut Orbit::new(HOP_S)));
}

#[test]
fn a_copy_goes_the_same_way() {
    let mut orbit = Orbit::new(HOP_S);
    let hop = |k: usize| {
        let mut hop = input(at(k as f64 * HOP_S * 0.5));
        hop.onset = (k % 19) as f32 / 19.0;
        hop
    };
    for k in 0..700 {
        orbit.step(&hop(k), &Settings::default());
    }
    let mut copy = orbit.clone();
    for k in 700..1400 {
        assert_eq!(orbit.step(&hop(k), &Settings::default()), copy.step(&hop(k), &Settings::default()));
    }
}
