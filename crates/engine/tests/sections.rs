//! Sections of whole songs, as the engine finds them, against songs of the generator.
//!
//! `cargo test --release -p dendrite-engine --test sections -- --ignored --nocapture`

use dendrite_engine::{Engine, Output, Settings, Snapshot, Transport};
use dendrite_features::HOP_LENGTH;
use dendrite_generator::{Options, Split, compose, render};

/// Seconds of a hop.
const HOP_S: f64 = HOP_LENGTH as f64 / 48_000.0;
/// Sections this near to each other match, in seconds.
const TOLERANCE_S: f64 = 3.0;

/// Dates of the sections that were found.
#[derive(Default)]
struct Found(Vec<f64>);

impl Output for Found {
    fn snapshot(&mut self, snapshot: &Snapshot) {
        if snapshot.orbit.section_changed {
            // A section is dated at its first crossing.
            let heard_s = snapshot.sample as f64 / 48_000.0;
            self.0.push(heard_s - f64::from(snapshot.orbit.section_age_hops) * HOP_S);
        }
    }
}

/// How many true dates have a found one of their own nearby.
fn hits(found: &[f64], truth: &[f64]) -> usize {
    let mut left = truth.to_vec();
    let mut count = 0;
    for date in found {
        let near = (0..left.len()).filter(|&i| (left[i] - date).abs() <= TOLERANCE_S);
        if let Some(i) = near.min_by(|&a, &b| (left[a] - date).abs().total_cmp(&(left[b] - date).abs())) {
            left.swap_remove(i);
            count += 1;
        }
    }
    count
}

/// Measured: 0.76; the project asks for 0.6. Verses that follow each other on the same instruments are sections here and sound alike.
#[test]
#[ignore = "60 songs take a minute"]
fn sections_of_sixty_songs() {
    let options = Options { split: Split::Validation, length_s: 100.0..=200.0, ..Options::default() };
    let (mut right, mut found, mut played) = (0, 0, 0);
    for seed in 0..60 {
        let score = compose(5_000_000 + seed, &options);
        let sound = render(&score).samples;
        let mut engine = Engine::new(48_000).expect("a usual rate");
        let mut dates = Found::default();
        engine.process(&[&sound], sound.len(), &Transport::default(), &Settings::default(), &mut dates);
        let truth: Vec<f64> = score
            .labels
            .sections
            .iter()
            .map(|section| section.start_s)
            .filter(|&start_s| start_s > 1.0)
            .collect();
        right += hits(&dates.0, &truth);
        found += dates.0.len();
        played += truth.len();
    }
    let f = 2.0 * right as f64 / (found + played) as f64;
    println!("sections of 60 songs: {right} of {played} found, {found} said, F = {f:.3}");
    assert!(f >= 0.7, "F = {f:.3}");
}
