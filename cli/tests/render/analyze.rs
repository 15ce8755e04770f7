//! `dendrite analyze`.

use serde_json::Value;

use crate::program::{dendrite, names, song};

#[test]
fn a_song_becomes_json_csv_and_a_page_twice_the_same() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 6.0);
    let ran = dendrite(folder.path(), &["analyze", "a.wav", "-o", "one"]).good();
    assert!(ran.out.contains("a.wav: 6.0 s") && ran.out.contains("A major"), "{}", ran.out);
    dendrite(folder.path(), &["analyze", "a.wav", "-o", "two"]).good();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert_eq!(names(&one), ["a.csv", "a.json", "a.svg"]);
    for name in names(&one) {
        assert!(std::fs::read(one.join(&name)).unwrap() == std::fs::read(two.join(&name)).unwrap(), "{name}");
    }
    let json: Value = serde_json::from_str(&std::fs::read_to_string(one.join("a.json")).unwrap()).unwrap();
    assert_eq!(json["key"]["name"], "A major");
    assert_eq!(json["channels"], 1);
    assert!(json["loudness"]["integrated_lufs"].as_f64().unwrap() < 0.0);
    assert!(!json["mood_curve"].as_array().unwrap().is_empty());
    assert_eq!(json["models"]["emotionrecognizer"], "trained");
    for part in ["tempo", "mood", "features", "sections", "chords", "model_set"] {
        assert!(!json[part].is_null(), "{part}");
    }
    let page = std::fs::read_to_string(one.join("a.svg")).unwrap();
    assert!(page.starts_with("<svg") && page.contains("data:image/png;base64,"));
}

#[test]
fn for_pipes_there_is_a_line_per_song_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 0.5);
    song(folder.path(), "b.wav", 1.0);
    let ran = dendrite(folder.path(), &["analyze", "b.wav", "a.wav", "--json"]).good();
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let files: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["a.wav", "b.wav"]);
    assert_eq!(names(folder.path()), ["a.wav", "b.wav"]);
}

#[test]
fn what_is_no_song_is_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "b.wav", 0.5);
    std::fs::write(folder.path().join("a.flac"), "this is no sound").unwrap();
    dendrite(folder.path(), &["analyze", "a.flac"]).fails(1, &["a.flac", "no WAV"]);
    let ran = dendrite(folder.path(), &["analyze", "a.flac", "b.wav", "--json"]);
    ran.fails(1, &["a.flac"]);
    assert_eq!(ran.out.lines().count(), 1);
    dendrite(folder.path(), &["analyze", "b.wav", "-o", "b.wav"]).fails(2, &["folder"]);
    dendrite(folder.path(), &["analyze", "."]).fails(1, &["a.flac"]);
    assert_eq!(names(folder.path()), ["a.flac", "b.csv", "b.json", "b.svg", "b.wav"]);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    dendrite(folder.path(), &["analyze", "empty"]).fails(2, &["no songs found", "flac"]);
}
