//! Vectors of AArch64.
//!
//! SAFETY, for every block here: NEON belongs to the baseline of Rust's AArch64 targets; pointers lead to as many
//! values as the traits say, and the loads and stores used need no more than the values' own alignment.

#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all blocks, given above")]

use std::arch::aarch64::*;
use std::arch::asm;

use super::generic::Vector;
use super::whole::Dot;

impl Vector for float32x4_t {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // The conversion's intrinsic is not stable in Rust yet. It reads subnormal f16 whatever the flags for denormals.
        unsafe {
            let bits = vld1_u16(from);
            let values: float32x4_t;
            asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) values, in(vreg) bits,
                options(pure, nomem, nostack, preserves_flags));
            values
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { vmulq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { vdivq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { vfmaq_f32(addend, self, factor) }
    }

    // NaN in either operand gives NaN.
    #[inline(always)]
    unsafe fn at_least(self, bound: Self) -> Self {
        unsafe { vmaxq_f32(self, bound) }
    }

    #[inline(always)]
    unsafe fn at_most(self, bound: Self) -> Self {
        unsafe { vminq_f32(self, bound) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let shifted = vshlq_n_u32::<23>(vreinterpretq_u32_f32(self));
            vreinterpretq_f32_u32(vaddq_u32(shifted, vdupq_n_u32(127 << 23)))
        }
    }

    // Its intrinsic is not stable in Rust yet.
    #[inline(always)]
    unsafe fn prefetch(address: *const u8) {
        unsafe { asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nomem, nostack, preserves_flags)) }
    }
}

/// Two products of 16-bit numbers in each sum of 4 columns.
pub(super) struct Pairs;

impl Dot for Pairs {
    const LANES: usize = 4;
    const ROWS: usize = 2;
    type Sums = int32x4_t;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> int32x4_t {
        unsafe { vld1q_s32(from) }
    }

    #[inline(always)]
    unsafe fn store(sums: int32x4_t, to: *mut i32) {
        unsafe { vst1q_s32(to, sums) }
    }

    #[inline(always)]
    unsafe fn add(sums: int32x4_t, weights: *const i8, x: *const i16) -> int32x4_t {
        unsafe {
            let weights = vmovl_s8(vld1_s8(weights));
            let pair = vreinterpretq_s16_s32(vdupq_n_s32(x.cast::<i32>().read_unaligned()));
            let low = vmull_s16(vget_low_s16(weights), vget_low_s16(pair));
            let high = vmull_high_s16(weights, pair);
            vaddq_s32(sums, vpaddq_s32(low, high))
        }
    }
}

vector_table!(float32x4_t, Pairs, "neon");
