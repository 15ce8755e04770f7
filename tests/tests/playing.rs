//! What the built plug-in plays along: the same notes in both formats and every block size, and none that is stuck, whatever
//! transport, host and user do.

use std::collections::{HashMap, HashSet};

use dendrite_host::{BlockSizes, Event, EventKind, Plugin, Run, SleepManner, Transport};
use dendrite_tests::signals::{Random, music};
use dendrite_tests::{bundles, params};

const RATE: f64 = 48_000.0;
const SECONDS: f64 = 12.0;

/// A fixed key, so that playing does not have to wait until one is heard, and all voices busy.
fn busy(plugin: &mut Plugin) {
    params::set(plugin, "Key", 1.0 / 12.0);
    params::set(plugin, "Scale", 0.2);
    for voice in ["Melody", "Chords", "Bass", "Drums"] {
        params::set(plugin, &format!("{voice} Density"), 0.9);
    }
}

fn block_sizes() -> [BlockSizes; 5] {
    let fixed = BlockSizes::Fixed;
    [fixed(64), fixed(441), fixed(1024), fixed(8192), BlockSizes::Random(5, 4096)]
}

#[test]
fn formats_and_block_sizes_play_the_same_notes() {
    let sound = music(2, RATE, SECONDS);
    let mut reference: Option<Vec<Event>> = None;
    for format in bundles::FORMATS {
        for sizes in block_sizes() {
            let case = format!("{format}, {sizes:?}");
            let mut plugin = bundles::load(format);
            busy(&mut plugin);
            params::set(&mut plugin, "Modulation", 1.0);
            let heard = Run::new(&mut plugin)
                .sample_rate(RATE)
                .block_sizes(sizes)
                .input(&sound)
                .transport(Transport::playing(127.0, (4, 4)).at_beats(16.5))
                .go()
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(plugin.violations().is_clean(), "{case}: {:?}", plugin.violations());
            let reference = reference.get_or_insert_with(|| heard.events.clone());
            let same = heard.events.iter().zip(reference.iter()).take_while(|(a, b)| a == b).count();
            assert!(
                heard.events == *reference,
                "{case}: {} events instead of {}; {same} are the same, then {:?} instead of {:?}",
                heard.events.len(),
                reference.len(),
                heard.events.get(same),
                reference.get(same)
            );
        }
    }
    let events = reference.expect("something was played");
    let channels = |wanted: u8| {
        let is_on =
            |event: &&Event| matches!(event.kind, EventKind::NoteOn { channel, .. } if channel == wanted);
        events.iter().filter(is_on).count()
    };
    // Melody, chords, bass and drums; and the thirteen signals.
    for channel in [0, 1, 2, 9] {
        assert!(channels(channel) > 10, "channel {channel}: {} notes", channels(channel));
    }
    for controller in 102..=114 {
        let moved = events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::MidiCc { channel: 15, controller: c, .. } if c == controller));
        assert!(moved.count() >= 1, "controller {controller}");
    }
}

/// A song with a pickup of one beat, so that its bars begin at 1, 5, 9 ...
fn with_pickup(sample: u64) -> Option<Transport> {
    let transport = Transport::playing(127.0, (4, 4)).advanced(sample, RATE);
    let bar_start_beats = ((transport.position_beats - 1.0) / 4.0).floor() * 4.0 + 1.0;
    Some(Transport { bar_start_beats, ..transport })
}

#[test]
fn automation_of_the_picture_leaves_the_notes_as_they_are() {
    let sound = music(2, RATE, SECONDS);
    for format in bundles::FORMATS {
        let play = |automated: bool| {
            let mut plugin = bundles::load(format);
            busy(&mut plugin);
            // A block is divided at each change.
            let changes: Vec<Event> = (0..if automated { 500 } else { 0 })
                .map(|n| params::event(&mut plugin, "Glow", n * 1_000 + 7, f64::from(n) / 500.0))
                .collect();
            let run = Run::new(&mut plugin).sample_rate(RATE).block_sizes(BlockSizes::Fixed(4_096));
            let heard = run.input(&sound).events(&changes).transport_at(with_pickup).go();
            heard.unwrap_or_else(|error| panic!("{format}: {error}")).events
        };
        let (steady, automated) = (play(false), play(true));
        assert!(steady.len() > 100, "{format}: {} events", steady.len());
        let same = steady.iter().zip(&automated).take_while(|(a, b)| a == b).count();
        assert!(
            steady == automated,
            "{format}: {same} of {} events are the same, then {:?} instead of {:?}",
            steady.len(),
            automated.get(same),
            steady.get(same)
        );
    }
}

/// Follows the notes of a plug-in that may also pass notes on.
#[derive(Default)]
struct Ledger {
    sounding: HashMap<(u8, u8), usize>,
    /// Channels whose sustain pedal is down.
    pedals: HashSet<u8>,
    notes: usize,
}

impl Ledger {
    /// Takes events in; `passed_on` are notes that went in and come out as they are.
    fn take(&mut self, events: &[Event], passed_on: &[Event], case: &str) {
        let mut expected = passed_on.iter().peekable();
        let mut last = 0;
        for event in events {
            assert!(event.offset >= last, "{case}: {event:?} is out of order");
            last = event.offset;
            if expected.next_if(|next| *next == event).is_some() {
                continue;
            }
            match event.kind {
                EventKind::NoteOn { channel, key, .. } => {
                    let count = self.sounding.entry((channel, key)).or_default();
                    *count += 1;
                    assert_eq!(*count, 1, "{case}: {event:?} sounds already");
                    self.notes += 1;
                }
                EventKind::NoteOff { channel, key, .. } => {
                    let count = self.sounding.remove(&(channel, key));
                    assert_eq!(count, Some(1), "{case}: {event:?} ends a note that does not sound");
                }
                EventKind::MidiCc { channel, controller: 64, value: 64.. } => {
                    self.pedals.insert(channel);
                }
                EventKind::MidiCc { channel, controller: 64, .. } => {
                    self.pedals.remove(&channel);
                }
                _ => {}
            }
        }
        assert_eq!(expected.count(), 0, "{case}: notes that came in have not gone out");
    }
}

