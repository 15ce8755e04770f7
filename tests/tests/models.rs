//! The six networks inside the built plug-in: a folder of models that the session names, in both formats and every block size,
//! and what happens to a broken one.

use std::collections::BTreeSet;
use std::path::Path;

use dendrite_host::{BlockSizes, Format, Plugin, Run, Transport};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use dendrite_tests::signals::{every_bit_pattern, music, same_bits};
use dendrite_tests::trace::{self, Tracing, column, first_difference};
use dendrite_tests::{bundles, chunk};
use serde_json::json;

const RATE: f64 = 48_000.0;

/// A folder with all six. The weights are random: what they say does not matter here, only that it is always the same.
fn write_models(folder: &Path, seed: u64) {
    for kind in ModelKind::ALL {
        let network = random_network(kind, OrbitShape::default(), seed).expect("the shape is possible");
        network.write(folder.join(format!("{}.json", kind.name()))).expect("a temporary folder");
    }
}

/// An instance whose session names a folder of models.
fn load_with(format: Format, folder: &Path) -> Plugin {
    let mut plugin = bundles::load(format);
    name_folder(&mut plugin, format, folder);
    plugin
}

fn name_folder(plugin: &mut Plugin, format: Format, folder: &Path) {
    let mut state = chunk::json(format, &plugin.save_state().expect("it saves"));
    state["fields"]["models"] = json!(json!({ "folder": folder, "hash": "" }).to_string());
    plugin.load_state(&chunk::bytes(format, &state)).expect("it loads");
}

fn play(tracing: &Tracing, plugin: &mut Plugin, sizes: BlockSizes) -> String {
    let sound = music(2, RATE, 4.0);
    Run::new(plugin)
        .sample_rate(RATE)
        .block_sizes(sizes)
        .input(&sound)
        .transport(Transport::playing(124.0, (4, 4)))
        .go()
        .expect("it plays");
    tracing.finish(plugin)
}

#[test]
fn a_named_folder_runs_the_same_in_both_formats_and_every_block_size() {
    let tracing = trace::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_models(folder.path(), 1);
    let reference = play(&tracing, &mut load_with(Format::Clap, folder.path()), BlockSizes::Fixed(512));
    assert!(column(&reference, "models").iter().all(|models| *models == "tttttt"));
    for name in ["valence", "arousal", "chord_probability", "omega_scale", "step"] {
        let distinct: BTreeSet<&str> = column(&reference, name).into_iter().collect();
        assert!(distinct.len() > 20, "{name} stands still: {distinct:?}");
    }
    for format in bundles::FORMATS {
        for sizes in [
            BlockSizes::Fixed(32),
            BlockSizes::Fixed(441),
            BlockSizes::Fixed(8_192),
            BlockSizes::Random(3, 4_096),
        ] {
            let trace = play(&tracing, &mut load_with(format, folder.path()), sizes.clone());
            assert_eq!(first_difference(&trace, &reference), None, "{format}, {sizes:?}");
        }
    }
    // Offline, too, nothing begins before its models are there.
    for format in bundles::FORMATS {
        let mut plugin = load_with(format, folder.path());
        plugin.set_offline(true).expect("offline rendering is supported");
        let trace = play(&tracing, &mut plugin, BlockSizes::Fixed(1_024));
        assert_eq!(first_difference(&trace, &reference), None, "{format}, offline");
    }
}

#[test]
fn a_broken_folder_leaves_a_plug_in_that_works_and_remembers_it() {
    let tracing = trace::start();
    let empty = tempfile::tempdir().expect("a temporary folder");
    let broken = tempfile::tempdir().expect("a temporary folder");
    write_models(broken.path(), 2);
    std::fs::write(broken.path().join("emotionrecognizer.json"), b"{\"in_shape\": [128], ").expect("a file");
    let gone = empty.path().join("gone");
    for format in bundles::FORMATS {
        let usual = play(&tracing, &mut bundles::load(format), BlockSizes::Fixed(512));
        for (folder, models) in
            [(empty.path(), None), (gone.as_path(), None), (broken.path(), Some("rttttt"))]
        {
            let mut plugin = load_with(format, folder);
            let trace = play(&tracing, &mut plugin, BlockSizes::Fixed(512));
            match models {
                // Nothing could be read: it is as if the session named none.
                None => assert_eq!(first_difference(&trace, &usual), None, "{format}, {}", folder.display()),
                Some(models) => assert!(column(&trace, "models").iter().all(|found| *found == models)),
            }
            let state = chunk::json(format, &plugin.save_state().expect("it saves"));
            let field = state["fields"]["models"].as_str().expect("a string").to_owned();
            assert!(field.contains(&*folder.to_string_lossy()), "{format}: {field}");
        }
    }
}

#[test]
fn sets_are_exchanged_while_playing_and_the_sound_passes() {
    let tracing = trace::start();
    let [first, second] = [3, 4].map(|seed| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_models(folder.path(), seed);
        folder
    });
    let sound = every_bit_pattern(2, 48_000, 9);
    for format in bundles::FORMATS {
        let mut plugin = load_with(format, first.path());
        let first_run = Run::new(&mut plugin).input(&sound).go().expect("it plays");
        same_bits(first_run.main(), &sound).unwrap_or_else(|place| panic!("{format}: {place}"));
        for round in 0..8_u64 {
            let run = Run::new(&mut plugin).continuing((round + 1) * 48_000).input(&sound);
            let heard = run.go().unwrap_or_else(|error| panic!("{format}, {round}: {error}"));
            same_bits(heard.main(), &sound).unwrap_or_else(|place| panic!("{format}, {round}: {place}"));
            name_folder(&mut plugin, format, if round % 2 == 0 { second.path() } else { first.path() });
            // Time to read it; the blocks above go on meanwhile.
            std::thread::sleep(std::time::Duration::from_millis(if round < 4 { 300 } else { 1 }));
        }
        let trace = tracing.finish(&mut plugin);
        assert!(column(&trace, "models").iter().all(|models| *models == "tttttt"));
    }
}

#[test]
fn instances_with_models_come_and_go() {
    let _tracing = trace::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_models(folder.path(), 5);
    for format in bundles::FORMATS {
        for round in 0..50 {
            let mut plugin = load_with(format, folder.path());
            if round % 5 == 0 {
                plugin.activate(RATE, 512).expect("it activates");
            }
        }
    }
}
