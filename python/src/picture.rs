//! Pictures, by the CPU renderer.

use dendrite_julia::cpu::{Antialias, Renderer};
use dendrite_julia::{PaletteBlend, Scene};
use numpy::ndarray::Array3;
use numpy::{Complex64, IntoPyArray, PyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Pixels of a picture at most.
const MOST_PIXELS: u64 = 1 << 28;

/// The Julia set of z² + c as height x width x RGBA.
#[pyfunction]
#[pyo3(signature = (c, width, height, iterations = 200, palette = 0, zoom = 1.0))]
pub fn render_julia(
    py: Python<'_>,
    c: Complex64,
    width: u32,
    height: u32,
    iterations: u32,
    palette: usize,
    zoom: f64,
) -> PyResult<Bound<'_, PyArray3<u8>>> {
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(PyValueError::new_err(format!(
            "width, height: expected 1 to {MOST_PIXELS} pixels in all, found {width} x {height}"
        )));
    }
    let scene = Scene {
        c: [c.re, c.im],
        iterations,
        zoom,
        palette: PaletteBlend::single(palette),
        ..Scene::default()
    };
    let pixels = py.detach(|| {
        let mut pixels = vec![0; width as usize * height as usize * 4];
        let done = Renderer::new().render(&scene, width, height, Antialias::TwoByTwo, &mut pixels);
        done.map(|()| pixels).map_err(|error| error.to_string())
    });
    let shape = (height as usize, width as usize, 4);
    let array = Array3::from_shape_vec(shape, pixels.map_err(PyValueError::new_err)?);
    Ok(array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py))
}
