//! The one who trains: starts a job, watches it on a thread of its own, and tells everybody how far it is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::http::StatusCode;
use dendrite_pipeline::ModelKind;
use tokio::sync::watch;

use super::job::{Job, checkpoint, model_file};
use super::process::{PROGRAM, Process, find_program, last_words};
use super::progress::{State, Status};
use super::request::Request;
use crate::failure::Failure;
use crate::folder::{Folder, now_s};
use crate::library;
use crate::sounds;

/// Time between two looks at a job.
const LOOK: Duration = Duration::from_millis(150);

/// Runs one job at a time.
#[derive(Debug)]
pub struct Trainer {
    folder: Arc<Folder>,
    /// The program, where one was named.
    program: Option<PathBuf>,
    /// The folder of models that was named, whose emotion model is heard with where none was trained or uploaded.
    models: Option<PathBuf>,
    /// How far the newest job is, for whoever watches.
    status: watch::Sender<Status>,
    /// The job that runs, or the last that ran. Held while one is started, so that two requests do not both start one.
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    /// Dropped or used: stop.
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Trainer {
    /// A trainer that knows the jobs of a folder; one that was at work when its studio was killed counts as stopped.
    pub fn new(folder: Arc<Folder>, program: Option<PathBuf>, models: Option<PathBuf>) -> Self {
        let jobs = folder.part("jobs");
        let status = Job::all(&jobs).pop().map_or_else(Status::default, |mut job| {
            if job.state == State::Training {
                job.state = State::Stopped;
                job.error = Some("the studio was ended while this ran; it can be resumed".to_owned());
                // It is the same again after the next start, if this cannot be written.
                let _ = job.write(&jobs);
            }
            Status::of(&job, &job.folder(&jobs))
        });
        Self { folder, program, models, status: watch::Sender::new(status), running: Mutex::new(None) }
    }

    /// How far the newest job is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Tells of every change of the status.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// All jobs, newest first.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = Job::all(&self.folder.part("jobs"));
        jobs.reverse();
        jobs
    }

    /// Whether a job runs that learns from uploaded sounds.
    pub fn learns_from_uploads(&self) -> bool {
        self.status.borrow().status == State::Training
            && Job::all(&self.folder.part("jobs")).pop().is_some_and(|job| job.request.wants_uploads())
    }

    /// The program, if it is there.
    pub fn program(&self) -> Option<PathBuf> {
        match &self.program {
            Some(program) => program.is_file().then(|| program.clone()),
            None => find_program(),
        }
    }

    /// Starts a job. Reads and writes files.
    ///
    /// # Errors
    /// 409 if one runs, or if there is nothing to resume; 422 if what it needs is not there; 503 without `dendrite-train`.
    pub fn start(&self, request: Request) -> Result<Status, Failure> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(|running| !running.thread.is_finished()) {
            return Err(Failure::new(StatusCode::CONFLICT, "a training runs already; stop it first"));
        }
        let program = self.program().ok_or_else(|| {
            Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format_args!(
                    "the program {PROGRAM} is neither beside this one nor on the PATH nor where DENDRITE_TRAIN says; build \
                     it with cargo build --release -p dendrite-training"
                ),
            )
        })?;
        let jobs = self.folder.part("jobs");
        let job = if request.resume == Some(true) { self.resumed(&request)? } else { self.fresh(request)? };
        let folder = job.folder(&jobs);
        let started = job.write(&jobs);
        started.map_err(|error| Failure::io("writing", &folder.join("job.json"), &error))?;
        let status = Status::of(&job, &folder);
        self.status.send_replace(status.clone());
        let (stop, stopped) = mpsc::channel();
        let run = Run { job, jobs, folder, program, data: self.folder.clone(), status: self.status.clone() };
        let thread = thread::Builder::new().name("training".to_owned()).spawn(move || run.run(&stopped));
        let thread = thread.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
        *running = Some(Running { stop, thread });
        Ok(status)
    }

    /// Asks the job that runs to stop; the status says when it has.
    ///
    /// # Errors
    /// 409 if none runs.
    pub fn stop(&self) -> Result<(), Failure> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.as_ref().filter(|running| !running.thread.is_finished()) {
            // The thread may have ended just now, which is as good.
            Some(running) => running.stop.send(()).or(Ok(())),
            None => Err(Failure::new(StatusCode::CONFLICT, "no training runs")),
        }
    }

    /// Stops the job that runs and waits until it has, some seconds at most.
    pub fn shut_down(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, thread }) = running {
            drop(stop);
            // The thread does not panic; if it did, there is nothing left to wait for.
            let _ = thread.join();
        }
    }

    fn fresh(&self, request: Request) -> Result<Job, Failure> {
        if request.wants_uploads() && sounds::list_of(&self.folder).is_empty() {
            return Err(Failure::field("data", "generator, for no sound was uploaded yet", "uploads"));
        }
        let job = Job::new(request);
        let kinds = job.request.kinds();
        let folder = job.folder(&self.folder.part("jobs"));
        let models = folder.join("models");
        std::fs::create_dir_all(&models).map_err(|error| Failure::io("making", &models, &error))?;
        // All but emotion and orbit hear with the emotion model.
        let hears = |kind: &ModelKind| !matches!(kind, ModelKind::Emotion | ModelKind::Orbit);
        if kinds.iter().any(hears) && !kinds.contains(&ModelKind::Emotion) {
            let to = models.join(format!("{}.json", ModelKind::Emotion.name()));
            let put = library::put_emotion_model(&self.folder, self.models.as_deref(), &to);
            if !put.map_err(|error| Failure::io("copying", &to, &error))? {
                // Nothing has been put there yet.
                let _ = std::fs::remove_dir_all(&folder);
                return Err(Failure::field(
                    "model",
                    "emotion or all first: the others hear with an emotion model, and there is none",
                    kinds[0].word(),
                ));
            }
        }
        Ok(job)
    }

    fn resumed(&self, request: &Request) -> Result<Job, Failure> {
        let mut job = Job::all(&self.folder.part("jobs"))
            .pop()
            .filter(|job| matches!(job.state, State::Stopped | State::Error))
            .ok_or_else(|| {
                Failure::new(
                    StatusCode::CONFLICT,
                    "there is no job that was stopped or failed; start a new one",
                )
            })?;
        job.request.epochs = request.epochs.or(job.request.epochs);
        job.state = State::Training;
        job.error = None;
        job.ended = None;
        Ok(job)
    }
}

