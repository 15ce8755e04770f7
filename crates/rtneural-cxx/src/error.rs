//! What C++ meets as the exception `rust::Error`, panics included.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a call that may throw did nothing. Its text is what `rust::Error::what()` gives.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The model file or text was refused; the text names file, layer, field, expected and found.
    #[error(transparent)]
    Refused(#[from] rtneural::Error),
    /// A misuse by the program.
    #[error(transparent)]
    Misuse(#[from] rtneural::RunError),
    /// The path is not UTF-8.
    #[error("expected a path in UTF-8, found \"{path}\" ({source})")]
    Path { path: String, source: std::str::Utf8Error },
    /// A panic, which is a mistake in this library and not in what it was given.
    #[error("internal error of rtneural: {0}; please report it")]
    Panic(String),
}

/// Calls, and turns a panic into an error: beyond the bridge it would end the process.
pub(crate) fn caught<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What a panic leaves behind half done is a `State` at most, whose indices are in range whatever values it holds
    // and which `reset` clears.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| Err(Error::Panic(message(&*payload))))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors_with_their_text() {
        let fixed = caught::<()>(|| panic!("a reason"));
        assert_eq!(fixed.unwrap_err().to_string(), "internal error of rtneural: a reason; please report it");
        let index = [0, 1].len();
        let formatted = caught(|| Ok([0, 1][index])).unwrap_err().to_string();
        assert!(formatted.contains("the len is 2 but the index is 2"), "{formatted}");
        let other = caught::<()>(|| std::panic::panic_any(7)).unwrap_err().to_string();
        assert!(other.contains("unknown"), "{other}");
    }
}
