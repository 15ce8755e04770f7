//! What the plug-in heard: its trace, which it writes where the environment variable `DENDRITE_TRACE` says.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use dendrite_host::Plugin;
use tempfile::TempDir;

/// Name of the environment variable.
const VARIABLE: &str = "DENDRITE_TRACE";

/// The right to activate the plug-in in a process that traces. Every test of such a file takes it first: the plug-in writes
/// one file for the process, numbered by living instance.
#[derive(Debug)]
pub struct Tracing {
    file: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// Turns tracing on, for good, and waits for this thread's turn.
///
/// # Panics
/// If there is no folder for temporary files.
pub fn start() -> Tracing {
    static TURN: Mutex<()> = Mutex::new(());
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    // A test that failed leaves nothing behind that the next could stumble over.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        // SAFETY: this is the first thing that the first test does; the others wait for their turn, and nothing else of the
        // process reads the environment meanwhile: no plug-in is loaded yet.
        unsafe { std::env::set_var(VARIABLE, folder.path().join("trace.csv")) };
        folder
    });
    Tracing { file: folder.path().join("trace.csv"), _turn: turn }
}

impl Tracing {
    /// Deactivates the plug-in, which completes its trace, and takes the file away, so that no trace is read twice.
    ///
    /// # Panics
    /// If no trace was written, or rows are missing in it.
    pub fn finish(&self, plugin: &mut Plugin) -> String {
        plugin.deactivate();
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) => panic!("no trace in {}: {error}", self.file.display()),
        };
        assert!(
            !text.lines().any(|line| line.starts_with('#')),
            "rows are missing in the trace: {:?}",
            text.lines().last()
        );
        let _ = std::fs::remove_file(&self.file);
        text
    }
}

/// The first line in which two traces differ, with its number; `None` if they are equal.
pub fn first_difference(left: &str, right: &str) -> Option<String> {
    let (mut left, mut right) = (left.lines(), right.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                return Some(format!(
                    "line {number}:\n  {}\n  {}",
                    a.unwrap_or("(end)"),
                    b.unwrap_or("(end)")
                ));
            }
        }
    }
    None
}

/// The values of a column of a trace.
///
/// # Panics
/// If the trace has no such column.
pub fn column<'a>(trace: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = trace.lines();
    let header = lines.next().expect("a trace has a header");
    let index = header.split(',').position(|column| column == name);
    let index = index.unwrap_or_else(|| panic!("the trace has no column {name}"));
    lines.map(|line| line.split(',').nth(index).expect("rows are as long as the header")).collect()
}
