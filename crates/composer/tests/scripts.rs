//! Never a stuck or doubled note, whatever the transport, the user and the input do: ten thousand random scripts.
//!
//! ```text
//! script = 60 spans, each of 1 - 4,096 samples, before each of which something may happen: start, stop, seek, loop, wrap,
//!          tempo, meter, settings, bypass, reset, input notes, a hop of other music
//! ```

use std::collections::{HashMap, HashSet};

use dendrite_composer::{
    ChordSource, Composer, Event, Grid, Heard, InputNote, Key, Message, PlayMode, Scale, Settings, Signals,
    Span, Voice,
};
use dendrite_pipeline::{CHORDS, Dynamics, Groove, Harmony, Melody, Mood};

const SCRIPTS: u64 = 10_000;
const SPANS: usize = 60;
const RATE: u32 = 48_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

/// Follows what sounds, and complains.
#[derive(Default)]
struct Listener {
    sounding: HashMap<(u8, u8), u64>,
    pedals: HashSet<u8>,
    held: HashSet<(u8, u8)>,
    ons: u64,
}

impl Listener {
    fn hear(&mut self, event: &Event, span: &Span, last: &mut u64) {
        assert!((span.start..span.end).contains(&event.sample), "{event:?} outside of {span:?}");
        assert!(event.sample >= *last, "{event:?} after {last}");
        *last = event.sample;
        match event.message {
            Message::NoteOn { channel, key, velocity } => {
                assert!(channel < 16 && key < 128 && (1..128).contains(&velocity), "{event:?}");
                assert!(!self.held.contains(&(channel, key)), "{event:?}: the key is held on the input");
                let before = self.sounding.insert((channel, key), event.sample);
                assert_eq!(before, None, "{event:?} sounds already");
                self.ons += 1;
            }
            Message::NoteOff { channel, key } => {
                let begun = self.sounding.remove(&(channel, key));
                assert!(begun.is_some_and(|begun| begun < event.sample), "{event:?}, begun at {begun:?}");
            }
            Message::Controller { channel, controller, value } => {
                assert!(channel < 16 && controller < 120 && value < 128, "{event:?}");
                if controller == 64 {
                    if value >= 64 {
                        self.pedals.insert(channel)
                    } else {
                        self.pedals.remove(&channel)
                    };
                }
            }
        }
    }
}

/// Music as the engine could hear it.
struct Music {
    mood: Mood,
    harmony: Harmony,
    melody: Melody,
    dynamics: Dynamics,
    groove: Groove,
    key: Option<Key>,
    scale: Scale,
    loudness: f32,
}

impl Music {
    fn draw(random: &mut Random) -> Self {
        let mut probabilities = [0.2 / (CHORDS - 1) as f32; CHORDS];
        probabilities[random.below(CHORDS as u64) as usize] = 0.8;
        // Networks may say anything, even nonsense.
        let odd = random.chance(30);
        let mut value = |low: f32, high: f32| if odd { f32::NAN } else { low + (high - low) * random.unit() };
        let melody = std::array::from_fn(|_| value(0.0, 0.1));
        let dynamics = std::array::from_fn(|_| value(0.0, 1.0));
        let offsets = std::array::from_fn(|_| value(-0.5, 0.5));
        let accents = std::array::from_fn(|_| value(0.0, 1.0));
        let tonic = random.below(12) as u8;
        let scale = Scale::ALL[random.below(10) as usize];
        Self {
            mood: Mood::default(),
            harmony: Harmony::of(probabilities, 0.5),
            melody: Melody { probabilities: melody },
            dynamics: Dynamics(dynamics),
            groove: Groove { offsets, accents },
            key: (!random.chance(10)).then_some(Key { tonic, minor: scale.is_minor() }),
            scale,
            loudness: if random.chance(8) { 0.0 } else { 0.7 },
        }
    }

    fn hear(&self, composer: &mut Composer) {
        composer.hear(&Heard {
            hop_s: 0.021,
            mood: &self.mood,
            harmony: &self.harmony,
            melody: &self.melody,
            dynamics: &self.dynamics,
            groove: &self.groove,
            key: self.key,
            scale: self.scale,
            signals: Signals { loudness: self.loudness, ..Signals::default() },
        });
    }
}

/// A setting here and there.
fn change(settings: &mut Settings, random: &mut Random) {
    let voice = &mut settings.voices[random.below(4) as usize];
    match random.below(12) {
        0 => voice.on = !voice.on,
        // Few channels, so that voices meet.
        1 | 2 => voice.channel = random.below(3) as u8,
        3 => voice.octave = random.below(7) as i8 - 3,
        4 | 5 => voice.density = random.unit(),
        6 => voice.humanise = random.unit(),
        7 => settings.seed = random.below(100) as u32,
        8 => {
            settings.chords =
                [ChordSource::Hear, ChordSource::Hold, ChordSource::Off][random.below(3) as usize]
        }
        9 => settings.tonic = Some(random.below(12) as u8),
        10 => settings.expression = !settings.expression,
        _ => settings.modulation.on = !settings.modulation.on,
    }
}

