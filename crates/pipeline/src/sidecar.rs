//! The sidecar of a model, `<name>.meta.json`: what its numbers mean, where they come from, how good they are.
//!
//! ```json
//! {
//!   "version": 1, "name": "orbit_control", "inputs": 60, "outputs": 9, "parameters": 91561,
//!   "input_parameters": [{"name": "frame0_centroid", "range": [0.0, 1.0]}, ...],
//!   "output_parameters": [{"name": "s", "range": [0.2, 3.0]}, ...],
//!   "input_mean": [...], "input_deviation": [...],
//!   "training": {"description": "...", "pieces": 400, "hours": 13.5, "split": "by piece, 80/10/10"},
//!   "metrics": {"correlation": 0.61}, "baselines": {"onset_driven_speed": 0.5},
//!   "seed": 7, "git_hash": "...", "time": "2026-01-31T12:00:00Z", "command": "...",
//!   "orbit": {"window_frames": 10, "include_delta": false, "include_delta_delta": false, "bands": 6},
//!   "weights_sha256": "..."
//! }
//! ```
//!
//! Only the first five fields are required. Fields that this version does not know are kept and written back. Reading and
//! writing allocate and do I/O: not for audio threads.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ModelKind;
use crate::spec::{self, MOST_BANDS, MOST_WINDOW_FRAMES, OrbitShape};

/// The version of the format that this code writes, and the only one that it reads.
pub const VERSION: u64 = 1;
/// Bytes of a sidecar at most; thousands of parameters fit.
const MOST_BYTES: u64 = 8 << 20;

/// What stands in a sidecar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Sidecar {
    /// Version of the format, [`VERSION`].
    pub version: u64,
    /// The model's name, that of its file without `.json`.
    pub name: String,
    /// Values that the model takes.
    pub inputs: usize,
    /// Values that the model gives.
    pub outputs: usize,
    /// Trainable parameters, as [`ModelKind::parameters`] counts them.
    pub parameters: usize,
    /// The inputs in order; empty if not recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_parameters: Vec<Parameter>,
    /// The outputs in order; empty if not recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_parameters: Vec<Parameter>,
    /// Mean of each raw input over the training data. For the record: it is folded into the first layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_mean: Option<Vec<f64>>,
    /// Standard deviation of each raw input over the training data, positive. For the record as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_deviation: Option<Vec<f64>>,
    /// What the model was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Results on held-out data by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
    /// Results of what the model is compared with, on the same data, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<String, f64>,
    /// Of the random numbers of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The commit of the code that trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_hash: Option<String>,
    /// When training ended, ISO 8601 in UTC: `2026-01-31T12:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The command that trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Of the orbit model: its shape; where it is missing, the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orbit: Option<OrbitShape>,
    /// SHA-256 of the model file's bytes, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// A model's input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// For example "frame0_centroid".
    pub name: String,
    /// Lowest and highest value.
    pub range: [f64; 2],
}

impl Parameter {
    /// A parameter whose values are in `minimum` ... `maximum`.
    pub fn new(name: impl Into<String>, minimum: f64, maximum: f64) -> Self {
        Parameter { name: name.into(), range: [minimum, maximum] }
    }
}

/// What a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// In plain words.
    pub description: String,
    /// Pieces of music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pieces: Option<u64>,
    /// Hours of music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<f64>,
    /// How training and held-out data were told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
}

/// A sidecar that was refused, or could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarError {
    /// The operating system refused.
    #[error("{}: {error}", file.display())]
    Io {
        /// Which file.
        file: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// The file is not one JSON value.
    #[error("{}: expected JSON, found {error}", file.display())]
    Syntax {
        /// Which file.
        file: PathBuf,
        /// What is wrong, with line and column.
        error: serde_json::Error,
    },
    /// A field that is missing or holds something else than it should.
    #[error("{}: {problem}", file.display())]
    Field {
        /// Which file.
        file: PathBuf,
        /// Which field, and what is wrong with it.
        problem: FieldProblem,
    },
}

/// A field that is missing or holds something else than it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct FieldProblem {
    /// With the fields around it, for example "training.pieces"; "sidecar" if the whole file is meant.
    pub field: String,
    /// What it should hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

impl Sidecar {
    /// The sidecar's path for that of a model: `model.json` -> `model.meta.json`.
    pub fn path_for(model: &Path) -> PathBuf {
        model.with_extension("meta.json")
    }

