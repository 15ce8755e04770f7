//! `dendrite bench --editor`: how often the built plug-in's editor draws, how finely, and what that costs.
//!
//! ```text
//! this program ── DENDRITE_PICTURES=file ──> this program again ── headless host ──> Dendrite.clap, a song, a window
//!      table <── one line per size ───────────────────┘ <── rows of the pictures, processor time of the threads ──┘
//! ```
//!
//! The plug-in reads the variable when a window opens, so it is set for a process of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use dendrite_audio::Audio;
use dendrite_host::{Block, HostWindow, Plugin, Transport};

use crate::Outcome;

/// The plug-in, where none is named and the program runs in the project's folder.
const BUNDLE: &str = "target/bundled/Dendrite.clap";
/// Tells the plug-in where to write down its pictures (`plugin/src/pictures.rs`); and this program that it is the second one.
const PICTURES: &str = "DENDRITE_PICTURES";
/// Sizes that are measured where none is named.
const SIZES: [Size; 3] = [Size([900, 600]), Size([1100, 700]), Size([1600, 1000])];
/// Where the song is entered, in seconds: in the demo track the full band plays.
const FROM_S: f64 = 40.0;
/// Until the picture has found its resolution and all overlays have something to show.
const WARM_UP: Duration = Duration::from_secs(8);
/// Samples of a block.
const BLOCK: usize = 480;
/// How long the host sleeps between two looks at what is due.
const REST: Duration = Duration::from_millis(4);
/// Threads that rasterise in software are called this and a number.
const RASTERISER: &str = "llvmpipe-";

/// What to measure.
#[derive(Args)]
pub struct Window {
    /// Only the editor of the built plug-in, in a window on the display that DISPLAY names
    #[arg(long, conflicts_with_all = ["worst_block", "render"])]
    pub editor: bool,
    /// The plug-in of --editor [default: target/bundled/Dendrite.clap]
    #[arg(long, value_name = "FILE", requires = "editor")]
    plugin: Option<PathBuf>,
    /// Sizes of the window of --editor [default: 900x600 1100x700 1600x1000]
    #[arg(long = "window", value_name = "WIDTHxHEIGHT", requires = "editor", num_args = 1..)]
    windows: Vec<Size>,
    /// Seconds that each size is measured
    #[arg(long, default_value_t = 15, requires = "editor", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
}

/// Width and height of a window in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size([u32; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || -> Option<Self> {
            let (width, height) = text.split_once('x')?;
            let [width, height] = [width.parse().ok()?, height.parse().ok()?];
            ((1..=16_384).contains(&width) && (1..=16_384).contains(&height)).then_some(Self([width, height]))
        };
        read().ok_or_else(|| "a size like 1100x700 is needed".to_owned())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0[0], self.0[1])
    }
}

/// Prints a table, or as the second process one line of it.
pub fn run(arguments: &Window, song: &Path, out: &mut dyn Write) -> Result<Outcome> {
    let plugin = arguments.plugin.clone().unwrap_or_else(|| PathBuf::from(BUNDLE));
    let windows = if arguments.windows.is_empty() { &SIZES[..] } else { &arguments.windows };
    if let (Some(pictures), [size]) = (std::env::var_os(PICTURES), windows) {
        let measured = measure(&plugin, song, *size, arguments.seconds, Path::new(&pictures))?;
        writeln!(out, "{measured}")?;
        return Ok(Outcome::Good);
    }
    anyhow::ensure!(
        std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty()),
        "there is no display (DISPLAY is not set); on a machine without a screen an X server without hardware will do: \
         `Xvfb :7 -screen 0 1920x1200x24 & DISPLAY=:7 cargo dendrite bench --editor` (Debian: package xvfb)"
    );
    writeln!(out, "{}", Measured::HEADER)?;
    for size in windows {
        out.flush()?;
        let folder = std::env::temp_dir().join(format!("dendrite-bench-{}-{size}.csv", std::process::id()));
        let again = Command::new(std::env::current_exe().context("finding this program")?)
            .args(["bench", "--editor", "--window", &size.to_string()])
            .args(["--seconds", &arguments.seconds.to_string()])
            .arg("--plugin")
            .arg(&plugin)
            .arg("--song")
            .arg(song)
            .env(PICTURES, &folder)
            .output()
            .context("starting this program again");
        // It lies in the system's folder for such things otherwise.
        let _ = std::fs::remove_file(&folder);
        let again = again?;
        anyhow::ensure!(again.status.success(), "{size}: {}", String::from_utf8_lossy(&again.stderr).trim());
        out.write_all(&again.stdout)?;
    }
    Ok(Outcome::Good)
}

