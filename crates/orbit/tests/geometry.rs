//! The atlas against mathematics: centres, multipliers, cusps.

use std::f64::consts::TAU;

use dendrite_orbit::{Atlas, COMPLETE_PERIOD, Component, ComponentId};
use nalgebra::Complex;

type C = Complex<f64>;

/// f_c^n(z) and its derivative by z.
fn iterate(z: C, c: C, period: u8) -> (C, C) {
    let (mut z, mut dz) = (z, C::new(1.0, 0.0));
    for _ in 0..period {
        dz = dz * z * 2.0;
        z = z * z + c;
    }
    (z, dz)
}

/// Multiplier of the cycle that is followed, by Newton's method for f_c^n(z) = z alone, from z = 0 at the centre along the
/// ray to c(s, theta). The series is asked for c only.
fn multiplier_by_continuation(component: &Component, s: f64, theta: f64) -> C {
    let period = component.id().period;
    let mut z = C::new(0.0, 0.0);
    let mut multiplier = z;
    for step in 1..=64 {
        let c = component.c(s * f64::from(step) / 64.0, theta);
        for _ in 0..30 {
            let (value, slope) = iterate(z, c, period);
            z -= (value - z) / (slope - 1.0);
            multiplier = slope;
        }
    }
    multiplier
}

/// Multiplier of the cycle that attracts the critical point (Fatou: every attracting cycle attracts it): no Newton at all.
fn multiplier_by_attraction(component: &Component, s: f64, theta: f64) -> C {
    let c = component.c(s, theta);
    let mut z = C::new(0.0, 0.0);
    for _ in 0..600 {
        z = iterate(z, c, component.id().period).0;
    }
    iterate(z, c, component.id().period).1
}

#[test]
fn the_atlas_holds_all_of_periods_1_to_5_and_more() {
    let atlas = Atlas::shared();
    let of_period = |n| atlas.iter().filter(|c| c.id().period == n).count();
    // Hyperbolic components by period: OEIS A000740.
    assert_eq!([1, 2, 3, 4, 5].map(of_period), [1, 1, 3, 6, 15]);
    assert!(atlas.iter().filter(|c| c.id().period > COMPLETE_PERIOD).count() >= 4);
    for component in atlas.iter() {
        assert_eq!(atlas.get(component.id()).map(|c| c.centre()), Some(component.centre()));
    }
    assert!(atlas.automatic().iter().all(|id| atlas.get(*id).is_some_and(|c| c.radius() >= 0.015)));
    assert_eq!(atlas.cardioid().id(), ComponentId::CARDIOID);
    assert!(atlas.get(ComponentId { period: 9, index: 0 }).is_none());
}

#[test]
fn centres_are_superattracting_of_exactly_their_period() {
    for component in Atlas::shared().iter() {
        let (period, c) = (component.id().period, component.centre());
        assert!(iterate(C::new(0.0, 0.0), c, period).0.norm() <= 1e-12, "{}", component.name());
        for shorter in 1..period {
            let back = iterate(C::new(0.0, 0.0), c, shorter).0.norm();
            assert!(back > 1e-3, "{} returns after {shorter}", component.name());
        }
    }
}

#[test]
fn the_radius_is_the_slope_at_the_centre() {
    let atlas = Atlas::shared();
    for component in atlas.iter() {
        let by = 1e-4;
        let along = (component.c(by, 0.0) - component.c(by, TAU / 2.0)).norm() / (2.0 * by);
        // Central difference: error of second order in `by`, and rounding of c over 2 by.
        assert!((along - component.radius()).abs() < 1e-6 * component.radius() + 1e-11);
    }
    assert_eq!(atlas.cardioid().radius(), 0.5);
    assert_eq!(atlas.get(ComponentId { period: 2, index: 0 }).map(|c| c.radius()), Some(0.25));
}

#[test]
fn cycles_have_the_multiplier_that_was_asked_for() {
    let mut worst = 0.0f64;
    for component in Atlas::shared().iter() {
        for s in [0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1.0] {
            for k in 0..48 {
                // Half steps: at theta = 0 and s = 1 the cycle is degenerate, and no multiplier can be computed from c
                // (its error is the square root of c's rounding).
                let theta = TAU * (f64::from(k) + 0.5) / 48.0;
                let asked = C::from_polar(s, theta);
                let error = (multiplier_by_continuation(component, s, theta) - asked).norm();
                worst = worst.max(error);
                assert!(error < 1e-6, "{} at s {s} theta {theta}: {error:e}", component.name());
            }
        }
    }
    println!("worst multiplier error {worst:e}");
}

