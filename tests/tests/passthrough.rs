//! Sound passes through untouched, at once or exactly as late as is reported.

use std::time::{Duration, Instant};

use dendrite_host::{BlockSizes, Event, EventKind, Format, Layout, Plugin, Run};
use dendrite_tests::signals::{every_bit_pattern, music, same_bits};
use dendrite_tests::{bundles, params};

/// 44.1 kHz, 48 kHz and 96 kHz.
const RATES: [f64; 3] = [44_100.0, 48_000.0, 96_000.0];

/// Every layout: channels, and whether there is a sidechain input (`None`), an unconnected or a connected one.
const LAYOUTS: [(u32, Option<bool>); 6] =
    [(1, None), (1, Some(false)), (1, Some(true)), (2, None), (2, Some(false)), (2, Some(true))];

fn layout(channels: u32, sidechain: Option<bool>) -> Layout {
    match sidechain {
        None => Layout::main(channels),
        Some(false) => Layout::with_sidechain(channels, 0),
        Some(true) => Layout::with_sidechain(channels, channels),
    }
}

fn load_with(format: Format, channels: u32, sidechain: Option<bool>) -> Plugin {
    let mut plugin = bundles::load(format);
    let layout = layout(channels, sidechain);
    plugin.set_layout(&layout).unwrap_or_else(|error| panic!("{format}, {layout}: {error}"));
    plugin
}

#[test]
fn every_bit_passes_in_every_layout_rate_and_block_size() {
    for format in bundles::FORMATS {
        for (channels, sidechain) in LAYOUTS {
            let mut plugin = load_with(format, channels, sidechain);
            let input = every_bit_pattern(channels as usize, 40_000, 1);
            let side = every_bit_pattern(channels as usize, 40_000, 2);
            for (seed, rate) in (0..).zip(RATES) {
                for sizes in
                    [BlockSizes::Random(seed, 8192), BlockSizes::Cycle(vec![1, 2, 3, 0, 64, 511, 8192])]
                {
                    let case = format!(
                        "{format}, {channels} channels, sidechain {sidechain:?}, {rate} Hz, {sizes:?}"
                    );
                    let mut run = Run::new(&mut plugin).sample_rate(rate).block_sizes(sizes).input(&input);
                    if sidechain == Some(true) {
                        run = run.sidechain(&side);
                    }
                    let heard = run.go().unwrap_or_else(|error| panic!("{case}: {error}"));
                    same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{case}: {place}"));
                    assert_eq!(plugin.latency_samples(), 0, "{case}");
                }
            }
            assert!(plugin.violations().is_clean());
        }
    }
}

#[test]
fn listening_to_the_sidechain_or_bypassing_changes_nothing_of_the_sound() {
    for format in bundles::FORMATS {
        let mut plugin = load_with(format, 2, Some(true));
        let (input, side) = (every_bit_pattern(2, 48_000, 3), music(2, 48_000.0, 1.0));
        let listen = params::event(&mut plugin, "Listen To", 7_001, 1.0);
        let bypass = params::event(&mut plugin, "Bypass", 20_003, 1.0);
        let heard = Run::new(&mut plugin)
            .block_sizes(BlockSizes::Random(5, 2048))
            .input(&input)
            .sidechain(&side)
            .events(&[listen, bypass])
            .go()
            .expect("it plays");
        same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}: {place}"));
        assert_eq!(plugin.latency_samples(), 0);
    }
}

/// The sound begins with a click, so that its delay can be found; before it there must be digital silence.
fn found_delay(output: &[f32]) -> Option<usize> {
    output.iter().position(|sample| sample.to_bits() != 0)
}

