//! The only unsafe code: vector instructions chosen at run time, and the aligned memory of the weights.
//!
//! What leaves this module is safe: every function takes slices and checks their lengths before it hands pointers to
//! the vector code, and a table of functions exists only for instructions that this processor has.

#[macro_use]
mod generic;
mod arena;
mod functions;
mod half;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod reading;
mod whole;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use arena::{Arena, LINE};
pub(crate) use half::f16_bits;
pub use reading::Reading;
pub(crate) use whole::Columns;

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
    /// The same with sums of products of 8-bit numbers (VNNI).
    Avx512Vnni,
}

impl Level {
    /// The best level of this processor.
    pub fn detect() -> Level {
        Level::available().into_iter().max().unwrap_or(Level::Scalar)
    }

    /// All levels that this processor can run, the plainest first.
    pub fn available() -> Vec<Level> {
        [Level::Scalar, Level::Neon, Level::Avx2, Level::Avx512, Level::Avx512Vnni]
            .into_iter()
            .filter(|&level| Kernels::new(level).is_some())
            .collect()
    }
}

/// Sums, what they start as, width, weights, inputs, rows.
type Add<W> = unsafe fn(*mut f32, Option<*const f32>, usize, *const W, *const f32, usize);
type AddWhole = unsafe fn(*mut i32, Option<*const i32>, usize, *const i8, *const i16, usize);
/// Biases, weights, rows of weights, inputs, results, panels.
type Panels<W> = unsafe fn(*const f32, *const W, usize, &[f32], *mut f32, usize);

/// Functions over raw parts, one table for each level.
///
/// The functions may be called only where the level's instructions exist, with pointers as `generic` and `whole`
/// describe.
pub(crate) struct Table {
    rows_together: usize,
    offset: i32,
    add_f32: Add<f32>,
    add_f16: Add<u16>,
    add_i8: AddWhole,
    panels_f32: Panels<f32>,
    panels_f16: Panels<u16>,
    panels_i8: unsafe fn(&Columns, *const i8, &[i16], &mut [f32]),
    prefetch: unsafe fn(*const u8, usize),
    join: unsafe fn(*const f32, *mut f32, usize),
    map: unsafe fn(Activation, *mut f32, usize),
    exp_shifted: unsafe fn(*mut f32, usize, f32),
    lstm: unsafe fn(*const f32, *mut f32, *mut f32, usize),
    gru: unsafe fn(*const f32, *mut f32, usize),
    greatest: unsafe fn(&[f32]) -> f32,
    quantise: unsafe fn(&[f32], f32, &mut [i16]),
    scale: unsafe fn(&[i32], &Columns, &mut [f32]),
    read: unsafe fn(*const f32, usize, Reading) -> f32,
}

/// The sums of a panel, on their own cache lines: those over even rows, those over odd ones.
///
/// Only their total means anything; there are two because one would keep the processor waiting for itself.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Sums([f32; 2 * PANEL]);

/// The sums of a panel of 8-bit weights, on their own cache lines.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct WholeSums([i32; PANEL]);

impl Sums {
    pub(crate) const ZERO: Sums = Sums([0.0; 2 * PANEL]);

    /// The sums over even rows, for those who need no others.
    pub(crate) fn even(&mut self) -> &mut [f32; PANEL] {
        self.0.first_chunk_mut().expect("there are two sets")
    }
}

