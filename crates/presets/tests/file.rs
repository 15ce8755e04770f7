//! Presets as text: what is written reads back, and what is wrong is named with its line.

use std::collections::BTreeMap;

use dendrite_composer::{ChordSource, PlayMode, Scale};
use dendrite_engine::Settings;
use dendrite_julia::Look;
use dendrite_orbit::{ComponentId, Lock};
use dendrite_presets::{IDS, Preset, Value, belongs};
use proptest::prelude::*;

/// A file with these lines as values.
fn file(values: &str) -> String {
    format!("name = \"Test\"\n\n[values]\n{values}")
}

fn message(text: &str) -> String {
    Preset::from_toml(text).expect_err(text).to_string()
}

fn applied(preset: &Preset) -> (Settings, Look) {
    let (mut settings, mut look) = (Settings::default(), Look::default());
    preset.apply(&mut settings, &mut look);
    (settings, look)
}

#[test]
fn values_go_where_they_belong() {
    let preset = Preset::from_toml(&file(
        "smoothing = 1500\nimpact_amount = 12.5\nsection_sensitivity = 0\ncomponent_lock = 3\nbars_per_turn = 4\n\
         s_bias = -0.125\nresidual_depth = 100\npalette = \"ember\"\npalette_follows_mood = false\nzoom = 2.5\n\
         rotation = 90\nglow = 75\ndetail = 25\nreaction = 0\nplay_key = \"c_sharp\"\nplay_scale = \"blues\"\n\
         play_chords = \"off\"\nplay_seed = 77\nplay_expression = false\nmelody_on = false\nchords_octave = -2\n\
         bass_density = 25\nbass_velocity = 150\ndrums_humanise = 0",
    ))
    .unwrap();
    let (settings, look) = applied(&preset);
    let orbit = &settings.orbit;
    assert_eq!((orbit.smoothing_s, orbit.impact_amount, orbit.section_sensitivity), (1.5, 0.125, 0.0));
    assert_eq!(orbit.lock, Lock::Component(ComponentId { period: 3, index: 0 }));
    assert_eq!((orbit.bars_per_turn, orbit.s_bias, orbit.residual_depth), (4.0, -0.125, 1.0));
    let expected = Look {
        palette: 1,
        palette_follows_mood: false,
        zoom: 2.5,
        rotation: std::f64::consts::FRAC_PI_2,
        glow: 0.75,
        detail: 0.25,
        reaction: 0.0,
        ..Look::default()
    };
    assert_eq!(look, expected);
    let play = &settings.play;
    assert_eq!((play.tonic, play.scale, play.chords), (Some(1), Some(Scale::Blues), ChordSource::Off));
    assert_eq!((play.seed, play.expression), (77, false));
    let [melody, chords, bass, drums] = &play.voices;
    assert_eq!((melody.on, chords.octave, bass.density), (false, -2, 0.25));
    assert_eq!((bass.velocity, drums.humanise), (1.5, 0.0));
}

#[test]
fn what_is_not_named_takes_its_default_and_what_is_no_part_of_presets_stays() {
    let mut settings = Settings { sensitivity_db: 7.0, auto_level: false, ..Settings::default() };
    settings.orbit.s_bias = 0.3;
    settings.orbit.seed = 5;
    settings.play.mode = PlayMode::Always;
    settings.play.bypassed = true;
    settings.play.voices[0].channel = 7;
    settings.play.voices[0].octave = 2;
    settings.play.modulation.on = true;
    let mut look = Look { zoom: 9.0, flash_limit: false, ..Look::default() };
    let before = settings;
    let text =
        file("glow = 20\nflash_limit = true\nplay_mode = \"off\"\nmelody_channel = 3\nsensitivity = 3");
    Preset::from_toml(&text).unwrap().apply(&mut settings, &mut look);
    assert_eq!(look, Look { glow: 0.2, flash_limit: false, ..Look::default() });
    let mut expected = Settings { sensitivity_db: 7.0, auto_level: false, ..Settings::default() };
    expected.orbit.seed = 5;
    expected.play.mode = before.play.mode;
    expected.play.bypassed = true;
    expected.play.voices[0].channel = 7;
    expected.play.modulation.on = true;
    assert_eq!(settings, expected);
}