    /// What can be said of a model before it is trained: sizes, names and ranges of the default shape.
    pub fn default_for(kind: ModelKind) -> Self {
        Self::for_shape(kind, OrbitShape::default())
    }

    /// Like [`Sidecar::default_for`], for an orbit model of any shape; of other models `shape` is ignored.
    pub fn for_shape(kind: ModelKind, shape: OrbitShape) -> Self {
        Sidecar {
            version: VERSION,
            name: kind.name().to_owned(),
            inputs: spec::inputs(kind, shape),
            outputs: spec::outputs(kind, shape),
            parameters: spec::parameters(kind, shape),
            input_parameters: spec::input_parameters(kind, shape),
            output_parameters: spec::output_parameters(kind, shape),
            input_mean: None,
            input_deviation: None,
            training: None,
            metrics: BTreeMap::new(),
            baselines: BTreeMap::new(),
            seed: None,
            git_hash: None,
            time: None,
            command: None,
            orbit: (kind == ModelKind::Orbit).then_some(shape),
            weights_sha256: None,
            unknown: Map::new(),
        }
    }

    /// Reads a sidecar.
    ///
    /// # Errors
    /// Files that cannot be read or are longer than 8 MiB, text that is not JSON, and fields as [`Sidecar::check`] says.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SidecarError> {
        let path = path.as_ref();
        let io = |error| SidecarError::Io { file: path.to_owned(), error };
        let field = |problem| SidecarError::Field { file: path.to_owned(), problem };
        let metadata = fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(field(problem("sidecar", "a regular file", "something else")));
        }
        if metadata.len() > MOST_BYTES {
            let found = format!("{} bytes", metadata.len());
            return Err(field(problem("sidecar", format!("at most {MOST_BYTES} bytes"), found)));
        }
        let bytes = fs::read(path).map_err(io)?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| SidecarError::Syntax { file: path.to_owned(), error })?;
        Sidecar::try_from(value).map_err(field)
    }

    /// Reads the sidecar of a model file; `None` if there is none.
    ///
    /// # Errors
    /// As [`Sidecar::read`].
    pub fn read_for(model: &Path) -> Result<Option<Self>, SidecarError> {
        match Self::read(Self::path_for(model)) {
            Ok(sidecar) => Ok(Some(sidecar)),
            Err(SidecarError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes indented JSON: first beside the file, then in its place, so that no reader meets half of it.
    ///
    /// # Errors
    /// What [`Sidecar::check`] refuses, and what the operating system says.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), SidecarError> {
        let path = path.as_ref();
        self.check().map_err(|problem| SidecarError::Field { file: path.to_owned(), problem })?;
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| SidecarError::Syntax { file: path.to_owned(), error })?;
        text.push('\n');
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let written = fs::File::create(&part)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&part, path));
        written.map_err(|error| {
            // Nothing better can be done if this fails too; the first error is the one to report.
            let _ = fs::remove_file(&part);
            SidecarError::Io { file: path.to_owned(), error }
        })
    }

    /// Checks what can be checked without the model: another version, lists of another length than the sizes say, ranges
    /// the wrong way round, numbers that are not finite, deviations that are not positive, an impossible orbit shape, a
    /// time that is not ISO 8601, a sum that is not SHA-256.
    ///
    /// # Errors
    /// The first such field.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if self.version != VERSION {
            return Err(problem("version", VERSION, self.version));
        }
        for (field, parameters, size) in [
            ("input_parameters", &self.input_parameters, self.inputs),
            ("output_parameters", &self.output_parameters, self.outputs),
        ] {
            if !parameters.is_empty() && parameters.len() != size {
                return Err(problem(field, format!("{size} parameters"), parameters.len()));
            }
            for (index, Parameter { range: [minimum, maximum], .. }) in parameters.iter().enumerate() {
                if !(minimum.is_finite() && maximum.is_finite() && minimum <= maximum) {
                    let field = format!("{field}[{index}].range");
                    return Err(problem(field, "[lowest, highest]", format!("[{minimum}, {maximum}]")));
                }
            }
        }
        for (field, values, lowest) in [
            ("input_mean", &self.input_mean, f64::NEG_INFINITY),
            ("input_deviation", &self.input_deviation, 0.0),
        ] {
            let Some(values) = values else { continue };
            if values.len() != self.inputs {
                let expected = format!("{} numbers, one for each input", self.inputs);
                return Err(problem(field, expected, values.len()));
            }
            let wrong = |&value: &f64| !value.is_finite() || value <= lowest;
            if let Some(index) = values.iter().position(wrong) {
                let expected = if lowest == 0.0 { "a positive number" } else { "a finite number" };
                return Err(problem(format!("{field}[{index}]"), expected, values[index]));
            }
        }
        for (field, numbers) in [("metrics", &self.metrics), ("baselines", &self.baselines)] {
            if let Some((name, number)) = numbers.iter().find(|(_, number)| !number.is_finite()) {
                return Err(problem(format!("{field}.{name}"), "a finite number", number));
            }
        }
        if let Some(hours) = self.training.as_ref().and_then(|training| training.hours)
            && !(hours.is_finite() && hours >= 0.0)
        {
            return Err(problem("training.hours", "a number of at least 0", hours));
        }
        if let Some(shape) = self.orbit
            && !shape.is_possible()
        {
            let expected = format!("1 to {MOST_WINDOW_FRAMES} window_frames and 1 to {MOST_BANDS} bands");
            return Err(problem("orbit", expected, format!("{} and {}", shape.window_frames, shape.bands)));
        }
        if let Some(time) = &self.time
            && !is_iso_8601(time)
        {
            return Err(problem("time", "ISO 8601, for example \"2026-01-31T12:00:00Z\"", quoted(time)));
        }
        if let Some(sum) = &self.weights_sha256
            && !(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(problem("weights_sha256", "64 hexadecimal digits", quoted(sum)));
        }
        Ok(())
    }
}

