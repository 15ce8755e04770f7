//! The renderer's ears and the plug-in's: the same song with the same settings, transport and automation gives the same hops, to
//! the last printed digit, and the same notes at the same samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dendrite_composer::{Event as Played, Message};
use dendrite_engine::{Output, Snapshot};
use dendrite_host::{BlockSizes, EventKind, Format, Run, Transport};
use dendrite_julia::Look;
use dendrite_offline::{Automation, Hop, Host, Listener, Options, Rows};
use dendrite_presets::Control;
use dendrite_tests::signals::music;
use dendrite_tests::trace::{self, column};
use dendrite_tests::{bundles, params};

const SECONDS: f64 = 12.0;

/// Columns of the renderer's table, and what the plug-in's trace calls them where it has another name.
const COLUMNS: [(&str, &str); 34] = [
    ("c_re", "c_re"),
    ("c_im", "c_im"),
    ("s", "s"),
    ("alpha", "alpha"),
    ("omega_scale", "omega_scale"),
    ("gate1", "gate1"),
    ("gate2", "gate2"),
    ("gate3", "gate3"),
    ("gate4", "gate4"),
    ("gate5", "gate5"),
    ("gate6", "gate6"),
    ("impact", "impact"),
    ("onset_detected", "onset_detected"),
    ("section", "section"),
    ("valence", "valence"),
    ("arousal", "arousal"),
    ("mood_confidence", "mood_confidence"),
    ("chord", "chord"),
    ("tempo_bpm", "tempo_bpm"),
    ("tempo_confidence", "tempo_confidence"),
    ("position_beats", "position_beats"),
    ("centroid", "spectral_centroid"),
    ("flux", "spectral_flux"),
    ("rms", "rms"),
    ("zcr", "zero_crossing_rate"),
    ("onset", "onset_strength"),
    ("rolloff", "spectral_rolloff"),
    ("rms_dbfs", "rms_dbfs"),
    ("band1", "band1"),
    ("band2", "band2"),
    ("band3", "band3"),
    ("band4", "band4"),
    ("band5", "band5"),
    ("band6", "band6"),
];

/// A parameter in both worlds: the plug-in's name and part of its range, the id and the text.
type Value = (&'static str, f64, &'static str, &'static str);

struct Case {
    rate: u32,
    host: Option<Host>,
    settings: &'static [Value],
    /// Samples from which values hold.
    changes: &'static [(u32, Value)],
}

/// A note or a controller: sample, channel, then key or number, then velocity or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Off(u64, u8, u8),
    On(u64, u8, u8, u8),
    Controller(u64, u8, u8, u8),
}

impl Note {
    fn sample(self) -> u64 {
        let (Note::On(sample, ..) | Note::Off(sample, ..) | Note::Controller(sample, ..)) = self;
        sample
    }
}

/// What the renderer makes of a song.
#[derive(Default)]
struct Ears {
    snapshots: Vec<Snapshot>,
    notes: Vec<Note>,
}

impl Output for Ears {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.snapshots.push(*snapshot);
    }

    fn event(&mut self, event: &Played, _offset: usize) {
        self.notes.push(match event.message {
            Message::NoteOn { channel, key, velocity } => Note::On(event.sample, channel, key, velocity),
            Message::NoteOff { channel, key } => Note::Off(event.sample, channel, key),
            Message::Controller { channel, controller, value } => {
                Note::Controller(event.sample, channel, controller, value)
            }
        });
    }
}

fn write(folder: &Path, rate: u32, sound: &[Vec<f32>]) -> PathBuf {
    let path = folder.join("song.wav");
    let spec = hound::WavSpec {
        channels: sound.len() as u16,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, spec).expect("a file can be made");
    for n in 0..sound[0].len() {
        sound.iter().for_each(|channel| writer.write_sample(channel[n]).expect("there is room"));
    }
    writer.finalize().expect("there is room");
    path
}

