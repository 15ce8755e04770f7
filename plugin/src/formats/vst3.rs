//! The VST3 entry points: the framework's plug-in, with our own check before its state is loaded.
//!
//! It does what `nice_export_vst3!` does, and gives each instance tables of functions in which some are ours: `setState` here,
//! those of [`processor`] and [`midi_names`] there.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::OnceLock;

use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::{PluginInfo, Wrapper};
use vst3::Steinberg::Vst::{IComponent, IComponentVtbl};
use vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IBStream_::IStreamSeekMode_, IBStreamTrait, IPluginFactory,
    IPluginFactory2, IPluginFactory2Trait, IPluginFactory3, IPluginFactory3Trait, IPluginFactoryTrait,
    PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo, TUID, int32, int64, kInvalidArgument, kResultFalse,
    kResultOk, tresult,
};
use vst3::{Class, ComRef, ComWrapper};

use super::{chunk, midi_names, processor};
use crate::Dendrite;

/// The framework's functions of a component; the same for all instances.
static FRAMEWORK: OnceLock<IComponentVtbl> = OnceLock::new();

/// The same with our `setState`.
static OURS: OnceLock<IComponentVtbl> = OnceLock::new();

struct Factory {
    info: PluginInfo,
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: hosts pass room for one.
        unsafe { put(info, || self.info.create_factory_info()) }
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: hosts pass room for one.
        unsafe { put(info, || self.info.create_class_info()) }
    }

    unsafe fn createInstance(&self, cid: FIDString, iid: FIDString, object: *mut *mut c_void) -> tresult {
        if cid.is_null() || iid.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: class ids have 16 bytes, in all of VST3.
        if unsafe { *cid.cast::<[u8; 16]>() } != Dendrite::PLATFORM_VST3_CLASS_ID {
            return kInvalidArgument;
        }
        let wrapper = ComWrapper::new(Wrapper::<Dendrite>::new());
        let (Some(component), Some(unknown)) =
            (wrapper.as_com_ref::<IComponent>(), wrapper.as_com_ref::<FUnknown>())
        else {
            return kResultFalse;
        };
        // SAFETY: nobody else knows the component yet. Its first word points to its functions, as COM prescribes; the new
        // table is of the same type and lives as long as the library.
        unsafe {
            let component = component.as_ptr();
            let framework = FRAMEWORK.get_or_init(|| std::ptr::read((*component).vtbl));
            let ours =
                OURS.get_or_init(|| IComponentVtbl { setState: set_state, ..std::ptr::read(framework) });
            (*component).vtbl = ours;
        }
        midi_names::install(&wrapper);
        processor::install(&wrapper);
        let unknown = unknown.as_ptr();
        // SAFETY: the object lives as long as `wrapper`, and what the host gets is counted.
        unsafe { ((*(*unknown).vtbl).queryInterface)(unknown, iid.cast::<TUID>(), object) }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: hosts pass room for one.
        unsafe { put(info, || self.info.create_class_info_2()) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: hosts pass room for one.
        unsafe { put(info, || self.info.create_class_info_unicode()) }
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// # Safety
/// `place` must be null or have room for a `T`.
unsafe fn put<T>(place: *mut T, value: impl FnOnce() -> T) -> tresult {
    if place.is_null() {
        return kInvalidArgument;
    }
    // SAFETY: as the caller promises.
    unsafe { place.write(value()) };
    kResultOk
}

/// Loads a state; one that cannot be read is replaced by defaults and a message, and refused.
unsafe extern "system" fn set_state(this: *mut IComponent, stream: *mut IBStream) -> tresult {
    let Some(framework) = FRAMEWORK.get() else { return kResultFalse };
    // SAFETY: hosts pass a living stream or null.
    let Some(source) = (unsafe { ComRef::from_raw(stream) }) else { return kInvalidArgument };
    // SAFETY: the reference is to the host's living stream.
    let read = unsafe { read_to_end(source) };
    let (bytes, readable) = match read.and_then(|bytes| chunk::check(&bytes).map(|()| bytes)) {
        Ok(bytes) => (bytes, true),
        Err(reason) => (chunk::replacement(&reason), false),
    };
    let memory = ComWrapper::new(Memory { bytes, position: Cell::new(0) });
    let Some(memory) = memory.as_com_ref::<IBStream>() else { return kResultFalse };
    // SAFETY: `this` is the framework's own, and the stream lives through the call.
    let result = unsafe { (framework.setState)(this, memory.as_ptr()) };
    if readable { result } else { kResultFalse }
}

/// Everything from the stream's position to its end.
///
/// # Safety
/// The reference must be to a living stream.
unsafe fn read_to_end(stream: ComRef<IBStream>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut piece = [0u8; 4096];
    while bytes.len() <= chunk::MAX_BYTES {
        let mut count = 0;
        // Some hosts say that they failed when the stream is at its end, so the count alone is believed.
        // SAFETY: the piece is as long as is said.
        let _ = unsafe { stream.read(piece.as_mut_ptr().cast(), piece.len() as int32, &mut count) };
        match usize::try_from(count) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(piece.get(..count).ok_or("the host counts wrongly")?),
            Err(_) => return Err("the host could not read it".to_owned()),
        }
    }
    Err("it is too large".to_owned())
}

/// Bytes as a stream. Used within one call on one thread.
struct Memory {
    bytes: Vec<u8>,
    position: Cell<usize>,
}

impl Class for Memory {
    type Interfaces = (IBStream,);
}

#[allow(clippy::unnecessary_cast)]
const SEEK_SET: int32 = IStreamSeekMode_::kIBSeekSet as int32;
#[allow(clippy::unnecessary_cast)]
const SEEK_CURRENT: int32 = IStreamSeekMode_::kIBSeekCur as int32;
#[allow(clippy::unnecessary_cast)]
const SEEK_END: int32 = IStreamSeekMode_::kIBSeekEnd as int32;

impl IBStreamTrait for Memory {
    unsafe fn read(&self, buffer: *mut c_void, size: int32, read: *mut int32) -> tresult {
        let rest = self.bytes.get(self.position.get()..).unwrap_or(&[]);
        let count = rest.len().min(usize::try_from(size).unwrap_or(0));
        // SAFETY: the caller's buffer holds `size` bytes, and `read` is null or its own.
        unsafe {
            std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), count);
            if !read.is_null() {
                *read = count as int32;
            }
        }
        self.position.set(self.position.get() + count);
        kResultOk
    }

    unsafe fn write(&self, _buffer: *mut c_void, _size: int32, _written: *mut int32) -> tresult {
        kResultFalse
    }

    unsafe fn seek(&self, offset: int64, mode: int32, result: *mut int64) -> tresult {
        let base = match mode {
            SEEK_SET => 0,
            SEEK_CURRENT => self.position.get() as int64,
            SEEK_END => self.bytes.len() as int64,
            _ => return kInvalidArgument,
        };
        let Ok(position) = usize::try_from(base.saturating_add(offset)) else { return kInvalidArgument };
        self.position.set(position);
        // SAFETY: `result` is null or the caller's own.
        unsafe {
            if !result.is_null() {
                *result = position as int64;
            }
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        if position.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: it is the caller's own.
        unsafe { *position = self.position.get() as int64 };
        kResultOk
    }
}

/// The factory that hosts ask for.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    let factory = ComWrapper::new(Factory { info: PluginInfo::for_plugin::<Dendrite>() });
    factory.to_com_ptr::<IPluginFactory>().map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// Called by hosts on Linux after loading the library.
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    setup_logger::<Dendrite>();
    true
}

/// Called by hosts on Linux before unloading the library.
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleExit() -> bool {
    true
}

/// Called by hosts on macOS after loading the library.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleEntry(_library: *mut c_void) -> bool {
    setup_logger::<Dendrite>();
    true
}

/// Called by hosts on macOS before unloading the library.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleExit() -> bool {
    true
}

/// Called by hosts on Windows after loading the library.
#[cfg(target_os = "windows")]
#[unsafe(no_mangle)]
pub extern "system" fn InitDll() -> bool {
    setup_logger::<Dendrite>();
    true
}

/// Called by hosts on Windows before unloading the library.
#[cfg(target_os = "windows")]
#[unsafe(no_mangle)]
pub extern "system" fn ExitDll() -> bool {
    true
}
