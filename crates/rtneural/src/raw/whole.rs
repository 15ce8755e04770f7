//! Sums of 8-bit weights times 16-bit inputs in whole numbers, over any vector.
//!
//! The pointers: `sums` and `start` lead to `width` values, `width` being 16, 32, 48 or 64; `weights` to `rows * width`
//! values, `rows` being a multiple of [`Dot::ROWS`]; `x` to `rows` values. No alignment is assumed.

#![allow(clippy::needless_range_loop, reason = "loops with counts known to the compiler become registers")]

use super::generic::{AHEAD_OF_NARROW, Vector, prefetch};
use super::{LANES, PANEL};

/// How products of 8-bit weights and 16-bit inputs are added to 32-bit sums: exactly, in whatever order.
///
/// Weights lie in groups of ROWS inputs: those of the first column, then those of the next. All functions are unsafe
/// because they may be executed only where the vector's instructions exist.
pub(super) trait Dot {
    /// Columns in a vector of sums; divides 16.
    const LANES: usize;
    /// Inputs that are taken together: 2 or 4.
    const ROWS: usize;
    /// What is added to each input by [`Dot::quantise`], so that sums must start at -OFFSET · (sum of weights).
    const OFFSET: i32 = 0;
    type Sums: Copy;

    unsafe fn load(from: *const i32) -> Self::Sums;
    unsafe fn store(sums: Self::Sums, to: *mut i32);
    /// Adds the products of ROWS inputs with their weights for LANES columns.
    unsafe fn add(sums: Self::Sums, weights: *const i8, x: *const i16) -> Self::Sums;

    /// The whole numbers nearest to values times `factor`, in the form that [`Dot::add`] takes.
    #[inline(always)]
    unsafe fn quantise(values: &[f32; LANES], factor: f32, numbers: &mut [i16; LANES]) {
        for (number, value) in numbers.iter_mut().zip(values) {
            // ROUND leaves the rounded number in the last bits; far quicker than `round`.
            *number = (value * factor + super::generic::ROUND).to_bits() as i16;
        }
    }
}

/// Adds rows to the sums, which begin as `start` if there is one.
#[inline(always)]
pub(super) unsafe fn add<D: Dot, V: Vector>(
    sums: *mut i32,
    start: Option<*const i32>,
    width: usize,
    weights: *const i8,
    x: *const i16,
    rows: usize,
) {
    // SAFETY: the caller's promise about pointers and instructions is passed on.
    unsafe { by_width!(D::LANES, width, add_panel::<D, V>(sums, start, weights, x, rows)) }
}

#[inline(always)]
unsafe fn add_panel<D: Dot, V: Vector, const N: usize>(
    sums: *mut i32,
    start: Option<*const i32>,
    weights: *const i8,
    x: *const i16,
    rows: usize,
) {
    // SAFETY: N · LANES = width; all offsets stay below `width` sums, `rows` inputs and `rows * width` weights.
    unsafe {
        let from = start.unwrap_or(sums);
        let mut sum = [D::load(from); N];
        for n in 1..N {
            sum[n] = D::load(from.add(n * D::LANES));
        }
        let mut row = 0;
        while row < rows {
            let weights = weights.add(row * N * D::LANES);
            prefetch::<V>(weights.cast(), AHEAD_OF_NARROW, D::ROWS * N * D::LANES);
            for n in 0..N {
                sum[n] = D::add(sum[n], weights.add(n * D::ROWS * D::LANES), x.add(row));
            }
            row += D::ROWS;
        }
        for n in 0..N {
            D::store(sum[n], sums.add(n * D::LANES));
        }
    }
}

/// What belongs to the columns of some panels.
pub(crate) struct Columns<'a> {
    /// What the whole sums start as.
    pub(crate) starts: &'a [i32],
    /// What a whole number among the weights is worth.
    pub(crate) scales: &'a [f32],
    /// What a whole number among the inputs is worth.
    pub(crate) unit: f32,
    pub(crate) biases: &'a [f32],
}

