//! Where the pieces of a training come from: the generator, or a folder of the user's.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use dendrite_generator as generator;
use dendrite_pipeline::ModelKind;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::DataOptions;
use crate::corpus::Corpus;
use crate::data::sets::{chords, deam, groove, lakh, maestro};
use crate::data::split::Shares;
use crate::data::{Cache, Loading, Piece, folder, generated};
use crate::history::replace;

/// Distance between the seeds of two splits; a split has fewer pieces than that.
const SEEDS_APART: u64 = 1_000_000;

/// How a folder of music is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Audio files, with annotations beside them where there are any
    Folder,
    /// DEAM: songs and two tables of valence and arousal per half second
    Deam,
    /// Lakh: folders of MIDI files
    Lakh,
    /// MAESTRO: maestro-v3.0.0.csv, MIDI and audio
    Maestro,
    /// Groove MIDI: info.csv and MIDI
    Groove,
    /// Chord annotations (.lab in Isophonics' manner, or CSV) and songs
    Chords,
}

impl Layout {
    /// What a folder looks like.
    pub fn of(folder: &Path) -> Self {
        let has = |name: &str| folder.join(name).is_file();
        let ends = |ending: &str| {
            walkdir::WalkDir::new(folder)
                .into_iter()
                .flatten()
                .any(|entry| entry.path().extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)))
        };
        let below = |name: &str| {
            walkdir::WalkDir::new(folder).into_iter().flatten().any(|entry| entry.file_name() == name)
        };
        if has("maestro-v3.0.0.csv") {
            Layout::Maestro
        } else if has("info.csv") {
            Layout::Groove
        } else if below("arousal.csv") && below("valence.csv") {
            Layout::Deam
        } else if ends("lab") {
            Layout::Chords
        } else if !dendrite_audio::ENDINGS.iter().any(|ending| ends(ending)) && ends("mid") {
            Layout::Lakh
        } else {
            Layout::Folder
        }
    }
}

/// How a folder of the user's is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'a> {
    /// How it is laid out; what it looks like, where that is not said.
    pub layout: Option<Layout>,
    /// Files at most.
    pub max_files: Option<usize>,
    /// Seed of the split.
    pub seed: u64,
    /// Where features are kept.
    pub cache: Option<&'a Cache>,
    /// The file that says of every file what became of it.
    pub report: Option<&'a Path>,
}

/// The pieces of a folder; prints what became of its files.
///
/// # Errors
/// The folder cannot be read, or nothing in it can be used.
pub fn load(path: &Path, own: &Own) -> Result<Corpus> {
    let layout = own.layout.unwrap_or_else(|| Layout::of(path));
    let bar = ProgressBar::new(0);
    let template = "    files [{bar:30}] {pos}/{len}  reading and hearing  {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let loading = Loading {
        cache: own.cache,
        max_files: own.max_files,
        seed: own.seed,
        shares: Shares::default(),
        progress: Some(&progress),
    };
    let loaded = match layout {
        Layout::Folder => folder::load(path, &loading),
        Layout::Deam => deam::load(path, &loading),
        Layout::Lakh => lakh::load(path, lakh::Sound::Rendered, &loading),
        Layout::Maestro => maestro::load(path, &loading),
        Layout::Groove => groove::load(path, &loading),
        Layout::Chords => chords::load(path, path, &loading),
    }
    .with_context(|| format!("{}, read as {layout:?}", path.display()))?;
    bar.finish_and_clear();
    println!("{}", loaded.report);
    if let Some(file) = own.report {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        replace(file, loaded.report.all().as_bytes())?;
        println!("{} names every file", file.display());
    }
    Ok(Corpus::new(loaded.pieces))
}

/// Who learns from the pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learner {
    /// Emotion, harmony, melody and orbit.
    First,
    /// Dynamics and groove, which are small, are given little else than what the emotion model says, and trust it too much
    /// on pieces that it knows. (Melody gains more from more pieces than it loses by that.)
    Second,
}

impl Learner {
    /// Which a model is.
    pub fn of(kind: ModelKind) -> Self {
        match kind {
            ModelKind::Emotion | ModelKind::Harmony | ModelKind::Melody | ModelKind::Orbit => Learner::First,
            ModelKind::Dynamics | ModelKind::Groove => Learner::Second,
        }
    }
}

/// Pieces of the generator for all three splits; the two kinds of learners share those of validation and test.
///
/// # Errors
/// None at present; reading a cache that is broken makes its pieces anew.
pub fn generate(options: &DataOptions, learner: Learner, cache: Option<&Cache>) -> Result<Corpus> {
    let (train_pieces, train_seed) = match learner {
        Learner::First => (options.train_pieces, options.seed),
        Learner::Second => (options.second_train_pieces, options.seed + 3 * SEEDS_APART),
    };
    let counts = [
        (generator::Split::Train, train_pieces),
        (generator::Split::Validation, options.validation_pieces),
        (generator::Split::Test, options.test_pieces),
    ];
    let bar = ProgressBar::new(counts.iter().map(|(_, count)| *count as u64).sum());
    let template = "   pieces [{bar:30}] {pos}/{len}  composing, playing and hearing  {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, (split, count)) in counts.into_iter().enumerate() {
        let first = match split {
            generator::Split::Train => train_seed,
            _ => options.seed + number as u64 * SEEDS_APART,
        };
        let long =
            |n: &u64| split != generator::Split::Train || n.is_multiple_of(options.long_every.max(1) as u64);
        for (wanted, [shortest, longest]) in [(true, options.long_s), (false, options.short_s)] {
            let asked =
                generator::Options { split, length_s: shortest..=longest, ..generator::Options::default() };
            let before = pieces.len() as u64;
            let progress = |done: usize| bar.set_position(before + done as u64);
            let seeds = (0..count as u64).filter(|n| long(n) == wanted).map(|n| first + n);
            pieces.extend(generated::pieces(seeds, &asked, cache, progress));
        }
    }
    bar.finish_and_clear();
    Ok(Corpus::new(pieces))
}

/// Writes pieces as WAV, MIDI and labels, so that anyone can listen. Returns the names.
///
/// # Errors
/// Files that cannot be written.
pub fn write(
    first_seed: u64,
    count: usize,
    options: &generator::Options,
    folder: &Path,
) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let mut names = Vec::new();
    for seed in first_seed..first_seed + count as u64 {
        let score = generator::compose(seed, options);
        let written = generator::write_files(&score, folder, &format!("piece_{seed:05}"))?;
        names.push(written.wav.display().to_string());
    }
    Ok(names)
}
