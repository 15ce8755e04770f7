//! Every loader on small files that are laid out as its set is, with what goes wrong in real ones.

use std::fs;
use std::path::{Path, PathBuf};

use dendrite_training::data::sets::{chords, deam, groove, lakh, maestro};
use dendrite_training::data::split::Shares;
use dendrite_training::data::{
    Cache, Key, Loading, Piece, Reason, Report, SetError, Split, folder, generated,
};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

/// Ticks per quarter.
const QUARTER: u32 = 480;

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A mono file of a tone; `amplitude` 0 is silence.
fn tone(path: &Path, rate: u32, samples: u32, pitch_hz: f64, amplitude: f64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..samples {
        let phase = std::f64::consts::TAU * pitch_hz * f64::from(n) / f64::from(rate);
        writer.write_sample((32_767.0 * amplitude * phase.sin()) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

type Event = (u32, TrackEventKind<'static>);

fn meta(tick: u32, message: MetaMessage<'static>) -> Event {
    (tick, TrackEventKind::Meta(message))
}

fn note(channel: u8, pitch: u8, velocity: u8, start: u32, length: u32) -> [Event; 2] {
    let midi = |message| TrackEventKind::Midi { channel: u4::new(channel), message };
    let key = u7::new(pitch);
    [
        (start, midi(MidiMessage::NoteOn { key, vel: u7::new(velocity) })),
        (start + length, midi(MidiMessage::NoteOff { key, vel: u7::new(0) })),
    ]
}

fn midi(tracks: Vec<Vec<Event>>) -> Vec<u8> {
    let track = |mut events: Vec<Event>| {
        events.sort_by_key(|(tick, _)| *tick);
        let mut now = 0;
        let mut track = Vec::new();
        for (tick, kind) in events {
            track.push(TrackEvent { delta: u28::new(tick - now), kind });
            now = tick;
        }
        track.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
        track
    };
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(QUARTER as u16)));
    let mut bytes = Vec::new();
    Smf { header, tracks: tracks.into_iter().map(track).collect() }.write_std(&mut bytes).unwrap();
    bytes
}

fn reason_of<'a>(report: &'a Report, name: &str) -> &'a Reason {
    let found = report.skipped().find(|(path, _)| path.to_string_lossy().ends_with(name));
    found.unwrap_or_else(|| panic!("{name} was not skipped:\n{report}")).1
}

fn piece<'a>(pieces: &'a [Piece], name: &str) -> &'a Piece {
    let found = pieces.iter().find(|piece| piece.name.ends_with(name));
    found.unwrap_or_else(|| panic!("{name} is not there: {:?}", names(pieces)))
}

fn names(pieces: &[Piece]) -> Vec<&str> {
    pieces.iter().map(|piece| piece.name.as_str()).collect()
}

#[test]
fn a_folder_gives_what_can_be_used_and_names_the_rest() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    tone(&at("b/second.WAV"), 44_100, 44_100, 440.0, 0.5);
    tone(&at("a/first.wav"), 48_000, 48_000, 220.0, 0.5);
    fs::copy(at("a/first.wav"), at("copy of the first.wav")).unwrap();
    tone(&at("none.wav"), 48_000, 0, 440.0, 0.5);
    tone(&at("single.wav"), 48_000, 1, 440.0, 0.5);
    tone(&at("silent.wav"), 48_000, 48_000, 440.0, 0.0);
    tone(&at("slow.wav"), 4_000, 40_000, 440.0, 0.5);
    write(&at("text.mp3"), "no sound at all");
    write(&at("notes.txt"), "not looked at");
    write(&at(".hidden.wav"), "not looked at either");
    let cut: Vec<u8> = fs::read(at("a/first.wav")).unwrap()[..30_000].to_vec();
    write(&at("cut.wav"), cut);

    let loaded = folder::load(root.path(), &Loading::default()).unwrap();
    let order = ["a/first.wav", "b/second.WAV", "copy of the first.wav", "cut.wav"];
    assert_eq!(names(&loaded.pieces), order.map(|name| PathBuf::from(name).display().to_string()));
    // 48,000 samples of 48 kHz each; the cut file has (30,000 - 44) / 2 samples.
    let lengths: Vec<usize> = loaded.pieces.iter().map(|piece| piece.frames.len()).collect();
    assert_eq!(lengths, [46, 46, 46, 14]);
    assert_eq!(loaded.pieces[0].content, loaded.pieces[2].content);
    assert_eq!(loaded.pieces[0].split, loaded.pieces[2].split);
    assert!(loaded.pieces.iter().all(|piece| piece.truth == Default::default()));

    let report = &loaded.report;
    assert_eq!((report.read(), report.skipped().count()), (4, 5));
    assert!(matches!(reason_of(report, "none.wav"), Reason::Audio(_)));
    assert!(matches!(reason_of(report, "single.wav"), Reason::Short));
    assert!(matches!(reason_of(report, "silent.wav"), Reason::Silent));
    assert!(matches!(reason_of(report, "slow.wav"), Reason::Rate(_)));
    assert!(matches!(reason_of(report, "text.mp3"), Reason::Audio(_)));

    let two = folder::load(root.path(), &Loading { max_files: Some(2), ..Loading::default() }).unwrap();
    assert_eq!(two.pieces.len(), 2);
}

