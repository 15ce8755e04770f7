//! One live stream's engine, on its own thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::Message;
use dendrite_engine::{Engine, Networks, Settings, Snapshot, Transport};
use dendrite_julia::Look;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::message::{Hop, Ready, Refusal, Wish};
use super::picture::Pictures;
use crate::library;
use crate::state::App;

/// Time between two pictures while no sound comes.
const IDLE_PICTURE: Duration = Duration::from_millis(33);
/// Without sound for so long, idle motion sets in.
const IDLE_AFTER: Duration = Duration::from_millis(600);
/// Samples that are processed at a time, so that a snapshot is not kept behind a long message.
const BLOCK: usize = 1_024;

/// What comes from the socket.
#[derive(Debug)]
pub enum Input {
    /// A text message.
    Wish(Wish),
    /// Samples, f32 little endian.
    Sound(Bytes),
}

/// A stream's end, as the text of the last message.
pub struct Ended(String);

/// One stream.
pub struct Session {
    app: Arc<App>,
    out: mpsc::Sender<Message>,
    engine: Option<Engine>,
    models: Vec<String>,
    settings: Settings,
    look: Look,
    pictures: Option<Pictures>,
    hops: u64,
    hop_s: f64,
    samples: Vec<f32>,
    last_sound: Option<Instant>,
    last_picture: Instant,
}

impl Session {
    /// Runs until the socket is closed. Blocks.
    pub fn run(app: Arc<App>, handle: &Handle, mut input: mpsc::Receiver<Input>, out: mpsc::Sender<Message>) {
        let mut session = Self {
            app,
            out,
            engine: None,
            models: Vec::new(),
            settings: Settings::default(),
            look: Look::default(),
            pictures: None,
            hops: 0,
            hop_s: 1_024.0 / 48_000.0,
            samples: Vec::new(),
            last_sound: None,
            last_picture: Instant::now(),
        };
        loop {
            let next = handle.block_on(async { tokio::time::timeout(IDLE_PICTURE, input.recv()).await });
            let done = match next {
                Ok(None) => return,
                Ok(Some(Input::Wish(wish))) => session.take(wish),
                Ok(Some(Input::Sound(bytes))) => session.hear(&bytes),
                Err(_) => session.rest(),
            };
            if let Err(Ended(reason)) = done {
                let text = serde_json::to_string(&Refusal::new(&reason)).unwrap_or_default();
                // The socket may be closed already.
                let _ = session.out.blocking_send(Message::text(text));
                let _ = session.out.blocking_send(Message::Close(None));
                return;
            }
        }
    }

    fn take(&mut self, wish: Wish) -> Result<(), Ended> {
        if self.engine.is_none() && wish.sample_rate.is_none() {
            return Err(Ended("the first message needs sample_rate".to_owned()));
        }
        if let Some(gain) = wish.sensitivity_db {
            self.settings.sensitivity_db = gain;
        }
        match wish.picture {
            Some(true) if self.pictures.is_none() => self.pictures = Some(Pictures::new()),
            Some(false) => self.pictures = None,
            _ => {}
        }
        if let Some(name) = &wish.preset {
            let preset = dendrite_presets::find(name).map_err(|error| Ended(error.to_string()))?;
            preset.apply(&mut self.settings, &mut self.look);
        }
        if let Some(look) = wish.look {
            look.apply(&mut self.look);
        }
        if let Some(pictures) = &mut self.pictures {
            pictures.look = self.look;
        }
        let other_models = wish.models.as_ref().is_some_and(|models| *models != self.models);
        if wish.sample_rate.is_none() && !other_models {
            return Ok(());
        }
        self.models = wish.models.unwrap_or_else(|| std::mem::take(&mut self.models));
        let set = library::choose(&self.app, &self.models).map_err(|failure| Ended(failure.error))?;
        let networks = Networks::new(set);
        match (wish.sample_rate, &mut self.engine) {
            (None, Some(engine)) => {
                // The old ones are freed here; this is no audio thread.
                drop(engine.install(networks));
            }
            (rate, _) => {
                let rate = rate.unwrap_or_default();
                let mut engine = Engine::new(rate).map_err(|error| Ended(format!("sample_rate: {error}")))?;
                drop(engine.install(networks));
                self.engine = Some(engine);
            }
        }
        self.hops = 0;
        let Some(engine) = &self.engine else { return Ok(()) };
        let status = dendrite_pipeline::ModelKind::ALL.map(|kind| engine.networks().set().status(kind));
        let ready = Ready::new(engine.picture_delay_samples(), engine.host_rate(), status);
        self.send(text(&ready))
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let Some(mut engine) = self.engine.take() else {
            return Err(Ended("the first message must be JSON with sample_rate".to_owned()));
        };
        if !bytes.len().is_multiple_of(4) {
            return Err(Ended(format!("sound: expected whole f32 samples, found {} bytes", bytes.len())));
        }
        self.last_sound = Some(Instant::now());
        let rate = engine.host_rate();
        let mut samples = std::mem::take(&mut self.samples);
        samples.clear();
        samples.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        let mut done = Ok(());
        for block in samples.chunks(BLOCK) {
            // At most one snapshot per block at 48 kHz, several at lower rates.
            let mut snapshots: Vec<Snapshot> = Vec::new();
            let mut collect = |snapshot: &Snapshot| snapshots.push(*snapshot);
            engine.process(&[block], block.len(), &Transport::default(), &self.settings, &mut collect);
            done = snapshots.iter().try_for_each(|snapshot| self.tell(snapshot, rate));
            if done.is_err() {
                break;
            }
        }
        self.samples = samples;
        self.engine = Some(engine);
        done
    }

    fn tell(&mut self, snapshot: &Snapshot, rate: u32) -> Result<(), Ended> {
        self.send(text(&Hop::new(self.hops, snapshot, rate)))?;
        self.hops += 1;
        let Some(pictures) = &mut self.pictures else { return Ok(()) };
        let picture = pictures.next(Some(snapshot), self.hop_s);
        self.last_picture = Instant::now();
        self.send(Message::binary(picture))
    }

    /// No sound came: the picture goes on, slowly.
    fn rest(&mut self) -> Result<(), Ended> {
        let waiting = self.last_sound.is_some_and(|last| last.elapsed() < IDLE_AFTER);
        let (Some(pictures), false, true) = (&mut self.pictures, waiting, self.engine.is_some()) else {
            return Ok(());
        };
        let elapsed_s = self.last_picture.elapsed().as_secs_f64().min(0.1);
        self.last_picture = Instant::now();
        let picture = pictures.next(None, elapsed_s);
        self.send(Message::binary(picture))
    }

    fn send(&self, message: Message) -> Result<(), Ended> {
        // The client has gone; the input ends as well.
        self.out.blocking_send(message).map_err(|_| Ended("closed".to_owned()))
    }
}

fn text(value: &impl serde::Serialize) -> Message {
    Message::text(serde_json::to_string(value).unwrap_or_default())
}
