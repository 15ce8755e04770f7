//! `cargo xtask bench`: the speeds that the README names, on this machine.

use std::time::Instant;

use anyhow::Result;
use dendrite_engine::{Engine, Settings, Snapshot, Transport};
use dendrite_features::{Extractor, HOP_LENGTH};
use dendrite_julia::cpu::{Antialias, Renderer};
use dendrite_julia::{Look, Reaction, scene};

use crate::{audio, bundle};

/// Host block size of the engine's figure.
const BLOCK: usize = 64;
/// Passes of which each piece's shortest time counts.
const PASSES: usize = 7;
/// Size of the pictures.
const PICTURE: (u32, u32) = (1_280, 720);
/// Points on the boundary of the Mandelbrot set: cusp, neck, dendrite, between two bulbs of the period-2 disc, and one in
/// the seahorse valley.
const BOUNDARY: [(&str, [f64; 2]); 5] = [
    ("1/4", [0.25, 0.0]),
    ("-3/4", [-0.75, 0.0]),
    ("i", [0.0, 1.0]),
    ("-5/4", [-1.25, 0.0]),
    ("-0.3905-0.5868i", [-0.3905, -0.5868]),
];

/// Prints the table.
pub fn run() -> Result<()> {
    let song = audio::read(&bundle::root().join("assets/demo/dendrite_demo.ogg"))?;
    let mono: Vec<f32> = match song.channels.as_slice() {
        [left, right] => left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect(),
        other => other.first().cloned().unwrap_or_default(),
    };

    let mut extractor = Extractor::new();
    let hops = mono.len() / HOP_LENGTH;
    let seconds = quietest(PASSES, hops, |hop| {
        if hop == 0 {
            extractor.reset();
        }
        extractor.push(&mono[hop * HOP_LENGTH..(hop + 1) * HOP_LENGTH], |frame| {
            std::hint::black_box(frame.index);
        });
    });
    println!("features   {:.1} us per hop, demo track, one thread", seconds * 1e6 / hops as f64);

    let mut engine = Engine::new(song.rate)?;
    let blocks = song.len() / BLOCK;
    let seconds = quietest(PASSES, blocks, |block| {
        if block == 0 {
            engine.reset();
        }
        let mut heard: [&[f32]; 2] = [&[], &[]];
        for (slot, channel) in heard.iter_mut().zip(&song.channels) {
            *slot = &channel[block * BLOCK..(block + 1) * BLOCK];
        }
        let count = song.channels.len().min(heard.len());
        let (transport, settings) = (Transport::default(), Settings::default());
        engine.process(&heard[..count], BLOCK, &transport, &settings, &mut |s: &Snapshot| {
            std::hint::black_box(s.sample);
        });
    });
    println!(
        "engine     {:.2} % of a core, {} Hz, blocks of {BLOCK}",
        100.0 * seconds / song.seconds(),
        song.rate
    );

    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        for (name, c) in BOUNDARY {
            let scene = scene(c, &Look::neutral(), &Reaction::default());
            let mut renderer = Renderer::new();
            let mut picture = vec![0; (PICTURE.0 * PICTURE.1 * 4) as usize];
            let passes = repeat(30, || {
                // The buffer was made for this size, so it cannot be refused.
                pool.install(|| {
                    renderer.render(&scene, PICTURE.0, PICTURE.1, Antialias::None, &mut picture).is_ok()
                });
            });
            println!(
                "picture    {:3.0} frames/s (best {:3.0}), {}x{}, {} iterations, c = {name}, {threads} thread(s)",
                1.0 / median(&passes),
                1.0 / passes[0],
                PICTURE.0,
                PICTURE.1,
                scene.iterations
            );
        }
    }
    Ok(())
}

/// Seconds of each run after one that does not count, shortest first.
fn repeat(runs: usize, mut work: impl FnMut()) -> Vec<f64> {
    work();
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

/// Sum over all pieces of work of each piece's shortest time in `passes` passes: what the work takes when nothing else runs,
/// found on machines where something always does.
fn quietest(passes: usize, pieces: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut shortest = vec![f64::MAX; pieces];
    for _ in 0..passes {
        for (piece, shortest) in shortest.iter_mut().enumerate() {
            let start = Instant::now();
            work(piece);
            *shortest = shortest.min(start.elapsed().as_secs_f64());
        }
    }
    shortest.iter().sum()
}
