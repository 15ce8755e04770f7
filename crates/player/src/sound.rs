//! The sound and its time: a sound device, or a clock in its place.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig};
use rtrb::{Consumer, RingBuffer};

use crate::feed::{self, Order, PIECE, Piece};

/// Pieces that are decoded ahead: a third of a second at 48 kHz.
const AHEAD: usize = 64;
/// A device that does not start within this is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// What plays, or counts as if it did.
pub enum Sound {
    /// The system's default output.
    Device(Device),
    /// Nothing is heard.
    Silent(Clock),
}

impl Sound {
    /// Plays a song from a time on.
    pub fn play(&mut self, song: &Path, from_s: f64) {
        match self {
            Sound::Device(device) => device.play(song, from_s),
            Sound::Silent(clock) => clock.play(from_s),
        }
    }

    /// Stops and goes on.
    pub fn pause(&mut self, paused: bool) {
        match self {
            Sound::Device(device) => device.shared.paused.store(paused, Ordering::Relaxed),
            Sound::Silent(clock) => clock.pause(paused),
        }
    }

    /// The time of the song, in seconds, that is heard now.
    pub fn time_s(&mut self) -> f64 {
        match self {
            Sound::Device(device) => device.time_s(),
            Sound::Silent(clock) => clock.time_s(),
        }
    }
}

/// A clock that can be stopped.
#[derive(Debug, Default)]
pub struct Clock {
    base_s: f64,
    /// When the base was; `None` while it stands.
    since: Option<Instant>,
    paused: bool,
}

impl Clock {
    fn play(&mut self, from_s: f64) {
        self.base_s = from_s;
        self.since = (!self.paused).then(Instant::now);
    }

    fn pause(&mut self, paused: bool) {
        self.base_s = self.time_s();
        self.paused = paused;
        self.since = (!paused).then(Instant::now);
    }

    fn time_s(&self) -> f64 {
        self.base_s + self.since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }
}

/// What the threads of a device share.
#[derive(Debug, Default)]
struct Shared {
    paused: AtomicBool,
    /// Number of the newest order: older pieces are not played any more.
    order: AtomicU32,
}

/// What is heard when, as the device's thread tells it.
#[derive(Clone, Copy, Debug)]
struct Heard {
    order: u32,
    time_s: f64,
    at: Instant,
    running: bool,
}

/// A sound device that plays what a thread of its own decodes.
pub struct Device {
    /// Plays as long as it is there.
    _stream: cpal::Stream,
    shared: Arc<Shared>,
    orders: Sender<Order>,
    heard: triple_buffer::Output<Heard>,
    order: u32,
    /// The time that was asked for, until it is heard, and then the last that was told.
    time_s: f64,
}

impl Device {
    /// Opens the system's default output.
    ///
    /// # Errors
    /// There is none, or it cannot be opened.
    pub fn open() -> Result<Self> {
        let device = cpal::default_host().default_output_device().context("there is no sound device")?;
        let config = device.default_output_config().context("the sound device does not answer")?;
        let format = config.sample_format();
        let config = StreamConfig::from(config);
        match format {
            SampleFormat::F32 => Self::start::<f32>(&device, config),
            SampleFormat::I16 => Self::start::<i16>(&device, config),
            SampleFormat::I32 => Self::start::<i32>(&device, config),
            SampleFormat::U16 => Self::start::<u16>(&device, config),
            other => bail!("the sound device wants samples as {other}, which are not written here"),
        }
    }

    fn start<T: SizedSample + FromSample<f32>>(device: &cpal::Device, config: StreamConfig) -> Result<Self> {
        let (rate, channels) = (config.sample_rate, usize::from(config.channels));
        let (pieces, consumer) = RingBuffer::new(AHEAD);
        let (orders, receiver) = channel();
        let shared = Arc::new(Shared::default());
        let nothing = Heard { order: 0, time_s: 0.0, at: Instant::now(), running: false };
        let (heard_in, heard) = triple_buffer::triple_buffer(&nothing);
        let mut voice = Voice {
            pieces: consumer,
            piece: None,
            place: 0,
            shared: shared.clone(),
            heard: heard_in,
            rate: f64::from(rate),
            time_s: 0.0,
            order: 0,
        };
        let stream = device
            .build_output_stream(
                config,
                move |out: &mut [T], info: &OutputCallbackInfo| voice.fill(out, channels, latency(info)),
                |problem| eprintln!("warning: sound: {problem}"),
                Some(PATIENCE),
            )
            .context("the sound device cannot be opened")?;
        stream.play().context("the sound device does not start")?;
        feed::start(rate, receiver, pieces).context("starting the thread that decodes")?;
        Ok(Self { _stream: stream, shared, orders, heard, order: 0, time_s: 0.0 })
    }

    fn play(&mut self, song: &Path, from_s: f64) {
        self.order = self.order.wrapping_add(1);
        self.time_s = from_s;
        self.shared.order.store(self.order, Ordering::Relaxed);
        // The thread ends with this end of the channel, not before.
        let _ = self.orders.send(Order { number: self.order, song: song.to_owned(), from_s });
    }

