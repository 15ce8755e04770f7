//! Shared libraries that stay loaded until told otherwise.
//!
//! A plug-in's threads may outlive its last instance by a moment (a worker that has not yet seen its queue close, a
//! window thread still on its way out). Unmapping their code then crashes the host far from the cause. So the first
//! load of a library leaves one extra handle here, and only [`release`] gives it up.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use libloading::Library;

use crate::error::HostError;
use crate::notices::lock;

static RESIDENT: Mutex<Option<HashMap<PathBuf, Arc<Library>>>> = Mutex::new(None);

/// What became of a library that was to be unloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unloaded {
    /// Its code is gone from memory.
    Unmapped,
    /// Another instance in this process uses it.
    InUse,
    /// The system keeps it: some thread still has destructors in it to run, or it is marked as not unloadable.
    KeptBySystem,
}

/// Loads a library, or finds it loaded.
pub(crate) fn load(path: &Path) -> Result<Arc<Library>, HostError> {
    let mut resident = lock(&RESIDENT);
    let resident = resident.get_or_insert_with(HashMap::new);
    if let Some(library) = resident.get(path) {
        return Ok(library.clone());
    }
    // SAFETY: loading runs the library's initialisers. Hosting a plug-in means trusting its code; the path is one the
    // caller names as a plug-in, and is absolute, so that no other file of that name is found.
    let library = unsafe { Library::new(path) }
        .map_err(|error| HostError::Open { path: path.to_owned(), reason: error.to_string() })?;
    let library = Arc::new(library);
    resident.insert(path.to_owned(), library.clone());
    Ok(library)
}

/// Whether a library exports a symbol.
pub(crate) fn exports(library: &Library, symbol: &str) -> bool {
    // SAFETY: the symbol is looked up and not used, so its type does not matter.
    unsafe { library.get::<*const ()>(symbol) }.is_ok()
}

/// The system's handle of a loaded library, null if it is not loaded. Valid as long as the library stays loaded.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn handle(path: &Path) -> *mut std::ffi::c_void {
    use libloading::os::unix::Library as UnixLibrary;
    // SAFETY: with RTLD_NOLOAD nothing is loaded and no initialiser runs.
    let again = unsafe { UnixLibrary::open(Some(path), libc::RTLD_NOLOAD | libc::RTLD_LAZY) };
    again.map_or(std::ptr::null_mut(), |again| {
        let raw = again.into_raw();
        // SAFETY: gives back the use that opening counted; the loader has one handle per library, so `raw` lives on.
        drop(unsafe { UnixLibrary::from_raw(raw) });
        raw
    })
}

/// Gives up the extra handle once nobody else holds one.
pub(crate) fn release(path: &Path) -> Unloaded {
    let mut resident = lock(&RESIDENT);
    if let Some(libraries) = resident.as_mut()
        && let Some(library) = libraries.get(path)
    {
        if Arc::strong_count(library) > 1 {
            return Unloaded::InUse;
        }
        libraries.remove(path);
    }
    if is_mapped(path) { Unloaded::KeptBySystem } else { Unloaded::Unmapped }
}

/// Whether the system still has the library in memory.
#[cfg(unix)]
fn is_mapped(path: &Path) -> bool {
    use libloading::os::unix::Library as UnixLibrary;
    // SAFETY: with RTLD_NOLOAD nothing is loaded and no initialiser runs; the handle only counts one more user and is
    // closed at once.
    unsafe { UnixLibrary::open(Some(path), libc::RTLD_NOLOAD | libc::RTLD_LAZY) }.is_ok()
}

/// Whether the system still has the library in memory.
#[cfg(windows)]
fn is_mapped(path: &Path) -> bool {
    libloading::os::windows::Library::open_already_loaded(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_library_is_refused_with_the_loaders_reason() {
        let path =
            std::env::temp_dir().join(format!("dendrite-host-not-a-library-{}.so", std::process::id()));
        std::fs::write(&path, "text").expect("the temporary folder is writable");
        let error = load(&path).expect_err("text is no library").to_string();
        let _ = std::fs::remove_file(&path);
        assert!(error.contains("cannot be loaded") && error.contains("not-a-library"), "{error}");
    }
}
