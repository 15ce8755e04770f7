//! Turns what the orbits left behind into colours.

use pulp::Simd;

use super::orbit::{Orbit, squared};
use crate::{
    Frame,
    formula::*,
    palettes::{RAMP, Table},
};

/// Widest vector of any instruction set.
pub const WIDEST: usize = 16;

/// Weights of the colours of one vector of pixels.
#[derive(Default)]
#[repr(align(64))]
pub struct Shade {
    /// Place on the exterior ramp, 0 ..= 255.
    exterior: [f32; WIDEST],
    /// Place on the interior ramp, 0 ..= 255.
    interior: [f32; WIDEST],
    /// Share of the interior ramp.
    blend: [f32; WIDEST],
    /// Factor of the light.
    light: [f32; WIDEST],
    /// Strength of the rim's line.
    rim: [f32; WIDEST],
    /// Light added in the rim's colour: halo, threads and highlights.
    added: [f32; WIDEST],
}

impl Shade {
    /// The weights for `orbit`. With `sign` -1 for the pixels mirrored in the centre, whose derivatives have the
    /// opposite sign.
    #[inline(always)]
    pub fn compute<S: Simd>(&mut self, frame: &Frame, orbit: &Orbit<S>, sign: f32) {
        // A macro, for a closure would not be compiled for the instruction set.
        macro_rules! same {
            ($value:expr) => {
                orbit.count.same($value)
            };
        }
        let (zero, one, tiny) = (same!(0.0), same!(1.0), same!(1e-20));
        let iterations = frame.iterations as f32;
        let (lx, ly, lz) = (same!(frame.light[0]), same!(frame.light[1]), same!(frame.light[2]));
        let [x, y, dx, dy] = orbit.last;
        let r2 = squared(x, y);
        let d2 = squared(dx, dy).max(tiny);
        let escaped = same!(ESCAPE_RADIUS_SQUARED).below(r2);
        let outside = escaped.or(same!(DERIVATIVE_LIMIT_SQUARED).below(d2));

        let log_r2 = r2.max(same!(1.001)).log2();
        let smooth = orbit.count - (log_r2 * same!(0.1)).log2();
        let nu = escaped.select(smooth.max(zero), orbit.count);
        let distance = log_r2 * (r2 / d2).sqrt() * same!(HALF_LN_2 / frame.view_height);
        let distance = escaped.select(distance, zero);
        let fade = outside.select(one - nu.smoothstep(0.5 * iterations, iterations), zero);
        let rim = same!(RIM_WIDTH) / (same!(RIM_WIDTH) + distance);
        let rim = fade * rim * rim;
        let halo = same!(HALO_WIDTH) / (same!(HALO_WIDTH) + distance);
        let halo = fade * halo * halo;

        let blend = outside.select(nu.smoothstep(BLEND_FROM, BLEND_TO) * (one - rim), one);
        let exterior = nu / (nu + same!(EXTERIOR_MIDDLE));

        let convergence = orbit.spread.clamp(1e-12, 1e12).log2() * same!(CONVERGENCE_SCALE);
        let convergence = convergence.clamp(-1.0, 1.0);
        let height = orbit.relief * same!(RELIEF_SCALE);
        let interior =
            convergence.fma(same!(CONVERGENCE_SHARE), height.fma(same!(HEIGHT_SHARE), same!(INTERIOR_START)));

        // Normals: of the potential outside, of the relief inside; both compressed to finite steepness.
        let (px, py) = (x.fma(dx, y * dy), y.fma(dx, -(x * dy)));
        let steep = exterior.smoothstep(0.0, 0.6) * (one - rim) * same!(OUTER_SLOPE);
        let outer = steep / squared(px, py).max(tiny).sqrt();
        let (gx, gy) = (orbit.slope[0] * same!(RELIEF_SLOPE), orbit.slope[1] * same!(RELIEF_SLOPE));
        let inner = one / squared(gx, gy).sqrt().fma(same!(0.5), one);
        let (wi, wo) = (same!(sign) * blend * inner, same!(sign) * (one - blend) * outer);
        let (nx, ny) = (gx.fma(wi, px * wo), gy.fma(wi, py * wo));
        let lit = nx.fma(lx, ny.fma(ly, lz));
        let cosine = (lit / nx.fma(nx, ny.fma(ny, one)).sqrt()).max(zero);

        let thread = same!(TRAP_WIDTH) / (same!(TRAP_WIDTH) + orbit.trap);
        let threads = thread * thread * blend * same!(THREAD_STRENGTH);
        let strata = (interior * same!(STRATA)).wave() * same!(STRATA_STRENGTH) * blend;
        let c2 = cosine * cosine;
        let highlight = c2 * c2 * c2 * same!(HIGHLIGHT);

        (exterior * same!((RAMP - 1) as f32)).store(&mut self.exterior);
        (interior.clamp(0.0, 1.0) * same!((RAMP - 1) as f32)).store(&mut self.interior);
        blend.store(&mut self.blend);
        (cosine.fma(same!(DIFFUSE), same!(AMBIENT)) + strata).store(&mut self.light);
        (rim * same!(RIM_REST + RIM_GLOW * frame.glow)).store(&mut self.rim);
        halo.fma(same!(0.35 * frame.glow), threads + highlight).store(&mut self.added);
    }

