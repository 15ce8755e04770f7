//! The songs of a folder.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::ENDINGS;

/// The files of a folder whose endings are those of songs, to its depths and in the order of their names; hidden files and
/// folders are left out.
///
/// # Errors
/// A folder cannot be read.
pub fn songs_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    let mut songs = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(visible) {
        let entry = entry?;
        let is_song = entry
            .path()
            .extension()
            .is_some_and(|ending| ENDINGS.contains(&ending.to_string_lossy().to_lowercase().as_str()));
        if entry.file_type().is_file() && is_song {
            songs.push(entry.into_path());
        }
    }
    Ok(songs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn songs_are_found_in_their_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("b/.hidden")).unwrap();
        for name in ["c.wav", "a.MP3", "b/d.flac", "b/e.txt", ".f.wav", "b/.hidden/g.wav"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let songs = songs_in(folder.path()).unwrap();
        let names: Vec<_> = songs.iter().map(|song| song.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, ["a.MP3", "b/d.flac", "c.wav"].map(Path::new));
        assert!(songs_in(&folder.path().join("none")).is_err());
    }
}
