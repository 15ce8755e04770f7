//! `dendrite render`.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::program::{PATH, dendrite, names, song};

/// A small video, made by what is built in, whatever is installed here.
const SMALL: [&str; 6] = ["--size", "64x48", "--fps", "10", "--encoder", "built-in"];

fn render(folder: &std::path::Path, arguments: &[&str]) -> crate::program::Ran {
    dendrite(folder, &[&["render"], arguments, &SMALL].concat())
}

#[test]
fn a_song_becomes_a_video_with_all_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a song.wav", 1.5);
    let more = ["--poster", "p.png", "--csv", "h.csv", "--overlay", "title,chord", "--palette", "ember"];
    let ran = render(folder.path(), &[&["a song.wav"], &more[..]].concat()).good();
    assert!(ran.out.contains("OpenH264") && ran.out.contains("Opus"), "{}", ran.out);
    assert!(
        ran.out.contains("15 frames, 1.5 s of video") && ran.out.contains("written: a song.mp4"),
        "{}",
        ran.out
    );
    assert_eq!(ran.err, "");
    assert_eq!(names(folder.path()), ["a song.mp4", "a song.wav", "h.csv", "p.png"]);
    // Hops of 21.3 ms.
    let rows = std::fs::read_to_string(folder.path().join("h.csv")).unwrap().lines().count() - 1;
    assert_eq!(rows, 71);
    // Again, with the same bytes.
    let before: Vec<_> =
        names(folder.path()).iter().map(|n| std::fs::read(folder.path().join(n)).unwrap()).collect();
    render(folder.path(), &[&["a song.wav"], &more[..]].concat()).good();
    let after: Vec<_> =
        names(folder.path()).iter().map(|n| std::fs::read(folder.path().join(n)).unwrap()).collect();
    assert!(before == after);
}

/// The files of a folder of frames.
fn frames(folder: &std::path::Path, name: &str, arguments: &[&str]) -> Vec<Vec<u8>> {
    render(folder, &[&["a.wav", "--frames", name][..], arguments].concat()).good();
    let folder = folder.join(name);
    let pictures = names(&folder).into_iter().filter(|name| name.ends_with(".png"));
    pictures.map(|name| std::fs::read(folder.join(name)).unwrap()).collect()
}

#[test]
fn a_preset_is_found_by_its_name_or_file_and_a_palette_stands_before_its_own() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 0.5);
    std::fs::write(
        folder.path().join("mine.toml"),
        "name = \"Mine\"\n[values]\npalette = \"ink\"\npalette_follows_mood = false\nzoom = 2\n",
    )
    .unwrap();
    let plain = frames(folder.path(), "plain", &[]);
    // The first preset is the defaults.
    let list = dendrite(folder.path(), &["presets"]).good().out;
    let first = list.lines().next().unwrap().split("  ").next().unwrap().to_owned();
    assert!(frames(folder.path(), "first", &["--preset", &first]) == plain);
    let mine = frames(folder.path(), "mine", &["--preset", "mine.toml"]);
    assert!(mine != plain);
    let ember = frames(folder.path(), "ember", &["--preset", "mine.toml", "--palette", "ember"]);
    assert!(ember != mine && ember != plain);
    render(folder.path(), &["a.wav", "--preset", "dendrit"]).fails(2, &["did you mean"]);
    std::fs::write(folder.path().join("bad.toml"), "name = \"Bad\"\n[values]\nzoom = 99\n").unwrap();
    render(folder.path(), &["a.wav", "--preset", "bad.toml"]).fails(1, &["bad.toml", "line 3", "zoom"]);
    render(folder.path(), &["a.wav", "--preset", "none.toml"]).fails(1, &["none.toml"]);
}

