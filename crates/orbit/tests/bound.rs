//! c never moves faster than the documented bound, whatever comes in.

use std::f64::consts::TAU;

use dendrite_orbit::{
    ALPHA_SPEED, Atlas, BLEND_S, Clock, Component, ComponentId, Controls, GATE_SPEED, HOP_S, HopInput, Lock,
    Orbit, OrbitState, S_SPEED, SETTING_SPEED, STEP_MARGIN, Settings, angle, impact,
};
use proptest::prelude::*;

/// Numbers as a hostile caller sends them: in range, far out of it, not numbers.
fn wild(range: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => range,
        1 => -1e12..1e12f64,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-310, f64::MAX]),
    ]
}

fn clock() -> impl Strategy<Value = Clock> {
    prop_oneof![
        (wild(-10.0..1000.0), wild(0.0..3.0), any::<bool>()).prop_map(
            |(position_bars, bars_per_second, jumped)| {
                Clock::Transport { position_bars, bars_per_second, jumped }
            }
        ),
        wild(0.0..3.0).prop_map(|bars_per_second| Clock::Free { bars_per_second }),
    ]
}

fn lock() -> impl Strategy<Value = Lock> {
    prop_oneof![
        2 => Just(Lock::Automatic),
        1 => (0u8..10, 0u8..90).prop_map(|(period, index)| Lock::Component(ComponentId { period, index })),
    ]
}

/// A stretch of hops under one clock, one set of controls and settings.
#[derive(Clone, Debug)]
struct Stretch {
    hops: usize,
    controls: Controls,
    settings: Settings,
    clock: Clock,
    clock_runs: bool,
    onset: f64,
    texture: u8,
    reset: bool,
    silent: bool,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let controls = (wild(0.2..3.0), wild(0.0..1.0), wild(0.1..5.0), prop::array::uniform6(wild(0.0..1.0)))
        .prop_map(|(s, alpha, omega_scale, gates)| Controls { s, alpha, omega_scale, gates });
    let settings = (
        (wild(0.0..1.0), wild(0.0..1.0), lock(), wild(0.25..16.0)),
        (wild(-0.5..0.5), wild(0.0..1.0), wild(0.0..0.5), any::<u64>()),
    )
        .prop_map(|((impact_amount, section_sensitivity, lock, bars_per_turn), rest)| {
            let (s_bias, residual_depth, smoothing_s, seed) = rest;
            Settings {
                impact_amount,
                section_sensitivity,
                lock,
                bars_per_turn,
                s_bias,
                residual_depth,
                smoothing_s,
                seed,
            }
        });
    (
        (1usize..60, controls, settings),
        (clock(), any::<bool>(), wild(0.0..1.0), any::<u8>(), any::<bool>(), prop::bool::weighted(0.1)),
    )
        .prop_map(|((hops, controls, settings), (clock, clock_runs, onset, texture, reset, silent))| {
            Stretch { hops, controls, settings, clock, clock_runs, onset, texture, reset, silent }
        })
}

/// The most that any component of the atlas can contribute in a hop, from the documented speeds alone.
fn ceiling(lock_turns_per_s: f64) -> f64 {
    let turns = lock_turns_per_s + angle::GLIDE_SPEED + angle::OFFSET_SPEED;
    // 1/(k+1) and 1/(k+1)^2 summed over the six epicycles.
    let (speeds, sizes) = (1.592_857, 0.511_798);
    let largest = |of: &dyn Fn(&Component) -> f64| Atlas::shared().iter().map(of).fold(0.0, f64::max);
    let kick = 1.0 / impact::ATTACK_S + SETTING_SPEED;
    let carrier = largest(&|c| c.angular_slope(3.0) * TAU * turns + c.slope() * S_SPEED);
    let epicycles = largest(&|c| {
        let amplitudes = 2.0 * (GATE_SPEED + ALPHA_SPEED + S_SPEED + SETTING_SPEED + 1.3 * kick);
        c.radius() * (speeds * TAU * turns + sizes * amplitudes)
    });
    let impact = largest(&|c| c.slope() * (kick + S_SPEED));
    let transition = angle::MINIMUM_JERK_SLOPE / BLEND_S * 4.0;
    STEP_MARGIN * (carrier + epicycles + impact + transition) * HOP_S
}

