//! The same sound, transport and parameters give the same trace, byte for byte: in every block size, in both formats, and every
//! time.

use std::collections::BTreeSet;

use dendrite_host::{BlockSizes, Event, Format, Plugin, Run, Transport};
use dendrite_tests::signals::{every_bit_pattern, music};
use dendrite_tests::trace::{self, Tracing, column, first_difference};
use dendrite_tests::{bundles, params};

const RATES: [f64; 3] = [44_100.0, 48_000.0, 96_000.0];

/// Length of the music in seconds: some bars, two hits a second, four chords.
const SECONDS: f64 = 6.0;

/// Blocks of one sample take long in a host without optimisation, so that run hears only the beginning.
const SECONDS_IN_SINGLE_SAMPLES: f64 = 1.0;

/// The block sizes that must not matter.
fn block_sizes() -> [BlockSizes; 8] {
    let fixed = BlockSizes::Fixed;
    [
        fixed(1),
        fixed(32),
        fixed(64),
        fixed(441),
        fixed(1024),
        fixed(8192),
        BlockSizes::Random(11, 8192),
        BlockSizes::Cycle(vec![0, 1, 480, 0, 37, 1024]),
    ]
}

/// The position at the start is the same number in CLAP's fixed point and as a float.
fn transport() -> Transport {
    Transport::playing(127.0, (4, 4)).at_beats(16.5)
}

/// What one case of these tests is made of.
struct Case<'a> {
    rate: f64,
    sound: &'a [Vec<f32>],
    sidechain: &'a [Vec<f32>],
    /// Normalised values of parameters at the start.
    settings: &'a [(&'a str, f64)],
    /// Name, sample and normalised value of parameter changes.
    changes: &'a [(&'a str, u32, f64)],
}

impl Case<'_> {
    fn play(&self, tracing: &Tracing, plugin: &mut Plugin, sizes: BlockSizes) -> String {
        for (name, value) in self.settings {
            params::set(plugin, name, *value);
        }
        let length = match sizes {
            BlockSizes::Fixed(1) => (self.rate * SECONDS_IN_SINGLE_SAMPLES) as usize,
            _ => self.sound[0].len(),
        };
        let changes: Vec<Event> = self
            .changes
            .iter()
            .filter(|(_, sample, _)| (*sample as usize) < length)
            .map(|(name, sample, value)| params::event(plugin, name, *sample, *value))
            .collect();
        Run::new(plugin)
            .sample_rate(self.rate)
            .block_sizes(sizes)
            .input(self.sound)
            .sidechain(self.sidechain)
            .length(length)
            .events(&changes)
            .transport(transport())
            .go()
            .unwrap_or_else(|error| panic!("{} Hz: {error}", self.rate));
        tracing.finish(plugin)
    }

    /// Plays in all block sizes and both formats, and gives the one trace that comes out.
    fn play_in_every_way(&self, tracing: &Tracing) -> String {
        let reference = self.play(tracing, &mut bundles::load(Format::Clap), BlockSizes::Fixed(512));
        for format in bundles::FORMATS {
            for sizes in block_sizes() {
                let case = format!("{format}, {} Hz, {sizes:?}", self.rate);
                let single_samples = sizes == BlockSizes::Fixed(1);
                let trace = self.play(tracing, &mut bundles::load(format), sizes);
                let expected =
                    if single_samples { &reference[..trace.len().min(reference.len())] } else { &reference };
                if let Some(difference) = first_difference(&trace, expected) {
                    panic!("{case}: the trace differs from that of CLAP in blocks of 512: {difference}");
                }
                assert!(trace.lines().count() > 40, "{case}: a second has 46 hops");
            }
        }
        reference
    }
}