#[test]
fn automation_changes_what_is_seen_and_heard_from_its_time_on() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 2.0);
    let table = |name: &str, arguments: &[&str]| {
        render(folder.path(), &[&["a.wav", "--end", "2", "--csv", name][..], arguments].concat()).good();
        std::fs::read_to_string(folder.path().join(name)).unwrap()
    };
    std::fs::write(folder.path().join("look.csv"), "0.75, zoom, 3\n1.25, zoom, 1\n").unwrap();
    let plain = frames(folder.path(), "plain", &[]);
    let zoomed = frames(folder.path(), "zoomed", &["--automation", "look.csv"]);
    let same: Vec<bool> = plain.iter().zip(&zoomed).map(|(a, b)| a == b).collect();
    // Ten frames a second: those of 0.8 to 1.2 s. The flash limiter may let the way back take a little longer.
    assert!(same[..8].iter().all(|same| *same) && same[8..13].iter().all(|same| !*same), "{same:?}");
    std::fs::write(folder.path().join("heard.csv"), "time,parameter,value\n1.0, sensitivity, -12 dB\n")
        .unwrap();
    let (before, after) = (table("plain.csv", &[]), table("heard.csv.csv", &["--automation", "heard.csv"]));
    let first = before.lines().zip(after.lines()).position(|(a, b)| a != b).unwrap();
    // The first hop that begins behind a second: rows of 21.3 ms, and one of names.
    let time_s: f64 = after.lines().nth(first).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((0.95..1.05).contains(&time_s), "{time_s}");
    for (text, parts) in [
        ("0, zom, 1", &["bad.csv, line 1", "did you mean `zoom`"][..]),
        ("#\nbar 2, zoom, 1", &["bad.csv, line 2", "--bpm"]),
    ] {
        std::fs::write(folder.path().join("bad.csv"), text).unwrap();
        render(folder.path(), &["a.wav", "--automation", "bad.csv"]).fails(1, parts);
    }
    std::fs::write(folder.path().join("bars.csv"), "bar 2, zoom, 3\n").unwrap();
    let tempo = frames(folder.path(), "tempo", &["--bpm", "240"]);
    let bars = frames(folder.path(), "bars", &["--bpm", "240", "--automation", "bars.csv"]);
    let same: Vec<bool> = tempo.iter().zip(&bars).map(|(a, b)| a == b).collect();
    // Bar 2 begins with the second second.
    assert!(same[..10].iter().all(|same| *same) && same[10..].iter().all(|same| !*same), "{same:?}");
}

#[test]
fn the_player_is_a_program_of_its_own_and_its_absence_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    // A place where nothing stands beside it.
    let alone = folder.path().join("dendrite");
    if std::fs::hard_link(PATH, &alone).is_err() {
        std::fs::copy(PATH, &alone).unwrap();
    }
    let output =
        Command::new(&alone).args(["play", "a.wav", "--fullscreen"]).env("PATH", "").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cargo build --release -p dendrite-player"), "{text}");
}

#[test]
fn what_is_played_along_is_written_as_midi() {
    let folder = tempfile::tempdir().unwrap();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/dendrite_demo.ogg");
    for (name, seed) in [("one.mid", "1"), ("again.mid", "1"), ("other.mid", "2")] {
        let ran = render(folder.path(), &[demo, "--end", "0.2", "--midi", name, "--seed", seed]).good();
        assert!(ran.out.contains(&format!("written: {name}")), "{}", ran.out);
    }
    let read = |name| std::fs::read(folder.path().join(name)).unwrap();
    let one = read("one.mid");
    assert_eq!(&one[..4], b"MThd");
    assert!(one == read("again.mid") && one != read("other.mid"));
    // Too short for a key to be heard.
    song(folder.path(), "short.wav", 0.3);
    let ran = render(folder.path(), &["short.wav", "--midi", "none.mid"]);
    ran.fails(1, &["short.wav: nothing was heard"]);
    assert!(ran.out.contains("written: short.mp4"), "{}", ran.out);
    let made = ["again.mid", "dendrite_demo.mp4", "one.mid", "other.mid", "short.mp4", "short.wav"];
    assert_eq!(names(folder.path()), made);
}

#[test]
fn a_midi_file_that_cannot_be_written_is_said_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 0.3);
    render(folder.path(), &["a.wav", "--midi", "missing/a.mid"]).fails(1, &["missing/a.mid"]);
    assert_eq!(names(folder.path()), ["a.wav"]);
}

#[test]
fn command_lines_that_make_no_sense_are_usage_errors_that_help() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 0.5);
    for (arguments, parts) in [
        (&["a.wav", "--palette", "Abys"][..], &["Abyss", "similar value"][..]),
        (&["a.wav", "--size", "65x48"], &["even", "66x48"]),
        (&["a.wav", "--size", "8x8"], &["16x16"]),
        (&["a.wav", "--size", "big"], &["1920x1080"]),
        (&["a.wav", "--fps", "0"], &["1 to 240"]),
        (&["a.wav", "--start", "2", "--end", "1"], &["--end 1 is not behind --start 2"]),
        (&["a.wav", "--start", "0:30"], &["0.50 s", "start earlier"]),
        (&["a.wav", "--start", "soon"], &["83.5 or 1:23.5"]),
        (&["a.wav", "-o", "a.avi"], &["a.avi", ".mp4"]),
        (&["a.wav", "--resume"], &["--frames"]),
        (&["a.wav", "--meter", "3/4"], &["--bpm"]),
        (&["a.wav", "--bpm", "0"], &["1 to 1000"]),
        (&["a.wav", "--shard", "3/2"], &["I/N"]),
        (&["a.wav", "--overlay", "chords"], &["chord"]),
        (&["a.wav", "a.wav", "-o", "x.mp4"], &["folder"]),
        (&[], &["SONG"]),
    ] {
        let ran = dendrite(folder.path(), &[&["render"], arguments].concat());
        ran.fails(2, parts);
    }
    assert_eq!(names(folder.path()), ["a.wav"]);
}

