//! The carrier's angle: locked to the bars, and pushed within bounds by what sounds.
//!
//! All angles here are in turns.

use crate::Clock;

/// Turns per N bars that omega_scale chooses from.
pub const RATIOS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// How far, in octaves, omega_scale must be past the middle between two ratios to change (ours).
const HYSTERESIS_OCTAVES: f64 = 0.2;

/// A ratio stays at least this long, seconds (ours).
const RATIO_DWELL_S: f64 = 4.0;

/// After a seek the angle is where the bars say within this time, seconds.
const SEEK_GLIDE_S: f64 = 1.0;

/// After a change of ratio it is there within this time, seconds (ours): nothing in the music jumped, so nothing hurries.
const RATIO_GLIDE_S: f64 = 4.0;

/// The fastest a glide can be, turns/s: half a turn in a second, minimum jerk (peak 15/8 of the mean).
pub const GLIDE_SPEED: f64 = 0.5 * 15.0 / 8.0 / SEEK_GLIDE_S;

/// A position further than this from where the tempo leads, in turns, is a seek.
const SEEK_TURNS: f64 = 0.004;

/// Bars per second are limited to this (300 quarter notes a minute, bars of one quarter).
pub const FASTEST_BARS_PER_SECOND: f64 = 5.0;

/// The audio-driven offset never leaves +- this, turns.
pub const OFFSET_BOUND: f64 = 0.35;

/// Speed of the offset per unit of onset strength, turns/s (ours: with 3 the sync score of the demo track is 0.50, with 5 it is
/// 0.55).
pub const OFFSET_SPEED_PER_ONSET: f64 = 5.0;

/// The offset is never faster than this, turns/s (ours).
pub const OFFSET_SPEED: f64 = 3.5;

/// From standstill to full speed, seconds (ours: within one hop, or a hit's motion would smear into the next).
const OFFSET_RISE_S: f64 = 0.021;

/// x minus the nearest whole number, in [-0.5, 0.5].
pub(crate) fn wrap(x: f64) -> f64 {
    x - x.round()
}

/// The minimum-jerk way from 0 to 1 (Flash and Hogan 1985).
pub(crate) fn minimum_jerk(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (10.0 + x * (6.0 * x - 15.0))
}

/// Greatest slope of the minimum-jerk way from 0 to 1.
pub const MINIMUM_JERK_SLOPE: f64 = 15.0 / 8.0;

/// The part of the angle that follows the bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BarLock {
    hop_s: f64,
    /// Where the bars are; runs on by itself when no transport does.
    position_bars: f64,
    bars_per_second: f64,
    transport: bool,
    ratio: usize,
    ratio_age_s: f64,
    bars_per_turn: f64,
    /// What is still to be made up, and how: error x (1 - minimum_jerk(progress)).
    error: f64,
    glide_s: f64,
    progress_s: f64,
    angle: f64,
    started: bool,
}

impl BarLock {
    pub(crate) fn new(hop_s: f64) -> Self {
        Self {
            hop_s,
            position_bars: 0.0,
            bars_per_second: 0.0,
            transport: false,
            ratio: 2,
            ratio_age_s: RATIO_DWELL_S,
            bars_per_turn: 1.0,
            error: 0.0,
            glide_s: SEEK_GLIDE_S,
            progress_s: SEEK_GLIDE_S,
            angle: 0.0,
            started: false,
        }
    }

    pub(crate) fn turns_per_n_bars(&self) -> f64 {
        RATIOS[self.ratio]
    }

