//! A training from data to files: which models, in which order, on what, and where the results go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::Device;
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::OrbitShape;
use rtneural::{Model, Network, Options, Weights};

use crate::config::Config;
use crate::corpus::Corpus;
use crate::data::split::folds;
use crate::data::{Piece, Split};
use crate::evaluate::{self, Row, table};
use crate::export::{self, Provenance};
use crate::fit::{self, Task, fit, load_net};
use crate::history::{Epoch, History, replace};
use crate::nets::{DynamicsNet, EmotionTrainer, GrooveNet, HarmonyNet, MelodyNet, OrbitNet};
use crate::orbit;
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
    /// The orbit model's shape.
    pub shape: OrbitShape,
    /// The orbit model's objective.
    pub orbit_weights: orbit::objective::Weights,
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
    if needs_moods(kind) && corpus.moods.is_empty() {
        feel(corpus, &places.models)?;
    }
    std::fs::create_dir_all(&places.save_dir)
        .with_context(|| format!("creating {}", places.save_dir.display()))?;
    let effective = toml::to_string_pretty(config).context("a configuration can be written")?;
    replace(&places.save_dir.join("config.toml"), effective.as_bytes())?;
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
            OrbitFit::new(corpus, places.shape, places.orbit_weights, options.batch_size)?,
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
    let rows = compare(kind, corpus, &network).unwrap_or_else(|error| {
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
        shape: places.shape,
    };
    export::write_model(&places.models, kind, &network, task.standard(), &provenance)?;
    if let Some(folder) = &places.onnx {
        export::write_onnx(folder, kind, &network, task.standard(), places.shape)?;
    }
    Ok(true)
}

/// Trains each model once for each fold, with that fold for validation and the test pieces left out, and prints the
/// validation metrics of all folds and their mean. Returns false if Ctrl-C ended it.
///
/// # Errors
/// As [`train`]; and fewer than two pieces, of which no folds can be made.
pub fn cross_validate(
    kinds: &[ModelKind],
    corpus: &mut Corpus,
    config: &Config,
    places: &Places,
    count: usize,
) -> Result<bool> {
    let own: Vec<Piece> = corpus.pieces.iter().filter(|piece| piece.split != Split::Test).cloned().collect();
    let folds = folds(&own, count, config.data.seed);
    anyhow::ensure!(!folds.is_empty(), "cross-validation needs two pieces at least, of different content");
    // Each fold hears with an emotion model of its own: another would have learnt from the fold's validation pieces.
    let mut kinds = kinds.to_vec();
    if kinds.iter().any(|&kind| needs_moods(kind)) && !kinds.contains(&ModelKind::Emotion) {
        kinds.insert(0, ModelKind::Emotion);
    }
    let mut scores: Vec<Vec<BTreeMap<String, f64>>> = vec![Vec::new(); kinds.len()];
    for (number, fold) in folds.iter().enumerate() {
        let mut part = Corpus::new(own.clone());
        part.pieces.iter_mut().for_each(|piece| piece.split = Split::Train);
        fold.validation.iter().for_each(|&i| part.pieces[i].split = Split::Validation);
        let save_dir = places.save_dir.join(format!("fold_{}", number + 1));
        let places = Places { models: save_dir.join("models"), save_dir, onnx: None, ..places.clone() };
        for (&kind, scores) in kinds.iter().zip(&mut scores) {
            if !train(kind, &mut part, config, &places, None)? {
                return Ok(false);
            }
            let file = places.save_dir.join(kind.name()).join("training_history.json");
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let history: History = serde_json::from_str(&text).context("a history that was just written")?;
            let loss = |epoch: &&Epoch| epoch.validation.get("loss").copied().unwrap_or(f64::INFINITY);
            if let Some(best) = history.epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))) {
                scores.push(best.validation.clone());
            }
        }
    }
    for (kind, scores) in kinds.iter().zip(&scores) {
        println!("{kind}: validation of {} folds", scores.len());
        for name in scores.first().map(|first| first.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
        {
            let values: Vec<f64> = scores.iter().filter_map(|score| score.get(&name).copied()).collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            println!("  {name}: mean {mean:.4}, each {values:.4?}");
        }
    }
    Ok(true)
}

/// Writes model and sidecar of a checkpoint, as RTNeural JSON and as ONNX.
///
/// # Errors
/// There is no checkpoint, its weights do not fit, or files cannot be written.
pub fn export_checkpoint(folder: &Path, shape: OrbitShape, out: &Path) -> Result<ModelKind> {
    let (kind, standard) = fit::checkpoint(folder)?;
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
pub fn compare(kind: ModelKind, corpus: &Corpus, network: &Network) -> Result<Vec<Row>> {
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
        ModelKind::Orbit => evaluate::orbit::compare(corpus, &model),
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
    let file = models.join(format!("{}.json", ModelKind::Emotion.name()));
    let model = Model::load(&file, Options::with_weights(Weights::F16)).with_context(|| {
        "the other models hear with the emotion model: train it first, or name the folder of one with --models".to_owned()
    })?;
    corpus.feel(&model)
}
