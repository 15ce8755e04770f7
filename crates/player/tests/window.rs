//! The program in a window of its own screen: it shows pictures that move with the song, obeys keys, and ends with it. `cargo
//! xtask setup` installs what this needs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dendrite_tests::display::{Picture, Screen};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MapState,
    Window as WindowId,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// How long anything may take that depends on the speed of a renderer in software on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Keysyms (X11/keysymdef.h).
const SPACE: u32 = 0x20;
const RIGHT: u32 = 0xFF53;

/// Writes a song: chords and beats, 22.05 kHz, mono.
fn song(folder: &Path, name: &str, seconds: f64) -> PathBuf {
    const RATE: u32 = 22_050;
    let count = (seconds * f64::from(RATE)) as usize;
    let samples = (0..count).flat_map(|n| {
        let t = n as f64 / f64::from(RATE);
        let tone = |f: f64| (t * f * std::f64::consts::TAU).sin();
        let beat = (-(t % 0.5) * 40.0).exp() * tone(90.0);
        let sound = 0.1 * (tone(220.0) + tone(277.18) + tone(329.63)) + 0.4 * beat;
        ((sound * 32_767.0) as i16).to_le_bytes()
    });
    // The 44 bytes of a plain WAV header.
    let length = count as u32 * 2;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend([RATE, RATE * 2].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples);
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The running program, and its screen.
struct Stage {
    program: Child,
    connection: RustConnection,
    root: WindowId,
    // Last, so that the program does not lose its screen before it is ended.
    _screen: Screen,
}

impl Stage {
    fn start<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Self {
        let screen = Screen::start();
        let (connection, number) = x11rb::connect(Some(screen.name())).unwrap();
        let root = connection.setup().roots[number].root;
        let program = Command::new(env!("CARGO_BIN_EXE_dendrite-play"))
            .args(arguments)
            .args(["--size", "160x96"])
            .env("DISPLAY", screen.name())
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DENDRITE_MODELS")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { program, connection, root, _screen: screen }
    }

    /// The program's window and its title, once it is to be seen.
    fn window(&mut self) -> (WindowId, String) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let tree = self.connection.query_tree(self.root).unwrap().reply().unwrap();
            for window in tree.children {
                // It may go at any time.
                let Ok(attributes) = self.connection.get_window_attributes(window).unwrap().reply() else {
                    continue;
                };
                let title = self.title(window);
                if attributes.map_state == MapState::VIEWABLE && title.contains("Dendrite") {
                    return (window, title);
                }
            }
            if let Some(status) = self.program.try_wait().unwrap() {
                panic!("it ended with {status}: {}", self.complaints());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("there is no window");
    }

    fn title(&self, window: WindowId) -> String {
        let name = self.connection.intern_atom(false, b"_NET_WM_NAME").unwrap().reply().unwrap().atom;
        let property = self.connection.get_property(false, window, name, AtomEnum::ANY, 0, 1_024).unwrap();
        property.reply().map(|text| String::from_utf8_lossy(&text.value).into_owned()).unwrap_or_default()
    }

    /// What the window shows; `None` if it has gone.
    fn picture(&self, window: WindowId) -> Option<Picture> {
        let size = self.connection.get_geometry(window).unwrap().reply().ok()?;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX)
            .unwrap()
            .reply()
            .ok()?;
        // Xvfb's pixels at depths 24 and 32 are four bytes: blue, green, red, unused.
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Some(Picture { width: u32::from(size.width), height: u32::from(size.height), rgb })
    }

    /// Waits for a picture that meets a condition.
    fn wait_for(&mut self, what: &str, mut condition: impl FnMut(&Picture) -> bool) -> Picture {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let (window, _) = self.window();
            if let Some(picture) = self.picture(window)
                && condition(&picture)
            {
                return picture;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not {what}");
    }

    /// Presses and lets go of a key.
    fn key(&mut self, keysym: u32) {
        let (window, _) = self.window();
        let setup = self.connection.setup();
        let count = setup.max_keycode - setup.min_keycode + 1;
        let map = self.connection.get_keyboard_mapping(setup.min_keycode, count).unwrap().reply().unwrap();
        let per_key = usize::from(map.keysyms_per_keycode).max(1);
        let place = map.keysyms.iter().position(|other| *other == keysym).expect("the keyboard has the key");
        let keycode = setup.min_keycode + (place / per_key) as u8;
        // There is no window manager that would give it the keyboard.
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
        for event in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection
                .xtest_fake_input(event, keycode, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)
                .unwrap();
            self.connection.sync().unwrap();
        }
    }

    /// Waits for the title to contain a text.
    fn wait_for_title(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, title) = self.window();
            if title.contains(text) {
                return;
            }
            assert!(Instant::now() < deadline, "{title:?} and not {text:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end; the exit code and what it complained about.
    fn end(&mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.program.try_wait().unwrap() {
                return (status.code(), self.complaints());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }

    fn complaints(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.program.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
        }
        text
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It has usually ended.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn the_picture_moves_while_the_songs_play_and_it_ends_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (song(folder.path(), "One.wav", 3.0), song(folder.path(), "Two.wav", 3.0));
    let mut stage = Stage::start(&[first.as_os_str(), second.as_os_str(), "--no-sound".as_ref()]);
    stage.wait_for_title("One - 0:0");
    let before = stage.wait_for("a picture", |picture| picture.colours() > 50);
    assert_eq!((before.width, before.height), (160, 96));
    stage.wait_for("another picture", |picture| picture.difference(&before) > 0.02);
    stage.wait_for_title("Two - 0:0");
    assert_eq!(stage.end(), (Some(0), String::new()));
}

#[test]
fn keys_pause_jump_hold_and_quit() {
    let folder = tempfile::tempdir().unwrap();
    let song = song(folder.path(), "Song.wav", 600.0);
    let mut stage = Stage::start(&[song.as_os_str(), "--no-sound".as_ref()]);
    stage.wait_for("a picture", |picture| picture.colours() > 50);
    for _ in 0..13 {
        stage.key(RIGHT);
    }
    stage.wait_for_title("Song - 1:");
    stage.key(SPACE);
    stage.wait_for_title(", paused");
    // What it is on the way to is soon there, and then nothing moves.
    let mut still = stage.wait_for("a picture", |_| true);
    let deadline = Instant::now() + PATIENCE;
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let later = stage.wait_for("a picture", |_| true);
        if later == still {
            break;
        }
        still = later;
        assert!(Instant::now() < deadline, "the picture moves though it is paused");
    }
    stage.key(u32::from('q'));
    assert_eq!(stage.end(), (Some(0), String::new()));
}

#[test]
fn it_fills_a_display() {
    let folder = tempfile::tempdir().unwrap();
    let song = song(folder.path(), "Song.wav", 600.0);
    let mut stage =
        Stage::start(&[song.as_os_str(), "--no-sound".as_ref(), "--display".as_ref(), "1".as_ref()]);
    let full = stage.wait_for("over the whole screen", |picture| picture.width == 1_920);
    assert_eq!(full.height, 1_200);
    stage.key(u32::from('q'));
    assert_eq!(stage.end(), (Some(0), String::new()));
}

#[test]
fn without_a_sound_device_it_says_so_and_goes_on_and_without_a_song_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let song = song(folder.path(), "Song.wav", 0.5);
    let missing = folder.path().join("missing.wav");
    let mut stage = Stage::start(&[missing.as_os_str(), song.as_os_str()]);
    let (code, text) = stage.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("missing.wav"), "{text}");
    // Machines that run tests have no sound device, others may.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("missing.wav")).collect();
    assert!(lines.iter().all(|line| line.contains("no sound") || line.contains("ALSA")), "{text}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let song = song(folder.path(), "Song.wav", 0.5);
    let mut stage =
        Stage::start(&[song.as_os_str(), "--no-sound".as_ref(), "--display".as_ref(), "7".as_ref()]);
    let (code, text) = stage.end();
    assert!(code == Some(1) && text.contains("no display 7") && text.contains("1920x1200"), "{text}");
    let output = Command::new(env!("CARGO_BIN_EXE_dendrite-play"))
        .arg(&song)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && text.contains("no screen"), "{text}");
}
