//! Dendrite for Python: numpy arrays in, numpy arrays out, by the code that the plug-in runs.
//!
//! Long calls release the interpreter's lock. What Python sees is documented in `dendrite/__init__.pyi`.

use pyo3::prelude::*;

mod engine;
mod features;
mod model;
mod orbit;
mod picture;

/// Python aligns its objects to this at least, and to no more.
const PYTHON_ALIGNMENT: usize = 8;

const _: () = assert!(
    align_of::<engine::Engine>() <= PYTHON_ALIGNMENT
        && align_of::<features::FeatureExtractor>() <= PYTHON_ALIGNMENT
        && align_of::<model::Model>() <= PYTHON_ALIGNMENT
        && align_of::<orbit::OrbitState>() <= PYTHON_ALIGNMENT
);

#[pymodule]
fn _dendrite(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SAMPLE_RATE", dendrite_features::SAMPLE_RATE)?;
    module.add("HOP_LENGTH", dendrite_features::HOP_LENGTH)?;
    module.add("N_FFT", dendrite_features::N_FFT)?;
    module.add("WINDOW_FRAMES", dendrite_features::WINDOW_FRAMES)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<features::FeatureExtractor>()?;
    module.add_class::<model::Model>()?;
    module.add_class::<orbit::OrbitState>()?;
    module.add_class::<engine::Engine>()?;
    module.add_function(wrap_pyfunction!(engine::analyze, module)?)?;
    module.add_function(wrap_pyfunction!(picture::render_julia, module)?)
}
