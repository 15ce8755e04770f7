//! The data folder: names that are made here, uploads that are streamed to disk within a limit.
//!
//! ```text
//! DATA/lock                        held while a studio uses the folder
//!      incoming/<id>               uploads until they are checked
//!      models/<id>/<kind>.json     with entry.json, and where there are: .meta.json, .md, .onnx
//!      audio/<id>.<ending>         with <id>.json
//!      jobs/<id>/                  the save folder of one training, with job.json and output.log
//!      sets/<id>/                  choices of models, put together for the engine
//!      cache/                      features that trainings share
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tower_http::timeout::TimeoutError;

use crate::failure::Failure;

/// The data folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Locked while this lives, so that two studios do not share a folder.
    _lock: File,
}

impl Folder {
    /// Makes what is missing of the folder and takes it for this process.
    ///
    /// # Errors
    /// It cannot be made or written, or another studio has it.
    pub fn open(root: &Path) -> io::Result<Self> {
        for part in ["incoming", "models", "audio", "jobs", "sets", "cache"] {
            fs::create_dir_all(root.join(part))?;
        }
        let lock = File::create(root.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another studio uses this folder")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        // Sets may hold models of a folder that has changed since.
        fs::remove_dir_all(root.join("sets"))?;
        fs::create_dir(root.join("sets"))?;
        // What a studio that was killed left half uploaded.
        for entry in fs::read_dir(root.join("incoming"))?.flatten() {
            fs::remove_file(entry.path())?;
        }
        Ok(Self { root: root.canonicalize()?, _lock: lock })
    }

    /// One of the folders in it.
    pub fn part(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Streams an upload to a new file in `incoming`.
    ///
    /// # Errors
    /// 413 beyond `limit` bytes, 408 if the client pauses for too long, 400 if it breaks off or sends nothing, and what the
    /// disk says. Nothing stays behind.
    pub async fn receive(&self, headers: &HeaderMap, body: Body, limit: u64) -> Result<Incoming, Failure> {
        let too_large = || {
            let mib = limit as f64 / f64::from(1 << 20);
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format_args!("the file is larger than {mib:.1} MiB"))
        };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let incoming = Incoming { path: self.part("incoming").join(new_id()) };
        let failed = |error: io::Error| Failure::io("storing", &incoming.path, &error);
        let mut file = tokio::fs::File::create_new(&incoming.path).await.map_err(failed)?;
        let (mut stream, mut received) = (body.into_data_stream(), 0_u64);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| broken_off(&error))?;
            received += chunk.len() as u64;
            if received > limit {
                return Err(too_large());
            }
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        if received == 0 {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "the body is empty; send the file's bytes as the body",
            ));
        }
        Ok(incoming)
    }
}

/// What is said of a body that did not come to its end.
fn broken_off(error: &axum::Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutError>() {
            return Failure::new(StatusCode::REQUEST_TIMEOUT, "nothing more came of the upload for too long");
        }
        cause = error.source();
    }
    Failure::new(StatusCode::BAD_REQUEST, format_args!("the upload broke off: {error}"))
}

/// An uploaded file that nobody has looked at yet; deleted unless it is kept.
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
}

impl Incoming {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn keep(self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `keep` there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// A name that no other file of this studio has: fourteen hexadecimal digits, later names behind earlier ones.
pub fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0xfff;
    format!("{:011x}{count:03x}", milliseconds())
}

/// Seconds since 1970.
pub fn now_s() -> u64 {
    milliseconds() / 1_000
}

fn milliseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

/// Writes JSON beside its place and then puts it there, so that no reader meets half a file.
///
/// # Errors
/// What the operating system says.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(&serde_json::to_vec_pretty(value)?)?;
    file.sync_all()?;
    fs::rename(part, path)
}

/// Reads JSON; `None` if there is no such file or it holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Names in a folder, sorted; a folder that cannot be read has none.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// What a client calls a file, to be shown and never to be a path: printable, without folders, at most 80 characters.
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_studio() {
        let root = tempfile::tempdir().unwrap();
        let first = Folder::open(root.path()).unwrap();
        assert_eq!(Folder::open(root.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        Folder::open(root.path()).unwrap();
    }

    #[test]
    fn names_are_new_and_in_order() {
        let names: Vec<String> = (0..100).map(|_| new_id()).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]) && names[0].len() == 14, "{names:?}");
    }

    #[test]
    fn shown_names_have_no_folders() {
        assert_eq!(shown_name("../../etc/passwd"), "passwd");
        assert_eq!(shown_name("C:\\songs\\a\n.wav"), "a.wav");
        assert_eq!(shown_name(&"x".repeat(500)).len(), 80);
    }
}
