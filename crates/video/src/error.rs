//! Why there is no video.

use std::io;
use std::path::{Path, PathBuf};

/// Why a song could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The song cannot be heard.
    #[error(transparent)]
    Listen(#[from] dendrite_offline::Error),
    /// A file cannot be written or read: the disk is full, the folder is read-only ...
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The size is odd, too small or too large.
    #[error("a picture of {width} x {height} pixels cannot be encoded: {reason}")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// What sizes can be.
        reason: &'static str,
    },
    /// There is nothing between start and end.
    #[error("the song has {duration_s:.2} s, and the video starts at {start_s:.2} s: start earlier")]
    StartsBehindEnd {
        /// Duration of the song in seconds.
        duration_s: f64,
        /// Where the video shall start.
        start_s: f64,
    },
    /// An encoder gave up.
    #[error("{encoder}: {reason}")]
    Encoder {
        /// Its name.
        encoder: &'static str,
        /// What it said.
        reason: String,
    },
    /// ffmpeg is wanted and not there.
    #[error(
        "ffmpeg with libx264 is not on the PATH; install it, or leave --encoder out to use what is built in"
    )]
    NoFfmpeg,
    /// The folder holds frames of other settings.
    #[error(
        "{}: the frames in this folder were made with other settings; name another folder, or leave --resume out to \
         draw them all again", path.display()
    )]
    OtherFrames {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds frames of something else.
    #[error("{}: there are frames in this folder that were not made here; name another folder", path.display())]
    ForeignFrames {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl From<dendrite_audio::ReadError> for Error {
    fn from(error: dendrite_audio::ReadError) -> Self {
        Error::Listen(error.into())
    }
}

impl Error {
    /// An error of the file system with its file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        |problem| Error::File { path, problem }
    }
}
