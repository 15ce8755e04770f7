//! The whole engine: sound to snapshots.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use dendrite_engine::{DEFAULT_WEIGHTS, ModelSet, Networks, Settings, Snapshot, Transport};
use numpy::ndarray::Array2;
use numpy::{Complex64, IntoPyArray, PyReadonlyArray1};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Samples that are processed at a time.
const BLOCK: usize = 4_096;

/// Hears a stream as the plug-in does.
#[pyclass]
pub struct Engine {
    /// Never locked, for every call has it to itself; Python wants what threads may share.
    /// Boxed, for it may be aligned to cache lines, and Python's objects are not.
    engine: Mutex<Box<dendrite_engine::Engine>>,
    settings: Settings,
}

/// The models of a folder before those that are built in, or those alone.
fn models(folder: Option<PathBuf>) -> PyResult<Arc<ModelSet>> {
    match folder {
        None => Ok(ModelSet::built_in(DEFAULT_WEIGHTS)),
        Some(folder) => {
            ModelSet::load(&folder, DEFAULT_WEIGHTS).map_err(|error| PyOSError::new_err(error.to_string()))
        }
    }
}

fn make(sample_rate: u32, folder: Option<PathBuf>) -> PyResult<dendrite_engine::Engine> {
    let mut engine = dendrite_engine::Engine::new(sample_rate)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    drop(engine.install(Networks::new(models(folder)?)));
    Ok(engine)
}

fn run(engine: &mut dendrite_engine::Engine, samples: &[f32], settings: &Settings) -> Vec<Snapshot> {
    let mut snapshots = Vec::with_capacity(samples.len() / 1_000 + 1);
    let mut collect = |snapshot: &Snapshot| snapshots.push(*snapshot);
    for block in samples.chunks(BLOCK) {
        engine.process(&[block], block.len(), &Transport::default(), settings, &mut collect);
    }
    snapshots
}

#[pymethods]
impl Engine {
    /// An engine for sound of a rate from 8,000 to 384,000 Hz.
    #[new]
    #[pyo3(signature = (sample_rate = 48_000, models = None, sensitivity_db = 0.0))]
    fn new(sample_rate: u32, models: Option<PathBuf>, sensitivity_db: f32) -> PyResult<Self> {
        let settings = Settings { sensitivity_db, ..Settings::default() };
        Ok(Self { engine: Mutex::new(Box::new(make(sample_rate, models)?)), settings })
    }

    /// Hears mono samples, any number, and gives the snapshots that fall due as a dict of arrays.
    fn process<'py>(
        &mut self,
        py: Python<'py>,
        samples: PyReadonlyArray1<'_, f32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let samples = samples.as_array().to_vec();
        let engine = self.engine.get_mut().unwrap_or_else(PoisonError::into_inner);
        let snapshots = py.detach(|| run(engine, &samples, &self.settings));
        table(py, &snapshots, engine.host_rate())
    }

    /// Back to having heard nothing.
    fn reset(&mut self) {
        self.engine.get_mut().unwrap_or_else(PoisonError::into_inner).reset();
    }
}

/// Hears a whole audio file: WAV, FLAC, Ogg Vorbis or MP3.
#[pyfunction]
#[pyo3(signature = (path, models = None))]
pub fn analyze<'py>(py: Python<'py>, path: PathBuf, models: Option<PathBuf>) -> PyResult<Bound<'py, PyDict>> {
    let (snapshots, rate) = py.detach(|| {
        let audio = dendrite_audio::read(&path).map_err(|error| PyOSError::new_err(error.to_string()))?;
        let mut engine = make(audio.rate, models)?;
        Ok::<_, PyErr>((run(&mut engine, &audio.mono(), &Settings::default()), audio.rate))
    })?;
    table(py, &snapshots, rate)
}

/// Snapshots by column.
fn table<'py>(py: Python<'py>, snapshots: &[Snapshot], rate: u32) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let numbers =
        |of: &dyn Fn(&Snapshot) -> f64| snapshots.iter().map(of).collect::<Vec<f64>>().into_pyarray(py);
    let rows = |columns: usize, of: &dyn Fn(&Snapshot) -> Vec<f32>| {
        let values = snapshots.iter().flat_map(of).collect();
        let array = Array2::from_shape_vec((snapshots.len(), columns), values);
        array.map(|array| array.into_pyarray(py)).map_err(|error| PyValueError::new_err(error.to_string()))
    };
    let c: Vec<Complex64> =
        snapshots.iter().map(|snapshot| Complex64::new(snapshot.orbit.c[0], snapshot.orbit.c[1])).collect();
    let chords: Vec<Option<String>> =
        snapshots.iter().map(|snapshot| snapshot.harmony.chord.map(|chord| chord.to_string())).collect();
    dict.set_item("time_s", numbers(&|snapshot| snapshot.sample as f64 / f64::from(rate)))?;
    dict.set_item("c", c.into_pyarray(py))?;
    dict.set_item("s", numbers(&|snapshot| snapshot.orbit.s))?;
    dict.set_item("alpha", numbers(&|snapshot| snapshot.orbit.alpha))?;
    dict.set_item("omega_scale", numbers(&|snapshot| snapshot.orbit.omega_scale))?;
    dict.set_item(
        "gates",
        rows(6, &|snapshot| snapshot.orbit.gates.iter().map(|&gate| gate as f32).collect())?,
    )?;
    dict.set_item("base", rows(6, &|snapshot| snapshot.frame.base.to_vec())?)?;
    dict.set_item("mood", rows(64, &|snapshot| snapshot.mood.map.to_vec())?)?;
    dict.set_item("valence", numbers(&|snapshot| snapshot.mood.valence.into()))?;
    dict.set_item("arousal", numbers(&|snapshot| snapshot.mood.arousal.into()))?;
    dict.set_item("tempo_bpm", numbers(&|snapshot| snapshot.tempo_bpm.into()))?;
    dict.set_item("impact", numbers(&|snapshot| snapshot.orbit.impact.into()))?;
    dict.set_item("section", numbers(&|snapshot| snapshot.orbit.section.into()))?;
    dict.set_item("chord", chords)?;
    Ok(dict)
}