/// Transport, block by block: it starts, stops, seeks, loops and changes its tempo.
fn script(seed: u64) -> impl FnMut(u64) -> Option<Transport> {
    let mut random = Random::new(seed);
    let (mut last, mut beats, mut bpm, mut playing) = (0, 0.0, 120.0, false);
    move |sample| {
        beats += if playing { (sample - last) as f64 / RATE * bpm / 60.0 } else { 0.0 };
        last = sample;
        match random.below(24) {
            0..3 => playing = !playing,
            3 => beats = random.below(64) as f64 - 8.0,
            4 => beats -= 4.0,
            5 => bpm = 40.0 + random.below(200) as f64,
            _ => {}
        }
        // The last half second stands still.
        if sample > ((SECONDS - 0.5) * RATE) as u64 {
            playing = false;
        }
        let mut transport = Transport::playing(bpm, (4, 4)).at_beats(beats);
        transport.playing = playing;
        Some(transport)
    }
}

#[test]
fn no_note_is_stuck_whatever_happens() {
    let sound = music(2, RATE, SECONDS);
    let names = [
        "Melody",
        "Chords Channel",
        "Bass Density",
        "Drums",
        "Bypass",
        "Seed",
        "Melody Octave",
        "Expression",
    ];
    let mut notes = 0;
    for format in bundles::FORMATS {
        for seed in 0..12 {
            let case = format!("{format}, script {seed}");
            let mut random = Random::new(seed + 1000);
            let mut plugin = bundles::load(format);
            busy(&mut plugin);
            let mut events = Vec::new();
            for n in 0..60_u32 {
                let offset = n * 9_000 + random.below(8_000) as u32;
                let name = names[random.below(names.len())];
                let value = random.below(101) as f64 / 100.0;
                events.push(params::event(
                    &mut plugin,
                    name,
                    offset,
                    if name == "Bypass" { 0.0 } else { value },
                ));
            }
            // A player on channel 5, where nobody else is.
            let mut passed_on = Vec::new();
            for n in 0..40_u32 {
                let (channel, key) = (4, 40 + (n % 7) as u8);
                let kind = if n % 2 == 0 {
                    EventKind::NoteOn { channel, key, velocity: 0.5 }
                } else {
                    EventKind::NoteOff { channel, key: key - 1, velocity: 0.0 }
                };
                passed_on.push(Event { offset: n * 12_000 + 77, kind });
            }
            events.extend(&passed_on);
            events.sort_by_key(|event| event.offset);
            let mut run = Run::new(&mut plugin)
                .sample_rate(RATE)
                .block_sizes(BlockSizes::Random(seed, 2048))
                .input(&sound)
                .events(&events)
                .transport_at(script(seed));
            if seed % 3 == 0 {
                run = run.honour_sleep(SleepManner::Skip);
            }
            let heard = run.go().unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(plugin.violations().is_clean(), "{case}: {:?}", plugin.violations());
            let played: Vec<Event> = heard
                .events
                .iter()
                .filter(|event| !matches!(event.kind, EventKind::Param { .. }))
                .copied()
                .collect();
            let mut ledger = Ledger::default();
            ledger.take(&played, &passed_on, &case);
            assert!(ledger.sounding.is_empty(), "{case}: {:?} sound after the stop", ledger.sounding);
            notes += ledger.notes;
        }
    }
    assert!(notes > 500, "{notes} notes");
}

#[test]
fn after_a_deactivation_the_ends_come_first() {
    let sound = music(2, RATE, 4.0);
    for format in bundles::FORMATS {
        let case = format!("{format}");
        let mut plugin = bundles::load(format);
        busy(&mut plugin);
        params::set(&mut plugin, "Expression", 1.0);
        let play = |plugin: &mut Plugin, rate: f64| {
            Run::new(plugin)
                .sample_rate(rate)
                .block_sizes(BlockSizes::Fixed(256))
                .input(&sound)
                .transport(Transport::playing(100.0, (4, 4)))
                .go()
                .unwrap_or_else(|error| panic!("{case}: {error}"))
                .events
        };
        let mut ledger = Ledger::default();
        ledger.take(&play(&mut plugin, RATE), &[], &case);
        for rate in [RATE, 44_100.0] {
            let sounding = ledger.sounding.len();
            assert!(sounding > 0, "{case}: the song is cut where notes sound");
            assert!(!ledger.pedals.is_empty(), "{case}: the song is cut where a pedal is down");
            plugin.deactivate();
            let events = play(&mut plugin, rate);
            let first = &events[..sounding + ledger.pedals.len()];
            let is_end = |event: &Event| {
                matches!(
                    event.kind,
                    EventKind::NoteOff { .. } | EventKind::MidiCc { controller: 64, value: 0, .. }
                )
            };
            assert!(
                first.iter().all(|event| event.offset == 0 && is_end(event)),
                "{case}, then {rate} Hz: {first:?}"
            );
            ledger.take(first, &[], &case);
            assert!(
                ledger.sounding.is_empty() && ledger.pedals.is_empty(),
                "{case}, then {rate} Hz: {first:?}"
            );
            ledger.take(&events[first.len()..], &[], &case);
        }
    }
}