#[test]
fn folders_without_music_say_so() {
    let root = tempfile::tempdir().unwrap();
    let error = |folder: &Path| folder::load(folder, &Loading::default()).unwrap_err().to_string();
    let message = error(root.path());
    assert!(message.starts_with("no audio in ") && message.contains("no such files"), "{message}");
    write(&root.path().join("broken.flac"), "no FLAC");
    let message = error(root.path());
    assert!(message.contains("broken.flac: this is no WAV, AIFF, FLAC"), "{message}");
    let message = error(&root.path().join("not there"));
    assert!(message.contains("not there cannot be read"), "{message}");
}

#[cfg(unix)]
#[test]
fn names_need_not_be_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let root = tempfile::tempdir().unwrap();
    let good = root.path().join(OsStr::from_bytes(b"caf\xe9.wav"));
    let bad = root.path().join(OsStr::from_bytes(b"bad\xff.wav"));
    tone(&good, 48_000, 10_000, 440.0, 0.5);
    write(&bad, "no sound");
    let loaded = folder::load(root.path(), &Loading::default()).unwrap();
    assert_eq!(names(&loaded.pieces), ["caf\u{fffd}.wav"]);
    assert!(loaded.report.to_string().contains("bad\u{fffd}.wav: this is no"));
}

#[test]
fn annotations_beside_audio_are_read_or_named() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    for name in ["chords.wav", "table.wav", "wrong.wav", "long.wav"] {
        tone(&at(name), 48_000, 96_000, 440.0, 0.5);
    }
    write(&at("chords.lab"), "0 1 C:maj\n1 2 N\n");
    write(&at("table.csv"), "start,end,chord\n0,2,A:min7\n");
    write(&at("wrong.lab"), "0 1 C:maj\n1 2 Quux\n");
    write(&at("long.lab"), "0 60 C:maj\n");
    write(&at("table.labels.json"), "{\"version\": 1}");
    let options = dendrite_generator::Options { length_s: 4.0..=5.0, ..Default::default() };
    let score = dendrite_generator::compose(5, &options);
    dendrite_generator::write_files(&score, root.path(), "generated").unwrap();

    let loaded = folder::load(root.path(), &Loading::default()).unwrap();
    let chords = |name| piece(&loaded.pieces, name).truth.chords.clone();
    // Frame 47's middle lies at 0.98 s, frame 48's at 1.003 s.
    assert_eq!(chords("chords.wav").map(|chords| (chords[47], chords[48])), Some((Some(0), None)));
    assert_eq!(chords("table.wav").unwrap()[20], Some(45));
    assert_eq!((chords("wrong.wav"), chords("long.wav")), (None, None));
    let left_out: Vec<String> = loaded.report.left_out().map(|(_, reason)| reason.to_string()).collect();
    let has = |part: &str| left_out.iter().any(|reason| reason.contains(part));
    assert!(has("wrong.lab: line 2: expected N, X"), "{left_out:?}");
    assert!(has("runs to 60.0 s, the audio to 2.0 s"), "{left_out:?}");

    assert!(has("table.labels.json: missing field"), "{left_out:?}");

    // What the generator wrote is heard as what it makes, but for the hash of the file.
    let from_file = piece(&loaded.pieces, "generated.wav");
    let made = generated::piece(5, &options);
    assert_eq!(from_file.frames, made.frames);
    // JSON keeps f32 and f64 exactly, or nearly so.
    let (a, b) = (from_file.truth.steps.as_ref().unwrap(), made.truth.steps.as_ref().unwrap());
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a.heard, a.melody, a.key) == (b.heard, b.melody, b.key)));
}

