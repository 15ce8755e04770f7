//! Running a program's steps, stopping and going on.
//!
//! Work is counted in multiply-adds: one for each weight, [`ACTIVATION`] for each value of a function such as tanh,
//! one for each value that is copied or compared. A step's result does not depend on where it was interrupted: sums
//! wait in memory as exactly the f32 (or i32) values that registers held.

use std::ops::ControlFlow::{self, Break, Continue};

use crate::Activation;
use crate::model::{Pack, State, Weights};
use crate::program::{Grouping, Matrix, Patch, Program, Region, Ring, Step};
use crate::raw::{Columns, Kernels, LANES, PANEL};

/// What a value of a function such as tanh costs, in multiply-adds.
pub(crate) const ACTIVATION: usize = 8;
/// What 16 units of a recurrent layer cost: five functions each.
const UNITS_COST: usize = 5 * LANES * ACTIVATION;
/// Values that are copied, mapped or compared without a look at the budget.
const CHUNK: usize = 128;

/// Where a pass stands: which step, which panel or chunk of it, which row or phase of that.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    step: usize,
    index: usize,
    row: usize,
}

/// What may still be spent.
pub(crate) struct Budget {
    left: usize,
    /// Nothing was done yet, so one unit may be done whatever it costs.
    fresh: bool,
}

impl Budget {
    pub(crate) fn new(left: usize) -> Self {
        Budget { left, fresh: true }
    }

    /// Pays for one unit, if it can.
    fn pay(&mut self, cost: usize) -> ControlFlow<()> {
        if cost > self.left && !self.fresh {
            return Break(());
        }
        self.left = self.left.saturating_sub(cost);
        self.fresh = false;
        Continue(())
    }

    /// Pays for as many of `wanted` units as it can, at least for one.
    fn pay_many(&mut self, wanted: usize, cost: usize) -> ControlFlow<(), usize> {
        let affordable = (self.left / cost).max(usize::from(self.fresh)).min(wanted);
        if affordable == 0 {
            return Break(());
        }
        self.left = self.left.saturating_sub(affordable * cost);
        self.fresh = false;
        Continue(affordable)
    }

    /// Pays for as many of `wanted` values as it can: all of them, or a multiple of [`CHUNK`].
    fn pay_values(&mut self, wanted: usize, cost: usize) -> ControlFlow<(), usize> {
        if wanted <= CHUNK || wanted * cost <= self.left {
            self.pay(wanted * cost)?;
            return Continue(wanted);
        }
        let chunks = self.pay_many(wanted / CHUNK, CHUNK * cost)?;
        Continue(chunks * CHUNK)
    }

    /// Pays for as many of `wanted` units as it can, of a kind that can be done in smaller pieces too.
    fn pay_divisible(&mut self, wanted: usize, cost: usize) -> usize {
        let affordable = (self.left / cost).min(wanted);
        self.left -= affordable * cost;
        self.fresh &= affordable == 0;
        affordable
    }
}

/// A model's parts and the state they work on.
pub(crate) struct Pass<'a> {
    pub(crate) program: &'a Program,
    pub(crate) pack: &'a Pack,
    pub(crate) kernels: Kernels,
    pub(crate) state: &'a mut State,
    pub(crate) budget: Budget,
}

