//! `dendrite models` as people call it: the built program, its output, its messages, its exit codes.

mod bench;
mod check;
mod convert;
mod list;
mod program;
mod run;

use program::dendrite;

#[test]
fn help_names_the_commands_and_gives_examples() {
    for (arguments, parts) in [
        (&["--help"][..], &["models", "Examples:"][..]),
        (&["models", "--help"], &["list", "check", "run", "convert", "bench"]),
        (&["models", "check", "--help"], &["Examples:", "Exit code 1"]),
        (&["models", "convert", "--help"], &["batchnorm1d", "Examples:"]),
    ] {
        let ran = dendrite(arguments);
        assert_eq!(ran.code, 0);
        for part in parts {
            assert!(ran.out.contains(part), "{}\nwithout {part}", ran.out);
        }
    }
}

#[test]
fn command_lines_that_make_no_sense_exit_with_2() {
    for arguments in [
        &[][..],
        &["modles"],
        &["models"],
        &["models", "check"],
        &["models", "run"],
        &["models", "run", "m.json", "--weights", "f64"],
        &["models", "bench", "--rounds", "0"],
        &["models", "bench", "--rounds", "5", "--quick"],
        &["models", "convert", "dict.json"],
        &["models", "convert", "model.onnx", "--description", "desc.json"],
    ] {
        let ran = dendrite(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(!ran.err.is_empty(), "{arguments:?}");
        assert!(ran.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn readers_that_have_seen_enough_are_no_error() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    // `yes | run | head -n 1`, in effect: rows without end, of which one is read.
    let folder = tempfile::tempdir().unwrap();
    let model = program::small_model(&folder);
    let mut yes = Command::new("yes").arg("1,2").stdout(Stdio::piped()).spawn().unwrap();
    let mut child = Command::new(program::PATH)
        .args(["models", "run"])
        .arg(model)
        .stdin(yes.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    yes.wait().unwrap();
    assert_eq!(line.trim().split(',').count(), 2);
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
