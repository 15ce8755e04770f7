//! `cargo xtask demo`: the built plug-in hears the demo track in a headless host, and shows what it made of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result};
use dendrite_audio::Audio;
use dendrite_composer::Voice;
use dendrite_features::{HOP_LENGTH, HopClock};
use dendrite_host::{BlockSizes, Plugin, Run, RunOutput, Transport};
use dendrite_julia::{Look, Reaction, Scene, scene};
use dendrite_offline::Host;
use dendrite_video::{FrameRate, Options, Outputs, Quality, render};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::midi::Performance;
use crate::trace::Trace;
use crate::{bundle, contact_sheet, sync};

/// Block size of the hosted plug-in.
const BLOCK: usize = 512;
/// Pictures on the contact sheet.
const PICTURES: usize = 24;

/// What is known about the demo track.
#[derive(Deserialize)]
struct Labels {
    title: String,
    tempo_bpm: f64,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    name: String,
    time: f64,
}

/// The whole demo.
pub fn run() -> Result<()> {
    let bundles = bundle::build()?;
    let folder = bundle::root().join("target/demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let track = bundle::root().join("assets/demo/dendrite_demo.ogg");
    let labels: Labels = serde_json::from_str(&std::fs::read_to_string(
        bundle::root().join("assets/demo/dendrite_demo.labels.json"),
    )?)
    .context("reading the labels of the demo track")?;
    let song = dendrite_audio::read(&track)?;

    let csv = folder.join("hops.csv");
    let (heard, seconds) = play(&bundles.clap, &song, &labels, &csv)?;
    let output = heard.main();
    let identical = output == song.channels;
    let wav = folder.join("passed_through.wav");
    write_wav(&wav, song.rate, output)?;
    anyhow::ensure!(
        identical,
        "the plug-in changed the sound: compare {} with the demo track",
        wav.display()
    );

    let trace = Trace::read(&csv)?;
    let expected = expected_hops(&song);
    anyhow::ensure!(trace.len() == expected, "{} hops in the trace instead of {expected}", trace.len());
    let sheet = folder.join("contact_sheet.png");
    contact_sheet::write(&sheet, &scenes(&trace)?)?;
    let played = Performance::new(&heard.events, &trace, labels.tempo_bpm, song.rate)?;
    let mid = folder.join("demo.mid");
    std::fs::write(&mid, played.file()?).with_context(|| format!("writing {}", mid.display()))?;
    let mp4 = folder.join("dendrite.mp4");
    video(&track, &labels, &mp4)?;
    summarise(&labels, &song, &trace, seconds, &played, &track, &[wav, csv, sheet, mid, mp4])
}

/// Plays the song through the built plug-in; returns what came out and the seconds that took.
fn play(clap: &Path, song: &Audio, labels: &Labels, csv: &Path) -> Result<(RunOutput, f64)> {
    // SAFETY: the demo is single-threaded here: no other thread reads or writes the environment.
    unsafe { std::env::set_var("DENDRITE_TRACE", csv) };
    let mut plugin = Plugin::load(clap, None).context("loading the bundle")?;
    plugin.set_offline(true).ok();
    let bar = progress(song.len() as u64);
    let start = Instant::now();
    let heard = Run::new(&mut plugin)
        .sample_rate(f64::from(song.rate))
        .block_sizes(BlockSizes::Fixed(BLOCK))
        .input(&song.channels)
        .transport(Transport::playing(labels.tempo_bpm, (4, 4)))
        .on_progress(|samples| bar.set_position(samples))
        .go()
        .context("playing the demo track")?;
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    // The trace is complete when the plug-in has been deactivated.
    plugin.deactivate();
    Ok((heard, seconds))
}

/// The track as a video, with its sound: small, so that it is soon there. `dendrite render` makes large ones.
fn video(track: &Path, labels: &Labels, to: &Path) -> Result<()> {
    let mut options = Options {
        size: [640, 360],
        rate: FrameRate::whole(30).context("30 frames per second are possible")?,
        quality: Quality::Draft,
        title: Some(labels.title.clone()),
        ..Options::default()
    };
    options.listen.host =
        Some(Host { bpm: labels.tempo_bpm, numerator: 4, denominator: 4, first_beat_s: 0.0 });
    let outputs = Outputs { video: Some(to.to_owned()), ..Outputs::default() };
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("Painting  {bar:40.cyan/blue} {percent}%  {eta} left") {
        bar.set_style(style);
    }
    let rendered = render(track, &options, &outputs, &AtomicBool::new(false), &mut |done| {
        bar.set_length(done.of.unwrap_or(done.frames));
        bar.set_position(done.frames);
    })
    .context("making the video")?;
    bar.finish_and_clear();
    anyhow::ensure!(rendered.frames > 0 && !rendered.broke_off, "the video ended early: {rendered:?}");
    Ok(())
}

fn progress(samples: u64) -> ProgressBar {
    let bar = ProgressBar::new(samples);
    if let Ok(style) = ProgressStyle::with_template("Listening {bar:40.cyan/blue} {percent}%  {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Hops whose results take effect within the song.
fn expected_hops(song: &Audio) -> usize {
    let clock = HopClock::new(song.rate, 0);
    (0..).take_while(|&k| clock.boundary(k + 1) <= song.len() as u64).count()
}

fn write_wav(path: &Path, rate: u32, channels: &[Vec<f32>]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer =
        hound::WavWriter::create(path, spec).with_context(|| format!("creating {}", path.display()))?;
    for n in 0..channels.first().map_or(0, Vec::len) {
        for channel in channels {
            writer.write_sample(channel[n])?;
        }
    }
    writer.finalize().with_context(|| format!("writing {}", path.display()))
}

/// The scenes of the contact sheet, evenly spread over the song.
fn scenes(trace: &Trace) -> Result<Vec<Scene>> {
    let (re, im) = (trace.numbers("c_re")?, trace.numbers("c_im")?);
    let (loudness, impact) = (trace.numbers("rms")?, trace.numbers("impact")?);
    let (valence, arousal) = (trace.numbers("valence")?, trace.numbers("arousal")?);
    let look = Look::default();
    Ok((0..PICTURES)
        .map(|i| {
            let hop = (2 * i + 1) * trace.len() / (2 * PICTURES);
            let reaction = Reaction {
                loudness: loudness[hop] as f32,
                onset: impact[hop] as f32,
                valence: valence[hop] as f32,
                arousal: arousal[hop] as f32,
            };
            scene([re[hop], im[hop]], &look, &reaction)
        })
        .collect())
}

fn summarise(
    labels: &Labels,
    song: &Audio,
    trace: &Trace,
    seconds: f64,
    played: &Performance,
    track: &Path,
    files: &[PathBuf],
) -> Result<()> {
    let ok = "\u{2713}";
    println!("\n\"{}\", {:.1} s at {} Hz", labels.title, song.seconds(), song.rate);
    println!("  {ok} sound passed through bit-identical ({} channels, latency 0)", song.channels.len());
    println!(
        "  {ok} {} hops of {HOP_LENGTH} samples, {:.0} times faster than real time (blocks of {BLOCK})",
        trace.len(),
        song.seconds() / seconds
    );

    println!("\nHeard");
    let onsets = trace.numbers("onset_detected")?.iter().filter(|&&x| x > 0.5).count();
    let heard = trace.numbers("heard_tempo_bpm")?;
    let tempo = heard.get(heard.len() / 2).copied().unwrap_or(0.0);
    println!("  tempo    {tempo:.1} bpm by ear half-way through, {} bpm on the transport", labels.tempo_bpm);
    println!("  impacts  {onsets}, {:.1} per second", onsets as f64 / song.seconds());

    let models = trace.text("models")?;
    let trained = models.last().map_or(0, |letters| letters.matches('t').count());
    let rest = if trained < 6 { ", heuristics for the rest" } else { "" };
    println!("  models   {trained} of 6 trained{rest}");
    let mean = |name| -> Result<f64> {
        let values = trace.numbers(name)?;
        Ok(values.iter().sum::<f64>() / values.len().max(1) as f64)
    };
    println!("  mood     valence {:+.2}, arousal {:+.2} on the average", mean("valence")?, mean("arousal")?);
    let mut chords: BTreeMap<&str, usize> = BTreeMap::new();
    trace.text("chord")?.into_iter().for_each(|chord| *chords.entry(chord).or_default() += 1);
    let mut chords: Vec<(&str, usize)> = chords.into_iter().filter(|(chord, _)| *chord != "-").collect();
    chords.sort_by_key(|&(_, hops)| std::cmp::Reverse(hops));
    let share = |hops: usize| 100.0 * hops as f64 / trace.len().max(1) as f64;
    let named: Vec<String> =
        chords.iter().take(6).map(|(chord, hops)| format!("{chord} {:.0} %", share(*hops))).collect();
    println!("  chords   {}", named.join(", "));

    println!("\nMoved");
    for name in ["s", "alpha", "omega_scale", "gate1", "gate6"] {
        let values = trace.numbers(name)?;
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        println!("  {name:<12} {low:.3} ... {high:.3}");
    }
    let time = trace.numbers("time_s")?;
    let sections = trace.text("section")?;
    let components = trace.text("component")?;
    println!("  sections  played: {}", list(labels.sections.iter().map(|s| (s.time, s.name.as_str()))));
    let changes = (0..trace.len()).filter(|&k| k == 0 || components[k] != components[k - 1]);
    println!("            shown:  {}", list(changes.map(|k| (time[k], components[k]))));
    let mut stay: BTreeMap<&str, usize> = BTreeMap::new();
    sections.iter().for_each(|section| *stay.entry(section).or_default() += 1);
    println!("            {} sections found", stay.len());

    println!("\nPlayed (midi)");
    let counts: Vec<String> = Voice::ALL
        .iter()
        .map(|&voice| format!("{} {}", played.count(voice), voice.name().to_lowercase()))
        .collect();
    println!("  {} bars; notes: {}", played.bars(), counts.join(", "));
    let (keys, chords) = played.harmony();
    println!("  keys     {}", keys.join(", "));
    println!("  chords   {}", chords.iter().take(24).cloned().collect::<Vec<_>>().join(" "));

    let [own, driven, _] = sync::measure(track)?;
    println!("\nPicture");
    println!(
        "  sync score {:.2} (onset-driven speed {:.2}, chance {:.2}), change per frame {:.4}, dark {:.1} %",
        own.score.r,
        driven.score.r,
        own.score.chance_95,
        own.change,
        own.dark * 100.0
    );

    println!("\nWritten");
    for file in files {
        println!("  {}", file.strip_prefix(bundle::root()).unwrap_or(file).display());
    }
    Ok(())
}

fn list<'a>(items: impl Iterator<Item = (f64, &'a str)>) -> String {
    items.map(|(time, name)| format!("{time:.1} s {name}")).collect::<Vec<_>>().join(", ")
}
