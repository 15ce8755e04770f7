//! The player: song after song, the picture of the moment that is heard, and the keys.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dendrite_julia::flash::FlashLimiter;
use dendrite_julia::{Framing, Look, Scene};
use dendrite_offline::Options;
use winit::application::ApplicationHandler;
use winit::event::{ElementState, KeyEvent, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow};
use winit::keyboard::{Key, NamedKey};
use winit::window::WindowId;

use crate::show::Show;
use crate::sound::Sound;
use crate::surface::{Place, Surface};

/// Seconds that the arrow keys go.
const SEEK_S: f64 = 5.0;
/// How much sooner than the screen the next picture is begun, where it does not wait by itself.
const LEAD: Duration = Duration::from_millis(2);

/// What is to be played, and how.
pub struct Wishes {
    /// The songs in their order.
    pub songs: Vec<PathBuf>,
    /// How they are heard.
    pub options: Options,
    /// How they are seen.
    pub look: Look,
    /// Size of the window.
    pub size: [u32; 2],
    /// Its place.
    pub place: Place,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Command {
    Pause,
    Seek(f64),
    Next,
    Fullscreen,
    Hold,
    Quit,
}

/// The song that plays.
struct Playing {
    title: String,
    show: Show,
    path: PathBuf,
}

/// Plays in a window.
pub struct Player {
    wishes: Wishes,
    sound: Sound,
    surface: Option<Surface>,
    playing: Option<Playing>,
    /// Songs that have been begun or could not be.
    begun: usize,
    failed: usize,
    paused: bool,
    held: bool,
    /// The picture that was shown last, before it was fitted to the window.
    shown: Scene,
    limiter: FlashLimiter,
    /// The limiter counts by the time in which pictures are seen, which never goes back.
    started: Instant,
    /// When the last picture was begun.
    last: Instant,
    title: String,
    error: Option<anyhow::Error>,
}

impl Player {
    /// Nothing happens before the window system says that it is ready.
    pub fn new(wishes: Wishes, sound: Sound) -> Self {
        let now = Instant::now();
        Self {
            wishes,
            sound,
            surface: None,
            playing: None,
            begun: 0,
            failed: 0,
            paused: false,
            held: false,
            shown: Scene::default(),
            limiter: FlashLimiter::new(),
            started: now,
            last: now,
            title: String::new(),
            error: None,
        }
    }

    /// How it went: whether every song could be played.
    ///
    /// # Errors
    /// What ended it.
    pub fn result(self) -> Result<bool> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.failed == 0),
        }
    }

    /// Begins the next song that can be played; false if there is none.
    fn next_song(&mut self) -> bool {
        self.playing = None;
        while let Some(path) = self.wishes.songs.get(self.begun) {
            self.begun += 1;
            match Show::open(path, &self.wishes.options, self.wishes.look) {
                Ok(show) => {
                    self.sound.play(path, 0.0);
                    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    self.playing = Some(Playing { title, show, path: path.clone() });
                    return true;
                }
                Err(error) => {
                    eprintln!("error: {error}");
                    self.failed += 1;
                }
            }
        }
        false
    }

    /// Shows the moment that is heard; false when everything has been played.
    fn picture(&mut self) -> Result<bool> {
        let now = Instant::now();
        self.last = now;
        let time_s = self.sound.time_s();
        let Some(playing) = &mut self.playing else { return Ok(false) };
        match playing.show.scene(time_s) {
            Ok(Some(scene)) if !self.held => {
                let at_s = now.duration_since(self.started).as_secs_f64();
                let limited = self.wishes.look.flash_limit;
                self.shown = if limited { self.limiter.limit(&scene, at_s) } else { scene };
            }
            Ok(_) => {}
            Err(error) => {
                eprintln!("error: {error}");
                self.failed += 1;
                return Ok(self.next_song());
            }
        }
        let over = playing.show.is_over(time_s);
        let title = title(playing, time_s, self.paused);
        if let Some(surface) = &mut self.surface {
            if title != self.title {
                surface.window().set_title(&title);
                self.title = title;
            }
            let fitted = Framing::of(surface.size()).fit(self.shown);
            surface.show(&fitted)?;
        }
        Ok(!over || self.next_song())
    }

    fn obey(&mut self, command: Command, events: &ActiveEventLoop) {
        match command {
            Command::Pause => {
                self.paused = !self.paused;
                self.sound.pause(self.paused);
            }
            Command::Seek(by_s) => {
                let to_s = (self.sound.time_s() + by_s).max(0.0);
                if let Some(playing) = &self.playing {
                    self.sound.play(&playing.path, to_s);
                }
            }
            Command::Next => {
                if !self.next_song() {
                    events.exit();
                }
            }
            Command::Fullscreen => {
                if let Some(surface) = &self.surface {
                    surface.toggle_fullscreen();
                }
            }
            Command::Hold => self.held = !self.held,
            Command::Quit => events.exit(),
        }
    }

    fn end(&mut self, error: anyhow::Error, events: &ActiveEventLoop) {
        self.error = Some(error);
        events.exit();
    }
}

