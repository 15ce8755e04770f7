//! Vectors of x86-64.
//!
//! SAFETY, for every block here: the functions are inlined into functions that enable the instructions, and these are
//! called only after the processor was asked for them; pointers lead to as many values as the trait says, and the
//! loads and stores used need no alignment.

#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all blocks, given above")]

use std::arch::x86_64::*;

use super::generic::Vector;

impl Vector for __m256 {
    const LANES: usize = 8;
    type Whole = __m256i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { _mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { _mm256_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { _mm256_fmadd_ps(self, factor, addend) }
    }

    // Of two operands, one of them NaN, these instructions give the second.
    #[inline(always)]
    unsafe fn at_least(self, bound: Self) -> Self {
        unsafe { _mm256_max_ps(bound, self) }
    }

    #[inline(always)]
    unsafe fn at_most(self, bound: Self) -> Self {
        unsafe { _mm256_min_ps(bound, self) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(self));
            _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_set1_epi32(127 << 23)))
        }
    }

    #[inline(always)]
    unsafe fn load_whole(from: *const i32) -> __m256i {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store_whole(whole: __m256i, to: *mut i32) {
        unsafe { _mm256_storeu_si256(to.cast(), whole) }
    }

    #[inline(always)]
    unsafe fn add_pairs(whole: __m256i, weights: *const i8, pair: *const i16) -> __m256i {
        unsafe {
            let weights = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.cast()));
            let pair = _mm256_set1_epi32(pair.cast::<i32>().read_unaligned());
            _mm256_add_epi32(whole, _mm256_madd_epi16(weights, pair))
        }
    }

    #[inline(always)]
    unsafe fn prefetch(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
}

impl Vector for __m512 {
    const LANES: usize = 16;
    type Whole = __m512i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { _mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { _mm512_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { _mm512_fmadd_ps(self, factor, addend) }
    }

    // Of two operands, one of them NaN, these instructions give the second.
    #[inline(always)]
    unsafe fn at_least(self, bound: Self) -> Self {
        unsafe { _mm512_max_ps(bound, self) }
    }

    #[inline(always)]
    unsafe fn at_most(self, bound: Self) -> Self {
        unsafe { _mm512_min_ps(bound, self) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(self));
            _mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_set1_epi32(127 << 23)))
        }
    }

    #[inline(always)]
    unsafe fn load_whole(from: *const i32) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store_whole(whole: __m512i, to: *mut i32) {
        unsafe { _mm512_storeu_si512(to.cast(), whole) }
    }

    #[inline(always)]
    unsafe fn add_pairs(whole: __m512i, weights: *const i8, pair: *const i16) -> __m512i {
        unsafe {
            let weights = _mm512_cvtepi8_epi16(_mm256_loadu_si256(weights.cast()));
            let pair = _mm512_set1_epi32(pair.cast::<i32>().read_unaligned());
            _mm512_add_epi32(whole, _mm512_madd_epi16(weights, pair))
        }
    }

    #[inline(always)]
    unsafe fn prefetch(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
}

pub(super) mod avx2 {
    use std::arch::x86_64::__m256;
    vector_table!(__m256, "avx2,fma,f16c");
}

pub(super) mod avx512 {
    use std::arch::x86_64::__m512;
    vector_table!(__m512, "avx512f,avx512bw,avx2,fma,f16c");
}
