//! A file that is written beside its place and moved there when it is complete, so that nothing broken is ever found.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::Error;

/// A file in the making. Dropped before [`finish`](Self::finish), it is removed.
#[derive(Debug)]
pub struct Beside {
    part: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Beside {
    /// Creates the part file, empty, which shows whether the folder can be written to.
    ///
    /// # Errors
    /// It cannot, or the target is a folder.
    pub fn create(target: &Path) -> Result<Self, Error> {
        if target.is_dir() {
            let problem =
                std::io::Error::new(std::io::ErrorKind::IsADirectory, "this is a folder; name a file in it");
            return Err(Error::File { path: target.to_owned(), problem });
        }
        let name = target.file_name().unwrap_or_default();
        let mut part_name = OsString::from(".");
        part_name.push(name);
        part_name.push(".part");
        let part = target.with_file_name(part_name);
        File::create(&part).map_err(Error::file(target))?;
        Ok(Self { part, target: target.to_owned(), finished: false })
    }

    /// The part file.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Where the file will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Opens the part file to be written from its start.
    pub(crate) fn open(&self) -> Result<File, Error> {
        File::create(&self.part).map_err(Error::file(&self.target))
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// It cannot be moved there.
    pub fn finish(mut self) -> Result<(), Error> {
        fs::rename(&self.part, &self.target).map_err(Error::file(&self.target))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left who could be told that it stays.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_there_when_it_is_complete_and_never_before() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.mp4");
        drop(Beside::create(&target).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let beside = Beside::create(&target).unwrap();
        fs::write(beside.path(), "x").unwrap();
        assert!(!target.exists());
        beside.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"x");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn folders_that_are_none_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Beside::create(&folder.path().join("none/a.mp4")).unwrap_err();
        assert!(error.to_string().contains("none/a.mp4"), "{error}");
        assert!(Beside::create(folder.path()).unwrap_err().to_string().contains("folder"));
    }
}
