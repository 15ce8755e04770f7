//! The six networks: exactly the layers of `dendrite_pipeline::spec`, trained with burn, exported as RTNeural networks.
//!
//! Every network takes *standardised* inputs while it is trained; the standardisation is folded into the first dense layer
//! at export, so that files take raw features.

mod dynamics;
mod emotion;
mod groove;
mod harmony;
pub mod layers;
mod melody;
mod orbit;

pub use dynamics::DynamicsNet;
pub use emotion::{CUES, EmotionNet, EmotionTrainer, HEARD, MODE, PITCHES, UNITS, ears};
pub use groove::GrooveNet;
pub use harmony::HarmonyNet;
pub use melody::{MelodyNet, MelodyState};
pub use orbit::OrbitNet;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Mean and deviation of each input over the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// Means.
    pub mean: Vec<f64>,
    /// Deviations; none is smaller than [`Standard::LEAST`].
    pub deviation: Vec<f64>,
}

impl Standard {
    /// What counts as the smallest deviation: inputs that stand still must not be blown up.
    pub const LEAST: f64 = 1e-3;

    /// No change: means 0, deviations 1.
    pub fn identity(inputs: usize) -> Self {
        Self { mean: vec![0.0; inputs], deviation: vec![1.0; inputs] }
    }

    /// Of rows of inputs.
    pub fn of<'a>(inputs: usize, rows: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut sums = Self::adding(inputs);
        rows.for_each(|row| sums.add(row));
        sums.standard()
    }

    /// For rows that are not all there at a time.
    pub fn adding(inputs: usize) -> Sums {
        Sums { sum: vec![0.0; inputs], squares: vec![0.0; inputs], count: 0.0 }
    }

    /// Whether two are the same but for the rounding of writing and reading.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs()))
        };
        same(&self.mean, &other.mean) && same(&self.deviation, &other.deviation)
    }

    /// Standardises rows in place.
    pub fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.mean.len()) {
            for ((x, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *x = ((f64::from(*x) - mean) / deviation) as f32;
            }
        }
    }
}

/// Parameters that are trained. burn's own count includes the running statistics of batch norm.
pub fn trainable_parameters(net: &impl Module) -> usize {
    struct Count(usize);
    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0 += param.shape().num_elements();
            }
        }
    }
    let mut count = Count(0);
    net.visit(&mut count);
    count.0
}

/// What a [`Standard`] is made of, row by row.
#[derive(Clone, Debug)]
pub struct Sums {
    sum: Vec<f64>,
    squares: Vec<f64>,
    count: f64,
}

impl Sums {
    /// Takes a row.
    pub fn add(&mut self, row: &[f32]) {
        for ((sum, square), &x) in self.sum.iter_mut().zip(&mut self.squares).zip(row) {
            *sum += f64::from(x);
            *square += f64::from(x) * f64::from(x);
        }
        self.count += 1.0;
    }

    /// Mean and deviation of the rows.
    pub fn standard(&self) -> Standard {
        let count = self.count.max(1.0);
        let mean: Vec<f64> = self.sum.iter().map(|sum| sum / count).collect();
        let variance = |(square, mean): (&f64, &f64)| (square / count - mean * mean).max(0.0);
        let deviation = self.squares.iter().zip(&mean).map(variance);
        let deviation = deviation.map(|variance| variance.sqrt().max(Standard::LEAST)).collect();
        Standard { mean, deviation }
    }
}
