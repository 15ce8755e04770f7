//! `dendrite models run`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use rtneural::{Network, Options, Weights};

use crate::program::{PATH, dendrite, dendrite_with, rows_of, small_model, text};

const ROWS: [&[f32]; 3] = [&[1.0, 2.0], &[-0.5, 1e-3], &[0.0, 7.25]];
const CSV: &str = "1,2\n-0.5,1e-3\n0,7.25\n";

#[test]
fn rows_come_out_as_rtneural_gives_them_with_memory_from_row_to_row() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(&folder);
    let network = Network::read(&model).unwrap();
    for (word, weights) in [("f32", Weights::F32), ("f16", Weights::F16), ("int8", Weights::Int8)] {
        let ran = dendrite_with(&["models", "run", &text(&model), "--weights", word], CSV.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out, rows_of(&network, Options::with_weights(weights), &ROWS), "{word}");
    }
}

#[test]
fn headers_blank_lines_spaces_and_carriage_returns_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(&folder);
    let plain = dendrite_with(&["models", "run", &text(&model)], CSV.as_bytes()).out;
    let csv = folder.path().join("rows.csv");
    for content in [
        "\n left , right\n1,2\n\n-0.5,1e-3\n0,7.25\n\n",
        "\u{feff}left,right\r\n1, 2\r\n-0.5,1e-3\r\n0,7.25",
        " 1,2.0\n-5e-1,0.001\n-0,7.25",
    ] {
        fs::write(&csv, content).unwrap();
        let ran = dendrite(&["models", "run", &text(&model), "--input", &text(&csv)]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out, plain, "{content}");
    }
    assert_eq!(dendrite_with(&["models", "run", &text(&model), "--input", "-"], b"").out, "");
}

#[test]
fn rows_that_are_wrong_are_named_by_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(&folder);
    for (input, parts) in [
        ("1,2\n\n3\n", &["standard input", "line 3", "expected 2 values, found 1"][..]),
        ("1,2,3\n", &["line 1", "expected 2 values, found 3"]),
        ("left,right,middle\n1,2\n", &["line 1", "expected 2 values, found 3"]),
        ("1,2\n1,two\n", &["line 2, column 2", "expected a number, found \"two\""]),
        ("left,2\n", &["line 1, column 1", "expected a number, found \"left\""]),
        ("1,2\nleft,right\n", &["line 2, column 1", "\"left\""]),
        ("1,nan\n", &["line 1, column 2", "\"nan\""]),
        ("1,1e39\n", &["line 1, column 2", "\"1e39\""]),
        ("1,\n", &["line 1, column 2", "\"\""]),
        ("just some words\n", &["line 1", "expected 2 values, found 1"]),
    ] {
        dendrite_with(&["models", "run", &text(&model)], input.as_bytes()).fails_with(parts);
    }
    dendrite_with(&["models", "run", &text(&model)], b"1,2\n\xff,1\n").fails_with(&["line 2", "no text"]);
    // What came before the wrong row is there.
    let ran = dendrite_with(&["models", "run", &text(&model)], b"1,2\nx,y\n");
    assert_eq!(ran.out.lines().count(), 1);
}

#[test]
fn files_that_are_none_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (model, here) = (text(small_model(&folder)), text(folder.path()));
    let none = text(folder.path().join("none"));
    dendrite(&["models", "run", &here]).fails_with(&[&here, "expected a regular file, found a directory"]);
    dendrite(&["models", "run", &none]).fails_with(&[&none]);
    dendrite(&["models", "run", &model, "--input", &here]).fails_with(&[&here, "found a folder"]);
    dendrite(&["models", "run", &model, "--input", &none]).fails_with(&[&none]);
    let broken = folder.path().join("broken.json");
    fs::write(&broken, r#"{"in_shape": [1], "layers": [{"type": "dense", "shape": [1], "weights": []}]}"#)
        .unwrap();
    dendrite(&["models", "run", &text(&broken)]).fails_with(&["broken.json: layers[0] (dense): weights"]);
}

#[test]
fn each_row_is_answered_before_the_next_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(PATH)
        .args(["models", "run"])
        .arg(small_model(&folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut rows = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(rows, "1,2").unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim().split(',').count(), 2);
    }
    drop(rows);
    assert!(child.wait().unwrap().success());
}