impl Case {
    /// The renderer's table and notes.
    fn render(&self, folder: &Path, sound: &[Vec<f32>]) -> (String, Vec<Note>) {
        let mut options = Options { host: self.host, ..Options::default() };
        for (_, _, id, text) in self.settings {
            let control = Control::find(id).expect("an id");
            let plain = control.read(text).expect("a value");
            control.set(&mut options.settings, &mut Look::default(), plain);
        }
        let lines: String = self
            .changes
            .iter()
            .map(|(sample, (_, _, id, text))| {
                format!("{}, {id}, {text}\n", f64::from(*sample) / f64::from(self.rate))
            })
            .collect();
        let file = folder.join("changes.csv");
        std::fs::write(&file, lines).expect("a file can be made");
        options.automation =
            Some(Arc::new(Automation::open(&file, None).unwrap_or_else(|error| panic!("{error}"))));
        let song = write(folder, self.rate, sound);
        let mut listener = Listener::open(&song, &options).expect("a song");
        let mut ears = Ears::default();
        while listener.listen_to(&mut ears).expect("a song") {}
        let mut rows = Rows::new(Vec::new()).expect("memory takes all rows");
        let delay = listener.picture_delay_samples();
        for snapshot in &ears.snapshots {
            rows.write(&Hop::of(snapshot, self.rate, delay)).expect("memory takes all rows");
        }
        let table = rows.finish().expect("memory takes all rows");
        (String::from_utf8(table).expect("numbers are text"), ears.notes)
    }

    /// The plug-in's trace and notes.
    fn play(&self, sizes: BlockSizes, sound: &[Vec<f32>]) -> (String, Vec<Note>) {
        let tracing = trace::start();
        let mut plugin = bundles::load(Format::Clap);
        for (name, part, ..) in self.settings {
            params::set(&mut plugin, name, *part);
        }
        let changes: Vec<_> = self
            .changes
            .iter()
            .map(|(sample, (name, part, ..))| params::event(&mut plugin, name, *sample, *part))
            .collect();
        let mut run = Run::new(&mut plugin)
            .sample_rate(f64::from(self.rate))
            .block_sizes(sizes)
            .input(sound)
            .events(&changes);
        if let Some(host) = self.host {
            run =
                run.transport(Transport::playing(host.bpm, (host.numerator, host.denominator)).at_beats(0.0));
        }
        let heard = run.go().expect("it plays");
        let notes = heard.events.iter().filter_map(|event| {
            let sample = u64::from(event.offset);
            match event.kind {
                EventKind::NoteOn { channel, key, velocity } => {
                    Some(Note::On(sample, channel, key, (velocity * 127.0).round() as u8))
                }
                EventKind::NoteOff { channel, key, .. } => Some(Note::Off(sample, channel, key)),
                EventKind::MidiCc { channel, controller, value } => {
                    Some(Note::Controller(sample, channel, controller, value))
                }
                _ => None,
            }
        });
        let notes = notes.collect();
        (tracing.finish(&mut plugin), notes)
    }

