//! From c to a picture: the Julia set of z² + c, drawn the same way by a fragment shader and on the CPU.
//!
//! ```text
//! c, Look, Reaction ──scene()──> Scene ──Frame::new──> Frame ──┬─> cpu::Renderer   RGBA8, rows from the top
//!                                  │                           └─> shader::uniforms  GLSL 150 / GLSL ES 300
//!                                  └──palettes::Table (256 exterior + 256 interior colours, a rim colour) ──┘
//! ```
//!
//! A [`Scene`] says what is to be seen; a [`Frame`] holds what both renderers need for one picture size; the
//! formulas live once in [`formula`] (constants) and twice as code (`cpu/orbit.rs`, `cpu/shade.rs` and
//! `assets/shaders/julia.frag`), compared by the test `shader_agrees`.
//!
//! # The picture
//! Everything is a continuous function of the pixel *and of c*, so that a moving c is seen as smooth motion:
//!
//! * **Relief**: a height field, the sum over the first iterates of a bump around 0 with falling weights. It is a
//!   polynomial of finite degree inside and outside the set, so it neither pops nor strobes when the attracting
//!   cycle appears, vanishes or bifurcates. It colours the filled interior and carries the light.
//! * **Convergence**: the finite-time Lyapunov exponent log|dz/dz₀|/n shades the interior from the attracting
//!   cycle to its rim; an **orbit trap** draws threads through it.
//! * **Exterior**: smooth iteration count (the potential), with light from its normal z/z'.
//! * **Rim**: the distance estimate |z|·ln|z|/|z'| draws the boundary as a luminous line, and where it is below a
//!   pixel it takes over, so that chaotic last iterations never show.
//!
//! Sources: distance estimate and potential after H.-O. Peitgen and D. Saupe (eds.), *The Science of Fractal Images*
//! (1988), appendix D; OKLab after B. Ottosson, *A perceptual color space for image processing* (2020); relative
//! luminance and flashes after WCAG 2.2.

pub mod cpu;
mod cycle;
pub mod flash;
pub mod formula;
mod frame;
mod framing;
#[cfg(feature = "gl")]
pub mod gl;
pub mod metrics;
mod oklab;
pub mod palettes;
mod quality;
mod scene;
pub mod shader;
pub mod sync;

pub use cycle::Capture;
pub use frame::Frame;
pub use framing::Framing;
pub use quality::Quality;
pub use scene::{Look, PaletteBlend, Reaction, Scene, scene};
