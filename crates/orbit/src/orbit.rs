//! The orbit: one hop of signals in, the next c out.

use std::f64::consts::TAU;

use nalgebra::{Complex, Vector6};

use crate::angle::{AudioOffset, BarLock, wrap};
use crate::atlas::{Atlas, Component, ComponentId};
use crate::choice::{Occasion, next_component};
use crate::impact::{ImpactEnvelope, OnsetPicker};
use crate::residual::Epicycles;
use crate::section::SectionDetector;
use crate::signals::{GATES, HopInput, Lock, OrbitState, S_RANGE, Settings};
use crate::transition::{Source, Transition};

/// s is lifted to this by an impact at full amount.
pub const IMPACT_S: f64 = 1.12;

/// alpha is raised by this much (at most to 1) by an impact at full amount.
pub const IMPACT_ALPHA: f64 = 0.3;

/// c moves at most this many times the sum of the speeds of what moves it.
pub const STEP_MARGIN: f64 = 1.5;

/// Greatest speeds of s, alpha and each gate, per second (ours): a jump of a control signal takes several hops.
pub const S_SPEED: f64 = 4.0;
/// See [`S_SPEED`].
pub const ALPHA_SPEED: f64 = 4.0;
/// See [`S_SPEED`].
pub const GATE_SPEED: f64 = 6.0;
/// Greatest speeds of the user's impact amount and residual depth, per second (ours).
pub const SETTING_SPEED: f64 = 2.0;

/// Time constants of the loudness averages that make up energy, seconds (ours).
const ENERGY_SHORT_S: f64 = 3.0;
const ENERGY_LONG_S: f64 = 60.0;

/// Difference of the two averages (of the rms feature, 60 dB wide) that counts as the loudest or quietest stretch: 6 dB.
const ENERGY_SPAN: f64 = 0.1;

/// Where the picture changes most per way in c (ours, measured as mean luminance change over the cardioid and two bulbs: flat
/// below s = 0.9, about twice that just outside the rim, where the set falls to dust).
const SENSITIVE_S: f64 = 1.03;
const SENSITIVE_WIDTH: f64 = 0.06;
const SENSITIVE_GAIN: f64 = 0.8;

/// The audio-driven offset's speed is scaled by this over the picture's sensitivity, within these limits (ours).
const LIFT: f64 = 1.3;
const LIFT_RANGE: [f64; 2] = [0.3, 3.0];

/// Everything that c depends on within one hop, besides the transition.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pose {
    /// Radians; only differences modulo a turn count.
    theta: f64,
    s: f64,
    /// s with the impact.
    kicked_s: f64,
    epicycles: Epicycles,
}

impl Pose {
    fn carrier(&self, on: &Component) -> Complex<f64> {
        on.c(self.kicked_s, self.theta)
    }

    fn residual(&self, on: &Component) -> Complex<f64> {
        self.epicycles.at(on.radius(), self.theta)
    }

    /// A bound of the way from the pose before to this one on a component: carrier, epicycles and impact, in that order.
    fn way(&self, before: &Self, on: &Component) -> [f64; 3] {
        let by = TAU * wrap((self.theta - before.theta) / TAU);
        let outermost = self.kicked_s.max(before.kicked_s);
        let radial = (self.s - before.s).abs();
        let kick = ((self.kicked_s - self.s) - (before.kicked_s - before.s)).abs();
        [
            on.angular_slope(outermost) * by.abs() + on.slope() * radial,
            on.radius() * before.epicycles.way(&self.epicycles, by),
            on.slope() * kick,
        ]
    }
}