/// A job at work, on its own thread.
struct Run {
    job: Job,
    jobs: PathBuf,
    folder: PathBuf,
    program: PathBuf,
    data: Arc<Folder>,
    status: watch::Sender<Status>,
}

/// How a process ended.
enum End {
    Finished,
    Stopped,
    Failed(String),
}

impl Run {
    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        let mut end = End::Finished;
        for kind in self.job.request.kinds() {
            if model_file(&self.folder, kind).is_file() {
                continue;
            }
            end = self.train(kind, stopped).unwrap_or_else(End::Failed);
            if !matches!(end, End::Finished) {
                break;
            }
        }
        (self.job.state, self.job.error) = match end {
            End::Finished => (State::Completed, None),
            End::Stopped => (State::Stopped, None),
            End::Failed(reason) => (State::Error, Some(reason)),
        };
        self.job.ended = Some(now_s());
        if let Err(error) = self.job.write(&self.jobs) {
            self.job.error.get_or_insert(format!("the job's record cannot be written: {error}"));
        }
        self.publish();
    }

    fn train(&self, kind: ModelKind, stopped: &mpsc::Receiver<()>) -> Result<End, String> {
        let log = self.folder.join("output.log");
        let started = Process::start(&mut self.command(kind), &log);
        let mut process = started.map_err(|error| format!("{PROGRAM} cannot be started: {error}"))?;
        loop {
            match stopped.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) if !process.is_stopping() => {}
                // Asked to stop, or the studio goes.
                Ok(()) | Err(RecvTimeoutError::Timeout) => process.stop(),
                Err(RecvTimeoutError::Disconnected) => {
                    process.stop();
                    thread::sleep(LOOK);
                }
            }
            self.publish();
            let ended = process.ended().map_err(|error| format!("{PROGRAM} cannot be watched: {error}"))?;
            let Some(status) = ended else { continue };
            if status.success() {
                let added = library::add_trained(&self.data, &self.folder, kind, &self.job.id);
                return added.map(|()| End::Finished).map_err(|failure| failure.error);
            }
            // 130 is how it ends after a Ctrl-C that did not come from here.
            if process.is_stopping() || status.code() == Some(130) {
                return Ok(End::Stopped);
            }
            let words = last_words(&log).unwrap_or_else(|| "it said nothing".to_owned());
            return Err(match status.code() {
                Some(_) => words,
                None => format!("{PROGRAM} crashed ({status}); its last words: {words}"),
            });
        }
    }

    fn command(&self, kind: ModelKind) -> Command {
        let path = |name: &str, path: &Path| {
            let mut argument = std::ffi::OsString::from(format!("--{name}="));
            argument.push(path);
            argument
        };
        let mut command = Command::new(&self.program);
        command.arg(kind.word()).args(self.job.request.arguments());
        command.arg(path("save-dir", &self.folder)).arg(path("cache-dir", &self.data.part("cache")));
        if self.job.request.wants_uploads() {
            command.arg(path("data-dir", &self.data.part("audio"))).arg("--layout=folder");
        }
        if let Some(checkpoint) = checkpoint(&self.folder, kind) {
            command.arg(path("resume", &checkpoint));
        }
        command
    }

    fn publish(&self) {
        let status = Status::of(&self.job, &self.folder);
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            *known = status;
            changed
        });
    }
}
