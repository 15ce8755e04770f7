//! `dendrite models list`.

use std::fs;
use std::process::Command;

use dendrite_pipeline::ModelKind;

use crate::program::{PATH, dendrite, text, write_model, write_model_with_sidecar};

#[test]
fn files_and_what_stands_in_for_them_are_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    write_model_with_sidecar(folder.path(), ModelKind::Harmony);
    write_model(folder.path(), ModelKind::Groove);
    fs::write(folder.path().join("dynamicsengine.json"), "{}").unwrap();

    let ran = dendrite(&["models", "list", &text(folder.path())]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line = |word: &str| ran.out.lines().find(|line| line.trim().starts_with(word)).unwrap();
    for (word, parts) in [
        ("emotion", &["built in", "128 -> 64", "497,664"][..]),
        (
            "harmony",
            &["harmonypredictor.json", "128 -> 64", "74,048", "songs of the generator, 400 pieces, 13.5 h"],
        ),
        ("groove", &["groovepredictor.json", "64 -> 32", "19,040", "not recorded"]),
        ("dynamics", &["heuristic: file refused, 1 error"]),
    ] {
        for part in parts {
            assert!(line(word).contains(part), "{}\nwithout {part}", line(word));
        }
    }
    assert!(ran.out.contains("dendrite models check"), "{}", ran.out);

    let json = dendrite(&["models", "list", &text(folder.path()), "--json"]).json();
    let entries = json.as_array().unwrap();
    assert_eq!(entries.len(), 6);
    for (entry, kind) in entries.iter().zip(ModelKind::ALL) {
        assert_eq!(entry["name"], kind.name());
        assert_eq!(entry["parameters"], kind.parameters());
        let runs = match kind {
            ModelKind::Harmony | ModelKind::Groove => "model",
            ModelKind::Dynamics => "heuristic",
            _ => "built in",
        };
        assert_eq!(entry["runs"], runs);
        assert_eq!(entry["reason"].is_null(), runs != "heuristic");
    }
}

#[test]
fn the_folder_is_the_one_given_or_the_environments_or_models() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_model(folder.path(), ModelKind::Groove);
    let list = |variable: Option<&std::path::Path>| {
        let mut command = Command::new(PATH);
        command.args(["models", "list"]).current_dir(elsewhere.path());
        match variable {
            Some(path) => command.env("DENDRITE_MODELS", path),
            None => command.env_remove("DENDRITE_MODELS"),
        };
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, out) = list(Some(folder.path()));
    assert_eq!(code, Some(0));
    assert!(out.contains(" groovepredictor.json"), "{out}");
    // Without a folder the models that are built in run.
    let (code, out) = list(None);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("Models in models:"), "{out}");
    assert_eq!(out.matches("built in").count(), 6, "{out}");
    // But one that is named must be there.
    assert_eq!(list(Some(&elsewhere.path().join("none"))).0, Some(1));
}

#[test]
fn folders_that_are_none_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let none = text(folder.path().join("none"));
    dendrite(&["models", "list", &none]).fails_with(&[&none, "no such folder"]);
    let file = write_model(folder.path(), ModelKind::Groove);
    dendrite(&["models", "list", &text(file)]).fails_with(&["groovepredictor.json", "expected a folder"]);
}