#[test]
fn deam_songs_begin_where_their_annotations_do() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    tone(&at("MEMD_audio/2.wav"), 44_100, 18 * 44_100, 440.0, 0.5);
    tone(&at("MEMD_audio/10.wav"), 48_000, 17 * 48_000, 330.0, 0.5);
    tone(&at("MEMD_audio/77.wav"), 48_000, 48_000, 330.0, 0.5);
    tone(&at("MEMD_audio/cover.wav"), 48_000, 48_000, 330.0, 0.5);
    tone(&at("MEMD_audio/3.wav"), 48_000, 10 * 48_000, 330.0, 0.5);
    let dynamic = "annotations/annotations averaged per song/dynamic (per second annotations)";
    let header = "song_id,sample_15000ms,sample_15500ms,sample_16000ms,sample_16500ms";
    let arousal = format!("{header}\n2,-1.0,0.0,0.5,0.5\n3,0.1,0.1\n5,0.1,0.1\n10,0.1,0.3,,\n");
    let valence = format!("{header}\n2,0.2,0.2,0.4,0.4\n3,0.1,0.1\n5,0.1,0.1\n10,-0.5,-0.7,,\n");
    write(&at(&format!("{dynamic}/arousal.csv")), &arousal);
    write(&at(&format!("{dynamic}/valence.csv")), &valence);

    let loaded = deam::load(root.path(), &Loading::default()).unwrap();
    assert_eq!(loaded.pieces.len(), 2);
    let song = piece(&loaded.pieces, "2.wav");
    let mood = song.truth.mood.as_ref().unwrap();
    assert_eq!(mood.len(), song.frames.len());
    assert_eq!(song.frames[0].index, 0);
    // From 14.75 to 16.75 s: two seconds of 46.875 frames.
    assert!((93..=94).contains(&mood.len()), "{}", mood.len());
    // Before the first sample its value holds; half way between 15 and 15.5 s arousal is -0.5.
    assert_eq!(mood[0], [0.2, -1.0]);
    let middle = mood[((15.25 - 14.75) * 46.875) as usize];
    assert!((middle[0] - 0.2).abs() < 1e-6 && (middle[1] + 0.5).abs() < 0.05, "{middle:?}");
    let other = piece(&loaded.pieces, "10.wav").truth.mood.as_ref().unwrap();
    assert_eq!(other[other.len() - 1], [-0.7, 0.3]);

    let report = &loaded.report;
    assert!(matches!(reason_of(report, "77.wav"), Reason::NoAnnotation { .. }));
    assert!(matches!(reason_of(report, "cover.wav"), Reason::NoAnnotation { .. }));
    assert!(matches!(reason_of(report, "3.wav"), Reason::Length { .. }));
    assert!(reason_of(report, "arousal.csv").to_string().contains("named 5"));

    write(&at(&format!("{dynamic}/valence.csv")), "song_id,sample_15000ms\n2,loud\n");
    let message = deam::load(root.path(), &Loading::default()).unwrap_err().to_string();
    assert!(message.contains("valence.csv: line 2: expected a number, found \"loud\""), "{message}");
    let empty = tempfile::tempdir().unwrap();
    let error = deam::load(empty.path(), &Loading::default()).unwrap_err();
    assert!(matches!(error, SetError::Layout { .. }), "{error}");
}

