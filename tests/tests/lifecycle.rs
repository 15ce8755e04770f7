//! Instances come and go, at any time, on any thread, at any rate, and nothing breaks.

use dendrite_host::{BlockSizes, Event, EventKind, Format, Layout, Plugin, Run, Transport, Unloaded};
use dendrite_tests::signals::{Random, every_bit_pattern, music, same_bits};
use dendrite_tests::{blocks, bundles, params};

/// Block of one activation, `[channel][sample]`.
fn block(frames: usize, seed: u64) -> Vec<Vec<f32>> {
    every_bit_pattern(2, frames, seed)
}

/// One life: made, set, activated, played a block or two, and destroyed, sometimes in the middle of it all.
fn live(format: Format, random: &mut Random) {
    let mut plugin = bundles::load(format);
    for param in plugin.params() {
        let value = param.denormalized(random.unit());
        plugin.set_param(param.id, value).expect("the id is listed");
    }
    if random.below(8) == 0 {
        return;
    }
    let rate = [44_100.0, 48_000.0, 96_000.0][random.below(3)];
    plugin.activate(rate, 512).expect("it can be activated");
    for _ in 0..random.below(3) {
        let params = plugin.params();
        let chosen = &params[random.below(params.len())];
        let change = EventKind::Param { id: chosen.id, value: chosen.denormalized(random.unit()) };
        let events = [Event { offset: random.below(512) as u32, kind: change }];
        blocks::process(&mut plugin, &block(512, random.bits()), &events, None).expect("it plays");
        // From outside, too: VST3 hands these to a thread of the framework.
        plugin.set_param(chosen.id, chosen.default).expect("the id is listed");
    }
    if random.below(2) == 0 {
        plugin.deactivate();
    }
}

#[test]
fn two_hundred_lives_end_well_in_both_formats() {
    for format in bundles::FORMATS {
        let mut random = Random::new(1);
        (0..200).for_each(|_| live(format, &mut random));
    }
}

#[test]
fn a_reset_at_any_time_does_no_harm() {
    for format in bundles::FORMATS {
        let mut random = Random::new(2);
        let mut plugin = bundles::load(format);
        assert!(plugin.reset().is_err(), "there is nothing to reset before an activation");
        plugin.activate(48_000.0, 2048).expect("it can be activated");
        for n in 0..300 {
            match random.below(4) {
                0 => plugin.reset().expect("it is active"),
                1 => {
                    plugin.stop_processing();
                    plugin.start_processing().expect("it is active");
                }
                _ => {}
            }
            let input = block(random.below(2048), n);
            let answer = blocks::process(&mut plugin, &input, &[], Some(Transport::playing(90.0, (4, 4))));
            let answer = answer.expect("it plays");
            same_bits(&answer.output, &input).unwrap_or_else(|place| panic!("{format}, block {n}: {place}"));
        }
    }
}

#[test]
fn it_can_be_activated_again_with_any_rate_and_block_size() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for rate in
            [8_000.0, 11_025.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0, 384_000.0]
        {
            for largest in [1, 33, 8192] {
                let input = block(9_000, 3);
                let case = format!("{format}, {rate} Hz, blocks of {largest}");
                let heard = Run::new(&mut plugin)
                    .sample_rate(rate)
                    .block_sizes(BlockSizes::Fixed(largest))
                    .input(&input)
                    .go()
                    .unwrap_or_else(|error| panic!("{case}: {error}"));
                same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{case}: {place}"));
            }
        }
    }
}

#[test]
fn unsupported_rates_are_refused_and_the_next_one_works() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for rate in [1.0, 1_000.0, 7_999.0, 384_001.0, 1_000_000.0, 1e12] {
            assert!(plugin.activate(rate, 512).is_err(), "{format}: {rate} Hz was taken");
            assert!(!plugin.is_active(), "{format}, {rate} Hz");
            let input = block(2_000, 4);
            let heard = Run::new(&mut plugin).input(&input).go().expect("48 kHz after a refusal");
            same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}: {place}"));
        }
    }
}

