//! Control signals to c(t): where on the Mandelbrot set the Julia set's parameter is, hop by hop.
//!
//! ```text
//!  Clock (bars, tempo) ──> BarLock ─────┐
//!  onset strength ─┬─────> AudioOffset ─┴─> theta ──┐
//!                  └─> OnsetPicker ─> ImpactEnvelope │ kicks s and alpha
//!  Controls: s, alpha, gates ── smoothing ───────────┼─> carrier(component, s, theta) ──┐
//!  texture (128 mel bands) ───────> SectionDetector  │   + residual(alpha, gates, theta)├─> blend ─> c
//!  loudness ─> energy ──┐               │            │                                  │
//!                       └─> choice of the component ─┴──────────────────────────────────┘
//! ```
//! One call of [`Orbit::step`] per hop of 1,024 samples at 48 kHz. Plain numbers in and out; nothing here knows where the
//! signals come from. c is dimensionless, times are in seconds, angles in radians unless a name says turns.
//!
//! The carrier is the point of a hyperbolic component (of period n) whose attracting cycle has multiplier s e^{i theta}: s < 1
//! inside, s = 1 on the rim, on *every* component (see [`Component::c`]). [`Atlas::shared`] computes them once.
//!
//! ```
//! use dendrite_orbit::{Clock, Controls, HOP_S, HopInput, Orbit, Settings};
//!
//! let mut orbit = Orbit::new(HOP_S);
//! let state = orbit.step(
//!     &HopInput {
//!         controls: Controls::default(),
//!         onset: 0.0,
//!         loudness: 0.5,
//!         texture: &[0.5; 128],
//!         silent: false,
//!         clock: Clock::Free { bars_per_second: 0.5 },
//!     },
//!     &Settings::default(),
//! );
//! assert!(state.c[0].hypot(state.c[1]) < 2.0);
//! ```

pub mod angle;
mod atlas;
pub mod baselines;
mod centres;
mod choice;
pub mod fallback;
pub mod impact;
mod median;
mod multiplier;
mod orbit;
mod random;
mod residual;
pub mod section;
mod signals;
mod transition;

pub use atlas::{
    AUTOMATIC_RADIUS, Atlas, Bud, COMPLETE_PERIOD, Component, ComponentId, HIGHEST_PERIOD,
    SMALLEST_HIGH_RADIUS,
};
pub use orbit::{
    ALPHA_SPEED, GATE_SPEED, IMPACT_ALPHA, IMPACT_S, Orbit, S_SPEED, SETTING_SPEED, STEP_MARGIN, offset_lift,
};
pub use signals::{Clock, Controls, GATES, HopInput, Lock, OMEGA_RANGE, OrbitState, S_RANGE, Settings};
pub use transition::{BLEND_PER_GEAR_S, BLEND_S};

/// Length of a hop: 1,024 samples at 48 kHz, seconds.
pub const HOP_S: f64 = 1024.0 / 48_000.0;
