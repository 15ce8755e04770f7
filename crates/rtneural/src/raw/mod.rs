//! The only unsafe code: vector instructions chosen at run time, and the aligned memory of the weights.
//!
//! What leaves this module is safe: every function takes slices and checks their lengths before it hands pointers to
//! the vector code, and a table of functions exists only for instructions that this processor has.

mod arena;
mod half;
#[macro_use]
mod generic;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use arena::{Arena, LINE};
pub(crate) use half::f16_bits;

use crate::Activation;

/// Values that every vector length divides; rows of panels and regions of memory are padded to it.
pub(crate) const LANES: usize = 16;
/// Columns of a panel: as many as sums fit the registers of every instruction set.
pub(crate) const PANEL: usize = 64;

/// The instructions that a model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, compiled for the target's baseline.
    Scalar,
    /// 128-bit vectors of AArch64.
    Neon,
    /// 256-bit vectors of x86-64 with fused multiply-add and f16 conversion.
    Avx2,
    /// 512-bit vectors of x86-64 (F and BW).
    Avx512,
}

impl Level {
    /// The best level of this processor.
    pub fn detect() -> Level {
        Level::available().into_iter().max().unwrap_or(Level::Scalar)
    }

    /// All levels that this processor can run, the plainest first.
    pub fn available() -> Vec<Level> {
        [Level::Scalar, Level::Neon, Level::Avx2, Level::Avx512]
            .into_iter()
            .filter(|&level| Kernels::new(level).is_some())
            .collect()
    }
}

/// Whole sums, scales, unit, biases, sums.
type Scale = unsafe fn(&[i32], &[f32], f32, &[f32], &mut [f32]);

/// Functions over raw parts, one table for each level.
///
/// The functions may be called only where the level's instructions exist, with pointers as `generic` describes.
pub(crate) struct Table {
    add_f32: unsafe fn(*mut f32, usize, *const f32, *const f32, usize),
    add_f16: unsafe fn(*mut f32, usize, *const u16, *const f32, usize),
    add_i8: unsafe fn(*mut i32, usize, *const i8, *const i16, usize),
    map: unsafe fn(Activation, *mut f32, usize),
    exp_shifted: unsafe fn(*mut f32, usize, f32),
    lstm: unsafe fn(*mut f32, *mut f32),
    gru: unsafe fn(*mut f32, *const f32),
    greatest: unsafe fn(&[f32]) -> f32,
    quantise: unsafe fn(&[f32], f32, &mut [i16]),
    scale: Scale,
    read: unsafe fn(*const f32, usize) -> f32,
}

/// The vector code of one level, which this processor has.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    level: Level,
    table: &'static Table,
}