#[test]
fn aligned_sound_is_late_by_exactly_the_reported_latency_bypassed_or_not() {
    for format in bundles::FORMATS {
        for (channels, sidechain) in [(1, None), (2, Some(false)), (2, Some(true))] {
            for (seed, rate) in (10..).zip(RATES) {
                for bypassed in [false, true] {
                    let case = format!("{format}, {channels} channels, {rate} Hz, bypassed {bypassed}");
                    let mut plugin = load_with(format, channels, sidechain);
                    params::set(&mut plugin, "Align Sound to Picture", 1.0);
                    params::set(&mut plugin, "Bypass", f64::from(u8::from(bypassed)));
                    let mut input = every_bit_pattern(channels as usize, 30_000, 4);
                    input.iter_mut().for_each(|channel| channel[0] = 1.0);
                    let heard = Run::new(&mut plugin)
                        .sample_rate(rate)
                        .block_sizes(BlockSizes::Random(seed, 8192))
                        .input(&input)
                        .go()
                        .unwrap_or_else(|error| panic!("{case}: {error}"));
                    let latency = plugin.latency_samples() as usize;
                    // Two hops of 1,024 samples at 48 kHz, and the delay of the resampler, a few milliseconds.
                    let hops = (2.0 * 1024.0 * rate / 48_000.0).ceil() as usize;
                    let most = if rate == 48_000.0 { hops } else { hops + (rate * 0.02) as usize };
                    assert!((hops..=most).contains(&latency), "{case}: {latency} samples");
                    assert_eq!(found_delay(&heard.main()[0]), Some(latency), "{case}");
                    let late: Vec<Vec<f32>> = heard.main().iter().map(|c| c[latency..].to_vec()).collect();
                    let cut: Vec<Vec<f32>> = input.iter().map(|c| c[..c.len() - latency].to_vec()).collect();
                    same_bits(&late, &cut).unwrap_or_else(|place| panic!("{case}: {place}"));
                    assert!(
                        heard.main().iter().all(|c| c[..latency].iter().all(|x| x.to_bits() == 0)),
                        "{case}"
                    );
                }
            }
        }
    }
}

/// Whether the plug-in asks, within a few seconds, for what makes the host read the latency again: in CLAP a restart, for
/// it may not change while active; in VST3 `kLatencyChanged`, from a thread of its own.
fn hears_of_latency(plugin: &mut Plugin) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        plugin.idle();
        let notices = plugin.take_notices();
        if notices.latency_changed || notices.restart {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

#[test]
fn aligning_while_playing_is_announced_and_takes_effect_with_the_next_activation() {
    for format in bundles::FORMATS {
        let mut plugin = load_with(format, 2, Some(false));
        let align = params::event(&mut plugin, "Align Sound to Picture", 5_000, 1.0);
        let input = every_bit_pattern(2, 24_000, 6);
        let heard = Run::new(&mut plugin).input(&input).events(&[align]).go().expect("it plays");
        same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}, before: {place}"));
        assert!(hears_of_latency(&mut plugin), "{format}: the host hears nothing of the new latency");
        let heard = Run::new(&mut plugin).input(&input).go().expect("it plays");
        assert_eq!(plugin.latency_samples(), 2048, "two hops at 48 kHz");
        let late: Vec<Vec<f32>> = heard.main().iter().map(|c| c[2048..].to_vec()).collect();
        let cut: Vec<Vec<f32>> = input.iter().map(|c| c[..c.len() - 2048].to_vec()).collect();
        same_bits(&late, &cut).unwrap_or_else(|place| panic!("{format}, after: {place}"));
    }
}

#[test]
fn modulation_and_automation_of_everything_leave_the_sound_alone() {
    for format in bundles::FORMATS {
        let mut plugin = load_with(format, 2, Some(true));
        let input = every_bit_pattern(2, 30_000, 8);
        let params = plugin.params();
        let mut events: Vec<Event> = Vec::new();
        for (n, param) in (0..).zip(params.iter().filter(|param| param.automatable)) {
            for (turn, part) in (0..).zip([1.0, 0.25, 0.0, 0.5]) {
                let value = param.denormalized(part);
                events.push(Event {
                    offset: turn * 6_000 + n * 97,
                    kind: EventKind::Param { id: param.id, value },
                });
            }
        }
        events.sort_by_key(|event| event.offset);
        let heard = Run::new(&mut plugin)
            .block_sizes(BlockSizes::Random(9, 4096))
            .input(&input)
            .sidechain(&input)
            .events(&events)
            .go()
            .expect("it plays");
        same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}: {place}"));
    }
}
