//! What the studio is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Where the studio listens, keeps its files and finds its models.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on. Anything but a loopback address needs [`allow_remote`](Self::allow_remote).
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Whether other machines may ask. They need the token that stands in [`Studio::url`](crate::Studio::url).
    pub allow_remote: bool,
    /// Everything that is uploaded or trained is stored below this folder.
    pub data_dir: PathBuf,
    /// A folder of models that stand before those that are built in.
    pub models: Option<PathBuf>,
    /// The program that trains; without it, [`find_program`](crate::find_program) looks for it at each start of a job.
    pub trainer: Option<PathBuf>,
    /// What clients may use up.
    pub limits: Limits,
}

impl Default for Options {
    /// This machine only, port 8000, `dendrite-studio` in the working folder.
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 8000,
            allow_remote: false,
            data_dir: PathBuf::from("dendrite-studio"),
            models: None,
            trainer: None,
            limits: Limits::default(),
        }
    }
}

/// What clients may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an uploaded model.
    pub model_bytes: u64,
    /// Bytes of an uploaded sound.
    pub audio_bytes: u64,
    /// Bytes of all uploaded sounds.
    pub all_audio_bytes: u64,
    /// Duration of an uploaded sound in seconds; training decodes it as a whole.
    pub audio_s: f64,
    /// Models, and sounds, that are kept.
    pub files: usize,
    /// Live streams at the same time.
    pub streams: usize,
    /// Time that the head of a request may take, and the longest pause within its body.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            model_bytes: 64 << 20,
            audio_bytes: 256 << 20,
            all_audio_bytes: 16 << 30,
            audio_s: 3_600.0,
            files: 1_000,
            streams: 32,
            patience: Duration::from_secs(20),
        }
    }
}