/// Panels of full width from their first row to their last; `weights` leads to x.len() · results.len() values.
#[inline(always)]
pub(super) unsafe fn panels<D: Dot, V: Vector>(
    columns: &Columns,
    weights: *const i8,
    x: &[i16],
    results: &mut [f32],
) {
    let mut sums = [0; PANEL];
    let starts = columns.starts.as_chunks::<PANEL>().0;
    let vectors = columns.scales.chunks_exact(PANEL).zip(columns.biases.chunks_exact(PANEL));
    for (panel, ((results, starts), (scales, biases))) in
        results.as_chunks_mut::<PANEL>().0.iter_mut().zip(starts).zip(vectors).enumerate()
    {
        // SAFETY: the sums are as many as a panel has; panels before this one have x.len() · PANEL weights each.
        unsafe {
            let weights = weights.add(panel * x.len() * PANEL);
            let start = Some(starts.as_ptr());
            add::<D, V>(sums.as_mut_ptr(), start, PANEL, weights, x.as_ptr(), x.len());
        }
        scale(&sums, &Columns { scales, biases, ..*columns }, results);
    }
}

/// The greatest magnitude; NaN if one of the values is not finite.
#[inline(always)]
pub(super) unsafe fn greatest<V: Vector>(values: &[f32]) -> f32 {
    // SAFETY: the caller may execute V's instructions.
    unsafe {
        let zero = V::splat(0.0);
        let mut found = [zero, zero];
        let (whole, rest) = values.as_chunks();
        for values in whole {
            found = greater::<V>(found, values);
        }
        if !rest.is_empty() {
            let mut values = [0.0; LANES];
            values[..rest.len()].copy_from_slice(rest);
            found = greater::<V>(found, &values);
        }
        let [greatest, broken] = found;
        let mut lanes = [0.0; LANES];
        greatest.add(broken).store(lanes.as_mut_ptr());
        // Halves on halves, so that few comparisons wait for one another.
        let mut half = LANES / 2;
        while half > 0 {
            for lane in 0..half {
                let other = lanes[lane + half];
                if other > lanes[lane] || other.is_nan() {
                    lanes[lane] = other;
                }
            }
            half /= 2;
        }
        lanes[0]
    }
}

/// The greatest magnitudes so far, and NaN where one was not finite.
#[inline(always)]
unsafe fn greater<V: Vector>([mut greatest, mut broken]: [V; 2], values: &[f32; LANES]) -> [V; 2] {
    for at in (0..LANES).step_by(V::LANES) {
        // SAFETY: whole vectors lie at all multiples of V::LANES; the caller may execute V's instructions.
        unsafe {
            let zero = V::splat(0.0);
            let value = V::load(values.as_ptr().add(at));
            greatest = value.at_least(zero.sub(value)).at_least(greatest);
            // 0 times what is not finite is NaN.
            broken = value.mul_add(zero, broken);
        }
    }
    [greatest, broken]
}

/// [`Dot::quantise`] for all values; the numbers after them, up to the next whole vector, are those of 0.
#[inline(always)]
pub(super) unsafe fn quantise<D: Dot>(values: &[f32], factor: f32, numbers: &mut [i16]) {
    let (whole, rest) = values.as_chunks::<LANES>();
    let (places, _) = numbers.as_chunks_mut::<LANES>();
    let (places, last) = places.split_at_mut(whole.len());
    for (values, numbers) in whole.iter().zip(places) {
        // SAFETY: the caller may execute D's instructions.
        unsafe { D::quantise(values, factor, numbers) };
    }
    if let (false, Some(numbers)) = (rest.is_empty(), last.first_mut()) {
        let mut values = [0.0; LANES];
        values[..rest.len()].copy_from_slice(rest);
        // SAFETY: the caller may execute D's instructions.
        unsafe { D::quantise(&values, factor, numbers) };
    }
}

/// From sums of whole numbers to floats: whole · (scale · unit) + bias.
#[inline(always)]
pub(super) fn scale(whole: &[i32], columns: &Columns, results: &mut [f32]) {
    let Columns { scales, unit, biases, .. } = columns;
    for (((result, whole), scale), bias) in results.iter_mut().zip(whole).zip(*scales).zip(*biases) {
        *result = *whole as f32 * (scale * unit) + bias;
    }
}
