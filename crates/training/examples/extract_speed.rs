//! How fast a folder of audio files becomes features, in seconds of music per second, on all threads.
//!
//! ```sh
//! cargo run --release -p dendrite-training --example extract_speed -- FOLDER [THREADS]
//! ```
//! Reads the folder twice, so that the second figure does not depend on the disk, and then from a cache.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use dendrite_training::data::{Cache, Loading, folder};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(path) = arguments.next() else { bail!("usage: extract_speed FOLDER [THREADS]") };
    if let Some(threads) = arguments.next() {
        let threads = threads.to_str().and_then(|text| text.parse().ok()).context("THREADS is no number")?;
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    let kept = tempfile::tempdir()?;
    let cache = Cache::open(kept.path())?;
    for (name, cache) in
        [("first", None), ("again", None), ("into cache", Some(&cache)), ("from cache", Some(&cache))]
    {
        let started = Instant::now();
        let loaded = folder::load(Path::new(&path), &Loading { cache, ..Loading::default() })?;
        let (taken_s, music_s) = (started.elapsed().as_secs_f64(), loaded.report.seconds());
        println!(
            "{name:<11} {:>7.1} s of music in {taken_s:>6.2} s: {:>6.0} times real time on {} threads",
            music_s,
            music_s / taken_s,
            rayon::current_num_threads()
        );
        if name == "from cache" {
            print!("{}", loaded.report);
        }
    }
    Ok(())
}
