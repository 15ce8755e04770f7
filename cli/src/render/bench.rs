//! `dendrite bench --render`: how long each stage of a video takes on this machine.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result};
use dendrite_audio::Stream;
use dendrite_video::{EncoderChoice, FrameRate, Options, Outputs, Quality, Rendered};

use crate::Outcome;

/// Seconds of the song that are rendered.
const SECONDS: f64 = 10.0;
/// Sizes and frame rates that the README names.
const FORMATS: [([u32; 2], u32); 2] = [([1_280, 720], 30), ([1_920, 1_080], 60)];

/// Prints the table.
pub fn run(song: &Path, out: &mut dyn Write) -> Result<Outcome> {
    let decode = decode(song).context("name a song with --song, or run this in the project's folder")?;
    let threads = rayon::current_num_threads();
    writeln!(out, "The first {SECONDS} s of {}, {threads} threads; x is times real time", song.display())?;
    writeln!(out, "decode       {decode:.0} x")?;
    for (size, fps) in FORMATS {
        let options = |encoder| -> Result<Options> {
            let rate = FrameRate::whole(fps).context("the rate is in the range")?;
            Ok(Options {
                size,
                rate,
                quality: Quality::Good,
                end_s: Some(SECONDS),
                encoder,
                ..Options::default()
            })
        };
        let one = painted(song, &options(EncoderChoice::Nothing)?, 1)?;
        let two = painted(song, &options(EncoderChoice::Nothing)?, 2)?;
        let paint_s = |r: &Rendered| (r.stages.whole - r.stages.hear - r.stages.plan).as_secs_f64();
        let name = format!("{}x{}/{fps}", size[0], size[1]);
        let hear_s = one.stages.hear.as_secs_f64();
        writeln!(out, "{name}")?;
        writeln!(out, "  engine     {:.0} x, one thread, with decoding", one.video_s / hear_s)?;
        writeln!(out, "  limiter    {:.0} x, one thread", one.video_s / one.stages.plan.as_secs_f64())?;
        writeln!(
            out,
            "  picture    {:.1} frames/s with one thread, {:.1} with two: {:.2} times",
            one.frames as f64 / paint_s(&one),
            two.frames as f64 / paint_s(&two),
            paint_s(&one) / paint_s(&two)
        )?;
        let mut encoders = vec![("built in", EncoderChoice::BuiltIn)];
        if let best @ EncoderChoice::Ffmpeg(_) = EncoderChoice::best() {
            encoders.push(("ffmpeg", best));
        }
        for (name, encoder) in encoders {
            let rendered = whole(song, &options(encoder)?)?;
            let seconds = rendered.stages.whole.as_secs_f64();
            writeln!(
                out,
                "  {name:<9}  encodes {:.1} frames/s; all together {:.1} frames/s, {:.2} x",
                rendered.frames as f64 / rendered.stages.encode.as_secs_f64(),
                rendered.frames as f64 / seconds,
                rendered.video_s / seconds
            )?;
        }
        out.flush()?;
    }
    Ok(Outcome::Good)
}

/// How many times faster than it plays the song is decoded.
fn decode(song: &Path) -> Result<f64> {
    let start = Instant::now();
    let mut stream = Stream::open(song)?;
    let mut frames = 0;
    while let Some(block) = stream.next_block()? {
        frames += block.first().map_or(0, Vec::len);
    }
    Ok(frames as f64 / f64::from(stream.rate()) / start.elapsed().as_secs_f64())
}

fn painted(song: &Path, options: &Options, threads: usize) -> Result<Rendered> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let outputs = Outputs::default();
    Ok(pool
        .install(|| dendrite_video::render(song, options, &outputs, &AtomicBool::new(false), &mut |_| {}))?)
}

fn whole(song: &Path, options: &Options) -> Result<Rendered> {
    let path = std::env::temp_dir().join(format!("dendrite-bench-{}.mp4", std::process::id()));
    let outputs = Outputs { video: Some(path.clone()), ..Outputs::default() };
    let rendered = dendrite_video::render(song, options, &outputs, &AtomicBool::new(false), &mut |_| {});
    // It lies in the system's folder for such things.
    let _ = std::fs::remove_file(&path);
    Ok(rendered?)
}
