//! Running the program, and folders with models for it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::{Sidecar, Training};
use dendrite_pipeline::spec::{OrbitShape, random_network};
use rtneural::Network;
use serde_json::Value;
use tempfile::TempDir;

/// The program that Cargo built for this test.
pub const PATH: &str = env!("CARGO_BIN_EXE_dendrite");

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// Asserts failure with a message on standard error that has all parts.
    pub fn fails_with(&self, parts: &[&str]) {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "{}\nwithout {part:?}", self.err);
        }
    }
}

pub fn dendrite<S: AsRef<OsStr>>(arguments: &[S]) -> Ran {
    dendrite_with(arguments, b"")
}

/// Runs the program with that on standard input.
pub fn dendrite_with<S: AsRef<OsStr>>(arguments: &[S], input: &[u8]) -> Ran {
    let mut child = Command::new(PATH)
        .args(arguments)
        .env_remove("DENDRITE_MODELS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has refused its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().unwrap().to_owned()
}

/// A model with random weights of one of the six shapes, in its file.
pub fn write_model(folder: &Path, kind: ModelKind) -> PathBuf {
    let path = folder.join(format!("{}.json", kind.name()));
    random_network(kind, OrbitShape::default(), 1).unwrap().write(&path).unwrap();
    path
}

/// The same with a sidecar.
pub fn write_model_with_sidecar(folder: &Path, kind: ModelKind) -> PathBuf {
    let path = write_model(folder, kind);
    let mut sidecar = Sidecar::default_for(kind);
    sidecar.training = Some(Training {
        description: "songs of the generator".to_owned(),
        pieces: Some(400),
        hours: Some(13.5),
        split: None,
    });
    if kind == ModelKind::Orbit {
        sidecar.input_mean = Some(vec![0.0; kind.inputs()]);
        sidecar.input_deviation = Some(vec![1.0; kind.inputs()]);
    }
    sidecar.write(Sidecar::path_for(&path)).unwrap();
    path
}

/// Two values in, two out, with memory: y = lstm(x).
pub fn small_model(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("small.json");
    let text = r#"{"in_shape": [null, 2], "layers": [{"type": "lstm", "shape": [null, 2], "weights": [
        [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]],
        [[0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4], [0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1]],
        [0, 0, 1, 1, 0, 0, 0, 0]]}]}"#;
    fs::write(&path, text).unwrap();
    path
}

/// The rows that `rtneural` itself gives, as the program writes them.
pub fn rows_of(network: &Network, options: rtneural::Options, rows: &[&[f32]]) -> String {
    let model = rtneural::Model::new(network, options).unwrap();
    let mut state = model.state();
    let mut output = vec![0.0; model.outputs()];
    let mut text = String::new();
    for row in rows {
        model.forward(&mut state, row, &mut output).unwrap();
        text += &output.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(",");
        text += "\n";
    }
    text
}
