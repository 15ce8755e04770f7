//! `dendrite render`: songs in, videos out.

mod bar;
mod batch;
pub mod bench;

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use dendrite_composer::midi_file;
use dendrite_julia::{Look, palettes};
use dendrite_video::{Beside, EncoderChoice, Error, Ffmpeg, FrameRate, Options, Outputs, Overlay, Rendered};

use crate::songs::{self, Shard, Song};
use crate::{Outcome, UsageError, listening, presets};

/// What to render, and how.
#[derive(Args)]
#[command(after_help = "\
Examples:
  dendrite render song.flac                           song.mp4 here, 1920x1080, 60 frames a second
  dendrite render song.mp3 -o short.mp4 --size 1080x1920 --start 1:02 --end 1:17 --overlay title,chord
  dendrite render song.wav --frames frames --resume   goes on with a sequence of PNG files
  dendrite render song.flac --preset dendrite --palette ember --automation song.csv
  dendrite render album/ -o videos --jobs 2 --shard 1/4

Sizes: 1280x720, 1920x1080, 3840x2160, square 1080x1080, vertical 1080x1920, or any even width and height.
With ffmpeg on the PATH it encodes (H.264 and AAC), else what is built in does (H.264 and Opus).")]
pub struct Arguments {
    /// Songs, or folders with songs: WAV, AIFF, FLAC, Ogg Vorbis, MP3, M4A
    #[arg(required = true, value_name = "SONG")]
    songs: Vec<PathBuf>,
    /// The video, or the folder for several [default: the song's name with .mp4, in this folder]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Width and height in pixels, even numbers
    #[arg(long, value_name = "WxH", default_value = "1920x1080", value_parser = size)]
    size: [u32; 2],
    /// Frames per second, 1 to 240, also 23.976, 29.97, 30000/1001
    #[arg(long, value_name = "N", default_value = "60")]
    fps: FrameRate,
    /// How much work goes into each picture
    #[arg(long, value_enum, default_value = "good")]
    quality: Quality,
    /// Look, motion and play under a name (`dendrite presets` lists them), or of a file
    #[arg(long, value_name = "NAME|FILE.toml")]
    preset: Option<String>,
    /// Colours, also instead of the preset's; without either the mood chooses among all of them
    #[arg(long, value_name = "NAME", ignore_case = true, value_parser = PossibleValuesParser::new(palette_names()))]
    palette: Option<String>,
    /// Where in the song the video starts: 83.5 or 1:23.5
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = listening::time)]
    start: f64,
    /// Where it ends
    #[arg(long, value_name = "TIME", value_parser = listening::time)]
    end: Option<f64>,
    /// What stands on the picture, separated by commas
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',')]
    overlay: Vec<Part>,
    /// The title on the picture (in its first seconds) and, with ffmpeg, in the file [default: the song's file name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Write each frame as a PNG file in this folder; without -o there is no video then
    #[arg(long, value_name = "DIR")]
    frames: Option<PathBuf>,
    /// Keep the frames that are there and draw the others
    #[arg(long, requires = "frames")]
    resume: bool,
    /// Write the picture of the loudest moment as PNG
    #[arg(long, value_name = "OUT.png")]
    poster: Option<PathBuf>,
    /// Write what was heard, hop by hop
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Write what Dendrite plays along with the whole song as MIDI: with the transport of --bpm, else by ear
    #[arg(long, value_name = "OUT.mid")]
    midi: Option<PathBuf>,
    /// Another seed is another idea for --midi, on the same music [default: the preset's, or 1]
    #[arg(long, value_name = "N", requires = "midi")]
    seed: Option<u32>,
    /// What makes the video
    #[arg(long, value_enum, default_value = "auto")]
    encoder: Encoder,
    /// Videos made at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Only every Nth song, from the Ith on: shares a batch among machines
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    listening: listening::Listening,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Quality {
    /// One sample per pixel, the fastest encoding
    Draft,
    /// One sample per pixel, good encoding
    Good,
    /// Sixteen samples per pixel: 2x2 in each of four moments, for smooth edges and motion
    Best,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Nothing
    None,
    /// Everything below
    All,
    /// The title, for the first seconds
    Title,
    /// The chord that sounds
    Chord,
    /// The mood: valence to the right, arousal upwards
    Mood,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoder {
    /// ffmpeg if it is on the PATH, else what is built in
    Auto,
    /// ffmpeg or nothing
    Ffmpeg,
    /// OpenH264 and Opus: the same bytes on every run
    BuiltIn,
}

fn palette_names() -> Vec<&'static str> {
    palettes::ALL.iter().map(|palette| palette.name.as_str()).collect()
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let parsed = text.split_once(['x', 'X']).and_then(|(w, h)| w.parse().ok().zip(h.parse().ok()));
    let Some((width, height)) = parsed else {
        return Err("expected width and height, such as 1920x1080".to_owned());
    };
    let even = |v: u32| v + v % 2;
    if width % 2 != 0 || height % 2 != 0 {
        return Err(format!("video needs even numbers of pixels; try {}x{}", even(width), even(height)));
    }
    if width < 16 || height < 16 || u64::from(width) * u64::from(height) > 3_840 * 2_176 {
        return Err("from 16x16 to 3840x2160, upright as well".to_owned());
    }
    Ok([width, height])
}

