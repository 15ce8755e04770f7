//! Sums over panels of weights and what is done with them, once, over any vector; `vector_table!` compiles it for an
//! instruction set.
//!
//! The pointers: `sums` leads to two sets of [`PANEL`] values, of which the first `width` of each are used, `width`
//! being 16, 32, 48 or 64; `start` to `width` values; `weights` to `rows * width` values; `x` to `rows` values. No
//! alignment is assumed.

#![allow(clippy::needless_range_loop, reason = "loops with counts known to the compiler become registers")]

use super::PANEL;
use super::functions::{exp, exp_minus_one, sigmoid, tanh};
use crate::Activation;

/// Bytes between narrow weights in use and those asked for ahead.
pub(super) const AHEAD_OF_NARROW: usize = 8192;
pub(super) const LINE: usize = 64;

/// A vector of f32 values and the operations that the layers are made of.
///
/// All functions are unsafe because they may be executed only where the vector's instructions exist.
pub(super) trait Vector: Copy {
    /// Values in a vector; divides 16.
    const LANES: usize;

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

    /// Asks for a cache line; any address will do.
    unsafe fn prefetch(address: *const u8);
}

/// 1.5 · 2^23: added to a small number it rounds it to an integer, which the sum's last bits then hold.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Weights as they lie in memory.
pub(super) trait Weight<V: Vector>: Copy {
    /// Bytes between the weights in use and those asked for ahead.
    const AHEAD: usize;

    /// LANES weights from here on.
    unsafe fn load(from: *const Self) -> V;
}

impl<V: Vector> Weight<V> for f32 {
    const AHEAD: usize = 4096;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> V {
        // SAFETY: the caller's promise is passed on.
        unsafe { V::load(from) }
    }
}

/// The bits of an f16.
impl<V: Vector> Weight<V> for u16 {
    const AHEAD: usize = AHEAD_OF_NARROW;

    #[inline(always)]
    unsafe fn load(from: *const u16) -> V {
        // SAFETY: the caller's promise is passed on.
        unsafe { V::load_f16(from) }
    }
}

/// Calls `$function::<.., N>` with N vectors of `$lanes` making up `width` values.
macro_rules! by_width {
    ($lanes:expr, $width:expr, $function:ident::<$($kind:ident),*>$arguments:tt) => {
        match $width / $lanes {
            1 => $function::<$($kind,)* 1> $arguments,
            2 => $function::<$($kind,)* 2> $arguments,
            3 => $function::<$($kind,)* 3> $arguments,
            4 => $function::<$($kind,)* 4> $arguments,
            6 => $function::<$($kind,)* 6> $arguments,
            8 => $function::<$($kind,)* 8> $arguments,
            12 => $function::<$($kind,)* 12> $arguments,
            _ => $function::<$($kind,)* 16> $arguments,
        }
    };
}

/// Adds rows to the sums, which begin as `start` if there is one.
#[inline(always)]
pub(super) unsafe fn add<V: Vector, W: Weight<V>>(
    sums: *mut f32,
    start: Option<*const f32>,
    width: usize,
    weights: *const W,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: the caller's promise about pointers and instructions is passed on.
    unsafe { by_width!(V::LANES, width, add_panel::<V, W>(sums, start, weights, x, rows)) }
}

#[inline(always)]
unsafe fn add_panel<V: Vector, W: Weight<V>, const N: usize>(
    sums: *mut f32,
    start: Option<*const f32>,
    weights: *const W,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: N · LANES = width; all offsets stay below `width` values of each set and of `start`.
    unsafe {
        let (mut even, mut odd) = ([V::splat(0.0); N], [V::splat(0.0); N]);
        match start {
            Some(start) => load(&mut even, start),
            None => {
                load(&mut even, sums);
                load(&mut odd, sums.add(PANEL));
            }
        }
        add_rows(&mut even, &mut odd, weights, x, rows);
        for n in 0..N {
            even[n].store(sums.add(n * V::LANES));
            odd[n].store(sums.add(PANEL + n * V::LANES));
        }
    }
}

#[inline(always)]
unsafe fn load<V: Vector, const N: usize>(vectors: &mut [V; N], from: *const f32) {
    for n in 0..N {
        // SAFETY: N vectors lie at `from`.
        vectors[n] = unsafe { V::load(from.add(n * V::LANES)) };
    }
}

#[inline(always)]
unsafe fn add_rows<V: Vector, W: Weight<V>, const N: usize>(
    even: &mut [V; N],
    odd: &mut [V; N],
    weights: *const W,
    x: *const f32,
    rows: usize,
) {
    // SAFETY: all offsets stay below `rows` inputs and `rows` times N vectors of weights.
    unsafe {
        let mut row = 0;
        // A multiply-add waits four cycles for the one before it, and two begin in each cycle: it takes eight sums to
        // keep them busy. Rows that come in pieces come in pairs, so that even stay even.
        while N <= 4 && row + 2 <= rows {
            add_row(even, weights.add(row * N * V::LANES), x.add(row));
            add_row(odd, weights.add((row + 1) * N * V::LANES), x.add(row + 1));
            row += 2;
        }
        while row < rows {
            add_row(even, weights.add(row * N * V::LANES), x.add(row));
            row += 1;
        }
    }
}

