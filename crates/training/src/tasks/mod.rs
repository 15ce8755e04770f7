//! What each model is trained on and towards, and how its validation is scored.

pub mod dynamics;
pub mod emotion;
pub mod groove;
pub mod harmony;
pub mod melody;
pub mod orbit;
mod streams;

pub use dynamics::DynamicsTask;
pub use emotion::EmotionTask;
pub use groove::GrooveTask;
pub use harmony::HarmonyTask;
pub use melody::MelodyTask;
pub use orbit::OrbitFit;

use burn::tensor::{Device, Tensor, TensorData};

/// A tensor of rows.
fn rows<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}
