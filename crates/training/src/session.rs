//! A training from data to files: which models, in which order, on what, and where the results go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::sidecar::Sidecar;
use dendrite_pipeline::spec::OrbitShape;
use rtneural::{Model, Network, Options, Weights};
use serde::Serialize;

use crate::config::Config;
use crate::corpus::Corpus;
use crate::data::split::folds;
use crate::data::{Piece, Split};
use crate::evaluate::{self, Row, table};
use crate::export::{self, Provenance};
use crate::fit::{self, Checkpoint, Task, fit, load_net};
use crate::history::{Epoch, History, replace};
use crate::music::Learner;
use crate::nets::{DynamicsNet, EmotionTrainer, GrooveNet, HarmonyNet, MelodyNet, OrbitNet};
use crate::tasks::{DynamicsTask, EmotionTask, GrooveTask, HarmonyTask, MelodyTask, OrbitFit};

/// Where things are and come from.
#[derive(Clone, Debug)]
pub struct Places {
    /// Checkpoints, histories and logs.
    pub save_dir: PathBuf,
    /// Finished models with sidecars and cards.
    pub models: PathBuf,
    /// ONNX files; none are written without it.
    pub onnx: Option<PathBuf>,
    /// What the data is, in plain words.
    pub data: String,
    /// What the data does not say, in plain words.
    pub limits: String,
    /// The options of the command line that change the result.
    pub options: String,
}

/// Trains one model and writes everything that belongs to it. Returns false if Ctrl-C ended it.
///
/// # Errors
/// Missing data, a missing emotion model for those that hear with it, files that cannot be written.
pub fn train(
    kind: ModelKind,
    corpus: &mut Corpus,
    config: &Config,
    places: &Places,
    resume: Option<&Path>,
) -> Result<bool> {
    let options = config.of(kind);
    for split in [Split::Train, Split::Validation] {
        let count = corpus.of(split).into_iter().filter(|&i| teaches(kind, &corpus.pieces[i])).count();
        anyhow::ensure!(
            count > 0,
            "{kind}: there is nothing to {}: no piece of that part has {} (pieces read: {}); give more music, or music of another \
             kind (docs/TRAINING.md says what each kind of folder teaches)",
            if split == Split::Train { "learn from" } else { "validate with" },
            lesson(kind),
            corpus.pieces.len()
        );
    }
    if needs_moods(kind) && corpus.moods.is_empty() {
        feel(corpus, &places.models)?;
    }
    let folder = places.save_dir.join(kind.name());
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let effective = toml::to_string_pretty(config).context("a configuration can be written")?;
    replace(&folder.join("config.toml"), effective.as_bytes())?;
    match kind {
        ModelKind::Emotion => {
            run(EmotionTask::new(corpus, options.batch_size), corpus, config, places, resume)
        }
        ModelKind::Harmony => {
            run(HarmonyTask::new(corpus, options.batch_size)?, corpus, config, places, resume)
        }
        ModelKind::Melody => {
            run(MelodyTask::new(corpus, options.batch_size)?, corpus, config, places, resume)
        }
        ModelKind::Dynamics => {
            run(DynamicsTask::new(corpus, options.batch_size)?, corpus, config, places, resume)
        }
        ModelKind::Groove => {
            run(GrooveTask::new(corpus, options.batch_size)?, corpus, config, places, resume)
        }
        ModelKind::Orbit => run(
            OrbitFit::new(corpus, config.orbit_options(), config.data.orbit_pieces, options.batch_size)?,
            corpus,
            config,
            places,
            resume,
        ),
    }
}

fn run<T: Task>(
    mut task: T,
    corpus: &Corpus,
    config: &Config,
    places: &Places,
    resume: Option<&Path>,
) -> Result<bool> {
    let kind = task.kind();
    let started = Instant::now();
    let fitted = fit(&mut task, config.of(kind), &places.save_dir, resume)?;
    if fitted.interrupted {
        return Ok(false);
    }
    let network = task.export(&fitted.net)?;
    // Without test pieces of which the truth is known, the card says that nothing was measured.
    let rows = compare(kind, config.orbit_shape, corpus, &network).unwrap_or_else(|error| {
        println!("{kind}: not measured on held-out pieces: {error:#}");
        Vec::new()
    });
    println!(
        "{kind}: best epoch {} of {}, {:.0} s\n{}",
        fitted.best_epoch,
        fitted.history.epochs.len(),
        started.elapsed().as_secs_f64(),
        table(&rows)
    );
    let provenance = Provenance {
        data: places.data.clone(),
        limits: places.limits.clone(),
        music: Some(
            task.music().unwrap_or_else(|| (corpus.of(Split::Train).len(), corpus.hours(Split::Train))),
        ),
        command: Some(format!("dendrite train {} {}", kind.word(), places.options).trim_end().to_owned()),
        seed: Some(config.of(kind).seed),
        rows,
        shape: config.orbit_shape,
    };
    export::write_model(&places.models, kind, &network, task.standard(), &provenance)?;
    if let Some(folder) = &places.onnx {
        export::write_onnx(folder, kind, &network, task.standard(), config.orbit_shape)?;
    }
    Ok(true)
}

