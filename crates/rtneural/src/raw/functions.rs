//! Exponential, tanh and sigmoid over any vector, to 5e-7.

use super::generic::{ROUND, Vector};

/// e^x = 2^n · e^r with n the integer nearest to x / ln 2, for |x| <= 88: gives 2^n and e^r - 1.
///
/// |r| <= ln 2 / 2; the Taylor polynomial of degree 7 differs from e^r by at most r^8 / 8! = 5e-9.
#[inline(always)]
unsafe fn exp_parts<V: Vector>(x: V) -> (V, V) {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let round = V::splat(ROUND);
        let rounded = x.mul_add(V::splat(std::f32::consts::LOG2_E), round);
        let n = rounded.sub(round);
        // ln 2 in two parts, the first with few digits, so that n times it is exact (Cody and Waite).
        let r = n.mul_add(V::splat(-355.0 / 512.0), x);
        let r = n.mul_add(V::splat(2.121_944_4e-4), r);
        let mut p = V::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
            p = p.mul_add(r, V::splat(coefficient));
        }
        (rounded.power_of_two(), p.mul_add(r.mul(r), r))
    }
}

#[inline(always)]
pub(super) unsafe fn exp<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let (power, rest) = exp_parts(x.at_least(V::splat(-87.0)).at_most(V::splat(88.0)));
        rest.mul_add(power, power)
    }
}

/// e^x - 1, exact to rounding near 0 as well.
#[inline(always)]
pub(super) unsafe fn exp_minus_one<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let (power, rest) = exp_parts(x.at_least(V::splat(-87.0)).at_most(V::splat(88.0)));
        rest.mul_add(power, power.sub(V::splat(1.0)))
    }
}

/// tanh x = p / (p + 2) with p = e^2x - 1; from |x| = 9.1 on it rounds to 1.
#[inline(always)]
pub(super) unsafe fn tanh<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let x = x.at_least(V::splat(-9.1)).at_most(V::splat(9.1));
        let p = exp_minus_one(x.add(x));
        p.div(p.add(V::splat(2.0)))
    }
}

#[inline(always)]
pub(super) unsafe fn sigmoid<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let one = V::splat(1.0);
        one.div(one.add(exp(V::splat(0.0).sub(x))))
    }
}