#[test]
fn block_sizes_and_formats_do_not_matter() {
    let tracing = trace::start();
    for rate in RATES {
        let sound = music(2, rate, SECONDS);
        let settings = [("Auto Level", 0.0), ("Bars per Turn", 0.25)];
        let case = Case { rate, sound: &sound, sidechain: &[], settings: &settings, changes: &[] };
        let trace = case.play_in_every_way(&tracing);

        // The trace is that of this music, not of silence.
        let distinct: BTreeSet<&str> = column(&trace, "c_re").into_iter().collect();
        assert!(distinct.len() > 200, "{rate} Hz: c moves");
        assert!(column(&trace, "onset_detected").contains(&"1"), "{rate} Hz: hits are heard");
        assert!(column(&trace, "playing").iter().skip(2).all(|playing| *playing == "1"));
        // Frame k ends with sample (k + 1) * 1024 of 48 kHz and is in force one hop later.
        let samples: Vec<f64> =
            column(&trace, "sample").iter().map(|s| s.parse().expect("a number")).collect();
        for (frame, sample) in samples.iter().enumerate() {
            let exact = (frame as f64 + 2.0) * 1024.0 * rate / 48_000.0;
            let delay = sample - exact;
            let most = if rate == 48_000.0 { 0.0 } else { rate * 0.02 };
            assert!((0.0..=most + 1.0).contains(&delay), "{rate} Hz, frame {frame}: at {sample}");
        }
    }
}

#[test]
fn parameter_changes_at_a_sample_have_the_same_effect_in_every_block_size() {
    let tracing = trace::start();
    let rate = 44_100.0;
    let sound = music(2, rate, SECONDS);
    let changes = [
        ("Sensitivity", 10_007, 0.9),
        ("Auto Level", 30_000, 0.0),
        ("Component Lock", 61_234, 0.2),
        ("Impact Amount", 61_234, 1.0),
        ("S Bias", 88_200, 0.8),
        ("Bypass", 120_001, 1.0),
        ("Bypass", 150_001, 0.0),
        ("Residual Depth", 180_000, 0.0),
        ("Bars per Turn", 200_123, 0.0),
        ("Smoothing", 210_000, 1.0),
    ];
    let case = Case { rate, sound: &sound, sidechain: &[], settings: &[], changes: &changes };
    let changed = case.play_in_every_way(&tracing);
    let unchanged = Case { changes: &[], ..case }.play(
        &tracing,
        &mut bundles::load(Format::Clap),
        BlockSizes::Fixed(512),
    );
    // The first change takes effect at a hop boundary after its sample, within three hops of 940.8 samples.
    let (changed, unchanged): (Vec<_>, Vec<_>) =
        (column(&changed, "rms_dbfs"), column(&unchanged, "rms_dbfs"));
    let first = changed.iter().zip(&unchanged).position(|(a, b)| a != b).expect("the change is heard");
    let boundary = (10_007.0_f64 / 940.8).floor() as usize;
    assert!((boundary - 3..=boundary + 3).contains(&first), "row {first}, {boundary} hops");
}

#[test]
fn the_sidechain_comes_in_at_its_sample() {
    let tracing = trace::start();
    let rate = 48_000.0;
    let sound = music(2, rate, SECONDS);
    // Its first second is silent, to the sample.
    let mut sidechain: Vec<Vec<f32>> = music(2, rate, SECONDS);
    for channel in &mut sidechain {
        channel.reverse();
        channel[..48_017].fill(0.0);
    }
    let settings = [("Listen To", 1.0)];
    let case = Case { rate, sound: &sound, sidechain: &sidechain, settings: &settings, changes: &[] };
    let heard = case.play_in_every_way(&tracing);
    let main = Case { sidechain: &[], ..case }.play(
        &tracing,
        &mut bundles::load(Format::Clap),
        BlockSizes::Fixed(512),
    );
    let same = heard.lines().zip(main.lines()).take_while(|(a, b)| a == b).count();
    // A header, and a row for each hop that is over before the sidechain comes in: 48,017 / 1,024 = 46.9.
    assert!((44..=48).contains(&same), "{same} lines are those of the main input");
}

