//! A screen of its own for the tests of the editor: an X server without hardware, a window, and what is to be seen there.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use dendrite_host::HostWindow;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConfigureWindowAux,
    ConnectionExt, EventMask, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, KeyButMask, KeyPressEvent,
    MOTION_NOTIFY_EVENT, PropMode, Window as WindowId,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A running X server, which ends with the value.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    /// Starts the server on a free display, with a screen of 1920 x 1200 pixels.
    ///
    /// # Panics
    /// If there is no Xvfb, or it does not start.
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("Xvfb cannot be started ({error}); install xvfb"));
        let answer = server.stdout.take().expect("it was asked for");
        let mut number = String::new();
        // The server writes its number when it is ready, and nothing if it ends before.
        BufReader::new(answer).read_line(&mut number).expect("a pipe can be read");
        assert!(!number.trim().is_empty(), "Xvfb did not start: {:?}", server.wait());
        Self { server, name: format!(":{}", number.trim()) }
    }

    /// What the environment variable `DISPLAY` is to be.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it here.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A window as a host makes it for an editor, on the display that `DISPLAY` names.
#[derive(Debug)]
pub struct Window(HostWindow);

impl Window {
    /// Shows a window of a size in pixels.
    ///
    /// # Panics
    /// If there is no display.
    pub fn show(width: u32, height: u32) -> Self {
        Self(HostWindow::show(width, height).expect("the display of the test is there"))
    }

    /// The id that a plug-in gets.
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    fn connection(&self) -> &RustConnection {
        self.0.connection()
    }

    /// Gives the window another size.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn resize(&self, width: u32, height: u32) {
        self.0.resize(width, height).expect("the display is connected");
    }

    /// Moves the window's left edge to another column of the screen. Pictures need it to be covered by none, and the mouse acts in
    /// a window at the left edge of the screen only.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn move_to(&self, left: u32) {
        let place = ConfigureWindowAux::new().x(i32::try_from(left).expect("a screen is not so wide"));
        self.connection()
            .configure_window(self.0.id() as WindowId, &place)
            .expect("the display is connected");
        self.connection().sync().expect("the display is connected");
    }

    /// Sets the resolution that the display's resources name, from which windows that open later take their scale factor: 96 is
    /// scale factor 1.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn set_resolution(&self, dpi: u32) {
        let root = self.connection().setup().roots[0].root;
        let text = format!("Xft.dpi:\t{dpi}\n");
        let (name, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        self.connection()
            .change_property8(PropMode::REPLACE, root, name, kind, text.as_bytes())
            .expect("the display is connected");
        self.connection().sync().expect("the display is connected");
    }

    /// Moves the mouse to a place inside.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn point(&self, x: u32, y: u32) {
        self.input(MOTION_NOTIFY_EVENT, 0, [x as i16, y as i16]);
    }

    /// Presses the left button where the mouse is.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn press(&self) {
        self.input(BUTTON_PRESS_EVENT, 1, [0, 0]);
    }

    /// Lets go of the left button.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn release(&self) {
        self.input(BUTTON_RELEASE_EVENT, 1, [0, 0]);
    }

    /// Turns the wheel by a number of notches, down if positive.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn scroll(&self, notches: i32) {
        // X11 has the wheel as buttons 4 and 5.
        let button = if notches > 0 { 5 } else { 4 };
        for _ in 0..notches.abs() {
            self.input(BUTTON_PRESS_EVENT, button, [0, 0]);
            self.input(BUTTON_RELEASE_EVENT, button, [0, 0]);
        }
    }

    /// Presses and lets go of the key with a keysym.
    ///
    /// # Panics
    /// If the display is gone, or its keyboard has no such key.
    pub fn key(&self, keysym: u32) {
        let keycode = self.keycode(keysym);
        self.input(KEY_PRESS_EVENT, keycode, [0, 0]);
        self.input(KEY_RELEASE_EVENT, keycode, [0, 0]);
    }

    /// The key that has a keysym.
    fn keycode(&self, keysym: u32) -> u8 {
        let setup = self.connection().setup();
        let count = setup.max_keycode - setup.min_keycode + 1;
        let map = self.connection().get_keyboard_mapping(setup.min_keycode, count);
        let map = map.expect("the display is connected").reply().expect("there is a keyboard");
        let per_key = usize::from(map.keysyms_per_keycode).max(1);
        let place = map.keysyms.iter().position(|other| *other == keysym).expect("the keyboard has the key");
        setup.min_keycode + (place / per_key) as u8
    }

    /// The window is in the corner of the screen, so places in it are places there.
    fn input(&self, event: u8, detail: u8, [x, y]: [i16; 2]) {
        self.connection()
            .xtest_fake_input(event, detail, x11rb::CURRENT_TIME, x11rb::NONE, x, y, 0)
            .expect("the display is connected");
        self.connection().sync().expect("the display is connected");
    }

    /// Sends a key to the editor inside as a program may, which is not the same as pressing it.
    ///
    /// # Panics
    /// If there is no editor, the display is gone, or its keyboard has no such key.
    pub fn send_key_inside(&self, keysym: u32) {
        let editor = *self.inside().last().expect("an editor is inside");
        let root = self.connection().setup().roots[0].root;
        for (kind, mask) in
            [(KEY_PRESS_EVENT, EventMask::KEY_PRESS), (KEY_RELEASE_EVENT, EventMask::KEY_RELEASE)]
        {
            let event = KeyPressEvent {
                response_type: kind,
                detail: self.keycode(keysym),
                sequence: 0,
                time: x11rb::CURRENT_TIME,
                root,
                event: editor,
                child: x11rb::NONE,
                root_x: 0,
                root_y: 0,
                event_x: 0,
                event_y: 0,
                state: KeyButMask::default(),
                same_screen: true,
            };
            self.connection().send_event(false, editor, mask, event).expect("the display is connected");
        }
        self.connection().sync().expect("the display is connected");
    }

    /// From now on keys that come to this window are kept for [`Window::keys_heard`].
    ///
    /// # Panics
    /// If the display is gone.
    pub fn listen_to_keys(&self) {
        let keys = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
        let keys = ChangeWindowAttributesAux::new().event_mask(keys);
        self.connection()
            .change_window_attributes(self.0.id() as WindowId, &keys)
            .expect("the display is connected");
        self.connection().sync().expect("the display is connected");
    }

    /// The keys that have come to this window since it was asked last, pressed (true) or let go of: keysym without shift.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn keys_heard(&self) -> Vec<(u32, bool)> {
        let mut heard = Vec::new();
        while let Some(event) = self.connection().poll_for_event().expect("the display is connected") {
            let (event, pressed) = match event {
                Event::KeyPress(event) => (event, true),
                Event::KeyRelease(event) => (event, false),
                _ => continue,
            };
            let map = self.connection().get_keyboard_mapping(event.detail, 1);
            let map = map.expect("the display is connected").reply().expect("there is a keyboard");
            heard.push((map.keysyms.first().copied().unwrap_or(0), pressed));
        }
        heard
    }

    /// The windows inside, which are the editor's.
    fn inside(&self) -> Vec<WindowId> {
        let tree =
            self.connection().query_tree(self.0.id() as WindowId).expect("the display is connected").reply();
        tree.expect("the window is there").children
    }

    /// Whether an editor is inside.
    pub fn is_inhabited(&self) -> bool {
        !self.inside().is_empty()
    }

    /// What the editor shows.
    ///
    /// # Panics
    /// If there is no editor inside, or the display is gone.
    pub fn picture(&self) -> Picture {
        let editor = *self.inside().last().expect("an editor is inside");
        let size = self.connection().get_geometry(editor).expect("the display is connected").reply();
        let size = size.expect("the editor's window is there");
        let image = self
            .connection()
            .get_image(ImageFormat::Z_PIXMAP, editor, 0, 0, size.width, size.height, u32::MAX)
            .expect("the display is connected")
            .reply()
            .expect("the editor's window is on the screen");
        // Xvfb's pixels at depths 24 and 32 are four bytes: blue, green, red, unused.
        let rgb = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Picture { width: u32::from(size.width), height: u32::from(size.height), rgb }
    }
}

