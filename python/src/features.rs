//! The feature extractor.

use dendrite_features::{Deltas, Extractor, FeatureWindow, Frame, N_BASE, N_CHROMA, N_MEL, WINDOW_FRAMES};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Frames in the orbit model's window at most, as its specification has it.
const MOST_WINDOW_FRAMES: usize = 3_600;

/// Hears 48 kHz mono hop by hop, in chunks of any size.
#[pyclass]
pub struct FeatureExtractor {
    extractor: Extractor,
    window: FeatureWindow,
}

#[pymethods]
impl FeatureExtractor {
    /// An extractor that has heard nothing; the arguments shape the window of `push`'s "window".
    #[new]
    #[pyo3(signature = (window_frames = WINDOW_FRAMES, include_delta = false, include_delta_delta = false))]
    fn new(window_frames: usize, include_delta: bool, include_delta_delta: bool) -> PyResult<Self> {
        if !(1..=MOST_WINDOW_FRAMES).contains(&window_frames) {
            return Err(PyValueError::new_err(format!(
                "window_frames: expected 1 to {MOST_WINDOW_FRAMES}, found {window_frames}"
            )));
        }
        let deltas = match (include_delta, include_delta_delta) {
            (false, false) => Deltas::None,
            (true, false) => Deltas::First,
            (false, true) => Deltas::Second,
            (true, true) => Deltas::Both,
        };
        Ok(Self { extractor: Extractor::new(), window: FeatureWindow::new(window_frames, deltas) })
    }

    /// Takes samples and gives the frames that they complete, as a dict of arrays.
    fn push<'py>(
        &mut self,
        py: Python<'py>,
        samples: PyReadonlyArray1<'_, f32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let samples = samples.as_array().to_vec();
        let (frames, windows) = py.detach(|| {
            let mut frames: Vec<Frame> = Vec::new();
            let mut windows: Vec<f32> = Vec::new();
            self.extractor.push(&samples, |frame| {
                self.window.push(&frame.base);
                windows.extend(self.window.values());
                frames.push(*frame);
            });
            (frames, windows)
        });
        let table = |columns: usize, row: &dyn Fn(&Frame) -> Vec<f32>| {
            let values = frames.iter().flat_map(row).collect();
            Array2::from_shape_vec((frames.len(), columns), values).map_err(unexpected)
        };
        let dict = PyDict::new(py);
        dict.set_item("base", table(N_BASE, &|frame| frame.base.to_vec())?.into_pyarray(py))?;
        dict.set_item("mel", table(N_MEL, &|frame| frame.mel.to_vec())?.into_pyarray(py))?;
        dict.set_item("chroma", table(N_CHROMA, &|frame| frame.chroma.to_vec())?.into_pyarray(py))?;
        dict.set_item("bass_chroma", table(N_CHROMA, &|frame| frame.bass_chroma.to_vec())?.into_pyarray(py))?;
        let width = self.window.values().len();
        let windows = Array2::from_shape_vec((frames.len(), width), windows).map_err(unexpected)?;
        dict.set_item("window", windows.into_pyarray(py))?;
        Ok(dict)
    }

    /// Back to having heard nothing.
    fn reset(&mut self) {
        self.extractor.reset();
        self.window.reset();
    }
}

/// An array whose length does not fit its shape, which its maker counted.
fn unexpected(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
