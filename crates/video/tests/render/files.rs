//! The written file: what is in it, when it is shown, and that it belongs to the sound.

use std::path::{Path, PathBuf};

use crate::song::{Video, ffprobe, music, options, run, write};
use dendrite_julia::Look;
use dendrite_video::{Outputs, Quality};

fn video(path: &Path) -> Outputs {
    Outputs { video: Some(path.to_owned()), ..Outputs::default() }
}

/// Mean absolute change of luma from picture to picture; the first has none.
fn changes(video: &Video) -> Vec<f64> {
    let change = |a: &[u8], b: &[u8]| {
        a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
    };
    std::iter::once(0.0).chain(video.luma.windows(2).map(|pair| change(&pair[0], &pair[1]))).collect()
}

/// Clicks at times that stand differently to the frames and to the hops.
const CLICKS_S: [f64; 5] = [1.5, 2.617, 3.731, 4.846, 5.953];

/// A song of clicks.
fn clicks(path: &Path, rate: u32) -> PathBuf {
    write(path, rate, 2, 7.0, |t| {
        let last = CLICKS_S.iter().rfind(|&&at| t >= at).copied();
        last.map_or(0.0, |at| {
            0.9 * (-(t - at) * 150.0).exp() * ((t - at) * 2_500.0 * std::f64::consts::TAU).cos()
        })
    })
}

/// Asserts that the pictures of a video of [`clicks`] change when they sound.
fn clicks_are_seen_when_they_sound(read: &Video, fps: f64) {
    let (changes, sound) = (changes(read), read.sound());
    let frame_s = 1.0 / fps;
    let mut offsets = Vec::new();
    for at in CLICKS_S {
        // The sound's rise in the file: the first sample above a third of the click.
        let from = ((at - 0.3) * 48_000.0) as usize;
        let rise = from + sound[from..].iter().position(|v| v.abs() > 0.3).unwrap();
        let heard_s = rise as f64 / 48_000.0;
        assert!((heard_s - at).abs() < 0.002, "click of {at} s at {heard_s} s in the file");
        // The picture's rise: the first picture that changes half as much as the most that the click makes it change, over
        // what it changes before.
        let times_s = &read.times_s;
        let near = |from_s: f64, to_s: f64| {
            (0..times_s.len()).filter(move |&n| (from_s..to_s).contains(&(times_s[n] - at)))
        };
        let rest = near(-0.5, -0.1).map(|n| changes[n]).fold(0.0, f64::max);
        let most = near(-0.1, 0.15).map(|n| changes[n]).fold(0.0, f64::max);
        assert!(most > 2.0 * rest + 0.2, "{most} after {rest}");
        let seen = near(-0.1, 0.15).find(|&n| changes[n] > rest + 0.5 * (most - rest)).unwrap();
        // The picture that shows the click should be the one on screen when it sounds, or the next.
        offsets.push((read.times_s[seen] - heard_s) / frame_s);
    }
    let mean = offsets.iter().sum::<f64>() / offsets.len() as f64;
    println!("{fps} frames/s: {offsets:.2?}, mean {mean:.2}");
    // The states of a picture are those of hops, 21.3 ms: more than a frame at 60 frames/s.
    let reach = f64::max(1.0, 1_024.0 / 48_000.0 / frame_s);
    assert!(mean.abs() <= 0.5, "mean of {offsets:?} frames");
    assert!(offsets.iter().all(|offset| offset.abs() <= reach), "{offsets:?} frames");
}

#[test]
fn the_picture_changes_when_the_click_sounds() {
    let folder = tempfile::tempdir().unwrap();
    // Silence stands still but for the carrier; the neutral palette keeps colours out of it.
    let look = Look { palette_follows_mood: false, flash_limit: false, reaction: 1.0, ..Look::default() };
    for (rate, fps) in [(48_000, "30"), (44_100, "60")] {
        let path = clicks(&folder.path().join("clicks.wav"), rate);
        let out = folder.path().join("clicks.mp4");
        let options = dendrite_video::Options { look, quality: Quality::Best, ..options(fps) };
        run(&path, &options, &video(&out)).unwrap();
        clicks_are_seen_when_they_sound(&Video::read(&out), options.rate.per_second());
    }
}

