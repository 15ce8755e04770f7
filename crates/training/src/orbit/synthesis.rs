//! The orbit's motion inside the graph: control signals to c, with the gradient of c by every signal.
//!
//! ```text
//! controls [batch, time, 9] ─┬─ values ──> Orbit::step, hop by hop ──> theta, impact ────┐ constants, equal to the crate's
//!                            │                                                           │
//!                            ├─ s, alpha, gates ── smoothing ── impact ──────────────────┼─> carrier + residual = c
//!                            └─ omega_scale ── straight through to theta ────────────────┘   [batch, time, 2]
//! ```
//! Values are those of [`Orbit::step`]: what it decides (hits, the ratio in force, where the audio-driven offset turns round)
//! is decided by it, on the values of the controls; everything that is a smooth function of the controls is computed again as
//! tensors. Gradients:
//!
//! * s, alpha and gates: through the smoothing with its greatest speeds, the impact, the six epicycles with their cap, and
//!   the power series of the component with its continuation for s > 1. Exact.
//! * s, further: through the offset's speed, which depends on where s is (see [`offset_lift`]). The angle's own influence on
//!   that speed is left out.
//! * omega_scale: the ratio in force is one of {1/4, 1/2, 1, 2, 4} and has no slope; in its place theta has the slope that it
//!   would have if the carrier turned at omega_scale itself (straight through).
//!
//! One component serves for the length of a sequence: a passage is locked to its component, and one that begins within a
//! blend is refused ([`SynthesisError`]). The crate's speed limiter never acts in exact arithmetic, so there is none here.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use dendrite_orbit::{
    ALPHA_SPEED, Atlas, Clock, Component, ComponentId, Controls, GATE_SPEED, GATES, HOP_S, HopInput,
    IMPACT_ALPHA, IMPACT_S, Lock, Orbit, OrbitState, S_RANGE, S_SPEED, Settings, angle, offset_lift,
};
use rayon::prelude::*;

use super::SIGNALS;
use crate::nets::layers::values;

/// Terms of a series that are smaller than this change no f32.
const LEAST_TERM: f64 = 1e-9;

/// What sounds in one hop, as far as the orbit's motion depends on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// Onset strength, 0 ... 1.
    pub onset: f32,
    /// Loudness, 0 ... 1.
    pub loudness: f32,
    /// The frame is silent.
    pub silent: bool,
    /// What turns the carrier.
    pub clock: Clock,
}

/// Where a sequence begins, and what sounds in it.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The orbit as it was before the first hop.
    pub orbit: Orbit,
    /// The state that its last step gave; `None` for a new orbit.
    pub before: Option<OrbitState>,
    /// The component that the passage is played on; that of `before` if there is one.
    pub component: ComponentId,
    /// As many hops as the controls have.
    pub hops: Vec<Hop>,
}

impl Passage {
    /// A passage that begins with a new orbit.
    pub fn new(component: ComponentId, hops: Vec<Hop>) -> Self {
        Self { orbit: Orbit::new(HOP_S), before: None, component, hops }
    }
}

/// A passage that cannot be synthesised.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SynthesisError {
    /// The numbers of passages, of hops and of signals do not fit together.
    #[error("expected controls of [passages, hops, 9] = {expected:?}, found {found:?}")]
    Shape {
        /// From the passages.
        expected: [usize; 3],
        /// Of the controls.
        found: [usize; 3],
    },
    /// The atlas does not hold the component.
    #[error("passage {passage}: there is no component {component}")]
    Component {
        /// Index of the passage.
        passage: usize,
        /// The id.
        component: ComponentId,
    },
    /// The orbit is on its way between two components.
    #[error("passage {passage}: expected an orbit settled on {component}; begin where the blend is over")]
    Blend {
        /// Index of the passage.
        passage: usize,
        /// The component asked for.
        component: ComponentId,
    },
}

/// What the orbit does, `[batch, time]` unless said otherwise.
#[derive(Clone, Debug)]
pub struct Motion {
    /// c, `[batch, time, 2]`: real and imaginary part.
    pub c: Tensor<3>,
    /// Smoothed s, before the impact.
    pub s: Tensor<2>,
    /// s with the impact: where the carrier is.
    pub kicked_s: Tensor<2>,
    /// Smoothed alpha, before the impact.
    pub alpha: Tensor<2>,
    /// Smoothed gates, `[batch, time, 6]`.
    pub gates: Tensor<3>,
    /// omega_scale as it came in.
    pub omega_scale: Tensor<2>,
    /// How near c is to the rim, seen from the component's centre: |c - centre| over the rim's distance at this angle.
    pub nearness: Tensor<2>,
    /// R of each passage's component, `[batch, 1]`, constant.
    pub radius: Tensor<2>,
}