/// The validation metrics of a model in each fold.
#[derive(Clone, Debug, Serialize)]
pub struct Folds {
    /// The model.
    pub model: String,
    /// One entry per fold: the metrics of its best epoch.
    pub folds: Vec<BTreeMap<String, f64>>,
    /// Their means.
    pub mean: BTreeMap<String, f64>,
}

/// Trains each model once for each fold, with that fold for validation and the test pieces left out, and prints the validation
/// metrics of all folds and their means. Returns nothing if Ctrl-C ended it.
///
/// Models that hear with an emotion model are given one that has not learnt from the fold's validation pieces: the fold's own
/// where there is one, which is trained where moods are known, otherwise the one of the folder of models.
///
/// # Errors
/// As [`train`]; and fewer than two pieces, of which no folds can be made.
pub fn cross_validate(
    kinds: &[ModelKind],
    corpus: &Corpus,
    config: &Config,
    places: &Places,
    count: usize,
) -> Result<Option<Vec<Folds>>> {
    let own: Vec<Piece> = corpus.pieces.iter().filter(|piece| piece.split != Split::Test).cloned().collect();
    let folds = folds(&own, count, config.data.seed);
    anyhow::ensure!(!folds.is_empty(), "cross-validation needs two pieces at least, of different content");
    let mut kinds = kinds.to_vec();
    let hearing = kinds.iter().any(|&kind| needs_moods(kind)) && !kinds.contains(&ModelKind::Emotion);
    let felt = hearing && own.iter().any(|piece| teaches(ModelKind::Emotion, piece));
    if felt && kinds.iter().all(|&kind| Learner::of(kind) == Learner::First) {
        kinds.insert(0, ModelKind::Emotion);
    }
    let given = hearing && !kinds.contains(&ModelKind::Emotion);
    let mut scores: Vec<Folds> = kinds
        .iter()
        .map(|kind| Folds { model: kind.name().to_owned(), folds: Vec::new(), mean: BTreeMap::new() })
        .collect();
    for (number, fold) in folds.iter().enumerate() {
        let mut part = Corpus::new(own.clone());
        part.pieces.iter_mut().for_each(|piece| piece.split = Split::Train);
        fold.validation.iter().for_each(|&i| part.pieces[i].split = Split::Validation);
        let save_dir = places.save_dir.join(format!("fold_{}", number + 1));
        let models = save_dir.join("models");
        if given {
            feel(
                &mut part,
                if model_file(&models, ModelKind::Emotion).exists() { &models } else { &places.models },
            )?;
        }
        let places = Places { models, save_dir, onnx: None, ..places.clone() };
        for (&kind, scores) in kinds.iter().zip(&mut scores) {
            if !train(kind, &mut part, config, &places, None)? {
                return Ok(None);
            }
            let file = places.save_dir.join(kind.name()).join("training_history.json");
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let history: History = serde_json::from_str(&text).context("a history that was just written")?;
            let loss = |epoch: &&Epoch| epoch.validation.get("loss").copied().unwrap_or(f64::INFINITY);
            if let Some(best) = history.epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))) {
                scores.folds.push(best.validation.clone());
            }
        }
    }
    for scores in &mut scores {
        println!("{}: validation of {} folds", scores.model, scores.folds.len());
        let names: Vec<String> =
            scores.folds.first().map(|f| f.keys().cloned().collect()).unwrap_or_default();
        for name in names {
            let values: Vec<f64> = scores.folds.iter().filter_map(|fold| fold.get(&name).copied()).collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            println!("  {name}: mean {mean:.4}, each {values:.4?}");
            scores.mean.insert(name, mean);
        }
    }
    Ok(Some(scores))
}

/// Writes what a cross-validation gave to SAVE_DIR/cross_validation.json.
///
/// # Errors
/// A file that cannot be written.
pub fn write_folds(scores: &[Folds], save_dir: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(scores).context("scores can be written")?;
    replace(&save_dir.join("cross_validation.json"), json.as_bytes())
}

/// Measures the models of a folder on the test pieces of a corpus, prints what comes out, and adds it to a report.
///
/// A model that is missing or cannot be read, or of which the pieces do not know the truth, is named and the others go on.
pub fn evaluate(kinds: &[ModelKind], corpus: &mut Corpus, models: &Path, report: &mut Report) {
    if kinds.iter().any(|&kind| needs_moods(kind)) {
        // Those that need it say so themselves.
        let _ = feel(corpus, models);
    }
    for &kind in kinds {
        let file = model_file(models, kind);
        if !file.exists() {
            println!("{kind}: {} is not there\n", file.display());
            continue;
        }
        match measured(kind, &file, corpus) {
            Ok(rows) => {
                println!("{kind}\n{}", table(&rows));
                report.models.insert(kind.name().to_owned(), rows);
            }
            Err(error) => println!("{kind}: not measured: {error:#}\n"),
        }
    }
}

