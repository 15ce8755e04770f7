//! The editor of a VST3 plug-in inside a window of the host.

use std::ffi::c_void;
use std::sync::Arc;

use vst3::Steinberg::Vst::{IEditController, IEditControllerTrait, ViewType};
use vst3::Steinberg::{
    FIDString, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupportTrait, IPlugViewTrait, ViewRect, kInvalidArgument, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use super::plain::Plain;
#[cfg(all(unix, not(target_os = "macos")))]
use super::run_loop::RunLoop;
use crate::notices::NoticeBoard;

#[cfg(all(unix, not(target_os = "macos")))]
const PLATFORM: FIDString = vst3::Steinberg::kPlatformTypeX11EmbedWindowID;
#[cfg(target_os = "macos")]
const PLATFORM: FIDString = vst3::Steinberg::kPlatformTypeNSView;
#[cfg(windows)]
const PLATFORM: FIDString = vst3::Steinberg::kPlatformTypeHWND;

/// The window around the editor, as the plug-in sees it.
pub(super) struct Frame {
    pub(super) board: Arc<NoticeBoard>,
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(super) run_loop: RunLoop,
}

impl Class for Frame {
    #[cfg(all(unix, not(target_os = "macos")))]
    type Interfaces = (IPlugFrame, vst3::Steinberg::Linux::IRunLoop);
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    type Interfaces = (IPlugFrame,);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: null or a live view, by the interface.
        let Some(view) = (unsafe { ComRef::from_raw(view) }) else { return kInvalidArgument };
        if size.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: not null, hence a rectangle by the interface.
        let mut size = unsafe { size.read() };
        self.board.note(|notices| notices.resize = Some(extent(&size)));
        // SAFETY: a rectangle; the interface asks the host to confirm the new size from within this call.
        unsafe { view.onSize(&mut size) }
    }
}

/// An open editor.
pub(super) struct Editor {
    view: ComPtr<IPlugView>,
    frame: ComWrapper<Frame>,
    /// The view holds a window, which it must be told to leave.
    attached: bool,
}

/// A view that can live in this platform's windows.
pub(super) fn embeddable_view(controller: &ComPtr<IEditController>) -> Option<ComPtr<IPlugView>> {
    // SAFETY: a constant name; the result is null or a reference that now belongs to us.
    let view = unsafe { ComPtr::from_raw(controller.createView(ViewType::kEditor)) }?;
    // SAFETY: a constant name.
    let supported = unsafe { view.isPlatformTypeSupported(PLATFORM) } == kResultOk;
    supported.then_some(view)
}

impl Editor {
    /// Attaches a view to a window, which must live as long as the editor; `Err` names the call that failed.
    pub(super) fn open(
        view: ComPtr<IPlugView>,
        board: Arc<NoticeBoard>,
        parent: u64,
        scale: f64,
    ) -> Result<Self, &'static str> {
        let frame = ComWrapper::new(Frame {
            board,
            #[cfg(all(unix, not(target_os = "macos")))]
            run_loop: RunLoop::default(),
        });
        let pointer = frame.as_com_ref::<IPlugFrame>().ok_or("setFrame")?.as_ptr();
        // SAFETY: the frame lives as long as this editor, which takes it out of the view again; the window is valid by
        // the promise in `Plugin::open_editor`; the name is a constant.
        unsafe {
            view.setFrame(pointer);
        }
        let mut editor = Self { view, frame, attached: false };
        // Hosts differ in when they tell the scale, and some views only listen once they have a window.
        editor.set_scale(scale);
        // SAFETY: as above. X11 ids and window handles are passed in place of a pointer.
        if unsafe { editor.view.attached(parent as usize as *mut c_void, PLATFORM) } != kResultOk {
            return Err("attached");
        }
        editor.attached = true;
        editor.set_scale(scale);
        Ok(editor)
    }

    fn set_scale(&self, scale: f64) {
        if let Some(scaling) = self.view.cast::<IPlugViewContentScaleSupport>() {
            // SAFETY: a plain number. Views may refuse it.
            unsafe { scaling.setContentScaleFactor(scale as f32) };
        }
    }

    pub(super) fn size(&self) -> Option<(u32, u32)> {
        let mut size = ViewRect::zeroed();
        // SAFETY: a place for the answer.
        let known = unsafe { self.view.getSize(&mut size) } == kResultOk;
        known.then(|| extent(&size))
    }

    /// Asks for a size; `None` if the view cannot be resized or refuses.
    pub(super) fn resize(&self, width: u32, height: u32) -> Option<(u32, u32)> {
        let mut size = ViewRect {
            left: 0,
            top: 0,
            right: i32::try_from(width).ok()?,
            bottom: i32::try_from(height).ok()?,
        };
        // SAFETY: a rectangle, which the view may change to one it can take.
        let taken = unsafe {
            self.view.canResize() == kResultOk && {
                self.view.checkSizeConstraint(&mut size);
                self.view.onSize(&mut size) == kResultOk
            }
        };
        taken.then(|| extent(&size))
    }

    /// Runs the view's timers and window events.
    pub(super) fn idle(&self) {
        #[cfg(all(unix, not(target_os = "macos")))]
        self.frame.run_loop.run_due();
        #[cfg(not(all(unix, not(target_os = "macos"))))]
        let _ = &self.frame;
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // SAFETY: the view is live; it is told to let go of the window and then of the frame.
        unsafe {
            if self.attached {
                self.view.removed();
            }
            self.view.setFrame(std::ptr::null_mut());
        }
        // Views that never unregister would keep the frame alive, and the frame them.
        #[cfg(all(unix, not(target_os = "macos")))]
        self.frame.run_loop.clear();
    }
}

fn extent(rect: &ViewRect) -> (u32, u32) {
    let length = |from: i32, to: i32| u32::try_from(to.saturating_sub(from)).unwrap_or(0);
    (length(rect.left, rect.right), length(rect.top, rect.bottom))
}
