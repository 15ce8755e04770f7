//! A loaded VST3 library: entry, factory and exit.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex};

use libloading::Library;
use vst3::Steinberg::{
    FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3, IPluginFactory3Trait,
    IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo, TUID, kResultOk,
};
use vst3::{ComPtr, Interface};

use super::plain::{Plain, class_id_text, from_chars, from_utf16};
use crate::describe::{Format, PluginInfo};
use crate::error::HostError;
use crate::library;
use crate::notices::lock;

/// The symbol every VST3 library exports.
const FACTORY: &str = "GetPluginFactory";

/// Category of the classes that are plug-ins, as opposed to their controllers.
const AUDIO_CLASS: &str = "Audio Module Class";

/// How many [`Module`]s each library has: entry and exit must be called once per library, not per instance.
static ENTERED: Mutex<Option<HashMap<PathBuf, usize>>> = Mutex::new(None);

/// A plug-in of a library: its id in memory and in words.
pub(super) struct PluginClass {
    pub(super) id: TUID,
    pub(super) info: PluginInfo,
}

/// A library between its entry and exit.
pub(super) struct Module {
    /// Released before the exit function runs; `None` only then.
    factory: Option<ComPtr<IPluginFactory>>,
    library: Arc<Library>,
    path: PathBuf,
}

impl Module {
    pub(super) fn open(path: &Path, library: Arc<Library>) -> Result<Self, HostError> {
        if !library::exports(&library, FACTORY) {
            return Err(HostError::NotAPlugin {
                path: path.to_owned(),
                format: Format::Vst3,
                symbol: FACTORY,
            });
        }
        enter(path, &library)?;
        // From here on dropping the module calls the exit function.
        let mut module = Self { factory: None, library, path: path.to_owned() };
        // SAFETY: VST3 defines this symbol with this signature.
        let factory =
            unsafe { module.library.get::<unsafe extern "system" fn() -> *mut IPluginFactory>(FACTORY) };
        // SAFETY: the entry function has run; the result is null or a reference that now belongs to us.
        module.factory = factory.ok().and_then(|factory| unsafe { ComPtr::from_raw(factory()) });
        if module.factory.is_none() {
            return Err(module.failed("it has no plug-in factory"));
        }
        Ok(module)
    }

    fn failed(&self, reason: &str) -> HostError {
        HostError::Entry { path: self.path.clone(), format: Format::Vst3, reason: reason.to_owned() }
    }

    /// Tells the factory who the host is.
    pub(super) fn set_host(&self, host: *mut FUnknown) {
        if let Some(factory) = self.factory.as_ref().and_then(ComPtr::cast::<IPluginFactory3>) {
            // SAFETY: `host` is a live object; the factory takes a reference of its own.
            unsafe { factory.setHostContext(host) };
        }
    }

    /// Makes an object of a class and asks it for an interface.
    pub(super) fn create<I: Interface>(&self, class: &TUID) -> Option<ComPtr<I>> {
        let mut object: *mut c_void = ptr::null_mut();
        let factory = self.factory.as_ref()?;
        // SAFETY: class and interface ids are 16 bytes each; on success the object is a reference to `I` that belongs
        // to us.
        unsafe {
            let answer =
                factory.createInstance(class.as_ptr(), I::IID.as_ptr().cast::<c_char>(), &mut object);
            if answer == kResultOk { ComPtr::from_raw(object.cast::<I>()) } else { None }
        }
    }

    /// The plug-ins of the library.
    pub(super) fn classes(&self) -> Vec<PluginClass> {
        let Some(factory) = &self.factory else { return Vec::new() };
        let mut about = PFactoryInfo::zeroed();
        // SAFETY: a place for the answer; it stays empty if the call fails.
        let count = unsafe {
            factory.getFactoryInfo(&mut about);
            factory.countClasses()
        };
        (0..count)
            .filter_map(|index| {
                let mut class = PClassInfo::zeroed();
                // SAFETY: a valid index and a place for the answer.
                let known = unsafe { factory.getClassInfo(index, &mut class) } == kResultOk;
                (known && from_chars(&class.category) == AUDIO_CLASS)
                    .then(|| PluginClass { id: class.cid, info: describe(factory, index, &class, &about) })
            })
            .collect()
    }
}

