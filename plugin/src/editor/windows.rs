//! Which windows live: the library must not be unloaded under a window's thread.
//!
//! On X11 a window has a thread of its own, and closing may return before that thread has ended. A host that then unloads the
//! library pulls the code from under it. So each window counts itself out when it goes, and the instance waits for that, and
//! for the thread, before it is gone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long the last moments of a window may take.
const LIMIT: Duration = Duration::from_secs(3);

/// The windows of one instance.
#[derive(Clone, Default)]
pub struct Windows(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Number of windows; an atomic, because the audio thread asks.
    open: AtomicUsize,
    /// Their threads, as folders of the system's process table.
    threads: Mutex<Vec<PathBuf>>,
    /// A window has gone.
    gone: Condvar,
}

/// One window; owned by what the window's thread owns.
pub struct Guard(Arc<Shared>);

impl Windows {
    /// Counts a window in.
    pub fn open(&self) -> Guard {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Guard(self.0.clone())
    }

    /// Whether any window is open. Does not lock.
    pub fn any_open(&self) -> bool {
        self.0.open.load(Ordering::Relaxed) > 0
    }

    /// Waits until all windows and their threads are gone, a few seconds at most. Main thread only.
    pub fn wait_until_closed(&self) {
        let deadline = Instant::now() + LIMIT;
        let mut threads = self.0.threads.lock();
        while self.0.open.load(Ordering::SeqCst) > 0 {
            if self.0.gone.wait_until(&mut threads, deadline).timed_out() {
                break;
            }
        }
        let own = current_thread();
        for thread in threads.drain(..).filter(|thread| Some(thread) != own.as_ref()) {
            while thread.exists() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

impl Guard {
    /// Notes that the calling thread is the window's.
    pub fn enter_thread(&self) {
        let mut threads = self.0.threads.lock();
        // Threads of windows that closed long ago need not be remembered.
        threads.retain(|thread| thread.exists());
        threads.extend(current_thread());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // With the lock held, no one can be between looking at the count and waiting.
        let _threads = self.0.threads.lock();
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.gone.notify_all();
    }
}

/// The calling thread in the process table, where the system has one as files; elsewhere windows run on the main thread.
fn current_thread() -> Option<PathBuf> {
    std::fs::read_link("/proc/thread-self").ok().map(|link| PathBuf::from("/proc").join(link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn waiting_ends_when_the_thread_has_ended() {
        let windows = Windows::default();
        let guard = windows.open();
        let (entered, is_in) = channel();
        let (close, closing) = channel::<()>();
        let thread = std::thread::spawn(move || {
            guard.enter_thread();
            entered.send(current_thread()).expect("the test listens");
            let _ = closing.recv();
            drop(guard);
            std::thread::sleep(Duration::from_millis(20));
        });
        let place = is_in.recv().expect("the thread has started");
        assert!(windows.any_open());
        drop(close);
        windows.wait_until_closed();
        assert!(!windows.any_open());
        assert!(place.is_none_or(|place| !place.exists()));
        thread.join().expect("the thread does not panic");
    }

    #[test]
    fn without_windows_there_is_nothing_to_wait_for() {
        let windows = Windows::default();
        drop(windows.open());
        windows.wait_until_closed();
        assert!(!windows.any_open());
    }
}