#[test]
fn deam_on_nine_points_is_scaled() {
    let root = tempfile::tempdir().unwrap();
    tone(&root.path().join("1.wav"), 48_000, 16 * 48_000, 440.0, 0.5);
    for (name, value) in [("arousal.csv", "9"), ("valence.csv", "3")] {
        write(&root.path().join(name), format!("song_id,sample_15000ms\n1.0,{value}\n"));
    }
    let loaded = deam::load(root.path(), &Loading::default()).unwrap();
    // (9 - 5) / 4 and (3 - 5) / 4.
    assert_eq!(loaded.pieces[0].truth.mood.as_ref().unwrap()[0], [-0.5, 1.0]);
}

#[test]
fn maestro_keeps_its_own_split() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let control = |tick, value| {
        let message = MidiMessage::Controller { controller: u7::new(64), value: u7::new(value) };
        (tick, TrackEventKind::Midi { channel: u4::new(0), message })
    };
    // Two notes in the first two seconds, at 0 and 1 s, with the pedal down for the second half.
    let mut events: Vec<Event> = vec![control(2 * QUARTER, 127), control(4 * QUARTER, 0)];
    events.extend(note(0, 60, 64, 0, QUARTER));
    events.extend(note(0, 84, 96, 2 * QUARTER, QUARTER));
    let file = midi(vec![vec![meta(0, MetaMessage::Tempo(u24::new(500_000)))], events]);
    for (name, seconds) in [("a", 3), ("b", 3), ("short", 3), ("alone", 0)] {
        write(&at(&format!("2018/{name}.midi")), &file);
        if seconds > 0 {
            tone(&at(&format!("2018/{name}.wav")), 44_100, seconds * 44_100, 440.0, 0.5);
        }
    }
    write(&at("2018/short.midi"), midi(vec![note(0, 60, 64, 0, 100 * QUARTER).to_vec()]));
    write(&at("2018/broken.midi"), "MThd, but not for long");
    tone(&at("2018/broken.wav"), 44_100, 44_100, 440.0, 0.5);
    let mut index =
        String::from("canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n");
    for (name, split) in [
        ("a", "train"),
        ("b", "test"),
        ("short", "train"),
        ("alone", "train"),
        ("broken", "validation"),
        ("a", "?"),
    ] {
        let title = "\"Sonata in A, \"\"Little\"\", D. 1\"";
        index += &format!("Franz Schubert,{title},{split},2018,2018/{name}.midi,2018/{name}.wav,3.0\n");
    }
    write(&at("maestro-v3.0.0.csv"), index);

    let loaded = maestro::load(root.path(), &Loading::default()).unwrap();
    let splits: Vec<Split> = loaded.pieces.iter().map(|piece| piece.split).collect();
    assert_eq!(splits, [Split::Train, Split::Test]);
    let truth = &loaded.pieces[0].truth;
    assert_eq!(truth.onsets_s, Some(vec![0.0, 1.0]));
    let bar = &truth.bars.as_ref().unwrap()[0];
    assert_eq!(bar.span_s, [0.0, 2.0]);
    assert_eq!((bar.offsets, bar.accents), ([None; 16], [None; 16]));
    // Velocity 80 / 127; crescendo 0.5 + 32 / 48, clamped; gate: half of the time to the next note and 1 for the last;
    // pedal down for half of the bar; register (72 - 36) / 48.
    let value = |index: usize| bar.expression[index].unwrap();
    let expected = [(0, 80.0 / 127.0), (4, 1.0), (5, 0.75), (6, 0.5), (12, 0.5), (14, 0.75)];
    for (index, expected) in expected {
        assert!((value(index) - expected).abs() < 1e-6, "{index}: {} {expected}", value(index));
    }
    for unknown in [2, 3, 7, 8, 13] {
        assert_eq!(bar.expression[unknown], None, "{unknown}");
    }
    let steps = truth.steps.as_ref().unwrap();
    assert!(steps.iter().all(|step| step.melody.is_none()) && steps[3].heard.is_some());

    let report = &loaded.report;
    assert_eq!(report.skipped().count(), 4);
    assert!(matches!(reason_of(report, "short.wav"), Reason::Length { .. }));
    assert!(matches!(reason_of(report, "alone.wav"), Reason::Missing(_)));
    assert!(matches!(reason_of(report, "broken.wav"), Reason::Midi(_)));
    assert!(reason_of(report, "a.wav").to_string().contains("split"));

    write(&at("maestro-v3.0.0.csv"), "title,year\nx,2018\n");
    let message = maestro::load(root.path(), &Loading::default()).unwrap_err().to_string();
    assert!(message.contains("maestro-v3.0.0.csv") && message.contains("split"), "{message}");
    let empty = tempfile::tempdir().unwrap();
    let message = maestro::load(empty.path(), &Loading::default()).unwrap_err().to_string();
    assert!(message.contains("expected maestro-v3.0.0.csv"), "{message}");
}