/// Renders one song or many.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Outcome> {
    listening::check_span(arguments.start, arguments.end)?;
    let many = arguments.songs.len() > 1 || arguments.songs.iter().any(|path| path.is_dir());
    if !many && let Some(output) = &arguments.output {
        check_ending(output)?;
    }
    let songs = songs::collect(&arguments.songs, arguments.shard)?;
    let options = options(arguments)?;
    if arguments.output.is_some() || arguments.frames.is_none() {
        writeln!(out, "{}", options.encoder.describe())?;
        out.flush()?;
    }
    let cancel = cancel_on_interrupt()?;
    if many {
        ensure!(
            arguments.midi.is_none(),
            UsageError("--midi names one file: render one song with it, or leave it out".to_owned())
        );
        return batch::run(arguments, &options, &songs, &cancel, out);
    }
    let [song] = &songs[..] else {
        // A shard of one song that is another machine's.
        writeln!(out, "nothing to do for this shard")?;
        return Ok(Outcome::Good);
    };
    let outputs = single_outputs(arguments, song)?;
    // Whether it can be written is known before the video is made.
    spare(arguments.midi.iter(), &places(&songs))?;
    let midi = arguments.midi.as_deref().map(Beside::create).transpose()?;
    let progress = bar::Bar::single();
    let result = render(song, arguments, &options, &outputs, &cancel, &progress);
    progress.finish();
    let rendered = result.map_err(|error| match error {
        Error::StartsBehindEnd { .. } | Error::Size { .. } => UsageError(error.to_string()).into(),
        other => anyhow::Error::from(other),
    })?;
    writeln!(
        out,
        "{} frames, {:.1} s of video in {:.1} s: {}",
        rendered.frames,
        rendered.video_s,
        rendered.stages.whole.as_secs_f64(),
        bar::speed(&rendered)
    )?;
    if rendered.broke_off {
        writeln!(out, "the song's file breaks off: what is before has been rendered")?;
    }
    let written = [outputs.video, outputs.frames, outputs.poster, outputs.csv];
    for path in written.into_iter().flatten() {
        writeln!(out, "written: {}", path.display())?;
    }
    out.flush()?;
    if let Some(midi) = midi {
        let path = midi.target().to_owned();
        write_midi(&song.path, &options.listen, &cancel, midi)?;
        writeln!(out, "written: {}", path.display())?;
    }
    Ok(Outcome::Good)
}

fn options(arguments: &Arguments) -> Result<Options> {
    let mut listen = arguments.listening.options()?;
    let mut look = Look::default();
    if let Some(preset) = &arguments.preset {
        presets::named(preset)?.apply(&mut listen.settings, &mut look);
    }
    if let Some(name) = &arguments.palette {
        let found = palettes::ALL.iter().position(|palette| palette.name.eq_ignore_ascii_case(name));
        look.palette = found.context("the palette is one of the list")?;
        look.palette_follows_mood = false;
    }
    let encoder = match arguments.encoder {
        Encoder::Auto => EncoderChoice::best(),
        Encoder::BuiltIn => EncoderChoice::BuiltIn,
        Encoder::Ffmpeg => EncoderChoice::Ffmpeg(Ffmpeg::find().ok_or(Error::NoFfmpeg)?),
    };
    if let Some(seed) = arguments.seed {
        listen.settings.play.seed = seed;
    }
    Ok(Options {
        listen,
        look,
        size: arguments.size,
        rate: arguments.fps,
        quality: match arguments.quality {
            Quality::Draft => dendrite_video::Quality::Draft,
            Quality::Good => dendrite_video::Quality::Good,
            Quality::Best => dendrite_video::Quality::Best,
        },
        start_s: arguments.start,
        end_s: arguments.end,
        encoder,
        ..Options::default()
    })
}

