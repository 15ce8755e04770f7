//! X11: keys that the editor does not use go on to the host's window.
//!
//! An X server gives a key to the one window that has the focus, and baseview drops what a plug-in ignores; on other systems it
//! is handed on. So the keys of the editor's window are heard by a connection of our own, too, and those that are not ours are
//! sent to the window around it, where a host expects them.
//!
//! A host may send the keys that it gets to its plug-ins in turn. What was sent by a program (the X server marks it) is not sent
//! on, so that no key goes round in circles.

use nice_plug_egui::Key as HostKey;
use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt, EventMask, KeyButMask, KeyPressEvent, Window,
};
use x11rb::rust_connection::RustConnection;

use super::keys::{Taken, named};

/// Marks an event that a program has sent.
const SENT: u8 = 0x80;

/// Keysyms of the keys with a name that the editor may use.
const NAMED: [(u32, HostKey); 12] = [
    (0xFF08, named::BACKSPACE),
    (0xFF09, named::TAB),
    // What Tab is with shift.
    (0xFE20, named::TAB),
    (0xFF0D, named::ENTER),
    (0xFF8D, named::ENTER),
    (0xFF1B, named::ESCAPE),
    (0xFF51, named::LEFT),
    (0xFF52, named::UP),
    (0xFF53, named::RIGHT),
    (0xFF54, named::DOWN),
    (0xFFFF, named::DELETE),
    (0xFF9F, named::DELETE),
];

/// The way of the keys of one window to the window around it.
pub struct Forward {
    connection: RustConnection,
    window: Window,
    root: Window,
    /// Keysyms by keycode, some for each: with and without shift for each layout.
    keysyms: Vec<u32>,
    per_key: usize,
    first: u8,
    /// Which keys were handed on when they went down, so that they are when they come up.
    down: [bool; 256],
}

impl Forward {
    /// Listens to the keys of a window; `None` where that cannot be done.
    pub fn listen(window: &impl HasWindowHandle) -> Option<Self> {
        let window = match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xcb(handle) => handle.window.get(),
            RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok()?,
            _ => return None,
        };
        Self::connect(window).ok()
    }

    fn connect(window: Window) -> Result<Self, ReplyOrIdError> {
        let (connection, screen) = x11rb::connect(None).map_err(|_| ReplyOrIdError::IdsExhausted)?;
        let setup = connection.setup();
        let (first, root) = (setup.min_keycode, setup.roots[screen].root);
        let count = setup.max_keycode - first + 1;
        let map = connection.get_keyboard_mapping(first, count)?.reply()?;
        let keys = ChangeWindowAttributesAux::new().event_mask(EventMask::KEY_PRESS | EventMask::KEY_RELEASE);
        connection.change_window_attributes(window, &keys)?.check()?;
        let per_key = usize::from(map.keysyms_per_keycode).max(1);
        Ok(Self { connection, window, root, keysyms: map.keysyms, per_key, first, down: [false; 256] })
    }

    /// Hands on what has come in and is not the editor's. Asks the X server something only when there is such a key.
    pub fn pass(&mut self, taken: Taken) {
        // A connection that is gone has nothing more to say.
        while let Ok(Some(event)) = self.connection.poll_for_event() {
            match event {
                Event::KeyPress(event) if event.response_type & SENT == 0 => {
                    let ctrl = event.state.contains(KeyButMask::CONTROL);
                    let key = self.key(&event);
                    if !taken.is_all() && !key.is_some_and(|key| taken.takes(&key, ctrl)) {
                        self.down[usize::from(event.detail)] = true;
                        self.send(event, EventMask::KEY_PRESS);
                    }
                }
                Event::KeyRelease(event) if event.response_type & SENT == 0 => self.release(event),
                _ => {}
            }
        }
    }

    /// Hands on that a key came up if it was when it went down.
    fn release(&mut self, event: KeyPressEvent) {
        if std::mem::replace(&mut self.down[usize::from(event.detail)], false) {
            self.send(event, EventMask::KEY_RELEASE);
        }
    }

    /// Sends an event to the window around ours; if nobody listens there, the X server takes the next one around that.
    fn send(&self, event: KeyPressEvent, mask: EventMask) {
        let tree = self.connection.query_tree(self.window).ok().and_then(|cookie| cookie.reply().ok());
        let Some(parent) = tree.map(|tree| tree.parent).filter(|parent| *parent != self.root) else { return };
        let event = KeyPressEvent { event: parent, ..event };
        if self.connection.send_event(true, parent, mask, event).is_ok() {
            // Lost with the connection if it is gone.
            let _ = self.connection.flush();
        }
    }

    /// The key as the framework calls it.
    fn key(&self, event: &KeyPressEvent) -> Option<HostKey> {
        let row = usize::from(event.detail.checked_sub(self.first)?) * self.per_key;
        // Which layout is in force is written beside the modifiers (the X keyboard extension, section 2.2.2).
        let group = usize::from(u16::from(event.state) >> 13 & 3);
        let shifted = usize::from(event.state.contains(KeyButMask::SHIFT));
        let at = |column: usize| {
            let inside = column < self.per_key;
            self.keysyms.get(row + column).copied().filter(|keysym| inside && *keysym != 0)
        };
        let keysym =
            at(2 * group + shifted).or_else(|| at(2 * group)).or_else(|| at(shifted)).or_else(|| at(0))?;
        if let Some((_, key)) = NAMED.iter().find(|(named, _)| *named == keysym) {
            return Some(key.clone());
        }
        // Keysyms of Latin-1 are its characters.
        let letter = char::from_u32(keysym).filter(|_| (0x20..0x100).contains(&keysym))?;
        Some(HostKey::Character(letter.to_string()))
    }
}
