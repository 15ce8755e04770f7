//! The mathematics once, over any vector; `vector_table!` compiles it for an instruction set.
//!
//! The pointers: `sums` leads to `width` values, `width` being 16, 32, 48 or 64; `weights` to `rows * width` values
//! (8-bit: `pairs * 2 * width`); `x` to `rows` values (8-bit: `2 * pairs`). No alignment is assumed.

#![allow(clippy::needless_range_loop, reason = "loops with counts known to the compiler become registers")]

use crate::Activation;

/// Bytes between the narrow weights in use and those asked for ahead.
///
/// f32 weights are read as fast as the processor's own prefetcher brings them, and asking as well slowed them down
/// (Zen 3, all weights in main memory: about 230 us without, 290 - 350 us with any distance from 512 to 8,192). For
/// f16 and int8 this distance cost nothing there; asking in four streams of 4 KiB made them a quarter faster from main
/// memory, but as much slower from the cache.
const AHEAD: usize = 512;
const LINE: usize = 64;

/// A vector of f32 values and the operations that the layers are made of.
///
/// All functions are unsafe because they may be executed only where the vector's instructions exist.
pub(super) trait Vector: Copy {
    /// Values in a vector; divides 16.
    const LANES: usize;
    /// As many i32 values.
    type Whole: Copy;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn load_f16(from: *const u16) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// self · factor + addend.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The larger of the two; NaN if `self` is NaN.
    unsafe fn at_least(self, bound: Self) -> Self;
    /// The smaller of the two; NaN if `self` is NaN.
    unsafe fn at_most(self, bound: Self) -> Self;
    /// 2^n, where `self` is [`ROUND`] + n: the bits of such a number end in n.
    unsafe fn power_of_two(self) -> Self;

    unsafe fn load_whole(from: *const i32) -> Self::Whole;
    unsafe fn store_whole(whole: Self::Whole, to: *mut i32);
    /// whole\[l\] + weights\[2l\] · pair\[0\] + weights\[2l + 1\] · pair\[1\].
    unsafe fn add_pairs(whole: Self::Whole, weights: *const i8, pair: *const i16) -> Self::Whole;

    /// Asks for a cache line; any address will do.
    unsafe fn prefetch(address: *const u8);
}

/// 1.5 · 2^23: added to a small number it rounds it to an integer, which the sum's last bits then hold.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Calls `$function::<V, N>` with N vectors of V making up `width` values.
macro_rules! by_width {
    ($vector:ident, $width:expr, $function:ident($($argument:expr),*)) => {
        match $width / $vector::LANES {
            1 => $function::<$vector, 1>($($argument),*),
            2 => $function::<$vector, 2>($($argument),*),
            3 => $function::<$vector, 3>($($argument),*),
            4 => $function::<$vector, 4>($($argument),*),
            6 => $function::<$vector, 6>($($argument),*),
            8 => $function::<$vector, 8>($($argument),*),
            12 => $function::<$vector, 12>($($argument),*),
            _ => $function::<$vector, 16>($($argument),*),
        }
    };
}

#[inline(always)]
pub(super) unsafe fn add_f32<V: Vector>(
    sums: *mut f32,
    width: usize,
    weights: *const f32,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: the caller's promise about pointers and instructions is passed on.
    unsafe { by_width!(V, width, add_f32_panel(sums, weights, x, rows)) }
}

#[inline(always)]
unsafe fn add_f32_panel<V: Vector, const N: usize>(
    sums: *mut f32,
    weights: *const f32,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: N · LANES = width; all offsets stay below `width` sums, `rows` inputs and `rows * width` weights.
    unsafe {
        let mut sum = [V::splat(0.0); N];
        for n in 0..N {
            sum[n] = V::load(sums.add(n * V::LANES));
        }
        for row in 0..rows {
            let value = V::splat(*x.add(row));
            let weights = weights.add(row * N * V::LANES);
            for n in 0..N {
                sum[n] = V::load(weights.add(n * V::LANES)).mul_add(value, sum[n]);
            }
        }
        for n in 0..N {
            sum[n].store(sums.add(n * V::LANES));
        }
    }
}