    /// One hop. `omega_scale` > 0 and `bars_per_turn` > 0 are finite already; the clock is not trusted. Returns turns in
    /// [0, 1).
    pub(crate) fn step(&mut self, clock: &Clock, omega_scale: f64, bars_per_turn: f64) -> f64 {
        let rate = |x: f64| if x.is_finite() { x.clamp(0.0, FASTEST_BARS_PER_SECOND) } else { 0.0 };
        let expected = self.position_bars + self.bars_per_second * self.hop_s;
        let old_scale = RATIOS[self.ratio] / self.bars_per_turn;
        self.ratio_age_s += self.hop_s;
        let rescaled = self.choose_ratio(omega_scale) | (self.bars_per_turn != bars_per_turn);
        self.bars_per_turn = bars_per_turn;
        let scale = RATIOS[self.ratio] / bars_per_turn;

        let sought;
        (self.position_bars, self.bars_per_second, sought) = match *clock {
            Clock::Transport { position_bars, bars_per_second, jumped } => {
                let known = position_bars.is_finite() && position_bars.abs() < 1e9;
                let position = if known { position_bars } else { expected };
                let off = (position - expected).abs() * old_scale.max(scale) > SEEK_TURNS;
                let started = !std::mem::replace(&mut self.transport, true);
                (position, rate(bars_per_second), jumped | off | started)
            }
            Clock::Free { bars_per_second } => {
                self.transport = false;
                (expected, rate(bars_per_second), false)
            }
        };
        let target = (self.position_bars * scale).rem_euclid(1.0);
        if !self.started {
            self.started = true;
        } else if sought | rescaled {
            // Where the angle would be now had nothing happened: from there it glides.
            let unbroken = self.angle + self.bars_per_second * old_scale.min(scale) * self.hop_s;
            self.error = wrap(unbroken - target);
            self.glide_s = if sought { SEEK_GLIDE_S } else { RATIO_GLIDE_S };
            self.progress_s = 0.0;
        } else {
            self.progress_s += self.hop_s;
        }
        let left = self.error * (1.0 - minimum_jerk(self.progress_s / self.glide_s));
        self.angle = (target + left).rem_euclid(1.0);
        self.angle
    }

    /// The ratio nearest to omega_scale on a logarithmic scale, held against wavering; true when it changes.
    fn choose_ratio(&mut self, omega_scale: f64) -> bool {
        let distance = |ratio: f64| (omega_scale / ratio).log2().abs();
        let nearest = (0..RATIOS.len())
            .min_by(|a, b| distance(RATIOS[*a]).total_cmp(&distance(RATIOS[*b])))
            .unwrap_or(self.ratio);
        let clear = distance(RATIOS[self.ratio]) > 0.5 + HYSTERESIS_OCTAVES;
        let change = nearest != self.ratio && clear && self.ratio_age_s >= RATIO_DWELL_S || !self.started;
        if change {
            self.ratio = nearest;
            self.ratio_age_s = 0.0;
        }
        change
    }
}

/// The bounded offset: each onset pushes it on, in proportion to its strength; between onsets it rests. It turns round
/// while it rests if it has come far, and at the bound at the latest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AudioOffset {
    hop_s: f64,
    offset: f64,
    speed: f64,
    direction: f64,
}

impl AudioOffset {
    /// Onsets weaker than this are rest: the moment to turn round unseen.
    const REST: f64 = 0.05;

    pub(crate) fn new(hop_s: f64) -> Self {
        Self { hop_s, offset: 0.0, speed: 0.0, direction: 1.0 }
    }

    /// One hop with an onset strength of 0 ... 1; `lift` (>= 0) scales the speed where the same angle is a shorter way.
    pub(crate) fn step(&mut self, onset: f64, lift: f64) -> f64 {
        let outward = self.offset * self.direction;
        let room = ((OFFSET_BOUND - outward) / 0.05).clamp(0.0, 1.0);
        if room < 0.5 || (onset < Self::REST && outward > 0.4 * OFFSET_BOUND) {
            self.direction = -self.direction;
        }
        let wanted = self.direction * (OFFSET_SPEED_PER_ONSET * onset * lift).min(OFFSET_SPEED);
        let slew = OFFSET_SPEED * self.hop_s / OFFSET_RISE_S;
        self.speed += (wanted - self.speed).clamp(-slew, slew);
        let moved = self.offset + self.speed * self.hop_s;
        self.offset = moved.clamp(-OFFSET_BOUND, OFFSET_BOUND);
        if self.offset != moved {
            self.speed = 0.0;
        }
        self.offset
    }
}
