//! What a session saves comes back, and what it cannot have saved does no harm.
//!
//! A state that cannot be read is refused, as both formats allow, and leaves the plug-in at its defaults and working: a
//! session that half remembers another one would be worse.

use dendrite_host::{BlockSizes, Format, Plugin, Run, Transport};
use dendrite_tests::signals::{Random, every_bit_pattern, music, same_bits};
use dendrite_tests::trace::{self, Tracing, first_difference};
use dendrite_tests::{bundles, chunk, params};
use serde_json::json;

/// Moves every parameter somewhere, but for "align sound", which moves the sound too.
fn shuffle(plugin: &mut Plugin, seed: u64) {
    let mut random = Random::new(seed);
    for param in plugin.params() {
        let part = random.unit();
        if param.name != "Align Sound to Picture" && !param.is_bypass {
            params::set(plugin, &param.name, part);
        }
    }
}

fn trace_of(tracing: &Tracing, plugin: &mut Plugin) -> String {
    let sound = music(2, 48_000.0, 2.0);
    Run::new(plugin)
        .block_sizes(BlockSizes::Fixed(441))
        .input(&sound)
        .transport(Transport::playing(120.0, (3, 4)))
        .go()
        .expect("it plays");
    tracing.finish(plugin)
}

fn assert_works(plugin: &mut Plugin, case: &str) {
    let sound = every_bit_pattern(2, 4_096, 1);
    let heard = Run::new(plugin).input(&sound).go().unwrap_or_else(|error| panic!("{case}: {error}"));
    same_bits(heard.main(), &sound).unwrap_or_else(|place| panic!("{case}: {place}"));
    plugin.deactivate();
    let state = plugin.save_state().unwrap_or_else(|error| panic!("{case}: {error}"));
    plugin.load_state(&state).unwrap_or_else(|error| panic!("{case}: its own state: {error}"));
}

#[test]
fn a_saved_state_gives_equal_values_and_an_equal_trace() {
    let tracing = trace::start();
    for format in bundles::FORMATS {
        for seed in 0..5 {
            let mut first = bundles::load(format);
            shuffle(&mut first, seed);
            let (values, state) = (params::values(&mut first), first.save_state().expect("it saves"));
            let trace = trace_of(&tracing, &mut first);
            drop(first);

            let mut second = bundles::load(format);
            second.load_state(&state).expect("it loads its own state");
            assert_eq!(params::values(&mut second), values, "{format}, seed {seed}");
            assert_eq!(second.save_state().expect("it saves"), state, "{format}, seed {seed}: saved again");
            let again = trace_of(&tracing, &mut second);
            assert_eq!(first_difference(&again, &trace), None, "{format}, seed {seed}");
        }
    }
}

#[test]
fn a_state_can_be_loaded_while_playing() {
    let _tracing = trace::start();
    for format in bundles::FORMATS {
        let mut source = bundles::load(format);
        shuffle(&mut source, 99);
        let (values, state) = (params::values(&mut source), source.save_state().expect("it saves"));
        drop(source);

        let mut plugin = bundles::load(format);
        let sound = every_bit_pattern(2, 8_192, 2);
        Run::new(&mut plugin).input(&sound).go().expect("it plays");
        plugin.load_state(&state).expect("it loads while active");
        let heard = Run::new(&mut plugin).continuing(8_192).input(&sound).go().expect("it goes on");
        same_bits(heard.main(), &sound).unwrap_or_else(|place| panic!("{format}: {place}"));
        assert_eq!(params::values(&mut plugin), values, "{format}");
    }
}