/// What a passage's orbit decides, in f64.
struct Decided {
    component: &'static Component,
    theta: Vec<f64>,
    impact: Vec<f64>,
    /// |c(e^{i theta}) - centre|
    rim: Vec<f64>,
    /// d theta / d omega_scale of each hop's own advance, radians.
    omega_slope: Vec<f64>,
    /// d theta / d s of the hop before, of each hop's own advance, radians.
    lift_slope: Vec<f64>,
}

/// Runs the passages with control signals in the order of [`SIGNALS`], `[batch, time, 9]`.
///
/// Of the settings, the lock is ignored: each passage has its component.
///
/// # Errors
/// [`SynthesisError`]; nothing is computed then.
pub fn synthesise(
    controls: Tensor<3>,
    passages: &[Passage],
    settings: &Settings,
) -> Result<Motion, SynthesisError> {
    let found = controls.dims();
    let time = passages.first().map_or(0, |passage| passage.hops.len());
    let expected = [passages.len(), time, SIGNALS.len()];
    if found != expected || passages.iter().any(|passage| passage.hops.len() != time) {
        return Err(SynthesisError::Shape { expected, found });
    }
    let numbers = values(controls.clone().inner());
    let decided: Vec<Decided> = passages
        .par_iter()
        .zip(numbers.par_chunks_exact(time * SIGNALS.len()))
        .enumerate()
        .map(|(row, (passage, controls))| decide(row, passage, controls, settings))
        .collect::<Result<_, _>>()?;

    let device = controls.device();
    let [batch, ..] = expected;
    let constant = |of: &dyn Fn(&Decided) -> &[f64]| -> Tensor<2> {
        let numbers: Vec<f32> = decided.iter().flat_map(|row| of(row).iter().map(|x| *x as f32)).collect();
        Tensor::from_data(TensorData::new(numbers, [batch, time]), &device)
    };

    let smoothed = smooth(&controls, passages, settings);
    let s = smoothed.clone().narrow(2, 0, 1).squeeze_dim::<2>(2);
    let alpha = smoothed.clone().narrow(2, 1, 1).squeeze_dim::<2>(2);
    let gates = smoothed.narrow(2, 2, GATES);

    // Straight through: nothing is added but the slopes.
    let omega_scale = controls.narrow(2, 2, 1).squeeze_dim::<2>(2);
    let by_omega = only_slope(omega_scale.clone()) * constant(&|row| &row.omega_slope);
    let earlier = Tensor::cat(vec![s.clone().narrow(1, 0, 1).detach(), s.clone().narrow(1, 0, time - 1)], 1);
    let by_lift = only_slope(earlier) * constant(&|row| &row.lift_slope);
    let theta = constant(&|row| &row.theta) + (by_omega + by_lift).cumsum(1);

    let impact = constant(&|row| &row.impact);
    let kicked_s = s.clone() + impact.clone() * (s.clone().neg() + IMPACT_S).clamp_min(0.0);
    let kicked_alpha = alpha.clone() + (impact * IMPACT_ALPHA).min_pair(alpha.clone().neg() + 1.0);

    let components: Vec<&Component> = decided.iter().map(|row| row.component).collect();
    let column = |of: &dyn Fn(&Component) -> f64| column(&components, of, &device);
    let radius = column(&|on| on.radius());
    let turn = Complex { re: theta.clone().cos(), im: theta.sin() };
    let carrier = carrier(&components, kicked_s.clone(), &turn, &device);
    let size = kicked_alpha * kicked_s.clone().clamp(0.0, 1.0) * settings.residual_depth;
    let residual = residual(size, &gates, &turn, &radius);
    let c = carrier.plus(residual);
    let ray = Complex {
        re: c.re.clone() - column(&|on| on.centre().re),
        im: c.im.clone() - column(&|on| on.centre().im),
    };
    let nearness = ray.size() / constant(&|row| &row.rim);
    let c = Tensor::stack(vec![c.re, c.im], 2);
    Ok(Motion { c, s, kicked_s, alpha, gates, omega_scale, nearness, radius })
}

