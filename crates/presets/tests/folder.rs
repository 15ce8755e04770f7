//! Folders of presets: nothing is lost, nothing is overwritten unasked.

use std::fs;
use std::path::Path;

use dendrite_presets::{Folder, FolderError, Overwrite, Preset, SIZE_LIMIT, Value};

fn preset(name: &str, zoom: f64) -> Preset {
    let values = [("zoom".to_owned(), Value::Number(zoom))].into();
    Preset { name: name.to_owned(), values, ..Preset::default() }
}

fn names(folder: &Folder) -> Vec<String> {
    let (entries, problems) = folder.list();
    assert!(problems.is_empty(), "{problems:?}");
    entries.into_iter().map(|entry| entry.preset.name).collect()
}

fn files(path: &Path) -> Vec<String> {
    let mut files: Vec<String> =
        fs::read_dir(path).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

#[test]
fn what_is_saved_is_listed_by_name() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path().join("not/yet/there"));
    assert!(folder.list().0.is_empty() && folder.list().1.is_empty());
    for name in ["sea", "Alps", "Moss"] {
        let entry = folder.save(&preset(name, 2.0), Overwrite::No).unwrap();
        assert_eq!(Folder::import(entry.path()).unwrap(), entry.preset);
    }
    assert_eq!(names(&folder), ["Alps", "Moss", "sea"]);
    assert_eq!(files(folder.path()), ["alps.toml", "moss.toml", "sea.toml"]);
}

#[test]
fn a_name_that_is_taken_is_overwritten_only_when_told() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    folder.save(&preset("Deep Sea", 1.0), Overwrite::No).unwrap();
    let error = folder.save(&preset("deep-sea", 2.0), Overwrite::No).unwrap_err();
    assert!(matches!(error, FolderError::Exists { .. }), "{error}");
    assert_eq!(folder.list().0[0].preset, preset("Deep Sea", 1.0));
    folder.save(&preset("deep-sea", 2.0), Overwrite::Yes).unwrap();
    assert_eq!(folder.list().0[0].preset, preset("deep-sea", 2.0));
    assert_eq!(files(place.path()), ["deep-sea.toml"]);
}

#[test]
fn files_of_other_presets_and_broken_ones_are_never_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    fs::write(place.path().join("sea.toml"), "name = ").unwrap();
    fs::write(place.path().join("sea-2.toml"), preset("Lake", 3.0).to_toml()).unwrap();
    folder.save(&preset("Sea", 1.0), Overwrite::Yes).unwrap();
    assert_eq!(fs::read_to_string(place.path().join("sea.toml")).unwrap(), "name = ");
    assert_eq!(Folder::import(&place.path().join("sea-2.toml")).unwrap(), preset("Lake", 3.0));
    assert_eq!(Folder::import(&place.path().join("sea-3.toml")).unwrap(), preset("Sea", 1.0));
}

#[test]
fn what_is_no_preset_is_a_problem_with_its_name_and_stays() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    folder.save(&preset("Sea", 1.0), Overwrite::No).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(place.path().join(name), bytes).unwrap();
    put("broken.toml", b"name = \"x\"\n[values]\nzoom = 99");
    put("latin.toml", b"name = \"\xe9\"");
    put("long.toml", &vec![b'#'; SIZE_LIMIT as usize + 1]);
    put("note.txt", b"no preset, and none that should be");
    put(".hidden.toml", b"neither");
    fs::create_dir(place.path().join("folder.toml")).unwrap();
    let before = files(place.path());
    let (entries, problems) = folder.list();
    assert_eq!(entries.len(), 1);
    let named: Vec<&str> = problems.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(named, ["broken.toml", "folder.toml", "latin.toml", "long.toml"]);
    for (problem, what) in problems.iter().zip(["line 3: `zoom` is 99", "no file", "no text", "longer than"])
    {
        let message = problem.error.to_string();
        assert!(message.contains(&problem.file) && message.contains(what), "{message}");
    }
    assert_eq!(files(place.path()), before);
}

#[test]
fn renaming_moves_the_file_and_takes_no_others_name() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let sea = folder.save(&preset("Sea", 1.0), Overwrite::No).unwrap();
    folder.save(&preset("Lake", 2.0), Overwrite::No).unwrap();
    assert!(matches!(folder.rename(&sea, "LAKE"), Err(FolderError::Exists { .. })));
    assert!(matches!(folder.rename(&sea, " "), Err(FolderError::Unsound(_))));
    let ocean = folder.rename(&sea, "Ocean").unwrap();
    assert_eq!(names(&folder), ["Lake", "Ocean"]);
    assert_eq!(files(place.path()), ["lake.toml", "ocean.toml"]);
    let loud = folder.rename(&ocean, "OCEAN").unwrap();
    assert_eq!(names(&folder), ["Lake", "OCEAN"]);
    assert_eq!(loud.path(), ocean.path());
    folder.delete(&loud).unwrap();
    assert_eq!(names(&folder), ["Lake"]);
    assert!(folder.delete(&loud).is_err());
}

#[test]
fn a_preset_goes_out_and_comes_in_again() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("any name.toml");
    let mut sea = preset("Sea", 1.0);
    sea.values.insert("of_tomorrow".to_owned(), Value::Choice("kept".to_owned()));
    Folder::export(&sea, &path, Overwrite::No).unwrap();
    assert_eq!(Folder::import(&path).unwrap(), sea);
    let other = preset("Other", 2.0);
    assert!(matches!(Folder::export(&other, &path, Overwrite::No), Err(FolderError::Exists { .. })));
    assert_eq!(Folder::import(&path).unwrap(), sea);
    Folder::export(&other, &path, Overwrite::Yes).unwrap();
    assert_eq!(Folder::import(&path).unwrap(), other);
    assert_eq!(files(place.path()), ["any name.toml"]);
    assert!(Folder::import(&place.path().join("none.toml")).unwrap_err().to_string().contains("none.toml"));
}

#[test]
fn an_unsound_preset_is_not_saved() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::at(place.path());
    let error = folder.save(&preset("Sea", 99.0), Overwrite::No).unwrap_err();
    assert!(error.to_string().contains("`zoom` is 99"), "{error}");
    assert!(files(place.path()).is_empty());
}

#[test]
fn the_users_folder_is_dendrites() {
    if let Some(folder) = Folder::user() {
        assert!(folder.path().ends_with("dendrite/presets"));
    }
}

#[cfg(unix)]
#[test]
fn files_are_as_open_as_the_users_other_ones() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let usual = place.path().join("usual");
    fs::write(&usual, "").unwrap();
    let entry = Folder::at(place.path()).save(&preset("Sea", 1.0), Overwrite::No).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(entry.path()), mode(&usual));
}
