//! One loaded plug-in instance, the same for both formats.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backend::Backend;
use crate::block::{Block, Status};
use crate::clap;
use crate::describe::{AudioPorts, Format, Layout, NotePorts, ParamInfo, PluginInfo, RemotePage, Tail};
use crate::error::HostError;
use crate::event::Violations;
use crate::library::{self, Unloaded};
use crate::locate;
use crate::notices::{NoticeBoard, Notices};
use crate::vst3;

/// One instance of a plug-in.
///
/// It belongs to the thread that loaded it, which is at once the host's main thread and its audio thread: calls never
/// overlap. Dropping it closes the editor, deactivates and destroys the instance; the library stays in memory until
/// [`Plugin::unload`], because threads of the plug-in may still be ending.
pub struct Plugin {
    backend: Box<dyn Backend>,
    format: Format,
    library: PathBuf,
}

impl Plugin {
    /// Loads a plug-in from a `.clap` file, a `.vst3` folder or a bare shared library (taken as CLAP if it is one).
    ///
    /// `id_or_index` chooses among several plug-ins of the library: an id as in [`PluginInfo::id`], a VST3 class name,
    /// or a number counted from 0. `None` takes the first.
    ///
    /// # Errors
    /// Names the path and what is missing there, or the ids that would have been possible.
    pub fn load(path: &Path, id_or_index: Option<&str>) -> Result<Self, HostError> {
        let found = locate::locate(path)?;
        let format = match found.format {
            Some(format) => format,
            None => {
                let library = library::load(&found.library)?;
                if library::exports(&library, clap::ENTRY) { Format::Clap } else { Format::Vst3 }
            }
        };
        Self::create(found.library, format, id_or_index)
    }

    /// Loads a plug-in in the given format, whatever the file is called. A library built by some frameworks is both.
    ///
    /// # Errors
    /// As [`Plugin::load`].
    pub fn load_as(format: Format, path: &Path, id_or_index: Option<&str>) -> Result<Self, HostError> {
        let found = locate::locate(path)?;
        Self::create(found.library, format, id_or_index)
    }

    fn create(library_path: PathBuf, format: Format, id_or_index: Option<&str>) -> Result<Self, HostError> {
        let library = library::load(&library_path)?;
        let board = Arc::new(NoticeBoard::default());
        let backend: Box<dyn Backend> = match format {
            Format::Clap => Box::new(clap::ClapPlugin::load(&library_path, library, id_or_index, board)?),
            Format::Vst3 => Box::new(vst3::Vst3Plugin::load(&library_path, library, id_or_index, board)?),
        };
        Ok(Self { backend, format, library: library_path })
    }

    /// Everything a library offers, without creating an instance.
    ///
    /// # Errors
    /// As [`Plugin::load`].
    pub fn list(path: &Path) -> Result<Vec<PluginInfo>, HostError> {
        let found = locate::locate(path)?;
        let library = library::load(&found.library)?;
        let is_clap =
            found.format.map_or_else(|| library::exports(&library, clap::ENTRY), |f| f == Format::Clap);
        if is_clap { clap::list(&found.library, &library) } else { vst3::list(&found.library, library) }
    }

    /// Destroys the instance and takes the library out of memory, if this was its last one.
    ///
    /// Threads the plug-in has left behind crash the process here: a test that survives this call shows that there are
    /// none.
    pub fn unload(self) -> Unloaded {
        let Self { backend, library, .. } = self;
        drop(backend);
        library::release(&library)
    }

    /// The format of this instance.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The shared library it came from.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Who it is.
    pub fn info(&self) -> &PluginInfo {
        self.backend.info()
    }

    /// All parameters. VST3 parameters that only stand for MIDI controllers are left out.
    pub fn params(&mut self) -> Vec<ParamInfo> {
        self.backend.params()
    }

    /// Current value; `None` for an unknown id.
    pub fn param_value(&mut self, id: u32) -> Option<f64> {
        self.backend.param_value(id)
    }

