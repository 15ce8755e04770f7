//! Files that ffmpeg encoded: the sound is where it was before, as long as it was, and where a jump leads to. `cargo xtask setup`
//! installs ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use dendrite_audio::{Audio, Stream, read};

const RATES: [u32; 2] = [44_100, 48_000];
const SECONDS: f64 = 3.0;
/// Times of the clicks in seconds, which stand differently to the frames of every codec.
const CLICKS_S: [f64; 5] = [0.2, 0.517, 1.231, 1.846, 2.753];

/// Bursts of 3 kHz, 4 ms long, over a soft chord.
fn original(rate: u32) -> Vec<f32> {
    let tau = std::f64::consts::TAU;
    (0..(SECONDS * f64::from(rate)) as usize)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let clicks: f64 = CLICKS_S
                .iter()
                .map(|at| (-((t - at) / 0.002).powi(2)).exp() * ((t - at) * 3_000.0 * tau).cos())
                .sum();
            let chord: f64 = [220.0, 277.18, 329.63].iter().map(|f| (t * f * tau).sin()).sum();
            (0.6 * clicks + 0.03 * chord) as f32
        })
        .collect()
}

fn wav(folder: &Path, rate: u32) -> PathBuf {
    let path = folder.join(format!("{rate}.wav"));
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for sample in original(rate) {
        (0..2).for_each(|_| writer.write_sample(sample).unwrap());
    }
    writer.finalize().unwrap();
    path
}

/// Has ffmpeg encode a file.
fn encode(from: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = from.with_file_name(name);
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i"])
        .arg(from)
        .args(["-map_metadata", "-1", "-bitexact"])
        .args(arguments)
        .arg(&path)
        .output()
        .unwrap_or_else(|error| panic!("ffmpeg cannot be started ({error}); install ffmpeg"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    path
}

/// How many samples later than in the original the clicks are, by the largest correlation around each; those that are furthest
/// apart.
fn lags(audio: &Audio) -> [i64; 2] {
    let original = original(audio.rate);
    let decoded = &audio.channels[0];
    let rate = f64::from(audio.rate);
    let (around, reach) = ((0.01 * rate) as usize, (0.06 * rate) as i64);
    let lags = CLICKS_S.iter().map(|at| {
        let middle = (at * rate) as usize;
        let score = |lag: i64| -> f32 {
            (middle - around..middle + around)
                .map(|n| original[n] * decoded.get((n as i64 + lag).max(0) as usize).copied().unwrap_or(0.0))
                .sum()
        };
        (-reach..=reach).max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap()
    });
    let lags: Vec<i64> = lags.collect();
    [*lags.iter().min().unwrap(), *lags.iter().max().unwrap()]
}

/// Asserts that everything is within a millisecond of its place, and the length within one of what it was.
fn is_in_place(path: &Path) {
    let audio = read(path).unwrap();
    let millisecond = i64::from(audio.rate / 1_000);
    let lags = lags(&audio);
    let missing = original(audio.rate).len() as i64 - audio.len() as i64;
    println!("{}: {lags:?} samples late, {missing} missing", path.file_name().unwrap().to_string_lossy());
    assert!(lags.iter().all(|lag| lag.abs() <= millisecond), "{}: {lags:?} samples late", path.display());
    assert!(missing.abs() <= millisecond, "{}: {missing} samples are missing", path.display());
    let stream = Stream::open(path).unwrap();
    assert!(stream.frames().is_none_or(|frames| frames == audio.len() as u64), "{:?}", stream.frames());
}

#[test]
fn clicks_are_where_they_were_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for rate in RATES {
        let wav = wav(folder.path(), rate);
        for (name, arguments) in [
            ("song.m4a", &["-c:a", "aac", "-b:a", "192k"][..]),
            ("front.m4a", &["-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"]),
            ("song.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"]),
            ("song.ogg", &["-c:a", "libvorbis", "-q:a", "6"]),
            ("song.flac", &["-c:a", "flac"]),
            ("song.aiff", &["-c:a", "pcm_s16be"]),
        ] {
            is_in_place(&encode(&wav, name, arguments));
        }
    }
}

