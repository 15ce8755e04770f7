//! Curves over a song of any length in bounded memory: when there are too many columns, each two become one.

/// Means of `N` values over time.
#[derive(Clone, Debug)]
pub(crate) struct Curve<const N: usize> {
    columns: Vec<[f32; N]>,
    sum: [f64; N],
    in_sum: u32,
    per_column: u32,
    most: usize,
}

impl<const N: usize> Curve<N> {
    /// A curve that begins with `per_column` hops in a column and has at most `most` columns (an even number).
    pub(crate) fn new(per_column: u32, most: usize) -> Self {
        Self { columns: Vec::new(), sum: [0.0; N], in_sum: 0, per_column, most }
    }

    pub(crate) fn add(&mut self, values: &[f32; N]) {
        self.sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
        self.in_sum += 1;
        if self.in_sum == self.per_column {
            self.close();
        }
        if self.columns.len() == self.most {
            self.columns = self.columns.chunks(2).map(mean).collect();
            self.per_column *= 2;
        }
    }

    /// Closes the column that is not full.
    pub(crate) fn finish(&mut self) {
        if self.in_sum > 0 {
            self.close();
        }
    }

    fn close(&mut self) {
        let count = f64::from(self.in_sum);
        self.columns.push(std::array::from_fn(|k| (self.sum[k] / count) as f32));
        self.sum = [0.0; N];
        self.in_sum = 0;
    }

    pub(crate) fn columns(&self) -> &[[f32; N]] {
        &self.columns
    }

    /// Hops in a column.
    pub(crate) fn hops_per_column(&self) -> u32 {
        self.per_column
    }
}

fn mean<const N: usize>(columns: &[[f32; N]]) -> [f32; N] {
    std::array::from_fn(|k| columns.iter().map(|column| column[k]).sum::<f32>() / columns.len() as f32)
}

/// Some of the values of a song, evenly spread: every one at first, then every second, fourth ...
#[derive(Clone, Debug)]
pub(crate) struct Samples<T> {
    values: Vec<T>,
    every: u64,
    seen: u64,
    most: usize,
}

impl<T> Samples<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { values: Vec::new(), every: 1, seen: 0, most }
    }

    pub(crate) fn add(&mut self, value: T) {
        if self.seen.is_multiple_of(self.every) {
            self.values.push(value);
            if self.values.len() > self.most {
                let mut place = 0;
                self.values.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.every *= 2;
            }
        }
        self.seen += 1;
    }

    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_has_few_columns_and_the_same_mean() {
        let mut curve = Curve::<1>::new(2, 16);
        (0..1_000).for_each(|n| curve.add(&[n as f32]));
        curve.finish();
        assert!(curve.columns().len() <= 16 && curve.columns().len() >= 8);
        // 16 columns of 32 hops are 512, of 64 hops 1,024.
        assert_eq!(curve.hops_per_column(), 64);
        // Full columns only: 0 ..= 959.
        let mean = curve.columns()[..15].iter().map(|column| column[0]).sum::<f32>() / 15.0;
        assert!((mean - 479.5).abs() < 1e-3, "{mean}");
    }

    #[test]
    fn samples_are_evenly_spread() {
        let mut samples = Samples::new(100);
        (0..1_000).for_each(|n| samples.add(n));
        let values = samples.values();
        assert!(values.len() <= 101 && values.len() > 50);
        assert!(values.windows(2).all(|pair| pair[1] - pair[0] == values[1] - values[0]));
        assert_eq!(values[0], 0);
    }
}
