//! Writes pieces to a folder, to be listened to: `cargo run --release --example listen -- FOLDER [COUNT] [FIRST SEED] [train|validation|test]`.

use std::path::PathBuf;
use std::process::ExitCode;

use dendrite_generator::{Options, Split, compose, write_files};
use rayon::prelude::*;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first().map(PathBuf::from) else {
        eprintln!("usage: listen FOLDER [COUNT] [FIRST SEED] [train|validation|test]");
        return ExitCode::from(2);
    };
    let number = |index: usize, otherwise: u64| match arguments.get(index) {
        Some(text) => text.parse().map_err(|_| format!("expected a number, found {text:?}")),
        None => Ok(otherwise),
    };
    let split = match arguments.get(3).map(String::as_str) {
        None | Some("train") => Ok(Split::Train),
        Some("validation") => Ok(Split::Validation),
        Some("test") => Ok(Split::Test),
        Some(other) => Err(format!("expected train, validation or test, found {other:?}")),
    };
    let (count, first, split) = match (number(1, 4), number(2, 0), split) {
        (Ok(count), Ok(first), Ok(split)) => (count, first, split),
        (Err(message), ..) | (_, Err(message), _) | (.., Err(message)) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let options = Options::default().with_split(split);
    let failures = (first..first.saturating_add(count))
        .into_par_iter()
        .filter_map(|seed| {
            let score = compose(seed, &options);
            let labels = &score.labels;
            println!(
                "{seed}: {:?} {:?}, {:.0} bpm, {:.0} s, {} notes, {} sections",
                labels.key.mode,
                labels.meter,
                labels.tempo_bpm,
                labels.duration_s,
                labels.notes.len(),
                labels.sections.len(),
            );
            write_files(&score, &folder, &format!("piece-{seed}")).err()
        })
        .inspect(|error| eprintln!("{error}"))
        .count();
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
