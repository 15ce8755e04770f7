//! Linear regression on functions of mood and mode: what an oracle could know at best.

use dendrite_generator::{Mode, Mood};

/// How many functions there are.
pub const FUNCTIONS: usize = 10;

/// Constant, linear and quadratic functions of valence, arousal and mode.
pub fn functions(mood: Mood, mode: Mode) -> [f64; FUNCTIONS] {
    let (v, a) = (f64::from(mood.valence), f64::from(mood.arousal));
    let m = if mode.is_minor() { -1.0 } else { 1.0 };
    [1.0, v, a, m, v * v, a * a, v * a, v * m, a * m, v * v * a]
}

/// Least squares by normal equations with a trace of ridge.
pub fn fit(rows: &[([f64; FUNCTIONS], f64)]) -> [f64; FUNCTIONS] {
    let mut matrix = [[0.0; FUNCTIONS + 1]; FUNCTIONS];
    for (x, y) in rows {
        for i in 0..FUNCTIONS {
            for j in 0..FUNCTIONS {
                matrix[i][j] += x[i] * x[j];
            }
            matrix[i][FUNCTIONS] += x[i] * y;
        }
    }
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] += 1e-6 * rows.len() as f64;
    }
    for pivot in 0..FUNCTIONS {
        let largest = (pivot..FUNCTIONS)
            .max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()))
            .unwrap();
        matrix.swap(pivot, largest);
        let pivot_row = matrix[pivot];
        for (_, row) in matrix.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = row[pivot] / pivot_row[pivot];
            for (value, above) in row.iter_mut().zip(pivot_row) {
                *value -= factor * above;
            }
        }
    }
    std::array::from_fn(|i| matrix[i][FUNCTIONS] / matrix[i][i])
}

/// Share of variance of `test` that weights fitted to `train` explain.
pub fn explained(train: &[([f64; FUNCTIONS], f64)], test: &[([f64; FUNCTIONS], f64)]) -> f64 {
    let weights = fit(train);
    let mean = test.iter().map(|(_, y)| y).sum::<f64>() / test.len() as f64;
    let (mut left, mut total) = (0.0, 0.0);
    for (x, y) in test {
        let predicted: f64 = x.iter().zip(weights).map(|(x, w)| x * w).sum();
        left += (y - predicted).powi(2);
        total += (y - mean).powi(2);
    }
    1.0 - left / total
}
