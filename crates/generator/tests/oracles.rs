//! How much of groove, expression and melody somebody who knows the mood exactly could predict: something, not all.

mod regression;

use std::collections::HashMap;

use dendrite_generator::{EXPRESSIONS, GRID, Labels, Meter, Options, Voice, compose};
use regression::{FUNCTIONS, explained, functions};

fn pieces(count: u64) -> Vec<Labels> {
    (0..count).map(|seed| compose(seed, &Options::default()).labels).collect()
}

type Rows = Vec<([f64; FUNCTIONS], f64)>;

/// Rows of one quantity in every bar, of even and odd pieces.
fn rows(pieces: &[Labels], value: impl Fn(&Labels, usize) -> Option<f32>) -> [Rows; 2] {
    let mut halves = [Vec::new(), Vec::new()];
    for (index, labels) in pieces.iter().enumerate() {
        for (bar, facts) in labels.bars.iter().enumerate() {
            let section = &labels.sections[facts.section];
            if let Some(value) = value(labels, bar) {
                halves[index % 2].push((functions(section.mood, section.key.mode), f64::from(value)));
            }
        }
    }
    halves
}

#[test]
fn mood_explains_half_or_so_of_groove() {
    let pieces: Vec<Labels> =
        pieces(300).into_iter().filter(|labels| labels.meter == Meter::FourFour).collect();
    let (mut offsets, mut accents) = (0.0, 0.0);
    for step in 0..GRID {
        let [train, test] = rows(&pieces, |labels, bar| {
            let groove = &labels.bars[bar].groove;
            groove.played[step].then_some(groove.offsets[step])
        });
        let offset = explained(&train, &test);
        let [train, test] = rows(&pieces, |labels, bar| {
            let groove = &labels.bars[bar].groove;
            groove.in_bar[step].then_some(groove.accents[step])
        });
        let accent = explained(&train, &test);
        println!("step {step:>2}: R2 of offset {offset:.2}, of accent {accent:.2}");
        offsets += offset / GRID as f64;
        accents += accent / GRID as f64;
    }
    println!("groove: offsets {offsets:.3}, accents {accents:.3}, all {:.3}", (offsets + accents) / 2.0);
    assert!((0.4..0.8).contains(&offsets), "{offsets}");
    assert!((0.4..0.8).contains(&accents), "{accents}");
}

#[test]
fn mood_explains_half_or_so_of_expression() {
    let pieces = pieces(300);
    let mut sum = 0.0;
    for (index, name) in EXPRESSIONS.iter().enumerate() {
        let [train, test] = rows(&pieces, |labels, bar| {
            let expression = &labels.bars[bar].expression;
            expression.known[index].then_some(expression.values[index])
        });
        let mean = test.iter().map(|(_, y)| y).sum::<f64>() / test.len() as f64;
        let deviation =
            (test.iter().map(|(_, y)| (y - mean).powi(2)).sum::<f64>() / test.len() as f64).sqrt();
        let r2 = explained(&train, &test);
        println!("{name:<18} mean {mean:.2} deviation {deviation:.2} R2 {r2:.2}");
        sum += r2;
    }
    let mean = sum / EXPRESSIONS.len() as f64;
    println!("expression: mean R2 {mean:.3}");
    assert!((0.4..0.8).contains(&mean), "{mean}");
}

/// Mean negative log-likelihood, in nats, of test pitches under smoothed counts of training pitches.
fn surprise(train: &[u8], test: &[u8], prior: &[f64; 128]) -> f64 {
    let mut counts = prior.map(|p| 20.0 * p);
    for pitch in train {
        counts[usize::from(*pitch)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    test.iter().map(|pitch| -(counts[usize::from(*pitch)] / total).ln()).sum()
}

#[test]
fn mood_and_mode_tell_half_a_nat_of_the_next_pitch() {
    let pieces = pieces(800);
    // Cell (4 x 4 bins of mood, major or minor) of each melody note, and its pitch written in C.
    let mut halves = [Vec::new(), Vec::new()];
    for (index, labels) in pieces.iter().enumerate() {
        for note in labels.notes.iter().filter(|note| note.voice == Voice::Melody) {
            let section = &labels.sections[labels.bars[note.bar].section];
            let bin = |value: f32| (((value + 1.0) * 2.0) as usize).min(3);
            let cell = (bin(section.mood.valence), bin(section.mood.arousal), section.key.mode.is_minor());
            let pitch = (i32::from(note.pitch) + section.key.shift_to_c()) as u8;
            halves[index % 2].push((cell, pitch));
        }
    }
    let [train, test] = halves;
    let all = |half: &[(_, u8)]| half.iter().map(|(_, pitch)| *pitch).collect::<Vec<u8>>();
    let (train_all, test_all) = (all(&train), all(&test));
    // Cells fall back on the distribution of all training notes where they have few of their own.
    let uniform = [1.0 / 128.0; 128];
    let mut prior = uniform;
    for pitch in &train_all {
        prior[usize::from(*pitch)] += 1.0;
    }
    let prior = prior.map(|count| count / (train_all.len() as f64 + 1.0));
    let constant = surprise(&train_all, &test_all, &uniform) / test_all.len() as f64;
    let mut cells: HashMap<_, [Vec<u8>; 2]> = HashMap::new();
    for (half, notes) in [train, test].into_iter().enumerate() {
        for (cell, pitch) in notes {
            cells.entry(cell).or_default()[half].push(pitch);
        }
    }
    let oracle: f64 = cells.values().map(|[train, test]| surprise(train, test, &prior)).sum::<f64>();
    let oracle = oracle / test_all.len() as f64;
    println!(
        "{} notes: constant {constant:.3} nats, oracle {oracle:.3}, gain {:.3}",
        test_all.len(),
        constant - oracle
    );
    assert!(constant - oracle >= 0.5);
}
