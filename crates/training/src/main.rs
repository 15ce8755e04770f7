//! The program `dendrite-train`: reads the command line and trains.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use dendrite_generator as generator;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{self, OrbitShape};
use dendrite_training::config::Config;
use dendrite_training::fit::{self, FitOptions, INTERRUPTED, TRAINING};
use dendrite_training::music::{self, Layout, Learner};
use dendrite_training::orbit::objective::Weights;
use dendrite_training::session::{self, Places};
use dendrite_training::{corpus::Corpus, data::Cache};

/// Train the six models.
#[derive(Parser)]
#[command(name = "dendrite-train", bin_name = "dendrite train", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  dendrite train all --out models                     all six, on music of the built-in generator
  dendrite train orbit --epochs 1 --max-files 1       a quick look
  dendrite train generate --pieces 5 --out music      listen to what the models are trained on
  dendrite train evaluate --models models             how good are they?
  dendrite train harmony --resume checkpoints/harmonypredictor/last")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Mood from the mel spectrum
    Emotion(TrainArguments),
    /// Chords
    Harmony(TrainArguments),
    /// The melody's next pitch
    Melody(TrainArguments),
    /// How to play
    Dynamics(TrainArguments),
    /// When to play
    Groove(TrainArguments),
    /// How the picture moves
    Orbit(TrainArguments),
    /// All six, in the order in which they need one another
    All(TrainArguments),
    /// Write pieces of the generator: WAV, MIDI and labels
    Generate(GenerateArguments),
    /// Write the model of a checkpoint as RTNeural JSON and as ONNX
    Export(ExportArguments),
    /// Measure the models of a folder on held-out pieces, beside what they must beat
    Evaluate(EvaluateArguments),
}

#[derive(Args, Clone)]
struct TrainArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Epochs at most
    #[arg(long, value_parser = at_least_one)]
    epochs: Option<usize>,
    /// Rows or sequences in a batch
    #[arg(long, value_parser = at_least_one)]
    batch_size: Option<usize>,
    /// The greatest learning rate
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Epochs without progress after which it stops
    #[arg(long, value_parser = at_least_one)]
    patience: Option<usize>,
    /// Seed of the models
    #[arg(long)]
    seed: Option<u64>,
    /// Checkpoints, histories and the log
    #[arg(long, default_value = "checkpoints")]
    save_dir: PathBuf,
    /// Finished models, sidecars and cards [default: SAVE_DIR/models]
    #[arg(long, visible_alias = "models")]
    out: Option<PathBuf>,
    /// ONNX files and their metadata [default: SAVE_DIR/onnx]
    #[arg(long)]
    onnx: Option<PathBuf>,
    /// Cross-validation: train so many times, each time with another part for validation
    #[arg(long, value_name = "K")]
    folds: Option<usize>,
    /// Orbit: weight of the preset orbits in the loss, and what is left of it after each epoch
    #[arg(long)]
    curriculum_weight: Option<f64>,
    /// Orbit: what is left of that weight after each epoch
    #[arg(long)]
    curriculum_decay: Option<f64>,
    /// Accepted for the sake of older command lines: pictures are rendered on the CPU always
    #[arg(long)]
    no_gpu_rendering: bool,
    #[command(flatten)]
    shape: ShapeArguments,
    /// Go on from a checkpoint folder
    #[arg(long, value_name = "CHECKPOINT")]
    resume: Option<PathBuf>,
}

#[derive(Args, Clone)]
struct DataArguments {
    /// A TOML file with what differs from crates/training/config.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of music instead of the generator's
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How that folder is laid out [default: what it looks like]
    #[arg(long, value_enum)]
    layout: Option<Layout>,
    /// Pieces to train on at most; validation and test shrink alike
    #[arg(long, value_parser = at_least_one)]
    max_files: Option<usize>,
    /// Where features are kept between runs
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Threads for data [default: all]
    #[arg(long)]
    num_workers: Option<usize>,
}

