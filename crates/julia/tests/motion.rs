//! What a moving c looks like: neither dark, nor still, nor strobing.

use std::f64::consts::TAU;

use dendrite_julia::{metrics, sync};

/// Point of the cardioid's fixed point with multiplier s·e^{i theta}, pushed outward for s > 1 as the orbit does.
fn cardioid(s: f64, theta: f64) -> [f64; 2] {
    let inner = s.min(1.0);
    let (x, y) = (inner * theta.cos(), inner * theta.sin());
    let c = [x / 2.0 - (x * x - y * y) / 4.0, y / 2.0 - x * y / 2.0];
    let outward = (s - inner) * 0.5 / c[0].hypot(c[1]).max(1e-9);
    [c[0] + outward * c[0], c[1] + outward * c[1]]
}

fn period_two(s: f64, theta: f64) -> [f64; 2] {
    [-1.0 + 0.25 * s * theta.cos(), 0.25 * s * theta.sin()]
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// Mean change per frame and share of dark frames over `hops` of an orbit of `speed` turns per second.
fn run(orbit: fn(f64, f64) -> [f64; 2], s: f64, speed: f64, hops: usize) -> (f32, f32) {
    let c = (0..hops).map(|k| orbit(s, 0.4 + TAU * speed * k as f64 / sync::HOP_RATE));
    let (change, luminance) = sync::change_series(c);
    (mean(&change[1..]), metrics::dark_share(&luminance))
}

#[test]
fn constant_orbits_move_visibly_without_strobing_or_darkness() {
    for (orbit, s) in [(cardioid as fn(f64, f64) -> [f64; 2], 0.9), (cardioid, 1.02), (period_two, 0.9)] {
        // Two turns of 0.2 turns/s would be 469 frames; every part of one turn counts, so one suffices.
        let (change, dark) = run(orbit, s, 0.2, 235);
        println!("s {s}: change {change}, dark {dark}");
        // The limits of the picture's design, per frame at 47 Hz.
        assert!(
            (0.004..0.03).contains(&change) || s < 1.0 && (0.002..0.03).contains(&change),
            "s = {s}: {change}"
        );
        assert_eq!(dark, 0.0);
    }
}

#[test]
fn bursts_stay_in_proportion() {
    // Inside the component the change grows almost with the speed; in the dust beyond the boundary, whose grains are
    // smaller than a burst's step, it saturates: 15 times the speed must still be seen.
    for (s, factor) in [(0.9, 4.0), (1.02, 1.5)] {
        let (slow, _) = run(cardioid, s, 0.2, 235);
        let (fast, dark) = run(cardioid, s, 3.0, 100);
        println!("s {s}: slow {slow}, fast {fast}");
        assert!(fast > factor * slow, "s = {s}: a burst must be seen: {fast} against {slow}");
        // Even a burst stays below half of a general flash's step.
        assert!(fast < 0.05, "s = {s}: {fast}");
        assert_eq!(dark, 0.0);
    }
}

#[test]
fn crossing_the_boundary_does_not_pop() {
    // s from 0.94 to 1.06 in steps of 1/400 of R: smooth motion at two thirds of the slow orbit's pace per frame.
    let c = (0..48).map(|k| cardioid(0.94 + 0.0025 * f64::from(k), 1.9));
    let (change, _) = sync::change_series(c);
    let largest = change.iter().copied().fold(0.0, f32::max);
    println!("largest {largest}, mean {}", mean(&change[1..]));
    assert!(largest < 0.03, "{largest}");
}