/// Pixels, three bytes each, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green and blue of each pixel.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// A part of it, as far as it reaches.
    pub fn part(&self, [left, top]: [u32; 2], [width, height]: [u32; 2]) -> Self {
        let (right, bottom) = ((left + width).min(self.width), (top + height).min(self.height));
        let (left, top) = (left.min(right), top.min(bottom));
        let start = |y: u32, x: u32| 3 * (y * self.width + x) as usize;
        let rows = (top..bottom).flat_map(|y| &self.rgb[start(y, left)..start(y, right)]);
        Self { width: right - left, height: bottom - top, rgb: rows.copied().collect() }
    }

    /// Number of different colours.
    pub fn colours(&self) -> usize {
        let mut colours: Vec<[u8; 3]> =
            self.rgb.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        colours.sort_unstable();
        colours.dedup();
        colours.len()
    }

    /// Whether something other than the black of an empty window is in each corner, 24 pixels from the edges.
    pub fn reaches_all_corners(&self) -> bool {
        const INSET: u32 = 24;
        let (right, bottom) = (self.width.saturating_sub(INSET), self.height.saturating_sub(INSET));
        [(INSET, INSET), (right, INSET), (INSET, bottom), (right, bottom)].iter().all(|(x, y)| {
            let start = 3 * (y * self.width + x) as usize;
            self.rgb.get(start..start + 3).is_some_and(|pixel| pixel != [0, 0, 0])
        })
    }

    /// Number of rows from the first to the last that has something nearly white in it, as letters are.
    pub fn light_rows(&self) -> u32 {
        let rows: Vec<bool> = self
            .rgb
            .chunks_exact(3 * self.width as usize)
            .map(|row| row.chunks_exact(3).any(|pixel| pixel.iter().all(|byte| *byte > 180)))
            .collect();
        match (rows.iter().position(|light| *light), rows.iter().rposition(|light| *light)) {
            (Some(first), Some(last)) => (last - first + 1) as u32,
            _ => 0,
        }
    }

    /// Part 0..1 of the pixels in which two pictures differ visibly: by more than 8 of 255 in any channel. 1 if they differ
    /// in size.
    pub fn difference(&self, other: &Self) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 1.0;
        }
        let pairs = self.rgb.chunks_exact(3).zip(other.rgb.chunks_exact(3));
        let differing = pairs.filter(|(a, b)| (0..3).any(|n| a[n].abs_diff(b[n]) > 8)).count();
        differing as f64 / f64::from(self.width * self.height).max(1.0)
    }

    /// Writes a PNG file, and its folder if needed.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn save(&self, path: &Path) {
        let write = || -> Result<(), Box<dyn std::error::Error>> {
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), self.width, self.height);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            encoder.set_compression(png::Compression::High);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(&self.rgb)?;
            writer.finish()?;
            Ok(())
        };
        if let Err(error) = write() {
            panic!("{} cannot be written: {error}", path.display());
        }
    }
}
