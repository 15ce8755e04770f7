//! What a model runs: layers turned into steps over regions of memory, and their weights into panels.
//!
//! A matrix of n inputs and m outputs is cut into panels of 64 outputs (the last one 16, 32 or 48). A panel holds its
//! weights input after input, so that running it reads memory once, from front to back, and its sums stay in
//! registers:
//!
//! ```text
//! panel 0: W[0][0..64] W[1][0..64] ... W[n-1][0..64]   panel 1: W[0][64..128] W[1][64..128] ...
//! int8:    pairs of inputs: W[0][0] W[1][0] W[0][1] W[1][1] ... W[0][63] W[1][63]   W[2][0] W[3][0] ...
//!          or groups of four, where the instructions add four products
//! ```

use std::ops::Range;

use crate::layer::{BatchNorm, Layer};
use crate::model::{Options, Weights};
use crate::raw::{Kernels, LANES, PANEL, f16_bits};
use crate::{Activation, Error, Network, Problem};

/// Units of a recurrent layer whose gates make up one panel.
pub(crate) const UNITS: usize = LANES;

/// Values in a state's memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pub(crate) at: usize,
    pub(crate) len: usize,
}

impl Region {
    pub(crate) fn part(self, from: usize, len: usize) -> Region {
        debug_assert!(from + len <= self.len);
        Region { at: self.at + from, len }
    }

    /// Where such a part lies; it may reach into the padding.
    pub(crate) fn range(self, from: usize, len: usize) -> Range<usize> {
        self.at + from..self.at + from + len
    }
}

/// A matrix and its biases in the arena; the offsets are in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix {
    pub(crate) weights: Weights,
    pub(crate) rows: usize,
    /// Padded to whole vectors.
    pub(crate) columns: usize,
    pub(crate) panels_at: usize,
    pub(crate) bias_at: usize,
    /// Of 8-bit weights: what a whole number is worth, for each column.
    pub(crate) scales_at: usize,
    /// Of 8-bit weights: what the whole sums start as, for each column.
    pub(crate) starts_at: usize,
    /// Rows that no interruption comes between.
    pub(crate) together: usize,
}

impl Matrix {
    pub(crate) fn panels(&self) -> usize {
        self.columns.div_ceil(PANEL)
    }

    /// First column and width of a panel.
    pub(crate) fn panel(&self, index: usize) -> (usize, usize) {
        let first = index * PANEL;
        (first, (self.columns - first).min(PANEL))
    }

    /// Rows in memory; those that fill up the last group are 0.
    pub(crate) fn padded_rows(&self) -> usize {
        self.rows.next_multiple_of(self.together)
    }
}

/// The last inputs of a layer, as many as `frames`, in a circle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ring {
    /// Which of the state's positions tells the newest frame.
    pub(crate) index: usize,
    pub(crate) region: Region,
    pub(crate) frames: usize,
    pub(crate) size: usize,
}

/// What a kernel over time and features sees at one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch {
    pub(crate) ring: Ring,
    pub(crate) taps: usize,
    pub(crate) dilation: usize,
    /// Features side by side.
    pub(crate) width: usize,
    pub(crate) filters: usize,
    pub(crate) features: usize,
    /// The first feature; negative where padding is meant.
    pub(crate) first: isize,
    pub(crate) target: Region,
}

/// Which inputs an output of a grouped convolution sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grouping {
    pub(crate) inputs: usize,
    pub(crate) group_inputs: usize,
    pub(crate) group_outputs: usize,
}

