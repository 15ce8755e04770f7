//! What each model is trained on and towards, and how its validation is scored.

pub mod emotion;
pub mod harmony;
pub mod melody;
pub mod orbit;
pub mod regression;
mod streams;

pub use emotion::EmotionTask;
pub use harmony::HarmonyTask;
pub use melody::MelodyTask;
pub use orbit::OrbitFit;
pub use regression::{DynamicsTask, GrooveTask};

use burn::tensor::{Device, Tensor, TensorData};

/// A tensor of rows.
fn rows<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
