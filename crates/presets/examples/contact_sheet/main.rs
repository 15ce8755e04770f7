//! A picture of presets on three kinds of music, two moments of each: `cargo run -p dendrite-presets --example contact_sheet --
//! OUT.jpg [PRESET.toml ...]`. Without files it shows the presets that come with Dendrite.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use dendrite_generator::{Ensemble, Forced, Meter, Mood, compose, write_files};
use dendrite_julia::cpu::{Antialias, Renderer};
use dendrite_julia::{Reaction, Scene, scene};
use dendrite_offline::{Hop, Host, Listener, Options};
use dendrite_orbit::HOP_S;
use dendrite_presets::{Folder, Preset, factory};
use rayon::prelude::*;

mod sheet;

use sheet::{Sheet, THUMBNAIL};

/// Time constant with which colours follow the mood in editor and videos, seconds.
const MOOD_S: f64 = 1.5;

/// Tempo of the demo track, in beats per minute.
const DEMO_BPM: f64 = 112.0001;

/// A piece of music, and the moments at which it is looked at.
struct Song {
    name: &'static str,
    file: PathBuf,
    host: Host,
    moments_s: [f64; 2],
}

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(to) = arguments.next() else { bail!("usage: contact_sheet OUT.jpg [PRESET.toml ...]") };
    let mut presets = arguments.map(|file| Folder::import(&file)).collect::<Result<Vec<_>, _>>()?;
    if presets.is_empty() {
        presets = factory().to_vec();
    }
    let folder = tempfile::tempdir()?;
    let songs = songs(folder.path())?;
    let pairs: Vec<(&Preset, &Song)> =
        presets.iter().flat_map(|preset| songs.iter().map(move |song| (preset, song))).collect();
    let scenes: Vec<[Scene; 2]> =
        pairs.par_iter().map(|(preset, song)| look_at(preset, song)).collect::<Result<_>>()?;
    let titles: Vec<&str> = songs.iter().map(|song| song.name).collect();
    let mut sheet = Sheet::new(&titles, presets.len())?;
    let mut renderer = Renderer::new();
    let [width, height] = THUMBNAIL;
    let mut picture = vec![0; (width * height * 4) as usize];
    for (row, preset) in presets.iter().enumerate() {
        sheet.caption(row, &preset.name, &preset.about);
        for (column, scene) in scenes[row * songs.len()..][..songs.len()].as_flattened().iter().enumerate() {
            renderer.render(scene, width, height, Antialias::TwoByTwo, &mut picture)?;
            sheet.place(row, column, &picture);
        }
    }
    sheet.save(&to)
}

/// The demo track, a calm and sad piece, and a fast and glad one.
fn songs(folder: &Path) -> Result<[Song; 3]> {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo/dendrite_demo.ogg");
    let composed = |name: &'static str, seed, mood, tempo_bpm, ensemble, moments_s| -> Result<Song> {
        let forced = Forced {
            mood: Some(mood),
            tempo_bpm: Some(tempo_bpm),
            ensemble: Some(ensemble),
            meter: Some(Meter::FourFour),
            ..Forced::default()
        };
        let options = dendrite_generator::Options { length_s: 28.0..=34.0, ..Default::default() };
        let score = compose(seed, &options.with_forced(forced));
        let host = host(score.labels.tempo_bpm, score.labels.bars.first().map_or(0.0, |bar| bar.start_s));
        Ok(Song { name, file: write_files(&score, folder, name)?.wav, host, moments_s })
    };
    let calm = Mood { valence: -0.6, arousal: -0.7 };
    let glad = Mood { valence: 0.7, arousal: 0.8 };
    Ok([
        Song {
            name: "Branches, the demo track",
            file: demo.into(),
            host: host(DEMO_BPM, 0.0),
            moments_s: [24.1, 47.2],
        },
        composed("Calm and sad", 11, calm, 64.0, Ensemble::Undrummed, [12.0, 24.5])?,
        composed("Fast and glad", 5, glad, 138.0, Ensemble::Band, [11.3, 23.9])?,
    ])
}

/// A transport in four quarters.
fn host(bpm: f64, first_beat_s: f64) -> Host {
    Host { bpm, numerator: 4, denominator: 4, first_beat_s }
}

/// What the preset shows at the song's moments.
fn look_at(preset: &Preset, song: &Song) -> Result<[Scene; 2]> {
    let mut options = Options { host: Some(song.host), ..Options::default() };
    let mut look = dendrite_julia::Look::default();
    preset.apply(&mut options.settings, &mut look);
    let mut listener = Listener::open(&song.file, &options)?;
    let share = (1.0 - (-HOP_S / MOOD_S).exp()) as f32;
    let (mut mood, mut seen) = ([0.0_f32; 2], [None; 2]);
    let mut hear = |hop: Hop| {
        mood[0] += share * (hop.valence - mood[0]);
        mood[1] += share * (hop.arousal - mood[1]);
        for (seen, moment_s) in seen.iter_mut().zip(song.moments_s) {
            if seen.is_none() && hop.time_s >= moment_s {
                let reaction = Reaction {
                    loudness: hop.loudness(),
                    onset: hop.impact,
                    valence: mood[0],
                    arousal: mood[1],
                };
                *seen = Some(scene(hop.c, &look, &reaction));
            }
        }
        hop.time_s > song.moments_s[1]
    };
    let mut over = false;
    while !over && listener.listen_hops(|hop| over |= hear(hop))? {}
    let [first, second] = seen;
    first.zip(second).map(Into::into).with_context(|| format!("{} is shorter than its moments", song.name))
}