/// A piece of work that can stop and go on between any two of its units.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Copy {
        source: Region,
        target: Region,
    },
    /// Puts an input into a ring as its newest frame.
    Remember {
        source: Region,
        ring: Ring,
    },
    /// Gathers the frames under the taps of a convolution over time.
    Window {
        ring: Ring,
        taps: usize,
        dilation: usize,
        target: Region,
    },
    Patch(Patch),
    /// Turns inputs into whole numbers.
    Quantise {
        source: Region,
    },
    Product {
        source: Region,
        matrix: Matrix,
        target: Region,
    },
    Grouped {
        source: Region,
        matrix: Matrix,
        target: Region,
        grouping: Grouping,
    },
    /// From the gates of 16 units side by side, then of the next 16, to their state.
    Lstm {
        gates: Region,
        cell: Region,
        hidden: Region,
    },
    Gru {
        gates: Region,
        hidden: Region,
    },
    Map {
        region: Region,
        activation: Activation,
    },
    Softmax {
        region: Region,
    },
    Prelu {
        region: Region,
        slopes_at: usize,
    },
    Normalise {
        region: Region,
        factors_at: usize,
        means_at: usize,
        shifts_at: usize,
    },
}

/// The steps of a model and the sizes of what they work on.
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) values: usize,
    pub(crate) quantised: usize,
    pub(crate) rings: usize,
    pub(crate) input: Region,
    pub(crate) output: Region,
}

/// A program while it grows, layer by layer.
pub(crate) struct Builder<'n> {
    program: Program,
    arena: Vec<u8>,
    options: Options,
    kernels: Kernels,
    fold: Option<&'n BatchNorm>,
}

/// Turns a network into steps and the bytes of its weights, as these kernels want them.
pub(crate) fn build(
    network: &Network,
    options: Options,
    kernels: Kernels,
) -> Result<(Program, Vec<u8>), Error> {
    let input = Region { at: 0, len: network.inputs() };
    let program = Program {
        steps: Vec::new(),
        values: input.len.next_multiple_of(LANES),
        quantised: 0,
        rings: 0,
        input,
        output: input,
    };
    let mut builder = Builder { program, arena: Vec::new(), options, kernels, fold: None };
    let mut layers = network.layers().iter().enumerate().peekable();
    while let Some((index, layer)) = layers.next() {
        if let (Layer::Dense(dense), Some((_, Layer::BatchNorm(norm)))) = (layer, layers.peek())
            && options.fold_batch_norm
            && dense.activation.is_none()
        {
            builder.fold = Some(norm);
            layers.next();
        }
        layer.build(&mut builder).map_err(|problem| problem.in_layer(index, layer.kind(), "weights"))?;
    }
    Ok((builder.program, builder.arena))
}

impl<'n> Builder<'n> {
    /// Where the layer before left its result.
    pub(crate) fn current(&self) -> Region {
        self.program.output
    }

    /// Says where a layer leaves its result.
    pub(crate) fn set_current(&mut self, region: Region) {
        self.program.output = region;
    }

