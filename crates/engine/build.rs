//! Lists the models of `models/` that are to be built in: `BUILT_IN`, in the order of `ModelKind::ALL`.

use std::path::Path;
use std::{env, fs};

/// As `ModelKind::name` spells them; a test compares.
const NAMES: [&str; 6] = [
    "emotionrecognizer",
    "melodytransformer",
    "harmonypredictor",
    "dynamicsengine",
    "groovepredictor",
    "orbit_control",
];

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&manifest).join("../../models");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("[\n");
    for name in NAMES {
        let [model, sidecar] = ["json", "meta.json"].map(|end| folder.join(format!("{name}.{end}")));
        if model.is_file() && sidecar.is_file() {
            let (model, sidecar) = (model.display().to_string(), sidecar.display().to_string());
            list += &format!("(\"{name}\", Some((include_bytes!({model:?}), include_str!({sidecar:?})))),\n");
        } else {
            list += &format!("(\"{name}\", None),\n");
        }
    }
    list += "]\n";
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("built_in.rs"), list).expect("cargo's own folder can be written");
}
