//! The editor of a CLAP plug-in inside a window of the host.

use clack_extensions::gui::{GuiConfiguration, GuiSize, PluginGui};

use super::ClapPlugin;
use crate::error::HostError;

/// An editor embedded with this platform's window system.
fn embedded() -> Option<GuiConfiguration<'static>> {
    let api_type = clack_extensions::gui::GuiApiType::default_for_current_platform()?;
    Some(GuiConfiguration { api_type, is_floating: false })
}

impl ClapPlugin {
    pub(super) fn has_editor(&mut self) -> bool {
        let (Some(gui), Some(configuration)) = (self.extensions.gui, embedded()) else { return false };
        gui.is_api_supported(&self.instance.plugin_handle(), configuration)
    }

    pub(super) fn attach_editor(&mut self, parent: u64, scale: f64) -> Result<(u32, u32), HostError> {
        let (Some(gui), Some(configuration)) = (self.extensions.gui, embedded()) else {
            return Err(self.unsupported("editor"));
        };
        if self.editor_open {
            return Err(self.refused("open its editor", "it is open already"));
        }
        if !self.has_editor() {
            return Err(self.unsupported("editor that can live inside another window"));
        }
        gui.create(&self.instance.plugin_handle(), configuration)
            .map_err(|error| self.refused("open its editor", error))?;
        self.editor_open = true;
        let attached = self.show_editor(gui, parent, scale);
        if attached.is_err() {
            self.detach_editor();
        }
        attached
    }

    fn show_editor(&mut self, gui: PluginGui, parent: u64, scale: f64) -> Result<(u32, u32), HostError> {
        let plugin = self.instance.plugin_handle();
        // A plug-in may prefer to find the scale out by itself, and says so by refusing.
        let _ = gui.set_scale(&plugin, scale);
        let size = gui.get_size(&plugin);
        let window = window(parent);
        // SAFETY: the caller of `Plugin::open_editor` promises a window that is valid until the editor is closed.
        let shown = unsafe { gui.set_parent(&plugin, window) }.and_then(|()| gui.show(&plugin));
        shown.map_err(|error| self.refused("show its editor in the window", error))?;
        let size = size.ok_or_else(|| self.refused("tell its editor's size", "no size"))?;
        Ok((size.width, size.height))
    }

    pub(super) fn current_editor_size(&mut self) -> Option<(u32, u32)> {
        let gui = self.extensions.gui.filter(|_| self.editor_open)?;
        gui.get_size(&self.instance.plugin_handle()).map(|size| (size.width, size.height))
    }

    pub(super) fn set_editor_size(&mut self, width: u32, height: u32) -> Result<(u32, u32), HostError> {
        let Some(gui) = self.extensions.gui.filter(|_| self.editor_open) else {
            return Err(HostError::WrongMoment {
                step: "resize the editor",
                needs: "shown with `open_editor`",
            });
        };
        let plugin = self.instance.plugin_handle();
        if !gui.can_resize(&plugin) {
            return Err(self.unsupported("resizable editor"));
        }
        let wanted = GuiSize { width, height };
        let size = gui.adjust_size(&plugin, wanted).unwrap_or(wanted);
        gui.set_size(&plugin, size).map_err(|error| self.refused("resize its editor", error))?;
        Ok((size.width, size.height))
    }

    pub(super) fn detach_editor(&mut self) {
        if let Some(gui) = self.extensions.gui.filter(|_| self.editor_open) {
            let plugin = self.instance.plugin_handle();
            // Hiding may fail where showing did; the editor is destroyed in either case.
            let _ = gui.hide(&plugin);
            gui.destroy(&plugin);
        }
        self.editor_open = false;
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn window(parent: u64) -> clack_extensions::gui::Window<'static, 'static> {
    clack_extensions::gui::Window::from_x11_handle(parent as std::ffi::c_ulong)
}

#[cfg(target_os = "macos")]
fn window(parent: u64) -> clack_extensions::gui::Window<'static, 'static> {
    // SAFETY: the caller of `Plugin::open_editor` promises a valid NSView.
    unsafe { clack_extensions::gui::Window::from_cocoa_nsview(parent as usize as *mut std::ffi::c_void) }
}

#[cfg(windows)]
fn window(parent: u64) -> clack_extensions::gui::Window<'static, 'static> {
    // SAFETY: the caller of `Plugin::open_editor` promises a valid window handle.
    unsafe { clack_extensions::gui::Window::from_win32_hwnd(parent as usize as *mut std::ffi::c_void) }
}
