//! Sets of models: read, checked, prepared to run and shared by all instances of a process.
//!
//! ```text
//! built in ─┐
//! folder ───┴─> read, checked against the specification ──> ModelSet (Arc) ──Networks::new──> one instance
//! ```
//! A folder's files stand before those that are built in; a model that is in neither place, and one whose file is refused,
//! is stood in for by its heuristic.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use dendrite_features::Deltas;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::Sidecar;
use dendrite_pipeline::spec;
use rtneural::{Model, Network, Options, Weights};
use sha2::{Digest, Sha256};

use crate::snapshot::ModelStatus;

/// A built-in model's name with its file and sidecar.
type BuiltIn = (&'static str, Option<(&'static [u8], &'static str)>);

/// The models of `models/` when this was compiled, in the order of [`ModelKind::ALL`].
static BUILT_IN: [BuiltIn; 6] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The weights that everything uses unless it is told otherwise: half the bytes, and outputs within 2e-3.
pub const DEFAULT_WEIGHTS: Weights = Weights::F16;

/// Sets that are in use somewhere in this process. Held for look-ups only.
static SHARED: Mutex<Vec<Weak<ModelSet>>> = Mutex::new(Vec::new());
/// Held by the one thread that reads a set, so that ten instances of one session read the files once.
static READING: Mutex<()> = Mutex::new(());

/// Six models, or what is known of why they are not there. Immutable; instances share it.
pub struct ModelSet {
    slots: [Slot; 6],
    folder: Option<PathBuf>,
    hash: String,
    weights: Weights,
    /// Of the folder's files when they were read.
    stamps: Stamps,
}

/// Length and time of change of each model file and its sidecar, where they are there: while these stay the same, the files
/// need not be read again.
type Stamps = [[Option<(u64, SystemTime)>; 2]; 6];

/// The place of one model.
#[derive(Default)]
enum Slot {
    /// There is no file.
    #[default]
    Empty,
    /// It runs.
    Ready { model: Model, sidecar: Option<Box<Sidecar>>, built_in: bool },
    /// The file was refused, and why.
    Refused(String),
}

/// Why there is no set at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The folder cannot be read.
    #[error("{}: the model folder cannot be read: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// None of the six files is in the folder.
    #[error("{}: none of the six model files is here; one would be called {}.json", path.display(), ModelKind::Orbit.name())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
}

impl std::fmt::Debug for ModelSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelSet")
            .field("hash", &self.hash)
            .field("folder", &self.folder)
            .field("status", &ModelKind::ALL.map(|kind| self.status(kind)))
            .finish_non_exhaustive()
    }
}

impl ModelSet {
    /// No models at all: heuristics everywhere.
    pub fn heuristics() -> Arc<Self> {
        static SET: LazyLock<Arc<ModelSet>> = LazyLock::new(|| {
            Arc::new(ModelSet {
                slots: Default::default(),
                folder: None,
                hash: hash_of([None; 6]),
                weights: DEFAULT_WEIGHTS,
                stamps: Stamps::default(),
            })
        });
        SET.clone()
    }

    /// The models that are built in. Reading them takes some tenths of a second the first time and nothing while an instance
    /// has them: not for the audio thread.
    pub fn built_in(weights: Weights) -> Arc<Self> {
        static HASH: LazyLock<String> = LazyLock::new(|| {
            hash_of(BUILT_IN.map(|(_, files)| files.map(|(model, sidecar)| [model, sidecar.as_bytes()])))
        });
        shared(&HASH, None, weights, |hash| {
            let slots = BUILT_IN.each_ref().map(|(_, files)| built_in_slot(*files, weights));
            Self { slots: packed(slots), folder: None, hash, weights, stamps: Stamps::default() }
        })
    }

    /// The file and the sidecar of a model that is built in, as they were in `models/` when this was compiled.
    pub fn built_in_files(kind: ModelKind) -> Option<(&'static [u8], &'static str)> {
        BUILT_IN[kind.index()].1
    }

