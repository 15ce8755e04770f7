//! Frames as pictures: the same wherever the video starts, continued where a run ended, and nothing broken left behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::song::{music, options, run, write};
use dendrite_video::{Error, Options, Outputs, Overlay, Quality, render};

fn frames(folder: &Path) -> Outputs {
    Outputs { frames: Some(folder.to_owned()), ..Outputs::default() }
}

/// PNG files of a folder by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_part_has_the_frames_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 44_100, 2, 2.0, music);
    for quality in [Quality::Good, Quality::Best] {
        let whole = folder.path().join(format!("whole{quality:?}"));
        let part = folder.path().join(format!("part{quality:?}"));
        let options = Options { quality, overlay: Overlay::new(None, true, true), ..options("25") };
        run(&path, &options, &frames(&whole)).unwrap();
        run(&path, &Options { start_s: 1.0, end_s: Some(1.5), ..options }, &frames(&part)).unwrap();
        let (whole, part) = (files(&whole), files(&part));
        assert_eq!((whole.len(), part.len()), (50, 13), "{quality:?}");
        assert_eq!(part.keys().next().map(String::as_str), Some("frame_000025.png"));
        for (name, bytes) in part {
            assert!(whole[&name] == bytes, "{quality:?} {name}");
        }
    }
}

#[test]
fn resuming_draws_what_is_missing_and_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 1.0, music);
    let out = folder.path().join("frames");
    run(&path, &options("20"), &frames(&out)).unwrap();
    let whole = files(&out);
    std::fs::remove_file(out.join("frame_000007.png")).unwrap();
    std::fs::write(out.join("frame_000003.png"), "mine").unwrap();
    let outputs = Outputs { resume: true, ..frames(&out) };
    run(&path, &options("20"), &outputs).unwrap();
    let resumed = files(&out);
    assert_eq!(resumed["frame_000003.png"], b"mine");
    assert!(resumed["frame_000007.png"] == whole["frame_000007.png"]);
    // Frames of other settings are not mixed in.
    let other = Options { size: [64, 64], ..options("20") };
    assert!(matches!(run(&path, &other, &outputs), Err(Error::OtherFrames { .. })));
}

#[test]
fn an_interrupted_video_leaves_nothing_and_its_frames_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 3.0, music);
    let (out, pictures) = (folder.path().join("out"), folder.path().join("frames"));
    std::fs::create_dir(&out).unwrap();
    let outputs = Outputs {
        video: Some(out.join("a.mp4")),
        csv: Some(out.join("a.csv")),
        poster: Some(out.join("a.png")),
        frames: Some(pictures.clone()),
        resume: false,
    };
    let cancel = AtomicBool::new(false);
    let error = render(&path, &options("30"), &outputs, &cancel, &mut |progress| {
        if progress.frames > 10 {
            cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(error, Err(Error::Interrupted)), "{error:?}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    let kept = files(&pictures);
    assert!(kept.len() > 10 && kept.len() < 90);
    for bytes in kept.values() {
        png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        // The last chunk is there.
        assert!(bytes.ends_with(b"IEND\xaeB`\x82"));
    }
}

#[test]
fn what_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 0.5, music);
    let out = Outputs { video: Some(folder.path().join("a.mp4")), ..Outputs::default() };
    for size in [[95, 64], [96, 63], [8, 64], [8_000, 4_000]] {
        let error = run(&path, &Options { size, ..options("30") }, &out).unwrap_err();
        assert!(matches!(error, Error::Size { .. }), "{error}");
    }
    let error = run(&path, &Options { start_s: 2.0, ..options("30") }, &out).unwrap_err();
    assert!(error.to_string().contains("0.50 s"), "{error}");
    let nowhere = Outputs { video: Some(folder.path().join("none/a.mp4")), ..Outputs::default() };
    assert!(matches!(run(&path, &options("30"), &nowhere), Err(Error::File { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left");
}

#[test]
fn the_overlay_changes_its_corner_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 0.4, music);
    let draw = |name: &str, overlay: Overlay| {
        let out = folder.path().join(name);
        run(&path, &Options { size: [160, 120], overlay, ..options("10") }, &frames(&out)).unwrap();
        let bytes = files(&out).remove("frame_000003.png").unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgb).unwrap();
        rgb
    };
    let plain = draw("plain", Overlay::default());
    let titled = draw("titled", Overlay::new(Some("Song".to_owned()), false, false));
    let changed: Vec<usize> =
        (0..160 * 120).filter(|&n| plain[n * 3..n * 3 + 3] != titled[n * 3..n * 3 + 3]).collect();
    assert!(changed.len() > 20);
    assert!(changed.iter().all(|n| n % 160 < 80 && n / 160 > 90));
}