impl Pass<'_> {
    /// Goes on until the end (`Continue`) or until the budget is spent (`Break`).
    pub(crate) fn run(&mut self) -> ControlFlow<()> {
        let program = self.program;
        let Cursor { step, index, row } = self.state.cursor;
        if (step, index, row) == (0, 0, 0) {
            // After other data went through the cache, many small accesses would each wait for memory.
            self.kernels.prefetch(&program.steps);
            self.kernels.prefetch(&self.state.values);
            self.kernels.prefetch(&self.state.quantised);
        }
        while let Some(step) = program.steps.get(self.state.cursor.step) {
            self.step(step)?;
            self.state.cursor = Cursor { step: self.state.cursor.step + 1, index: 0, row: 0 };
        }
        self.state.cursor = Cursor::default();
        Continue(())
    }

    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        match *step {
            Step::Copy { source, target } => self.copy(source, target),
            Step::Remember { source, ring } => self.remember(source, ring),
            Step::Window { ring, taps, dilation, target } => self.window(ring, taps, dilation, target),
            Step::Patch(patch) => self.patch(patch),
            Step::Quantise { source } => self.quantise(source),
            Step::Product { source, matrix, target } => self.product(source, matrix, target),
            Step::Lstm { gates, cell, hidden } => self.lstm(gates, cell, hidden),
            Step::Gru { gates, hidden } => self.gru(gates, hidden),
            Step::Grouped { source, matrix, target, grouping } => {
                self.grouped(source, matrix, target, grouping)
            }
            Step::Map { region, activation } => self.map(region, activation),
            Step::Softmax { region } => self.softmax(region),
            Step::Prelu { region, slopes_at } => self.prelu(region, slopes_at),
            Step::Normalise { region, factors_at, means_at, shifts_at } => {
                self.normalise(region, [factors_at, means_at, shifts_at])
            }
        }
    }

    /// Calls `work` for chunks of `count` values, from where the cursor stands, and for as many chunks at once as can be
    /// paid for.
    fn chunks(
        &mut self,
        count: usize,
        cost: usize,
        mut work: impl FnMut(&mut Self, usize, usize),
    ) -> ControlFlow<()> {
        while self.state.cursor.index < count {
            let at = self.state.cursor.index;
            let length = self.budget.pay_values(count - at, cost)?;
            work(self, at, length);
            self.state.cursor.index += length;
        }
        Continue(())
    }

    fn copy(&mut self, source: Region, target: Region) -> ControlFlow<()> {
        self.chunks(target.len, 1, |pass, at, length| {
            let from = source.at + at;
            pass.state.values.copy_within(from..from + length, target.at + at);
        })
    }

    fn remember(&mut self, source: Region, ring: Ring) -> ControlFlow<()> {
        // A flag of its own, because the newest frame must change once only.
        if self.state.cursor.row == 0 {
            self.state.cursor.row = 1;
            let newest = &mut self.state.rings[ring.index];
            *newest = (*newest + 1) % ring.frames;
        }
        let frame = ring.region.part(self.state.rings[ring.index] * ring.size, ring.size);
        self.copy(source, frame)
    }

    /// Where the frame lies that came `back` calls ago.
    fn frame(&self, ring: Ring, back: usize) -> usize {
        let frame = (self.state.rings[ring.index] + ring.frames - back) % ring.frames;
        ring.region.at + frame * ring.size
    }

    fn window(&mut self, ring: Ring, taps: usize, dilation: usize, target: Region) -> ControlFlow<()> {
        while self.state.cursor.row < taps {
            let tap = self.state.cursor.row;
            let from = self.frame(ring, (taps - 1 - tap) * dilation);
            self.copy(Region { at: from, len: ring.size }, target.part(tap * ring.size, ring.size))?;
            self.state.cursor.row += 1;
            self.state.cursor.index = 0;
        }
        Continue(())
    }

    fn patch(&mut self, patch: Patch) -> ControlFlow<()> {
        let Patch { ring, width, filters, target, .. } = patch;
        while self.state.cursor.row < patch.taps * width {
            let (tap, across) = (self.state.cursor.row / width, self.state.cursor.row % width);
            let place = target.part(self.state.cursor.row * filters, filters);
            let feature = patch.first + across as isize;
            if (0..patch.features as isize).contains(&feature) {
                let frame = self.frame(ring, (patch.taps - 1 - tap) * patch.dilation);
                let from = frame + feature as usize * filters;
                self.copy(Region { at: from, len: filters }, place)?;
            } else {
                self.chunks(filters, 1, |pass, at, length| {
                    pass.state.values[place.at + at..][..length].fill(0.0);
                })?;
            }
            self.state.cursor.row += 1;
            self.state.cursor.index = 0;
        }
        Continue(())
    }

    /// Phase 0 finds the greatest magnitude, phase 1 rounds to whole numbers of at most what sums of i32 can take.
    fn quantise(&mut self, source: Region) -> ControlFlow<()> {
        if self.state.cursor.row == 0 {
            if self.state.cursor.index == 0 {
                self.state.greatest = 0.0;
            }
            self.chunks(source.len, 1, |pass, at, length| {
                let found = pass.kernels.greatest(&pass.state.values[source.at + at..][..length]);
                // NaN must survive: it shall come out again at the other end.
                if found.is_nan() || found > pass.state.greatest {
                    pass.state.greatest = found;
                }
            })?;
            // 2^31 / 127 / rows, and no more than i16 holds.
            let most = (i32::MAX as usize / 127 / source.len.next_multiple_of(2)).min(32_767) as f32;
            self.state.scale = self.state.greatest / most;
            self.state.cursor = Cursor { row: 1, index: 0, ..self.state.cursor };
        }
        let scale = self.state.scale;
        // Below, the reciprocal of a scale would not be finite; such inputs count as 0.
        let inverse = if scale > 1e-35 { 1.0 / scale } else { 0.0 };
        self.chunks(source.len.next_multiple_of(LANES), 1, |pass, at, length| {
            let State { values, quantised, .. } = &mut *pass.state;
            let values = &values[source.at + at..][..length.min(source.len - at)];
            pass.kernels.quantise(values, inverse, &mut quantised[at..at + length]);
        })
    }

    fn product(&mut self, source: Region, matrix: Matrix, target: Region) -> ControlFlow<()> {
        let groups = matrix.padded_rows() / matrix.together;
        // Panels of full width whose results all lie in the target.
        let full = target.len / PANEL;
        while self.state.cursor.index < matrix.panels() {
            let panel = self.state.cursor.index;
            let (first, width) = matrix.panel(panel);
            if self.state.cursor.row == 0 && panel < full {
                let cost = (matrix.padded_rows() + 1) * PANEL;
                let count = self.budget.pay_divisible(full - panel, cost);
                if count > 0 {
                    self.panels(source, matrix, target, panel, count);
                    self.state.cursor.index += count;
                    continue;
                }
            }
            let group = self.state.cursor.row;
            if group < groups {
                let count = self.budget.pay_many(groups - group, width * matrix.together)?;
                self.rows(source, matrix, first, width, group * matrix.together, count * matrix.together);
                self.state.cursor.row += count;
                if group + count < groups {
                    return Break(());
                }
            }
            self.budget.pay(width)?;
            self.finish_panel(matrix, first, width, target);
            self.state.cursor.index += 1;
            self.state.cursor.row = 0;
        }
        Continue(())
    }

    /// Whole panels, with the results that `rows` and `finish_panel` give.
    fn panels(&mut self, source: Region, matrix: Matrix, target: Region, panel: usize, count: usize) {
        let Pass { pack, kernels, state, .. } = self;
        let State { values, quantised, scale, .. } = &mut **state;
        let (first, width) = (panel * PANEL, count * PANEL);
        let rows = matrix.padded_rows();
        let biases = pack.f32s(matrix.bias_at + 4 * first, width);
        let places = [source.range(0, matrix.rows), target.range(first, width)];
        let [x, results] = values.get_disjoint_mut(places).expect("a product has a target of its own");
        match matrix.weights {
            Weights::F32 => {
                let weights = pack.f32s(matrix.panels_at + 4 * first * rows, width * rows);
                kernels.panels_f32(biases, weights, x, results);
            }
            Weights::F16 => {
                let weights = pack.u16s(matrix.panels_at + 2 * first * rows, width * rows);
                kernels.panels_f16(biases, weights, x, results);
            }
            Weights::Int8 => {
                let weights = pack.i8s(matrix.panels_at + first * rows, width * rows);
                let columns = columns(pack, matrix, first, width, *scale);
                kernels.panels_i8(&columns, weights, &quantised[..rows], results);
            }
        }
    }

    /// Adds the products of some rows of a panel to its sums, which the first row begins.
    fn rows(&mut self, source: Region, matrix: Matrix, first: usize, width: usize, row: usize, count: usize) {
        let Pass { pack, kernels, state, .. } = self;
        let State { sums, whole_sums, values, quantised, .. } = &mut **state;
        // Panels before this one are all of full width.
        let at = first * matrix.padded_rows() + row * width;
        // The row that makes an odd number even has weights, but no input.
        let x = source.at + row..source.at + (row + count).min(matrix.rows);
        let begins = row == 0;
        let bias = || pack.f32s(matrix.bias_at + 4 * first, width);
        match matrix.weights {
            Weights::F32 => {
                let weights = pack.f32s(matrix.panels_at + 4 * at, count * width);
                kernels.add_f32(sums, begins.then(bias), width, weights, &values[x]);
            }
            Weights::F16 => {
                let weights = pack.u16s(matrix.panels_at + 2 * at, count * width);
                kernels.add_f16(sums, begins.then(bias), width, weights, &values[x]);
            }
            Weights::Int8 => {
                let weights = pack.i8s(matrix.panels_at + at, count * width);
                let starts = || pack.i32s(matrix.starts_at + 4 * first, width);
                let x = &quantised[row..row + count];
                kernels.add_i8(whole_sums, begins.then(starts), width, weights, x);
            }
        }
    }

    fn finish_panel(&mut self, matrix: Matrix, first: usize, width: usize, target: Region) {
        let Pass { pack, kernels, state, .. } = self;
        let State { sums, whole_sums, values, scale, .. } = &mut **state;
        let finish = |results: &mut [f32]| match matrix.weights {
            Weights::F32 | Weights::F16 => kernels.join(sums, results),
            Weights::Int8 => kernels.scale(whole_sums, &columns(pack, matrix, first, width, *scale), results),
        };
        let kept = width.min(target.len - first);
        let results = &mut values[target.at + first..];
        if kept == width {
            return finish(&mut results[..width]);
        }
        // What follows may belong to another region.
        let mut padded = [0.0; PANEL];
        finish(&mut padded[..width]);
        results[..kept].copy_from_slice(&padded[..kept]);
    }

    fn lstm(&mut self, gates: Region, cell: Region, hidden: Region) -> ControlFlow<()> {
        self.units(hidden, |pass, unit, count| {
            let places =
                [gates.range(4 * unit, 4 * count), cell.range(unit, count), hidden.range(unit, count)];
            let [gates, cell, hidden] =
                pass.state.values.get_disjoint_mut(places).expect("regions do not overlap");
            pass.kernels.lstm(gates, cell, hidden);
        })
    }

    fn gru(&mut self, gates: Region, hidden: Region) -> ControlFlow<()> {
        self.units(hidden, |pass, unit, count| {
            let places = [gates.range(4 * unit, 4 * count), hidden.range(unit, count)];
            let [gates, hidden] = pass.state.values.get_disjoint_mut(places).expect("regions do not overlap");
            pass.kernels.gru(gates, hidden);
        })
    }

    /// Calls `work` for groups of 16 units of a recurrent layer, and for as many groups at once as can be paid for.
    fn units(&mut self, hidden: Region, mut work: impl FnMut(&mut Self, usize, usize)) -> ControlFlow<()> {
        let groups = hidden.len.div_ceil(LANES);
        while self.state.cursor.index < groups {
            let group = self.state.cursor.index;
            let count = self.budget.pay_many(groups - group, UNITS_COST)?;
            work(self, group * LANES, count * LANES);
            self.state.cursor.index += count;
        }
        Continue(())
    }

    /// Row by row, each output with the input of its own group.
    fn grouped(
        &mut self,
        source: Region,
        matrix: Matrix,
        target: Region,
        grouping: Grouping,
    ) -> ControlFlow<()> {
        while self.state.cursor.index < matrix.panels() {
            let (first, width) = matrix.panel(self.state.cursor.index);
            let kept = width.min(target.len - first);
            if self.state.cursor.row == 0 {
                let bias = self.pack.f32s(matrix.bias_at + 4 * first, width);
                self.state.sums.even()[..width].copy_from_slice(bias);
            }
            while self.state.cursor.row < matrix.rows {
                let row = self.state.cursor.row;
                self.budget.pay(2 * width)?;
                let weights = self
                    .pack
                    .f32s(matrix.panels_at + 4 * (first * matrix.padded_rows() + row * width), width);
                let (tap, channel) = (row / grouping.group_inputs, row % grouping.group_inputs);
                let from = source.at + tap * grouping.inputs + channel;
                let State { sums, values, .. } = &mut *self.state;
                for (lane, (sum, weight)) in sums.even().iter_mut().zip(weights).take(kept).enumerate() {
                    let group = (first + lane) / grouping.group_outputs;
                    *sum += weight * values[from + group * grouping.group_inputs];
                }
                self.state.cursor.row += 1;
            }
            self.budget.pay(width)?;
            let State { sums, values, .. } = &mut *self.state;
            values[target.at + first..][..kept].copy_from_slice(&sums.even()[..kept]);
            self.state.cursor.index += 1;
            self.state.cursor.row = 0;
        }
        Continue(())
    }

    fn map(&mut self, region: Region, activation: Activation) -> ControlFlow<()> {
        self.chunks(region.len.next_multiple_of(LANES), ACTIVATION, |pass, at, length| {
            pass.kernels.map(activation, &mut pass.state.values[region.at + at..][..length]);
        })
    }

    /// Phase 0 finds the maximum, phase 1 raises e to the rest and adds up, phase 2 divides.
    fn softmax(&mut self, region: Region) -> ControlFlow<()> {
        if self.state.cursor.row == 0 {
            if self.state.cursor.index == 0 {
                self.state.greatest = f32::NEG_INFINITY;
            }
            self.chunks(region.len, 1, |pass, at, length| {
                let values = &pass.state.values[region.at + at..][..length];
                pass.state.greatest = pass.state.greatest.max(lanewise(values, f32::NEG_INFINITY, f32::max));
            })?;
            self.state.scale = 0.0;
            self.state.cursor = Cursor { row: 1, index: 0, ..self.state.cursor };
        }
        if self.state.cursor.row == 1 {
            self.chunks(region.len, ACTIVATION, |pass, at, length| {
                let padded = length.next_multiple_of(LANES);
                let values = &mut pass.state.values[region.at + at..][..padded];
                pass.kernels.exp_shifted(values, pass.state.greatest);
                // Chunk by chunk, so that the order of adding does not depend on the budget.
                for chunk in values[..length].chunks(CHUNK) {
                    pass.state.scale += lanewise(chunk, 0.0, |sum, value| sum + value);
                }
            })?;
            self.state.cursor = Cursor { row: 2, index: 0, ..self.state.cursor };
        }
        let factor = 1.0 / self.state.scale;
        self.chunks(region.len, 1, |pass, at, length| {
            for value in &mut pass.state.values[region.at + at..][..length] {
                *value *= factor;
            }
        })
    }

    fn prelu(&mut self, region: Region, slopes_at: usize) -> ControlFlow<()> {
        self.chunks(region.len, 1, |pass, at, length| {
            let slopes = pass.pack.f32s(slopes_at + 4 * at, length);
            for (value, slope) in pass.state.values[region.at + at..][..length].iter_mut().zip(slopes) {
                *value = if *value >= 0.0 { *value } else { *value * slope };
            }
        })
    }

    fn normalise(&mut self, region: Region, offsets: [usize; 3]) -> ControlFlow<()> {
        self.chunks(region.len, 1, |pass, at, length| {
            let [factors, means, shifts] = offsets.map(|offset| pass.pack.f32s(offset + 4 * at, length));
            let values = &mut pass.state.values[region.at + at..][..length];
            for (((value, factor), mean), shift) in values.iter_mut().zip(factors).zip(means).zip(shifts) {
                *value = factor * (*value - mean) + shift;
            }
        })
    }
}