#[test]
fn moves_of_the_transport_have_the_same_effect_in_every_block_size() {
    let tracing = trace::start();
    let rate = 48_000.0;
    let sound = music(2, rate, SECONDS);
    // A start, a change of tempo, a jump back and a stop, each at a sample where blocks of all these sizes begin.
    let transport_at = |sample: u64| {
        let seconds = |from: u64| (sample - from) as f64 / rate;
        Some(match sample {
            0..48_000 => Transport::default(),
            48_000..96_000 => Transport::playing(120.0, (4, 4)).at_seconds(seconds(48_000)),
            96_000..144_000 => Transport::playing(90.0, (4, 4)).at_beats(2.0 + seconds(96_000) * 1.5),
            144_000..240_000 => Transport::playing(90.0, (3, 4)).at_beats(-1.0 + seconds(144_000) * 1.5),
            _ => Transport::default(),
        })
    };
    let play = |format, sizes| {
        let mut plugin = bundles::load(format);
        Run::new(&mut plugin)
            .sample_rate(rate)
            .block_sizes(sizes)
            .input(&sound)
            .transport_at(transport_at)
            .go()
            .expect("it plays");
        tracing.finish(&mut plugin)
    };
    let reference = play(Format::Clap, BlockSizes::Fixed(480));
    for format in bundles::FORMATS {
        for size in [32, 64, 375, 2_000, 8_000] {
            let trace = play(format, BlockSizes::Fixed(size));
            let difference = first_difference(&trace, &reference);
            assert_eq!(difference, None, "{format}, blocks of {size}");
        }
    }
    let playing = column(&reference, "playing");
    assert!(playing.first() == Some(&"0") && playing.last() == Some(&"0") && playing.contains(&"1"));
}

#[test]
fn broken_sound_is_heard_as_nothing_worse_than_silence() {
    let tracing = trace::start();
    let rate = 48_000.0;
    // Noise, then NaN, infinities and huge numbers, then silence, then music.
    let mut sound = every_bit_pattern(2, 144_000, 5);
    for (channel, music) in sound.iter_mut().zip(music(2, rate, 3.0)) {
        channel.extend(music);
    }
    let case = Case { rate, sound: &sound, sidechain: &[], settings: &[], changes: &[] };
    let trace = case.play_in_every_way(&tracing);
    for word in ["NaN", "inf"] {
        assert!(!trace.contains(word), "{word} in the trace");
    }
    // The music after it is heard as if nothing had been.
    let heard: Vec<f64> =
        column(&trace, "rms_dbfs").iter().map(|level| level.parse().expect("a number")).collect();
    assert!(heard[heard.len() - 20..].iter().all(|level| (-40.0..0.0).contains(level)), "{heard:?}");
    let moves: BTreeSet<&str> = column(&trace, "c_re").into_iter().rev().take(100).collect();
    assert!(moves.len() > 90, "c moves again");
}

#[test]
fn two_bounces_and_a_reset_give_the_same_bytes() {
    let tracing = trace::start();
    let rate = 48_000.0;
    let sound = music(1, rate, 3.0);
    let stereo = [sound[0].clone(), sound[0].clone()];
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        plugin.set_offline(true).expect("offline rendering is supported");
        let case = Case { rate, sound: &stereo, sidechain: &[], settings: &[], changes: &[] };
        let first = case.play(&tracing, &mut plugin, BlockSizes::Fixed(512));
        let second = case.play(&tracing, &mut plugin, BlockSizes::Fixed(512));
        assert_eq!(first_difference(&first, &second), None, "{format}: the second bounce of an instance");
        plugin.set_offline(false).expect("playing live is supported");
        let live = case.play(&tracing, &mut plugin, BlockSizes::Fixed(512));
        assert_eq!(first_difference(&first, &live), None, "{format}: live and offline");
        drop(plugin);

        // Other sound, a reset, and the sound again: the trace starts anew, with sample 0.
        let mut reset = bundles::load(format);
        let noise = music(2, rate, 1.0);
        Run::new(&mut reset).sample_rate(rate).input(&noise).go().expect("it plays");
        reset.reset().expect("it is active");
        Run::new(&mut reset)
            .sample_rate(rate)
            .continuing(48_000)
            .input(&stereo)
            .transport(transport())
            .go()
            .expect("it plays");
        let trace = tracing.finish(&mut reset);
        let (header, rows) = first.split_once('\n').expect("a trace has a header");
        assert!(trace.starts_with(header));
        assert!(trace.ends_with(rows), "{format}: after a reset");
    }
}