    /// The models of a folder, before those that are built in. A file that is refused makes that one model
    /// [`Refused`](ModelStatus::Refused). Not for the audio thread.
    ///
    /// # Errors
    /// The folder cannot be read, or none of the six files is in it.
    pub fn load(folder: &Path, weights: Weights) -> Result<Arc<Self>, SetError> {
        if let Err(error) = std::fs::read_dir(folder) {
            return Err(SetError::Folder { path: folder.to_owned(), error });
        }
        let files = ModelKind::ALL.map(|kind| folder.join(format!("{}.json", kind.name())));
        let there = files.each_ref().map(|file| file.symlink_metadata().is_ok());
        if !there.contains(&true) {
            return Err(SetError::NoModel { path: folder.to_owned() });
        }
        let stamps = files.each_ref().map(|file| [stamp(file), stamp(&Sidecar::path_for(file))]);
        if let Some(set) = unchanged(folder, weights, &stamps) {
            return Ok(set);
        }
        // What cannot be read here is refused below, with a reason.
        let bytes = files.each_ref().map(|file| {
            [file.clone(), Sidecar::path_for(file)].map(|file| std::fs::read(file).unwrap_or_default())
        });
        let contents = std::array::from_fn(|i| match (there[i], BUILT_IN[i].1) {
            (true, _) => Some(bytes[i].each_ref().map(Vec::as_slice)),
            (false, Some((model, sidecar))) => Some([model, sidecar.as_bytes()]),
            (false, None) => None,
        });
        Ok(shared(&hash_of(contents), Some(folder), weights, |hash| {
            let slots = std::array::from_fn(|i| {
                if there[i] {
                    file_slot(ModelKind::ALL[i], &files[i], weights)
                } else {
                    built_in_slot(BUILT_IN[i].1, weights)
                }
            });
            Self { slots: packed(slots), folder: Some(folder.to_owned()), hash, weights, stamps }
        }))
    }

    /// A set of networks that are made in memory, for tests and measurements.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn of_networks(
        networks: impl IntoIterator<Item = (ModelKind, Network)>,
        weights: Weights,
    ) -> Result<Arc<Self>, rtneural::Error> {
        let mut slots: [Slot; 6] = Default::default();
        let mut hash = Sha256::new();
        for (kind, network) in networks {
            hash.update(network.to_json());
            let model = Model::new(&network, Options::with_weights(weights))?;
            slots[kind.index()] = Slot::Ready { model, sidecar: None, built_in: false };
        }
        let hash = hex(&hash.finalize());
        let stamps = Stamps::default();
        Ok(Arc::new(Self { slots: packed(slots), folder: None, hash, weights, stamps }))
    }

    /// The model of a kind, if it runs.
    pub fn model(&self, kind: ModelKind) -> Option<&Model> {
        match &self.slots[kind.index()] {
            Slot::Ready { model, .. } => Some(model),
            Slot::Empty | Slot::Refused(_) => None,
        }
    }

    /// What a model's file says of itself.
    pub fn sidecar(&self, kind: ModelKind) -> Option<&Sidecar> {
        match &self.slots[kind.index()] {
            Slot::Ready { sidecar, .. } => sidecar.as_deref(),
            Slot::Empty | Slot::Refused(_) => None,
        }
    }

    /// Whether a model is the one that is built in.
    pub fn is_built_in(&self, kind: ModelKind) -> bool {
        matches!(self.slots[kind.index()], Slot::Ready { built_in: true, .. })
    }

    /// Where a model's results come from.
    pub fn status(&self, kind: ModelKind) -> ModelStatus {
        match &self.slots[kind.index()] {
            Slot::Empty => ModelStatus::Heuristic,
            Slot::Ready { .. } => ModelStatus::Trained,
            Slot::Refused(_) => ModelStatus::Refused,
        }
    }

    /// Why a model was refused.
    pub fn refusal(&self, kind: ModelKind) -> Option<&str> {
        match &self.slots[kind.index()] {
            Slot::Refused(reason) => Some(reason),
            Slot::Empty | Slot::Ready { .. } => None,
        }
    }

    /// All refusals.
    pub fn refusals(&self) -> impl Iterator<Item = (ModelKind, &str)> {
        ModelKind::ALL.into_iter().filter_map(|kind| Some((kind, self.refusal(kind)?)))
    }

    /// The folder that was named, if one was.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Sixteen hexadecimal digits that tell this set's files from any other's.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// How weights are kept.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// Bytes of all weights.
    pub fn bytes(&self) -> usize {
        ModelKind::ALL.into_iter().filter_map(|kind| self.model(kind)).map(Model::bytes).sum()
    }

    /// Frames and differences of the orbit model's window, if there is one.
    pub(crate) fn orbit_window(&self) -> Option<(usize, Deltas)> {
        self.model(ModelKind::Orbit)?;
        let shape = self.sidecar(ModelKind::Orbit).and_then(|sidecar| sidecar.orbit).unwrap_or_default();
        Some((shape.window_frames, shape.deltas()))
    }
}

