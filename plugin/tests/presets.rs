//! Presets do to the plug-in's parameters what they do to settings and look: there is one mapping, told twice.

use std::collections::BTreeMap;

use dendrite::params::DendriteParams;
use dendrite_engine::Settings;
use dendrite_julia::Look;
use dendrite_presets::{IDS, Preset, Value, belongs, factory};
use nice_plug::prelude::*;
use proptest::prelude::*;

/// Parameters that are no part of presets: what protects viewers, what wires a host, and how a track is heard.
const LEFT_OUT: [&str; 13] = [
    "bypass",
    "listen_to",
    "sensitivity",
    "auto_level",
    "align_sound",
    "flash_limit",
    "play_mode",
    "melody_channel",
    "chords_channel",
    "bass_channel",
    "drums_channel",
    "modulation",
    "modulation_channel",
];

/// The parameters by their ids.
fn by_id(params: &DendriteParams) -> BTreeMap<String, ParamPtr> {
    params.param_map().into_iter().map(|(id, param, _)| (id, param)).collect()
}

/// Sets every parameter that a preset holds, by the way that a host's values take.
fn load(params: &DendriteParams, preset: &Preset) {
    let map = by_id(params);
    for (id, plain) in preset.plains() {
        let param = map[id];
        // SAFETY: `params` outlives the pointers of its map.
        unsafe { param._internal_set_normalized_value(param.preview_normalized(plain)) };
    }
}

/// Whether the parameters and the preset alone come to the same.
fn compare(preset: &Preset) {
    let params = DendriteParams::default();
    load(&params, preset);
    let (mut settings, mut look) = (Settings::default(), Look::default());
    preset.apply(&mut settings, &mut look);
    assert_eq!(params.settings(), settings, "{}", preset.to_toml());
    assert_eq!(params.look(), look, "{}", preset.to_toml());
    // And back: what an editor saves is what it shows.
    let saved = Preset::capture(&preset.name, &params.settings(), &params.look());
    assert_eq!(saved.check(), Ok(()));
    assert_eq!(saved.plains().collect::<Vec<_>>(), preset.plains().collect::<Vec<_>>());
}

#[test]
fn presets_hold_the_golden_parameters_but_those_left_out() {
    let golden: Vec<&str> = include_str!("golden/params.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(" | ").next())
        .collect();
    assert!(LEFT_OUT.iter().all(|id| golden.contains(id)));
    let left_out = |id: &str| LEFT_OUT.contains(&id) || id.starts_with("cc_");
    let expected: Vec<&str> = golden.iter().copied().filter(|id| !left_out(id)).collect();
    assert_eq!(IDS, expected);
    assert!(golden.iter().all(|id| belongs(id) != left_out(id)));
}

#[test]
fn factory_presets_set_the_parameters_to_what_they_apply() {
    factory().iter().for_each(compare);
}

#[test]
fn ranges_units_and_choices_are_the_parameters_own() {
    let params = DendriteParams::default();
    for (id, param) in by_id(&params).into_iter().filter(|(id, _)| belongs(id)) {
        let value = |value: Value| Preset {
            name: "Test".to_owned(),
            values: [(id.clone(), value)].into(),
            ..Preset::default()
        };
        // SAFETY: `params` outlives the pointers of its map.
        let (low, high) = unsafe { (param.preview_plain(0.0), param.preview_plain(1.0)) };
        match param {
            ParamPtr::FloatParam(_) | ParamPtr::IntParam(_) => {
                for inside in [low, high] {
                    assert_eq!(value(Value::Number(inside.into())).check(), Ok(()), "{id}");
                }
                for outside in [low - 1.0, high + 1.0] {
                    assert!(value(Value::Number(outside.into())).check().is_err(), "{id}");
                }
            }
            ParamPtr::BoolParam(_) => assert_eq!(value(Value::Switch(true)).check(), Ok(()), "{id}"),
            ParamPtr::EnumParam(_) => {
                // The message lists the choices.
                let message =
                    value(Value::Choice("none of them".to_owned())).check().unwrap_err().to_string();
                assert_eq!(message.matches('"').count(), 2 + 2 * (high as usize + 1), "{id}: {message}");
                for place in 0..=high as usize {
                    // SAFETY: as above; places of an enum's variants are its plain values.
                    let chosen = unsafe {
                        param._internal_set_normalized_value(param.preview_normalized(place as f32));
                        let ParamPtr::EnumParam(inner) = param else { unreachable!("matched above") };
                        (*inner).unmodulated_plain_id().expect("every choice has an id")
                    };
                    let preset = value(Value::Choice(chosen.to_owned()));
                    assert_eq!(preset.check(), Ok(()), "{id}");
                    let plain = preset.plains().find(|&(known, _)| known == id).unwrap().1;
                    assert_eq!(plain, place as f32, "{id}");
                }
            }
        }
    }
}

/// A preset that holds, for each parameter, a place between its lowest (0) and its highest (1) value.
fn placed(places: &[f32]) -> Preset {
    let params = DendriteParams::default();
    let map = by_id(&params);
    for (id, &place) in IDS.iter().zip(places) {
        // SAFETY: `params` outlives the pointers of its map.
        unsafe { map[*id]._internal_set_normalized_value(place) };
    }
    Preset::capture("Random", &params.settings(), &params.look())
}

proptest! {
    #[test]
    fn any_preset_sets_the_parameters_to_what_it_applies(
        places in proptest::collection::vec(0.0..=1.0_f32, IDS.len()),
    ) {
        compare(&placed(&places));
    }
}
