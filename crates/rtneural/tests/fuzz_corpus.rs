//! A short fuzz run on stable: every file of the corpus, and changes of it from a fixed seed.

#![cfg(feature = "onnx")]

#[allow(dead_code, reason = "the generator is shared with tests that make networks")]
mod networks;
#[path = "../fuzz/src/lib.rs"]
mod survival;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use networks::Numbers;

/// Changes of each file.
const CHANGES: u64 = 1000;

/// Numbers at the edges of what readers take.
const EDGES: [&str; 20] = [
    "0",
    "-0.0",
    "-1",
    "1",
    "2",
    "3",
    "16",
    "17",
    "0.5",
    "1e39",
    "-1e39",
    "3.4028235e38",
    "1e-45",
    "1e-46",
    "65504",
    "65536",
    "65537",
    "4294967296",
    "18446744073709551616",
    "null",
];

/// Where the numbers of a text stand.
fn numbers_in(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let part = |at: usize| matches!(text.get(at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    let starts = |at: usize| matches!(text[at], b'0'..=b'9' | b'-') && (at == 0 || !part(at - 1));
    let end = |start: usize| (start..).find(|&at| !part(at)).unwrap_or(text.len());
    (0..text.len()).filter(|&at| starts(at)).map(|start| start..end(start)).collect()
}

/// One to three changes: a bit, a byte, an end, a piece of another file, a piece twice or left out, most often a number.
fn changed(file: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..1 + numbers.below(3) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(12) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 if at < bytes.len() => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][numbers.below(5)],
            2 => bytes.truncate(at),
            3 => {
                let from = numbers.below(other.len() + 1);
                let piece = &other[from..(from + numbers.below(40)).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            4 => {
                let from = numbers.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => bytes.extend_from_within(at..end),
            6 => drop(bytes.drain(at..end)),
            _ => {
                let places = numbers_in(&bytes);
                if !places.is_empty() {
                    let place = places[numbers.below(places.len())].clone();
                    bytes.splice(place, EDGES[numbers.below(EDGES.len())].bytes());
                }
            }
        }
    }
    bytes
}

/// Runs a target on its part of the corpus.
fn run(name: &str, target: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Folders have no order of their own, and the changes are to be the same everywhere.
    paths.sort();
    let files: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(files.len() >= 15, "only {} files in the corpus of {name}", files.len());
    let mut networks = [0, 0];
    for (index, (path, file)) in paths.iter().zip(&files).enumerate() {
        let mut numbers = Numbers(index as u64);
        for change in 0..=CHANGES {
            let bytes = match change {
                0 => file.clone(),
                _ => changed(file, &files[numbers.below(files.len())], &mut numbers),
            };
            match catch_unwind(AssertUnwindSafe(|| target(&bytes))) {
                Ok(network) => networks[usize::from(change > 0)] += usize::from(network),
                Err(_) => {
                    let text = String::from_utf8_lossy(&bytes);
                    panic!("{}, change {change}: {text:?}", path.display());
                }
            }
        }
    }
    // Were all refused, nothing but the refusals would be tested.
    let [files, changes] = networks;
    assert!(files >= 8 && changes >= 500, "{name}: {files} files, {changes} changes gave networks");
}

#[test]
fn json_gives_networks_or_errors() {
    run("json", survival::json);
}

#[test]
fn state_dicts_give_networks_or_errors() {
    run("state_dict", survival::state_dict);
}

#[test]
fn onnx_gives_networks_or_errors() {
    run("onnx", survival::onnx);
}
