//! Iterates two vectors of pixels: escape, derivative, relief, trap.

use pulp::Simd;

use super::lanes::{Lanes, Mask};
use crate::{Frame, formula::*};

/// Vectors iterated together, so that one's arithmetic fills the other's latencies.
pub const PAIR: usize = 2;

/// Steps between two looks at whether all pixels are decided.
const STRIDE: u32 = 4;

/// What the orbits of one vector of pixels leave behind.
#[derive(Clone, Copy)]
pub struct Orbit<S: Simd> {
    /// Last iterate (the first one outside the escape radius, where there is one) and its derivative by the pixel's z:
    /// real and imaginary part of each.
    pub last: Point<S>,
    /// Number of the last iterate.
    pub count: Lanes<S>,
    /// Height of the relief.
    pub relief: Lanes<S>,
    /// Slope of the relief, up to a constant factor, pointing downhill.
    pub slope: [Lanes<S>; 2],
    /// Smallest distance from the trap.
    pub trap: Lanes<S>,
    /// Squared modulus of the derivative when the relief was done.
    pub spread: Lanes<S>,
}

/// Iterate and derivative: x, y, dx, dy.
type Point<S> = [Lanes<S>; 4];

/// Constants of a picture in every lane.
struct Constants<S: Simd> {
    c: [Lanes<S>; 2],
    escape: Lanes<S>,
    one: Lanes<S>,
    zero: Lanes<S>,
}

/// x² + y².
#[inline(always)]
pub fn squared<S: Simd>(x: Lanes<S>, y: Lanes<S>) -> Lanes<S> {
    x.fma(x, y * y)
}

/// One step of z² + c and of its derivative 2·z·z'.
#[inline(always)]
fn step<S: Simd>(k: &Constants<S>, [x, y, dx, dy]: Point<S>) -> Point<S> {
    let (x2, y2) = (x + x, y + y);
    [x.fma(x, (-y).fma(y, k.c[0])), x2.fma(y, k.c[1]), x2.fma(dx, -(y2 * dy)), x2.fma(dy, y2 * dx)]
}

/// [`step`] where the orbit is still inside the escape radius; `count` grows there.
#[inline(always)]
fn held_step<S: Simd>(k: &Constants<S>, s: Point<S>, count: Lanes<S>) -> (Point<S>, Lanes<S>) {
    let active = squared(s[0], s[1]).at_most(k.escape);
    (choose(active, step(k, s), s), count + active.select(k.one, k.zero))
}

#[inline(always)]
fn choose<S: Simd>(mask: Mask<S>, yes: Point<S>, no: Point<S>) -> Point<S> {
    [
        mask.select(yes[0], no[0]),
        mask.select(yes[1], no[1]),
        mask.select(yes[2], no[2]),
        mask.select(yes[3], no[3]),
    ]
}

// Closures and the standard library's array methods are not compiled for the instruction set and stay out of these
// functions: a call to one costs more than the arithmetic.

/// Iterates the pixels of row `y` from column `x` on, sampled at `offset` inside each pixel.
#[inline(always)]
pub fn iterate<S: Simd>(simd: S, frame: &Frame, x: usize, y: usize, offset: [f32; 2]) -> [Orbit<S>; PAIR] {
    let k = Constants {
        c: [Lanes::splat(simd, frame.c[0]), Lanes::splat(simd, frame.c[1])],
        escape: Lanes::splat(simd, ESCAPE_RADIUS_SQUARED),
        one: Lanes::splat(simd, 1.0),
        zero: Lanes::splat(simd, 0.0),
    };
    let mut orbits = [
        relief(&k, start(&k, frame, x, y, offset)),
        relief(&k, start(&k, frame, x + S::F32_LANES, y, offset)),
    ];
    let live = [
        squared(orbits[0].last[0], orbits[0].last[1]).at_most(k.escape),
        squared(orbits[1].last[0], orbits[1].last[1]).at_most(k.escape),
    ];
    if live[0].or(live[1]).any() {
        decide(frame, &k, &mut orbits, live);
    }
    orbits
}