impl TryFrom<Value> for Sidecar {
    type Error = FieldProblem;

    fn try_from(value: Value) -> Result<Self, FieldProblem> {
        let mut fields = Fields::new("", value)?;
        let sidecar = Sidecar {
            version: fields.required("version", "a whole number", Value::as_u64)?,
            name: fields.required("name", "a text", text)?,
            inputs: fields.required("inputs", "a whole number", size)?,
            outputs: fields.required("outputs", "a whole number", size)?,
            parameters: fields.required("parameters", "a whole number", size)?,
            input_parameters: fields.parameters("input_parameters")?,
            output_parameters: fields.parameters("output_parameters")?,
            input_mean: fields.optional("input_mean", "an array of numbers", numbers)?,
            input_deviation: fields.optional("input_deviation", "an array of numbers", numbers)?,
            training: fields.object("training", |fields| {
                Ok(Training {
                    description: fields.required("description", "a text", text)?,
                    pieces: fields.optional("pieces", "a whole number", Value::as_u64)?,
                    hours: fields.optional("hours", "a number", Value::as_f64)?,
                    split: fields.optional("split", "a text", text)?,
                })
            })?,
            metrics: fields.named_numbers("metrics")?,
            baselines: fields.named_numbers("baselines")?,
            seed: fields.optional("seed", "a whole number", Value::as_u64)?,
            git_hash: fields.optional("git_hash", "a text", text)?,
            time: fields.optional("time", "a text", text)?,
            command: fields.optional("command", "a text", text)?,
            orbit: fields.object("orbit", |fields| {
                Ok(OrbitShape {
                    window_frames: fields.required("window_frames", "a whole number", size)?,
                    include_delta: fields.required("include_delta", "true or false", Value::as_bool)?,
                    include_delta_delta: fields.required(
                        "include_delta_delta",
                        "true or false",
                        Value::as_bool,
                    )?,
                    bands: fields.required("bands", "a whole number", size)?,
                })
            })?,
            weights_sha256: fields.optional("weights_sha256", "a text", text)?,
            unknown: fields.rest,
        };
        sidecar.check()?;
        Ok(sidecar)
    }
}

/// The fields of an object that were not taken yet.
struct Fields {
    /// What the object's fields begin with in messages.
    prefix: String,
    rest: Map<String, Value>,
}

impl Fields {
    fn new(prefix: impl Into<String>, value: Value) -> Result<Self, FieldProblem> {
        let prefix = prefix.into();
        match value {
            Value::Object(rest) => Ok(Fields { prefix, rest }),
            other => {
                let field = if prefix.is_empty() { "sidecar" } else { prefix.trim_end_matches('.') };
                Err(problem(field, "an object", kind_of(&other)))
            }
        }
    }