/// What a window did while it was measured.
#[derive(Debug, PartialEq)]
struct Measured {
    size: Size,
    per_second: f64,
    /// 95th percentile of the time from picture to picture, in milliseconds.
    p95_ms: f64,
    /// Drawn pixels per pixel of the window in each direction, and samples of each; medians.
    fraction: f64,
    samples: u32,
    /// Processor time as shares of a core: the window's thread before it draws, and from there to the end of the picture.
    ui: Option<f64>,
    drawing: Option<f64>,
    /// Threads that rasterise in software; `None` if there is none.
    rasterising: Option<f64>,
    /// All other threads of the process: host and engine.
    others: Option<f64>,
}

impl Measured {
    const HEADER: &str = "window      frames/s  95 % within  canvas        window's thread: panel and overlays, drawing  rasterising  host and engine";
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
        let samples = if self.samples > 1 { format!(" x{}", self.samples) } else { String::new() };
        let canvas = format!("{:.0} %{samples}", self.fraction * 100.0);
        write!(
            f,
            "{:<10} {:>9.1} {:>9.1} ms  {canvas:<12} {:>34}, {:>7} {:>12} {:>16}",
            self.size.to_string(),
            self.per_second,
            self.p95_ms,
            share(self.ui),
            share(self.drawing),
            share(self.rasterising),
            share(self.others),
        )
    }
}

/// Plays the song to the plug-in in a window, and reads what it wrote.
fn measure(plugin: &Path, song: &Path, size: Size, seconds: u64, pictures: &Path) -> Result<Measured> {
    let song =
        dendrite_audio::read(song).context("name a song with --song, or run this in the project's folder")?;
    let mut plugin = Plugin::load(plugin, None)?;
    plugin.activate(f64::from(song.rate), BLOCK as u32)?;
    let [width, height] = size.0;
    let window = HostWindow::show(width, height)?;
    plugin.open_editor(window.id(), 1.0)?;
    plugin.resize_editor(width, height)?;
    window.resize(width, height)?;

    let mut playback =
        Playback { song: &song, position: (FROM_S * f64::from(song.rate)) as usize, started: Instant::now() };
    playback.started -= Duration::from_secs_f64(FROM_S);
    playback.run(&mut plugin, WARM_UP)?;
    let (before, started) = (Threads::now(), Instant::now());
    playback.run(&mut plugin, Duration::from_secs(seconds))?;
    let (after, took_s) = (Threads::now(), started.elapsed().as_secs_f64());
    plugin.close_editor();
    let text = std::fs::read_to_string(pictures).with_context(|| {
        format!("{}: the plug-in has written no pictures; is it of this version?", pictures.display())
    })?;
    let mut measured = Measured::of_rows(&text, size, seconds as f64)?;
    if let (Some(before), Some(after)) = (before, after) {
        let used = after.since(&before);
        let share = |time_s: f64| time_s / took_s;
        measured.rasterising = used.rasterising_s.map(share);
        let known = measured.ui.unwrap_or(0.0) + measured.drawing.unwrap_or(0.0);
        measured.others = Some((share(used.all_s) - measured.rasterising.unwrap_or(0.0) - known).max(0.0));
    }
    Ok(measured)
}

impl Measured {
    /// Of the last `seconds` of the rows.
    fn of_rows(text: &str, size: Size, seconds: f64) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let header: Vec<&str> = lines.next().context("the plug-in has written nothing")?.split(',').collect();
        let rows: Vec<Vec<Option<f64>>> =
            lines.map(|line| line.split(',').map(|field| field.parse().ok()).collect()).collect();
        let column = |name: &str| -> Result<Vec<Option<f64>>> {
            let place = header.iter().position(|column| *column == name);
            let place = place.with_context(|| format!("the plug-in writes no column `{name}`"))?;
            Ok(rows.iter().map(|row| row.get(place).copied().flatten()).collect())
        };
        let times = column("time_s")?;
        let end = times.iter().flatten().fold(0.0, |last: f64, time| last.max(*time));
        let counts: Vec<bool> =
            times.iter().map(|time| time.is_some_and(|time| time > end - seconds)).collect();
        let known = |name: &str| -> Result<Vec<f64>> {
            Ok(column(name)?
                .into_iter()
                .zip(&counts)
                .filter(|(_, counts)| **counts)
                .filter_map(|(v, _)| v)
                .collect())
        };
        let at = |mut values: Vec<f64>, share: f64| -> Option<f64> {
            values.sort_by(f64::total_cmp);
            let place = (values.len() as f64 * share) as usize;
            values.get(place.min(values.len().saturating_sub(1))).copied()
        };
        let intervals = known("interval_ms")?;
        anyhow::ensure!(!intervals.is_empty(), "the window has drawn nothing");
        let total_ms: f64 = intervals.iter().sum();
        let all: f64 = known("thread_cpu_ms")?.iter().sum::<f64>() / total_ms;
        let ui: f64 = known("ui_cpu_ms")?.iter().sum::<f64>() / total_ms;
        let is_known = all > 0.0;
        Ok(Self {
            size,
            per_second: intervals.len() as f64 / total_ms * 1e3,
            p95_ms: at(intervals, 0.95).unwrap_or(0.0),
            fraction: at(known("canvas_width")?, 0.5).unwrap_or(0.0)
                / at(known("width")?, 0.5).unwrap_or(1.0),
            samples: at(known("samples")?, 0.5).unwrap_or(0.0) as u32,
            ui: is_known.then_some(ui),
            drawing: is_known.then_some(all - ui),
            rasterising: None,
            others: None,
        })
    }
}