/// Zero, with the slope of `x`.
fn only_slope(x: Tensor<2>) -> Tensor<2> {
    x.clone() - x.detach()
}

/// Steps a copy of the passage's orbit through it.
fn decide(
    row: usize,
    passage: &Passage,
    controls: &[f32],
    settings: &Settings,
) -> Result<Decided, SynthesisError> {
    let id = passage.component;
    let component =
        Atlas::shared().get(id).ok_or(SynthesisError::Component { passage: row, component: id })?;
    let settings = Settings { lock: Lock::Component(id), ..*settings };
    let mut orbit = passage.orbit.clone();
    let mut before = passage.before.as_ref().map(|state| {
        let kicked =
            state.s + f64::from(state.impact) * settings.impact_amount * (IMPACT_S - state.s).max(0.0);
        (state.theta, kicked)
    });
    let length = passage.hops.len();
    let mut decided = Decided {
        component,
        theta: Vec::with_capacity(length),
        impact: Vec::with_capacity(length),
        rim: Vec::with_capacity(length),
        omega_slope: Vec::with_capacity(length),
        lift_slope: Vec::with_capacity(length),
    };
    for (hop, controls) in passage.hops.iter().zip(controls.chunks_exact(SIGNALS.len())) {
        let signal = |i: usize| f64::from(controls[i]);
        let input = HopInput {
            controls: Controls {
                s: signal(0),
                alpha: signal(1),
                omega_scale: signal(2),
                gates: std::array::from_fn(|i| signal(3 + i)),
            },
            onset: hop.onset,
            loudness: hop.loudness,
            // No section changes within a passage.
            texture: &[],
            silent: hop.silent,
            clock: hop.clock,
        };
        let state = orbit.step(&input, &settings);
        if state.component != id || state.blend < 1.0 {
            return Err(SynthesisError::Blend { passage: row, component: id });
        }
        let impact = f64::from(state.impact) * settings.impact_amount;
        let kicked = state.s + impact * (IMPACT_S - state.s).max(0.0);
        let bars = match hop.clock {
            Clock::Transport { bars_per_second, .. } | Clock::Free { bars_per_second } => bars_per_second,
        };
        let turn = TAU * bars * HOP_S / settings.bars_per_turn;
        decided.omega_slope.push(turn);
        decided.lift_slope.push(match before {
            Some((theta, s)) => {
                let pushed = (state.theta - theta + TAU / 2.0).rem_euclid(TAU)
                    - TAU / 2.0
                    - turn * state.turns_per_n_bars;
                lift_slope(component, s, theta, pushed)
            }
            None => 0.0,
        });
        decided.theta.push(state.theta);
        decided.impact.push(impact);
        decided.rim.push((component.c(1.0, state.theta) - component.centre()).norm());
        before = Some((state.theta, kicked));
    }
    Ok(decided)
}

/// How an advance of `pushed` radians by the offset changes with the s that it depends on; 0 where its speed is limited.
fn lift_slope(on: &Component, s: f64, theta: f64, pushed: f64) -> f64 {
    const STEP: f64 = 1e-4;
    if pushed.abs() >= 0.999 * angle::OFFSET_SPEED * HOP_S * TAU {
        return 0.0;
    }
    let ln_lift = |s: f64| offset_lift(on, s, theta).ln();
    pushed * (ln_lift(s + STEP) - ln_lift(s - STEP)) / (2.0 * STEP)
}