impl ApplicationHandler for Player {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.surface.is_some() {
            return;
        }
        let Wishes { size, place, songs, .. } = &self.wishes;
        let first = songs.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
        let name = first.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match Surface::open(events, &name, *size, *place).context("opening the window") {
            Ok(surface) => {
                surface.window().set_cursor_visible(*place == Place::Window);
                self.surface = Some(surface);
            }
            Err(error) => return self.end(error, events),
        }
        if !self.next_song() {
            events.exit();
        }
    }

    fn new_events(&mut self, _: &ActiveEventLoop, cause: StartCause) {
        if let (StartCause::ResumeTimeReached { .. }, Some(surface)) = (cause, &self.surface) {
            surface.window().request_redraw();
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => events.exit(),
            WindowEvent::Resized(_) => {
                if let Some(surface) = &self.surface {
                    surface.resized();
                    surface.window().request_redraw();
                }
            }
            WindowEvent::KeyboardInput { event, .. } => {
                if let Some(command) = command(&event) {
                    self.obey(command, events);
                }
            }
            WindowEvent::RedrawRequested => match self.picture() {
                Ok(true) => {}
                Ok(false) => events.exit(),
                Err(error) => self.end(error, events),
            },
            _ => {}
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        let Some(surface) = &self.surface else { return };
        let interval = Duration::from_secs_f64(surface.interval_s());
        events.set_control_flow(ControlFlow::WaitUntil(self.last + interval.saturating_sub(LEAD)));
    }
}

/// What a key that goes down asks for.
fn command(event: &KeyEvent) -> Option<Command> {
    if event.state != ElementState::Pressed {
        return None;
    }
    let command = meaning(&event.logical_key)?;
    // A key that is held down goes on seeking, and does nothing else again and again.
    (!event.repeat || matches!(command, Command::Seek(_))).then_some(command)
}

fn meaning(key: &Key) -> Option<Command> {
    match key {
        Key::Named(NamedKey::Space) => Some(Command::Pause),
        Key::Named(NamedKey::ArrowLeft) => Some(Command::Seek(-SEEK_S)),
        Key::Named(NamedKey::ArrowRight) => Some(Command::Seek(SEEK_S)),
        Key::Named(NamedKey::Escape) => Some(Command::Quit),
        Key::Character(text) => match text.to_lowercase().as_str() {
            " " => Some(Command::Pause),
            "n" => Some(Command::Next),
            "f" => Some(Command::Fullscreen),
            "p" => Some(Command::Hold),
            "q" => Some(Command::Quit),
            _ => None,
        },
        _ => None,
    }
}

/// Song and time, for the title of the window.
fn title(playing: &Playing, time_s: f64, paused: bool) -> String {
    let clock = |seconds: f64| {
        let seconds = seconds.max(0.0) as u64;
        match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
            (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
        }
    };
    let of = playing.show.duration_s().map(|duration_s| format!(" / {}", clock(duration_s)));
    let paused = if paused { ", paused" } else { "" };
    format!("{} - {}{}{paused} - Dendrite", playing.title, clock(time_s), of.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_says() {
        for (key, meant) in [
            (Key::Named(NamedKey::Space), Some(Command::Pause)),
            (Key::Character("F".into()), Some(Command::Fullscreen)),
            (Key::Character("p".into()), Some(Command::Hold)),
            (Key::Named(NamedKey::ArrowLeft), Some(Command::Seek(-5.0))),
            (Key::Named(NamedKey::ArrowRight), Some(Command::Seek(5.0))),
            (Key::Character("x".into()), None),
        ] {
            assert_eq!(meaning(&key), meant, "{key:?}");
        }
    }
}
