//! What a job is asked to do: the options of `dendrite train`, each checked and named when it is wrong.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use dendrite_pipeline::ModelKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::failure::Failure;

/// The models in the order in which they need one another.
const ORDER: [ModelKind; 6] = [
    ModelKind::Emotion,
    ModelKind::Harmony,
    ModelKind::Melody,
    ModelKind::Dynamics,
    ModelKind::Groove,
    ModelKind::Orbit,
];

/// A job's options; those that are left out are as `dendrite train` has them. Folders are the studio's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// emotion, harmony, melody, dynamics, groove, orbit or all [orbit].
    pub model: Option<String>,
    /// What is learnt from: generator or uploads [generator].
    pub data: Option<String>,
    /// Epochs at most, 1 to 10,000.
    pub epochs: Option<u64>,
    /// Rows or sequences in a batch, 1 to 65,536.
    pub batch_size: Option<u64>,
    /// The greatest learning rate, above 0 and at most 1.
    pub learning_rate: Option<f64>,
    /// Epochs without progress after which it stops, 1 to 10,000.
    pub patience: Option<u64>,
    /// Seed of the models.
    pub seed: Option<u64>,
    /// Pieces to train on at most, 1 to 1,000,000.
    pub max_files: Option<u64>,
    /// Threads for data, 0 (all) to 256.
    pub num_workers: Option<u64>,
    /// Orbit: weight of the preset orbits in the loss, 0 to 1,000.
    pub curriculum_weight: Option<f64>,
    /// Orbit: what is left of that weight after each epoch, 0 to 1.
    pub curriculum_decay: Option<f64>,
    /// Accepted for the sake of older clients: pictures are rendered on the CPU always.
    pub no_gpu_rendering: Option<bool>,
    /// Go on with the newest job, which was stopped or failed; only `epochs` may come with it.
    pub resume: Option<bool>,
}

impl Request {
    /// Reads the body of a request; an empty one asks for the defaults.
    ///
    /// # Errors
    /// 422 with the name of the first field that is unknown, of the wrong type or out of its range.
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let map: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| Failure::field("body", "a JSON object", error))?;
        let mut fields = Fields(map);
        let models: Vec<&str> = ORDER.iter().map(|kind| kind.word()).chain(["all"]).collect();
        let request = Self {
            model: fields.one_of("model", &models)?,
            data: fields.one_of("data", &["generator", "uploads"])?,
            epochs: fields.whole("epochs", 1..=10_000)?,
            batch_size: fields.whole("batch_size", 1..=65_536)?,
            learning_rate: fields.real("learning_rate", f64::MIN_POSITIVE..=1.0)?,
            patience: fields.whole("patience", 1..=10_000)?,
            seed: fields.whole("seed", 0..=u64::MAX)?,
            max_files: fields.whole("max_files", 1..=1_000_000)?,
            num_workers: fields.whole("num_workers", 0..=256)?,
            curriculum_weight: fields.real("curriculum_weight", 0.0..=1_000.0)?,
            curriculum_decay: fields.real("curriculum_decay", 0.0..=1.0)?,
            no_gpu_rendering: fields.truth("no_gpu_rendering")?,
            resume: fields.truth("resume")?,
        };
        fields.finish()?;
        if request.resume == Some(true) {
            let alone = Self { epochs: request.epochs, resume: request.resume, ..Self::default() };
            if request != alone {
                return Err(Failure::field(
                    "resume",
                    "nothing beside it but epochs, for a job goes on as it began",
                    "other options",
                ));
            }
        }
        Ok(request)
    }

    /// The models to train, in order.
    pub fn kinds(&self) -> Vec<ModelKind> {
        match self.model.as_deref() {
            Some("all") => ORDER.to_vec(),
            word => {
                vec![ORDER.into_iter().find(|kind| Some(kind.word()) == word).unwrap_or(ModelKind::Orbit)]
            }
        }
    }

    /// Whether it learns from uploaded sounds.
    pub fn wants_uploads(&self) -> bool {
        self.data.as_deref() == Some("uploads")
    }

    /// The command line's part that these fields make.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                arguments.push(OsString::from(format!("--{name}={value}")));
            }
        };
        let text = |number: Option<u64>| number.map(|number| number.to_string());
        let real = |number: Option<f64>| number.map(|number| number.to_string());
        add("epochs", text(self.epochs));
        add("batch-size", text(self.batch_size));
        add("learning-rate", real(self.learning_rate));
        add("patience", text(self.patience));
        add("seed", text(self.seed));
        add("max-files", text(self.max_files));
        add("num-workers", text(self.num_workers));
        add("curriculum-weight", real(self.curriculum_weight));
        add("curriculum-decay", real(self.curriculum_decay));
        arguments
    }
}