/// The pixels' places in the z-plane, with derivative 1.
#[inline(always)]
fn start<S: Simd>(k: &Constants<S>, frame: &Frame, x: usize, y: usize, offset: [f32; 2]) -> Point<S> {
    let (width, height) = (frame.size[0] as f32, frame.size[1] as f32);
    let v = k.one.same(0.5 * height - (y as f32 + offset[1]));
    let u = k.one.ramp() + k.one.same(x as f32 + (offset[0] - 0.5 * width));
    let (sx, sy) = (k.one.same(frame.step[0]), k.one.same(frame.step[1]));
    let (cx, cy) = (k.one.same(frame.centre[0]), k.one.same(frame.centre[1]));
    [u.fma(sx, (-v).fma(sy, cx)), u.fma(sy, v.fma(sx, cy)), k.one, k.zero]
}

/// The first [`RELIEF_STEPS`] steps.
#[inline(always)]
fn relief<S: Simd>(k: &Constants<S>, start: Point<S>) -> Orbit<S> {
    let mut s = start;
    let (mut count, mut relief, mut trap) = (k.zero, k.zero, k.one.same(1e3));
    let mut slope = [k.zero; 2];
    let mut weight = 1.0;
    let mut fade = 0.0;
    for _ in 0..RELIEF_STEPS / STRIDE {
        for _ in 0..STRIDE {
            weight *= RELIEF_DECAY;
            fade += TRAP_FADE;
            (s, count) = held_step(k, s, count);
            let [x, y, dx, dy] = s;
            let r2 = squared(x, y);
            let bump = (-r2).fma(k.one.same(BUMP_CURVATURE), k.one).max(k.zero);
            let lifted = k.one.same(weight) * bump;
            relief = lifted.fma(bump, relief);
            slope[0] = lifted.fma(x.fma(dx, y * dy), slope[0]);
            slope[1] = lifted.fma(y.fma(dx, -(x * dy)), slope[1]);
            trap = trap.min(r2.fma(k.one.same(TRAP_BLUR), x.abs().min(y.abs()) + k.one.same(fade)));
        }
        if !squared(s[0], s[1]).at_most(k.escape).any() {
            break;
        }
    }
    Orbit { last: s, count, relief, slope, trap, spread: squared(s[2], s[3]) }
}

/// The remaining steps: which pixels escape, and how far from the boundary they are.
#[inline(always)]
fn decide<S: Simd>(
    frame: &Frame,
    k: &Constants<S>,
    orbits: &mut [Orbit<S>; PAIR],
    mut live: [Mask<S>; PAIR],
) {
    let centre = [k.one.same(frame.capture.point[0]), k.one.same(frame.capture.point[1])];
    let radius_squared = k.one.same(frame.capture.radius_squared);
    let limit = k.one.same(DERIVATIVE_LIMIT_SQUARED);
    // Decided pixels go on harmlessly in `run`: their results are kept in `orbits`.
    let mut run = [orbits[0].last, orbits[1].last];
    let mut n = RELIEF_STEPS;
    while n < frame.iterations {
        let mut next = run;
        for _ in 0..STRIDE {
            next[0] = step(k, next[0]);
            next[1] = step(k, next[1]);
        }
        n += STRIDE;
        let mut alive = false;
        for p in 0..PAIR {
            // "Not at most" instead of "greater": the overshoot of an escape may be NaN.
            let inside = squared(next[p][0], next[p][1]).at_most(k.escape);
            if live[p].and_not(inside).any() {
                let (mut s, mut count) = (run[p], k.one.same((n - STRIDE) as f32));
                for _ in 0..STRIDE {
                    (s, count) = held_step(k, s, count);
                }
                let escaped = live[p].and_not(squared(s[0], s[1]).at_most(k.escape));
                orbits[p].last = choose(escaped, s, orbits[p].last);
                orbits[p].count = escaped.select(count, orbits[p].count);
                live[p] = live[p].and_not(escaped);
                next[p] = s;
            }
            let [x, y, dx, dy] = next[p];
            let caught = squared(x - centre[0], y - centre[1]).below(radius_squared);
            let stop = live[p].and(caught.or(limit.below(squared(dx, dy))));
            if stop.any() {
                orbits[p].last = choose(stop, next[p], orbits[p].last);
                orbits[p].count = stop.select(k.one.same(n as f32), orbits[p].count);
                live[p] = live[p].and_not(stop);
                // The orbit of 0 is a safe place to wait: no denormals in the derivative.
                next[p] = choose(live[p], next[p], [k.zero; 4]);
            }
            run[p] = next[p];
            alive |= live[p].any();
        }
        if !alive {
            return;
        }
    }
    for p in 0..PAIR {
        orbits[p].last = choose(live[p], run[p], orbits[p].last);
        orbits[p].count = live[p].select(k.one.same(n as f32), orbits[p].count);
    }
}
