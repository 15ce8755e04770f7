//! Empties the framework's task queue before an instance can die.
//!
//! In VST3 the framework posts every parameter change from the audio thread to a worker that all instances share. A task that
//! is still queued when its instance dies ends the worker, and the next instance that is destroyed then aborts the host. So
//! `deactivate` posts a task of our own behind them and waits until it has run.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use nice_plug::prelude::*;

/// The framework's name for its worker. A host may deactivate us from there, when the worker has told it of a new latency;
/// waiting there would be waiting for ourselves.
const WORKER_THREAD: &str = "bg-worker";

/// A worker that takes longer than this is stuck, and waiting does not help.
const LIMIT: Duration = Duration::from_secs(2);

/// How long the worker may need, after our task has run, to let go of the instance. If the host destroyed the instance
/// in between, the worker would be the last to hold it and would have to join itself. There is nothing to wait on, so this
/// is generous: it takes well under a microsecond.
const LET_GO: Duration = Duration::from_millis(2);

/// The task that is posted.
#[derive(Debug)]
pub struct Fence(SyncSender<()>);

impl Fence {
    /// Runs on the worker: everything that was queued before has run.
    pub fn pass(self) {
        // Nobody waits any more if it took too long; then there is nobody to tell.
        let _ = self.0.try_send(());
    }
}

/// Waits until all tasks that were posted so far have run. Main thread only.
pub fn drain<P>(executor: &AsyncExecutor<P>)
where
    P: Plugin<BackgroundTask = Fence>,
{
    if std::thread::current().name() == Some(WORKER_THREAD) {
        return;
    }
    let (sender, passed): (_, Receiver<()>) = sync_channel(1);
    executor.execute_background(Fence(sender));
    if passed.recv_timeout(LIMIT).is_err() {
        nice_error!("The framework's worker thread does not answer");
    }
    std::thread::sleep(LET_GO);
}
