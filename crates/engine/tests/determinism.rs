//! The same sound, settings and transport give the same snapshots, whatever the block sizes are.

mod sound;

use dendrite_engine::{Engine, Settings, Snapshot, Transport};
use proptest::prelude::*;
use sound::music;

/// The transport as a host computes it for a block that begins at `sample`: stopped, playing from 0.7 s, a seek at 1.9 s.
/// `next_change` says where a block must end, as hosts do.
fn transport(rate: u32, sample: usize) -> Transport {
    let start = (0.7 * f64::from(rate)) as usize;
    let seek = (1.9 * f64::from(rate)) as usize;
    let beats = |from: usize| (sample - from) as f64 / f64::from(rate) * 124.0 / 60.0;
    let position = if sample < start {
        None
    } else if sample < seek {
        Some(-1.0 + beats(start))
    } else {
        Some(64.0 + beats(seek))
    };
    Transport {
        playing: position.is_some(),
        tempo_bpm: Some(124.0),
        position_beats: position,
        ..Transport::default()
    }
}

fn settings(rate: u32, sample: usize) -> Settings {
    let mut settings = Settings::default();
    if sample >= (1.1 * f64::from(rate)) as usize {
        settings.sensitivity_db = 6.0;
        settings.orbit.impact_amount = 1.0;
    }
    settings
}

fn run(rate: u32, audio: &[f32], mut next_block: impl FnMut() -> usize) -> Vec<Snapshot> {
    let mut engine = Engine::new(rate).unwrap();
    let changes = [0.7, 1.1, 1.9].map(|t| (t * f64::from(rate)) as usize);
    let mut snapshots = Vec::new();
    let mut start = 0;
    while start < audio.len() {
        let mut end = (start + next_block()).min(audio.len());
        for change in changes {
            if start < change && change < end {
                end = change;
            }
        }
        let block = &audio[start..end];
        engine.process(
            &[block, block],
            block.len(),
            &transport(rate, start),
            &settings(rate, start),
            &mut |snapshot: &Snapshot| snapshots.push(*snapshot),
        );
        start = end;
    }
    snapshots
}

#[test]
fn block_sizes_do_not_change_the_snapshots() {
    for rate in [44_100, 48_000, 96_000] {
        let audio = music(rate, rate as usize * 3);
        let reference = run(rate, &audio, || 512);
        assert!(reference.len() > 120, "{} snapshots", reference.len());
        for size in [1, 32, 64, 441, 1_024, 8_192] {
            assert_eq!(run(rate, &audio, || size), reference, "rate {rate}, blocks of {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_block_sizes_do_not_change_the_snapshots(
        sizes in prop::collection::vec(0_usize..8_193, 1..40),
        rate in prop::sample::select(vec![44_100_u32, 48_000, 96_000]),
    ) {
        prop_assume!(sizes.iter().any(|&s| s > 0));
        let audio = music(rate, rate as usize * 5 / 2);
        let mut cycle = sizes.iter().copied().cycle();
        prop_assert_eq!(run(rate, &audio, move || cycle.next().unwrap()), run(rate, &audio, || 512));
    }
}

#[test]
fn snapshots_take_effect_one_hop_after_their_frame_at_exact_samples() {
    for rate in [44_100, 48_000, 47_999, 96_000] {
        let audio = music(rate, rate as usize);
        let clock = Engine::new(rate).unwrap().clock();
        for (k, snapshot) in run(rate, &audio, || 333).iter().enumerate() {
            assert_eq!(snapshot.frame.index, k as u64);
            assert_eq!(snapshot.sample, clock.boundary(k as u64 + 1));
        }
    }
}

#[test]
fn reset_makes_it_new() {
    let audio = music(48_000, 48_000);
    let mut engine = Engine::new(48_000).unwrap();
    let bounce = |engine: &mut Engine| {
        let mut snapshots = Vec::new();
        engine.process(
            &[&audio],
            audio.len(),
            &Transport::default(),
            &Settings::default(),
            &mut |s: &Snapshot| snapshots.push(*s),
        );
        snapshots
    };
    let first = bounce(&mut engine);
    engine.process(
        &[&audio[..777]],
        777,
        &Transport::default(),
        &Settings::default(),
        &mut |_: &Snapshot| {},
    );
    engine.reset();
    assert_eq!(bounce(&mut engine), first);
}

#[test]
fn more_channels_are_their_mean() {
    let audio = music(48_000, 24_000);
    let silent = vec![0.0; audio.len()];
    let doubled: Vec<f32> = audio.iter().map(|x| 2.0 * x).collect();
    let run = |channels: &[&[f32]]| {
        let mut engine = Engine::new(48_000).unwrap();
        let mut snapshots = Vec::new();
        engine.process(
            channels,
            audio.len(),
            &Transport::default(),
            &Settings::default(),
            &mut |s: &Snapshot| snapshots.push(*s),
        );
        snapshots
    };
    assert_eq!(run(&[&audio]), run(&[&doubled, &silent]));
    assert_eq!(run(&[]), run(&[&silent]));
}