#[inline(always)]
unsafe fn add_row<V: Vector, W: Weight<V>, const N: usize>(
    sums: &mut [V; N],
    weights: *const W,
    x: *const f32,
) {
    // SAFETY: one input lies at `x` and N vectors of weights at `weights`.
    unsafe {
        let value = V::splat(*x);
        prefetch::<V>(weights.cast(), W::AHEAD, N * V::LANES * size_of::<W>());
        for n in 0..N {
            sums[n] = W::load(weights.add(n * V::LANES)).mul_add(value, sums[n]);
        }
    }
}

/// Panels of full width from their first row to their last: `rows` rows of weights, the last of which may have no
/// input. `biases` and `results` hold [`PANEL`] values for each panel.
#[inline(always)]
pub(super) unsafe fn panels<V: Vector, W: Weight<V>>(
    biases: *const f32,
    weights: *const W,
    rows: usize,
    x: &[f32],
    results: *mut f32,
    panels: usize,
) {
    for panel in 0..panels {
        // SAFETY: all offsets stay below what lies there for `panels` panels.
        unsafe {
            let (bias, result) = (biases.add(panel * PANEL), results.add(panel * PANEL));
            let weights = weights.add(panel * rows * PANEL);
            by_width!(V::LANES, PANEL, whole_panel::<V, W>(bias, weights, x, result));
        }
    }
}

#[inline(always)]
unsafe fn whole_panel<V: Vector, W: Weight<V>, const N: usize>(
    bias: *const f32,
    weights: *const W,
    x: &[f32],
    result: *mut f32,
) {
    // SAFETY: N · LANES = PANEL values lie at `bias` and `result`, as many weights for each input.
    unsafe {
        let (mut even, mut odd) = ([V::splat(0.0); N], [V::splat(0.0); N]);
        load(&mut even, bias);
        add_rows(&mut even, &mut odd, weights, x.as_ptr(), x.len());
        for n in 0..N {
            even[n].add(odd[n]).store(result.add(n * V::LANES));
        }
    }
}

/// Asks for the `bytes` that come `ahead` bytes after these; past the arena's end that does nothing.
#[inline(always)]
pub(super) unsafe fn prefetch<V: Vector>(from: *const u8, ahead: usize, bytes: usize) {
    // A loop that is unrolled, unlike one over a stepped range.
    let mut offset = 0;
    while offset < bytes {
        // SAFETY: a prefetch does not access memory, and the address is made without leaving an object's bounds
        // having a meaning (`wrapping_add`).
        unsafe { V::prefetch(from.wrapping_add(ahead + offset)) };
        offset += LINE;
    }
}

/// Asks for all lines of some memory.
#[inline(always)]
pub(super) unsafe fn prefetch_all<V: Vector>(from: *const u8, bytes: usize) {
    for offset in (0..bytes).step_by(LINE) {
        // SAFETY: the caller may execute V's instructions; a prefetch does not access memory.
        unsafe { V::prefetch(from.wrapping_add(offset)) };
    }
}

/// The totals of `width` sums over even and over odd rows.
#[inline(always)]
pub(super) unsafe fn join<V: Vector>(sums: *const f32, results: *mut f32, width: usize) {
    // SAFETY: the caller promises both sets, room for `width` results and that V's instructions exist.
    unsafe {
        for at in (0..width).step_by(V::LANES) {
            V::load(sums.add(at)).add(V::load(sums.add(PANEL + at))).store(results.add(at));
        }
    }
}

