//! Vectors of x86-64.
//!
//! SAFETY, for every block here: the functions are inlined into functions that enable the instructions, and these are
//! called only after the processor was asked for them; pointers lead to as many values as the trait says, and the
//! loads and stores used need no alignment.

#![allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all blocks, given above")]

use std::arch::x86_64::*;

use super::LANES;
use super::generic::Vector;
use super::whole::Dot;

impl Vector for __m256 {
    const LANES: usize = 8;

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
    unsafe fn prefetch(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
}

impl Vector for __m512 {
    const LANES: usize = 16;

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
    unsafe fn prefetch(address: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
}

/// Two products of 16-bit numbers in each 32-bit lane, of 8 columns.
pub(super) struct Pairs256;

impl Dot for Pairs256 {
    const LANES: usize = 8;
    const ROWS: usize = 2;
    type Sums = __m256i;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> __m256i {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(sums: __m256i, to: *mut i32) {
        unsafe { _mm256_storeu_si256(to.cast(), sums) }
    }

    #[inline(always)]
    unsafe fn add(sums: __m256i, weights: *const i8, x: *const i16) -> __m256i {
        unsafe {
            let weights = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights.cast()));
            let pair = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
            _mm256_add_epi32(sums, _mm256_madd_epi16(weights, pair))
        }
    }
}

/// The same of 16 columns.
pub(super) struct Pairs512;

impl Dot for Pairs512 {
    const LANES: usize = 16;
    const ROWS: usize = 2;
    type Sums = __m512i;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(sums: __m512i, to: *mut i32) {
        unsafe { _mm512_storeu_si512(to.cast(), sums) }
    }

    #[inline(always)]
    unsafe fn add(sums: __m512i, weights: *const i8, x: *const i16) -> __m512i {
        unsafe {
            let weights = _mm512_cvtepi8_epi16(_mm256_loadu_si256(weights.cast()));
            let pair = _mm512_set1_epi32(x.cast::<i32>().read_unaligned());
            _mm512_add_epi32(sums, _mm512_madd_epi16(weights, pair))
        }
    }
}

/// Four products of 8-bit numbers in each 32-bit lane, of 16 columns.
///
/// The instruction multiplies unsigned by signed bytes. So each input is made positive by adding 2^15 and cut into its
/// low and high byte, which have a sum each; four inputs are kept as their four low bytes and their four high bytes.
/// Sums wrap around, which does not matter: the result of all fits.
pub(super) struct Quads512;

impl Dot for Quads512 {
    const LANES: usize = 16;
    const ROWS: usize = 4;
    const OFFSET: i32 = 1 << 15;
    type Sums = [__m512i; 2];

    #[inline(always)]
    unsafe fn load(from: *const i32) -> [__m512i; 2] {
        unsafe { [_mm512_loadu_si512(from.cast()), _mm512_setzero_si512()] }
    }

    #[inline(always)]
    unsafe fn store([low, high]: [__m512i; 2], to: *mut i32) {
        unsafe { _mm512_storeu_si512(to.cast(), _mm512_add_epi32(low, _mm512_slli_epi32::<8>(high))) }
    }

    #[inline(always)]
    unsafe fn add([low, high]: [__m512i; 2], weights: *const i8, x: *const i16) -> [__m512i; 2] {
        unsafe {
            let weights = _mm512_loadu_si512(weights.cast());
            let x = x.cast::<i32>();
            let low_bytes = _mm512_set1_epi32(x.read_unaligned());
            let high_bytes = _mm512_set1_epi32(x.add(1).read_unaligned());
            [_mm512_dpbusd_epi32(low, low_bytes, weights), _mm512_dpbusd_epi32(high, high_bytes, weights)]
        }
    }

    #[inline(always)]
    unsafe fn quantise(values: &[f32; LANES], factor: f32, numbers: &mut [i16; LANES]) {
        unsafe {
            let scaled = _mm512_mul_ps(_mm512_loadu_ps(values.as_ptr()), _mm512_set1_ps(factor));
            let whole = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(scaled));
            let positive = _mm256_xor_si256(whole, _mm256_set1_epi16(i16::MIN));
            let bytes = _mm_set_epi8(15, 13, 11, 9, 14, 12, 10, 8, 7, 5, 3, 1, 6, 4, 2, 0);
            let parted = _mm256_shuffle_epi8(positive, _mm256_broadcastsi128_si256(bytes));
            _mm256_storeu_si256(numbers.as_mut_ptr().cast(), parted);
        }
    }
}

pub(super) mod avx2 {
    use super::Pairs256;
    use std::arch::x86_64::__m256;
    vector_table!(__m256, Pairs256, "avx2,fma,f16c");
}

pub(super) mod avx512 {
    use super::Pairs512;
    use std::arch::x86_64::__m512;
    vector_table!(__m512, Pairs512, "avx512f,avx512bw,avx2,fma,f16c");
}

pub(super) mod avx512vnni {
    use super::Quads512;
    use std::arch::x86_64::__m512;
    vector_table!(__m512, Quads512, "avx512f,avx512bw,avx512vnni,avx2,fma,f16c");
}
