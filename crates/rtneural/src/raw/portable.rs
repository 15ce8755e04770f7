//! Vectors in plain Rust, for processors without the others' instructions and as their reference.

use super::generic::Vector;
use super::half::f16_value;
use super::whole::Dot;

#[derive(Clone, Copy)]
pub(super) struct Lanes([f32; 16]);

impl Lanes {
    #[inline(always)]
    fn with(self, other: Self, function: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self;
        for lane in 0..16 {
            result.0[lane] = function(self.0[lane], other.0[lane]);
        }
        result
    }
}

// SAFETY (of all these functions): no instruction beyond the baseline is used; pointers lead to 16 values (32 weights
// and 2 inputs in `Dot::add`) by the traits' contracts.
impl Vector for Lanes {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Lanes([value; 16])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: 16 values by the contract; arrays of f32 have the alignment of f32.
        Lanes(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: 16 values by the contract.
        let bits: [u16; 16] = unsafe { *from.cast() };
        Lanes(bits.map(f16_value))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: room for 16 values by the contract.
        unsafe { *to.cast() = self.0 }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }

    // Not fused: without the instruction, `f32::mul_add` is a slow function call.
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.with(factor, |a, b| a * b).with(addend, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn at_least(self, bound: Self) -> Self {
        self.with(bound, |a, b| if a < b { b } else { a })
    }

    #[inline(always)]
    unsafe fn at_most(self, bound: Self) -> Self {
        self.with(bound, |a, b| if a > b { b } else { a })
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Lanes(self.0.map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(127 << 23))))
    }

    #[inline(always)]
    unsafe fn prefetch(_: *const u8) {}
}

/// Two products in each sum of 16 columns.
pub(super) struct Pairs;

impl Dot for Pairs {
    const LANES: usize = 16;
    const ROWS: usize = 2;
    type Sums = [i32; 16];

    #[inline(always)]
    unsafe fn load(from: *const i32) -> [i32; 16] {
        // SAFETY: 16 values by the contract.
        unsafe { *from.cast() }
    }

    #[inline(always)]
    unsafe fn store(sums: [i32; 16], to: *mut i32) {
        // SAFETY: room for 16 values by the contract.
        unsafe { *to.cast() = sums }
    }

    #[inline(always)]
    unsafe fn add(mut sums: [i32; 16], weights: *const i8, x: *const i16) -> [i32; 16] {
        // SAFETY: 32 weights and 2 inputs by the contract.
        let (weights, pair): ([[i8; 2]; 16], [i16; 2]) = unsafe { (*weights.cast(), *x.cast()) };
        for lane in 0..16 {
            sums[lane] += i32::from(weights[lane][0]) * i32::from(pair[0])
                + i32::from(weights[lane][1]) * i32::from(pair[1]);
        }
        sums
    }
}

vector_table!(Lanes, Pairs);
