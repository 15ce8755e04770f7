//! `dendrite models bench`: its form; times are nobody's promise.

use dendrite_pipeline::ModelKind;
use serde_json::Value;

use crate::program::{dendrite, text, write_model};

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.is_finite() && number > 0.0)
}

#[test]
fn json_has_the_documented_keys_and_positive_numbers() {
    let json = dendrite(&["models", "bench", "--quick", "--json"]).json();
    for pointer in ["/read_us/hot", "/read_us/cold", "/read/gigabytes_per_second"] {
        assert!(is_positive(json.pointer(pointer).unwrap()), "{pointer}");
    }
    for kind in ["f32", "f16", "int8"] {
        for key in ["hot_us", "hot_ratio", "cold_us", "cold_ratio"] {
            assert!(is_positive(&json[kind][key]), "{kind} {key}");
        }
        for model in ModelKind::ALL {
            assert!(is_positive(&json["models"][model.name()][format!("{kind}_us")]), "{model} {kind}");
        }
    }
    assert_eq!(json["weights"], "random");
    // 1.11 million weights of four bytes, and little padding.
    let bytes = json["read"]["bytes"].as_u64().unwrap();
    assert!((4_400_000..4_500_000).contains(&bytes), "{bytes}");
}

#[test]
fn the_table_says_that_random_weights_are_for_timing_only() {
    let ran = dendrite(&["models", "bench", "--quick"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in ["random weights", "timing only", "x read", "cold us", "orbit_control", "GB/s"] {
        assert!(ran.out.contains(part), "{}\nwithout {part}", ran.out);
    }
}

#[test]
fn a_folder_must_have_all_six() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ModelKind::ALL {
        let bench = || dendrite(&["models", "bench", "--quick", "--models", &text(folder.path())]);
        bench().fails_with(&["needs all six", &format!("{}.json", kind.name())]);
        write_model(folder.path(), kind);
    }
    let ran = dendrite(&["models", "bench", "--quick", "--models", &text(folder.path())]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with(&format!("The six models of {}", folder.path().display())), "{}", ran.out);
}