/// The best description of a class that the factory has.
fn describe(
    factory: &ComPtr<IPluginFactory>,
    index: i32,
    class: &PClassInfo,
    about: &PFactoryInfo,
) -> PluginInfo {
    let mut info = PluginInfo {
        id: class_id_text(&class.cid),
        name: from_chars(&class.name),
        vendor: String::new(),
        version: String::new(),
        features: Vec::new(),
    };
    let split = |categories: &[c_char]| {
        from_chars(categories).split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (mut wide, mut narrow) = (PClassInfoW::zeroed(), PClassInfo2::zeroed());
    // SAFETY: a valid index and places for the answers.
    let has_wide = factory
        .cast::<IPluginFactory3>()
        .is_some_and(|factory| unsafe { factory.getClassInfoUnicode(index, &mut wide) } == kResultOk);
    if has_wide {
        info.name = from_utf16(&wide.name);
        info.vendor = from_utf16(&wide.vendor);
        info.version = from_utf16(&wide.version);
        info.features = split(&wide.subCategories);
    } else if factory
        .cast::<IPluginFactory2>()
        // SAFETY: as above.
        .is_some_and(|factory| unsafe { factory.getClassInfo2(index, &mut narrow) } == kResultOk)
    {
        info.vendor = from_chars(&narrow.vendor);
        info.version = from_chars(&narrow.version);
        info.features = split(&narrow.subCategories);
    }
    if info.vendor.is_empty() {
        info.vendor = from_chars(&about.vendor);
    }
    info
}

impl Drop for Module {
    fn drop(&mut self) {
        self.factory = None;
        leave(&self.path, &self.library);
    }
}

/// Calls the library's entry function unless it has been called already.
fn enter(path: &Path, library: &Library) -> Result<(), HostError> {
    let mut entered = lock(&ENTERED);
    let count = entered.get_or_insert_with(HashMap::new).entry(path.to_owned()).or_insert(0);
    if *count == 0 && !call_entry(path, library) {
        return Err(HostError::Entry {
            path: path.to_owned(),
            format: Format::Vst3,
            reason: "the entry function is missing or refused".to_owned(),
        });
    }
    *count += 1;
    Ok(())
}

/// Calls the library's exit function when its last module goes. The lock is held meanwhile, so that no entry overtakes.
fn leave(path: &Path, library: &Library) {
    let mut entered = lock(&ENTERED);
    if let Some(count) = entered.as_mut().and_then(|entered| entered.get_mut(path)) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            call_exit(library);
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn call_entry(path: &Path, library: &Library) -> bool {
    // SAFETY: VST3 defines this symbol with this signature on Linux.
    let entry = unsafe { library.get::<unsafe extern "C" fn(*mut c_void) -> bool>("ModuleEntry") };
    // SAFETY: called once per library, before anything else in it, with the handle it was loaded under.
    entry.is_ok_and(|entry| unsafe { entry(library::handle(path)) })
}

#[cfg(all(unix, not(target_os = "macos")))]
fn call_exit(library: &Library) {
    // SAFETY: VST3 defines this symbol with this signature on Linux.
    if let Ok(exit) = unsafe { library.get::<unsafe extern "C" fn() -> bool>("ModuleExit") } {
        // SAFETY: called after the last object of the library is gone.
        unsafe { exit() };
    }
}

#[cfg(target_os = "macos")]
fn call_entry(_path: &Path, library: &Library) -> bool {
    // SAFETY: VST3 defines this symbol with this signature on macOS.
    let entry = unsafe { library.get::<unsafe extern "C" fn(*mut c_void) -> bool>("bundleEntry") };
    // SAFETY: called once per library, before anything else in it. The argument is the bundle's reference, which only
    // plug-ins with resources in the bundle use; a headless host has none to give.
    entry.is_ok_and(|entry| unsafe { entry(ptr::null_mut()) })
}

#[cfg(target_os = "macos")]
fn call_exit(library: &Library) {
    // SAFETY: VST3 defines this symbol with this signature on macOS.
    if let Ok(exit) = unsafe { library.get::<unsafe extern "C" fn() -> bool>("bundleExit") } {
        // SAFETY: called after the last object of the library is gone.
        unsafe { exit() };
    }
}

#[cfg(windows)]
fn call_entry(_path: &Path, library: &Library) -> bool {
    // SAFETY: VST3 defines this symbol with this signature on Windows; it is optional there.
    match unsafe { library.get::<unsafe extern "system" fn() -> bool>("InitDll") } {
        // SAFETY: called once per library, before anything else in it.
        Ok(entry) => unsafe { entry() },
        Err(_) => true,
    }
}

#[cfg(windows)]
fn call_exit(library: &Library) {
    // SAFETY: VST3 defines this symbol with this signature on Windows.
    if let Ok(exit) = unsafe { library.get::<unsafe extern "system" fn() -> bool>("ExitDll") } {
        // SAFETY: called after the last object of the library is gone.
        unsafe { exit() };
    }
}