/// Asks for the `bytes` that come [`AHEAD`] bytes after a row; past the arena's end that does nothing.
#[inline(always)]
unsafe fn prefetch_row<V: Vector>(row: *const u8, bytes: usize) {
    let mut offset = 0;
    while offset < bytes {
        // SAFETY: a prefetch does not access memory, and the address is made without leaving an object's bounds
        // having a meaning (`wrapping_add`).
        unsafe { V::prefetch(row.wrapping_add(AHEAD + offset)) };
        offset += LINE;
    }
}

#[inline(always)]
pub(super) unsafe fn add_f16<V: Vector>(
    sums: *mut f32,
    width: usize,
    weights: *const u16,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: the caller's promise about pointers and instructions is passed on.
    unsafe { by_width!(V, width, add_f16_panel(sums, weights, x, rows)) }
}

#[inline(always)]
unsafe fn add_f16_panel<V: Vector, const N: usize>(
    sums: *mut f32,
    weights: *const u16,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: N · LANES = width; all offsets stay below `width` sums, `rows` inputs and `rows * width` weights.
    unsafe {
        let mut sum = [V::splat(0.0); N];
        for n in 0..N {
            sum[n] = V::load(sums.add(n * V::LANES));
        }
        for row in 0..rows {
            let value = V::splat(*x.add(row));
            let weights = weights.add(row * N * V::LANES);
            prefetch_row::<V>(weights.cast(), N * V::LANES * 2);
            for n in 0..N {
                sum[n] = V::load_f16(weights.add(n * V::LANES)).mul_add(value, sum[n]);
            }
        }
        for n in 0..N {
            sum[n].store(sums.add(n * V::LANES));
        }
    }
}

#[inline(always)]
pub(super) unsafe fn add_i8<V: Vector>(
    sums: *mut i32,
    width: usize,
    weights: *const i8,
    x: *const i16,
    pairs: usize,
) {
    // SAFETY: the caller's promise about pointers and instructions is passed on.
    unsafe { by_width!(V, width, add_i8_panel(sums, weights, x, pairs)) }
}

#[inline(always)]
unsafe fn add_i8_panel<V: Vector, const N: usize>(
    sums: *mut i32,
    weights: *const i8,
    x: *const i16,
    pairs: usize,
) {
    // SAFETY: N · LANES = width; all offsets stay below `width` sums, `2 * pairs` inputs and `2 * pairs * width`
    // weights.
    unsafe {
        let mut sum = [V::load_whole(sums); N];
        for n in 1..N {
            sum[n] = V::load_whole(sums.add(n * V::LANES));
        }
        for pair in 0..pairs {
            let weights = weights.add(pair * 2 * N * V::LANES);
            prefetch_row::<V>(weights.cast(), 2 * N * V::LANES);
            for n in 0..N {
                sum[n] = V::add_pairs(sum[n], weights.add(2 * n * V::LANES), x.add(2 * pair));
            }
        }
        for n in 0..N {
            V::store_whole(sum[n], sums.add(n * V::LANES));
        }
    }
}

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
unsafe fn exp<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let (power, rest) = exp_parts(x.at_least(V::splat(-87.0)).at_most(V::splat(88.0)));
        rest.mul_add(power, power)
    }
}

/// e^x - 1, exact to rounding near 0 as well.
#[inline(always)]
unsafe fn exp_minus_one<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let (power, rest) = exp_parts(x.at_least(V::splat(-87.0)).at_most(V::splat(88.0)));
        rest.mul_add(power, power.sub(V::splat(1.0)))
    }
}

/// tanh x = p / (p + 2) with p = e^2x - 1; from |x| = 9.1 on it rounds to 1.
#[inline(always)]
unsafe fn tanh<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let x = x.at_least(V::splat(-9.1)).at_most(V::splat(9.1));
        let p = exp_minus_one(x.add(x));
        p.div(p.add(V::splat(2.0)))
    }
}