/// Control signals to c(t).
///
/// # Speed
/// In every hop |c - c before| <= [`Orbit::max_step`] = 1.5 x (carrier speed + epicycle speed + impact slope + transition
/// speed) x hop. With L = [`Component::slope`], A = [`Component::angular_slope`], R the radius, differences taken over the
/// hop and every other quantity at its larger end:
/// ```text
/// carrier    A(s) |d theta| + L |ds|
/// epicycles  R sum_k ( a_k |d theta| / (k+1) + |d a_k| / (k+1)^2 ),  a_k = depth alpha min(s,1) g_k, impact included
/// impact     L |d(s with impact - s)|
/// transition |dw| |to - from|,  w the minimum-jerk weight; while it lasts the other three are the weighted mean of both
///            components' values
/// ```
/// Each of the differences has a limit of its own: theta turns at most at the ratio in force x bars/s / N, plus
/// [`crate::angle::GLIDE_SPEED`] after a seek, plus [`crate::angle::OFFSET_SPEED`] with onsets; s, alpha and the gates at
/// [`S_SPEED`], [`ALPHA_SPEED`], [`GATE_SPEED`]; the impact rises in 30 ms; a transition takes 2 s or more. A limiter
/// enforces the bound whatever comes in; in exact arithmetic it never acts, because the sum bounds the way already.
///
/// # Real time
/// [`Orbit::new`] and `clone` allocate; nothing else does. No locks, no panics.
#[derive(Clone, Debug)]
pub struct Orbit {
    hop_s: f64,
    lock: BarLock,
    offset: AudioOffset,
    picker: OnsetPicker,
    envelope: ImpactEnvelope,
    sections: SectionDetector,
    transition: Transition,
    /// The component before the present one.
    before: Option<ComponentId>,
    section: u32,
    section_age_hops: u32,
    energy_short: Average,
    energy_long: Average,
    s: f64,
    alpha: f64,
    gates: Vector6<f64>,
    impact_amount: f64,
    residual_depth: f64,
    /// The last hop's pose and point; none before the first hop, which places the orbit without a way.
    last: Option<(Pose, Complex<f64>)>,
    max_step: f64,
}

impl Orbit {
    /// For hops of `hop_s` seconds ([`crate::HOP_S`] in the plug-in; what is not in 0.1 ms ... 1 s becomes that). Allocates, and
    /// builds the shared atlas if nobody has yet.
    pub fn new(hop_s: f64) -> Self {
        let hop_s = if (1e-4..=1.0).contains(&hop_s) { hop_s } else { crate::HOP_S };
        Self {
            hop_s,
            lock: BarLock::new(hop_s),
            offset: AudioOffset::new(hop_s),
            picker: OnsetPicker::new(hop_s),
            envelope: ImpactEnvelope::new(hop_s),
            sections: SectionDetector::new(hop_s),
            transition: Transition::settled(Atlas::shared().cardioid()),
            before: None,
            section: 0,
            section_age_hops: 0,
            energy_short: Average::new(ENERGY_SHORT_S / hop_s),
            energy_long: Average::new(ENERGY_LONG_S / hop_s),
            s: 0.0,
            alpha: 0.0,
            gates: Vector6::zeros(),
            impact_amount: 0.0,
            residual_depth: 0.0,
            last: None,
            max_step: 0.0,
        }
    }

    /// One hop. Does not allocate, lock or panic; what is out of range is limited, what is not finite replaced.
    pub fn step(&mut self, input: &HopInput, settings: &Settings) -> OrbitState {
        let settings = settings.sanitised();
        let controls = input.controls.sanitised();
        let onset = unit(input.onset);

        let hit = self.hear_onset(input.silent, onset);
        let section_changed = self.hear_texture(input, &settings);
        self.smooth(&controls, &settings);
        self.change_component(&settings, section_changed);

        let envelope = self.envelope.step(hit);
        let impact = envelope * self.impact_amount;
        let bars = self.lock.step(&input.clock, controls.omega_scale, settings.bars_per_turn);
        let lift = self.lift();
        let push = if input.silent { 0.0 } else { f64::from(onset) };
        let offset = self.offset.step(push, lift);
        let theta = TAU * (bars + offset).rem_euclid(1.0);

        let kicked_s = self.s + impact * (IMPACT_S - self.s).max(0.0);
        let kicked_alpha = self.alpha + (impact * IMPACT_ALPHA).min(1.0 - self.alpha);
        let epicycles = Epicycles::new(self.residual_depth, kicked_alpha, kicked_s, &self.gates);
        let pose = Pose { theta, s: self.s, kicked_s, epicycles };
        let (carrier, c) = self.place(pose);

        OrbitState {
            c: [c.re, c.im],
            carrier: [carrier.re, carrier.im],
            component: self.transition.to.id(),
            blend: self.transition.weight() as f32,
            s: self.s,
            alpha: self.alpha,
            omega_scale: controls.omega_scale,
            gates: self.gates.into(),
            theta,
            turns_per_n_bars: self.lock.turns_per_n_bars(),
            impact: envelope as f32,
            onset_detected: hit,
            novelty: self.sections.novelty(),
            novelty_threshold: self.sections.threshold(),
            section: self.section,
            section_changed,
            section_age_hops: self.section_age_hops,
        }
    }

