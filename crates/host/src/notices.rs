//! What a plug-in tells or asks its host between calls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More log lines than this are dropped, the oldest first.
const LOG_CAPACITY: usize = 1000;

/// Requests of a plug-in since the last [`Plugin::take_notices`](crate::Plugin::take_notices).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// Wants to be deactivated and activated again.
    pub restart: bool,
    /// Wants to be processed even if it sleeps (CLAP).
    pub process: bool,
    /// Its latency has changed.
    pub latency_changed: bool,
    /// Its tail has changed (CLAP).
    pub tail_changed: bool,
    /// Parameter values have changed without an event; read them again.
    pub param_values_changed: bool,
    /// Names, ranges or the list of parameters have changed.
    pub param_infos_changed: bool,
    /// Ports have changed.
    pub ports_changed: bool,
    /// The state to save differs from the last one saved (CLAP).
    pub state_dirty: bool,
    /// Size in pixels the editor asked for last. The host has already granted it.
    pub resize: Option<(u32, u32)>,
    /// The editor closed itself (CLAP).
    pub editor_closed: bool,
    /// Log lines (CLAP).
    pub log: Vec<String>,
}

/// Where callbacks from any thread leave their word.
#[derive(Debug, Default)]
pub(crate) struct NoticeBoard {
    notices: Mutex<Notices>,
    log: Mutex<VecDeque<String>>,
    /// Apart from the lock, since `HonoursSleep` asks before every block.
    wants_process: AtomicBool,
    /// CLAP: `on_main_thread` is due.
    wants_callback: AtomicBool,
}

impl NoticeBoard {
    pub(crate) fn note(&self, write: impl FnOnce(&mut Notices)) {
        write(&mut lock(&self.notices));
    }

    pub(crate) fn log(&self, line: String) {
        let mut log = lock(&self.log);
        if log.len() == LOG_CAPACITY {
            log.pop_front();
        }
        log.push_back(line);
    }

    pub(crate) fn request_process(&self) {
        self.wants_process.store(true, Ordering::Release);
        self.note(|notices| notices.process = true);
    }

    /// Whether processing was requested since the last call.
    pub(crate) fn take_process_request(&self) -> bool {
        self.wants_process.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn request_callback(&self) {
        self.wants_callback.store(true, Ordering::Release);
    }

    pub(crate) fn take_callback_request(&self) -> bool {
        self.wants_callback.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn take(&self) -> Notices {
        let mut taken = std::mem::take(&mut *lock(&self.notices));
        taken.log = lock(&self.log).drain(..).collect();
        taken
    }
}

/// Locks even if another thread panicked: what is inside stays meaningful.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_taken_once_and_the_log_is_bounded() {
        let board = NoticeBoard::default();
        board.request_process();
        board.note(|n| n.latency_changed = true);
        (0..LOG_CAPACITY + 5).for_each(|i| board.log(i.to_string()));
        let taken = board.take();
        assert!(taken.process && taken.latency_changed && !taken.restart);
        assert_eq!(taken.log.len(), LOG_CAPACITY);
        assert_eq!(taken.log[0], "5", "the oldest lines go first");
        assert_eq!(board.take(), Notices::default());
        assert!(board.take_process_request() && !board.take_process_request());
    }
}