#[derive(Args)]
struct GenerateArguments {
    /// How many
    #[arg(long, default_value_t = 5)]
    pieces: usize,
    /// Where to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of the first
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which part of the data; test is played in timbres of its own
    #[arg(long, value_enum, default_value_t = Part::Train)]
    split: Part,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Train,
    Validation,
    Test,
}

#[derive(Args)]
struct ExportArguments {
    /// A checkpoint's folder, for example checkpoints/orbit_control/best
    checkpoint: PathBuf,
    /// Where to
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    out: PathBuf,
}

/// The orbit model's shape, where it is not the default.
#[derive(Args, Clone)]
struct ShapeArguments {
    /// Orbit: frames in the window [default: 10]
    #[arg(long)]
    window_frames: Option<usize>,
    /// Orbit: first differences behind the six features of each frame
    #[arg(long)]
    include_delta: bool,
    /// Orbit: second differences
    #[arg(long)]
    include_delta_delta: bool,
    /// Orbit: band gates [default: 6]
    #[arg(long)]
    k_bands: Option<usize>,
}

impl ShapeArguments {
    /// A shape with what was asked for.
    fn over(&self, shape: OrbitShape) -> Result<OrbitShape> {
        let shape = OrbitShape {
            window_frames: self.window_frames.unwrap_or(shape.window_frames),
            include_delta: self.include_delta || shape.include_delta,
            include_delta_delta: self.include_delta_delta || shape.include_delta_delta,
            bands: self.k_bands.unwrap_or(shape.bands),
        };
        anyhow::ensure!(
            shape.is_possible(),
            "--window-frames must be 1 to {} and --k-bands 1 to {}",
            spec::MOST_WINDOW_FRAMES,
            spec::MOST_BANDS
        );
        Ok(shape)
    }
}