#[test]
fn values_that_do_not_fit_count_as_absent_when_applied() {
    let values = [
        ("zoom", Value::Number(f64::NAN)),
        ("glow", Value::Number(1e9)),
        ("detail", Value::Switch(true)),
        ("palette", Value::Choice("mud".to_owned())),
        ("play_seed", Value::Number(1.5)),
    ];
    let values = values.map(|(id, value)| (id.to_owned(), value)).into();
    let preset = Preset { name: "Test".to_owned(), values, ..Preset::default() };
    assert_eq!(applied(&preset), (Settings::default(), Look::default()));
    assert!(preset.check().is_err());
}

#[test]
fn every_value_is_checked_and_the_message_says_line_id_range_and_what_was_found() {
    for (line, expected) in [
        ("zoom = 99", "line 4: `zoom` is 99; expected a number from 0.25 to 16 x"),
        ("glow = -0.1", "line 4: `glow` is -0.1; expected a number from 0 to 100 %"),
        ("glow = \"much\"", "line 4: `glow` is \"much\"; expected a number from 0 to 100 %"),
        ("glow = [1]", "line 4: `glow` is a list; expected a number from 0 to 100 %"),
        ("zoom = nan", "line 4: `zoom` is NaN; expected a number from 0.25 to 16 x"),
        ("s_bias = 0.501", "line 4: `s_bias` is 0.501; expected a number from -0.5 to 0.5"),
        ("melody_on = 1", "line 4: `melody_on` is 1; expected true or false"),
        ("bass_octave = 1.5", "line 4: `bass_octave` is 1.5; expected a whole number from -3 to 3 octaves"),
        ("play_seed = 0", "line 4: `play_seed` is 0; expected a whole number from 1 to 9999"),
        (
            "bars_per_turn = 3",
            "line 4: `bars_per_turn` is 3; expected one of \"1\", \"2\", \"4\", \"8\", \"16\"",
        ),
        (
            "palette = \"Mud\"",
            "line 4: `palette` is \"Mud\"; expected one of \"abyss\", \"ember\", \"aurora\", \"orchid\", \"lichen\", \"ink\"",
        ),
        (
            "component_lock = 41",
            "line 4: `component_lock` is 41; expected a whole number from 0 (automatic) to 40, or a name such as \"cardioid\"",
        ),
    ] {
        assert_eq!(message(&file(line)), expected);
    }
    assert!(message(&file("zoom = 1\n\n# more\nglow = 101\n")).starts_with("line 7: `glow`"));
}

