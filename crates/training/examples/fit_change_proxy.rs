//! Fits the proxy of the picture's change to drawn pictures and prints how well it predicts music it has not seen:
//! `cargo run --release -p dendrite-training --example fit_change_proxy -- OUT.json`.

use anyhow::{Context, Result};
use dendrite_generator::{Options, Split};
use dendrite_orbit::{Controls, HOP_S, Orbit, Settings};
use dendrite_training::data::{Piece, generated};
use dendrite_training::orbit::evaluate::{Controller, bars_per_second, hop_input, play};
use dendrite_training::orbit::proxy::{ChangeProxy, Sample, draw_samples};
use dendrite_training::random::Random;
use rayon::prelude::*;

/// Hops drawn of each piece, after its beginning.
const HOPS: std::ops::Range<usize> = 300..900;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("expected the file to write")?;
    let excerpt = Options { length_s: 24.0..=36.0, ..Options::default() };
    let train = generated::pieces(1_000..1_064, &excerpt, None, |_| {});
    let unseen = generated::pieces(1_000..1_008, &excerpt.with_split(Split::Test), None, |_| {});
    let start = std::time::Instant::now();
    let samples = draw(&train)?;
    println!("{} pictures in {:.0?}", samples.len(), start.elapsed());
    let proxy = ChangeProxy::fit(&samples, 12_000, 7);
    println!("train  {:.3?}", proxy.agreement(&samples));
    println!("unseen {:.3?}", proxy.agreement(&draw(&unseen)?));
    for piece in &unseen {
        let played = play(Controller::Fallback, piece, &Settings::default())?;
        let states = &played.states[HOPS.start..HOPS.end.min(played.states.len())];
        let agreement = proxy.agreement(&draw_samples(states, &Settings::default()));
        println!("{:<32} fallback {:.3?}", piece.name, agreement);
    }
    std::fs::write(&path, serde_json::to_string(&proxy)?).with_context(|| format!("writing {path}"))
}

/// Plays each piece with signals that wander over their ranges, and draws it.
fn draw(pieces: &[Piece]) -> Result<Vec<Sample>> {
    let settings = Settings::default();
    let draw = |(seed, piece): (u64, &Piece)| -> Vec<Sample> {
        let mut random = Random::new(seed);
        let mut orbit = Orbit::new(HOP_S);
        let tempo = bars_per_second(piece);
        let mut controls = Controls::default();
        let mut unit = || 0.5 + 0.5 * f64::from(random.symmetric());
        let mut states = Vec::new();
        let mut held = 0;
        for frame in piece.frames.iter().take(HOPS.end) {
            // From a tenth of a second to one: a network's signals are quick and slow.
            if held == 0 {
                held = 4 + (44.0 * unit()) as usize;
                controls = Controls {
                    s: 0.6 + 0.6 * unit(),
                    alpha: unit(),
                    omega_scale: 4.0 * unit(),
                    gates: std::array::from_fn(|_| unit()),
                };
            }
            held -= 1;
            states.push(orbit.step(&hop_input(frame, &frame.mel, controls, tempo), &settings));
        }
        draw_samples(states.get(HOPS.start..).unwrap_or_default(), &settings)
    };
    let seeded: Vec<(u64, &Piece)> = (0..).zip(pieces).collect();
    Ok(seeded.into_par_iter().map(draw).flatten().collect())
}
