//! The constants of the picture's formulas, shared by the CPU renderer and (as `const` lines) by the shader.

/// Height of the view at zoom 1, in units of the z-plane. Every Julia set of c in the Mandelbrot set fits its width.
pub const VIEW_HEIGHT: f64 = 2.5;

/// Squared escape radius. 32 makes the smooth iteration count continuous to about 1e-3 of a step.
pub const ESCAPE_RADIUS_SQUARED: f32 = 1024.0;

/// Iterates that feed relief, trap and convergence. Later ones only decide about escape and rim.
pub const RELIEF_STEPS: u32 = 24;

/// Weight of iterate n in the relief is this to the power n. Close to 1/2, the inverse of the mean expansion on the
/// Julia set, so that the relief's slope stays finite there.
pub const RELIEF_DECAY: f32 = 0.66;

/// 1 / squared radius of the bump around 0 that each iterate adds to the relief.
pub const BUMP_CURVATURE: f32 = 0.55;

/// What each later iterate adds to its trap distance: late visits draw fainter threads.
pub const TRAP_FADE: f32 = 0.012;

/// The orbit is on the boundary for every practical purpose when |z'|² exceeds this: the distance is below 1e-7.
pub const DERIVATIVE_LIMIT_SQUARED: f32 = 1e18;

/// Distance, as a share of the view's height, at which the rim has half its strength.
pub const RIM_WIDTH: f32 = 0.0035;

/// Distance, as a share of the view's height, at which the halo around the set has half its strength.
pub const HALO_WIDTH: f32 = 0.055;

/// Iteration count in the middle of the exterior ramp: its place is nu / (nu + this).
pub const EXTERIOR_MIDDLE: f32 = 7.0;

/// Iteration counts between which the exterior's colour turns into the relief's.
pub const BLEND_FROM: f32 = 9.0;
/// See [`BLEND_FROM`].
pub const BLEND_TO: f32 = 42.0;

/// Steepness of the relief under the light.
pub const RELIEF_SLOPE: f32 = 0.55;

/// Direction of the light in the picture (x right, y up, z towards the eye), of length 1.
pub const LIGHT: [f32; 3] = [-0.48, 0.64, 0.6];

/// Brings the relief to about 0 ..= 1.
pub const RELIEF_SCALE: f32 = (1.0 - RELIEF_DECAY) / RELIEF_DECAY;

/// Brings log2|dz/dz0|² to the exponent per step.
pub const CONVERGENCE_SCALE: f32 = 0.5 / RELIEF_STEPS as f32;

/// How far convergence moves the place on the interior ramp.
pub const CONVERGENCE_SHARE: f32 = -0.35;

/// Distance from the trap at which a thread has a quarter of its strength.
pub const TRAP_WIDTH: f32 = 0.03;

/// Light added by a thread.
pub const THREAD_STRENGTH: f32 = 0.35;

/// Light that does not depend on the normal.
pub const AMBIENT: f32 = 0.5;

/// Light that does. With the light's height 0.6, a flat place has the factor 1.
pub const DIFFUSE: f32 = 0.5 / LIGHT[2];

/// Light of the highlights.
pub const HIGHLIGHT: f32 = 0.12;

/// ln 2 / 2: natural logarithm of |z| from log2 of |z|².
pub const HALF_LN_2: f32 = 0.346_573_6;

/// Pushes iterates far from 0 away from the trap.
pub const TRAP_BLUR: f32 = 0.02;

/// How far the relief's height moves the place on the interior ramp.
pub const HEIGHT_SHARE: f32 = 1.25;

/// Place on the interior ramp of height 0 at no convergence.
pub const INTERIOR_START: f32 = -0.36;

/// Contour lines of the interior between its ramp's ends.
pub const STRATA: f32 = 5.0;

/// How much the contour lines change the light.
pub const STRATA_STRENGTH: f32 = 0.05;

/// Strength of the rim's line without glow.
pub const RIM_REST: f32 = 0.18;

/// What full glow adds to the rim's line.
pub const RIM_GLOW: f32 = 0.4;

/// Steepness of the exterior's potential under the light.
pub const OUTER_SLOPE: f32 = 0.6;
