//! `dendrite bench`: the speeds that the README names, on this machine.

mod editor;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use dendrite_audio::Audio;
use dendrite_engine::{DEFAULT_WEIGHTS, Engine, ModelSet, Networks, Settings, Snapshot, Transport};
use dendrite_features::{Extractor, HOP_LENGTH, SAMPLE_RATE};
use dendrite_julia::cpu::{Antialias, Renderer};
use dendrite_julia::{Look, Reaction, scene};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};

use crate::Outcome;

/// The demo track, where no file is named and the program runs in the project's folder.
const DEMO: &str = "assets/demo/dendrite_demo.ogg";
/// Shortest song that figures are worth anything on.
const SHORTEST_S: f64 = 2.0;
/// Block size of the figures of features and engine.
const BLOCK: usize = 64;
/// Block size of the worst block: the smallest that hosts use.
const SMALL_BLOCK: usize = 32;
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
/// Upper edges of the histogram in percent of a block's duration.
const EDGES: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 12.0, 25.0, 100.0];

/// What to measure.
#[derive(Args)]
pub struct Arguments {
    /// Music to hear [default: the demo track]
    #[arg(long, value_name = "FILE")]
    song: Option<PathBuf>,
    /// Minutes of music for the worst block; the song is repeated
    #[arg(long, default_value_t = 10.0, value_name = "MINUTES", value_parser = minutes)]
    minutes: f64,
    /// Only the worst block
    #[arg(long)]
    worst_block: bool,
    /// Only `dendrite render`, stage by stage, on the first ten seconds of the song
    #[arg(long, conflicts_with = "worst_block")]
    render: bool,
    #[command(flatten)]
    window: editor::Window,
}

/// A day of blocks of 32 samples fits into memory.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 24.0 * 60.0 => Ok(minutes),
        _ => Err("a number of minutes above 0 and up to 1440 is needed".to_owned()),
    }
}

/// Prints the table.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Outcome> {
    let path = arguments.song.clone().unwrap_or_else(|| PathBuf::from(DEMO));
    if arguments.render {
        return crate::render::bench::run(&path, out);
    }
    if arguments.window.editor {
        return editor::run(&arguments.window, &path, out);
    }
    let song = dendrite_audio::read(&path)
        .context("name a song with --song, or run this in the project's folder")?;
    anyhow::ensure!(
        song.seconds() >= SHORTEST_S,
        "{}: {:.2} s of music are too little to measure on; {SHORTEST_S} s are enough",
        path.display(),
        song.seconds()
    );
    if !arguments.worst_block {
        features(&song, out)?;
        engine(&song, out)?;
    }
    loading(out)?;
    worst_block(&song, arguments.minutes, out)?;
    if !arguments.worst_block {
        pictures(out)?;
    }
    Ok(Outcome::Good)
}

fn features(song: &Audio, out: &mut dyn Write) -> Result<()> {
    let mono = song.mono();
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
    writeln!(out, "features     {:.1} us per hop, one thread", seconds * 1e6 / hops as f64)?;
    Ok(())
}

fn engine(song: &Audio, out: &mut dyn Write) -> Result<()> {
    let (set, models) = models()?;
    for (name, set) in [("heuristics", ModelSet::heuristics()), (models, set)] {
        let mut engine = Engine::new(song.rate)?;
        engine.install(Networks::new(set));
        let blocks = song.len() / BLOCK;
        let seconds = quietest(PASSES, blocks, |block| {
            if block == 0 {
                engine.reset();
            }
            hear(&mut engine, song, block * BLOCK, BLOCK);
        });
        writeln!(
            out,
            "engine       {:.2} % of a core, {:.0} times real time, {} Hz, blocks of {BLOCK}, {name}",
            100.0 * seconds / song.seconds(),
            song.seconds() / seconds,
            song.rate
        )?;
    }
    Ok(())
}

/// How long a set takes from its files to the first block, and how long a second instance takes.
fn loading(out: &mut dyn Write) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("dendrite-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let outcome = (|| -> Result<()> {
        for kind in ModelKind::ALL {
            let network = random_network(kind, OrbitShape::default(), 1)?;
            network.write(folder.join(format!("{}.json", kind.name())))?;
        }
        // A set is read anew as soon as nobody holds it any more.
        let seconds = repeat(PASSES, || {
            drop(ModelSet::load(&folder, DEFAULT_WEIGHTS).map(Networks::new));
        });
        let first = seconds[0] * 1e3;
        let set = ModelSet::load(&folder, DEFAULT_WEIGHTS)?;
        let networks = Networks::new(set.clone());
        let start = Instant::now();
        let second = Networks::new(ModelSet::load(&folder, DEFAULT_WEIGHTS)?);
        let again = start.elapsed().as_secs_f64() * 1e3;
        writeln!(
            out,
            "models       read, checked and prepared in {first:.0} ms, again for a second instance {again:.1} ms; \
             weights {:.2} MB shared, states {:.0} kB each",
            set.bytes() as f64 / 1e6,
            (networks.bytes() + second.bytes()) as f64 / 2e3
        )?;
        Ok(())
    })();
    // What could not be removed lies in the system's folder for such things.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// The models that are built in, or networks of the same shapes with random weights, which take as long.
