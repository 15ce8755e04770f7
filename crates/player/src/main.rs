//! The program `dendrite-play`: songs and their pictures in a window, without a host. `dendrite play` starts it.
//!
//! Exit codes: 0 all songs were played or somebody quit, 1 something failed (a message on standard error says what), 2 the command
//! line makes no sense.

mod feed;
mod player;
mod show;
mod sound;
mod surface;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use dendrite_engine::{DEFAULT_WEIGHTS, ModelSet};
use dendrite_julia::{Look, palettes};
use dendrite_offline::{Automation, Options};
use winit::event_loop::EventLoop;

use crate::player::{Player, Wishes};
use crate::sound::{Device, Sound};
use crate::surface::Place;

/// Variable that names a folder of models, as for the plug-in.
const MODELS: &str = "DENDRITE_MODELS";

/// Plays songs, with their pictures in a window.
#[derive(Parser)]
#[command(name = "dendrite play", bin_name = "dendrite play", version, max_term_width = 100)]
#[command(after_help = "\
Keys:
  space            pause, and go on
  left, right      5 seconds back, on
  N                the next song
  F                full screen, and back
  P                hold the picture while the sound goes on
  Q, Escape        quit

Examples:
  dendrite play song.flac
  dendrite play album/ --fullscreen --display 2
  dendrite play song.flac --no-sound --size 640x360")]
struct Arguments {
    /// Songs, or folders with songs, one after the other: WAV, AIFF, FLAC, Ogg Vorbis, MP3, M4A
    #[arg(required = true, value_name = "SONG")]
    songs: Vec<PathBuf>,
    /// Width and height of the window in pixels
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    size: [u32; 2],
    /// Fill the screen
    #[arg(long)]
    fullscreen: bool,
    /// Fill the screen of this display, 1 for the first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    display: Option<u8>,
    /// Look, motion and play under a name (`dendrite presets` lists them), or of a file
    #[arg(long, value_name = "NAME|FILE.toml")]
    preset: Option<String>,
    /// Parameters that change on the way: lines of time, parameter, value and perhaps `linear`
    #[arg(long, value_name = "FILE.csv")]
    automation: Option<PathBuf>,
    /// Colours, also instead of the preset's; without either the mood chooses among all of them
    #[arg(long, value_name = "NAME", ignore_case = true, value_parser = PossibleValuesParser::new(palettes::ALL.iter().map(|palette| palette.name.as_str())))]
    palette: Option<String>,
    /// Play nothing, show the picture only
    #[arg(long)]
    no_sound: bool,
    /// Folder of models to use before those that are built in [default: $DENDRITE_MODELS, if set]
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| w.parse().ok().zip(h.parse().ok()));
    match sides {
        Some((width, height)) if (16..=16_384).contains(&width) && (16..=16_384).contains(&height) => {
            Ok([width, height])
        }
        _ => Err("expected width and height from 16 to 16384, such as 1280x720".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays; whether every song could be played.
fn run(arguments: &Arguments) -> Result<bool> {
    let songs = songs(&arguments.songs)?;
    let mut options = Options { models: models(arguments.models.as_deref())?, ..Options::default() };
    let mut look = Look::default();
    if let Some(name) = &arguments.preset {
        let preset = dendrite_presets::named(name)?;
        for id in preset.unknown() {
            eprintln!("warning: {name}: `{id}` does nothing here");
        }
        preset.apply(&mut options.settings, &mut look);
    }
    if let Some(path) = &arguments.automation {
        options.automation = Some(Arc::new(Automation::open(path, None)?));
    }
    if let Some(name) = &arguments.palette {
        let found = palettes::ALL.iter().position(|palette| palette.name.eq_ignore_ascii_case(name));
        look.palette = found.context("the palette is one of the list")?;
        look.palette_follows_mood = false;
    }
    let events = EventLoop::new().context("there is no screen to open a window on")?;
    let sound = if arguments.no_sound { Sound::Silent(Default::default()) } else { sound() };
    let place = match arguments.display {
        Some(number) => Place::Display(number),
        None if arguments.fullscreen => Place::Fullscreen,
        None => Place::Window,
    };
    let wishes = Wishes { songs, options, look, size: arguments.size, place };
    let mut player = Player::new(wishes, sound);
    events.run_app(&mut player).context("the window system has gone")?;
    player.result()
}

/// The sound device, or a clock and a line that says why.
fn sound() -> Sound {
    match Device::open() {
        Ok(device) => Sound::Device(device),
        Err(reason) => {
            eprintln!("no sound: {reason:#}");
            Sound::Silent(Default::default())
        }
    }
}

/// The files that are named, and those in folders that are named.
fn songs(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut songs = Vec::new();
    for path in paths {
        if path.is_dir() {
            let inside = dendrite_audio::songs_in(path)
                .with_context(|| format!("reading the folder {}", path.display()))?;
            songs.extend(inside);
        } else {
            songs.push(path.clone());
        }
    }
    ensure!(!songs.is_empty(), "no songs found: they end in {}", dendrite_audio::ENDINGS.join(", "));
    Ok(songs)
}

/// The models of a folder, or those that are built in.
fn models(folder: Option<&Path>) -> Result<Arc<ModelSet>> {
    let variable = std::env::var_os(MODELS).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let Some(folder) = folder.map(Path::to_owned).or(variable) else {
        return Ok(ModelSet::built_in(DEFAULT_WEIGHTS));
    };
    let set = ModelSet::load(&folder, DEFAULT_WEIGHTS)?;
    for (kind, reason) in set.refusals() {
        eprintln!("warning: {}: {reason}; its heuristic is used", kind.name());
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Arguments::command().debug_assert();
    }
}
