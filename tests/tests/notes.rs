//! Notes and controllers go through on time and in order, whatever else the plug-in does.
//!
//! VST3 has no note choke and no program change on its way in, and brings controllers apart from notes, so there the order
//! within one sample is the host's, not the player's.

use dendrite_host::{BlockSizes, Event, EventKind, Format, Plugin, Run};
use dendrite_tests::signals::{Random, music};
use dendrite_tests::{bundles, params};

/// Length of the run in samples.
const LENGTH: usize = 96_000;

fn block_sizes() -> [BlockSizes; 4] {
    [BlockSizes::Fixed(1), BlockSizes::Fixed(64), BlockSizes::Random(1, 3000), BlockSizes::Fixed(LENGTH)]
}

/// What a player and a controller with many knobs do in two seconds. Sorted by sample; every sample that a controller uses is
/// used once, so that no host may thin it out.
fn performance(format: Format) -> Vec<Event> {
    let mut random = Random::new(7);
    let mut events = Vec::new();
    for n in 0..1200_u32 {
        let offset = n * 79 + 3;
        let channel = random.below(16) as u8;
        let (first, second) = (random.below(128) as u8, random.below(128) as u8);
        let kind = match n % 7 {
            0 => EventKind::NoteOn { channel, key: first, velocity: f32::from(second) / 127.0 },
            1 => EventKind::NoteOff { channel, key: first, velocity: f32::from(second) / 127.0 },
            // Controllers up to 119; those above are channel modes.
            2 => EventKind::MidiCc { channel, controller: first.min(119), value: second },
            3 => EventKind::Midi([0xE0 | channel, first, second]),
            4 => EventKind::Midi([0xD0 | channel, first, 0]),
            5 => EventKind::Midi([0xA0 | channel, first, second]),
            _ if format == Format::Clap => EventKind::Midi([0xC0 | channel, first, 0]),
            _ => EventKind::NoteOn { channel, key: first, velocity: 1.0 },
        };
        events.push(Event { offset, kind });
    }
    events
}

fn play(plugin: &mut Plugin, events: &[Event], sizes: BlockSizes, case: &str) -> Vec<Event> {
    let sound = music(2, 48_000.0, LENGTH as f64 / 48_000.0);
    let heard = Run::new(plugin)
        .block_sizes(sizes)
        .input(&sound)
        .length(LENGTH)
        .events(events)
        .go()
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    assert!(plugin.violations().is_clean(), "{case}: {:?}", plugin.violations());
    heard.events
}

/// Compares event by event, so that a failure shows one and not a thousand.
fn assert_same(came_out: &[Event], went_in: &[Event], case: &str) {
    if let Some((out, went_in)) = came_out.iter().zip(went_in).find(|(out, went_in)| out != went_in) {
        panic!("{case}: {went_in:?} came out as {out:?}");
    }
    assert_eq!(came_out.len(), went_in.len(), "{case}");
}

#[test]
fn everything_comes_out_as_it_went_in() {
    for format in bundles::FORMATS {
        for bypassed in [0.0, 1.0] {
            for sizes in block_sizes() {
                let case = format!("{format}, bypass {bypassed}, {sizes:?}");
                let mut plugin = bundles::load(format);
                params::set(&mut plugin, "Bypass", bypassed);
                let events = performance(format);
                assert_same(&play(&mut plugin, &events, sizes, &case), &events, &case);
            }
        }
    }
}

#[test]
fn notes_of_one_sample_keep_their_order() {
    // The same key again and again within a sample is the hardest case: off and on must not change places.
    let mut events = Vec::new();
    for offset in [0, 1, 63, 64, 65, 4_095, 95_999] {
        for key in [60, 64, 60, 67] {
            events.push(Event { offset, kind: EventKind::NoteOn { channel: 1, key, velocity: 0.5 } });
            events.push(Event { offset, kind: EventKind::NoteOff { channel: 1, key, velocity: 0.0 } });
        }
    }
    for format in bundles::FORMATS {
        for sizes in block_sizes() {
            let case = format!("{format}, {sizes:?}");
            assert_same(&play(&mut bundles::load(format), &events, sizes, &case), &events, &case);
        }
    }
}

#[test]
fn a_choke_ends_the_note_in_clap() {
    let (channel, key) = (2, 40);
    let on = Event { offset: 10, kind: EventKind::NoteOn { channel, key, velocity: 0.75 } };
    let choke = Event { offset: 700, kind: EventKind::NoteChoke { channel, key } };
    // A framework without chokes at its output may send a note off in its place, but no note may be left sounding.
    let off = Event { offset: 700, kind: EventKind::NoteOff { channel, key, velocity: 0.0 } };
    let came_out = play(&mut bundles::load(Format::Clap), &[on, choke], BlockSizes::Fixed(64), "choke");
    assert!([vec![on, choke], vec![on, off]].contains(&came_out), "{came_out:?}");
}

#[test]
fn notes_among_parameter_changes_stay_on_time() {
    for format in bundles::FORMATS {
        for sizes in block_sizes() {
            let case = format!("{format}, {sizes:?}");
            let mut plugin = bundles::load(format);
            let mut events = performance(format);
            let notes = events.clone();
            for n in 0..500_u32 {
                let name = ["Glow", "Zoom", "S Bias", "Bypass", "Sensitivity"][n as usize % 5];
                events.push(params::event(&mut plugin, name, n * 191, f64::from(n % 11) / 10.0));
            }
            events.sort_by_key(|event| event.offset);
            let came_out: Vec<Event> = play(&mut plugin, &events, sizes, &case)
                .into_iter()
                .filter(|event| !matches!(event.kind, EventKind::Param { .. }))
                .collect();
            assert_same(&came_out, &notes, &case);
        }
    }
}

#[test]
fn a_flood_of_notes_arrives_complete_and_in_order() {
    // More in one block than the plug-in's queue holds (4,096).
    let events: Vec<Event> = (0..6_000_u32)
        .map(|n| Event {
            offset: n / 2,
            kind: EventKind::NoteOn { channel: 0, key: (n % 128) as u8, velocity: 0.5 },
        })
        .collect();
    for format in bundles::FORMATS {
        let case = format!("{format}, flood");
        let came_out = play(&mut bundles::load(format), &events, BlockSizes::Fixed(4096), &case);
        assert_same(&came_out, &events, &case);
    }
}