fn models() -> Result<(Arc<ModelSet>, &'static str)> {
    let built_in = ModelSet::built_in(DEFAULT_WEIGHTS);
    if ModelKind::ALL.into_iter().all(|kind| built_in.model(kind).is_some()) {
        return Ok((built_in, "six models"));
    }
    let mut networks = Vec::new();
    for kind in ModelKind::ALL {
        networks.push((kind, random_network(kind, OrbitShape::default(), 1)?));
    }
    Ok((ModelSet::of_networks(networks, DEFAULT_WEIGHTS)?, "six networks with random weights"))
}

/// One block of the song, with a transport that makes sixteenths fall due.
fn hear(engine: &mut Engine, song: &Audio, start: usize, length: usize) {
    let mut heard: [&[f32]; 2] = [&[], &[]];
    for (slot, channel) in heard.iter_mut().zip(&song.channels) {
        *slot = &channel[start..start + length];
    }
    let count = song.channels.len().min(heard.len());
    let transport = Transport {
        playing: true,
        tempo_bpm: Some(120.0),
        position_beats: Some(start as f64 / f64::from(song.rate) * 2.0),
        ..Transport::default()
    };
    engine.process(&heard[..count], length, &transport, &Settings::default(), &mut |s: &Snapshot| {
        std::hint::black_box(s.sample);
    });
}

fn worst_block(song: &Audio, minutes: f64, out: &mut dyn Write) -> Result<()> {
    let (set, name) = models()?;
    let mut engine = Engine::new(song.rate)?;
    engine.install(Networks::new(set));
    let duration_s = SMALL_BLOCK as f64 / f64::from(song.rate);
    let in_song = song.len() / SMALL_BLOCK;
    let blocks = (minutes * 60.0 / duration_s) as usize;
    let mut shares: Vec<f64> = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let start = Instant::now();
        hear(&mut engine, song, block % in_song * SMALL_BLOCK, SMALL_BLOCK);
        shares.push(100.0 * start.elapsed().as_secs_f64() / duration_s);
    }
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    shares.sort_by(f64::total_cmp);
    let at = |share: f64| {
        shares.get(((shares.len() as f64 * share) as usize).min(shares.len().max(1) - 1)).copied()
    };
    let percentile = |share| at(share).unwrap_or(0.0);
    writeln!(
        out,
        "worst block  mean {mean:.2} %, median {:.2} %, 99th percentile {:.2} %, 99.9th {:.2} %, worst {:.1} % of {:.0} us",
        percentile(0.5),
        percentile(0.99),
        percentile(0.999),
        percentile(1.0),
        duration_s * 1e6
    )?;
    writeln!(
        out,
        "             {minutes} min at {} Hz, {} blocks of {SMALL_BLOCK}, {name}",
        song.rate,
        shares.len()
    )?;
    let mut below = 0;
    for edge in EDGES {
        let count = shares.partition_point(|&share| share < edge) - below;
        below += count;
        let part = count as f64 / shares.len().max(1) as f64;
        // A mark for each half of a percent; a thousandth must still be seen.
        let marks = if count > 0 { ((part * 50.0).round() as usize).max(1) } else { 0 };
        writeln!(out, "             < {edge:6.2} %  {:9.4} %  {}", 100.0 * part, "#".repeat(marks))?;
    }
    writeln!(
        out,
        "             >= 100.00 %  {:8.4} %",
        100.0 * (shares.len() - below) as f64 / shares.len().max(1) as f64
    )?;
    slices(song, out)
}

/// The largest slice against the mean one: blocks so small that each holds at most one slice, the same block of many hops.
fn slices(song: &Audio, out: &mut dyn Write) -> Result<()> {
    if song.rate != SAMPLE_RATE {
        writeln!(out, "slices       measured at {SAMPLE_RATE} Hz only")?;
        return Ok(());
    }
    const TINY: usize = 4;
    const IN_HOP: usize = HOP_LENGTH / TINY;
    let (set, _) = models()?;
    let mut engine = Engine::new(song.rate)?;
    engine.install(Networks::new(set));
    let hops = (song.len() / HOP_LENGTH).min(2_000);
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); IN_HOP];
    for hop in 0..hops {
        for (block, times) in times.iter_mut().enumerate() {
            let start = Instant::now();
            hear(&mut engine, song, hop * HOP_LENGTH + block * TINY, TINY);
            times.push(start.elapsed());
        }
    }
    let mut medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[times.len() / 2].as_secs_f64() * 1e6
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    // More than half of the blocks hold no slice: their time is what a block costs by itself.
    let idle = medians[IN_HOP / 4];
    let worked: Vec<f64> = medians.iter().map(|time| time - idle).filter(|&time| time > 0.15).collect();
    let mean = worked.iter().sum::<f64>() / worked.len().max(1) as f64;
    let largest = worked.last().copied().unwrap_or(0.0);
    writeln!(
        out,
        "slices       {} of a hop seen, mean {mean:.2} us, largest {largest:.2} us: {:.1} times the mean",
        worked.len(),
        largest / mean.max(1e-9)
    )?;
    Ok(())
}

fn pictures(out: &mut dyn Write) -> Result<()> {
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
            writeln!(
                out,
                "picture      {:3.0} frames/s (best {:3.0}), {}x{}, {} iterations, c = {name}, {threads} thread(s)",
                1.0 / passes[passes.len() / 2],
                1.0 / passes[0],
                PICTURE.0,
                PICTURE.1,
                scene.iterations
            )?;
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
