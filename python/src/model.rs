//! Single networks.

use std::path::PathBuf;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rtneural::{Network, Options, State, Weights};

/// A network with its state.
#[pyclass]
pub struct Model {
    // Boxed, for they are aligned to cache lines, and Python's objects are not.
    model: Box<rtneural::Model>,
    state: Box<State>,
}

#[pymethods]
impl Model {
    /// Reads RTNeural JSON, or ONNX as Dendrite writes it.
    #[staticmethod]
    #[pyo3(signature = (path, weights = "f32"))]
    fn load(path: PathBuf, weights: &str) -> PyResult<Self> {
        let weights = match weights {
            "f32" => Weights::F32,
            "f16" => Weights::F16,
            "int8" => Weights::Int8,
            other => {
                return Err(PyValueError::new_err(format!(
                    "weights: expected f32, f16 or int8, found {other:?}"
                )));
            }
        };
        let is_onnx = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
        let network = if is_onnx {
            Network::read_onnx(&path).map(|(network, _)| network)
        } else {
            Network::read(&path)
        };
        let model =
            network.and_then(|network| rtneural::Model::new(&network, Options::with_weights(weights)));
        let model = model.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { state: Box::new(model.state()), model: Box::new(model) })
    }

    /// Values in.
    #[getter]
    fn inputs(&self) -> usize {
        self.model.inputs()
    }

    /// Values out.
    #[getter]
    fn outputs(&self) -> usize {
        self.model.outputs()
    }

    /// Runs over rows in order, carrying the state on.
    fn forward<'py>(
        &mut self,
        py: Python<'py>,
        rows: PyReadonlyArray2<'_, f32>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let rows = rows.as_array().to_owned();
        let (inputs, outputs) = (self.model.inputs(), self.model.outputs());
        if rows.ncols() != inputs {
            return Err(PyValueError::new_err(format!(
                "rows: expected {inputs} values in each, found {}",
                rows.ncols()
            )));
        }
        let result = py.detach(|| {
            let mut result = vec![0.0; rows.nrows() * outputs];
            for (row, output) in rows.rows().into_iter().zip(result.chunks_exact_mut(outputs)) {
                self.model
                    .forward(&mut self.state, &row.to_vec(), output)
                    .map_err(|error| error.to_string())?;
            }
            Array2::from_shape_vec((rows.nrows(), outputs), result).map_err(|error| error.to_string())
        });
        Ok(result.map_err(PyValueError::new_err)?.into_pyarray(py))
    }

    /// Forgets what was run.
    fn reset(&mut self) {
        self.state.reset();
    }
}
