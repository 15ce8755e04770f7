//! One model file with its sidecar, read and judged.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::{Sidecar, SidecarError};
use dendrite_pipeline::spec::{self, Finding, LayerRow, Place};
use rtneural::{Network, Problem};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What is known about a model file.
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Which of the six its name says it is.
    pub kind: Option<ModelKind>,
    /// Inputs, outputs and layers, if the file could be read.
    pub layers: Option<Layers>,
    /// Its sidecar, if there is one that could be read.
    pub sidecar: Option<Sidecar>,
    /// What makes it unfit for use.
    pub faults: Vec<Fault>,
    /// What its author may want to know.
    pub warnings: Vec<String>,
}

/// The layers of a file that could be read.
pub struct Layers {
    pub inputs: usize,
    pub outputs: usize,
    pub rows: Vec<LayerRow>,
}

impl Layers {
    /// Numbers in the file.
    pub fn stored(&self) -> usize {
        self.rows.iter().map(|row| row.stored).sum()
    }

    /// Trainable parameters as PyTorch counts them.
    pub fn trainable(&self) -> usize {
        self.rows.iter().map(|row| row.trainable).sum()
    }
}

/// One reason to refuse a file.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// "model" or "sidecar".
    pub file: &'static str,
    /// Number of the layer, from 0.
    pub layer: Option<usize>,
    /// Type of the layer.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Field, with indices; empty if the whole file is meant.
    pub field: String,
    /// What must stand there, where that can be said.
    pub expected: Option<String>,
    /// What stands there.
    pub found: Option<String>,
    /// All of it as a sentence.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Finding> for Fault {
    fn from(finding: Finding) -> Self {
        let message = finding.to_string();
        let (file, layer, kind) = match finding.place {
            Place::File => ("model", None, None),
            Place::Layer { number, kind } => ("model", Some(number), Some(kind.to_owned())),
            Place::Sidecar => ("sidecar", None, None),
        };
        let (expected, found) = (Some(finding.expected), Some(finding.found));
        Fault { file, layer, kind, field: finding.field, expected, found, message }
    }
}

impl From<rtneural::Error> for Fault {
    fn from(error: rtneural::Error) -> Self {
        let (expected, found) = match error.problem() {
            Problem::Unexpected { expected, found } => (Some(expected.clone()), Some(found.clone())),
            Problem::Missing { expected } => (Some(expected.clone()), None),
            _ => (None, None),
        };
        // The file's name stands above the list of faults.
        let text = error.to_string();
        let file = error.file().map(|file| format!("{}: ", file.display()));
        let message = file.and_then(|file| text.strip_prefix(&file)).unwrap_or(&text).to_owned();
        let layer = error.layer();
        Fault {
            file: "model",
            layer: layer.map(|(number, _)| number),
            kind: layer.map(|(_, kind)| kind.to_owned()),
            field: error.field().to_owned(),
            expected,
            found,
            message,
        }
    }
}

impl From<SidecarError> for Fault {
    fn from(error: SidecarError) -> Self {
        let (field, expected, found, message) = match error {
            SidecarError::Field { problem, .. } => {
                let message = format!("sidecar: {problem}");
                (problem.field, Some(problem.expected), Some(problem.found), message)
            }
            other => (String::new(), None, None, other.to_string()),
        };
        Fault { file: "sidecar", layer: None, kind: None, field, expected, found, message }
    }
}

/// Reads a model file and its sidecar and says everything that is wrong. A file whose name is none of the six is judged as
/// a model in general.
pub fn inspect(path: &Path) -> Inspection {
    let kind = ModelKind::of_file(path);
    let mut inspection = Inspection {
        path: path.to_owned(),
        kind,
        layers: None,
        sidecar: None,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let network = match Network::read(path) {
        Ok(network) => network,
        Err(error) => {
            inspection.faults.push(error.into());
            return inspection;
        }
    };
    let mut sidecar_is_sound = true;
    match Sidecar::read_for(path) {
        Ok(sidecar) => inspection.sidecar = sidecar,
        Err(error) => {
            sidecar_is_sound = false;
            inspection.faults.push(error.into());
        }
    }
    let mut rows = spec::rows(&network);
    if let Some(kind) = kind {
        if inspection.sidecar.is_none() && sidecar_is_sound {
            let name = Sidecar::path_for(path);
            let name = name.file_name().unwrap_or_default().to_string_lossy();
            let warning = format!("no sidecar {name}: nobody knows what the model was trained on");
            inspection.warnings.push(warning);
        }
        match spec::check(kind, &network, inspection.sidecar.as_ref()) {
            Ok(checked) => rows = checked.rows,
            Err(findings) => inspection.faults.extend(findings.into_iter().map(Fault::from)),
        }
    }
    if let Some(expected) = inspection.sidecar.as_ref().and_then(|sidecar| sidecar.weights_sha256.clone()) {
        inspection.faults.extend(compare_sum(path, &expected));
    }
    inspection.layers = Some(Layers { inputs: network.inputs(), outputs: network.outputs(), rows });
    inspection
}

/// A fault if the file's bytes are others than its sidecar speaks of.
fn compare_sum(path: &Path, expected: &str) -> Option<Fault> {
    let found = match fs::read(path) {
        Ok(bytes) => Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        Err(error) => error.to_string(),
    };
    (!found.eq_ignore_ascii_case(expected)).then(|| {
        let message = format!(
            "sidecar: weights_sha256: expected {found}, that of the model file, found {expected}; \
             the two come from different exports"
        );
        Fault {
            file: "sidecar",
            layer: None,
            kind: None,
            field: "weights_sha256".to_owned(),
            expected: Some(found),
            found: Some(expected.to_owned()),
            message,
        }
    })
}