#[inline(always)]
unsafe fn sigmoid<V: Vector>(x: V) -> V {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let one = V::splat(1.0);
        one.div(one.add(exp(V::splat(0.0).sub(x))))
    }
}

#[inline(always)]
pub(super) unsafe fn map<V: Vector>(activation: Activation, values: *mut f32, count: usize) {
    // SAFETY: the caller promises `count` values and that V's instructions exist.
    unsafe {
        match activation {
            Activation::Tanh => each::<V>(values, count, |x| tanh(x)),
            Activation::Sigmoid => each::<V>(values, count, |x| sigmoid(x)),
            Activation::Relu => each::<V>(values, count, |x| x.at_least(V::splat(0.0))),
            Activation::Elu => each::<V>(values, count, |x| {
                let negative = exp_minus_one(x.at_most(V::splat(0.0)));
                x.at_least(V::splat(0.0)).add(negative)
            }),
            // Not a function of one value; the program has a step of its own for it.
            Activation::Softmax => {}
        }
    }
}

#[inline(always)]
unsafe fn each<V: Vector>(values: *mut f32, count: usize, function: impl Fn(V) -> V) {
    let mut at = 0;
    while at < count {
        // SAFETY: `count` is a multiple of LANES, so a whole vector lies at `at`.
        unsafe { function(V::load(values.add(at))).store(values.add(at)) };
        at += V::LANES;
    }
}

#[inline(always)]
pub(super) unsafe fn exp_shifted<V: Vector>(values: *mut f32, count: usize, shift: f32) {
    // SAFETY: the caller promises `count` values and that V's instructions exist.
    unsafe {
        let shift = V::splat(shift);
        each::<V>(values, count, |x| exp(x.sub(shift)));
    }
}

/// 16 units; `gates` holds 64 sums and `cell` 16 values.
#[inline(always)]
pub(super) unsafe fn lstm<V: Vector>(gates: *mut f32, cell: *mut f32) {
    let mut at = 0;
    while at < super::LANES {
        // SAFETY: 16 values lie at each quarter of `gates` and at `cell`; LANES divides 16.
        unsafe {
            let gate = |quarter: usize| V::load(gates.add(quarter * super::LANES + at));
            let kept = sigmoid(gate(1)).mul(V::load(cell.add(at)));
            let new = sigmoid(gate(0)).mul_add(tanh(gate(2)), kept);
            new.store(cell.add(at));
            sigmoid(gate(3)).mul(tanh(new)).store(gates.add(at));
        }
        at += V::LANES;
    }
}

/// 16 units; `gates` holds 64 sums and `hidden` 16 values.
#[inline(always)]
pub(super) unsafe fn gru<V: Vector>(gates: *mut f32, hidden: *const f32) {
    let mut at = 0;
    while at < super::LANES {
        // SAFETY: 16 values lie at each quarter of `gates` and at `hidden`; LANES divides 16.
        unsafe {
            let gate = |quarter: usize| V::load(gates.add(quarter * super::LANES + at));
            let update = sigmoid(gate(0));
            let new = tanh(sigmoid(gate(1)).mul_add(gate(3), gate(2)));
            let kept = V::load(hidden.add(at));
            update.mul_add(kept.sub(new), new).store(gates.add(at));
        }
        at += V::LANES;
    }
}

/// The greatest magnitude; NaN if there is one.
///
/// Plain Rust, which the compiler turns into the vectors of the function that this is inlined into.
#[inline(always)]
pub(super) fn greatest(values: &[f32]) -> f32 {
    // Without their sign, bits of floats compare like whole numbers, with NaN above infinity.
    let bits = |value: f32| value.to_bits() & 0x7FFF_FFFF;
    let mut lanes = [0; 32];
    let (whole, rest) = values.as_chunks::<32>();
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = bits(*value).max(*lane);
        }
    }
    let rest = rest.iter().map(|value| bits(*value)).max().unwrap_or(0);
    f32::from_bits(lanes.into_iter().max().unwrap_or(0).max(rest))
}

