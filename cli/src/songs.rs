//! Which songs a command is about: files and folders, in a fixed order, the share of one machine, and names for what is made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::UsageError;

/// A song and the name, without ending, of what is made of it. The name may begin with folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Song {
    pub path: PathBuf,
    pub name: PathBuf,
}

/// Share `part` (from 1) of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('/').and_then(|(part, of)| part.parse().ok().zip(of.parse().ok()));
        match parsed {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("expected I/N with I from 1 to N, such as 2/4".to_owned()),
        }
    }
}

/// The songs of files and folders. Folders are searched to their depths, hidden files left out.
///
/// # Errors
/// A path leads nowhere, a folder cannot be read, or there is no song at all.
pub fn collect(paths: &[PathBuf], shard: Option<Shard>) -> Result<Vec<Song>> {
    let mut songs = Vec::new();
    for path in paths {
        if !path.is_dir() {
            // Whether it is a song is found out when it is read.
            let name = PathBuf::from(path.file_stem().unwrap_or_default());
            songs.push(Song { path: path.clone(), name });
            continue;
        }
        let inside = dendrite_audio::songs_in(path)
            .with_context(|| format!("reading the folder {}", path.display()))?;
        songs.extend(inside.into_iter().map(|song| {
            let name = song.strip_prefix(path).unwrap_or(&song).with_extension("");
            Song { path: song, name }
        }));
    }
    songs.sort();
    songs.dedup_by(|a, b| a.path == b.path);
    if songs.is_empty() {
        return Err(UsageError(format!(
            "no songs found: they end in {}",
            dendrite_audio::ENDINGS.join(", ")
        ))
        .into());
    }
    tell_apart(&mut songs);
    if let Some(Shard { part, of }) = shard {
        songs = songs.into_iter().skip(part - 1).step_by(of).collect();
    }
    Ok(songs)
}

/// Songs that share a name keep their endings (`a.mp3` and `a.wav`), and those that share that too are numbered.
fn tell_apart(songs: &mut [Song]) {
    let mut by_name: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (place, song) in songs.iter().enumerate() {
        by_name.entry(song.name.clone()).or_default().push(place);
    }
    let mut seen: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for place in by_name.into_values().filter(|places| places.len() > 1).flatten() {
        let song = &mut songs[place];
        song.name = song.name.with_file_name(song.path.file_name().unwrap_or_default());
        let count = seen.entry(song.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let name = song.name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            song.name = song.name.with_file_name(format!("{name} ({count})"));
        }
    }
}

impl Song {
    /// Its title: the file's name without ending.
    pub fn title(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// A file in a folder that is named after the song.
    pub fn file_in(&self, folder: &Path, ending: &str) -> PathBuf {
        let mut name = folder.join(&self.name).into_os_string();
        name.push(ending);
        PathBuf::from(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("b")).expect("a folder");
        for name in ["c.wav", "a.mp3", "a.wav", "b/d.flac", "b/e.txt", ".f.wav"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let paths = [folder.path().to_owned()];
        let all = collect(&paths, None).expect("songs");
        let names: Vec<_> = all.iter().map(|song| song.name.to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["a.mp3", "a.wav", "b/d", "c"]);
        let mut parts: Vec<Song> = Vec::new();
        for part in 1..=3 {
            parts.extend(collect(&paths, Some(Shard { part, of: 3 })).expect("songs"));
        }
        parts.sort();
        assert_eq!(parts, all);
    }

    #[test]
    fn shards_that_make_no_sense_are_refused() {
        for text in ["0/2", "3/2", "1", "1/0", "a/b", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("2/2".parse(), Ok(Shard { part: 2, of: 2 }));
    }
}