#[test]
fn with_ffmpeg_too_and_its_file_says_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = dendrite_video::Ffmpeg::find().expect("ffmpeg is on the PATH: install ffmpeg");
    let look = Look { palette_follows_mood: false, flash_limit: false, reaction: 1.0, ..Look::default() };
    for (rate, fps) in [(48_000, "30"), (44_100, "60")] {
        let path = clicks(&folder.path().join("clicks.wav"), rate);
        let out = folder.path().join("clicks.mp4");
        let encoder = dendrite_video::EncoderChoice::Ffmpeg(ffmpeg.clone());
        let options = dendrite_video::Options { look, encoder, quality: Quality::Best, ..options(fps) };
        let rendered = run(&path, &options, &video(&out)).unwrap();
        let read = Video::read_by_ffmpeg(&out, options.size);
        assert_eq!(read.luma.len() as u64, rendered.frames);
        for (n, &time_s) in read.times_s.iter().enumerate() {
            // Times in the file are whole ticks of 1/15,360 s; they are printed with six digits.
            assert!((time_s - options.rate.time_s(n as u64)).abs() < 1e-4, "frame {n} at {time_s} s");
        }
        let stated_s = ffprobe(&out, &["-select_streams", "a", "-show_entries"], "stream=duration");
        assert!((stated_s.parse::<f64>().unwrap() - 7.0).abs() < 1e-3, "{stated_s} s of sound are stated");
        let sound_s = read.sound().len() as f64 / 48_000.0;
        // ffmpeg gives the last frame of 1,024 samples whole.
        assert!((6.999..7.0 + 1_024.0 / f64::from(rate)).contains(&sound_s), "{sound_s} s of sound");
        clicks_are_seen_when_they_sound(&read, options.rate.per_second());

        let tags = ffprobe(&out, &["-select_streams", "v", "-show_entries"], "stream=codec_name,pix_fmt");
        assert_eq!(tags, "h264,yuv420p");
        let colours = "stream=color_range,color_space,color_transfer,color_primaries";
        let tags = ffprobe(&out, &["-select_streams", "v", "-show_entries"], colours);
        assert_eq!(tags, "tv,bt709,bt709,bt709");
        let tags = ffprobe(&out, &["-select_streams", "a", "-show_entries"], "stream=codec_name,channels");
        assert_eq!(tags, "aac,2");
    }
}

#[test]
fn the_built_in_encoders_file_says_the_same_to_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 2, 2.0, music);
    let out = folder.path().join("song.mp4");
    let options = options("30");
    let rendered = run(&path, &options, &video(&out)).unwrap();
    let read = Video::read_by_ffmpeg(&out, options.size);
    assert_eq!(read.luma.len() as u64, rendered.frames);
    let colours = "stream=codec_name,color_range,color_space,color_transfer,color_primaries";
    let tags = ffprobe(&out, &["-select_streams", "v", "-show_entries"], colours);
    assert_eq!(tags, "h264,tv,bt709,bt709,bt709");
    // The sound of another decoder than our own.
    let (theirs, ours) = (read.sound(), Video::read(&out).sound());
    assert!(theirs.len() >= 96_000 && theirs.iter().any(|v| v.abs() > 0.1));
    let apart = theirs.iter().zip(&ours).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 0.02, "{apart}");
}

#[test]
fn frames_are_shown_at_their_times_and_the_sound_is_as_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 44_100, 1, 2.03, music);
    let out = folder.path().join("song.mp4");
    for (fps, frames) in [("24", 49), ("29.97", 61), ("50", 102)] {
        let options = options(fps);
        let rendered = run(&path, &options, &video(&out)).unwrap();
        let read = Video::read(&out);
        assert_eq!((rendered.frames, read.luma.len()), (frames, frames as usize), "{fps}");
        assert_eq!(read.size, [96, 64]);
        for (n, &time_s) in read.times_s.iter().enumerate() {
            assert!((time_s - options.rate.time_s(n as u64)).abs() < 1e-9);
        }
        let sound_s = read.sound().len() as f64 / 48_000.0;
        // Whole packets of 20 ms.
        assert!((2.03..2.06).contains(&sound_s), "{sound_s}");
        assert!(read.sound().iter().any(|v| v.abs() > 0.1));
    }
}