#[test]
fn what_is_wrong_outside_of_the_values_is_named_too() {
    for (text, expected) in [
        ("", "no `name`"),
        ("about = \"x\"", "no `name`"),
        ("name = 3", "line 1: `name` is 3"),
        ("name = \"  \"", "line 1: `name` is empty"),
        ("name = \"a\\nb\"", "line 1: `name` is a text with line breaks"),
        ("name = \"a\"\ncolour = 1", "line 2: `colour` is no part of a preset"),
        ("name = \"a\"\nvalues = 1", "line 2: `values` is 1"),
        ("name = \"a\"\nformat = 2\ncolour = 1", "line 2: `format` is 2; expected 1"),
        ("name = \"a\"\n[values]\nzoom = ", "line 3: not TOML"),
        ("name = \"a\"\n[values]\nzoom = 1\nzoom = 2", "line 4: not TOML"),
        ("name = \"a\"\n[values]\n\"Glow worm\" = 1", "line 3: `Glow worm` is no id"),
        ("name = \"a\"\n[values]\ndepth = 1979-05-27", "line 3: `depth` is a date or time"),
    ] {
        let message = message(text);
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
    let long = format!("name = \"{}\"", "x".repeat(61));
    assert!(message(&long).contains("61 characters"), "{}", message(&long));
}

#[test]
fn components_go_by_number_and_by_name() {
    let lock = |written: &str| {
        let text = file(&format!("component_lock = {written}"));
        applied(&Preset::from_toml(&text).unwrap()).0.orbit.lock
    };
    assert_eq!(lock("\"1/3 bulb of the cardioid\""), lock("3"));
    assert_eq!(lock("\"automatic\""), Lock::Automatic);
    assert!(message(&file("component_lock = \"moon\"")).contains("\"moon\""));
}

#[test]
fn what_a_newer_version_wrote_is_kept_and_reported() {
    let text = file("zoom = 2\nsparkle = 0.5\nmirror = true\nfilm = \"grain\"\nflash_limit = true");
    let preset = Preset::from_toml(&text).unwrap();
    assert_eq!(preset.unknown().collect::<Vec<_>>(), ["film", "flash_limit", "mirror", "sparkle"]);
    assert_eq!(Preset::from_toml(&preset.to_toml()), Ok(preset));
}

#[test]
fn files_are_readable() {
    let values = [
        ("zoom", Value::Number(1.25)),
        ("component_lock", Value::Number(3.0)),
        ("palette", Value::Choice("ink".to_owned())),
        ("melody_on", Value::Switch(false)),
        ("sparkle", Value::Number(2.0)),
    ];
    let preset = Preset {
        name: "A \"quoted\" name".to_owned(),
        about: "What it shows".to_owned(),
        author: String::new(),
        values: values.map(|(id, value)| (id.to_owned(), value)).into(),
    };
    let expected = "\
# A preset of Dendrite: look, motion and play, in the units that the plug-in shows.
# What is not named here has its default. Format: docs/PRESETS.md.

format = 1
name = 'A \"quoted\" name'
about = \"What it shows\"

[values]
# Look
palette = \"ink\"
zoom = 1.25                         # x, 0.25 ... 16

# Motion
component_lock = 3                  # 1/3 bulb of the cardioid

# Play
melody_on = false

# Not known to the Dendrite that wrote this file; kept
sparkle = 2
";
    assert_eq!(preset.to_toml(), expected);
}

/// Any sound value of a parameter.
fn fitting(id: &'static str) -> BoxedStrategy<Value> {
    let choice = |ids: &'static [&'static str]| {
        proptest::sample::select(ids).prop_map(|id| Value::Choice(id.to_owned())).boxed()
    };
    let whole = |low: i32, high: i32| (low..=high).prop_map(|n| Value::Number(n.into())).boxed();
    match id {
        "smoothing" => whole(0, 2000),
        "component_lock" => whole(0, 40),
        "play_seed" => whole(1, 9999),
        "bars_per_turn" => choice(&["1", "2", "4", "8", "16"]),
        "palette" => choice(&["abyss", "ember", "aurora", "orchid", "lichen", "ink"]),
        "play_key" => choice(&["auto", "c", "f_sharp", "b"]),
        "play_scale" => choice(&["auto", "major", "harmonic_minor", "blues"]),
        "play_chords" => choice(&["hear", "hold", "off"]),
        "s_bias" => (-0.5..=0.5).prop_map(Value::Number).boxed(),
        "zoom" => (0.25..=16.0).prop_map(Value::Number).boxed(),
        "rotation" => (-180.0..=180.0).prop_map(Value::Number).boxed(),
        _ if id.ends_with("_octave") => whole(-3, 3),
        _ if id.ends_with("_on") || id == "palette_follows_mood" || id == "play_expression" => {
            any::<bool>().prop_map(Value::Switch).boxed()
        }
        _ => (0.0..=100.0).prop_map(Value::Number).boxed(),
    }
}

fn any_preset() -> impl Strategy<Value = Preset> {
    let known: Vec<_> = IDS.iter().map(|&id| proptest::option::of(fitting(id))).collect();
    let unknown = prop_oneof![
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Switch),
        any::<String>().prop_map(Value::Choice),
    ];
    let unknown = proptest::collection::btree_map("[a-z0-9_]{1,32}", unknown, 0..4);
    let text = "[^\\p{Cc}]{0,60}";
    (known, unknown, text, text, text).prop_filter_map("a name", |(known, unknown, name, about, author)| {
        let mut values: BTreeMap<String, Value> = unknown;
        values.retain(|id, _| !belongs(id));
        values.extend(IDS.iter().zip(known).filter_map(|(id, value)| Some((id.to_string(), value?))));
        let preset = Preset { name, about, author, values };
        preset.check().is_ok().then_some(preset)
    })
}

proptest! {
    #[test]
    fn every_sound_preset_reads_back_as_it_was(preset in any_preset()) {
        let text = preset.to_toml();
        prop_assert_eq!(Preset::from_toml(&text), Ok(preset), "{}", text);
    }

    #[test]
    fn what_is_captured_applies_to_the_same(preset in any_preset()) {
        let (settings, look) = applied(&preset);
        let captured = Preset::capture("Test", &settings, &look);
        prop_assert_eq!(captured.check(), Ok(()));
        prop_assert_eq!(captured.values.len(), IDS.len());
        let (settings_again, look_again) = applied(&captured);
        prop_assert_eq!(settings_again, settings);
        prop_assert_eq!(look_again, look);
        prop_assert_eq!(captured.plains().collect::<Vec<_>>(), preset.plains().collect::<Vec<_>>());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), values in "[a-z_]{0,8} ?= ?[-0-9a-z\".\\[{]{0,6}") {
        let _ = Preset::from_toml(&text);
        let _ = Preset::from_toml(&file(&values));
    }
}
