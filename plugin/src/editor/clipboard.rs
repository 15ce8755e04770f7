//! What other programs have copied. The framework hands it over only when the paste keys are pressed, but a menu can ask for it too.

use copypasta::{ClipboardContext, ClipboardProvider};

/// The text in the clipboard, if there is any.
pub fn text() -> Option<String> {
    ClipboardContext::new().ok()?.get_contents().ok()
}
