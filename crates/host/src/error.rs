//! What can go wrong while hosting a plug-in, each with the step it happened in and what to do next.

use std::path::PathBuf;

use crate::describe::Format;

/// Every way in which loading or running a plug-in can fail.
///
/// The messages name the file or step, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is nothing at the given path.
    #[error("{}: no such file or folder; build the plug-in first (`cargo xtask bundle`) or correct the path", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The path exists, but its name and shape say neither CLAP nor VST3.
    #[error("{}: {found}; expected a .clap file, a .vst3 folder or a shared library", path.display())]
    UnknownKind {
        /// The path asked for.
        path: PathBuf,
        /// What lies there instead.
        found: &'static str,
    },
    /// A VST3 folder without the library for this platform inside.
    #[error("{}: not a VST3 bundle for this machine; expected the library at {}", path.display(), expected.display())]
    NotABundle {
        /// The folder asked for.
        path: PathBuf,
        /// Where the library should have been.
        expected: PathBuf,
    },
    /// The system's loader refused the file.
    #[error("{}: cannot be loaded as a shared library: {reason}", path.display())]
    Open {
        /// The library file.
        path: PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// A library without the entry point of the format.
    #[error("{}: not a {format} plug-in: it exports no `{symbol}`", path.display())]
    NotAPlugin {
        /// The library file.
        path: PathBuf,
        /// The format it was to be loaded as.
        format: Format,
        /// The missing entry point.
        symbol: &'static str,
    },
    /// The library's entry point refused to start, or its factory is broken.
    #[error("{}: the {format} entry point failed: {reason}", path.display())]
    Entry {
        /// The library file.
        path: PathBuf,
        /// The format it was loaded as.
        format: Format,
        /// What it answered.
        reason: String,
    },
    /// The library holds no plug-in of that id or index.
    #[error("{}: holds no plug-in `{wanted}`; it has: {}", path.display(), list(available))]
    NoSuchPlugin {
        /// The library file.
        path: PathBuf,
        /// The id or index asked for.
        wanted: String,
        /// The ids it does hold.
        available: Vec<String>,
    },
    /// The plug-in could not be created.
    #[error("{}: plug-in `{id}` could not be created: {reason}", path.display())]
    Create {
        /// The library file.
        path: PathBuf,
        /// The plug-in's id.
        id: String,
        /// Which call failed.
        reason: String,
    },
    /// The plug-in answered a request with a refusal.
    #[error("plug-in `{id}` refused to {step}: {reason}")]
    Refused {
        /// The plug-in's id.
        id: String,
        /// What it was asked to do.
        step: &'static str,
        /// What it answered.
        reason: String,
    },
    /// A call at the wrong time, such as `process` before `activate`.
    #[error("cannot {step} now: the plug-in must be {needs} first")]
    WrongMoment {
        /// What was asked for.
        step: &'static str,
        /// The state it needs.
        needs: &'static str,
    },
    /// A block, layout or value that does not fit the plug-in; nothing was processed.
    #[error("{what}: expected {expected}, got {got}")]
    BadArgument {
        /// Which argument.
        what: String,
        /// What fits.
        expected: String,
        /// What was given.
        got: String,
    },
    /// A window for an editor could not be shown.
    #[error("no window for the editor: {reason}")]
    Window {
        /// What the display, or the way to it, answered.
        reason: String,
    },
    /// The plug-in, or this platform, does not have what was asked for.
    #[error("plug-in `{id}` has no {what}")]
    Unsupported {
        /// The plug-in's id.
        id: String,
        /// The missing thing.
        what: &'static str,
    },
}

fn list(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}