impl Kernels {
    /// `None` if this processor lacks the level's instructions.
    pub(crate) fn new(level: Level) -> Option<Kernels> {
        let table = match level {
            Level::Scalar => &portable::TABLE,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2
                if is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c") =>
            {
                &x86::avx2::TABLE
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c") =>
            {
                &x86::avx512::TABLE
            }
            // NEON belongs to the AArch64 baseline that Rust's targets assume.
            #[cfg(target_arch = "aarch64")]
            Level::Neon => &neon::TABLE,
            _ => return None,
        };
        Some(Kernels { level, table })
    }

    pub(crate) fn level(self) -> Level {
        self.level
    }

    /// sums\[c\] += sum over r of x\[r\] · weights\[r · width + c\], width being the length of `sums`.
    pub(crate) fn add_f32(self, sums: &mut [f32], weights: &[f32], x: &[f32]) {
        check_panel(sums.len(), weights.len(), x.len());
        // SAFETY: the table's level exists (`new`); `sums` holds a valid width, `weights` width · x.len() values.
        unsafe { (self.table.add_f32)(sums.as_mut_ptr(), sums.len(), weights.as_ptr(), x.as_ptr(), x.len()) }
    }

    /// The same with weights in f16.
    pub(crate) fn add_f16(self, sums: &mut [f32], weights: &[u16], x: &[f32]) {
        check_panel(sums.len(), weights.len(), x.len());
        // SAFETY: as in `add_f32`.
        unsafe { (self.table.add_f16)(sums.as_mut_ptr(), sums.len(), weights.as_ptr(), x.as_ptr(), x.len()) }
    }

    /// sums\[c\] += sum over pairs p of x\[2p\] · weights\[p\]\[c\]\[0\] + x\[2p + 1\] · weights\[p\]\[c\]\[1\].
    pub(crate) fn add_i8(self, sums: &mut [i32], weights: &[i8], x: &[i16]) {
        assert!(x.len().is_multiple_of(2), "inputs of 8-bit weights come in pairs");
        check_panel(sums.len(), weights.len(), x.len());
        let pairs = x.len() / 2;
        // SAFETY: the table's level exists (`new`); `sums` holds a valid width, `weights` width · 2 · pairs values
        // and `x` 2 · pairs values.
        unsafe { (self.table.add_i8)(sums.as_mut_ptr(), sums.len(), weights.as_ptr(), x.as_ptr(), pairs) }
    }

    /// Applies an activation other than softmax to each value; their number is a multiple of [`LANES`].
    pub(crate) fn map(self, activation: Activation, values: &mut [f32]) {
        assert!(values.len().is_multiple_of(LANES), "regions are padded to whole vectors");
        // SAFETY: the table's level exists (`new`); the length is a multiple of every vector's.
        unsafe { (self.table.map)(activation, values.as_mut_ptr(), values.len()) }
    }

    /// e^(value - shift) in place of each value; their number is a multiple of [`LANES`].
    pub(crate) fn exp_shifted(self, values: &mut [f32], shift: f32) {
        assert!(values.len().is_multiple_of(LANES), "regions are padded to whole vectors");
        // SAFETY: the table's level exists (`new`); the length is a multiple of every vector's.
        unsafe { (self.table.exp_shifted)(values.as_mut_ptr(), values.len(), shift) }
    }

    /// From the sums of the gates i, f, g, o of 16 units and their cell state: the new cell state, and the output in
    /// the first 16 sums.
    pub(crate) fn lstm(self, gates: &mut [f32; PANEL], cell: &mut [f32; LANES]) {
        // SAFETY: the table's level exists (`new`); the arrays have the lengths that it works on.
        unsafe { (self.table.lstm)(gates.as_mut_ptr(), cell.as_mut_ptr()) }
    }

    /// From the sums z, r, n of x and n of h of 16 units and their state: the new state in the first 16 sums.
    pub(crate) fn gru(self, gates: &mut [f32; PANEL], hidden: &[f32; LANES]) {
        // SAFETY: the table's level exists (`new`); the arrays have the lengths that it works on.
        unsafe { (self.table.gru)(gates.as_mut_ptr(), hidden.as_ptr()) }
    }

    /// The greatest magnitude among the values; NaN if one is NaN.
    pub(crate) fn greatest(self, values: &[f32]) -> f32 {
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.greatest)(values) }
    }

    /// Values times `factor`, rounded; the products must fit i16 (others give any number).
    pub(crate) fn quantise(self, values: &[f32], factor: f32, whole: &mut [i16]) {
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.quantise)(values, factor, whole) }
    }

    /// sums\[c\] = whole\[c\] · scales\[c\] · unit + bias\[c\].
    pub(crate) fn scale(self, whole: &[i32], scales: &[f32], unit: f32, bias: &[f32], sums: &mut [f32]) {
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.scale)(whole, scales, unit, bias, sums) }
    }

    /// Reads all values and gives their sum: the time it takes is what the weights' bytes alone cost.
    pub(crate) fn read(self, values: &[f32]) -> f32 {
        // SAFETY: the table's level exists (`new`); the pointer and length are those of a slice.
        unsafe { (self.table.read)(values.as_ptr(), values.len()) }
    }
}

/// Widths are those that the generic code has registers for; weights are enough for all rows.
fn check_panel(width: usize, weights: usize, rows: usize) {
    assert!(matches!(width, 16 | 32 | 48 | 64), "a panel has one to four times 16 columns");
    assert!(weights >= width * rows, "a panel has weights for each of its rows");
}
