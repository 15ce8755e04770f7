//! The user's presets: a folder with one file for each.
//!
//! A file is written beside its place and moved there, so that it is whole or not there. What cannot be read is listed as a
//! problem and left alone. The file system is asked each time: what others change in the folder is seen with the next list.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Preset, PresetError, name};

/// Longest file that is read, in bytes. A preset with every value takes about 3 kB.
pub const SIZE_LIMIT: u64 = 64 * 1024;

/// The ending of presets' files.
const ENDING: &str = "toml";

/// What to do where a preset or file of the same name is already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it alone and fail with [`FolderError::Exists`].
    No,
    /// Replace it.
    Yes,
}

/// Why something could not be done with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The file system refused.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// It is no preset, or a broken one.
    #[error("{}: {problem}", path.display())]
    Preset {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PresetError,
    },
    /// A preset that cannot be saved as it is.
    #[error("not saved: {0}")]
    Unsound(PresetError),
    /// It is longer than any preset.
    #[error("{}: longer than {SIZE_LIMIT} bytes, so it is no preset", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// It is there already.
    #[error("{} exists already; choose another name, or overwrite it", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
}

/// A preset in a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What the file holds.
    pub preset: Preset,
    path: PathBuf,
}

impl Entry {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A file in a folder that holds no sound preset.
#[derive(Debug)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// What is wrong with it; names the file too.
    pub error: FolderError,
}