    /// Sets a parameter outside of `process`: at once while inactive, at the start of the next block while active.
    ///
    /// # Errors
    /// If there is no such parameter.
    pub fn set_param(&mut self, id: u32, value: f64) -> Result<(), HostError> {
        self.backend.set_param(id, value)
    }

    /// The text shown for a value, unit included where the plug-in includes it; `None` for an unknown id.
    pub fn value_to_text(&mut self, id: u32, value: f64) -> Option<String> {
        self.backend.value_to_text(id, value)
    }

    /// The value of a text; `None` if the plug-in does not understand it.
    pub fn text_to_value(&mut self, id: u32, text: &str) -> Option<f64> {
        self.backend.text_to_value(id, text)
    }

    /// Audio ports of the current layout.
    pub fn audio_ports(&mut self) -> AudioPorts {
        self.backend.audio_ports()
    }

    /// Note ports.
    pub fn note_ports(&mut self) -> NotePorts {
        self.backend.note_ports()
    }

    /// Pages for hardware controllers; always empty for VST3.
    pub fn remote_pages(&mut self) -> Vec<RemotePage> {
        self.backend.remote_pages()
    }

    /// Named layouts the plug-in offers, as far as it tells: for each CLAP port configuration its name and the channels
    /// of its main ports. VST3 tells none.
    pub fn layouts(&mut self) -> Vec<(String, Layout)> {
        self.backend.layouts()
    }

    /// Asks for channel counts: a CLAP port configuration that has them, or VST3 bus arrangements.
    ///
    /// # Errors
    /// While active, and if the plug-in has no such layout; the layout is then what it was.
    pub fn set_layout(&mut self, layout: &Layout) -> Result<(), HostError> {
        if self.backend.is_active() {
            return Err(HostError::WrongMoment { step: "change the layout", needs: "deactivated" });
        }
        self.backend.set_layout(layout)
    }

    /// Latency in samples; meaningful while active.
    pub fn latency_samples(&mut self) -> u32 {
        self.backend.latency_samples()
    }

    /// Length of the tail; meaningful while active.
    pub fn tail_samples(&mut self) -> Tail {
        self.backend.tail()
    }

    /// Whether it is activated.
    pub fn is_active(&self) -> bool {
        self.backend.is_active()
    }

    /// Prepares for processing blocks of 0 to `max_block` samples, and starts processing. An active plug-in is
    /// deactivated first.
    ///
    /// # Errors
    /// For a rate or block size that is not positive, and if the plug-in refuses.
    pub fn activate(&mut self, sample_rate: f64, max_block: u32) -> Result<(), HostError> {
        let bad = |what: &str, expected: &str, got: String| {
            Err(HostError::BadArgument { what: what.to_owned(), expected: expected.to_owned(), got })
        };
        if !(sample_rate.is_finite() && sample_rate > 0.0) {
            return bad("sample rate", "a positive number of Hz", sample_rate.to_string());
        }
        if max_block == 0 || i32::try_from(max_block).is_err() {
            return bad("largest block", "1 ..= 2147483647 samples", max_block.to_string());
        }
        self.backend.deactivate();
        self.backend.activate(sample_rate, max_block)
    }

    /// Stops processing and gives resources back. Nothing happens if it is not active.
    pub fn deactivate(&mut self) {
        self.backend.deactivate();
    }

    /// Clears all sound and history: CLAP `reset`, VST3 `setProcessing` off and on.
    ///
    /// # Errors
    /// While not active.
    pub fn reset(&mut self) -> Result<(), HostError> {
        self.needs_active("reset")?;
        self.backend.reset()
    }

    /// Starts processing again after [`Plugin::stop_processing`].
    ///
    /// # Errors
    /// While not active, and if the plug-in refuses.
    pub fn start_processing(&mut self) -> Result<(), HostError> {
        self.needs_active("start processing")?;
        self.backend.start_processing()
    }

    /// Suspends processing, as a host does with a sleeping plug-in.
    pub fn stop_processing(&mut self) {
        self.backend.stop_processing();
    }

