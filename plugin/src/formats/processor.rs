//! What the framework's VST3 processing needs around it: the right mode, and to know where a block begins ([`parts`]).
//!
//! The framework hands the mode that a host sets up (live or offline) to the activation after the next one: `setupProcessing`
//! puts the mode of the setup before into what the activation is given, and keeps the new one for the setup to come.

use std::sync::OnceLock;

use nice_plug::wrapper::vst3::Wrapper;
use vst3::Steinberg::Vst::{IAudioProcessor, IAudioProcessorVtbl, ProcessData, ProcessSetup};
use vst3::Steinberg::{kResultFalse, kResultOk, tresult};
use vst3::{ComRef, ComWrapper};

use super::parts;
use crate::Dendrite;

/// The framework's functions of an audio processor; the same for all instances.
static FRAMEWORK: OnceLock<IAudioProcessorVtbl> = OnceLock::new();

/// The same with ours.
static OURS: OnceLock<IAudioProcessorVtbl> = OnceLock::new();

/// Gives an instance that nobody else knows yet our functions.
pub fn install(wrapper: &ComWrapper<Wrapper<Dendrite>>) {
    let Some(processor) = wrapper.as_com_ref::<IAudioProcessor>() else { return };
    // SAFETY: nobody else knows the object yet. Its first word points to its functions, as COM prescribes; the new table is of
    // the same type and lives as long as the library.
    unsafe {
        let processor = ComRef::as_ptr(&processor);
        let framework = FRAMEWORK.get_or_init(|| std::ptr::read((*processor).vtbl));
        let ours = OURS.get_or_init(|| IAudioProcessorVtbl {
            setupProcessing: setup_processing,
            process,
            ..std::ptr::read(framework)
        });
        (*processor).vtbl = ours;
    }
}

/// Sets up twice: the first time the framework learns the mode, the second time it passes it on.
unsafe extern "system" fn setup_processing(this: *mut IAudioProcessor, setup: *mut ProcessSetup) -> tresult {
    let Some(framework) = FRAMEWORK.get() else { return kResultFalse };
    // SAFETY: `this` is the framework's own, and hosts pass a living setup or null, which the framework checks.
    let set_up = || unsafe { (framework.setupProcessing)(this, setup) };
    let learnt = set_up();
    if learnt == kResultOk { set_up() } else { learnt }
}

/// Processes one block. Does not allocate.
unsafe extern "system" fn process(this: *mut IAudioProcessor, data: *mut ProcessData) -> tresult {
    let Some(framework) = FRAMEWORK.get() else { return kResultFalse };
    // SAFETY: the arguments are passed on as they came.
    parts::block(|| unsafe { (framework.process)(this, data) })
}
