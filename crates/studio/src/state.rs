//! What all requests share.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::folder::Folder;
use crate::options::Limits;
use crate::train::Trainer;

/// One studio's state.
#[derive(Debug)]
pub struct App {
    /// The data folder; the trainer writes to it from its own thread.
    pub folder: Arc<Folder>,
    /// Models that stand before those that are built in.
    pub models: Option<PathBuf>,
    /// What clients may use up.
    pub limits: Limits,
    /// The one who trains.
    pub trainer: Trainer,
    /// A permit for each live stream that may still be opened.
    pub streams: Arc<Semaphore>,
}
