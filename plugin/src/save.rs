//! Files that the user saves from the editor: a dialog asks where to, and then they are made and written, on a thread of their
//! own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
#[cfg(windows)]
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

use crate::background::{Background, Round};
use crate::notice::Notices;

/// A dialog that is closed sooner than anybody can read was never open: there is no portal and no other means here.
const NEVER_OPEN: Duration = Duration::from_millis(300);

/// What a file is, for the dialog.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Title of the dialog.
    pub title: &'static str,
    /// What such files are called.
    pub name: &'static str,
    /// Their ending, without the dot.
    pub ending: &'static str,
    /// Folders of the user's home where they belong, the best first: for systems without a dialog.
    pub folders: &'static [&'static str],
}

/// Saves one file at a time.
#[derive(Default)]
pub struct Saver {
    /// The thread of the dialog that is open, or that was last.
    dialog: Mutex<Option<Background>>,
}

impl Saver {
    /// Whether a dialog is open, or a file is being made.
    pub fn is_busy(&self) -> bool {
        self.dialog.lock().as_ref().is_some_and(Background::is_running)
    }

    /// Asks where to save a file of this kind, suggesting `name` with the time and the ending behind it, and saves what `make`
    /// makes. Returns at once; what became of it is told as a notice.
    pub fn save(
        &self,
        kind: Kind,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, String> + Send + 'static,
        notices: &Arc<Notices>,
    ) {
        let mut dialog = self.dialog.lock();
        if dialog.as_ref().is_some_and(Background::is_running) {
            notices.post("A dialog for saving is open already.".to_owned());
            return;
        }
        let name = format!("{name} {}.{}", stamp(), kind.ending);
        let (told, mut make) = (notices.clone(), Some(make));
        stay_loaded();
        let started = Background::start("dendrite-save", Duration::ZERO, move |_| {
            if let (Place::Chosen(path) | Place::Default(path), Some(make)) =
                (choose(kind, &name), make.take())
            {
                match make().and_then(|bytes| write(&path, &bytes)) {
                    Ok(()) => told.post(format!("Saved as {}.", path.display())),
                    Err(message) => told.post(message),
                }
            }
            Round::Done
        });
        match started {
            Ok(background) => *dialog = Some(background),
            Err(error) => notices.post(format!("Not saved: no thread can be started: {error}.")),
        }
    }
}

/// Keeps this library in memory until the process ends: a dialog may outlive its instance, and hosts unload a plug-in whose
/// last instance is gone.
#[cfg(unix)]
pub(crate) fn stay_loaded() {
    let mut information = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: dladdr only writes to the structure it is given; the address is that of a function of this library.
    let found = unsafe { libc::dladdr(stay_loaded as *const libc::c_void, information.as_mut_ptr()) } != 0;
    if found {
        // SAFETY: the structure was zeroed, which is a valid value, and filled in; its file name is a C string that lives as
        // long as this library. Opening a library that is loaded runs none of its code anew.
        unsafe {
            let information = information.assume_init();
            libc::dlopen(information.dli_fname, libc::RTLD_NOW | libc::RTLD_NODELETE | libc::RTLD_NOLOAD);
        }
    }
}

/// The same for Windows.
#[cfg(windows)]
pub(crate) fn stay_loaded() {
    let mut library = std::ptr::null_mut();
    // SAFETY: with the second flag the name stands for an address, here that of a function of this library; the handle goes to a
    // place of its own and need not be given back, because a library that is pinned is not counted.
    unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
            stay_loaded as *const u16,
            &mut library,
        );
    }
}

/// Where a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the user has said in the dialog, which asks before it lets a file be replaced.
    Chosen(PathBuf),
    /// Where such files belong: there is no dialog here.
    Default(PathBuf),
    /// The user does not want it.
    Nowhere,
}

/// Asks where the user wants the file.
pub(crate) fn choose(kind: Kind, name: &str) -> Place {
    let opened = Instant::now();
    let dialog = rfd::AsyncFileDialog::new()
        .set_title(kind.title)
        .set_file_name(name)
        .add_filter(kind.name, &[kind.ending]);
    let chosen = pollster::block_on(dialog.save_file()).map(|file| file.path().to_owned());
    match chosen {
        Some(path) if path.extension().is_none() => Place::Chosen(path.with_extension(kind.ending)),
        Some(path) => Place::Chosen(path),
        None if opened.elapsed() < NEVER_OPEN => Place::Default(default_folder(kind.folders).join(name)),
        None => Place::Nowhere,
    }
}

/// A file that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// This one.
    File(PathBuf),
    /// The user wants none.
    Nothing,
    /// There is no dialog here.
    NoDialog,
}

/// Asks which file the user wants to be read.
pub(crate) fn choose_existing(kind: Kind) -> Chosen {
    let opened = Instant::now();
    let dialog = rfd::AsyncFileDialog::new().set_title(kind.title).add_filter(kind.name, &[kind.ending]);
    match pollster::block_on(dialog.pick_file()) {
        Some(file) => Chosen::File(file.path().to_owned()),
        None if opened.elapsed() < NEVER_OPEN => Chosen::NoDialog,
        None => Chosen::Nothing,
    }
}

/// Where files go on systems without a dialog.
fn default_folder(names: &[&str]) -> PathBuf {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    let home = home.unwrap_or_else(std::env::temp_dir);
    names.iter().map(|name| home.join(name)).find(|path| path.is_dir()).unwrap_or(home)
}

/// Seconds since 1970: file names that sort by time, without a calendar.
fn stamp() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Writes beside the place and renames, so that a file is whole or not there.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: std::io::Error| format!("Not saved: {}: {error}.", path.display());
    std::fs::write(&part, bytes).map_err(failed)?;
    std::fs::rename(&part, path).map_err(|error| {
        let _ = std::fs::remove_file(&part);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there_and_the_reason_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mid");
        write(&path, b"MThd").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"MThd");
        let nowhere = folder.path().join("not/there.mid");
        let message = write(&nowhere, b"MThd").unwrap_err();
        assert!(message.contains("there.mid"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