#[test]
fn near_the_cusp_too() {
    for component in Atlas::shared().iter() {
        for theta in [-0.03, -0.01, 0.0, 0.01, 0.03] {
            // At theta = 0 stay 1 % inside.
            let s = if theta == 0.0 { 0.99 } else { 1.0 };
            let error = (multiplier_by_continuation(component, s, theta) - C::from_polar(s, theta)).norm();
            assert!(error < 1e-6, "{} at theta {theta}: {error:e}", component.name());
        }
    }
}

#[test]
fn the_critical_point_falls_into_that_very_cycle() {
    for component in Atlas::shared().iter() {
        for s in [0.3, 0.7, 0.93] {
            for k in 0..12 {
                let theta = TAU * f64::from(k) / 12.0;
                let error = (multiplier_by_attraction(component, s, theta) - C::from_polar(s, theta)).norm();
                // 0.93^600 is 1e-19: what remains is rounding, magnified by 1 / (1 - s).
                assert!(error < 1e-6, "{} at s {s} theta {theta}: {error:e}", component.name());
            }
        }
    }
}

#[test]
fn outside_the_rule_is_continuous_across_the_cusp_and_the_rim() {
    for component in Atlas::shared().iter() {
        let r = component.radius();
        for s in [1.0, 1.02, 1.12, 1.5, 3.0] {
            for by in [1e-3, 1e-5, 1e-7] {
                for theta in [0.0, 0.7, TAU / 2.0, 5.0] {
                    let way = (component.c(s, theta + by) - component.c(s, theta - by)).norm();
                    let bound = component.angular_slope(s) * 2.0 * by + 1e-15;
                    assert!(way <= bound, "{} s {s} theta {theta}: {way:e} > {bound:e}", component.name());
                }
            }
            // Theta a full turn on is the same place.
            assert!((component.c(s, 0.0) - component.c(s, TAU)).norm() < 1e-9 * r + 1e-15);
        }
        let step = (component.c(1.0 + 1e-9, 1.0) - component.c(1.0, 1.0)).norm();
        assert!((step - 1e-9 * r).abs() < 1e-15, "s > 1 leaves the rim at R per unit of s");
        // Outward: further from the centre.
        for k in 0..32 {
            let theta = TAU * f64::from(k) / 32.0;
            let from_centre = |s| (component.c(s, theta) - component.centre()).norm();
            assert!((from_centre(1.4) - from_centre(1.0) - 0.4 * r).abs() < 1e-12);
        }
    }
}

#[test]
fn slopes_bound_the_movement_everywhere() {
    for component in Atlas::shared().iter() {
        for i in 0..400u32 {
            let theta = TAU * f64::from(i) / 400.0;
            let s = 0.1 + 2.0 * f64::from(i % 37) / 37.0;
            let by = 1e-3;
            let turned = (component.c(s, theta + by) - component.c(s, theta)).norm();
            assert!(turned <= component.angular_slope(s) * by + 1e-15);
            let pushed = (component.c(s + by, theta) - component.c(s, theta)).norm();
            assert!(pushed <= component.slope() * by + 1e-15);
        }
    }
}

#[test]
fn satellites_know_their_parents() {
    let atlas = Atlas::shared();
    let named = |name: &str| atlas.iter().find(|c| c.name() == name);
    // The rabbit, the main chain to the left, and the airplane: Branner, "The Mandelbrot set" (1989).
    for (name, re, im) in [
        ("1/3 bulb of the cardioid", -0.122561, 0.744862),
        ("1/2 bulb of the period-2 disc", -1.310703, 0.0),
        ("period-3 island at -1.755", -1.754878, 0.0),
    ] {
        let centre = named(name).map(|c| c.centre());
        assert!(centre.is_some_and(|c| (c - C::new(re, im)).norm() < 1e-6), "{name}: {centre:?}");
    }
    for component in atlas.iter() {
        for id in component.neighbours() {
            let other = atlas.get(*id);
            assert!(other.is_some_and(|o| o.neighbours().contains(&component.id())));
        }
    }
}
