//! How often pictures are drawn: up to 60 times a second, in step with the screen.
//!
//! On X11 the window library draws when the server tells it that the screen has refreshed, and always asks for the refresh after
//! the next one, which is 30 pictures a second on a screen of 60 Hz. So the one in between is asked for here. The server tells
//! every client that listens to the window of a refresh that anyone has asked for; the library draws at those that carry the
//! number of its own next request. If it counts otherwise some day, it overlooks them, and things are as without.

#[cfg(target_os = "linux")]
pub use x11::Pace;

#[cfg(not(target_os = "linux"))]
pub use unneeded::Pace;

#[cfg(target_os = "linux")]
mod x11 {
    use raw_window_handle::{HasWindowHandle, RawWindowHandle};
    use x11rb::connection::{Connection as _, RequestConnection as _};
    use x11rb::protocol::Event;
    use x11rb::protocol::present::{self, CompleteKind, ConnectionExt as _, EventMask};
    use x11rb::rust_connection::RustConnection;

    /// Time between two pictures at least, in microseconds: screens of up to 80 Hz show each refresh.
    const LEAST_US: u64 = 12_500;

    /// Asks for the refreshes that the window library leaves out.
    pub struct Pace {
        connection: RustConnection,
        window: u32,
        /// Refreshes seen: count and time in microseconds.
        seen: Option<(u64, u64)>,
        /// Refreshes from picture to picture: more than one on screens of more than 60 Hz, where they gain nothing that is worth
        /// a host's CPU.
        stride: u64,
    }

    impl Pace {
        /// For a window; `None` where there is nothing to ask.
        pub fn new(window: &impl HasWindowHandle) -> Option<Self> {
            let window = match window.window_handle().ok()?.as_raw() {
                RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok()?,
                RawWindowHandle::Xcb(handle) => handle.window.get(),
                _ => return None,
            };
            // The library has connected to the same display in the same way.
            let (connection, _) = x11rb::connect(None).ok()?;
            connection.extension_information(present::X11_EXTENSION_NAME).ok()??;
            let id = connection.generate_id().ok()?;
            let asked = connection.present_select_input(id, window, EventMask::COMPLETE_NOTIFY).ok()?;
            asked.check().ok()?;
            Some(Self { connection, window, seen: None, stride: 1 })
        }

        /// While a picture is being made: asks for the refresh at which the next one is due. Does not wait for an answer.
        pub fn next(&mut self) {
            // Of what the library and this have asked for: the last that was numbered, when it last came.
            let mut last: Option<(u32, u64)> = None;
            while let Ok(Some(event)) = self.connection.poll_for_event() {
                if let Event::PresentCompleteNotify(event) = event
                    && event.kind == CompleteKind::NOTIFY_MSC
                {
                    last = last.max(Some((event.serial, event.msc)));
                    self.measure(event.msc, event.ust);
                }
            }
            if let Some((serial, refresh)) = last {
                let (serial, refresh) = (serial.wrapping_add(1), refresh.wrapping_add(self.stride));
                // A display that is gone takes the window along.
                let _ = self.connection.present_notify_msc(self.window, serial, refresh, 0, 0);
                let _ = self.connection.flush();
            }
        }

        /// How long the screen takes for a refresh follows from two of them.
        fn measure(&mut self, refresh: u64, time_us: u64) {
            if let Some((before, at_us)) = self.seen.replace((refresh, time_us))
                && let (Some(count), Some(took_us)) =
                    (refresh.checked_sub(before), time_us.checked_sub(at_us))
                && count > 0
            {
                let one_us = (took_us / count).max(1);
                self.stride = LEAST_US.div_ceil(one_us).clamp(1, 8);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unneeded {
    /// Elsewhere the window library keeps pace.
    pub struct Pace;

    impl Pace {
        /// There is nothing to ask.
        pub fn new<W>(_window: &W) -> Option<Self> {
            None
        }

        /// Does nothing.
        pub fn next(&mut self) {}
    }
}
