//! A vector of f32 with operators, over whichever instruction set `pulp` found.

use std::ops::{Add, Div, Mul, Neg, Sub};

use pulp::Simd;

/// `S::F32_LANES` numbers.
#[derive(Clone, Copy)]
pub struct Lanes<S: Simd> {
    simd: S,
    pub values: S::f32s,
}

/// `S::F32_LANES` truth values.
#[derive(Clone, Copy)]
pub struct Mask<S: Simd> {
    simd: S,
    mask: S::m32s,
}

impl<S: Simd> Lanes<S> {
    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Self { simd, values: simd.splat_f32s(value) }
    }

    /// 0, 1, 2, ...
    #[inline(always)]
    pub fn ramp(self) -> Self {
        const COUNTING: [f32; 16] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
        Self { values: S::as_simd_f32s(&COUNTING[..S::F32_LANES]).0[0], ..self }
    }

    /// `self * b + c`, rounded once where the machine does that fast.
    #[inline(always)]
    pub fn fma(self, b: Self, c: Self) -> Self {
        Self { values: self.simd.mul_add_e_f32s(self.values, b.values, c.values), ..self }
    }

    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Self { values: self.simd.min_f32s(self.values, other.values), ..self }
    }

    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Self { values: self.simd.max_f32s(self.values, other.values), ..self }
    }

    #[inline(always)]
    pub fn abs(self) -> Self {
        Self { values: self.simd.abs_f32s(self.values), ..self }
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Self { values: self.simd.sqrt_f32s(self.values), ..self }
    }

    /// The number in every lane.
    #[inline(always)]
    pub fn same(self, value: f32) -> Self {
        Self::splat(self.simd, value)
    }

    #[inline(always)]
    pub fn clamp(self, low: f32, high: f32) -> Self {
        self.max(self.same(low)).min(self.same(high))
    }

    /// False for NaN.
    #[inline(always)]
    pub fn at_most(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, mask: self.simd.less_than_or_equal_f32s(self.values, other.values) }
    }

    /// False for NaN.
    #[inline(always)]
    pub fn below(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, mask: self.simd.less_than_f32s(self.values, other.values) }
    }

    /// Hermite step from 0 at `from` to 1 at `to`.
    #[inline(always)]
    pub fn smoothstep(self, from: f32, to: f32) -> Self {
        let t = ((self - self.same(from)) * self.same(1.0 / (to - from))).clamp(0.0, 1.0);
        t * t * (self.same(3.0) - (t + t))
    }

    /// Triangle wave with rounded corners: 1 at whole numbers, -1 between them. For phases below 2^21.
    #[inline(always)]
    pub fn wave(self) -> Self {
        // Adding and subtracting 1.5·2^23 rounds to the nearest whole number.
        let magic = self.same(12_582_912.0);
        let t = (self - ((self + magic) - magic)).abs();
        let s = self.same(1.0) - t * self.same(4.0);
        s * (self.same(1.5) - self.same(0.5) * s * s)
    }

    /// log2 of positive normal numbers, to 2e-6.
    #[inline(always)]
    pub fn log2(self) -> Self {
        // Mantissa folded into [1/sqrt 2, sqrt 2), then 2/ln 2 · artanh((m-1)/(m+1)) to the fifth power.
        let s = self.simd;
        let bits = s.sub_u32s(s.transmute_u32s_f32s(self.values), s.splat_u32s(0x3f35_04f3));
        let mantissa = s.add_u32s(s.and_u32s(bits, s.splat_u32s(0x007f_ffff)), s.splat_u32s(0x3f35_04f3));
        let m = Self { simd: s, values: s.transmute_f32s_u32s(mantissa) };
        // The exponent, offset by 128 to be positive, becomes a float by planting it into the mantissa of 2^23.
        let offset = s.add_u32s(bits, s.splat_u32s(128 << 23));
        let shifted = s.wrapping_dyn_shr_u32s(offset, s.splat_u32s(23));
        let planted = s.or_u32s(shifted, s.splat_u32s(0x4b00_0000));
        let exponent =
            Self { simd: s, values: s.transmute_f32s_u32s(planted) } - self.same(8_388_608.0 + 128.0);
        let one = self.same(1.0);
        let q = (m - one) / (m + one);
        let q2 = q * q;
        let series = q2.fma(q2.fma(self.same(0.577_078), self.same(0.961_796_7)), self.same(2.885_39));
        q.fma(series, exponent)
    }

    /// Writes the lanes to the first places of `out`.
    #[inline(always)]
    pub fn store(self, out: &mut [f32]) {
        // Whole vectors: a partial store would be a call.
        S::as_mut_simd_f32s(&mut out[..S::F32_LANES]).0[0] = self.values;
    }
}

impl<S: Simd> Mask<S> {
    #[inline(always)]
    pub fn and(self, other: Self) -> Self {
        Self { mask: self.simd.and_m32s(self.mask, other.mask), ..self }
    }

    #[inline(always)]
    pub fn or(self, other: Self) -> Self {
        Self { mask: self.simd.or_m32s(self.mask, other.mask), ..self }
    }

    /// True where this is and `other` is not.
    #[inline(always)]
    pub fn and_not(self, other: Self) -> Self {
        let both = self.simd.and_m32s(self.mask, other.mask);
        Self { mask: self.simd.xor_m32s(self.mask, both), ..self }
    }

    #[inline(always)]
    pub fn any(self) -> bool {
        self.simd.first_true_m32s(self.mask) < S::F32_LANES
    }

    #[inline(always)]
    pub fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, values: self.simd.select_f32s(self.mask, yes.values, no.values) }
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $pulp:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self { values: self.simd.$pulp(self.values, other.values), ..self }
            }
        }
    };
}

operator!(Add, add, add_f32s);
operator!(Sub, sub, sub_f32s);
operator!(Mul, mul, mul_f32s);
operator!(Div, div, div_f32s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { values: self.simd.neg_f32s(self.values), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log2_agrees_with_the_standard_library() {
        for k in -2000..2000 {
            let v = 2.0_f32.powf(k as f32 * 0.03);
            let mut out = [0.0];
            Lanes::splat(pulp::Scalar::new(), v).log2().store(&mut out);
            // The series' first omitted term is 2.885/7·0.1716^7 = 1.8e-6; the rest is rounding of numbers up to 60.
            assert!((out[0] - v.log2()).abs() < 1e-5, "log2({v}) gave {}", out[0]);
        }
    }
}