/// The fields of a body that have not been read yet. A field that is null counts as left out.
struct Fields(Map<String, Value>);

impl Fields {
    fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(&value) {
                Some(value) => Ok(Some(value)),
                None => {
                    let found: String = value.to_string().chars().take(60).collect();
                    Err(Failure::field(name, expected, found))
                }
            },
        }
    }

    fn whole(&mut self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Failure> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.take(name, &expected, |value| value.as_u64().filter(|number| range.contains(number)))
    }

    fn real(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Failure> {
        let expected = match *range.start() {
            0.0 => format!("a number from 0 to {}", range.end()),
            _ => format!("a number above 0 and at most {}", range.end()),
        };
        self.take(name, &expected, |value| value.as_f64().filter(|number| range.contains(number)))
    }

    fn truth(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        self.take(name, "true or false", Value::as_bool)
    }

    fn one_of(&mut self, name: &str, words: &[&str]) -> Result<Option<String>, Failure> {
        let expected = format!("one of {}", words.join(", "));
        self.take(name, &expected, |value| {
            value.as_str().filter(|word| words.contains(word)).map(str::to_owned)
        })
    }

    fn finish(self) -> Result<(), Failure> {
        const OWN: [&str; 6] = ["save_dir", "out", "onnx", "cache_dir", "data_dir", "config"];
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let expected = if OWN.contains(&name.as_str()) {
                    "no such field, for the studio keeps its own folders"
                } else {
                    "no such field"
                };
                let shown: String = name.chars().take(60).collect();
                Err(Failure::field(&shown, expected, "it"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(body: &str) -> String {
        let failure = Request::read(body.as_bytes()).unwrap_err();
        assert_eq!(failure.status, 422, "{body}");
        failure.field.unwrap()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, name) in [
            (r#"{"epochs": 0}"#, "epochs"),
            (r#"{"epochs": 1.5}"#, "epochs"),
            (r#"{"epochs": "3"}"#, "epochs"),
            (r#"{"learning_rate": 0}"#, "learning_rate"),
            (r#"{"learning_rate": -1}"#, "learning_rate"),
            (r#"{"model": "--help"}"#, "model"),
            (r#"{"data": "/etc"}"#, "data"),
            (r#"{"save_dir": "/etc"}"#, "save_dir"),
            (r#"{"frobnicate": 1}"#, "frobnicate"),
            (r#"{"no_gpu_rendering": "yes"}"#, "no_gpu_rendering"),
            (r#"{"resume": true, "model": "orbit"}"#, "resume"),
            ("[]", "body"),
            ("{", "body"),
        ] {
            assert_eq!(field(body), name, "{body}");
        }
    }

    #[test]
    fn fields_become_options_of_the_command_line() {
        assert_eq!(Request::read(b" ").unwrap(), Request::default());
        let body = br#"{"model": "groove", "epochs": 3, "learning_rate": 0.001, "patience": null}"#;
        let request = Request::read(body).unwrap();
        assert_eq!(request.kinds(), [ModelKind::Groove]);
        assert_eq!(request.arguments(), ["--epochs=3", "--learning-rate=0.001"]);
        assert_eq!(Request::default().kinds(), [ModelKind::Orbit]);
        assert_eq!(Request::read(br#"{"model": "all"}"#).unwrap().kinds(), ORDER);
    }
}