    fn name(&self, field: &str) -> String {
        format!("{}{field}", self.prefix)
    }

    /// `null` counts as missing.
    fn optional<T>(
        &mut self,
        field: &str,
        expected: &str,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, FieldProblem> {
        match self.rest.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match convert(&value) {
                Some(value) => Ok(Some(value)),
                None => Err(problem(self.name(field), expected, kind_of(&value))),
            },
        }
    }

    fn required<T>(
        &mut self,
        field: &str,
        expected: &str,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, FieldProblem> {
        let value = self.optional(field, expected, convert)?;
        value.ok_or_else(|| problem(self.name(field), expected, "no such field"))
    }

    fn object<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&mut Fields) -> Result<T, FieldProblem>,
    ) -> Result<Option<T>, FieldProblem> {
        match self.rest.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&mut Fields::new(self.name(field) + ".", value)?).map(Some),
        }
    }

    fn named_numbers(&mut self, field: &str) -> Result<BTreeMap<String, f64>, FieldProblem> {
        let read = |fields: &mut Fields| {
            let names: Vec<String> = fields.rest.keys().cloned().collect();
            names
                .into_iter()
                .map(|name| {
                    let number = fields.required(&name, "a number", Value::as_f64)?;
                    Ok((name, number))
                })
                .collect()
        };
        Ok(self.object(field, read)?.unwrap_or_default())
    }

    fn parameters(&mut self, field: &str) -> Result<Vec<Parameter>, FieldProblem> {
        let elements = self.optional(field, "an array of parameters", |value| value.as_array().cloned())?;
        let read = |(index, element)| {
            let mut fields = Fields::new(format!("{}[{index}].", self.name(field)), element)?;
            let range = |value: &Value| numbers(value)?.try_into().ok();
            Ok(Parameter {
                name: fields.required("name", "a text", text)?,
                range: fields.required("range", "[lowest, highest]", range)?,
            })
        };
        elements.unwrap_or_default().into_iter().enumerate().map(read).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn size(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// What stands in a field, short enough for a message.
fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(elements) => format!("an array of {}", elements.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

fn problem(field: impl Into<String>, expected: impl ToString, found: impl ToString) -> FieldProblem {
    FieldProblem { field: field.into(), expected: expected.to_string(), found: found.to_string() }
}

/// Date, T and time, then Z or an offset: the form that every reader of ISO 8601 understands.
fn is_iso_8601(time: &str) -> bool {
    // As `0` stands for any digit.
    let matches = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == form,
            })
    };
    let Some((start, rest)) = time.split_at_checked("0000-00-00T00:00:00".len()) else { return false };
    let zone =
        rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let within = |range: std::ops::RangeInclusive<u32>, from: usize| {
        start[from..from + 2].parse().is_ok_and(|number| range.contains(&number))
    };
    matches(start, "0000-00-00T00:00:00")
        && within(1..=12, 5)
        && within(1..=31, 8)
        && within(0..=23, 11)
        && within(0..=59, 14)
        && within(0..=60, 17)
        && (zone == "Z" || matches(zone, "+00:00") || matches(zone, "-00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A folder for one test, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("dendrite-sidecar-{}-{test}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn full() -> Sidecar {
        let mut sidecar = Sidecar::default_for(ModelKind::Orbit);
        sidecar.input_mean = Some(vec![0.25; 60]);
        sidecar.input_deviation = Some(vec![0.1; 60]);
        sidecar.training = Some(Training {
            description: "synthetic songs".into(),
            pieces: Some(400),
            hours: Some(13.5),
            split: Some("by piece, 80/10/10".into()),
        });
        sidecar.metrics.insert("correlation".into(), 0.61);
        sidecar.baselines.insert("onset_driven_speed".into(), 0.5);
        sidecar.seed = Some(u64::MAX);
        sidecar.git_hash = Some("0123abc".into());
        sidecar.time = Some("2026-01-31T12:00:00Z".into());
        sidecar.command = Some("train orbit".into());
        sidecar.weights_sha256 = Some("0a".repeat(32));
        sidecar
    }

    #[test]
    fn what_is_written_is_read_back_with_fields_nobody_knows() {
        let folder = Folder::new("round");
        let path = folder.0.join("orbit_control.meta.json");
        let mut sidecar = full();
        sidecar.unknown.insert("from_the_future".into(), json!({"a": [1, 2]}));
        sidecar.write(&path).unwrap();
        assert_eq!(Sidecar::read(&path).unwrap(), sidecar);
        assert_eq!(Sidecar::read_for(&folder.0.join("orbit_control.json")).unwrap(), Some(sidecar));
        // Nothing but the sidecar is left behind.
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn every_kind_has_a_default_that_checks() {
        for kind in ModelKind::ALL {
            let sidecar = Sidecar::default_for(kind);
            sidecar.check().unwrap();
            assert_eq!((sidecar.inputs, sidecar.outputs), (kind.inputs(), kind.outputs()));
            assert_eq!(sidecar.parameters, kind.parameters());
            assert_eq!(sidecar.orbit.is_some(), kind == ModelKind::Orbit);
        }
    }

    #[test]
    fn a_missing_sidecar_is_none_and_a_folder_in_its_place_is_an_error() {
        let folder = Folder::new("missing");
        let model = folder.0.join("m.json");
        assert_eq!(Sidecar::read_for(&model).unwrap(), None);
        fs::create_dir(folder.0.join("m.meta.json")).unwrap();
        let message = Sidecar::read_for(&model).unwrap_err().to_string();
        assert!(message.ends_with("m.meta.json: sidecar: expected a regular file, found something else"));
    }

    #[test]
    fn messages_name_file_field_expected_and_found() {
        let folder = Folder::new("messages");
        let path = folder.0.join("m.meta.json");
        let table = [
            ("/version", json!(2), "version: expected 1, found 2"),
            ("/name", json!(3), "name: expected a text, found 3"),
            ("/inputs", json!(-1), "inputs: expected a whole number, found -1"),
            ("/inputs", json!(59), "input_parameters: expected 59 parameters, found 60"),
            (
                "/output_parameters/8/range",
                json!([1]),
                "output_parameters[8].range: expected [lowest, highest]",
            ),
            ("/output_parameters/8/range", json!([1, 0]), "output_parameters[8].range: expected [lowest,"),
            ("/input_mean", json!([1.0]), "input_mean: expected 60 numbers, one for each input, found 1"),
            ("/input_mean/3", json!("x"), "input_mean: expected an array of numbers, found an array of 60"),
            ("/input_deviation/7", json!(0), "input_deviation[7]: expected a positive number, found 0"),
            ("/training", json!("songs"), "training: expected an object, found \"songs\""),
            ("/training/pieces", json!(1.5), "training.pieces: expected a whole number, found 1.5"),
            ("/metrics/correlation", json!("good"), "metrics.correlation: expected a number, found \"good\""),
            ("/time", json!("yesterday"), "time: expected ISO 8601"),
            ("/time", json!("2026-13-31T12:00:00Z"), "time: expected ISO 8601"),
            ("/orbit/bands", json!(9), "1 to 8 bands, found 10 and 9"),
            ("/orbit/bands", Value::Null, "orbit.bands: expected a whole number, found no such field"),
            ("/weights_sha256", json!("0a"), "weights_sha256: expected 64 hexadecimal digits, found \"0a\""),
        ];
        for (pointer, value, part) in table {
            let mut changed = serde_json::to_value(full()).unwrap();
            *changed.pointer_mut(pointer).unwrap() = value;
            fs::write(&path, changed.to_string()).unwrap();
            let message = Sidecar::read(&path).unwrap_err().to_string();
            assert!(message.contains("m.meta.json: ") && message.contains(part), "{message}\nwithout {part}");
        }
        for (text, part) in [("[]", "sidecar: expected an object"), ("{", "expected JSON, found EOF")] {
            fs::write(&path, text).unwrap();
            let message = Sidecar::read(&path).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_not_written() {
        let folder = Folder::new("nan");
        let path = folder.0.join("m.meta.json");
        let mut sidecar = full();
        sidecar.metrics.insert("loss".into(), f64::NAN);
        let message = sidecar.write(&path).unwrap_err().to_string();
        assert!(message.ends_with("metrics.loss: expected a finite number, found NaN"), "{message}");
        assert!(!path.exists());
    }

    #[test]
    fn times_of_all_usual_forms_are_taken() {
        for time in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.25Z", "2026-01-31T12:00:00+01:00"] {
            assert!(is_iso_8601(time), "{time}");
        }
        for time in ["", "2026-01-31", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00", "ééééééééééééééééé"]
        {
            assert!(!is_iso_8601(time), "{time}");
        }
    }
}
