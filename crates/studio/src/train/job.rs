//! A job on disk: what was asked for, how it went, and which of its models are finished.

use std::io;
use std::path::{Path, PathBuf};

use dendrite_pipeline::ModelKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::progress::State;
use super::request::Request;
use crate::folder::{names, new_id, now_s, read_json, write_json};

/// What `job.json` says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its name here.
    pub id: String,
    /// What was asked for.
    pub request: Request,
    /// How it is, or how it ended.
    pub state: State,
    /// What went wrong.
    pub error: Option<String>,
    /// When it began, seconds since 1970.
    pub started: u64,
    /// When it ended.
    pub ended: Option<u64>,
}

impl Job {
    /// A job that begins now.
    pub fn new(request: Request) -> Self {
        Self { id: new_id(), request, state: State::Training, error: None, started: now_s(), ended: None }
    }

    /// The jobs in a folder, oldest first.
    pub fn all(jobs: &Path) -> Vec<Self> {
        let read = |name: &String| read_json::<Self>(&jobs.join(name).join("job.json"));
        names(jobs).iter().filter_map(read).collect()
    }

    /// Its folder, the `--save-dir` of its processes.
    pub fn folder(&self, jobs: &Path) -> PathBuf {
        jobs.join(&self.id)
    }

    /// Writes it down.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, jobs: &Path) -> io::Result<()> {
        write_json(&self.folder(jobs).join("job.json"), self)
    }
}

/// Where a model is put when it is finished, and so the sign that it is.
pub fn model_file(folder: &Path, kind: ModelKind) -> PathBuf {
    folder.join("models").join(format!("{}.json", kind.name()))
}

/// The checkpoint from which a model's training goes on, if an epoch was finished.
pub fn checkpoint(folder: &Path, kind: ModelKind) -> Option<PathBuf> {
    let last = folder.join(kind.name()).join("last");
    last.join("state.json").is_file().then_some(last)
}