/// A song that is played in real time.
struct Playback<'a> {
    song: &'a Audio,
    /// Samples played, from the song's beginning on.
    position: usize,
    /// When the song would have begun.
    started: Instant,
}

impl Playback<'_> {
    /// Plays on for a while.
    fn run(&mut self, plugin: &mut Plugin, duration: Duration) -> Result<()> {
        let until = Instant::now() + duration;
        let rate = f64::from(self.song.rate);
        let mut output = vec![vec![0.0; BLOCK]; self.song.channels.len()];
        let mut events = Vec::new();
        while Instant::now() < until {
            let due = (self.started.elapsed().as_secs_f64() * rate) as usize;
            while self.position < due {
                let start = self.position % self.song.len().saturating_sub(BLOCK).max(1);
                let heard: Vec<&[f32]> =
                    self.song.channels.iter().map(|channel| &channel[start..start + BLOCK]).collect();
                let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
                plugin.process(&mut Block {
                    inputs: &[&heard],
                    outputs: &mut [&mut outputs],
                    frames: BLOCK,
                    transport: Some(
                        Transport::playing(120.0, (4, 4)).at_seconds(self.position as f64 / rate),
                    ),
                    events_in: &[],
                    events_out: &mut events,
                    steady_time: 0,
                })?;
                self.position += BLOCK;
            }
            plugin.idle();
            std::thread::sleep(REST);
        }
        Ok(())
    }
}

/// Processor time of the threads of this process so far, where the system has it in files.
struct Threads(BTreeMap<String, (String, f64)>);

/// What was used between two looks, in seconds.
struct Used {
    all_s: f64,
    rasterising_s: Option<f64>,
}

impl Threads {
    fn now() -> Option<Self> {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?;
        let read = |folder: &Path| -> Option<(String, f64)> {
            let name = std::fs::read_to_string(folder.join("comm")).ok()?;
            // The first field is the time on a processor in nanoseconds.
            let times = std::fs::read_to_string(folder.join("schedstat")).ok()?;
            Some((name.trim().to_owned(), times.split(' ').next()?.parse::<f64>().ok()? * 1e-9))
        };
        let mut threads = BTreeMap::new();
        for task in tasks.flatten() {
            // A thread may end while its files are read.
            if let Some(thread) = read(&task.path()) {
                threads.insert(task.file_name().to_string_lossy().into_owned(), thread);
            }
        }
        Some(Self(threads))
    }

    fn since(&self, before: &Self) -> Used {
        let (mut all_s, mut rasterising_s) = (0.0, None);
        for (id, (name, now_s)) in &self.0 {
            let used_s = now_s - before.0.get(id).map_or(0.0, |(_, before_s)| *before_s);
            all_s += used_s;
            if name.starts_with(RASTERISER) {
                *rasterising_s.get_or_insert(0.0) += used_s;
            }
        }
        Used { all_s, rasterising_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!("1100x700".parse(), Ok(Size([1100, 700])));
        assert_eq!(Size([900, 600]).to_string(), "900x600");
        for wrong in ["", "900", "900x", "x600", "0x600", "900x99999", "900 x 600", "-1x5"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_seconds_of_the_rows_count() {
        let mut text = "time_s,interval_ms,thread_cpu_ms,ui_cpu_ms,width,height,canvas_width,canvas_height,samples,canvas_ms\n".to_owned();
        // Ten seconds at 10 pictures a second in half the pixels, then four at 50 in all of them.
        for n in 0..100 {
            text += &format!("{},100,50,10,1000,500,500,250,1,80\n", f64::from(n) * 0.1);
        }
        for n in 0..200 {
            text += &format!("{},20,5,2,1000,500,1000,500,4,\n", 10.0 + f64::from(n) * 0.02);
        }
        text += "# 3 rows were dropped because the disk was too slow\n";
        let measured = Measured::of_rows(&text, Size([1000, 500]), 3.0).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(measured.per_second, 50.0) && near(measured.p95_ms, 20.0), "{measured:?}");
        assert!(near(measured.fraction, 1.0) && measured.samples == 4, "{measured:?}");
        assert!(near(measured.ui.unwrap(), 0.1) && near(measured.drawing.unwrap(), 0.15), "{measured:?}");
        assert!(Measured::of_rows("time_s\n", Size([1, 1]), 1.0).is_err());
        assert!(Measured::of_rows("", Size([1, 1]), 1.0).is_err());
    }
}