    /// The transport started or jumped: the detectors and slow averages begin anew, and the section count at 0. c, its
    /// component and what it is gliding to go on.
    pub fn reset_averages(&mut self) {
        self.picker.reset();
        self.sections.reset();
        self.energy_short.reset();
        self.energy_long.reset();
        self.section = 0;
        self.section_age_hops = 0;
    }

    /// As new, for activation only: the next hop places c wherever its input says, with no way from where it was.
    pub fn restart(&mut self) {
        self.reset_averages();
        self.lock = BarLock::new(self.hop_s);
        self.offset = AudioOffset::new(self.hop_s);
        self.envelope = ImpactEnvelope::new(self.hop_s);
        self.transition = Transition::settled(Atlas::shared().cardioid());
        self.before = None;
        self.last = None;
        self.max_step = 0.0;
    }

    /// The bound of |c - c before| in the last hop (see [`Orbit`]); 0 after the first hop, which only places.
    pub fn max_step(&self) -> f64 {
        self.max_step
    }

    fn hear_onset(&mut self, silent: bool, onset: f32) -> bool {
        if silent {
            self.picker.skip();
            return false;
        }
        self.picker.step(onset)
    }

    fn hear_texture(&mut self, input: &HopInput, settings: &Settings) -> bool {
        self.section_age_hops = self.section_age_hops.saturating_add(1);
        let change = if input.silent {
            self.sections.skip(settings.section_sensitivity)
        } else {
            let loudness = f64::from(unit(input.loudness));
            self.energy_short.take(loudness);
            self.energy_long.take(loudness);
            self.sections.step(input.texture, settings.section_sensitivity)
        };
        if let Some(change) = change {
            self.section = self.section.wrapping_add(1);
            self.section_age_hops = change.age_hops;
        }
        change.is_some()
    }

    /// Brings the smoothed controls a hop nearer to their targets.
    fn smooth(&mut self, controls: &crate::Controls, settings: &Settings) {
        let s = (controls.s + settings.s_bias).clamp(S_RANGE[0], S_RANGE[1]);
        let gates = Vector6::from_fn(|i, _| controls.gates.get(i).copied().unwrap_or(0.0));
        if self.last.is_none() {
            self.s = s;
            self.alpha = controls.alpha;
            self.gates = gates;
            self.impact_amount = settings.impact_amount;
            self.residual_depth = settings.residual_depth;
            return;
        }
        let share = 1.0 - (-self.hop_s / settings.smoothing_s.max(1e-6)).exp();
        let approach = |now: &mut f64, target: f64, share: f64, speed: f64| {
            let most = speed * self.hop_s;
            *now += ((target - *now) * share).clamp(-most, most);
        };
        approach(&mut self.s, s, share, S_SPEED);
        approach(&mut self.alpha, controls.alpha, share, ALPHA_SPEED);
        for i in 0..GATES {
            approach(&mut self.gates[i], gates[i], share, GATE_SPEED);
        }
        approach(&mut self.impact_amount, settings.impact_amount, 1.0, SETTING_SPEED);
        approach(&mut self.residual_depth, settings.residual_depth, 1.0, SETTING_SPEED);
    }

    /// Starts a transition if the user or a new section asks for one.
    fn change_component(&mut self, settings: &Settings, section_changed: bool) {
        let atlas = Atlas::shared();
        let present = self.transition.to;
        let locked = match settings.lock {
            Lock::Component(id) => atlas.get(id),
            Lock::Automatic => None,
        };
        let next = match locked {
            Some(component) => component,
            // A component that only a lock could reach is left with the lock.
            None if section_changed || !atlas.automatic().contains(&present.id()) => {
                let occasion = Occasion {
                    seed: settings.seed,
                    section: self.section,
                    present: present.id(),
                    before: self.before,
                    energy: self.energy(),
                };
                next_component(atlas, &occasion)
            }
            None => present,
        };
        if next.id() != present.id() {
            match self.last {
                Some((pose, c)) => {
                    let carrier = self.mix(|on| pose.carrier(on), |held, _| held);
                    self.transition.start(next, carrier, c - carrier);
                }
                None => self.transition = Transition::settled(next),
            }
            self.before = Some(present.id());
        }
    }