    /// Adds `weight` times the pixels' colours (sRGB-coded, 0 ..= 1) to `out`.
    #[inline(always)]
    pub fn colour(&self, table: &Table, weight: f32, out: &mut [[f32; 4]]) {
        let (outer, inner) = table.colours.split_at(RAMP);
        for (i, out) in out.iter_mut().enumerate() {
            let (blend, light) = (self.blend[i], self.light[i]);
            let (te, ti) = (self.exterior[i], self.interior[i]);
            let (ke, ki) = (place(te), place(ti));
            let (fe, fi) = (te - ke as f32, ti - ki as f32);
            let (e0, e1, i0, i1) = (&outer[ke], &outer[ke + 1], &inner[ki], &inner[ki + 1]);
            let (we, wi) = (light * (1.0 - blend), light * blend);
            let weights = [we - we * fe, we * fe, wi - wi * fi, wi * fi];
            for k in 0..4 {
                let base = e0[k] * weights[0] + e1[k] * weights[1] + i0[k] * weights[2] + i1[k] * weights[3];
                let base = base.min(1.0);
                let rimmed = base + (table.rim[k] - base) * self.rim[i];
                let lit = rimmed + table.rim[k] * self.added[i] * (1.0 - rimmed);
                out[k] += weight * lit;
            }
        }
    }
}

/// Index of the colour at or below place `t` that has a right neighbour.
#[inline(always)]
fn place(t: f32) -> usize {
    // Through i32: one instruction, where the conversion to usize takes several.
    (t as i32).clamp(0, RAMP as i32 - 2) as usize
}

/// Ordered dither (Bayer 8 x 8), in 1/64 of a step.
#[rustfmt::skip]
pub const BAYER: [[u8; 8]; 8] = [
    [ 0, 32,  8, 40,  2, 34, 10, 42],
    [48, 16, 56, 24, 50, 18, 58, 26],
    [12, 44,  4, 36, 14, 46,  6, 38],
    [60, 28, 52, 20, 62, 30, 54, 22],
    [ 3, 35, 11, 43,  1, 33,  9, 41],
    [51, 19, 59, 27, 49, 17, 57, 25],
    [15, 47,  7, 39, 13, 45,  5, 37],
    [63, 31, 55, 23, 61, 29, 53, 21],
];

/// Writes one pixel's bytes, dithered.
#[inline(always)]
pub fn put(colour: &[f32; 4], x: usize, y: usize, pixel: &mut [u8]) {
    let threshold = (f32::from(BAYER[y & 7][x & 7]) + 0.5) / 64.0;
    for k in 0..3 {
        // At most 255 + 63.5/64, so truncation ends at 255.
        pixel[k] = (colour[k] * 255.0 + threshold) as i32 as u8;
    }
    pixel[3] = 255;
}
