//! The way from a control to the host, past the list of what can be undone: every change in the editor takes it.

use nice_plug::context::gui::GuiContext;
use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;

use crate::edits::{Edits, Origin, Size};

/// What is told to the host. A trait, so that a test can listen.
pub trait Host {
    /// The user takes hold of a parameter.
    fn begin(&self, param: ParamPtr);
    /// The user moves a parameter, 0 .. 1.
    fn set(&self, param: ParamPtr, normalized: f32);
    /// The user lets go.
    fn end(&self, param: ParamPtr);
}

impl Host for GuiContext {
    fn begin(&self, param: ParamPtr) {
        // SAFETY: the pointer is that of a parameter of the session, which the framework holds; this is a window's thread, as
        // for all that the framework's own setter does.
        unsafe { self.raw_begin_set_parameter(param) };
    }

    fn set(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: as in `begin`.
        unsafe { self.raw_set_parameter_normalized(param, normalized) };
    }

    fn end(&self, param: ParamPtr) {
        // SAFETY: as in `begin`.
        unsafe { self.raw_end_set_parameter(param) };
    }
}

/// What controls are given to change parameters with.
#[derive(Clone, Copy)]
pub struct Gestures<'a> {
    host: &'a dyn Host,
    edits: &'a Edits,
}

impl<'a> Gestures<'a> {
    /// The way to this host, noted in these edits.
    pub fn new(host: &'a dyn Host, edits: &'a Edits) -> Self {
        Self { host, edits }
    }

    /// What was done, and what can be undone.
    pub fn edits(&self) -> &'a Edits {
        self.edits
    }

    /// A drag begins.
    pub fn begin(&self, param: &impl Param) {
        self.edits.begin(param.as_ptr());
        self.host.begin(param.as_ptr());
    }

    /// A drag goes on.
    pub fn set(&self, param: &impl Param, normalized: f32) {
        self.edits.set(param.as_ptr(), normalized);
        self.host.set(param.as_ptr(), normalized);
    }

    /// A drag ends.
    pub fn end(&self, param: &impl Param) {
        self.host.end(param.as_ptr());
        self.edits.end(param.as_ptr(), Size::Step);
    }

    /// Sets a value at once.
    pub fn change(&self, param: &impl Param, normalized: f32) {
        self.begin(param);
        self.set(param, normalized);
        self.end(param);
    }

    /// Sets a value that is a step away; several of them in a row are undone at once.
    pub fn nudge(&self, param: &impl Param, normalized: f32) {
        self.begin(param);
        self.set(param, normalized);
        self.host.end(param.as_ptr());
        self.edits.end(param.as_ptr(), Size::Nudge);
    }

    /// Undoes the last step.
    pub fn undo(&self) {
        if let Some(values) = self.edits.undo() {
            self.send(&values);
        }
    }

    /// Does again what was undone last.
    pub fn redo(&self) {
        if let Some(values) = self.edits.redo() {
            self.send(&values);
        }
    }

    /// Exchanges A and B.
    pub fn switch(&self) {
        let values = self.edits.switch();
        self.send(&values);
    }

    /// Loads a preset; returns the ids in it that mean nothing here.
    pub fn load(&self, preset: Origin) -> Vec<String> {
        let (values, unknown) = self.edits.load(preset);
        self.send(&values);
        unknown
    }

    /// Sets values, each as a gesture.
    fn send(&self, values: &[(usize, f32)]) {
        self.edits.sent(values);
        for (place, normalized) in values {
            let param = self.edits.register().pointer(*place);
            self.host.begin(param);
            self.host.set(param, *normalized);
            self.host.end(param);
        }
    }
}