impl WholeSums {
    pub(crate) const ZERO: WholeSums = WholeSums([0; PANEL]);
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
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni
                if Kernels::new(Level::Avx512).is_some() && is_x86_feature_detected!("avx512vnni") =>
            {
                &x86::avx512vnni::TABLE
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

    /// Rows of 8-bit weights that lie together and are added together: 2 or 4.
    pub(crate) fn rows_together(self) -> usize {
        self.table.rows_together
    }

    /// Sums over 8-bit weights start at -offset · (sum of the weights).
    pub(crate) fn offset(self) -> i32 {
        self.table.offset
    }

    /// sums\[c\] += sum over r of x\[r\] · weights\[r · width + c\], where the sums begin as `start` if there is one.
    ///
    /// The rows of a panel may come in pieces of even numbers; the last may be odd.
    pub(crate) fn add_f32(
        self,
        sums: &mut Sums,
        start: Option<&[f32]>,
        width: usize,
        weights: &[f32],
        x: &[f32],
    ) {
        check_panel(width, start.map(<[f32]>::len), weights.len(), x.len());
        let (sums, start) = (sums.0.as_mut_ptr(), start.map(<[f32]>::as_ptr));
        // SAFETY: the table's level exists (`new`); the width is valid, `weights` holds width · x.len() values, `start`
        // `width`.
        unsafe { (self.table.add_f32)(sums, start, width, weights.as_ptr(), x.as_ptr(), x.len()) }
    }

    /// The same with weights in f16.
    pub(crate) fn add_f16(
        self,
        sums: &mut Sums,
        start: Option<&[f32]>,
        width: usize,
        weights: &[u16],
        x: &[f32],
    ) {
        check_panel(width, start.map(<[f32]>::len), weights.len(), x.len());
        let (sums, start) = (sums.0.as_mut_ptr(), start.map(<[f32]>::as_ptr));
        // SAFETY: as in `add_f32`.
        unsafe { (self.table.add_f16)(sums, start, width, weights.as_ptr(), x.as_ptr(), x.len()) }
    }

    /// The same with weights of 8 bits, in groups of [`Kernels::rows_together`] rows: with k such rows,
    /// weights\[(r / k) · k · width + c · k + r mod k\] belongs to row r and column c. Inputs are those of
    /// [`Kernels::quantise`].
    pub(crate) fn add_i8(
        self,
        sums: &mut WholeSums,
        start: Option<&[i32]>,
        width: usize,
        weights: &[i8],
        x: &[i16],
    ) {
        assert!(x.len().is_multiple_of(self.table.rows_together), "inputs of 8-bit weights come in groups");
        check_panel(width, start.map(<[i32]>::len), weights.len(), x.len());
        let (sums, start) = (sums.0.as_mut_ptr(), start.map(<[i32]>::as_ptr));
        // SAFETY: the table's level exists (`new`); the width is valid, `weights` holds width · x.len() values, `start`
        // `width`, and x.len() is a multiple of the rows taken together.
        unsafe { (self.table.add_i8)(sums, start, width, weights.as_ptr(), x.as_ptr(), x.len()) }
    }

    /// Asks the processor to bring these values into its cache, without waiting for them.
    pub(crate) fn prefetch<T>(self, values: &[T]) {
        // SAFETY: the table's level exists (`new`); a prefetch does not access memory.
        unsafe { (self.table.prefetch)(values.as_ptr().cast(), size_of_val(values)) }
    }

    /// The totals of as many sums as there are results.
    pub(crate) fn join(self, sums: &Sums, results: &mut [f32]) {
        check_width(results.len());
        // SAFETY: the table's level exists (`new`); the width is valid.
        unsafe { (self.table.join)(sums.0.as_ptr(), results.as_mut_ptr(), results.len()) }
    }

    /// What `add_f32` from the first row to the last and `join` give, for panels of [`PANEL`] columns. There may be one
    /// row of weights more than inputs.
    pub(crate) fn panels_f32(self, biases: &[f32], weights: &[f32], x: &[f32], results: &mut [f32]) {
        let (rows, panels) = check_panels(biases.len(), weights.len(), x.len(), results.len());
        let (biases, weights) = (biases.as_ptr(), weights.as_ptr());
        // SAFETY: the table's level exists (`new`); biases, results and weights are those of so many panels.
        unsafe { (self.table.panels_f32)(biases, weights, rows, x, results.as_mut_ptr(), panels) }
    }

    /// The same with weights in f16.
    pub(crate) fn panels_f16(self, biases: &[f32], weights: &[u16], x: &[f32], results: &mut [f32]) {
        let (rows, panels) = check_panels(biases.len(), weights.len(), x.len(), results.len());
        let (biases, weights) = (biases.as_ptr(), weights.as_ptr());
        // SAFETY: as in `panels_f32`.
        unsafe { (self.table.panels_f16)(biases, weights, rows, x, results.as_mut_ptr(), panels) }
    }

    /// What `add_i8` from the first row to the last and `scale` give, for panels of [`PANEL`] columns.
    pub(crate) fn panels_i8(self, columns: &Columns, weights: &[i8], x: &[i16], results: &mut [f32]) {
        assert!(x.len().is_multiple_of(self.table.rows_together), "inputs of 8-bit weights come in groups");
        check_panels(columns.biases.len(), weights.len(), x.len(), results.len());
        // SAFETY: the table's level exists (`new`); there are x.len() · results.len() weights.
        unsafe { (self.table.panels_i8)(columns, weights.as_ptr(), x, results) }
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

    /// From the sums of the gates i, f, g, o of units: their new cell state and output. The gates lie side by side for
    /// 16 units, then for the next 16.
    pub(crate) fn lstm(self, gates: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
        let units = hidden.len();
        assert!(units.is_multiple_of(LANES), "regions are padded to whole vectors");
        assert!(gates.len() == 4 * units && cell.len() == units, "a unit has four gates and a cell");
        // SAFETY: the table's level exists (`new`); the slices are as long as the units ask for.
        unsafe { (self.table.lstm)(gates.as_ptr(), cell.as_mut_ptr(), hidden.as_mut_ptr(), units) }
    }

    /// From the sums z, r, n of x and n of h of units, side by side as in `lstm`: their new state.
    pub(crate) fn gru(self, gates: &[f32], hidden: &mut [f32]) {
        let units = hidden.len();
        assert!(units.is_multiple_of(LANES), "regions are padded to whole vectors");
        assert!(gates.len() == 4 * units, "a unit has four sums");
        // SAFETY: the table's level exists (`new`); the slices are as long as the units ask for.
        unsafe { (self.table.gru)(gates.as_ptr(), hidden.as_mut_ptr(), units) }
    }

    /// The greatest magnitude among the values; NaN if one is not finite.
    pub(crate) fn greatest(self, values: &[f32]) -> f32 {
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.greatest)(values) }
    }