#[test]
fn the_sound_of_a_film_is_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let wav = wav(folder.path(), 48_000);
    // A picture track in front of the sound, whose edit list is not the sound's.
    let picture = ["-filter_complex", "color=size=64x64:rate=25:duration=3[v]", "-map", "[v]", "-map", "0:a"];
    let path = encode(&wav, "film.mp4", &[&picture[..], &["-c:v", "libx264", "-c:a", "aac"]].concat());
    is_in_place(&path);
}

/// A box of some content.
fn boxed(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&(content.len() as u32 + 8).to_be_bytes(), &kind[..], &content].concat()
}

#[test]
fn the_comment_of_itunes_counts_where_there_is_no_edit_list() {
    let folder = tempfile::tempdir().unwrap();
    let wav = wav(folder.path(), 44_100);
    let path = encode(&wav, "song.m4a", &["-c:a", "aac", "-use_editlist", "0"]);
    let bare = read(&path).unwrap();
    assert!(lags(&bare)[0] >= 1_024, "without a list nothing says that the encoder has put silence in front");
    // The comment goes to the end of the index, which is the file's last box.
    let text = format!(" 00000000 00000400 00000000 {:016X} 00000000", original(44_100).len());
    let mean = boxed(b"mean", &[&[0; 4], b"com.apple.iTunes"]);
    let name = boxed(b"name", &[&[0; 4], b"iTunSMPB"]);
    let data = boxed(b"data", &[&1_u32.to_be_bytes(), &[0; 4], text.as_bytes()]);
    let list = boxed(b"ilst", &[&boxed(b"----", &[&mean, &name, &data])]);
    let handler = boxed(b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
    let comment = boxed(b"udta", &[&boxed(b"meta", &[&[0; 4], &handler, &list])]);
    let mut bytes = std::fs::read(&path).unwrap();
    let index = bytes.windows(4).rposition(|kind| kind == b"moov").unwrap() - 4;
    let size = u32::from_be_bytes(bytes[index..index + 4].try_into().unwrap());
    assert_eq!(index + size as usize, bytes.len(), "the index is the last box");
    bytes[index..index + 4].copy_from_slice(&(size + comment.len() as u32).to_be_bytes());
    bytes.extend(comment);
    std::fs::write(&path, bytes).unwrap();
    is_in_place(&path);
}

#[test]
fn a_jump_leads_to_its_sample() {
    let folder = tempfile::tempdir().unwrap();
    let wav = wav(folder.path(), 44_100);
    let mut paths = vec![wav.clone()];
    for (name, arguments) in [
        // Without the noise that the decoder makes up by itself.
        ("song.m4a", &["-c:a", "aac", "-aac_pns", "0"][..]),
        ("song.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
        ("song.ogg", &["-c:a", "libvorbis"]),
        ("song.flac", &["-c:a", "flac"]),
        ("song.aiff", &["-c:a", "pcm_s16be"]),
    ] {
        paths.push(encode(&wav, name, arguments));
    }
    for path in paths {
        let whole = read(&path).unwrap();
        let mut stream = Stream::open(&path).unwrap();
        // Forwards, backwards, to the start, to the last samples, within the first block, and behind the end.
        for sample in [40_000, 100_001, 12_345, 0, whole.len() as u64 - 10, 17, 300_000] {
            stream.seek(sample).unwrap();
            let mut heard: Vec<f32> = Vec::new();
            while heard.len() < 3_000 {
                let Some(block) = stream.next_block().unwrap() else { break };
                heard.extend(&block[0]);
            }
            let expected = &whole.channels[0][whole.len().min(sample as usize)..];
            let case = format!("{} at {sample}", path.file_name().unwrap().to_string_lossy());
            assert!(heard.len() >= expected.len().min(3_000), "{case}: {} samples", heard.len());
            assert_eq!(expected.is_empty(), heard.is_empty(), "{case}");
            let off = heard.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-4, "{case}: {off} off");
        }
    }
}
