//! Files: MIDI that others read as it was meant, sound and labels beside it.

use dendrite_generator::{Labels, Options, Score, Voice, compose, midi, render, write_files};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

/// Notes as (channel, key, velocity, onset in seconds, duration in seconds), and marker texts with times.
struct Read {
    notes: Vec<(u8, u8, u8, f64, f64)>,
    markers: Vec<(f64, String)>,
}

fn read(bytes: &[u8]) -> Read {
    let smf = Smf::parse(bytes).unwrap();
    let Timing::Metrical(per_quarter) = smf.header.timing else { panic!("ticks of seconds") };
    let per_quarter = f64::from(per_quarter.as_int());
    assert_eq!(smf.tracks.len(), 5);
    let mut tempos: Vec<(u64, f64)> = Vec::new();
    let mut tick = 0;
    for event in &smf.tracks[0] {
        tick += u64::from(event.delta.as_int());
        if let TrackEventKind::Meta(MetaMessage::Tempo(tempo)) = event.kind {
            tempos.push((tick, f64::from(tempo.as_int()) / 1e6));
        }
    }
    let seconds = |tick: u64| {
        let mut time_s = 0.0;
        for (index, (from, quarter_s)) in tempos.iter().enumerate() {
            let to = tempos.get(index + 1).map_or(tick, |next| next.0.min(tick));
            time_s += to.saturating_sub(*from) as f64 / per_quarter * quarter_s;
        }
        time_s
    };
    let mut read = Read { notes: Vec::new(), markers: Vec::new() };
    for track in &smf.tracks {
        let mut tick = 0;
        let mut open: Vec<(u8, u8, u8, f64)> = Vec::new();
        for event in track {
            tick += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Midi { channel, message: MidiMessage::NoteOn { key, vel } } => {
                    open.push((channel.as_int(), key.as_int(), vel.as_int(), seconds(tick)));
                }
                TrackEventKind::Midi { message: MidiMessage::NoteOff { key, .. }, .. } => {
                    let place =
                        open.iter().position(|note| note.1 == key.as_int()).expect("a note that is on");
                    let (channel, key, velocity, onset_s) = open.remove(place);
                    read.notes.push((channel, key, velocity, onset_s, seconds(tick) - onset_s));
                }
                TrackEventKind::Meta(MetaMessage::Marker(text)) => {
                    read.markers.push((seconds(tick), String::from_utf8(text.to_vec()).unwrap()));
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "notes without end");
    }
    read
}

#[test]
fn midi_holds_every_note_at_its_time() {
    for seed in 0..40 {
        let score = compose(seed, &Options::default());
        let read = read(&midi::write(&score));
        assert_eq!(read.notes.len(), score.labels.notes.len(), "seed {seed}");
        for (voice, channel) in [(Voice::Melody, 0), (Voice::Chords, 1), (Voice::Bass, 2), (Voice::Drums, 9)]
        {
            let mut ours: Vec<_> = score.labels.notes.iter().filter(|note| note.voice == voice).collect();
            let mut theirs: Vec<_> = read.notes.iter().filter(|note| note.0 == channel).collect();
            ours.sort_by(|a, b| (a.pitch, a.onset_s).partial_cmp(&(b.pitch, b.onset_s)).unwrap());
            theirs.sort_by(|a, b| (a.1, a.3).partial_cmp(&(b.1, b.3)).unwrap());
            assert_eq!(ours.len(), theirs.len(), "seed {seed} {voice:?}");
            for (a, b) in ours.iter().zip(theirs) {
                assert_eq!((a.pitch, a.velocity), (b.1, b.2));
                // A tick at 30 bpm is 2 ms long, and rounding takes half of it.
                assert!(
                    (a.onset_s - b.3).abs() < 1.5e-3 && (a.duration_s - b.4).abs() < 3e-3,
                    "seed {seed}: {a:?} {b:?}"
                );
            }
        }
        let sections: Vec<_> = read.markers.iter().filter(|(_, text)| text.starts_with('[')).collect();
        assert_eq!(sections.len(), score.labels.sections.len());
        for (section, (time_s, text)) in score.labels.sections.iter().zip(sections) {
            assert_eq!(*text, format!("[{}]", section.name.text()));
            assert!((section.start_s - time_s).abs() < 2e-3);
        }
        assert_eq!(read.markers.len(), score.labels.sections.len() + score.labels.chords.len());
    }
}

fn short() -> Score {
    compose(5, &Options { length_s: 4.0..=5.0, ..Options::default() })
}

#[test]
fn files_are_whole_and_agree() {
    let folder = tempfile::tempdir().unwrap();
    let score = short();
    let written = write_files(&score, &folder.path().join("deeper"), "piece").unwrap();
    let mut wav = hound::WavReader::open(&written.wav).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (1, 48_000));
    let length = wav.samples::<f32>().map(Result::unwrap).count();
    assert_eq!(length, (score.labels.duration_s * 48_000.0).round() as usize);
    assert_eq!(read(&std::fs::read(&written.mid).unwrap()).notes.len(), score.labels.notes.len());
    let labels: Labels = serde_json::from_slice(&std::fs::read(&written.labels).unwrap()).unwrap();
    assert_eq!(labels.seed, 5);
    // Nothing temporary is left.
    assert_eq!(std::fs::read_dir(folder.path().join("deeper")).unwrap().count(), 3);
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let score = short();
    for name in ["", "../up", "a/b", ".hidden"] {
        let error = write_files(&score, folder.path(), name).unwrap_err();
        assert!(error.to_string().contains("plain file name"), "{error}");
    }
    // A folder where a file should go.
    std::fs::create_dir(folder.path().join("taken.mid")).unwrap();
    let error = write_files(&score, folder.path(), "taken").unwrap_err();
    assert!(error.file().ends_with("taken.mid") && error.to_string().contains("taken.mid"), "{error}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".tmp")), "{left:?}");
}

#[test]
fn altered_scores_are_written_as_far_as_they_go() {
    let mut score = short();
    score.sound.patches.truncate(1);
    score.sound.casting.clear();
    assert!(render(&score).peak() > 0.0);
    score.labels.bars.clear();
    score.labels.controls.clear();
    assert_eq!(read(&midi::write(&score)).notes.len(), score.labels.notes.len());
    assert!(render(&score).samples.iter().all(|sample| sample.is_finite()));
    score.labels.notes.clear();
    score.labels.duration_s = 0.0;
    assert!(render(&score).samples.is_empty());
    midi::write(&score);
}