    fn time_s(&mut self) -> f64 {
        let heard = *self.heard.read();
        if heard.order == self.order {
            let since_s = match Instant::now().checked_duration_since(heard.at) {
                Some(since) => since.as_secs_f64(),
                None => -heard.at.duration_since(Instant::now()).as_secs_f64(),
            };
            let now_s = heard.time_s + if heard.running { since_s } else { 0.0 };
            // Callbacks come unevenly: a picture that went back by a millisecond would be seen to tremble.
            self.time_s = if heard.running { now_s.max(self.time_s) } else { self.time_s };
        }
        self.time_s
    }
}

/// How long after a callback its first sample is heard.
fn latency(info: &OutputCallbackInfo) -> Duration {
    let times = info.timestamp();
    times.playback.saturating_duration_since(times.callback)
}

/// The device's end.
struct Voice {
    pieces: Consumer<Piece>,
    piece: Option<Piece>,
    /// Pair of the piece that comes next.
    place: usize,
    shared: Arc<Shared>,
    heard: triple_buffer::Input<Heard>,
    rate: f64,
    /// The time in the song of what comes next, and the order that it belongs to.
    time_s: f64,
    order: u32,
}

impl Voice {
    /// Fills a block. Does not allocate or lock.
    fn fill<T: SizedSample + FromSample<f32>>(&mut self, out: &mut [T], channels: usize, latency: Duration) {
        let order = self.shared.order.load(Ordering::Relaxed);
        let paused = self.shared.paused.load(Ordering::Relaxed);
        let at = Instant::now() + latency;
        let mut first = None;
        for frame in out.chunks_mut(channels.max(1)) {
            let pair = if paused { None } else { self.next(order) };
            if pair.is_some() {
                // The time is that of the pair that has just been taken.
                first.get_or_insert(self.time_s - 1.0 / self.rate);
            }
            let [left, right] = pair.unwrap_or_default();
            match frame {
                [mono] => *mono = T::from_sample(0.5 * (left + right)),
                [a, b, others @ ..] => {
                    (*a, *b) = (T::from_sample(left), T::from_sample(right));
                    others.fill(T::EQUILIBRIUM);
                }
                [] => {}
            }
        }
        let running = first.is_some();
        self.heard.write(Heard { order: self.order, time_s: first.unwrap_or(self.time_s), at, running });
    }

    /// The next pair of an order, if it has been decoded.
    fn next(&mut self, order: u32) -> Option<[f32; 2]> {
        loop {
            match &self.piece {
                Some(piece) if piece.order == order && self.place < PIECE => break,
                _ => {
                    self.piece = Some(self.pieces.pop().ok()?);
                    self.place = 0;
                }
            }
        }
        let piece = self.piece.as_ref()?;
        let pair = [piece.pairs[self.place * 2], piece.pairs[self.place * 2 + 1]];
        self.place += 1;
        self.order = piece.order;
        self.time_s = piece.start_s + self.place as f64 / self.rate;
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_plays_what_was_ordered_last_and_says_when_it_is_heard() {
        let (mut pieces, consumer) = RingBuffer::new(8);
        let shared = Arc::new(Shared::default());
        let nothing = Heard { order: 0, time_s: 0.0, at: Instant::now(), running: false };
        let (heard_in, mut heard) = triple_buffer::triple_buffer(&nothing);
        let mut voice = Voice {
            pieces: consumer,
            piece: None,
            place: 0,
            shared: shared.clone(),
            heard: heard_in,
            rate: 1_000.0,
            time_s: 0.0,
            order: 0,
        };
        let mut push = |order, start_s, value| {
            pieces.push(Piece { order, start_s, pairs: [value; 2 * PIECE] }).expect("there is room");
        };
        push(1, 0.0, 0.1);
        push(1, PIECE as f64 / 1_000.0, 0.2);
        push(2, 5.0, 0.3);
        let later = Duration::from_millis(20);
        shared.order.store(1, Ordering::Relaxed);
        let mut out = [0.0_f32; 3 * 10];
        voice.fill(&mut out, 3, later);
        assert_eq!(out[..4], [0.1, 0.1, 0.0, 0.1]);
        let told = *heard.read();
        assert!(told.running && told.order == 1 && told.time_s.abs() < 1e-9 && told.at > Instant::now());
        // Paused, nothing is taken.
        shared.paused.store(true, Ordering::Relaxed);
        voice.fill(&mut out, 3, later);
        assert!(out.iter().all(|v| *v == 0.0) && !heard.read().running);
        shared.paused.store(false, Ordering::Relaxed);
        voice.fill(&mut out, 3, later);
        assert!((heard.read().time_s - 0.01).abs() < 1e-9);
        // A new order leaves out what is decoded of the old one.
        shared.order.store(2, Ordering::Relaxed);
        voice.fill(&mut out, 3, later);
        let told = *heard.read();
        assert!(out[0] == 0.3 && told.order == 2 && (told.time_s - 5.0).abs() < 1e-9);
        // And silence where nothing has been decoded yet.
        shared.order.store(3, Ordering::Relaxed);
        voice.fill(&mut out, 3, later);
        assert!(out.iter().all(|v| *v == 0.0) && !heard.read().running);
    }

    #[test]
    fn a_clock_stands_while_it_is_paused() {
        let mut clock = Clock::default();
        clock.play(3.0);
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.time_s() >= 3.005);
        clock.pause(true);
        let stood = clock.time_s();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.time_s(), stood);
        clock.play(1.0);
        assert_eq!(clock.time_s(), 1.0);
        clock.pause(false);
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.time_s() >= 1.005);
    }
}
