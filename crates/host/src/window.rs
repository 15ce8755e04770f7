//! A window of an X11 display for an editor to live in.

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::error::HostError;

/// A plain window in the corner of the screen that `DISPLAY` names. It has no frame and listens to no input of its own.
#[derive(Debug)]
pub struct HostWindow {
    connection: RustConnection,
    id: u32,
}

impl HostWindow {
    /// Shows a window of a size in pixels.
    ///
    /// # Errors
    /// [`HostError::Window`] if there is no display, or it refuses.
    pub fn show(width: u32, height: u32) -> Result<Self, HostError> {
        Self::try_show(width, height).map_err(|reason| HostError::Window { reason: reason.to_string() })
    }

    fn try_show(width: u32, height: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = x11rb::connect(None)?;
        let id = connection.generate_id()?;
        let root = &connection.setup().roots[screen];
        connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                id,
                root.root,
                0,
                0,
                u16::try_from(width)?,
                u16::try_from(height)?,
                0,
                WindowClass::INPUT_OUTPUT,
                root.root_visual,
                &CreateWindowAux::new().background_pixel(root.black_pixel),
            )?
            .check()?;
        connection.map_window(id)?.check()?;
        connection.sync()?;
        Ok(Self { connection, id })
    }

    /// The id that [`Plugin::open_editor`](crate::Plugin::open_editor) takes.
    pub fn id(&self) -> u64 {
        u64::from(self.id)
    }

    /// The connection that the window belongs to, for more than a host does with it.
    pub fn connection(&self) -> &RustConnection {
        &self.connection
    }

    /// Gives the window another size.
    ///
    /// # Errors
    /// [`HostError::Window`] if the display is gone.
    pub fn resize(&self, width: u32, height: u32) -> Result<(), HostError> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        let resize = || -> Result<(), Box<dyn std::error::Error>> {
            self.connection.configure_window(self.id, &size)?.check()?;
            self.connection.sync()?;
            Ok(())
        };
        resize().map_err(|reason| HostError::Window { reason: reason.to_string() })
    }
}

impl Drop for HostWindow {
    fn drop(&mut self) {
        // The display may be gone, and the window with it.
        let _ = self.connection.destroy_window(self.id);
        let _ = self.connection.flush();
    }
}