    /// Values times `factor`, rounded, as [`Kernels::add_i8`] takes them; the products must fit i16 (others give any
    /// number). Numbers after the last value, up to the next multiple of [`LANES`], are those of 0.
    pub(crate) fn quantise(self, values: &[f32], factor: f32, numbers: &mut [i16]) {
        assert!(numbers.len() == values.len().next_multiple_of(LANES), "numbers are padded to whole vectors");
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.quantise)(values, factor, numbers) }
    }

    /// results\[c\] = whole\[c\] · scales\[c\] · unit + biases\[c\], for as many as there are.
    pub(crate) fn scale(self, whole: &WholeSums, columns: &Columns, results: &mut [f32]) {
        // SAFETY: the table's level exists (`new`); everything else is safe code.
        unsafe { (self.table.scale)(&whole.0, columns, results) }
    }

    /// Reads all values and gives their sum: the time it takes is what the weights' bytes alone cost.
    pub(crate) fn read(self, values: &[f32], reading: Reading) -> f32 {
        // SAFETY: the table's level exists (`new`); the pointer and length are those of a slice.
        unsafe { (self.table.read)(values.as_ptr(), values.len(), reading) }
    }
}

/// Widths are those that the generic code has registers for.
fn check_width(width: usize) {
    assert!(matches!(width, 16 | 32 | 48 | 64), "a panel has one to four times 16 columns");
}

/// Weights are enough for all rows, start values for all columns.
fn check_panel(width: usize, start: Option<usize>, weights: usize, rows: usize) {
    check_width(width);
    assert!(start.is_none_or(|start| start >= width), "sums start at one value for each column");
    assert!(weights >= width * rows, "a panel has weights for each of its rows");
}

/// Rows of weights and number of panels, which everything must be long enough for.
fn check_panels(biases: usize, weights: usize, x: usize, results: usize) -> (usize, usize) {
    assert!(results.is_multiple_of(PANEL) && biases == results, "panels of full width have 64 columns");
    let rows = weights.checked_div(results).unwrap_or(0);
    assert!(rows >= x, "a panel has weights for each of its rows");
    (rows, results / PANEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_reading_reads_every_value_once() {
        // Whole numbers so small that f32 sums are exact in any order.
        let values: Vec<f32> = (0..3000).map(|index| (index % 7) as f32).collect();
        for level in Level::available() {
            let kernels = Kernels::new(level).expect("available");
            for count in (0..200).chain([1023, 1024, 1025, 3000]) {
                let sum: f32 = values[..count].iter().sum();
                for reading in Reading::ALL {
                    assert_eq!(kernels.read(&values[..count], reading), sum, "{level:?} {reading:?} {count}");
                }
            }
        }
    }
}
