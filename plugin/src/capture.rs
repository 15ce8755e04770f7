//! The last bars as a MIDI file: few hosts record what an effect plays, so it can be saved.

use std::sync::Arc;

use dendrite_composer::{Tape, midi_file};
use parking_lot::Mutex;

use crate::notice::Notices;
use crate::save::{Kind, Saver};

/// Numbers of bars that can be asked for.
pub const BARS: [u32; 4] = [4, 8, 16, 32];

const MIDI: Kind = Kind {
    title: "Save what Dendrite played",
    name: "MIDI file",
    ending: "mid",
    folders: &["Documents", "Music"],
};

/// Saves what was played; shared by the main thread, which puts the tape in, and the editor.
#[derive(Default)]
pub struct Capture {
    tape: Mutex<Option<Arc<Tape>>>,
    saver: Saver,
}

impl Capture {
    /// The tape that is written now. Main thread.
    pub fn put_in(&self, tape: &Arc<Tape>) {
        let mut current = self.tape.lock();
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, tape)) {
            *current = Some(tape.clone());
        }
    }

    /// Asks where to save the last bars, and saves them: on a thread of its own. What became of it is told as a notice.
    pub fn save(&self, bars: u32, notices: &Arc<Notices>) {
        // What was played until the click, however long the dialog stays open.
        let records = self.tape.lock().as_ref().map(|tape| tape.read()).unwrap_or_default();
        match midi_file::write(&records, bars) {
            Ok(bytes) => self.saver.save(MIDI, &format!("Dendrite {bars} bars"), move || Ok(bytes), notices),
            Err(error) => notices.post(format!("Not saved: {error}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_played_is_said_and_opens_no_dialog() {
        let notices = Arc::new(Notices::default());
        let capture = Capture::default();
        capture.save(8, &notices);
        assert!(!capture.saver.is_busy());
        assert!(notices.shown().iter().any(|notice| notice.contains("nothing has been played")));
    }
}