fn run(seed: u64) -> u64 {
    let random = &mut Random(seed);
    let mut composer = Composer::new();
    let mut listener = Listener::default();
    let mut settings = Settings {
        mode: [PlayMode::WithTransport, PlayMode::Always, PlayMode::WhileHeld][random.below(3) as usize],
        ..Settings::default()
    };
    let mut music = Music::draw(random);
    let mut sample = 0;
    let (mut playing, mut jumped) = (false, false);
    let mut grid = Grid {
        sample: 0,
        beats: 0.0,
        bpm: 120.0,
        rate: RATE,
        beats_per_bar: 4.0,
        bar_start: None,
        compound: false,
    };
    let mut was_reset = false;
    let mut loop_beats: Option<[f64; 2]> = None;
    for _ in 0..SPANS {
        let here = grid.beats_at(sample);
        match random.below(16) {
            0 | 1 if !playing => {
                (playing, jumped) = (true, true);
                grid.beats = random.below(64) as f64 - 16.0 + f64::from(random.unit());
                grid.sample = sample;
            }
            2 if playing => playing = false,
            3 if playing => {
                jumped = true;
                (grid.beats, grid.sample) = (here - 4.0 * random.below(5) as f64, sample);
            }
            4 => {
                (grid.beats, grid.sample, grid.bpm) = (here, sample, 30.0 + f64::from(random.unit()) * 400.0)
            }
            5 => {
                let (beats, compound) =
                    [(4.0, false), (3.0, true), (3.5, false), (1.25, false)][random.below(4) as usize];
                (grid.beats_per_bar, grid.compound) = (beats, compound);
                grid.bar_start = random.chance(2).then_some(here.floor());
            }
            6 | 7 => change(&mut settings, random),
            8 if random.chance(4) => settings.bypassed = !settings.bypassed,
            9 if random.chance(3) => {
                composer.reset();
                // Whoever resets the plug-in releases the keys, too.
                listener.held.clear();
                was_reset = true;
                jumped |= playing;
            }
            10 | 11 => {
                // A loop whose end is near, or none.
                let end = here + 0.5 * f64::from(random.unit());
                let length = 0.25 * random.below(12) as f64 + 0.2 * f64::from(random.unit());
                loop_beats = (!random.chance(4)).then_some([end - length, end]);
            }
            _ => {}
        }
        if let Some([start, end]) = loop_beats.filter(|[_, end]| playing && grid.beats_at(sample) >= *end)
            && random.chance(2)
        {
            // The loop's wrap, sometimes late.
            jumped = true;
            (grid.beats, grid.sample) = (grid.beats_at(sample) - (end - start), sample);
        }
        let end = sample + 1 + random.below(4096);
        let span = Span {
            start: sample,
            end,
            grid: Some(grid),
            transport: playing,
            jumped: std::mem::take(&mut jumped),
            loop_beats,
        };
        let mut inputs = Vec::new();
        if random.chance(3) {
            let mut at = sample;
            for _ in 0..random.below(6) {
                at += random.below((end - at).max(1));
                let note = InputNote {
                    sample: at,
                    channel: Some(random.below(3) as u8),
                    key: Some(36 + random.below(40) as u8),
                    on: !random.chance(3),
                };
                inputs.push(note);
                composer.input(note);
            }
        }
        if random.chance(2) {
            music = Music::draw(random);
        }
        music.hear(&mut composer);
        let sounded_before: Vec<(u8, u8)> = listener.sounding.keys().copied().collect();
        let (mut last, mut next_input, mut events) = (0, 0, Vec::new());
        composer.play(&span, &settings, |event| {
            // Input notes of the same sample come first.
            while inputs.get(next_input).is_some_and(|note| note.sample < event.sample) {
                note_held(&mut listener, &inputs[next_input]);
                next_input += 1;
            }
            listener.hear(&event, &span, &mut last);
            events.push(event);
        });
        inputs[next_input..].iter().for_each(|note| note_held(&mut listener, note));
        if was_reset {
            was_reset = false;
            let offs = events.iter().take(sounded_before.len());
            let ended = offs.filter(|event| {
                event.sample == span.start && matches!(event.message, Message::NoteOff { .. })
            });
            assert_eq!(ended.count(), sounded_before.len(), "after a reset the ends come first: {events:?}");
        }
        let silent = settings.bypassed || (settings.mode == PlayMode::WithTransport && !playing);
        if silent {
            assert!(
                listener.sounding.is_empty() && listener.pedals.is_empty(),
                "something sounds after the stop"
            );
        }
        for voice in Voice::ALL.map(|voice| settings.voice(voice)) {
            assert!(voice.channel < 16);
        }
        sample = end;
    }
    settings.bypassed = true;
    let span =
        Span { start: sample, end: sample + 1, grid: Some(grid), transport: true, jumped: false, loop_beats };
    composer.play(&span, &settings, |event| listener.hear(&event, &span, &mut 0));
    assert!(listener.sounding.is_empty() && listener.pedals.is_empty());
    listener.ons
}

fn note_held(listener: &mut Listener, note: &InputNote) {
    let (Some(channel), Some(key)) = (note.channel, note.key) else { return };
    if note.on {
        listener.held.insert((channel, key));
    } else {
        listener.held.remove(&(channel, key));
    }
}

#[test]
fn every_note_that_begins_ends_once_and_nothing_sounds_after_a_stop() {
    let mut notes = 0;
    for seed in 0..SCRIPTS {
        let outcome = std::panic::catch_unwind(|| run(seed));
        notes += outcome.unwrap_or_else(|_| panic!("script {seed}"));
    }
    println!("{notes} notes in {SCRIPTS} scripts");
    assert!(notes > 10 * SCRIPTS, "{notes}");
}