#[test]
fn unreadable_states_are_refused_and_leave_defaults() {
    let _tracing = trace::start();
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        shuffle(&mut plugin, 5);
        let good = plugin.save_state().expect("it saves");
        let framed = |json: &[u8]| chunk::frame(format, json);
        let mut random = Random::new(17);
        let mut unreadable: Vec<(String, Vec<u8>)> = vec![
            ("nothing".into(), vec![]),
            ("an empty chunk".into(), framed(b"")),
            ("null".into(), framed(b"null")),
            ("an empty list".into(), framed(b"[]")),
            ("an empty object".into(), framed(b"{}")),
            ("not UTF-8".into(), framed(&[0xFF, 0xFE, 0x80])),
            ("deep brackets".into(), framed(&[b'['; 100_000])),
            ("zeros".into(), vec![0; 5_000]),
            ("ones".into(), vec![255; 5_000]),
            ("parameters of a wrong type".into(), framed(br#"{"version":"1","params":7,"fields":{}}"#)),
            ("fields of a wrong type".into(), framed(br#"{"version":"1","params":{},"fields":{"a":{}}}"#)),
        ];
        for part in 0..20 {
            unreadable.push((format!("{part}/20 of a state"), good[..good.len() * part / 20].to_vec()));
        }
        for n in 0..100 {
            let length = random.below(2_000);
            unreadable
                .push((format!("random bytes {n}"), (0..length).map(|_| random.bits() as u8).collect()));
        }
        for (name, state) in unreadable {
            let case = format!("{format}, {name}");
            plugin.load_state(&good).expect("it loads its own state");
            assert_ne!(params::values(&mut plugin), params::defaults(&mut plugin), "{case}");
            assert!(plugin.load_state(&state).is_err(), "{case}: it was taken");
            assert_eq!(params::values(&mut plugin), params::defaults(&mut plugin), "{case}");
        }
        assert_works(&mut plugin, &format!("{format}, after all of them"));
    }
}

#[test]
fn damaged_states_never_do_harm() {
    let _tracing = trace::start();
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        shuffle(&mut plugin, 6);
        let good = plugin.save_state().expect("it saves");
        let mut random = Random::new(23);
        for n in 0..1_000 {
            let mut damaged = good.clone();
            for _ in 0..1 + n % 3 {
                let place = random.below(damaged.len());
                damaged[place] ^= 1 << random.below(8);
            }
            // Damage inside of a number or a text may go unnoticed; what is loaded must then still make sense.
            let taken = plugin.load_state(&damaged).is_ok();
            for param in plugin.params() {
                let value = plugin.param_value(param.id).expect("the id is listed");
                assert!(
                    (param.min..=param.max).contains(&value),
                    "{format}, damage {n}: {} is {value}",
                    param.name
                );
            }
            if !taken {
                assert_eq!(
                    params::values(&mut plugin),
                    params::defaults(&mut plugin),
                    "{format}, damage {n}"
                );
            }
        }
        assert_works(&mut plugin, &format!("{format}, after all damage"));
    }
}

#[test]
fn senseless_values_are_replaced_by_defaults_and_the_others_kept() {
    let _tracing = trace::start();
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        let mut state = chunk::json(format, &plugin.save_state().expect("it saves"));
        state["params"]["glow"] = json!({ "f32": 12.5 });
        state["params"]["zoom"] = json!({ "f32": 1e30 });
        state["params"]["detail"] = json!({ "string": "very" });
        state["params"]["component_lock"] = json!({ "i32": -5 });
        state["params"]["palette"] = json!({ "string": "no such palette" });
        state["params"].as_object_mut().expect("parameters are an object").remove("rotation");
        state["fields"]["editor"] = json!("{\"width\":1e9,\"height\":-4.0}");
        plugin.load_state(&chunk::bytes(format, &state)).expect("a state with odd values is a state");
        for (name, value) in params::values(&mut plugin) {
            let default = params::info(&mut plugin, &name);
            let default = default.normalized(default.default);
            match name.as_str() {
                "Glow" => assert!((value - 0.125).abs() < 1e-6, "{format}: {value}"),
                "Zoom" => assert_eq!(value, 1.0, "{format}: the nearest value there is"),
                _ => assert_eq!(value, default, "{format}, {name}"),
            }
        }
        assert_works(&mut plugin, &format!("{format}, odd values"));
    }
}

#[test]
fn what_a_newer_version_wrote_is_used_where_known_and_kept_where_not() {
    let _tracing = trace::start();
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        shuffle(&mut plugin, 8);
        let values = params::values(&mut plugin);
        let mut newer = chunk::json(format, &plugin.save_state().expect("it saves"));
        newer["version"] = json!("99.0.0");
        newer["fields"]["state_version"] = json!("99");
        newer["fields"]["mood_history"] = json!("{\"deep\":[1,2,{\"er\":null}]}");
        newer["params"]["chord_density"] = json!({ "f32": 0.625 });
        newer["params"]["voices"] = json!({ "i32": 5 });
        newer["params"]["style"] = json!({ "string": "nocturne" });
        drop(plugin);

        // Through two older sessions, one after the other.
        let mut state = chunk::bytes(format, &newer);
        for session in 1..=2 {
            let case = format!("{format}, session {session}");
            let mut older = bundles::load(format);
            older.load_state(&state).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(params::values(&mut older), values, "{case}");
            params::set(&mut older, "Glow", 0.25);
            params::set(
                &mut older,
                "Glow",
                values.iter().find(|(name, _)| name == "Glow").expect("it is there").1,
            );
            state = older.save_state().expect("it saves");
            let saved = chunk::json(format, &state);
            assert_eq!(saved["fields"]["mood_history"], newer["fields"]["mood_history"], "{case}");
            assert_eq!(saved["fields"]["kept_from_version"], json!("99"), "{case}");
            let kept = saved["fields"]["kept_params"].as_str().expect("kept parameters are JSON in a text");
            let kept: serde_json::Value = serde_json::from_str(kept).expect("kept parameters are JSON");
            for id in ["chord_density", "voices", "style"] {
                assert_eq!(kept[id], newer["params"][id], "{case}, {id}");
            }
        }
    }
}

#[test]
fn the_two_formats_write_the_same_json() {
    let _tracing = trace::start();
    let [clap, vst3] = [Format::Clap, Format::Vst3].map(|format| {
        let mut plugin = bundles::load(format);
        params::set(&mut plugin, "Glow", 0.5);
        chunk::json(format, &plugin.save_state().expect("it saves"))
    });
    assert_eq!(clap, vst3);
}
