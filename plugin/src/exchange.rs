//! Snapshots on their way from the audio thread to the editor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dendrite_engine::Snapshot;
use parking_lot::Mutex;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::meter::CpuMeter;

/// Snapshots that the ring holds: 2.7 s, more than an editor that draws at all ever leaves waiting.
const CAPACITY: usize = 128;

/// A snapshot with the clock that its sample number belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// What the engine knows.
    pub snapshot: Snapshot,
    /// Host samples per second.
    pub sample_rate: f32,
    /// Counts resets of the engine: sample numbers of different epochs are not comparable.
    pub epoch: u32,
}

/// The audio thread's end. It lives as long as the plug-in, across activations, so that an open editor never loses its end.
pub struct Publisher {
    ring: Producer<Published>,
    shared: Arc<Shared>,
    sample_rate: f32,
    epoch: u32,
}

/// What the editor reads besides the ring: plain values, each alone enough for a reading, so relaxed atomics suffice.
#[derive(Debug, Default)]
pub struct Shared {
    /// Load of the audio thread.
    pub meter: CpuMeter,
    /// Whether the sidechain is what is heard.
    hears_sidechain: AtomicBool,
    /// Whether the engine has panicked and is not called any more.
    stopped: AtomicBool,
    /// Events that the host has refused.
    refused_events: AtomicU64,
}

impl Shared {
    /// Called by the audio thread with each block. Does not allocate.
    pub fn block(&self, hears_sidechain: bool, stopped: bool, refused_events: u64) {
        self.hears_sidechain.store(hears_sidechain, Ordering::Relaxed);
        self.stopped.store(stopped, Ordering::Relaxed);
        self.refused_events.store(refused_events, Ordering::Relaxed);
    }

    /// Whether the sidechain is what is heard.
    pub fn hears_sidechain(&self) -> bool {
        self.hears_sidechain.load(Ordering::Relaxed)
    }

    /// Whether the engine has panicked and is not called any more.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Events that the host has refused so far.
    pub fn refused_events(&self) -> u64 {
        self.refused_events.load(Ordering::Relaxed)
    }
}

/// The editor's end, from which each window gets one of its own.
#[derive(Clone)]
pub struct Subscriber {
    /// The lock is between successive windows only: one is closing while the next opens.
    ring: Arc<Mutex<Consumer<Published>>>,
    /// Meter and source.
    shared: Arc<Shared>,
}

/// One window's end.
pub struct Reader {
    ring: Arc<Mutex<Consumer<Published>>>,
    /// Meter and source.
    pub shared: Arc<Shared>,
    /// Whether it has read: what waits before is what an earlier window has left, or the oldest that came since.
    reads: bool,
}

/// The two ends.
pub fn channel() -> (Publisher, Subscriber) {
    let (producer, consumer) = RingBuffer::new(CAPACITY);
    let shared = Arc::new(Shared::default());
    (
        Publisher { ring: producer, shared: shared.clone(), sample_rate: 48_000.0, epoch: 0 },
        Subscriber { ring: Arc::new(Mutex::new(consumer)), shared },
    )
}

impl Publisher {
    /// Starts a new epoch: the engine's sample count begins anew. Does not allocate.
    pub fn restart(&mut self, sample_rate: f32) {
        self.sample_rate = sample_rate;
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// Publishes a snapshot; with no editor reading, the ring is full and the snapshot is dropped. Does not allocate.
    pub fn publish(&mut self, snapshot: &Snapshot) {
        let published = Published { snapshot: *snapshot, sample_rate: self.sample_rate, epoch: self.epoch };
        // A full ring is the normal case while no editor is open.
        let _ = self.ring.push(published);
    }

    /// Meter and source.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Subscriber {
    /// The end of a window that opens.
    pub fn reader(&self) -> Reader {
        Reader { ring: self.ring.clone(), shared: self.shared.clone(), reads: false }
    }
}

impl Reader {
    /// Hands every waiting snapshot to `take`, oldest first. The first time they are thrown away instead: they are of a time
    /// before the window.
    pub fn drain(&mut self, mut take: impl FnMut(&Published)) {
        let current = std::mem::replace(&mut self.reads, true);
        let mut ring = self.ring.lock();
        while let Ok(published) = ring.pop() {
            if current {
                take(&published);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dendrite_engine::{Engine, Settings, Transport};

    use super::*;

    /// Lets the engine hear some hops and publishes them.
    fn hear(engine: &mut Engine, publisher: &mut Publisher, hops: usize) {
        for _ in 0..hops {
            let mut publish = |snapshot: &Snapshot| publisher.publish(snapshot);
            engine.process(&[], 1024, &Transport::default(), &Settings::default(), &mut publish);
        }
    }

    /// The samples of what waits.
    fn waiting(reader: &mut Reader) -> Vec<u64> {
        let mut samples = Vec::new();
        reader.drain(|published| samples.push(published.snapshot.sample));
        samples
    }

    #[test]
    fn a_window_sees_nothing_of_the_time_before_it() {
        let (mut publisher, subscriber) = channel();
        let mut engine = Engine::new(48_000).expect("a rate that is heard");
        for hops in [1, 2 * CAPACITY] {
            hear(&mut engine, &mut publisher, hops);
            let mut reader = subscriber.reader();
            assert!(waiting(&mut reader).is_empty(), "{hops} hops before the window");
            for _ in 0..3 {
                let heard = engine.position();
                hear(&mut engine, &mut publisher, 2);
                assert_eq!(waiting(&mut reader), [heard + 1024, heard + 2048]);
            }
        }
    }
}
