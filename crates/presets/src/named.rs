//! What a command line names: a preset that comes with Dendrite, or a file.

use std::path::Path;

use crate::{Folder, FolderError, Preset, Unknown, find};

/// Why a name gives no preset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamedError {
    /// None has this name.
    #[error("{0}; the name of a file ends in .toml")]
    Unknown(#[from] Unknown),
    /// The file cannot be read or holds no preset.
    #[error(transparent)]
    File(#[from] FolderError),
}

/// The preset that comes with Dendrite under a name, or that of a file that ends in `.toml`.
///
/// # Errors
/// There is no such preset, or the file cannot be read or is none.
pub fn named(text: &str) -> Result<Preset, NamedError> {
    let path = Path::new(text);
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("toml")) {
        return Ok(find(text)?.clone());
    }
    Ok(Folder::import(path)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_and_files_are_told_apart_and_what_is_wrong_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.TOML");
        fs::write(&path, "name = \"Mine\"\n[values]\nzoom = 2\n").unwrap();
        assert_eq!(named(path.to_str().unwrap()).unwrap().name, "Mine");
        assert_eq!(named("dendrite").unwrap(), crate::factory()[0]);
        assert!(named("dendrit").unwrap_err().to_string().contains("did you mean"));
        fs::write(&path, "name = \"Mine\"\n[values]\nzoom = 99\n").unwrap();
        let message = named(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(message.contains("mine.TOML") && message.contains("line 3"), "{message}");
        assert!(named("nowhere.toml").unwrap_err().to_string().contains("nowhere.toml"));
    }
}
