//! In a host that lets plug-ins sleep, notes still come through on time.

use dendrite_host::{BlockSizes, Event, EventKind, Run, SleepManner};
use dendrite_tests::bundles;
use dendrite_tests::signals::{music, silence};

const RATE: f64 = 48_000.0;

/// Length of the runs, far longer than the plug-in stays awake by itself.
const SECONDS: usize = 16;

const MANNERS: [SleepManner; 2] = [SleepManner::Skip, SleepManner::StopProcessing];

fn on(offset: u32, key: u8) -> Event {
    Event { offset, kind: EventKind::NoteOn { channel: 0, key, velocity: 0.5 } }
}

fn off(offset: u32, key: u8) -> Event {
    Event { offset, kind: EventKind::NoteOff { channel: 0, key, velocity: 0.25 } }
}

fn block_sizes() -> [BlockSizes; 3] {
    [BlockSizes::Fixed(64), BlockSizes::Fixed(1024), BlockSizes::Random(3, 4096)]
}

#[test]
fn a_silent_track_sleeps_and_its_notes_come_on_time() {
    // Chords in close succession, long pauses, a note of one sample, and one at the very end.
    let notes = [
        on(480_001, 60),
        on(480_001, 64),
        off(480_777, 60),
        off(481_000, 64),
        on(700_003, 72),
        off(700_004, 72),
        on(767_990, 30),
        off(767_999, 30),
    ];
    let input = silence(2, SECONDS * RATE as usize);
    for format in bundles::FORMATS {
        for manner in MANNERS {
            for sizes in block_sizes() {
                let case = format!("{format}, {manner:?}, {sizes:?}");
                let mut plugin = bundles::load(format);
                let heard = Run::new(&mut plugin)
                    .sample_rate(RATE)
                    .block_sizes(sizes)
                    .input(&input)
                    .events(&notes)
                    .honour_sleep(manner)
                    .go()
                    .unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(heard.events, notes, "{case}");
                assert!(plugin.violations().is_clean(), "{case}: {:?}", plugin.violations());
                // The first note comes after ten seconds, so a plug-in that may sleep has slept then.
                assert!(heard.skipped_blocks > heard.blocks / 2, "{case}: {} skipped", heard.skipped_blocks);
                assert!(heard.main().iter().flatten().all(|sample| *sample == 0.0), "{case}");
            }
        }
    }
}

#[test]
fn it_stays_awake_while_a_key_is_down() {
    let input = silence(2, SECONDS * RATE as usize);
    let length = input[0].len() as u32;
    // Down in the first sample, up in the last.
    let notes = [on(0, 60), off(length - 1, 60)];
    for format in bundles::FORMATS {
        for manner in MANNERS {
            let mut plugin = bundles::load(format);
            let heard = Run::new(&mut plugin)
                .input(&input)
                .events(&notes)
                .honour_sleep(manner)
                .go()
                .expect("it plays");
            assert_eq!(heard.events, notes, "{format}, {manner:?}");
            assert_eq!(heard.skipped_blocks, 0, "{format}, {manner:?}");
        }
    }
}

#[test]
fn it_stays_awake_while_the_picture_rings_out_and_wakes_with_sound() {
    let mut input = silence(2, SECONDS * RATE as usize);
    // A second of music at the start, and again after twelve seconds.
    for (channel, music) in input.iter_mut().zip(music(2, RATE, 1.0)) {
        channel[..music.len()].copy_from_slice(&music);
        channel[576_000..576_000 + music.len()].copy_from_slice(&music);
    }
    for format in bundles::FORMATS {
        for manner in MANNERS {
            let mut plugin = bundles::load(format);
            let heard = Run::new(&mut plugin).input(&input).honour_sleep(manner).go().expect("it plays");
            assert_eq!(heard.main(), input, "{format}, {manner:?}: the sound passes through");
            // Awake: 1 s of sound and 3 s of silence after it, twice; an eighth of a second of the music is silence.
            let slept = heard.skipped_blocks * 512;
            let expected = 8 * RATE as u64;
            assert!(
                slept.abs_diff(expected) < RATE as u64 / 4,
                "{format}, {manner:?}: slept for {slept} samples"
            );
        }
    }
}

#[test]
fn an_aligned_track_rings_out_before_it_sleeps() {
    let mut input = silence(2, 8 * RATE as usize);
    for (channel, music) in input.iter_mut().zip(music(2, RATE, 1.0)) {
        channel[..music.len()].copy_from_slice(&music);
    }
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        dendrite_tests::params::set(&mut plugin, "Align Sound to Picture", 1.0);
        let heard =
            Run::new(&mut plugin).input(&input).honour_sleep(SleepManner::Skip).go().expect("it plays");
        assert!(heard.skipped_blocks > 0, "{format}: it sleeps in the end");
        for (output, input) in heard.main().iter().zip(&input) {
            assert_eq!(output[2048..], input[..input.len() - 2048], "{format}: two hops late, and whole");
        }
    }
}