#[test]
fn unsupported_layouts_are_refused_and_the_last_one_stays() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        plugin.set_layout(&Layout::main(1)).expect("mono is supported");
        for layout in [
            Layout::main(0),
            Layout::main(3),
            Layout::main(8),
            Layout { inputs: vec![1], outputs: vec![2] },
            Layout { inputs: vec![2, 2, 2], outputs: vec![2] },
            Layout { inputs: vec![], outputs: vec![2] },
        ] {
            // "Zero channels" means "leave it unconnected" to our host, so that case may be met.
            let taken = plugin.set_layout(&layout).is_ok();
            assert!(!taken || layout == Layout::main(0), "{format}: {layout} was taken");
        }
        plugin.set_layout(&Layout::main(1)).expect("mono is supported");
        let input = every_bit_pattern(1, 2_000, 5);
        let heard = Run::new(&mut plugin).input(&input).go().expect("it plays in mono");
        same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}: {place}"));
    }
}

#[test]
fn blocks_without_samples_deliver_parameters_only() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        plugin.activate(48_000.0, 256).expect("it can be activated");
        for n in 0..50_u32 {
            let glow = params::event(&mut plugin, "Glow", 0, f64::from(n) / 50.0);
            blocks::process(&mut plugin, &block(0, 0), &[glow], None).expect("an empty block is a block");
            let glow = params::info(&mut plugin, "Glow");
            let value = plugin.param_value(glow.id).expect("the id is listed");
            // Texts have a tenth of a percent.
            assert!((glow.normalized(value) - f64::from(n) / 50.0).abs() < 1e-3, "{format}: {value}");
            let input = block(n as usize, 6);
            let answer = blocks::process(&mut plugin, &input, &[], None).expect("it plays");
            same_bits(&answer.output, &input).unwrap_or_else(|place| panic!("{format}: {place}"));
        }
        assert!(plugin.violations().is_clean());
    }
}

#[test]
fn two_instances_do_not_know_of_each_other() {
    for format in bundles::FORMATS {
        let (mut first, mut second) = (bundles::load(format), bundles::load(format));
        params::set(&mut first, "Glow", 0.25);
        params::set(&mut second, "Glow", 0.75);
        first.activate(48_000.0, 64).expect("it can be activated");
        second.activate(44_100.0, 640).expect("it can be activated");
        for n in 0..100 {
            let (a, b) = (block(64, n), block(640, n + 1));
            let answer = blocks::process(&mut first, &a, &[], None).expect("it plays");
            same_bits(&answer.output, &a).unwrap_or_else(|place| panic!("{format}: {place}"));
            let answer = blocks::process(&mut second, &b, &[], None).expect("it plays");
            same_bits(&answer.output, &b).unwrap_or_else(|place| panic!("{format}: {place}"));
        }
        let glow = |plugin: &mut Plugin| {
            let param = params::info(plugin, "Glow");
            plugin.param_value(param.id).map(|value| param.normalized(value))
        };
        assert_eq!((glow(&mut first), glow(&mut second)), (Some(0.25), Some(0.75)), "{format}");
        drop(first);
        let b = block(640, 1);
        let answer = blocks::process(&mut second, &b, &[], None).expect("the other one lives on");
        same_bits(&answer.output, &b).unwrap_or_else(|place| panic!("{format}: {place}"));
    }
}

#[test]
fn four_threads_have_an_instance_each() {
    for format in bundles::FORMATS {
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                scope.spawn(move || {
                    let rate = [44_100.0, 48_000.0, 96_000.0, 22_050.0][thread as usize];
                    let input = music(2, rate, 0.5);
                    for life in 0..10 {
                        let mut plugin = bundles::load(format);
                        params::set(&mut plugin, "Sensitivity", thread as f64 / 4.0);
                        let heard = Run::new(&mut plugin)
                            .sample_rate(rate)
                            .block_sizes(BlockSizes::Random(thread * 100 + life, 2048))
                            .input(&input)
                            .go()
                            .unwrap_or_else(|error| panic!("{format}, thread {thread}: {error}"));
                        same_bits(heard.main(), &input).unwrap_or_else(|place| panic!("{format}: {place}"));
                    }
                });
            }
        });
    }
}

#[test]
fn no_thread_outlives_its_library() {
    for format in bundles::FORMATS {
        for _ in 0..5 {
            let mut plugin = bundles::load(format);
            let input = block(4_096, 7);
            Run::new(&mut plugin).input(&input).go().expect("it plays");
            // Other tests of this process may hold the library; then it stays, and there is nothing to see.
            let _: Unloaded = plugin.unload();
        }
    }
}
