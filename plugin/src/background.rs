//! Our own background thread.
//!
//! The framework's shared worker ends when a task outlives its instance, and the next instance that is destroyed then aborts
//! the host. So nothing of ours runs there: each job gets a thread of its own, which ends before its owner does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{JoinHandle, park_timeout};
use std::time::Duration;

/// A thread that repeats a job until it is told to finish.
pub struct Background {
    thread: Option<JoinHandle<()>>,
    finish: Arc<AtomicBool>,
    /// Its sender falls when the thread is done, whichever way.
    done: Receiver<()>,
}

/// What a job says after one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Come again after the pause.
    Continue,
    /// There is nothing more to do.
    Done,
}

impl Background {
    /// Starts a thread that calls `job` again and again with `pause` in between; `job` is told whether it is to finish.
    /// After it has been told, it is called until it says [`Round::Done`].
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start(
        name: &str,
        pause: Duration,
        mut job: impl FnMut(bool) -> Round + Send + 'static,
    ) -> io::Result<Self> {
        let finish = Arc::new(AtomicBool::new(false));
        let (running, done) = sync_channel(0);
        let told = finish.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _running = running;
            loop {
                // Read before the job looks at its queue: what was queued before the call to `finish` is then seen.
                let last = told.load(Ordering::Acquire);
                if job(last) == Round::Done {
                    break;
                }
                if !last {
                    park_timeout(pause);
                }
            }
        })?;
        Ok(Self { thread: Some(thread), finish, done })
    }

    /// Whether the thread has not ended.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the pause.
    pub fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Tells the job to finish and waits for it, at most `limit`. Returns whether it has finished; otherwise the thread is
    /// left to end by itself. Blocks: for the main thread only.
    pub fn finish(mut self, limit: Duration) -> bool {
        self.finish.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return true };
        thread.thread().unpark();
        match self.done.recv_timeout(limit) {
            Err(RecvTimeoutError::Timeout) => false,
            // A job that panicked has ended too; its message is in the log of the panic hook.
            _ => thread.join().is_ok(),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.finish.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn finishing_waits_for_the_last_round() {
        let rounds = Arc::new(AtomicU32::new(0));
        let counted = rounds.clone();
        let background = Background::start("test", Duration::from_secs(3600), move |last| {
            counted.fetch_add(1, Ordering::SeqCst);
            if last { Round::Done } else { Round::Continue }
        })
        .expect("threads can be started");
        assert!(background.finish(Duration::from_secs(60)));
        assert!(rounds.load(Ordering::SeqCst) >= 1);
    }

    #[test]
    fn a_stuck_job_is_left_alone_after_the_limit() {
        let (free, stuck) = sync_channel::<()>(0);
        let background = Background::start("test", Duration::ZERO, move |_| {
            let _ = stuck.recv();
            Round::Done
        })
        .expect("threads can be started");
        assert!(!background.finish(Duration::from_millis(10)));
        drop(free);
    }
}
