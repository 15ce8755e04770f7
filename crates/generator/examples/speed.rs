//! How fast pieces are composed and rendered on one core: `cargo run --release --example speed -- [COUNT]`.

use std::time::Instant;

use dendrite_generator::{Options, Split, compose, render};

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20);
    for split in [Split::Train, Split::Test] {
        let options = Options::default().with_split(split);
        let begin = Instant::now();
        let scores: Vec<_> = (0..count).map(|seed| compose(seed, &options)).collect();
        let composing = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let (mut seconds, mut slowest) = (0.0, f64::INFINITY);
        for score in &scores {
            let own = Instant::now();
            let length = render(score).duration_s();
            slowest = slowest.min(length / own.elapsed().as_secs_f64());
            seconds += length;
        }
        let rendering = begin.elapsed().as_secs_f64();
        println!(
            "{split:?}: composed in {:.2} ms each, {seconds:.0} s of music rendered {:.0} times as fast as it plays, \
             the slowest piece {slowest:.0} times",
            1000.0 * composing / count as f64,
            seconds / rendering,
        );
    }
}