#[test]
fn groove_takes_have_offsets_and_accents() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    // A bar of 4/4 at 120: kick on 1 and 3, a late snare on 2 (a quarter of a sixteenth), 30 ticks of 120.
    let mut events: Vec<Event> = Vec::new();
    events.extend(note(9, 36, 127, 0, 60));
    events.extend(note(9, 38, 100, QUARTER + 30, 60));
    events.extend(note(9, 36, 80, 2 * QUARTER, 60));
    write(&at("drummer1/session1/1_funk_120_beat_4-4.mid"), midi(vec![events.clone()]));
    write(&at("drummer1/session1/2_jazz_90_beat_6-8.mid"), midi(vec![events.clone()]));
    write(&at("drummer1/session1/3.mid"), midi(vec![]));
    tone(&at("drummer1/session1/1_funk_120_beat_4-4.wav"), 44_100, 2 * 44_100, 200.0, 0.5);
    tone(&at("drummer1/session1/2.wav"), 44_100, 10, 200.0, 0.5);
    let row = |id: u32, bpm: u32, meter: &str, midi: &str, audio: &str, split: &str| {
        let folder = "drummer1/session1";
        let audio = if audio.is_empty() { String::new() } else { format!("{folder}/{audio}") };
        format!(
            "drummer1,{folder},{id},funk/groove1,{bpm},beat,{meter},{folder}/{midi},{audio},2.0,{split}\n"
        )
    };
    let index = String::from(
        "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n",
    ) + &row(1, 120, "4-4", "1_funk_120_beat_4-4.mid", "1_funk_120_beat_4-4.wav", "train")
        + &row(2, 90, "6-8", "2_jazz_90_beat_6-8.mid", "2.wav", "validation")
        + &row(3, 90, "4-4", "3.mid", "", "test")
        + &row(4, 90, "4-4", "gone.mid", "", "test")
        + &row(5, 120, "4-4", "1_funk_120_beat_4-4.mid", "", "test");
    write(&at("info.csv"), index);

    let loaded = groove::load(root.path(), &Loading::default()).unwrap();
    assert_eq!(loaded.pieces.len(), 3);
    let take = &loaded.pieces[0];
    assert_eq!((take.split, take.truth.tempo_bpm), (Split::Train, Some(120.0)));
    // Two seconds of 46.875 frames.
    assert_eq!(take.frames.len(), 93);
    let bar = &take.truth.bars.as_ref().unwrap()[0];
    assert_eq!((bar.offsets[0], bar.offsets[4], bar.offsets[8]), (Some(0.0), Some(0.25), Some(0.0)));
    assert_eq!((bar.offsets[1], bar.accents[1], bar.accents[0]), (None, Some(0.0), Some(1.0)));
    // Velocity on step 0 against the mean of 100 and 80: 0.5 + 37 / 64, clamped; drums have no register.
    assert_eq!((bar.expression[2], bar.expression[14]), (Some(1.0), None));
    let steps = take.truth.steps.as_ref().unwrap();
    assert!(steps.iter().all(|step| step.heard.is_none_or(|frame| frame < 93)));

    // 6/8 by the index, as the file says nothing; its audio is too short for a frame.
    let other = &loaded.pieces[1];
    let bars = other.truth.bars.as_ref().unwrap();
    assert!(bars[0].accents[11].is_some() && bars[0].accents[12].is_none());
    assert!(other.frames.is_empty());
    assert!(loaded.report.left_out().any(|(_, reason)| matches!(reason, Reason::Short)));
    assert!(matches!(reason_of(&loaded.report, "3.mid"), Reason::Notes(_)));
    assert!(matches!(reason_of(&loaded.report, "gone.mid"), Reason::Missing(_)));
}