fn distance(a: &OrbitState, b: &OrbitState) -> f64 {
    (a.c[0] - b.c[0]).hypot(a.c[1] - b.c[1])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in(stretches in prop::collection::vec(stretch(), 1..24)) {
        let mut orbit = Orbit::new(HOP_S);
        let mut last: Option<OrbitState> = None;
        for stretch in &stretches {
            if stretch.reset {
                orbit.reset_averages();
            }
            let texture: Vec<f32> =
                (0..128).map(|i| ((i * usize::from(stretch.texture)) % 17) as f32 / 16.0).collect();
            let mut clock = stretch.clock;
            for _ in 0..stretch.hops {
                if let (true, Clock::Transport { position_bars, bars_per_second, .. }) = (stretch.clock_runs, &mut clock) {
                    *position_bars += *bars_per_second * HOP_S;
                }
                let state = orbit.step(
                    &HopInput {
                        controls: stretch.controls,
                        onset: stretch.onset as f32,
                        loudness: stretch.onset as f32,
                        texture: &texture,
                        silent: stretch.silent,
                        clock,
                    },
                    &stretch.settings,
                );
                prop_assert!(state.c.iter().chain(&state.carrier).all(|x| x.is_finite()));
                prop_assert!((0.0..TAU).contains(&state.theta) && (0.2..=3.0).contains(&state.s));
                if let Some(last) = &last {
                    let moved = distance(&state, last);
                    // 1e-15: the last bit of c.
                    prop_assert!(moved <= orbit.max_step() + 1e-15, "{moved} > {}", orbit.max_step());
                    let turns_per_s =
                        4.0 * angle::FASTEST_BARS_PER_SECOND / 0.25;
                    prop_assert!(orbit.max_step() <= ceiling(turns_per_s));
                }
                last = Some(state);
            }
        }
    }
}

/// The bound computed from two states alone, for an orbit that rests on one component, without impacts.
fn bound_from_states(a: &OrbitState, b: &OrbitState, depth: f64) -> Option<f64> {
    let on = Atlas::shared().get(b.component)?;
    let turn = (b.theta - a.theta).abs();
    let by = turn.min(TAU - turn);
    let s = a.s.max(b.s);
    let carrier = on.angular_slope(s) * by + on.slope() * (b.s - a.s).abs();
    let amplitude = |state: &OrbitState, k: usize| depth * state.alpha * state.s.min(1.0) * state.gates[k];
    let epicycles: f64 = (0..6)
        .map(|k| {
            let (x, y) = (amplitude(a, k), amplitude(b, k));
            let n = (k + 2) as f64;
            on.radius() * (x.max(y) * by / n + (y - x).abs() / (n * n))
        })
        .sum();
    Some(STEP_MARGIN * (carrier + epicycles))
}

#[test]
fn the_bound_is_what_the_documentation_says() {
    for id in Atlas::shared().automatic() {
        let settings = Settings {
            lock: Lock::Component(*id),
            impact_amount: 0.0,
            residual_depth: 0.7,
            ..Settings::default()
        };
        let mut orbit = Orbit::new(HOP_S);
        let mut last: Option<OrbitState> = None;
        for k in 0..600 {
            let t = k as f64 * HOP_S;
            let wave = |rate: f64| 0.5 + 0.5 * (t * rate).sin();
            let state = orbit.step(
                &HopInput {
                    controls: Controls {
                        s: 0.6 + 0.7 * wave(3.0),
                        alpha: wave(1.3),
                        omega_scale: 1.0 + wave(0.3),
                        gates: std::array::from_fn(|i| wave(1.0 + i as f64)),
                    },
                    onset: if k % 23 == 0 { 0.8 } else { 0.02 },
                    loudness: 0.5,
                    texture: &[0.5; 128],
                    silent: false,
                    clock: Clock::Free { bars_per_second: 0.6 },
                },
                &settings,
            );
            if let Some(last) = &last {
                let bound = bound_from_states(last, &state, 0.7);
                assert!(bound.is_some_and(|b| (b - orbit.max_step()).abs() <= 1e-9 * b + 1e-15));
                // The limiter does not act: even without the margin of 1.5 there is room.
                assert!(distance(&state, last) <= orbit.max_step() / STEP_MARGIN + 1e-14);
            }
            last = Some(state);
        }
    }
}
