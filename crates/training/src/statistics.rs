//! Numbers that say how good something is: correlation, explained variance, linear regression.

use nalgebra::{DMatrix, DVector};

/// Pearson's correlation; 0 where one of the two stands still.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len()) as f64;
    if n < 2.0 {
        return 0.0;
    }
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut product, mut power_a, mut power_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        product += (x - mean_a) * (y - mean_b);
        power_a += (x - mean_a).powi(2);
        power_b += (y - mean_b).powi(2);
    }
    if power_a * power_b > 0.0 { product / (power_a * power_b).sqrt() } else { 0.0 }
}

/// Sums from which explained variance follows, for one output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Explained {
    count: f64,
    sum: f64,
    squares: f64,
    errors: f64,
}

impl Explained {
    /// Takes a true value and what was said of it.
    pub fn add(&mut self, truth: f64, said: f64) {
        self.count += 1.0;
        self.sum += truth;
        self.squares += truth * truth;
        self.errors += (truth - said).powi(2);
    }

    /// R² = 1 - errors / variance; `None` for fewer than ten values or ones that stand still.
    pub fn r2(&self) -> Option<f64> {
        let variance = self.squares - self.sum * self.sum / self.count.max(1.0);
        (self.count >= 10.0 && variance > 1e-9 * self.count).then(|| 1.0 - self.errors / variance)
    }
}

/// Mean R² of the outputs that have one.
pub fn mean_r2(outputs: &[Explained]) -> f64 {
    let known: Vec<f64> = outputs.iter().filter_map(Explained::r2).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}

/// Linear regression with intercept, several outputs, each with rows of its own.
#[derive(Clone, Debug)]
pub struct Linear {
    /// For each output the weights of the inputs and, last, the intercept.
    weights: Vec<Vec<f64>>,
}

impl Linear {
    /// Least squares with a little ridge, `targets[output][row]`; a target that is `None` leaves its row out.
    pub fn fit(rows: &[Vec<f64>], targets: &[Vec<Option<f64>>]) -> Self {
        let inputs = rows.first().map_or(0, Vec::len) + 1;
        let with_intercept = |row: &[f64]| DVector::from_iterator(inputs, row.iter().copied().chain([1.0]));
        let factor = |known: &dyn Fn(usize) -> bool| {
            let mut normal = DMatrix::zeros(inputs, inputs);
            for (_, row) in rows.iter().enumerate().filter(|(n, _)| known(*n)) {
                let x = with_intercept(row);
                normal.ger(1.0, &x, &x, 1.0);
            }
            let ridge = 1e-6 * f64::max(rows.len() as f64, 1.0);
            (0..inputs).for_each(|i| normal[(i, i)] += ridge);
            normal.cholesky()
        };
        // Most targets are known everywhere and share the same normal equations.
        let everywhere = factor(&|_| true);
        let weights = targets
            .iter()
            .map(|target| {
                let mut right = DVector::zeros(inputs);
                for (row, target) in rows.iter().zip(target) {
                    if let Some(y) = target {
                        right.axpy(*y, &with_intercept(row), 1.0);
                    }
                }
                let own = if target.iter().all(Option::is_some) {
                    everywhere.clone()
                } else {
                    factor(&|n| target[n].is_some())
                };
                match own {
                    Some(factor) => factor.solve(&right).iter().copied().collect(),
                    None => vec![0.0; inputs],
                }
            })
            .collect();
        Self { weights }
    }

    /// What it says of a row.
    pub fn say(&self, row: &[f64], output: usize) -> f64 {
        let weights = &self.weights[output];
        let intercept = weights.last().copied().unwrap_or(0.0);
        intercept + row.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_explained() {
        let rows: Vec<Vec<f64>> = (0..50).map(|i| vec![f64::from(i), f64::from(i % 7)]).collect();
        let truth = |row: &[f64]| 2.0 * row[0] - 3.0 * row[1] + 5.0;
        let target = rows.iter().map(|row| Some(truth(row))).collect();
        let line = Linear::fit(&rows, &[target]);
        let mut explained = Explained::default();
        rows.iter().for_each(|row| explained.add(truth(row), line.say(row, 0)));
        assert!(explained.r2().unwrap() > 0.9999);
    }

    #[test]
    fn correlation_has_its_signs() {
        let up: Vec<f64> = (0..9).map(f64::from).collect();
        let down: Vec<f64> = up.iter().map(|x| -2.0 * x).collect();
        assert!((correlation(&up, &up) - 1.0).abs() < 1e-12);
        assert!((correlation(&up, &down) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&up, &[3.0; 9]), 0.0);
    }
}