    /// Asserts that both are the same, and gives them back.
    fn agrees(&self) -> (String, Vec<Note>) {
        let folder = tempfile::tempdir().expect("a folder");
        let sound = music(2, f64::from(self.rate), SECONDS);
        let (table, mut rendered) = self.render(folder.path(), &sound);
        // What is behind the end of the sound is the renderer's alone.
        let length = sound[0].len() as u64;
        rendered.retain(|note| note.sample() < length);
        // Those of one sample have no order: the plug-in's queue and the composer each have their own.
        rendered.sort_by_key(|note| (note.sample(), *note));
        for sizes in [BlockSizes::Fixed(512), BlockSizes::Random(3, 3_000)] {
            let case = format!("{} Hz, {:?}, {sizes:?}", self.rate, self.host);
            let (trace, mut played) = self.play(sizes, &sound);
            played.sort_by_key(|note| (note.sample(), *note));
            for (ours, theirs) in COLUMNS {
                let (ours, theirs) = (column(&table, ours), column(&trace, theirs));
                assert!(theirs.len() > 500 && ours.len() >= theirs.len(), "{case}: {} hops", theirs.len());
                let first = ours.iter().zip(&theirs).position(|(a, b)| a != b);
                let place = first.map(|n| (n, ours[n], theirs[n]));
                assert_eq!(place, None, "{case}: the hop, the renderer's and the plug-in's value");
            }
            let same = rendered.iter().zip(&played).take_while(|(a, b)| a == b).count();
            assert!(
                rendered == played,
                "{case}: {} notes and {}; {same} are the same, then {:?} and {:?}",
                rendered.len(),
                played.len(),
                rendered.get(same),
                played.get(same)
            );
        }
        (table, rendered)
    }
}

/// Some of everything; the key is given, so that playing need not wait until one is heard.
const SETTINGS: &[Value] = &[
    ("Key", 1.0 / 12.0, "play_key", "c"),
    ("Scale", 0.2, "play_scale", "minor"),
    ("Impact Amount", 0.8, "impact_amount", "80 %"),
    ("Section Sensitivity", 0.75, "section_sensitivity", "75"),
    ("S Bias", 0.6, "s_bias", "0.1"),
    ("Bars per Turn", 0.5, "bars_per_turn", "4"),
    ("Auto Level", 0.0, "auto_level", "off"),
    ("Melody Density", 0.9, "melody_density", "90"),
    ("Drums Velocity", 0.6, "drums_velocity", "120"),
];

#[test]
fn without_a_transport_a_render_hears_what_the_plug_in_hears() {
    for rate in [44_100, 48_000] {
        let (table, notes) = Case { rate, host: None, settings: &[], changes: &[] }.agrees();
        // Something is heard, and nobody plays.
        assert!(column(&table, "onset_detected").contains(&"1"));
        assert_eq!(notes, []);
    }
}

#[test]
fn with_settings_and_a_transport_it_plays_what_the_plug_in_plays() {
    let host = Host { bpm: 126.0, numerator: 4, denominator: 4, first_beat_s: 0.0 };
    for rate in [44_100, 48_000] {
        let (table, notes) = Case { rate, host: Some(host), settings: SETTINGS, changes: &[] }.agrees();
        assert!(notes.iter().filter(|note| matches!(note, Note::On(..))).count() > 50);
        assert!(column(&table, "tempo_bpm").contains(&"126"));
    }
}

#[test]
fn automation_has_the_effect_that_a_host_has() {
    let host = Host { bpm: 126.0, numerator: 4, denominator: 4, first_beat_s: 0.0 };
    const CHANGES: &[(u32, Value)] = &[
        (10_007, ("Sensitivity", 0.75, "sensitivity", "12 dB")),
        // On a hop's boundary, and one sample behind one.
        (51_200, ("Component Lock", 0.05, "component_lock", "2")),
        (61_441, ("Impact Amount", 0.2, "impact_amount", "20")),
        (88_200, ("Bass Density", 1.0, "bass_density", "100")),
        (130_001, ("Melody", 0.0, "melody_on", "off")),
        (200_123, ("Bars per Turn", 0.0, "bars_per_turn", "1")),
        (210_000, ("Residual Depth", 0.1, "residual_depth", "10")),
        (300_000, ("Melody", 1.0, "melody_on", "on")),
        (350_000, ("Seed", 8.0 / 9_998.0, "play_seed", "9")),
    ];
    let changed = Case { rate: 48_000, host: Some(host), settings: SETTINGS, changes: CHANGES }.agrees();
    let unchanged = Case { rate: 48_000, host: Some(host), settings: SETTINGS, changes: &[] }.agrees();
    assert!(changed.0 != unchanged.0 && changed.1 != unchanged.1);
}