/// The length of a file and when it was changed.
fn stamp(file: &Path) -> Option<(u64, SystemTime)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// The living set that was read from these files as they are now.
fn unchanged(folder: &Path, weights: Weights, stamps: &Stamps) -> Option<Arc<ModelSet>> {
    let living = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let same = |set: &Arc<ModelSet>| {
        set.folder.as_deref() == Some(folder) && set.weights == weights && set.stamps == *stamps
    };
    living.iter().filter_map(Weak::upgrade).find(same)
}

/// The living set with this hash, folder and kind of weights, or a new one.
fn shared(
    hash: &str,
    folder: Option<&Path>,
    weights: Weights,
    make: impl FnOnce(String) -> ModelSet,
) -> Arc<ModelSet> {
    let find = || {
        let mut living = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        living.retain(|set| set.strong_count() > 0);
        let same = |set: &Arc<ModelSet>| {
            set.hash == hash && set.folder.as_deref() == folder && set.weights == weights
        };
        living.iter().filter_map(Weak::upgrade).find(same)
    };
    if let Some(set) = find() {
        return set;
    }
    let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
    // It may have been read meanwhile.
    if let Some(set) = find() {
        return set;
    }
    let set = Arc::new(make(hash.to_owned()));
    SHARED.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&set));
    set
}

/// Reads and checks a model that is built in.
fn built_in_slot(files: Option<(&[u8], &str)>, weights: Weights) -> Slot {
    let Some((model, sidecar)) = files else { return Slot::Empty };
    let network = Network::from_json(model).and_then(|n| Model::new(&n, Options::with_weights(weights)));
    // A test loads each of them; an installation cannot spoil them.
    match (network, serde_json::from_str::<Sidecar>(sidecar)) {
        (Ok(model), Ok(sidecar)) => Slot::Ready { model, sidecar: Some(Box::new(sidecar)), built_in: true },
        (Err(error), _) => Slot::Refused(error.to_string()),
        (_, Err(error)) => Slot::Refused(error.to_string()),
    }
}

/// Reads and checks a model's file and its sidecar, if it has one.
fn file_slot(kind: ModelKind, file: &Path, weights: Weights) -> Slot {
    read(kind, file, weights).unwrap_or_else(Slot::Refused)
}

fn read(kind: ModelKind, file: &Path, weights: Weights) -> Result<Slot, String> {
    let network = Network::read(file).map_err(|error| error.to_string())?;
    let sidecar = Sidecar::read_for(file).map_err(|error| error.to_string())?;
    spec::check(kind, &network, sidecar.as_ref()).map_err(|findings| {
        let mut reason = file.display().to_string();
        for (n, finding) in findings.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(reason, "{} {finding}", if n == 0 { ":" } else { ";" });
        }
        reason
    })?;
    let model = Model::new(&network, Options::with_weights(weights))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Slot::Ready { model, sidecar: sidecar.map(Box::new), built_in: false })
}

/// The same with all weights in one piece of memory.
fn packed(mut slots: [Slot; 6]) -> [Slot; 6] {
    let models: Vec<Model> = slots
        .iter()
        .filter_map(|slot| match slot {
            Slot::Ready { model, .. } => Some(model.clone()),
            Slot::Empty | Slot::Refused(_) => None,
        })
        .collect();
    let ready = slots.iter_mut().filter_map(|slot| match slot {
        Slot::Ready { model, .. } => Some(model),
        Slot::Empty | Slot::Refused(_) => None,
    });
    for (model, packed) in ready.zip(Model::pack_together(&models)) {
        *model = packed;
    }
    slots
}

/// What tells sets apart: which of the six there are, and the bytes of their files and sidecars.
fn hash_of(contents: [Option<[&[u8]; 2]>; 6]) -> String {
    let mut hash = Sha256::new();
    for (kind, files) in ModelKind::ALL.into_iter().zip(contents) {
        for bytes in files.iter().flatten() {
            hash.update(kind.name());
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    hex(&hash.finalize())
}

/// The first eight bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_script_lists_the_models_in_their_order() {
        for (kind, (name, _)) in ModelKind::ALL.into_iter().zip(BUILT_IN) {
            assert_eq!(kind.name(), name);
        }
    }

    #[test]
    fn every_model_that_is_built_in_runs() {
        let set = ModelSet::built_in(DEFAULT_WEIGHTS);
        for (kind, (_, files)) in ModelKind::ALL.into_iter().zip(BUILT_IN) {
            let expected = if files.is_some() { ModelStatus::Trained } else { ModelStatus::Heuristic };
            assert_eq!(set.status(kind), expected, "{kind}: {:?}", set.refusal(kind));
        }
    }
}
