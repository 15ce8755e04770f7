//! The host side of VST3: what a plug-in may call at any time.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex};

use vst3::Class;
use vst3::Steinberg::Vst::RestartFlags_::{
    kIoChanged, kLatencyChanged, kParamTitlesChanged, kParamValuesChanged, kReloadComponent,
};
use vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandlerTrait, IHostApplication, IHostApplicationTrait, ParamID, String128,
};
use vst3::Steinberg::{TUID, kInvalidArgument, kNotImplemented, kResultOk, tresult};

use super::plain::fill_utf16;
use crate::event::EventKind;
use crate::notices::{NoticeBoard, lock};

/// Who the host is. It makes no messages or attribute lists, which only plug-ins of two separate parts need.
pub(super) struct HostApplication;

impl Class for HostApplication {
    type Interfaces = (IHostApplication,);
}

impl IHostApplicationTrait for HostApplication {
    unsafe fn getName(&self, name: *mut String128) -> tresult {
        if name.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: not null, hence a place for the name by the interface. It is written before it is borrowed, so it may
        // come uninitialised.
        let name = unsafe {
            name.write([0; 128]);
            &mut *name
        };
        fill_utf16(name, "Dendrite headless host");
        kResultOk
    }

    unsafe fn createInstance(&self, _cid: *mut TUID, _iid: *mut TUID, object: *mut *mut c_void) -> tresult {
        if !object.is_null() {
            // SAFETY: not null, hence a place for the answer by the interface.
            unsafe { object.write(ptr::null_mut()) };
        }
        kNotImplemented
    }
}

/// Takes edits and requests of the plug-in's controller, from whatever thread they come.
pub(super) struct ComponentHandler {
    board: Arc<NoticeBoard>,
    /// Edits in the order they were made, to be handed to the processor with the next block.
    edits: Mutex<Vec<EventKind>>,
}

impl Class for ComponentHandler {
    type Interfaces = (IComponentHandler,);
}

impl ComponentHandler {
    pub(super) fn new(board: Arc<NoticeBoard>) -> Self {
        Self { board, edits: Mutex::new(Vec::new()) }
    }

    /// Moves the edits made so far to the end of `target`.
    pub(super) fn take_edits(&self, target: &mut Vec<EventKind>) {
        target.append(&mut lock(&self.edits));
    }

    fn edit(&self, kind: EventKind) -> tresult {
        lock(&self.edits).push(kind);
        kResultOk
    }
}

impl IComponentHandlerTrait for ComponentHandler {
    unsafe fn beginEdit(&self, id: ParamID) -> tresult {
        self.edit(EventKind::ParamGestureBegin { id })
    }

    unsafe fn performEdit(&self, id: ParamID, value: f64) -> tresult {
        self.edit(EventKind::Param { id, value })
    }

    unsafe fn endEdit(&self, id: ParamID) -> tresult {
        self.edit(EventKind::ParamGestureEnd { id })
    }

    unsafe fn restartComponent(&self, flags: i32) -> tresult {
        let has = |flag: i32| flags & flag != 0;
        self.board.note(|notices| {
            notices.restart |= has(kReloadComponent);
            notices.ports_changed |= has(kIoChanged);
            notices.latency_changed |= has(kLatencyChanged);
            notices.param_values_changed |= has(kParamValuesChanged);
            notices.param_infos_changed |= has(kParamTitlesChanged);
        });
        kResultOk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_keep_their_order_and_restarts_become_notices() {
        let board = Arc::new(NoticeBoard::default());
        let handler = ComponentHandler::new(board.clone());
        // SAFETY: the calls take plain numbers.
        unsafe {
            handler.beginEdit(4);
            handler.performEdit(4, 0.5);
            handler.endEdit(4);
            handler.restartComponent(kLatencyChanged | kParamValuesChanged);
        }
        let mut edits = Vec::new();
        handler.take_edits(&mut edits);
        let expected = [
            EventKind::ParamGestureBegin { id: 4 },
            EventKind::Param { id: 4, value: 0.5 },
            EventKind::ParamGestureEnd { id: 4 },
        ];
        assert_eq!(edits, expected);
        let notices = board.take();
        assert!(notices.latency_changed && notices.param_values_changed && !notices.restart);
    }

    #[test]
    fn the_host_has_a_name_and_creates_nothing() {
        let mut name = [1u16; 128];
        let mut object = ptr::dangling_mut::<c_void>();
        // SAFETY: pointers to local variables.
        unsafe {
            assert_eq!(HostApplication.getName(&mut name), kResultOk);
            assert_eq!(
                HostApplication.createInstance(ptr::null_mut(), ptr::null_mut(), &mut object),
                kNotImplemented
            );
        }
        assert!(super::super::plain::from_utf16(&name).starts_with("Dendrite"));
        assert!(object.is_null());
    }
}
