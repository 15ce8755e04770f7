//! What the built plug-in says of itself: ids, parameters, texts, pages. Sessions of users hold these, so they are frozen.

use dendrite_host::{Format, ParamInfo, Plugin};
use dendrite_tests::bundles;

/// The frozen list; see its first line for the columns.
const GOLDEN: &str = include_str!("../../plugin/tests/golden/params.txt");

#[test]
fn the_ids_of_the_plug_in_are_frozen() {
    let clap = Plugin::list(&bundles::path(Format::Clap)).expect("the bundle can be listed");
    assert_eq!(clap.len(), 1);
    assert_eq!(clap[0].id, "audio.dendrite.dendrite");
    let vst3 = Plugin::list(&bundles::path(Format::Vst3)).expect("the bundle can be listed");
    assert_eq!(vst3.len(), 1);
    let hex: String = b"DendriteJuliaSet".iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(vst3[0].id, hex);
    for info in [&clap[0], &vst3[0]] {
        assert_eq!((info.name.as_str(), info.vendor.as_str()), ("Dendrite", "Dendrite"));
        assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn it_is_filed_as_an_analysing_effect_for_mono_and_stereo() {
    let clap = bundles::load(Format::Clap);
    for feature in ["audio-effect", "analyzer", "stereo", "mono"] {
        assert!(
            clap.info().features.iter().any(|own| own == feature),
            "{feature}: {:?}",
            clap.info().features
        );
    }
    assert_eq!(bundles::load(Format::Vst3).info().features, ["Fx", "Analyzer"]);
}

#[test]
fn it_has_a_main_and_a_sidechain_input_and_notes_both_ways() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        let audio = plugin.audio_ports();
        let channels = |ports: &[dendrite_host::AudioPort]| -> Vec<(u32, bool)> {
            ports.iter().map(|port| (port.channels, port.is_main)).collect()
        };
        assert_eq!(channels(&audio.inputs), [(2, true), (2, false)], "{format}");
        assert_eq!(channels(&audio.outputs), [(2, true)], "{format}");
        let notes = plugin.note_ports();
        assert_eq!((notes.inputs.len(), notes.outputs.len()), (1, 1), "{format}");
    }
}

/// The list of a plug-in in the golden list's form, without the textual id, which no format passes on.
fn table(plugin: &mut Plugin) -> Vec<String> {
    let params = plugin.params();
    let mut text = |param: &ParamInfo, value| {
        let text = plugin.value_to_text(param.id, value).unwrap_or_default();
        // CLAP's texts come with their units; VST3 has the unit apart.
        if text.ends_with(&param.unit) { text } else { text + &param.unit }
    };
    params
        .iter()
        .map(|param| {
            let steps = param.steps.map_or("continuous".to_owned(), |steps| steps.to_string());
            let [low, high, default] = [param.min, param.max, param.default].map(|value| text(param, value));
            format!("{} | {} | {} | {low} | {high} | {default} | {steps}", param.id, param.name, param.module)
        })
        .collect()
}

#[test]
fn parameters_are_the_golden_ones() {
    let golden: Vec<&str> =
        GOLDEN.lines().skip(1).filter_map(|line| line.split_once(" | ").map(|(_, rest)| rest)).collect();
    for format in bundles::FORMATS {
        let table = table(&mut bundles::load(format));
        assert_eq!(table, golden, "{format}");
    }
}

#[test]
fn flags_are_what_hosts_need() {
    for format in bundles::FORMATS {
        for param in bundles::load(format).params() {
            assert_eq!(param.is_bypass, param.name == "Bypass", "{format}, {}", param.name);
            // It changes the latency, which hosts cannot follow while they play.
            assert_eq!(param.automatable, param.name != "Align Sound to Picture", "{format}, {}", param.name);
            assert!(!param.hidden && !param.read_only, "{format}, {}", param.name);
        }
    }
}

#[test]
fn a_fresh_instance_is_at_its_defaults() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        assert_eq!(
            dendrite_tests::params::values(&mut plugin),
            dendrite_tests::params::defaults(&mut plugin),
            "{format}"
        );
    }
}

#[test]
fn texts_lead_back_to_themselves() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for param in plugin.params() {
            for step in 0..=20 {
                let value = param.denormalized(f64::from(step) / 20.0);
                let case = format!("{format}, {} at {value}", param.name);
                let text = plugin.value_to_text(param.id, value).unwrap_or_else(|| panic!("{case}: no text"));
                let back = plugin.text_to_value(param.id, &text);
                let back = back.unwrap_or_else(|| panic!("{case}: `{text}` is not understood"));
                assert!((param.min..=param.max).contains(&back), "{case}: `{text}` is {back}");
                assert_eq!(plugin.value_to_text(param.id, back).as_deref(), Some(text.as_str()), "{case}");
            }
            for nonsense in ["", "nonsense", "nan", "inf"] {
                assert_eq!(
                    plugin.text_to_value(param.id, nonsense),
                    None,
                    "{format}, {}: `{nonsense}`",
                    param.name
                );
            }
        }
    }
}

#[test]
fn what_is_set_is_what_is_read() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for param in plugin.params() {
            for step in 0..=20 {
                let value = param.denormalized(f64::from(step) / 20.0);
                plugin.set_param(param.id, value).expect("the id is listed");
                let read = plugin.param_value(param.id).expect("the id is listed");
                // Values snap to the steps that the texts show.
                let text = |plugin: &mut Plugin, value| plugin.value_to_text(param.id, value);
                assert_eq!(
                    text(&mut plugin, read),
                    text(&mut plugin, value),
                    "{format}, {} at {value}",
                    param.name
                );
            }
        }
    }
}

#[test]
fn pages_for_controllers_hold_every_parameter_but_bypass_once() {
    let mut plugin = bundles::load(Format::Clap);
    let pages = plugin.remote_pages();
    assert!(!pages.is_empty());
    let mut on_pages: Vec<u32> =
        pages.iter().flat_map(|page| page.params.iter().flatten().copied()).collect();
    let mut expected: Vec<u32> =
        plugin.params().iter().filter(|param| !param.is_bypass).map(|param| param.id).collect();
    on_pages.sort_unstable();
    expected.sort_unstable();
    assert_eq!(on_pages, expected);
    assert!(pages.iter().all(|page| !page.name.is_empty() && page.section == "Dendrite"), "{pages:?}");
}

#[test]
fn unknown_ids_are_refused() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for id in [0, 1, u32::MAX] {
            assert_eq!(plugin.param_value(id), None, "{format}");
            assert!(plugin.set_param(id, 0.5).is_err(), "{format}");
            assert_eq!(plugin.value_to_text(id, 0.5), None, "{format}");
        }
    }
}
