//! The editor: a window that is made anew each time it opens, in the size that the session remembers.

mod about;
mod app;
mod canvas;
mod clipboard;
mod clock;
mod closing;
mod compare;
mod focus;
#[cfg(target_os = "linux")]
mod forward;
mod gestures;
mod hints;
mod history;
mod keys;
mod models;
mod overlays;
mod pace;
mod panel;
mod play;
mod presets;
mod resolution;
mod status;
mod still;
mod theme;
mod view;
mod widgets;
mod windows;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atomic_float::AtomicF32;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{Editor, HostMethods, SizeConstraints, SpawnedEditor};
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditorState, EguiNiceSettings, GraphicsConfig, RepaintNotifier, create_egui_editor,
};

use crate::exchange::Subscriber;
use crate::state::{EditorMemory, Session};
use app::App;
pub use closing::Handle;
pub use windows::Windows;

/// Makes windows. It holds no window itself, so that nothing of a closed one stays behind.
pub struct DendriteEditor {
    session: Arc<Session>,
    snapshots: Subscriber,
    windows: Windows,
    /// Physical per logical pixel, as the last window found it; hosts ask for the size in physical pixels before there is
    /// a window.
    scale_factor: Arc<AtomicF32>,
}

impl DendriteEditor {
    /// An editor for an instance.
    pub fn new(session: Arc<Session>, snapshots: Subscriber, windows: Windows) -> Self {
        Self { session, snapshots, windows, scale_factor: Arc::new(AtomicF32::new(1.0)) }
    }

    fn logical_size(&self) -> LogicalSize<f32> {
        let EditorMemory { width, height, .. } = self.session.editor();
        LogicalSize::new(width, height)
    }
}

impl Editor for DendriteEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let app = App::new(
            self.session.clone(),
            self.snapshots.reader(),
            self.scale_factor.clone(),
            self.windows.open(),
        )
        .embedded(parent.is_some() || wait_for_parent);
        // Glass and text have no gradients that need dithering, and a renderer in software feels its cost.
        let graphics = GraphicsConfig { dithering: false, ..GraphicsConfig::default() };
        let settings = EguiNiceSettings::new()
            .with_tile("Dendrite")
            .with_graphics_config(graphics)
            .with_resize_hint(self.resize_hint());
        let state = EguiEditorState::from_size(self.logical_size(), 1.0);
        let (gui_context, end) = closing::watched(gui_context);
        let SpawnedEditor { handle, window } =
            create_egui_editor(state, RepaintNotifier::new(), settings, app)
                .ok_or("the framework makes no editor")?
                .spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        Ok(SpawnedEditor { handle: Handle::new(handle, end), window })
    }

    fn size(&self) -> NativeSize<u32> {
        let scale_factor = f64::from(self.scale_factor.load(Ordering::Relaxed));
        NativeSize::from_size(Size::from(self.logical_size()), scale_factor)
    }

    fn resize_hint(&self) -> ResizeHint {
        let [width, height] = EditorMemory::MIN_SIZE;
        ResizeHint {
            size_constraints: SizeConstraints::Logical {
                min_size: Some(LogicalSize::new(f64::from(width), f64::from(height)).cast()),
                max_size: None,
            },
            ..ResizeHint::RESIZABLE
        }
    }

    unsafe fn assume_standalone_in_process(&self) {
        // The setting is the process's, not an editor's, so any editor can pass it on.
        let windows = Windows::default();
        let app = App::new(
            self.session.clone(),
            self.snapshots.reader(),
            self.scale_factor.clone(),
            windows.open(),
        );
        let state = EguiEditorState::from_size(self.logical_size(), 1.0);
        if let Some(editor) =
            create_egui_editor(state, RepaintNotifier::new(), EguiNiceSettings::default(), app)
        {
            // SAFETY: the caller promises that no other program shares the process.
            unsafe { editor.assume_standalone_in_process() };
        }
    }
}
