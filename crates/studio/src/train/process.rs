//! The program `dendrite-train` as a process: found, started, watched, stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What the program is called here.
pub const PROGRAM: &str = if cfg!(windows) { "dendrite-train.exe" } else { "dendrite-train" };

/// After so long a second Ctrl-C follows the first: while it makes music, the program does not look for the first.
const PATIENCE: Duration = Duration::from_secs(8);
/// After so long it is killed; what it had finished is on disk.
const LAST: Duration = Duration::from_secs(12);

/// Looks for the program: what `DENDRITE_TRAIN` names, beside this program, on the `PATH`.
pub fn find_program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DENDRITE_TRAIN") {
        let named = PathBuf::from(named);
        return named.is_file().then_some(named);
    }
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(PROGRAM));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(PROGRAM));
    beside.into_iter().chain(on_path).find(|program| program.is_file())
}

/// A running `dendrite-train`.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// When it was first asked to stop, and whether it was asked again.
    asked: Option<(Instant, bool)>,
}

impl Process {
    /// Starts it with its output added to a file. It has a lower priority than this program and ends when the calling
    /// thread does, however that ends (on Linux).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        apart(command);
        Ok(Self { child: command.spawn()?, asked: None })
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks it to stop, the more firmly the longer it takes. To be called again and again until it has ended.
    pub fn stop(&mut self) {
        let now = Instant::now();
        match &mut self.asked {
            None => {
                self.asked = Some((now, false));
                self.interrupt();
            }
            Some((since, again)) if now - *since > PATIENCE && !*again => {
                *again = true;
                self.interrupt();
            }
            Some((since, _)) if now - *since > LAST => {
                // It has ended already if this fails.
                let _ = self.child.kill();
            }
            Some(_) => {}
        }
    }

    /// Whether it was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.asked.is_some()
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        // Not INT: a studio that was started in the background of a shell ignores that, and its children inherit it. The
        // child has not been waited for, so its number is still its own.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    #[cfg(not(unix))]
    fn interrupt(&mut self) {
        // There is no gentle way; the last finished epoch is on disk.
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the process into a group of its own, so that a Ctrl-C for the studio is not a second one for it, behind the studio in
/// priority, and bound to the calling thread's life.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the only way to run something between fork and exec")]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    let before_exec = || {
        // Neither is worth failing for.
        let _ = rustix::process::nice(10);
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::INT));
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe work is allowed; the closure makes two system calls and neither
    // allocates nor locks.
    unsafe { command.pre_exec(before_exec) };
}

#[cfg(not(unix))]
fn apart(_command: &mut Command) {}

/// The last line of a log that says what went wrong, or simply its last line.
pub fn last_words(log: &Path) -> Option<String> {
    const TAIL: u64 = 8 << 10;
    let mut file = File::open(log).ok()?;
    let length = fs::metadata(log).ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let error = lines.iter().rev().find_map(|line| line.strip_prefix("error: "));
    error.or(lines.last().copied()).map(|line| line.chars().take(500).collect())
}