/// A song in D major: a melody of the scale above held chords, with drums.
fn song(name: &'static str, signature: Option<(i8, bool)>) -> Vec<u8> {
    let scale = [74, 76, 78, 79, 81, 79, 78, 76];
    let mut conductor = vec![meta(0, MetaMessage::Tempo(u24::new(500_000)))];
    conductor.extend(signature.map(|(sharps, minor)| meta(0, MetaMessage::KeySignature(sharps, minor))));
    let mut melody = vec![meta(0, MetaMessage::TrackName(name.as_bytes()))];
    let mut chords = vec![meta(0, MetaMessage::TrackName(b"pads"))];
    let mut drums = vec![meta(0, MetaMessage::TrackName(b"kit"))];
    for beat in 0..32 {
        melody.extend(note(0, scale[beat as usize % 8], 90, beat * QUARTER, QUARTER - 20));
        drums.extend(note(9, 36, 100, beat * QUARTER, 60));
        if beat % 4 == 0 {
            [50, 62, 66, 69].iter().for_each(|&p| chords.extend(note(1, p, 60, beat * QUARTER, 4 * QUARTER)));
        }
    }
    midi(vec![conductor, melody, chords, drums])
}

#[test]
fn lakh_files_have_melody_and_key() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    write(&at("a/0a.mid"), song("Lead Vocal", None));
    write(&at("a/b/0b.mid"), song("track 7", Some((0, false))));
    write(&at("c/0c.mid"), song("", Some((-2, true))));
    write(&at("c/chords.mid"), {
        let chords = (0..32).flat_map(|i| [60, 64, 67].map(|p| note(0, p, 80, i * QUARTER, QUARTER)));
        midi(vec![chords.flatten().collect()])
    });
    write(&at("d/broken.mid"), b"\0\x01\x02");
    write(&at("d/empty.MID"), "");

    let loaded = lakh::load(root.path(), lakh::Sound::Silent, &Loading::default()).unwrap();
    assert_eq!(loaded.pieces.len(), 3);
    for (name, key) in [
        // Estimated, as C major by signature is, too; the third is believed.
        ("0a.mid", Key::new(2, false)),
        ("0b.mid", Key::new(2, false)),
        ("0c.mid", Key::new(7, true)),
    ] {
        let piece = piece(&loaded.pieces, name);
        assert!(piece.frames.is_empty() && piece.truth.mood.is_none());
        assert_eq!(piece.truth.key, Some(key), "{name}");
        let steps = piece.truth.steps.as_ref().unwrap();
        let melody: Vec<u8> = steps.iter().filter_map(|step| step.melody).collect();
        assert_eq!(melody[..8], [74, 76, 78, 79, 81, 79, 78, 76]);
        // Half a second per quarter, in the first step of each quarter.
        assert!(
            (steps[4].time_s - 0.5).abs() < 1e-9 && steps[4].melody == Some(76) && steps[5].melody.is_none()
        );
        assert_eq!(piece.truth.tempo_bpm, Some(120.0));
    }
    assert!(matches!(reason_of(&loaded.report, "chords.mid"), Reason::Notes(_)));
    assert!(matches!(reason_of(&loaded.report, "broken.mid"), Reason::Midi(_)));
    assert!(matches!(reason_of(&loaded.report, "empty.MID"), Reason::Midi(_)));
}

#[test]
fn lakh_files_can_be_heard_on_the_generators_instruments() {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("song.mid"), song("melody", None));
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::open(kept.path()).unwrap();
    let loading = Loading { cache: Some(&cache), ..Loading::default() };
    let loaded = lakh::load(root.path(), lakh::Sound::Rendered, &loading).unwrap();
    let piece = &loaded.pieces[0];
    // 32 beats of half a second and two seconds to ring.
    assert_eq!(piece.frames.len(), ((16.0 - 20.0 / 960.0 + 2.0_f64).max(18.0) * 46.875) as usize);
    assert!(piece.frames.iter().filter(|frame| !frame.silent).count() > piece.frames.len() / 2);
    // Tones of D major sound more than the rest.
    let mean = |classes: &[usize]| {
        let sum: f32 =
            piece.frames.iter().flat_map(|frame| classes.iter().map(|&class| frame.chroma[class])).sum();
        sum / (classes.len() * piece.frames.len()) as f32
    };
    let (tones, others) = (mean(&[2, 4, 6, 7, 9]), mean(&[0, 1, 3, 5, 8, 10, 11]));
    assert!(tones > 2.0 * others, "{tones} {others}");
    assert!(piece.truth.steps.as_ref().unwrap()[8].heard.is_some());
    let again = lakh::load(root.path(), lakh::Sound::Rendered, &loading).unwrap();
    assert_eq!(again.pieces[0].frames, piece.frames);
}