/// The comparison of a model in a file.
fn measured(kind: ModelKind, file: &Path, corpus: &Corpus) -> Result<Vec<Row>> {
    let network = Network::read(file)?;
    let shape = Sidecar::read_for(file)?.and_then(|sidecar| sidecar.orbit).unwrap_or_default();
    compare(kind, shape, corpus, &network)
}

/// Where a model is in a folder.
fn model_file(models: &Path, kind: ModelKind) -> PathBuf {
    models.join(format!("{}.json", kind.name()))
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The comparison of each model, by name.
    pub models: BTreeMap<String, Vec<Row>>,
}

impl Report {
    /// Writes `evaluation.json` and `evaluation.md` into a folder.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let json = serde_json::to_string_pretty(self).context("a report can be written")?;
        replace(&folder.join("evaluation.json"), json.as_bytes())?;
        let section =
            |(name, rows): (&String, &Vec<Row>)| format!("## {name}\n\n```text\n{}```\n", table(rows));
        let sections: Vec<String> = self.models.iter().map(section).collect();
        let text = format!("# Evaluation on held-out pieces\n\n{}", sections.join("\n"));
        replace(&folder.join("evaluation.md"), text.as_bytes())
    }
}

/// Writes model and sidecar of a checkpoint, as RTNeural JSON and as ONNX.
///
/// # Errors
/// There is no checkpoint, its weights do not fit, or files cannot be written.
pub fn export_checkpoint(folder: &Path, out: &Path) -> Result<ModelKind> {
    let Checkpoint { kind, standard, orbit, .. } = fit::checkpoint(folder)?;
    let shape = orbit.unwrap_or_default().shape;
    let device = Device::flex();
    let network = match kind {
        ModelKind::Emotion => load_net(folder, EmotionTrainer::new(&device))?.net.export(&standard),
        ModelKind::Harmony => load_net(folder, HarmonyNet::new(&device))?.export(&standard),
        ModelKind::Melody => load_net(folder, MelodyNet::new(&device))?.export(&standard),
        ModelKind::Dynamics => load_net(folder, DynamicsNet::new(&device))?.export(&standard),
        ModelKind::Groove => load_net(folder, GrooveNet::new(&device))?.export(&standard),
        ModelKind::Orbit => load_net(folder, OrbitNet::new(shape, &device))?.export(&standard),
    }?;
    let provenance = Provenance {
        data: format!(
            "Exported from the checkpoint {}; what it was trained on stands in its log.",
            folder.display()
        ),
        shape,
        ..Provenance::default()
    };
    export::write_model(out, kind, &network, &standard, &provenance)?;
    export::write_onnx(out, kind, &network, &standard, shape)?;
    Ok(kind)
}

/// The model beside what it must beat, on the test pieces, with weights as it plays; empty without test pieces.
///
/// # Errors
/// A network of another model.
pub fn compare(kind: ModelKind, shape: OrbitShape, corpus: &Corpus, network: &Network) -> Result<Vec<Row>> {
    if corpus.of(Split::Test).is_empty() {
        return Ok(Vec::new());
    }
    let model = Model::new(network, Options::with_weights(Weights::F16))?;
    match kind {
        ModelKind::Emotion => evaluate::emotion::compare(corpus, &model),
        ModelKind::Harmony => evaluate::harmony::compare(corpus, &model),
        ModelKind::Melody => evaluate::melody::compare(corpus, &model),
        ModelKind::Dynamics => evaluate::dynamics::compare(corpus, &model),
        ModelKind::Groove => evaluate::groove::compare(corpus, &model),
        ModelKind::Orbit => evaluate::orbit::compare(corpus, &model, shape),
    }
}

/// What a model learns from, in words.
fn lesson(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Emotion => "known moods",
        ModelKind::Harmony => "known chords",
        ModelKind::Melody => "a known melody",
        ModelKind::Dynamics | ModelKind::Groove => "known bars",
        ModelKind::Orbit => "sound",
    }
}

/// Whether a model can learn from a piece.
fn teaches(kind: ModelKind, piece: &Piece) -> bool {
    let truth = &piece.truth;
    match kind {
        ModelKind::Emotion => truth.mood.is_some(),
        ModelKind::Harmony => truth.chords.is_some(),
        ModelKind::Melody => {
            truth.steps.as_ref().is_some_and(|steps| steps.iter().any(|step| step.melody.is_some()))
        }
        ModelKind::Dynamics | ModelKind::Groove => truth.steps.is_some() && truth.bars.is_some(),
        ModelKind::Orbit => !piece.frames.is_empty(),
    }
}

/// Whether a model is given what the emotion model says.
pub fn needs_moods(kind: ModelKind) -> bool {
    !matches!(kind, ModelKind::Emotion | ModelKind::Orbit)
}

/// Runs the emotion model of a folder over the corpus, in f16 as it plays.
///
/// # Errors
/// There is none, or it is refused.
pub fn feel(corpus: &mut Corpus, models: &Path) -> Result<()> {
    let file = model_file(models, ModelKind::Emotion);
    let model = Model::load(&file, Options::with_weights(Weights::F16)).with_context(|| {
        "the other models hear with the emotion model: train it first, or name the folder of one with --models".to_owned()
    })?;
    corpus.feel(&model)
}