/// The activation of each value in place.
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
    for at in (0..count).step_by(V::LANES) {
        // SAFETY: `count` is a multiple of LANES, so a whole vector lies at `at`.
        unsafe { function(V::load(values.add(at))).store(values.add(at)) };
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

/// `units`, a multiple of 16; `gates` holds four values for each, four times 16 units after four times 16 units.
#[inline(always)]
pub(super) unsafe fn lstm<V: Vector>(gates: *const f32, cell: *mut f32, hidden: *mut f32, units: usize) {
    for unit in (0..units).step_by(V::LANES) {
        // SAFETY: `units` values lie at `cell` and `hidden`, four times as many at `gates`; LANES divides 16.
        unsafe {
            let gate = |quarter: usize| gate::<V>(gates, quarter, unit);
            let kept = sigmoid(gate(1)).mul(V::load(cell.add(unit)));
            let new = sigmoid(gate(0)).mul_add(tanh(gate(2)), kept);
            new.store(cell.add(unit));
            sigmoid(gate(3)).mul(tanh(new)).store(hidden.add(unit));
        }
    }
}

/// As `lstm`.
#[inline(always)]
pub(super) unsafe fn gru<V: Vector>(gates: *const f32, hidden: *mut f32, units: usize) {
    for unit in (0..units).step_by(V::LANES) {
        // SAFETY: `units` values lie at `hidden`, four times as many at `gates`; LANES divides 16.
        unsafe {
            let gate = |quarter: usize| gate::<V>(gates, quarter, unit);
            let update = sigmoid(gate(0));
            let new = tanh(sigmoid(gate(1)).mul_add(gate(3), gate(2)));
            let kept = V::load(hidden.add(unit));
            update.mul_add(kept.sub(new), new).store(hidden.add(unit));
        }
    }
}

/// One of the four gates of the units from `unit` on.
#[inline(always)]
unsafe fn gate<V: Vector>(gates: *const f32, quarter: usize, unit: usize) -> V {
    let group = unit / super::LANES * 4 * super::LANES;
    // SAFETY: whole vectors lie at each quarter of the group.
    unsafe { V::load(gates.add(group + quarter * super::LANES + unit % super::LANES)) }
}

/// Compiles the functions for a vector type and a way to add 8-bit weights under the given target features, as `TABLE`.
macro_rules! vector_table {
    ($vector:ty, $dot:ty $(, $feature:literal)?) => {
        use crate::Activation;
        use crate::raw::{Columns, Reading, Table, generic, reading, whole};

        // SAFETY (of all these functions): to be called only where the feature exists, with pointers as `generic` and
        // `whole` describe; that is what `Kernels` checks.
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_f32(
            sums: *mut f32,
            start: Option<*const f32>,
            width: usize,
            weights: *const f32,
            x: *const f32,
            rows: usize,
        ) {
            // SAFETY: passed on to the caller.
            unsafe { generic::add::<$vector, f32>(sums, start, width, weights, x, rows) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_f16(
            sums: *mut f32,
            start: Option<*const f32>,
            width: usize,
            weights: *const u16,
            x: *const f32,
            rows: usize,
        ) {
            // SAFETY: passed on to the caller.
            unsafe { generic::add::<$vector, u16>(sums, start, width, weights, x, rows) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn add_i8(
            sums: *mut i32,
            start: Option<*const i32>,
            width: usize,
            weights: *const i8,
            x: *const i16,
            rows: usize,
        ) {
            // SAFETY: passed on to the caller.
            unsafe { whole::add::<$dot, $vector>(sums, start, width, weights, x, rows) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn prefetch(from: *const u8, bytes: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::prefetch_all::<$vector>(from, bytes) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn panels_f32(
            biases: *const f32,
            weights: *const f32,
            rows: usize,
            x: &[f32],
            results: *mut f32,
            panels: usize,
        ) {
            // SAFETY: passed on to the caller.
            unsafe { generic::panels::<$vector, f32>(biases, weights, rows, x, results, panels) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn panels_f16(
            biases: *const f32,
            weights: *const u16,
            rows: usize,
            x: &[f32],
            results: *mut f32,
            panels: usize,
        ) {
            // SAFETY: passed on to the caller.
            unsafe { generic::panels::<$vector, u16>(biases, weights, rows, x, results, panels) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn panels_i8(columns: &Columns, weights: *const i8, x: &[i16], results: &mut [f32]) {
            // SAFETY: passed on to the caller.
            unsafe { whole::panels::<$dot, $vector>(columns, weights, x, results) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn join(sums: *const f32, results: *mut f32, width: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::join::<$vector>(sums, results, width) }
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
        unsafe fn lstm(gates: *const f32, cell: *mut f32, hidden: *mut f32, units: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::lstm::<$vector>(gates, cell, hidden, units) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn gru(gates: *const f32, hidden: *mut f32, units: usize) {
            // SAFETY: passed on to the caller.
            unsafe { generic::gru::<$vector>(gates, hidden, units) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn greatest(values: &[f32]) -> f32 {
            // SAFETY: passed on to the caller.
            unsafe { whole::greatest::<$vector>(values) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn quantise(values: &[f32], factor: f32, numbers: &mut [i16]) {
            // SAFETY: passed on to the caller.
            unsafe { whole::quantise::<$dot>(values, factor, numbers) }
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn scale(whole: &[i32], columns: &Columns, results: &mut [f32]) {
            whole::scale(whole, columns, results)
        }
        $(#[target_feature(enable = $feature)])?
        unsafe fn read(values: *const f32, count: usize, reading: Reading) -> f32 {
            // SAFETY: passed on to the caller.
            unsafe { reading::read::<$vector>(values, count, reading) }
        }
        pub(in crate::raw) static TABLE: Table = Table {
            rows_together: <$dot as whole::Dot>::ROWS,
            offset: <$dot as whole::Dot>::OFFSET,
            add_f32,
            add_f16,
            add_i8,
            panels_f32,
            panels_f16,
            panels_i8,
            prefetch,
            join,
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