/// s, alpha and gates as the orbit smooths them, `[batch, time, 8]`.
fn smooth(controls: &Tensor<3>, passages: &[Passage], settings: &Settings) -> Tensor<3> {
    const SMOOTHED: usize = 2 + GATES;
    let [batch, time, _] = controls.dims();
    let device = controls.device();
    let s = (controls.clone().narrow(2, 0, 1) + settings.s_bias).clamp(S_RANGE[0], S_RANGE[1]);
    let target =
        Tensor::cat(vec![s, controls.clone().narrow(2, 1, 1), controls.clone().narrow(2, 3, GATES)], 2);
    let share = 1.0 - (-HOP_S / settings.smoothing_s.max(1e-6)).exp();
    let speeds = [S_SPEED, ALPHA_SPEED].into_iter().chain([GATE_SPEED; GATES]);
    let most: Vec<f32> = speeds.map(|speed| (speed * HOP_S) as f32).collect();
    let most: Tensor<2> = Tensor::from_data(TensorData::new(most, [1, SMOOTHED]), &device);

    let begin: Vec<f32> = passages
        .iter()
        .flat_map(|passage| match &passage.before {
            Some(state) => [&[state.s, state.alpha], &state.gates[..]].concat(),
            None => vec![0.0; SMOOTHED],
        })
        .map(|x| x as f32)
        .collect();
    let new: Vec<f32> = passages.iter().map(|p| f32::from(u8::from(p.before.is_none()))).collect();
    let begin: Tensor<2> = Tensor::from_data(TensorData::new(begin, [batch, SMOOTHED]), &device);
    let new: Tensor<2> = Tensor::from_data(TensorData::new(new, [batch, 1]), &device);

    let mut now = begin;
    let mut all = Vec::with_capacity(time);
    for t in 0..time {
        let target = target.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
        if t == 0 {
            // A new orbit is placed on its first target.
            now = now + target.clone() * new.clone();
        }
        let step = (target - now.clone()) * share;
        now = now + step.max_pair(most.clone().neg()).min_pair(most.clone());
        all.push(now.clone());
    }
    Tensor::stack(all, 1)
}

/// A complex number per element.
#[derive(Clone, Debug)]
struct Complex {
    re: Tensor<2>,
    im: Tensor<2>,
}

impl Complex {
    fn times(&self, other: &Self) -> Self {
        let (a, b) = (self.clone(), other.clone());
        Self { re: a.re.clone() * b.re.clone() - a.im.clone() * b.im.clone(), im: a.re * b.im + a.im * b.re }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn scaled(self, by: Tensor<2>) -> Self {
        Self { re: self.re * by.clone(), im: self.im * by }
    }

    /// Its modulus, with a finite slope at 0.
    fn size(&self) -> Tensor<2> {
        (self.re.clone().square() + self.im.clone().square() + 1e-24).sqrt()
    }
}

/// One number of each component, `[batch, 1]`.
fn column(components: &[&Component], of: &dyn Fn(&Component) -> f64, device: &Device) -> Tensor<2> {
    let numbers: Vec<f32> = components.iter().map(|on| of(on) as f32).collect();
    Tensor::from_data(TensorData::new(numbers, [components.len(), 1]), device)
}

/// The components' power series at s e^{i theta}, continued outward for s > 1.
fn carrier(components: &[&Component], s: Tensor<2>, turn: &Complex, device: &Device) -> Complex {
    let column = |of: &dyn Fn(&Component) -> f64| column(components, of, device);
    let term = |k: usize| Complex {
        re: column(&|on| on.series().get(k).map_or(0.0, |term| term.re)),
        im: column(&|on| on.series().get(k).map_or(0.0, |term| term.im)),
    };
    let terms = |on: &Component| {
        on.series().iter().rposition(|term| term.norm() >= LEAST_TERM).map_or(1, |last| last + 1)
    };
    let terms = components.iter().map(|on| terms(on)).max().unwrap_or(1);

    let mu = turn.clone().scaled(s.clone().clamp(0.0, 1.0));
    // The ray from the centre: everything but the first term, which is the centre and added last.
    let mut ray = Complex { re: mu.re.zeros_like(), im: mu.im.zeros_like() };
    for k in (1..terms).rev() {
        ray = ray.plus(term(k)).times(&mu);
    }
    let outward = (s - 1.0).clamp_min(0.0) * column(&|on| on.radius()) / ray.size();
    let stretched = ray.scaled(outward + 1.0);
    stretched.plus(term(0))
}

/// The six epicycles; `size` is everything but R, the gates and 1/(k+1)^2.
fn residual(size: Tensor<2>, gates: &Tensor<3>, turn: &Complex, radius: &Tensor<2>) -> Complex {
    let mut phase = turn.clone();
    let mut sum = Complex { re: size.zeros_like(), im: size.zeros_like() };
    for i in 0..GATES {
        phase = phase.times(turn);
        let gate = gates.clone().narrow(2, i, 1).squeeze_dim::<2>(2);
        let amplitude = gate * size.clone() / ((i + 2) as f64).powi(2);
        let epicycle = phase.clone().scaled(amplitude);
        // They alternate in direction.
        let im = if i % 2 == 0 { epicycle.im } else { epicycle.im.neg() };
        sum = sum.plus(Complex { re: epicycle.re, im });
    }
    let capped = sum.size().clamp_min(0.5).recip() * 0.5;
    sum.scaled(capped * radius.clone())
}