/// The whole numbers nearest to values times `factor`, which must lie within i16.
#[inline(always)]
pub(super) fn quantise(values: &[f32], factor: f32, whole: &mut [i16]) {
    for (whole, value) in whole.iter_mut().zip(values) {
        // [`ROUND`] leaves the rounded number in the last bits; far quicker than `round`.
        *whole = (value * factor + ROUND).to_bits() as i16;
    }
}

/// Sums of whole numbers, in place of `sums`: whole · (scale · unit) + bias.
#[inline(always)]
pub(super) fn scale(whole: &[i32], scales: &[f32], unit: f32, bias: &[f32], sums: &mut [f32]) {
    for (((sum, whole), scale), bias) in sums.iter_mut().zip(whole).zip(scales).zip(bias) {
        *sum = *whole as f32 * (scale * unit) + bias;
    }
}

/// The sum of `count` values at `values`, over sixteen independent vectors.
#[inline(always)]
pub(super) unsafe fn read<V: Vector>(values: *const f32, count: usize) -> f32 {
    const STREAMS: usize = 16;
    // SAFETY: the caller promises `count` values and that V's instructions exist; all offsets stay below `count`.
    unsafe {
        let mut sums = [V::splat(0.0); STREAMS];
        let step = STREAMS * V::LANES;
        let whole = count / step * step;
        let mut at = 0;
        while at < whole {
            for stream in 0..STREAMS {
                sums[stream] = sums[stream].add(V::load(values.add(at + stream * V::LANES)));
            }
            at += step;
        }
        let mut lanes = [0.0; super::LANES];
        let mut total = 0.0;
        for sum in sums {
            sum.store(lanes.as_mut_ptr());
            total += lanes[..V::LANES].iter().sum::<f32>();
        }
        for rest in whole..count {
            total += *values.add(rest);
        }
        total
    }
}

/// Compiles the functions above for a vector type under the given target features, as `TABLE`.
macro_rules! vector_table {
    ($vector:ty $(, $feature:literal)?) => {
        use crate::Activation;
        use crate::raw::{Table, generic};

        // SAFETY (of all these functions): to be called only where the feature exists, with pointers as `generic`
        // describes; that is what `Kernels` checks.
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_f32(sums: *mut f32, width: usize, weights: *const f32, x: *const f32, rows: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::add_f32::<$vector>(sums, width, weights, x, rows) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_f16(sums: *mut f32, width: usize, weights: *const u16, x: *const f32, rows: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::add_f16::<$vector>(sums, width, weights, x, rows) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_i8(sums: *mut i32, width: usize, weights: *const i8, x: *const i16, pairs: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::add_i8::<$vector>(sums, width, weights, x, pairs) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn map(activation: Activation, values: *mut f32, count: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::map::<$vector>(activation, values, count) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn exp_shifted(values: *mut f32, count: usize, shift: f32) {
            // SAFETY: passed on to the caller.
            unsafe { generic::exp_shifted::<$vector>(values, count, shift) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn lstm(gates: *mut f32, cell: *mut f32) {
            // SAFETY: passed on to the caller.
            unsafe { generic::lstm::<$vector>(gates, cell) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn gru(gates: *mut f32, hidden: *const f32) {
            // SAFETY: passed on to the caller.
            unsafe { generic::gru::<$vector>(gates, hidden) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn read(values: *const f32, count: usize) -> f32 {
            // SAFETY: passed on to the caller.
            unsafe { generic::read::<$vector>(values, count) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn greatest(values: &[f32]) -> f32 {
            generic::greatest(values)
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn quantise(values: &[f32], factor: f32, whole: &mut [i16]) {
            generic::quantise(values, factor, whole)
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn scale(whole: &[i32], scales: &[f32], unit: f32, bias: &[f32], sums: &mut [f32]) {
            generic::scale(whole, scales, unit, bias, sums)
        }
        pub(in crate::raw) static TABLE: Table = Table {
            add_f32,
            add_f16,
            add_i8,
            map,
            exp_shifted,
            lstm,
            gru,
            greatest,
            quantise,
            scale,
            read,
        };
    };
}