#[test]
fn songs_that_cannot_be_rendered_are_failures_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.mp3"), "this is no sound").unwrap();
    song(folder.path(), "empty.wav", 0.0);
    song(folder.path(), "a.wav", 0.3);
    for (arguments, parts) in [
        (&["text.mp3"][..], &["text.mp3", "no WAV"][..]),
        (&["empty.wav"], &["empty.wav", "no samples"]),
        (&["missing.wav"], &["missing.wav"]),
        (&["a.wav", "-o", "none/a.mp4"], &["none/a.mp4"]),
        (&["a.wav", "--models", "none"], &["none", "no such folder"]),
    ] {
        render(folder.path(), arguments).fails(1, parts);
    }
    assert_eq!(names(folder.path()), ["a.wav", "empty.wav", "text.mp3"]);
}

#[test]
fn a_file_that_breaks_off_is_rendered_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), "cut.wav", 2.0);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let ran = render(folder.path(), &["cut.wav"]).good();
    assert!(ran.out.contains("breaks off"), "{}", ran.out);
    assert_eq!(names(folder.path()), ["cut.mp4", "cut.wav"]);
}

#[test]
fn no_song_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let take = song(folder.path(), "take.mp4", 0.3);
    let bytes = std::fs::read(&take).unwrap();
    song(folder.path(), "other.wav", 0.3);
    render(folder.path(), &["take.mp4"]).fails(2, &["take.mp4 is the song itself"]);
    render(folder.path(), &["take.mp4", "-o", "x.mp4", "--midi", "take.mp4"])
        .fails(2, &["take.mp4 is the song itself"]);
    // Of several songs the one that would be lost is left out.
    for songs in [&["."][..], &["take.mp4", "other.wav"]] {
        let ran = render(folder.path(), songs);
        ran.fails(1, &[]);
        assert!(ran.out.contains("take.mp4 is the song itself") && ran.out.contains("1 of 2"), "{}", ran.out);
    }
    assert_eq!(std::fs::read(&take).unwrap(), bytes);
    assert!(folder.path().join("other.mp4").is_file());
}

#[test]
fn in_a_batch_one_failure_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let songs = folder.path().join("songs");
    std::fs::create_dir_all(songs.join("b")).unwrap();
    song(&songs, "a.wav", 0.4);
    song(&songs.join("b"), "c.wav", 0.4);
    std::fs::write(songs.join("bad.mp3"), "this is no sound").unwrap();
    let ran = render(folder.path(), &["songs", "-o", "out", "--jobs", "2"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("2 of 3 songs rendered") && ran.out.contains("failed: "), "{}", ran.out);
    assert_eq!(names(&folder.path().join("out")), ["a.mp4", "b"]);
    assert_eq!(names(&folder.path().join("out/b")), ["c.mp4"]);
    // Each machine makes its part.
    let ran = render(folder.path(), &["songs", "-o", "part", "--shard", "2/2"]).good();
    assert!(ran.out.contains("1 of 1 songs rendered"), "{}", ran.out);
    assert_eq!(names(&folder.path().join("part/b")), ["c.mp4"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_broken_file() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path(), "a.wav", 60.0);
    let mut child = Command::new(PATH)
        .args(["render", "a.wav", "--size", "320x240", "--quality", "best", "--encoder", "built-in"])
        .args(["--frames", "frames", "-o", "a.mp4"])
        .env_remove("DENDRITE_MODELS")
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Until it is at work: a minute at most.
    let begun = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        folder.path().join("frames/frame_000003.png").exists() || child.try_wait().unwrap().is_some()
    });
    assert!(begun && folder.path().join(".a.mp4.part").exists());
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(names(folder.path()), ["a.wav", "frames"]);
}
