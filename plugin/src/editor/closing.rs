//! The end of gestures: what the editor begins to change it ends, also if the host closes the window in the middle of a drag.
//!
//! A host that has heard of a gesture's begin writes automation until it hears of its end. So the way to the host is watched, and
//! what is open when the window goes is ended by the thread that closes it, which is the one that hosts expect such calls from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{EditorHandle, Modifiers, ParentWindowHandle, VirtualKeyCode};
use nice_plug::prelude::{ParamPtr, PluginApi, PluginState};
use nice_plug_egui::EguiEditorHandle;
use parking_lot::Mutex;

/// The way to the host, which it passes everything on to.
struct Watched {
    host: GuiContext,
    gestures: Mutex<Gestures>,
}

/// What has begun and not ended.
#[derive(Default)]
struct Gestures {
    open: Vec<ParamPtr>,
    /// The window is closing: nothing may begin any more.
    closed: bool,
}

/// A window's handle: ends the gestures that are open when it goes, which is before the window does.
pub struct Handle {
    editor: EguiEditorHandle,
    _end: End,
}

/// Ends the open gestures when dropped.
pub struct End(Arc<Watched>);

/// A way to the host for one window, and the end of its gestures.
pub fn watched(host: GuiContext) -> (GuiContext, End) {
    let watched = Arc::new(Watched { host, gestures: Mutex::default() });
    (GuiContext::new(watched.clone()), End(watched))
}

impl Handle {
    /// The handle of a window whose gestures have this end.
    pub fn new(editor: EguiEditorHandle, end: End) -> Self {
        Self { editor, _end: end }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // The lock is not held while the host is called: it may wait for a thread that waits for the lock.
        let open = {
            let mut gestures = self.0.gestures.lock();
            gestures.closed = true;
            std::mem::take(&mut gestures.open)
        };
        for param in open {
            // SAFETY: the pointer came from the editor, whose instance holds the parameters, with a begin.
            let end = || unsafe { self.0.host.raw_end_set_parameter(param) };
            // An instance that is destroyed under its open window is gone for the framework, which panics then. There is nobody
            // left to be told.
            let _ = catch_unwind(AssertUnwindSafe(end));
        }
    }
}

impl GuiContextInner for Watched {
    fn plugin_api(&self) -> PluginApi {
        self.host.plugin_api()
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        {
            let mut gestures = self.gestures.lock();
            if gestures.closed {
                return;
            }
            gestures.open.push(param);
        }
        // SAFETY: as the caller promises.
        unsafe { self.host.raw_begin_set_parameter(param) };
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        if !self.gestures.lock().closed {
            // SAFETY: as the caller promises.
            unsafe { self.host.raw_set_parameter_normalized(param, normalized) };
        }
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        {
            let mut gestures = self.gestures.lock();
            if gestures.closed {
                return;
            }
            if let Some(place) = gestures.open.iter().position(|open| *open == param) {
                gestures.open.swap_remove(place);
            }
        }
        // SAFETY: as the caller promises.
        unsafe { self.host.raw_end_set_parameter(param) };
    }

    fn get_state(&self) -> PluginState {
        self.host.get_state()
    }

    fn set_state(&self, state: PluginState) {
        self.host.set_state(state);
    }

    fn request_restart(&self) {
        self.host.request_restart();
    }
}

/// All as the framework's own handle does it.
impl EditorHandle for Handle {
    type Window = <EguiEditorHandle as EditorHandle>::Window;
    type Error = <EguiEditorHandle as EditorHandle>::Error;

    fn run_until_closed(window: Self::Window) -> Result<(), Self::Error> {
        EguiEditorHandle::run_until_closed(window)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.editor.set_parent(parent, window)
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.editor.show(window)
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.editor.hide(window)
    }

    fn set_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.editor.set_size(new_size, window)
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.editor.host_main_thread_callback(window);
    }

    fn adjust_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        self.editor.adjust_size(new_size, window)
    }

    fn set_fallback_scale_factor(&self, factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.editor.set_fallback_scale_factor(factor, window)
    }

    fn on_virtual_key_from_host(
        &self,
        key_code: VirtualKeyCode,
        is_down: bool,
        modifiers: Modifiers,
    ) -> bool {
        self.editor.on_virtual_key_from_host(key_code, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.editor.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.editor.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.editor.param_modulation_changed(id, modulation_offset);
    }
}

#[cfg(test)]
mod tests {
    use nice_plug::prelude::{FloatParam, FloatRange, Param};

    use super::*;

    /// A host that notes what it is told.
    #[derive(Clone, Default)]
    struct Host(Arc<Mutex<Vec<(&'static str, ParamPtr)>>>);

    impl GuiContextInner for Host {
        fn plugin_api(&self) -> PluginApi {
            PluginApi::Clap
        }

        unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
            self.0.lock().push(("begin", param));
        }

        unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, _: f32) {
            self.0.lock().push(("set", param));
        }

        unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
            self.0.lock().push(("end", param));
        }

        fn get_state(&self) -> PluginState {
            unreachable!("gestures need no state")
        }

        fn set_state(&self, _: PluginState) {
            unreachable!("gestures need no state")
        }

        fn request_restart(&self) {}
    }

    #[test]
    fn what_is_open_when_the_window_goes_is_ended_once() {
        let heard = Host::default();
        let (context, end) = watched(GuiContext::new(Arc::new(heard.clone())));
        let param = |name| FloatParam::new(name, 0.5, FloatRange::Linear { min: 0.0, max: 1.0 });
        let (done, open) = (param("done"), param("open"));
        let setter = context.param_setter();
        for param in [&done, &open] {
            setter.begin_set_parameter(param);
            setter.set_parameter_normalized(param, 0.7);
        }
        setter.end_set_parameter(&done);
        drop(end);
        // The window's thread may be a moment late.
        setter.set_parameter_normalized(&open, 0.8);
        setter.end_set_parameter(&open);
        setter.begin_set_parameter(&done);
        let [done, open] = [done.as_ptr(), open.as_ptr()];
        assert_eq!(
            *heard.0.lock(),
            [("begin", done), ("set", done), ("begin", open), ("set", open), ("end", done), ("end", open)]
        );
    }
}