/// Folds values in 16 independent lanes, which the compiler turns into vectors, and then the lanes.
fn lanewise(values: &[f32], start: f32, fold: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = fold(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = fold(*lane, *value);
    }
    lanes.into_iter().fold(start, fold)
}

/// What belongs to some columns of a matrix of 8-bit weights.
fn columns(pack: &Pack, matrix: Matrix, first: usize, width: usize, unit: f32) -> Columns<'_> {
    Columns {
        starts: pack.i32s(matrix.starts_at + 4 * first, width),
        scales: pack.f32s(matrix.scales_at + 4 * first, width),
        unit,
        biases: pack.f32s(matrix.bias_at + 4 * first, width),
    }
}

/// The multiply-adds of a whole pass, as the budget counts them.
pub(crate) fn work(program: &Program) -> usize {
    let count = |step: &Step| match *step {
        Step::Copy { target, .. } | Step::Window { target, .. } => target.len,
        Step::Remember { source, .. } => source.len,
        Step::Patch(patch) => patch.taps * patch.width * patch.filters,
        Step::Quantise { source } => source.len + source.len.next_multiple_of(LANES),
        Step::Product { matrix, .. } => (matrix.padded_rows() + 1) * matrix.columns,
        Step::Lstm { hidden, .. } | Step::Gru { hidden, .. } => hidden.len.div_ceil(LANES) * UNITS_COST,
        Step::Grouped { matrix, .. } => (2 * matrix.rows + 1) * matrix.columns,
        Step::Map { region, .. } => region.len.next_multiple_of(LANES) * ACTIVATION,
        Step::Softmax { region } => region.len * (ACTIVATION + 2),
        Step::Prelu { region, .. } | Step::Normalise { region, .. } => region.len,
    };
    program.steps.iter().map(count).sum()
}