#[test]
fn two_runs_write_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 2, 1.5, music);
    let once = |threads: usize, name: &str| {
        let out = |ending: &str| folder.path().join(format!("{name}.{ending}"));
        let outputs = Outputs {
            video: Some(out("mp4")),
            poster: Some(out("png")),
            csv: Some(out("csv")),
            ..Outputs::default()
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&path, &options("30"), &outputs)).unwrap();
        ["mp4", "png", "csv"].map(|ending| std::fs::read(out(ending)).unwrap())
    };
    let (one, two) = (once(1, "one"), once(3, "two"));
    assert!(one.iter().all(|bytes| bytes.len() > 500));
    for (a, b) in one.iter().zip(&two) {
        assert!(a == b);
    }
}

#[test]
fn the_quietest_and_the_loudest_palette_survive_the_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 0.5, music);
    for palette in 0..dendrite_julia::palettes::COUNT {
        let out = folder.path().join("song.mp4");
        let look = Look { palette, palette_follows_mood: false, ..Look::default() };
        let options = dendrite_video::Options { look, ..options("10") };
        let frames = folder.path().join(format!("frames{palette}"));
        run(&path, &options, &Outputs { frames: Some(frames.clone()), ..video(&out) }).unwrap();
        // Mean luma of the PNG file and of the decoded picture: the same within two steps.
        let mut reader = png::Decoder::new(std::io::BufReader::new(
            std::fs::File::open(frames.join("frame_000003.png")).unwrap(),
        ))
        .read_info()
        .unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgb).unwrap();
        let luma = |p: &[u8]| 0.2126 * f64::from(p[0]) + 0.7152 * f64::from(p[1]) + 0.0722 * f64::from(p[2]);
        let drawn = rgb.chunks_exact(3).map(luma).sum::<f64>() / (96.0 * 64.0);
        let read = Video::read(&out);
        let shown = read.luma[3].iter().map(|&y| f64::from(y)).sum::<f64>() / (96.0 * 64.0);
        let expected = 16.0 + 219.0 / 255.0 * drawn;
        assert!((shown - expected).abs() < 2.0, "palette {palette}: {shown} {expected}");
    }
}

/// A program in the place of ffmpeg that says it can encode and then does what `work` says with its last argument in `$last`.
#[cfg(unix)]
fn stand_in(folder: &Path, work: &str) -> dendrite_video::Ffmpeg {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("ffmpeg");
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\nif [ \"$last\" = -encoders ]; then\n\
         echo ' V..... libx264  x'; echo ' A..... aac  x'; exit 0\nfi\n{work}\n"
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    dendrite_video::Ffmpeg::at(path).unwrap()
}

#[cfg(unix)]
#[test]
fn ffmpeg_gets_every_picture_and_the_sound_of_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 44_100, 1, 1.0, music);
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let ffmpeg = stand_in(folder.path(), "cat > \"$last\"\ncp \"$last\" \"$(dirname $0)/$(basename $last)\"");
    let options = dendrite_video::Options {
        encoder: dendrite_video::EncoderChoice::Ffmpeg(ffmpeg),
        start_s: 0.5,
        ..options("10")
    };
    let rendered = run(&path, &options, &video(&out.join("a.mp4"))).unwrap();
    assert_eq!(rendered.frames, 5);
    // Y'CbCr 4:2:0 has three halves of a byte per pixel.
    assert_eq!(std::fs::metadata(out.join("a.mp4")).unwrap().len(), 5 * 96 * 64 * 3 / 2);
    // Half a second in stereo as f32.
    assert_eq!(std::fs::metadata(folder.path().join(".a.mp4.part.m4a")).unwrap().len(), 22_050 * 2 * 4);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn what_ffmpeg_complains_about_is_said_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("song.wav"), 48_000, 1, 2.0, music);
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let ffmpeg =
        stand_in(folder.path(), "head -c 9 > \"$last\"\necho '[mp4 @ 0x1] The disk is full' >&2\nexit 1");
    let encoder = dendrite_video::EncoderChoice::Ffmpeg(ffmpeg);
    let error = run(&path, &dendrite_video::Options { encoder, ..options("30") }, &video(&out.join("a.mp4")));
    assert_eq!(error.unwrap_err().to_string(), "ffmpeg: The disk is full");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}