/// A folder with presets, whether or not it exists yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The user's own folder: `dendrite/presets` where this system keeps data of users (`~/.local/share` or `XDG_DATA_HOME` on
    /// Linux, `~/Library/Application Support` on macOS, `%APPDATA%` on Windows). `None` where a user has no such place.
    pub fn user() -> Option<Self> {
        dirs::data_dir().map(|data| Self { path: data.join("dendrite").join("presets") })
    }

    /// Another folder.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its presets by name, and the files that end in `.toml` but are none. A folder that does not exist has neither.
    pub fn list(&self) -> (Vec<Entry>, Vec<Problem>) {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        let mut problem = |path: &Path, error| {
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            problems.push(Problem { file, error });
        };
        match fs::read_dir(&self.path) {
            Ok(files) => {
                for file in files {
                    match file {
                        Ok(file) if is_named_as_preset(&file.path()) => match Self::import(&file.path()) {
                            Ok(preset) => entries.push(Entry { preset, path: file.path() }),
                            Err(error) => problem(&file.path(), error),
                        },
                        Ok(_) => {}
                        Err(error) => problem(&self.path, failed(&self.path)(error)),
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => problem(&self.path, failed(&self.path)(error)),
        }
        entries.sort_by_cached_key(|entry| (entry.preset.name.to_lowercase(), entry.path.clone()));
        problems.sort_by(|a, b| a.file.cmp(&b.file));
        (entries, problems)
    }

    /// Saves a preset in the folder, which is made if it does not exist. One of the same name (whatever its case and punctuation)
    /// is overwritten or not, as told; a file of any other preset, or a broken one, never.
    ///
    /// # Errors
    /// The preset is not [sound](Preset::check), its name is taken, or it cannot be written.
    pub fn save(&self, preset: &Preset, overwrite: Overwrite) -> Result<Entry, FolderError> {
        preset.check().map_err(FolderError::Unsound)?;
        fs::create_dir_all(&self.path).map_err(failed(&self.path))?;
        let path = match (self.holder(&preset.name), overwrite) {
            (Some(there), Overwrite::No) => return Err(FolderError::Exists { path: there.path }),
            (Some(there), Overwrite::Yes) => {
                write(preset, &there.path, Overwrite::Yes)?;
                there.path
            }
            (None, _) => self.write_new(preset)?,
        };
        Ok(Entry { preset: preset.clone(), path })
    }

    /// Gives a preset another name and its file the name that goes with it.
    ///
    /// # Errors
    /// The name is taken by another preset or no name, or the file cannot be read or written.
    pub fn rename(&self, entry: &Entry, name: &str) -> Result<Entry, FolderError> {
        // As it is in the file now: somebody may have edited it.
        let preset = Preset { name: name.to_owned(), ..Self::import(&entry.path)? };
        preset.check().map_err(FolderError::Unsound)?;
        if let Some(there) = self.holder(name)
            && there.path != entry.path
        {
            return Err(FolderError::Exists { path: there.path });
        }
        if name::stem(name) == name::stem(&entry.preset.name) {
            write(&preset, &entry.path, Overwrite::Yes)?;
            return Ok(Entry { preset, path: entry.path.clone() });
        }
        let path = self.write_new(&preset)?;
        fs::remove_file(&entry.path).map_err(failed(&entry.path))?;
        Ok(Entry { preset, path })
    }

    /// Deletes a preset's file.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn delete(&self, entry: &Entry) -> Result<(), FolderError> {
        fs::remove_file(&entry.path).map_err(failed(&entry.path))
    }

    /// Reads a preset from any file. Nothing is saved: [`save`](Self::save) does that.
    ///
    /// # Errors
    /// The file cannot be read, is longer than [`SIZE_LIMIT`], or holds no sound preset.
    pub fn import(path: &Path) -> Result<Preset, FolderError> {
        // What is no file could be read for ever.
        if !fs::metadata(path).map_err(failed(path))?.is_file() {
            return Err(failed(path)(io::Error::new(io::ErrorKind::InvalidInput, "this is no file")));
        }
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed(path))?;
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed(path))?;
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(FolderError::TooLong { path: path.to_owned() });
        }
        let text = String::from_utf8(bytes).map_err(|problem| {
            failed(path)(io::Error::new(io::ErrorKind::InvalidData, format!("this is no text: {problem}")))
        })?;
        Preset::from_toml(&text).map_err(|problem| FolderError::Preset { path: path.to_owned(), problem })
    }

    /// Writes a preset to any file.
    ///
    /// # Errors
    /// The preset is not [sound](Preset::check), the file exists and shall not be overwritten, or it cannot be written.
    pub fn export(preset: &Preset, path: &Path, overwrite: Overwrite) -> Result<(), FolderError> {
        preset.check().map_err(FolderError::Unsound)?;
        write(preset, path, overwrite)
    }

    /// The preset that has this name.
    fn holder(&self, name: &str) -> Option<Entry> {
        let key = name::key(name);
        self.list().0.into_iter().find(|entry| name::key(&entry.preset.name) == key)
    }

    /// Writes a preset to a file that is not there yet, named after it, with a number where the name is taken.
    fn write_new(&self, preset: &Preset) -> Result<PathBuf, FolderError> {
        let stem = name::stem(&preset.name);
        let mut number = 1;
        loop {
            let file = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
            let path = self.path.join(file).with_added_extension(ENDING);
            match write(preset, &path, Overwrite::No) {
                Err(FolderError::Exists { .. }) => number += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(path),
            }
        }
    }
}

/// Whether a file of this name should hold a preset.
fn is_named_as_preset(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Writes beside the place and moves there.
fn write(preset: &Preset, path: &Path, overwrite: Overwrite) -> Result<(), FolderError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = beside(folder).map_err(failed(path))?;
    beside.write_all(preset.to_toml().as_bytes()).map_err(failed(path))?;
    beside.as_file().sync_all().map_err(failed(path))?;
    let moved = match overwrite {
        Overwrite::Yes => beside.persist(path),
        Overwrite::No => beside.persist_noclobber(path),
    };
    match moved {
        Ok(_) => Ok(()),
        Err(problem) if problem.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FolderError::Exists { path: path.to_owned() })
        }
        Err(problem) => Err(failed(path)(problem.error)),
    }
}

/// A file in the making. It disappears if it is not moved to its place.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".preset-").suffix(".part");
    // Presets are there to be passed on: as open as the user's other files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FolderError {
    move |problem| FolderError::File { path: path.to_owned(), problem }
}
