//! How far a job is, read from the files that `dendrite-train` leaves.

use std::collections::BTreeMap;
use std::path::Path;

use dendrite_pipeline::ModelKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::{Job, model_file};
use crate::folder::read_json;

/// What the trainer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was asked for yet.
    #[default]
    Idle,
    /// A job runs.
    Training,
    /// The newest job made its models.
    Completed,
    /// The newest job failed.
    Error,
    /// The newest job was stopped and can be resumed.
    Stopped,
}

/// The answer of `GET /api/train/status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// idle, training, completed, error or stopped.
    pub status: State,
    /// 0 to 1, in finished epochs; 1 when completed, also where it stopped early for lack of progress.
    pub progress: f64,
    /// Finished epochs of all models of the job.
    pub current_epoch: u64,
    /// Epochs of all models of the job at most; 0 until it is known.
    pub total_epochs: u64,
    /// Mean training loss of each epoch, of the model that was last at work.
    pub loss_history: Vec<f64>,
    /// What went wrong.
    pub error: Option<String>,
}

/// A model's `training_history.json`.
#[derive(Deserialize)]
struct History {
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    train_loss: f64,
}

/// The part of a model's effective `config.toml` that says how many epochs there are at most.
type Config = BTreeMap<String, toml::Table>;

impl Status {
    /// How far a job is.
    pub fn of(job: &Job, folder: &Path) -> Self {
        let configured = |kind: ModelKind| {
            let text = std::fs::read_to_string(folder.join(kind.name()).join("config.toml")).ok()?;
            let config: Config = toml::from_str(&text).ok()?;
            let epochs = config.get(kind.word())?.get("epochs")?.as_integer()?;
            u64::try_from(epochs).ok()
        };
        let mut status = Self { status: job.state, error: job.error.clone(), ..Self::default() };
        let kinds = job.request.kinds();
        let share = 1.0 / kinds.len() as f64;
        for kind in kinds {
            let history = folder.join(kind.name()).join("training_history.json");
            let losses: Vec<f64> = read_json::<History>(&history)
                .map(|history| history.epochs.iter().map(|epoch| epoch.train_loss).collect())
                .unwrap_or_default();
            let done = losses.len() as u64;
            // A model that stopped early has no more epochs to come.
            let finished = model_file(folder, kind).is_file();
            let most = if finished { Some(done) } else { job.request.epochs.or_else(|| configured(kind)) };
            status.current_epoch += done;
            status.total_epochs += most.unwrap_or(0);
            status.progress += share
                * match (finished, most) {
                    (true, _) => 1.0,
                    (false, Some(most)) if most > 0 => (done as f64 / most as f64).min(1.0),
                    (false, _) => 0.0,
                };
            if !losses.is_empty() {
                status.loss_history = losses;
            }
        }
        if job.state == State::Completed {
            status.progress = 1.0;
        }
        status.progress = status.progress.clamp(0.0, 1.0);
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::request::Request;

    #[test]
    fn nothing_yet_is_exactly_this() {
        assert_eq!(
            serde_json::to_string(&Status::default()).unwrap(),
            r#"{"status":"idle","progress":0.0,"current_epoch":0,"total_epochs":0,"loss_history":[],"error":null}"#
        );
    }

    #[test]
    fn epochs_are_counted_in_the_files_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut job = Job::new(Request::default());
        assert_eq!(Status::of(&job, folder.path()).total_epochs, 0);
        let history = r#"{"epochs": [{"epoch": 1, "train_loss": 2.5, "validation": {}, "learning_rate": 1e-3, "seconds": 1.0}]}"#;
        let orbit = folder.path().join("orbit_control");
        std::fs::create_dir(&orbit).unwrap();
        std::fs::write(orbit.join("config.toml"), "[data]\nseed = 1\n[orbit]\nepochs = 4\n").unwrap();
        std::fs::write(orbit.join("training_history.json"), history).unwrap();
        let status = Status::of(&job, folder.path());
        assert_eq!((status.current_epoch, status.total_epochs, status.progress), (1, 4, 0.25));
        assert_eq!(status.loss_history, [2.5]);
        // It stopped early: the model is there.
        std::fs::create_dir(folder.path().join("models")).unwrap();
        std::fs::write(model_file(folder.path(), ModelKind::Orbit), "{}").unwrap();
        job.state = State::Completed;
        let status = Status::of(&job, folder.path());
        assert_eq!((status.current_epoch, status.total_epochs, status.progress), (1, 1, 1.0));
    }
}