/// What is written for one song.
fn single_outputs(arguments: &Arguments, song: &Song) -> Result<Outputs> {
    let own = || song.file_in(Path::new(""), ".mp4");
    let video = match (&arguments.output, &arguments.frames) {
        (Some(output), _) => Some(output.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(own()),
    };
    let outputs = Outputs {
        video,
        frames: arguments.frames.clone(),
        resume: arguments.resume,
        poster: arguments.poster.clone(),
        csv: arguments.csv.clone(),
    };
    spare(files(&outputs), &places(std::slice::from_ref(song)))?;
    Ok(outputs)
}

/// The single files that are written.
fn files(outputs: &Outputs) -> impl Iterator<Item = &PathBuf> {
    [&outputs.video, &outputs.poster, &outputs.csv].into_iter().flatten()
}

/// Where songs are, whatever leads there.
fn places(songs: &[Song]) -> HashSet<PathBuf> {
    songs.iter().filter_map(|song| song.path.canonicalize().ok()).collect()
}

/// Refuses to write over a song.
fn spare<'a>(outputs: impl Iterator<Item = &'a PathBuf>, songs: &HashSet<PathBuf>) -> Result<()> {
    for output in outputs {
        let same = output.canonicalize().is_ok_and(|place| songs.contains(&place));
        let text = || format!("{} is the song itself: name another file or folder", output.display());
        ensure!(!same, UsageError(text()));
    }
    Ok(())
}

/// Plays along with the song once more, and writes what was played.
fn write_midi(
    song: &Path,
    listen: &dendrite_offline::Options,
    cancel: &AtomicBool,
    midi: Beside,
) -> Result<()> {
    let records = dendrite_offline::play_along(song, listen, cancel)?;
    let bytes = midi_file::write_song(&records)
        .map_err(|_| anyhow::anyhow!("{}: nothing was heard that could be answered", song.display()))?;
    std::fs::write(midi.path(), bytes).with_context(|| format!("writing {}", midi.target().display()))?;
    Ok(midi.finish()?)
}

fn check_ending(output: &Path) -> Result<()> {
    let ending = output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ensure!(
        ending.as_deref() == Some("mp4"),
        UsageError(format!("{}: the video is an MP4 file: let its name end in .mp4", output.display()))
    );
    Ok(())
}

/// Renders one song with its own title.
fn render(
    song: &Song,
    arguments: &Arguments,
    options: &Options,
    outputs: &Outputs,
    cancel: &AtomicBool,
    bar: &bar::Bar,
) -> Result<Rendered, Error> {
    let title = arguments.title.clone().unwrap_or_else(|| song.title());
    let parts = &arguments.overlay;
    let wants = |part| (parts.contains(&part) || parts.contains(&Part::All)) && !parts.contains(&Part::None);
    // Whoever writes a title and says nothing of the overlay wants to see it.
    let titled = wants(Part::Title) || (parts.is_empty() && arguments.title.is_some());
    let overlay = Overlay::new(titled.then(|| title.clone()), wants(Part::Chord), wants(Part::Mood));
    let options = Options { overlay, title: Some(title), ..options.clone() };
    dendrite_video::render(&song.path, &options, outputs, cancel, &mut |progress| bar.show(progress))
}

/// Becomes true with the first Ctrl-C; the second one ends the program at once.
fn cancel_on_interrupt() -> Result<Arc<AtomicBool>> {
    let cancel = Arc::new(AtomicBool::new(false));
    let seen = cancel.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("listening for Ctrl-C")?;
    Ok(cancel)
}