    /// 0 the quietest, 1 the loudest stretch of the last minute or so.
    fn energy(&self) -> f64 {
        let difference = self.energy_short.value - self.energy_long.value;
        (0.5 + 0.5 * difference / ENERGY_SPAN).clamp(0.0, 1.0)
    }

    fn lift(&self) -> f64 {
        match &self.last {
            Some((pose, _)) => offset_lift(self.transition.to, pose.kicked_s, pose.theta),
            None => 1.0,
        }
    }

    /// Weighted mean over the transition of something that a component has, or that a held point has.
    fn mix(
        &self,
        of_component: impl Fn(&Component) -> Complex<f64>,
        of_held: impl Fn(Complex<f64>, Complex<f64>) -> Complex<f64>,
    ) -> Complex<f64> {
        let to = of_component(self.transition.to);
        if self.transition.done() {
            return to;
        }
        let from = match self.transition.from {
            Source::Component(on) => of_component(on),
            Source::Held { carrier, residual } => of_held(carrier, residual),
        };
        let weight = self.transition.weight();
        from * (1.0 - weight) + to * weight
    }

    /// Moves c to where the pose puts it, within the bound. Returns carrier and c.
    fn place(&mut self, pose: Pose) -> (Complex<f64>, Complex<f64>) {
        let weight_before = self.transition.weight();
        let to = self.transition.to;
        // The length of the way that the transition itself has yet to go.
        let mut gap = 0.0;
        let mut from_way = [0.0; 3];
        if !self.transition.done() {
            let point = |on: &Component| pose.carrier(on) + pose.residual(on);
            let from = match self.transition.from {
                Source::Component(on) => {
                    if let Some((before, _)) = &self.last {
                        from_way = pose.way(before, on);
                    }
                    point(on)
                }
                Source::Held { carrier, residual } => carrier + residual,
            };
            gap = (point(to) - from).norm();
        }
        self.transition.advance(self.hop_s);
        let carrier = self.mix(|on| pose.carrier(on), |held, _| held);
        let residual = self.mix(|on| pose.residual(on), |_, held| held);
        let target = carrier + residual;
        let Some((before, c)) = self.last else {
            self.last = Some((pose, target));
            self.max_step = 0.0;
            return (carrier, target);
        };
        let sum = |way: [f64; 3]| way.iter().sum::<f64>();
        let to_way = pose.way(&before, to);
        let weight_step = (self.transition.weight() - weight_before).abs();
        self.max_step = STEP_MARGIN
            * ((1.0 - weight_before) * sum(from_way) + weight_before * sum(to_way) + weight_step * gap);
        let step = target - c;
        // Rounding: a limit of exactly 0 must not freeze the last bit of a target forever.
        let way = step.norm();
        let c = if way > self.max_step.max(1e-15) { c + step * (self.max_step / way) } else { target };
        self.last = Some((pose, c));
        (carrier, c)
    }
}

/// How much faster the audio-driven offset turns where the same turn changes the picture less, so that the same onset moves the
/// picture alike wherever the orbit is: in inverse proportion to the way in c, and to how much the picture changes by way.
///
/// For an orbit that was at s (impact included) and `theta` (radians) on this component in the last hop; 0.3 ... 3. Training needs
/// its slope in s. Does not allocate.
pub fn offset_lift(on: &Component, s: f64, theta: f64) -> f64 {
    let way = s.min(1.0) * on.slope_at(s, theta) / on.radius();
    let near_rim = (-((s - SENSITIVE_S) / SENSITIVE_WIDTH).powi(2)).exp();
    let change = way * (1.0 + SENSITIVE_GAIN * near_rim);
    (LIFT / change.max(1e-9)).clamp(LIFT_RANGE[0], LIFT_RANGE[1])
}

/// An exponential average that starts as a plain mean.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Average {
    length: f64,
    count: f64,
    value: f64,
}

impl Average {
    /// With a time constant of `length` values.
    fn new(length: f64) -> Self {
        Self { length: length.max(1.0), count: 0.0, value: 0.0 }
    }

    fn take(&mut self, x: f64) {
        self.count = (self.count + 1.0).min(self.length);
        self.value += (x - self.value) / self.count;
    }

    fn reset(&mut self) {
        self.count = 0.0;
        self.value = 0.0;
    }
}

fn unit(x: f32) -> f32 {
    if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 }
}