    /// Tells whether the blocks come at their own speed (a bounce) or in real time. VST3 hears it with the next
    /// activation.
    ///
    /// # Errors
    /// If a CLAP plug-in has no render extension or refuses the mode.
    pub fn set_offline(&mut self, offline: bool) -> Result<(), HostError> {
        self.backend.set_offline(offline)
    }

    /// Processes one block. Does not allocate once the event buffers have grown to their size.
    ///
    /// # Errors
    /// While not active, for a block that does not fit, and if the plug-in reports an error.
    pub fn process(&mut self, block: &mut Block<'_>) -> Result<Status, HostError> {
        self.needs_active("process")?;
        self.backend.process(block)
    }

    /// How often output events broke the rules since loading.
    pub fn violations(&self) -> Violations {
        self.backend.violations()
    }

    /// The state to keep in a project. VST3: the component's state.
    ///
    /// # Errors
    /// If the plug-in has no state or fails to write it.
    pub fn save_state(&mut self) -> Result<Vec<u8>, HostError> {
        self.backend.save_state()
    }

    /// Restores a state.
    ///
    /// # Errors
    /// If the plug-in refuses it.
    pub fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        self.backend.load_state(state)
    }

    /// Whether it has an editor that can live inside a window of this platform.
    pub fn gui_supported(&mut self) -> bool {
        self.backend.gui_supported()
    }

    /// Opens the editor inside a window and returns its size in pixels.
    ///
    /// `parent` is an X11 window id (elsewhere the platform's window handle), which must stay valid until
    /// [`Plugin::close_editor`]. `scale` is the display's scale factor, 1 for 96 dpi.
    ///
    /// # Errors
    /// If there is no editor, one is open, or the plug-in fails to open it.
    pub fn open_editor(&mut self, parent: u64, scale: f64) -> Result<(u32, u32), HostError> {
        if parent == 0 {
            return Err(HostError::BadArgument {
                what: "parent window".to_owned(),
                expected: "the id of an existing window".to_owned(),
                got: "0".to_owned(),
            });
        }
        self.backend.open_editor(parent, scale)
    }

    /// Size of the open editor in pixels.
    pub fn editor_size(&mut self) -> Option<(u32, u32)> {
        self.backend.editor_size()
    }

    /// Asks the editor for a size in pixels and returns the one it took.
    ///
    /// # Errors
    /// If no editor is open, it cannot be resized, or it refuses.
    pub fn resize_editor(&mut self, width: u32, height: u32) -> Result<(u32, u32), HostError> {
        self.backend.resize_editor(width, height)
    }

    /// Closes the editor if one is open.
    pub fn close_editor(&mut self) {
        self.backend.close_editor();
    }

    /// Runs what the plug-in wants done on the main thread: callbacks, timers, window events. Call it often (every
    /// 10 ms or so) while an editor is open.
    pub fn idle(&mut self) {
        self.backend.idle();
    }

    /// What the plug-in asked for since the last call.
    pub fn take_notices(&mut self) -> Notices {
        self.backend.board().take()
    }

    pub(crate) fn take_process_request(&self) -> bool {
        self.backend.board().take_process_request()
    }

    fn needs_active(&self, step: &'static str) -> Result<(), HostError> {
        if self.backend.is_active() {
            Ok(())
        } else {
            Err(HostError::WrongMoment { step, needs: "activated" })
        }
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("format", &self.format)
            .field("id", &self.info().id)
            .field("library", &self.library)
            .field("active", &self.is_active())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_path_is_an_error_in_every_call() {
        let path = Path::new("/nonexistent/dendrite.clap");
        assert!(matches!(Plugin::load(path, None), Err(HostError::NotFound { .. })));
        assert!(matches!(Plugin::load_as(Format::Vst3, path, None), Err(HostError::NotFound { .. })));
        assert!(matches!(Plugin::list(path), Err(HostError::NotFound { .. })));
    }
}