    /// The batch norm that this dense layer shall take in.
    pub(crate) fn take_fold(&mut self) -> Option<&'n BatchNorm> {
        self.fold.take()
    }

    /// New memory, padded to whole vectors.
    pub(crate) fn region(&mut self, len: usize) -> Region {
        let at = self.program.values;
        self.program.values += len.next_multiple_of(LANES);
        Region { at, len }
    }

    pub(crate) fn ring(&mut self, frames: usize, size: usize) -> Ring {
        let index = self.program.rings;
        self.program.rings += 1;
        Ring { index, region: self.region(frames * size), frames, size }
    }

    fn push(&mut self, step: Step) {
        self.program.steps.push(step);
    }

    pub(crate) fn copy(&mut self, source: Region, target: Region) {
        self.push(Step::Copy { source: source.part(0, target.len), target });
    }

    pub(crate) fn remember(&mut self, source: Region, ring: Ring) {
        self.push(Step::Remember { source, ring });
    }

    pub(crate) fn window(&mut self, ring: Ring, taps: usize, dilation: usize, target: Region) {
        self.push(Step::Window { ring, taps, dilation, target });
    }

    pub(crate) fn patch(&mut self, patch: Patch) {
        self.push(Step::Patch(patch));
    }

    pub(crate) fn product(&mut self, source: Region, matrix: Matrix, target: Region) {
        let source = source.part(0, matrix.rows);
        if matrix.weights == Weights::Int8 {
            self.program.quantised = self.program.quantised.max(matrix.rows.next_multiple_of(LANES));
            self.push(Step::Quantise { source });
        }
        self.push(Step::Product { source, matrix, target });
    }

    pub(crate) fn lstm(&mut self, gates: Region, cell: Region, hidden: Region) {
        self.push(Step::Lstm { gates, cell, hidden });
    }

    pub(crate) fn gru(&mut self, gates: Region, hidden: Region) {
        self.push(Step::Gru { gates, hidden });
    }

    pub(crate) fn grouped(&mut self, source: Region, matrix: Matrix, target: Region, grouping: Grouping) {
        self.push(Step::Grouped { source, matrix, target, grouping });
    }

    /// Applies an activation to the current region.
    pub(crate) fn activation(&mut self, activation: Option<Activation>) {
        let region = self.program.output;
        match activation {
            None => {}
            Some(Activation::Softmax) => self.push(Step::Softmax { region }),
            Some(activation) => self.push(Step::Map { region, activation }),
        }
    }

    pub(crate) fn prelu(&mut self, size: usize, slope: &dyn Fn(usize) -> f32) {
        let slopes_at = self.vector(size, slope);
        self.push(Step::Prelu { region: self.program.output.part(0, size), slopes_at });
    }

    pub(crate) fn normalise(
        &mut self,
        size: usize,
        factor: &dyn Fn(usize) -> f32,
        mean: &dyn Fn(usize) -> f32,
        shift: &dyn Fn(usize) -> f32,
    ) {
        let (factors_at, means_at) = (self.vector(size, factor), self.vector(size, mean));
        let shifts_at = self.vector(size, shift);
        let region = self.program.output.part(0, size);
        self.push(Step::Normalise { region, factors_at, means_at, shifts_at });
    }

    /// Puts values into the arena.
    fn vector(&mut self, count: usize, value: &dyn Fn(usize) -> f32) -> usize {
        self.words(count, |index| value(index).to_ne_bytes())
    }

    fn words(&mut self, count: usize, bytes: impl Fn(usize) -> [u8; 4]) -> usize {
        let at = self.align();
        self.arena.extend((0..count).flat_map(bytes));
        at
    }

    fn align(&mut self) -> usize {
        let at = self.arena.len().next_multiple_of(crate::raw::LINE);
        self.arena.resize(at, 0);
        at
    }

    /// Puts a matrix into the arena, with weights of the kind that the options ask for. `weight(row, column)` and
    /// `bias(column)` are asked for columns below `columns` only.
    ///
    /// # Errors
    /// A weight that the kind cannot hold.
    pub(crate) fn matrix(
        &mut self,
        rows: usize,
        columns: usize,
        weight: &dyn Fn(usize, usize) -> f32,
        bias: &dyn Fn(usize) -> f32,
    ) -> Result<Matrix, Problem> {
        self.matrix_of(self.options.weights, rows, columns, weight, bias)
    }

    /// Like [`Builder::matrix`], always in f32.
    pub(crate) fn f32_matrix(
        &mut self,
        rows: usize,
        columns: usize,
        weight: &dyn Fn(usize, usize) -> f32,
        bias: &dyn Fn(usize) -> f32,
    ) -> Result<Matrix, Problem> {
        self.matrix_of(Weights::F32, rows, columns, weight, bias)
    }

    fn matrix_of(
        &mut self,
        weights: Weights,
        rows: usize,
        columns: usize,
        weight: &dyn Fn(usize, usize) -> f32,
        bias: &dyn Fn(usize) -> f32,
    ) -> Result<Matrix, Problem> {
        let padded = columns.next_multiple_of(LANES);
        let bias_at = self.vector(padded, &|column| if column < columns { bias(column) } else { 0.0 });
        let together = match weights {
            // Sums over even and over odd rows are kept apart.
            Weights::F32 | Weights::F16 => 2,
            Weights::Int8 => self.kernels.rows_together(),
        };
        // Once as plain values: finite (folding may overflow), padded, row after row.
        let mut values = vec![0.0; rows.next_multiple_of(together) * padded];
        let mut greatest = vec![0.0_f32; padded];
        for (row, line) in values.chunks_mut(padded).take(rows).enumerate() {
            for (column, value) in line[..columns].iter_mut().enumerate() {
                *value = weight(row, column);
                if !value.is_finite() {
                    return Err(Problem::unexpected("weights that stay finite with batch norm", *value));
                }
                greatest[column] = greatest[column].max(value.abs());
            }
        }
        let mut matrix = Matrix {
            weights,
            rows,
            columns: padded,
            together,
            panels_at: 0,
            bias_at,
            scales_at: 0,
            starts_at: 0,
        };
        match weights {
            Weights::F32 => {
                matrix.panels_at = self.panels(matrix, &values, f32::to_ne_bytes);
            }
            Weights::F16 => {
                if let Some(value) = values.iter().find(|value| f16_bits(**value).is_none()) {
                    let expected = "weights of magnitude up to 65504 for f16 (or ask for f32)";
                    return Err(Problem::unexpected(expected, *value));
                }
                let bytes = |value| f16_bits(value).unwrap_or_default().to_ne_bytes();
                matrix.panels_at = self.panels(matrix, &values, bytes);
            }
            Weights::Int8 => {
                let whole = self.whole(&values, &greatest);
                let offset = self.kernels.offset();
                let start = |column: usize| {
                    let column = whole.iter().skip(column).step_by(padded);
                    // Sums of whole numbers may wrap around.
                    column.fold(0_i32, |sum, weight| sum.wrapping_sub(offset.wrapping_mul((*weight).into())))
                };
                matrix.scales_at = self.vector(padded, &|column| greatest[column] / 127.0);
                matrix.starts_at = self.words(padded, |column| start(column).to_ne_bytes());
                matrix.panels_at = self.panels(matrix, &whole, i8::to_ne_bytes);
            }
        }
        Ok(matrix)
    }

    /// Weights, given row after row, as whole numbers of -127..127, which stand for shares of each column's greatest.
    ///
    /// What neighbours among a network's inputs have in common is most of them (bands of a spectrum, cells of a map), so the
    /// first layer hands its errors of rounding on from row to row: in a sum over neighbours they cancel.
    fn whole(&self, values: &[f32], greatest: &[f32]) -> Vec<i8> {
        let hands_on = self.program.steps.is_empty();
        let mut errors = vec![0.0; greatest.len()];
        let line = |line: &[f32]| -> Vec<i8> {
            let round = |((value, greatest), error): ((&f32, &f32), &mut f64)| {
                // In f64, for a quotient of subnormal numbers may be anything in f32. 0 / 0 in a column of zeros is
                // NaN, which becomes 0.
                let exact = f64::from(*value) * 127.0 / f64::from(*greatest) + *error;
                let rounded = exact.round().clamp(-127.0, 127.0);
                if hands_on {
                    *error = exact - rounded;
                }
                rounded as i8
            };
            line.iter().zip(greatest).zip(&mut errors).map(round).collect()
        };
        values.chunks(greatest.len()).flat_map(line).collect()
    }

    /// Puts a matrix's weights, given row after row, into the arena, panel after panel.
    fn panels<T: Copy, const N: usize>(
        &mut self,
        matrix: Matrix,
        values: &[T],
        bytes: impl Fn(T) -> [u8; N],
    ) -> usize {
        let at = self.align();
        // Columns of floats lie side by side, those of whole numbers hold a few rows each.
        let group = if matrix.weights == Weights::Int8 { matrix.together } else { 1 };
        for panel in 0..matrix.panels() {
            let (first, width) = matrix.panel(panel);
            for rows in values.chunks(group * matrix.columns) {
                for column in first..first + width {
                    let column = rows.iter().skip(column).step_by(matrix.columns);
                    self.arena.extend(column.flat_map(|value| bytes(*value)));
                }
            }
        }
        at
    }
}
