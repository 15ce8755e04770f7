//! Notices: what the user should know, shown in the editor and written to the log.

use nice_plug::prelude::*;
use parking_lot::Mutex;

/// More notices than this at once help nobody: the oldest go.
const LIMIT: usize = 4;

/// The notices of one instance. Shared between the host's main thread (states, traces) and the editor's thread; the audio
/// thread never touches it, so a lock is fine.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Mutex<Vec<String>>,
}

impl Notices {
    /// Shows a notice until it is dismissed and logs it. The same text twice is shown once.
    pub fn post(&self, text: impl Into<String>) {
        let text = text.into();
        nice_warn!("{text}");
        let mut shown = self.shown.lock();
        if shown.contains(&text) {
            return;
        }
        if shown.len() == LIMIT {
            shown.remove(0);
        }
        shown.push(text);
    }

    /// The notices that are up, oldest first.
    pub fn shown(&self) -> Vec<String> {
        self.shown.lock().clone()
    }

    /// Takes a notice down.
    pub fn dismiss(&self, text: &str) {
        self.shown.lock().retain(|other| other != text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_unique_bounded_and_dismissable() {
        let notices = Notices::default();
        for text in ["a", "b", "a", "c", "d", "e"] {
            notices.post(text);
        }
        assert_eq!(notices.shown(), ["b", "c", "d", "e"]);
        notices.dismiss("c");
        assert_eq!(notices.shown(), ["b", "d", "e"]);
    }
}
