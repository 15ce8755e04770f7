//! What holds for every song: hearing it in blocks changes nothing, times are those of the sound, runs are equal.

use std::path::{Path, PathBuf};

use dendrite_engine::{ModelSet, Settings, Snapshot, Transport};
use dendrite_offline::{Analysis, Error, Hop, Host, Listener, Options, Rows};

/// Heuristics only: they are quick to set up, and what is tested here does not depend on models.
fn options() -> Options {
    Options { models: ModelSet::heuristics(), ..Options::default() }
}

/// Writes a WAV file of 16 bits.
fn write(
    folder: &Path,
    rate: u32,
    channels: u16,
    frames: usize,
    sample: impl Fn(usize, usize) -> f64,
) -> PathBuf {
    let path = folder.join("song.wav");
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for frame in 0..frames {
        for channel in 0..usize::from(channels) {
            writer.write_sample((sample(frame, channel) * 32_767.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    path
}

/// C major as sines with a click each half second.
fn music(rate: u32) -> impl Fn(usize, usize) -> f64 {
    move |frame, _| {
        let t = frame as f64 / f64::from(rate);
        let chord: f64 = [261.63, 329.63, 392.0, 130.81]
            .iter()
            .map(|f| (t * f * std::f64::consts::TAU).sin() * 0.15)
            .sum();
        let since = t % 0.5;
        chord + 0.3 * (-since * 60.0).exp() * (since * 3_000.0 * std::f64::consts::TAU).sin()
    }
}

fn hops(path: &Path, options: &Options) -> Vec<Hop> {
    let mut listener = Listener::open(path, options).unwrap();
    let mut hops = Vec::new();
    while listener.listen_hops(|hop| hops.push(hop)).unwrap() {}
    hops
}

#[test]
fn blocks_of_the_decoder_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for rate in [44_100, 48_000] {
        let path = write(folder.path(), rate, 2, rate as usize * 2, music(rate));
        let audio = dendrite_audio::read(&path).unwrap();
        let channels: Vec<&[f32]> = audio.channels.iter().map(Vec::as_slice).collect();
        let host = Host { bpm: 97.0, numerator: 3, denominator: 4, first_beat_s: 0.25 };
        for host in [None, Some(host)] {
            // As a plug-in's host would play it: the whole song in one block.
            let transport = host.map_or_else(Transport::default, |host| Transport {
                playing: true,
                tempo_bpm: Some(host.bpm),
                position_beats: Some(-host.first_beat_s * host.bpm / 60.0),
                numerator: host.numerator,
                denominator: host.denominator,
                ..Transport::default()
            });
            let mut engine = dendrite_engine::Engine::new(rate).unwrap();
            let delay = engine.picture_delay_samples();
            let mut whole = Vec::new();
            engine.process(&channels, audio.len(), &transport, &Settings::default(), &mut |s: &Snapshot| {
                whole.push(Hop::of(s, rate, delay));
            });
            let heard = hops(&path, &Options { host, ..options() });
            assert!(whole.len() > 80 && heard.len() > whole.len(), "{} {}", whole.len(), heard.len());
            assert_eq!(heard[..whole.len()], whole, "{rate} Hz, {host:?}");
        }
    }
}

#[test]
fn hops_carry_the_time_of_their_sound_and_reach_beyond_the_end() {
    let folder = tempfile::tempdir().unwrap();
    for rate in [32_000, 44_100, 48_000, 96_000] {
        let path = write(folder.path(), rate, 1, rate as usize / 2, music(rate));
        let hops = hops(&path, &options());
        assert!(hops[0].time_s.abs() < 1e-9, "{}", hops[0].time_s);
        for (k, hop) in hops.iter().enumerate() {
            let expected = k as f64 * 1_024.0 / 48_000.0;
            // A boundary is rounded up to a sample.
            assert!((hop.time_s - expected).abs() <= 1.0 / f64::from(rate), "{rate} {k} {}", hop.time_s);
        }
        assert!(hops.last().unwrap().time_s >= 0.5 + 1_024.0 / 48_000.0);
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 44_100, 2, 44_100 * 3, music(44_100));
    let run = || {
        let options = options();
        let listener = Listener::open(&path, &options).unwrap();
        let mut rows = Rows::new(Vec::new()).unwrap();
        let analysis = Analysis::of(listener, options.models, |hop, _| rows.write(hop).is_ok()).unwrap();
        let summary = analysis.summary("song.wav");
        let report = analysis.report(&summary, "A <song>").unwrap();
        (serde_json::to_string_pretty(&summary).unwrap(), report, rows.finish().unwrap())
    };
    let (json, report, csv) = run();
    assert_eq!((json.clone(), report.clone(), csv.clone()), run());
    let text = String::from_utf8(csv).unwrap();
    // 3 s hold 140.6 hops; the one that begins within the song counts.
    assert_eq!(text.lines().count(), 1 + 141);
    let columns = text.lines().next().unwrap().split(',').count();
    assert!(text.lines().all(|line| line.split(',').count() == columns));
    assert!(report.contains("A &lt;song&gt;") && report.ends_with("</svg>\n"));
}

#[test]
fn a_chord_is_heard_as_its_key_and_its_tempo() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 48_000, 1, 48_000 * 8, music(48_000));
    let options = options();
    let analysis =
        Analysis::of(Listener::open(&path, &options).unwrap(), options.models, |_, _| true).unwrap();
    let summary = analysis.summary("song.wav");
    assert_eq!(summary.key.as_ref().map(|key| key.name.as_str()), Some("C major"), "{:?}", summary.key);
    // A click each half second is 120 bpm, or half or twice of it.
    let octave = (summary.tempo.bpm / 120.0).log2();
    assert!((octave - octave.round()).abs() < 0.03, "{:?}", summary.tempo);
    assert!((summary.duration_s - 8.0).abs() < 1e-9);
    let longest =
        summary.chords.iter().max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)));
    assert_eq!(longest.unwrap().chord, "C");
    assert!(summary.loudness.integrated_lufs.is_some());
}

#[test]
fn silence_and_one_sample_are_songs_too() {
    let folder = tempfile::tempdir().unwrap();
    for frames in [1, 48_000] {
        let path = write(folder.path(), 48_000, 1, frames, |_, _| 0.0);
        let options = options();
        let analysis =
            Analysis::of(Listener::open(&path, &options).unwrap(), options.models, |_, _| true).unwrap();
        let summary = analysis.summary("song.wav");
        assert_eq!((summary.key.clone(), summary.loudness.integrated_lufs), (None, None));
        assert!(analysis.report(&summary, "").unwrap().contains("</svg>"));
    }
}

#[test]
fn rates_that_are_not_heard_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 4_000, 1, 4_000, |_, _| 0.0);
    let error = Listener::open(&path, &options()).unwrap_err();
    assert!(matches!(error, Error::Rate { .. }));
    assert!(error.to_string().contains("song.wav") && error.to_string().contains("4000 Hz"), "{error}");
}
