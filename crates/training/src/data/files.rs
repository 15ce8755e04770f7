//! Finding files: a folder with all that is in it, in the same order everywhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::loading::SetError;
use super::report::{Reason, Report};

/// Files with one of these endings (lower case) in a folder and the folders below, in the order of their names.
///
/// Links are followed, hidden files and folders are not looked at. What cannot be listed goes into the report.
pub(crate) fn find(folder: &Path, endings: &[&str], report: &mut Report) -> Result<Vec<PathBuf>, SetError> {
    require_folder(folder)?;
    let mut files = Vec::new();
    let visible =
        |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
    {
        match entry {
            Ok(entry) if entry.file_type().is_file() && has_ending(entry.path(), endings) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                report.skip(path, Reason::Io(io::Error::from(error)));
            }
        }
    }
    Ok(files)
}

/// Refuses what is not a folder that can be listed.
pub(crate) fn require_folder(folder: &Path) -> Result<(), SetError> {
    match fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(source) => Err(SetError::Folder { folder: folder.to_owned(), source }),
    }
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