#[test]
fn chord_annotations_find_their_audio() {
    let root = tempfile::tempdir().unwrap();
    let (labels, audio) = (root.path().join("chordlab"), root.path().join("my music"));
    let album = "The_Beatles/01_-_Please_Please_Me";
    write(&labels.join(album).join("01_-_I_Saw_Her_Standing_There.lab"), "0.0 1.0 N\n1.0 2.0 E:7\n");
    write(&labels.join(album).join("02_-_Misery.lab"), "0.0 2.0 C\n");
    write(&labels.join(album).join("03_-_Anna.lab"), "0.0 2.0 D\n");
    write(&labels.join(album).join("04_-_Chains.lab"), "0.0 2.0 not a chord\n");
    write(&labels.join(album).join("05_-_Boys.lab"), "0.0 90.0 E\n");
    write(&labels.join("own/tune.csv"), "start,end,chord\n0,2,F#:min\n");
    let beatles = audio.join("The Beatles/Please Please Me");
    tone(&beatles.join("01 I Saw Her Standing There.wav"), 44_100, 88_200, 440.0, 0.5);
    tone(&beatles.join("Misery.wav"), 44_100, 88_200, 330.0, 0.5);
    tone(&beatles.join("04 Chains.wav"), 44_100, 88_200, 350.0, 0.5);
    tone(&beatles.join("05 Boys.wav"), 44_100, 88_200, 350.0, 0.5);
    tone(&audio.join("own/tune.wav"), 44_100, 88_200, 340.0, 0.5);

    let loaded = chords::load(&labels, &audio, &Loading::default()).unwrap();
    assert_eq!(loaded.pieces.len(), 3);
    let chord = |name: &str, frame: usize| piece(&loaded.pieces, name).truth.chords.as_ref().unwrap()[frame];
    // E7 is class 24 + 4, F#m 12 + 6.
    assert_eq!((chord("There.lab", 10), chord("There.lab", 80)), (None, Some(28)));
    assert_eq!((chord("Misery.lab", 40), chord("tune.csv", 40)), (Some(0), Some(18)));
    let report = &loaded.report;
    assert!(reason_of(report, "Anna.lab").to_string().contains("a file called \"03anna\" or \"anna\""));
    assert!(reason_of(report, "Chains.lab").to_string().contains("line 1: expected N, X"));
    assert!(matches!(reason_of(report, "Boys.lab"), Reason::Length { .. }));
    assert!(report.to_string().contains("read                        3"), "{report}");
}

#[test]
fn shares_and_seeds_reach_the_pieces() {
    let root = tempfile::tempdir().unwrap();
    for file in 0..6 {
        tone(&root.path().join(format!("{file}.wav")), 48_000, 4_096, 200.0 + 50.0 * f64::from(file), 0.5);
    }
    let all_train = Loading { shares: Shares { train: 1.0, validation: 0.0 }, ..Loading::default() };
    let loaded = folder::load(root.path(), &all_train).unwrap();
    assert!(loaded.pieces.iter().all(|piece| piece.split == Split::Train));
    let told = std::sync::atomic::AtomicUsize::new(0);
    let tell = |done: usize, all: usize| {
        assert!(done <= all && all == 6);
        told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let loading = Loading { progress: Some(&tell), ..Loading::default() };
    let pieces = folder::load(root.path(), &loading).unwrap().pieces;
    assert_eq!(told.into_inner(), 6);
    for split in [Split::Train, Split::Validation, Split::Test] {
        assert!(pieces.iter().any(|piece| piece.split == split), "{split:?}");
    }
}