#[derive(Args)]
struct EvaluateArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The models
    #[arg(long, default_value = "models", value_name = "DIR")]
    models: PathBuf,
    /// Where evaluation.json and evaluation.md are written
    #[arg(long, default_value = "checkpoints", value_name = "DIR")]
    out: PathBuf,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number of at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Without a handler Ctrl-C ends the program at once, which loses no finished epoch either.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) || !TRAINING.load(Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    match run(arguments.command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<bool> {
    let kinds = |kind| vec![kind];
    match command {
        Command::Emotion(arguments) => train(&kinds(ModelKind::Emotion), arguments),
        Command::Harmony(arguments) => train(&kinds(ModelKind::Harmony), arguments),
        Command::Melody(arguments) => train(&kinds(ModelKind::Melody), arguments),
        Command::Dynamics(arguments) => train(&kinds(ModelKind::Dynamics), arguments),
        Command::Groove(arguments) => train(&kinds(ModelKind::Groove), arguments),
        Command::Orbit(arguments) => train(&kinds(ModelKind::Orbit), arguments),
        Command::All(arguments) => train(
            &[
                ModelKind::Emotion,
                ModelKind::Harmony,
                ModelKind::Melody,
                ModelKind::Dynamics,
                ModelKind::Groove,
                ModelKind::Orbit,
            ],
            arguments,
        ),
        Command::Generate(arguments) => {
            let split = match arguments.split {
                Part::Train => generator::Split::Train,
                Part::Validation => generator::Split::Validation,
                Part::Test => generator::Split::Test,
            };
            let options = generator::Options::default().with_split(split);
            for name in music::write(arguments.seed, arguments.pieces, &options, &arguments.out)? {
                println!("{name}");
            }
            Ok(true)
        }
        Command::Export(arguments) => {
            let kind = session::export_checkpoint(&arguments.checkpoint, &arguments.out)?;
            println!("{}: {}.json and .onnx", arguments.out.display(), kind.name());
            Ok(true)
        }
        Command::Evaluate(arguments) => evaluate(&arguments),
    }
}

/// The defaults, over them the options of a checkpoint that is gone on with, over them the user's file.
fn prepare(arguments: &DataArguments, resume: Option<&Path>) -> Result<Config> {
    let mut config = Config::default();
    if let Some(folder) = resume {
        config = config.with_checkpoint(fit::checkpoint(folder)?);
    }
    if let Some(file) = &arguments.config {
        config = config.with_file(file)?;
    }
    if let Some(most) = arguments.max_files {
        let data = &mut config.data;
        let part = |count: usize, of: usize| (count * most).div_ceil(of.max(1)).clamp(1, count.max(1));
        let train = data.train_pieces;
        (data.validation_pieces, data.test_pieces) =
            (part(data.validation_pieces, train), part(data.test_pieces, train));
        data.train_pieces = most.min(train);
        data.second_train_pieces = most.min(data.second_train_pieces);
    }
    if let Some(threads) = arguments.num_workers.filter(|&threads| threads > 0) {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("starting the workers")?;
    }
    Ok(config)
}

/// The pieces that some models learn from: the generator's, or those of the user's folder.
fn corpus(arguments: &DataArguments, config: &mut Config, learner: Learner, out: &Path) -> Result<Corpus> {
    let cache = arguments.cache_dir.as_deref().map(Cache::open).transpose()?;
    let corpus = match &arguments.data_dir {
        Some(folder) => {
            let options = music::Own {
                layout: arguments.layout,
                max_files: arguments.max_files,
                seed: config.data.seed,
                cache: cache.as_ref(),
                report: Some(&out.join("data_report.txt")),
            };
            let corpus = music::load(folder, &options)?;
            config.data.orbit_pieces = corpus.pieces.len();
            corpus
        }
        None => music::generate(&config.data, learner, cache.as_ref())?,
    };
    if let Some(failure) = cache.as_ref().and_then(Cache::failure) {
        eprintln!("warning: features could not be kept: {failure}");
    }
    Ok(corpus)
}

fn train(kinds: &[ModelKind], arguments: TrainArguments) -> Result<bool> {
    anyhow::ensure!(
        arguments.resume.is_none() || kinds.len() == 1,
        "--resume goes on with one model; name it instead of `all`"
    );
    anyhow::ensure!(
        arguments.resume.is_none() || arguments.folds.is_none(),
        "--resume goes on with one training, --folds begins several: leave one of them out"
    );
    let mut config = prepare(&arguments.data, arguments.resume.as_deref())?;
    for &kind in kinds {
        let options = config.of_mut(kind);
        options.epochs = arguments.epochs.unwrap_or(options.epochs);
        options.batch_size = arguments.batch_size.unwrap_or(options.batch_size);
        options.learning_rate = arguments.learning_rate.unwrap_or(options.learning_rate);
        options.patience = arguments.patience.unwrap_or(options.patience);
        options.seed = arguments.seed.unwrap_or(options.seed);
    }
    let objective = &mut config.orbit_objective;
    objective.curriculum = arguments.curriculum_weight.unwrap_or(objective.curriculum);
    objective.curriculum_decay = arguments.curriculum_decay.unwrap_or(objective.curriculum_decay);
    config.orbit_shape = arguments.shape.over(config.orbit_shape)?;
    let places = Places {
        models: arguments.out.unwrap_or_else(|| arguments.save_dir.join("models")),
        onnx: Some(arguments.onnx.unwrap_or_else(|| arguments.save_dir.join("onnx"))),
        save_dir: arguments.save_dir,
        data: match &arguments.data.data_dir {
            Some(folder) => format!("The music of {}.", folder.display()),
            None => format!(
                "Music of the built-in generator (version {}, seeds from {}).",
                generator::VERSION,
                config.data.seed
            ),
        },
        limits: match &arguments.data.data_dir {
            Some(_) => String::new(),
            None => "No recorded music, no listeners' ratings: what the figures below say of real music is unknown. Melody \
                     and chords of the test pieces are played in timbres that training never hears."
                .to_owned(),
        },
        options: match arguments.resume {
            // What the checkpoint was trained with is not on this command line.
            Some(_) => resumed_options(kinds, &config),
            None => options(std::env::args().skip(2)),
        },
    };
    if let Some(folds) = arguments.folds {
        anyhow::ensure!(folds > 1, "--folds needs 2 at least: what one part validates, the others train");
        let mut all = Vec::new();
        for (learner, kinds) in by_learner(kinds) {
            let corpus = corpus(&arguments.data, &mut config, learner, &places.save_dir)?;
            match session::cross_validate(&kinds, &corpus, &config, &places, folds)? {
                Some(scores) => all.extend(scores),
                None => return Ok(false),
            }
        }
        session::write_folds(&all, &places.save_dir)?;
        return Ok(true);
    }
    for (learner, kinds) in by_learner(kinds) {
        let mut corpus = corpus(&arguments.data, &mut config, learner, &places.save_dir)?;
        for kind in kinds {
            if !session::train(kind, &mut corpus, &config, &places, arguments.resume.as_deref())? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The options that train a model from the beginning as it is trained after it was resumed.
fn resumed_options(kinds: &[ModelKind], config: &Config) -> String {
    let mut all = String::new();
    for &kind in kinds {
        let FitOptions { epochs, patience, batch_size, learning_rate, seed, .. } = config.of(kind);
        all += &format!(
            "--epochs {epochs} --patience {patience} --batch-size {batch_size} --learning-rate {learning_rate} --seed {seed}"
        );
        if kind == ModelKind::Orbit && config.orbit_shape != OrbitShape::default() {
            let OrbitShape { window_frames, include_delta, include_delta_delta, bands } = config.orbit_shape;
            all += &format!(" --window-frames {window_frames} --k-bands {bands}");
            all += if include_delta { " --include-delta" } else { "" };
            all += if include_delta_delta { " --include-delta-delta" } else { "" };
        }
        let Weights { curriculum, curriculum_decay, .. } = config.orbit_objective;
        let usual = Weights::default();
        if kind == ModelKind::Orbit
            && (curriculum, curriculum_decay) != (usual.curriculum, usual.curriculum_decay)
        {
            all += &format!(" --curriculum-weight {curriculum} --curriculum-decay {curriculum_decay}");
        }
    }
    all
}

/// Models with the pieces that they learn from; none without models.
fn by_learner(kinds: &[ModelKind]) -> Vec<(Learner, Vec<ModelKind>)> {
    let of = |learner| kinds.iter().copied().filter(|&kind| Learner::of(kind) == learner).collect();
    let all = [Learner::First, Learner::Second].map(|learner| (learner, of(learner)));
    all.into_iter().filter(|(_, kinds): &(_, Vec<_>)| !kinds.is_empty()).collect()
}

/// The options that change the result; where things are kept, and how many threads there are, does not.
fn options(arguments: impl Iterator<Item = String>) -> String {
    const PLACES: [&str; 7] =
        ["--cache-dir", "--save-dir", "--out", "--models", "--onnx", "--resume", "--num-workers"];
    let mut kept = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let name = argument.split('=').next().unwrap_or_default();
        if !PLACES.contains(&name) {
            kept.push(argument);
        } else if !argument.contains('=') {
            arguments.next();
        }
    }
    kept.join(" ")
}

fn evaluate(arguments: &EvaluateArguments) -> Result<bool> {
    let mut config = prepare(&arguments.data, None)?;
    let mut report = session::Report::default();
    // Each on the pieces that its baselines learn from, too; of a folder they are the same.
    let groups = match arguments.data.data_dir {
        Some(_) => vec![(Learner::First, ModelKind::ALL.to_vec())],
        None => by_learner(&ModelKind::ALL),
    };
    for (learner, kinds) in groups {
        let mut corpus = corpus(&arguments.data, &mut config, learner, &arguments.out)?;
        session::evaluate(&kinds, &mut corpus, &arguments.models, &mut report);
    }
    report.write(&arguments.out)?;
    println!("{}: evaluation.json and evaluation.md", arguments.out.display());
    Ok(true)
}
