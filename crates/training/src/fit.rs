//! The training loop: epochs, checkpoints that resume to the same numbers, early stopping, history.
//!
//! ```text
//! SAVE_DIR/<model>/best/          at the best validation score: net.bpk, optimizer.bpk, state.json
//!                  last/          after every epoch: the same, and best/ where an epoch before was better
//!                  epoch_0010/    every ten epochs, likewise
//!                  training_history.json  .csv  loss.svg
//! SAVE_DIR/train.log
//! ```
//! Everything random is drawn from (seed, epoch), a checkpoint stands at the end of an epoch, and it knows the best epoch up
//! to itself and how it was trained, so that a run that was interrupted and resumed gives the numbers, and the network, of
//! one that was not.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::OrbitShape;
use indicatif::{ProgressBar, ProgressStyle};
use rtneural::Network;
use serde::{Deserialize, Serialize};

use crate::history::{self, Epoch, History};
use crate::nets::Standard;
use crate::orbit::OrbitOptions;

/// Set by Ctrl-C: loops stop after the batch in work; the last finished epoch is on disk.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether there is a loop that looks at [`INTERRUPTED`].
pub static TRAINING: AtomicBool = AtomicBool::new(false);

/// Epochs between two checkpoints that are kept.
const KEPT_EVERY: usize = 10;
/// Share of the learning rate at the end of the cosine.
const LAST_RATE: f64 = 0.02;
/// The files of a checkpoint.
const NET: &str = "net.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";
/// A checkpoint's own folder for the best epoch up to it.
const BEST: &str = "best";

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitOptions {
    /// Epochs at most.
    pub epochs: usize,
    /// Epochs without a better validation score after which it stops.
    pub patience: usize,
    /// Rows or sequences in a batch.
    pub batch_size: usize,
    /// The greatest learning rate; it falls to 2 % of it along a cosine.
    pub learning_rate: f64,
    /// Gradients of one parameter longer than this are shortened.
    pub gradient_norm: f32,
    /// Seed of everything random.
    pub seed: u64,
}

/// One model's data and objective.
pub trait Task {
    /// The network.
    type Net: Module + Clone;

    /// Which of the six.
    fn kind(&self) -> ModelKind;

    /// A network with fresh weights, on the device's current seed.
    fn fresh(&self, device: &Device) -> Self::Net;

    /// Prepares an epoch (1 is the first) of the network as it is: shuffles by the seed. Returns the number of batches.
    ///
    /// # Errors
    /// There is nothing to learn from.
    fn begin_epoch(&mut self, net: &Self::Net, epoch: usize, seed: u64) -> Result<usize>;

    /// The loss on batch `index` of the epoch.
    ///
    /// # Errors
    /// The batch cannot be made.
    fn loss(&mut self, net: &Self::Net, index: usize, device: &Device) -> Result<Tensor<1>>;

    /// The network of the file.
    ///
    /// # Errors
    /// Weights that are not finite.
    fn export(&self, net: &Self::Net) -> Result<Network, rtneural::Error>;

    /// Metrics on the validation pieces, with the network as it is exported; `loss` is the score, the lower the better.
    ///
    /// # Errors
    /// The network cannot be run.
    fn validate(&self, network: &Network) -> Result<BTreeMap<String, f64>>;

    /// What the inputs are standardised by.
    fn standard(&self) -> &Standard;

    /// Pieces and hours that are learnt from, where these are not all that there are for training.
    fn music(&self) -> Option<(usize, f64)> {
        None
    }

    /// Of the orbit model, its shape and its objective.
    fn orbit(&self) -> Option<OrbitOptions> {
        None
    }
}

/// What a checkpoint remembers besides weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    model: String,
    epoch: usize,
    best_score: f64,
    best_epoch: usize,
    history: History,
    options: FitOptions,
    standard: Standard,
    #[serde(default)]
    orbit: Option<OrbitOptions>,
}

/// A trained network.
pub struct Fitted<N> {
    /// The best of all epochs by validation; the last one, if it was interrupted.
    pub net: N,
    /// What happened on the way.
    pub history: History,
    /// The epoch of the best, from 1.
    pub best_epoch: usize,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
}

/// Trains a network and keeps the best.
///
/// # Errors
/// Files that cannot be written, a checkpoint of another model or shape, a loss that is not a number.
pub fn fit<T: Task>(
    task: &mut T,
    options: &FitOptions,
    save_dir: &Path,
    resume: Option<&Path>,
) -> Result<Fitted<T::Net>> {
    anyhow::ensure!(
        options.epochs > 0 && options.patience > 0 && options.batch_size > 0,
        "{}: epochs, patience and batch_size must be at least 1",
        task.kind()
    );
    let device = Device::flex().autodiff();
    let folder = save_dir.join(task.kind().name());
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut log = Log::open(&save_dir.join("train.log"))?;

    device.seed(options.seed);
    let mut net = task.fresh(&device);
    let mut optimizer = optimizer(options);
    let mut state = State {
        model: task.kind().name().to_owned(),
        epoch: 0,
        best_score: f64::INFINITY,
        best_epoch: 0,
        history: History::default(),
        options: options.clone(),
        standard: task.standard().clone(),
        orbit: task.orbit(),
    };
    // Read from there in the end: clones of a network share the running statistics of its batch norms.
    let best = folder.join(BEST);
    if let Some(checkpoint) = resume {
        (net, optimizer, state) = load(task, checkpoint, net, optimizer)?;
        put(&best_of(checkpoint, &state)?, &best)?;
        (state.options, state.orbit) = (options.clone(), task.orbit());
        let line = format!("{}: goes on after epoch {} of {}", task.kind(), state.epoch, options.epochs);
        println!("{line}");
        log.line(&line)?;
    }
    let _training = Training::begin();

    let epochs = ProgressBar::new(options.epochs as u64).with_position(state.epoch as u64);
    epochs.set_style(style("{prefix:>10} [{bar:30}] epoch {pos}/{len}  {msg}  {eta} left"));
    epochs.set_prefix(task.kind().word());
    let mut interrupted = false;
    while state.epoch < options.epochs && state.epoch < state.best_epoch + options.patience {
        let started = Instant::now();
        let epoch = state.epoch + 1;
        // Dropout and everything else that burn draws.
        let seed = mixed(options.seed, epoch as u64);
        device.seed(seed);
        let batches = task.begin_epoch(&net, epoch, seed)?;
        anyhow::ensure!(batches > 0, "{}: there is too little data for one batch", task.kind());
        let bar = ProgressBar::new(batches as u64);
        bar.set_style(style("{prefix:>10} [{bar:30}] batch {pos}/{len}  {msg}  {eta} left"));
        bar.set_prefix(format!("epoch {epoch}"));
        let (mut sum, mut rate) = (0.0, 0.0);
        for index in 0..batches {
            if INTERRUPTED.load(Ordering::Relaxed) {
                interrupted = true;
                break;
            }
            let done = (epoch - 1) as f64 + index as f64 / batches as f64;
            rate = cosine(options.learning_rate, done / options.epochs as f64);
            let loss = task.loss(&net, index, &device)?;
            let value = f64::from(loss.clone().into_scalar::<f32>());
            anyhow::ensure!(
                value.is_finite(),
                "{}: the loss of epoch {epoch}, batch {index} is {value}; a smaller --learning-rate may help",
                task.kind()
            );
            sum += value;
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(rate, net, gradients);
            if index % 8 == 0 {
                bar.set_message(format!("loss {:.4}", sum / (index + 1) as f64));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        if interrupted {
            break;
        }
        let network = task.export(&net.valid()).context("exporting the network")?;
        let validation = task.validate(&network)?;
        let score = validation.get("loss").copied().unwrap_or(f64::INFINITY);
        state.epoch = epoch;
        state.history.epochs.push(Epoch {
            epoch,
            train_loss: sum / batches as f64,
            validation: validation.clone(),
            learning_rate: rate,
            seconds: started.elapsed().as_secs_f64(),
        });
        let better = score < state.best_score;
        if better {
            state.best_score = score;
            state.best_epoch = epoch;
            save(&best, &net, &optimizer, &state, None)?;
        }
        let earlier = (!better).then_some(best.as_path());
        save(&folder.join("last"), &net, &optimizer, &state, earlier)?;
        if epoch.is_multiple_of(KEPT_EVERY) {
            save(&folder.join(format!("epoch_{epoch:04}")), &net, &optimizer, &state, earlier)?;
        }
        history::write(&folder, task.kind(), &state.history)?;
        let mark = if better { " (best)" } else { "" };
        let line = state.history.last_line(task.kind());
        epochs.set_message(format!("best {:.4}", state.best_score));
        epochs.suspend(|| println!("{line}{mark}"));
        log.line(&format!("{line}{mark}"))?;
        epochs.inc(1);
    }
    epochs.finish_and_clear();
    if interrupted {
        let last = folder.join("last");
        log.line(&format!("{}: interrupted after epoch {}", task.kind(), state.epoch))?;
        println!(
            "{}: interrupted; go on with --resume {}",
            task.kind(),
            if state.epoch > 0 { last.display().to_string() } else { "(no epoch was finished)".to_owned() }
        );
    }
    if interrupted {
        // What is best so far is on disk; there may be nothing yet.
        return Ok(Fitted {
            net: net.valid(),
            history: state.history,
            best_epoch: state.best_epoch,
            interrupted,
        });
    }
    let best = load_net(&best, task.fresh(&device))?;
    Ok(Fitted { net: best.valid(), history: state.history, best_epoch: state.best_epoch, interrupted })
}

/// Adam with PyTorch's epsilon.
fn optimizer(options: &FitOptions) -> ModuleOptimizer {
    AdamConfig::new()
        .with_epsilon(1e-8)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(options.gradient_norm)))
        .init()
}

/// Half a cosine from the full rate to [`LAST_RATE`] of it, `done` from 0 to 1.
fn cosine(rate: f64, done: f64) -> f64 {
    let share = 0.5 + 0.5 * (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos();
    rate * (LAST_RATE + (1.0 - LAST_RATE) * share)
}

/// A seed for each (seed, number) (SplitMix64).
pub fn mixed(seed: u64, number: u64) -> u64 {
    let mut z =
        seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// While it lives, Ctrl-C waits for the batch in work.
struct Training;

impl Training {
    fn begin() -> Self {
        TRAINING.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        TRAINING.store(false, Ordering::Relaxed);
    }
}

/// Writes a checkpoint, with the best of the epochs before where there is a better one.
fn save<N: Module + Clone>(
    folder: &Path,
    net: &N,
    optimizer: &ModuleOptimizer,
    state: &State,
    best: Option<&Path>,
) -> Result<()> {
    let json = serde_json::to_string_pretty(state).context("a state can be written")?;
    replace_folder(folder, |part| {
        net.clone().save_file(part.join(NET)).map_err(|error| anyhow::anyhow!("{error}"))?;
        optimizer.save(part.join(OPTIMIZER)).map_err(|error| anyhow::anyhow!("{error}"))?;
        fs::write(part.join(STATE), json)?;
        best.map_or(Ok(()), |best| copy(best, &part.join(BEST)))
    })
}

/// Where the best epoch up to a checkpoint is: itself, in it, or beside it, where older checkpoints have it.
fn best_of(checkpoint: &Path, state: &State) -> Result<PathBuf> {
    if state.best_epoch == state.epoch {
        return Ok(checkpoint.to_owned());
    }
    let places = [checkpoint.join(BEST), checkpoint.with_file_name(BEST)];
    let is_best = |place: &PathBuf| read_state(place).is_ok_and(|found| found.epoch == state.best_epoch);
    places.into_iter().find(is_best).with_context(|| {
        format!(
            "{}: the best epoch of this checkpoint is {}, which is neither in it nor beside it; go on from another",
            checkpoint.display(),
            state.best_epoch
        )
    })
}

/// Puts a copy of one checkpoint in the place of another, unless it is there.
fn put(checkpoint: &Path, place: &Path) -> Result<()> {
    let epoch = |folder: &Path| read_state(folder).map(|state| state.epoch);
    let source = epoch(checkpoint)?;
    let going = ["part", "old"].map(|ending| place.with_extension(ending));
    anyhow::ensure!(
        !going.iter().any(|going| same(going, checkpoint)),
        "{}: what was left of a crash would go while it is copied; give it another name",
        checkpoint.display()
    );
    if same(checkpoint, place) {
        return Ok(());
    }
    replace_folder(place, |part| copy(checkpoint, part))?;
    anyhow::ensure!(epoch(place)? == source, "{}: it changed while it was copied", checkpoint.display());
    Ok(())
}

/// Whether two paths lead to one place, which is there.
fn same(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

/// Copies a checkpoint without what it knows of others.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for name in [NET, OPTIMIZER, STATE] {
        let file = from.join(name);
        fs::copy(&file, to.join(name)).with_context(|| format!("copying {}", file.display()))?;
    }
    Ok(())
}

/// Writes a folder beside its place and then puts it there, so that none is ever half written and the one before is gone
/// only when the new one stands.
fn replace_folder(folder: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let writing = || format!("writing the checkpoint {}", folder.display());
    let (part, old) = (folder.with_extension("part"), folder.with_extension("old"));
    for left in [&part, &old] {
        if left.exists() {
            fs::remove_dir_all(left).with_context(writing)?;
        }
    }
    let written = fs::create_dir_all(&part).map_err(Into::into).and_then(|()| write(&part));
    if written.is_err() {
        // What is half written is of no use, and on a full disk its room is.
        let _ = fs::remove_dir_all(&part);
    }
    written.with_context(writing)?;
    if folder.exists() {
        fs::rename(folder, &old).with_context(writing)?;
    }
    fs::rename(&part, folder).with_context(writing)?;
    if old.exists() {
        fs::remove_dir_all(&old).with_context(writing)?;
    }
    Ok(())
}

fn read_state(folder: &Path) -> Result<State> {
    let file = folder.join(STATE);
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "{}: no checkpoint is here; name a folder such as checkpoints/orbit_control/last",
            folder.display()
        )
    })?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: this is no state of a checkpoint", file.display()))
}

/// The weights of a checkpoint, in a network of its shape.
///
/// # Errors
/// They do not fit.
pub fn load_net<N: Module>(folder: &Path, fresh: N) -> Result<N> {
    let file = folder.join(NET);
    fresh.try_load_file(&file).map_err(|error| {
        anyhow::anyhow!(
            "{}: the weights do not fit this network (another shape or model?): {error}",
            file.display()
        )
    })
}

fn load<T: Task>(
    task: &T,
    folder: &Path,
    fresh: T::Net,
    optimizer: ModuleOptimizer,
) -> Result<(T::Net, ModuleOptimizer, State)> {
    let state = read_state(folder)?;
    if state.model != task.kind().name() {
        bail!("{}: a checkpoint of {}, not of {}", folder.display(), state.model, task.kind().name());
    }
    anyhow::ensure!(
        state.standard.is_same(task.standard()),
        "{}: the checkpoint was trained on other data: its inputs have another mean and deviation",
        folder.display()
    );
    if let (Some(wanted), Some(found)) = (task.orbit(), state.orbit) {
        let described = |shape: OrbitShape| format!("{} inputs and {} gates", shape.inputs(), shape.bands);
        anyhow::ensure!(
            wanted.shape == found.shape,
            "{}: the checkpoint has another shape, {} instead of {}; leave the shape's options out",
            folder.display(),
            described(found.shape),
            described(wanted.shape)
        );
    }
    let net = load_net(folder, fresh)?;
    let file = folder.join(OPTIMIZER);
    let optimizer = optimizer.load(&file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    Ok((net, optimizer, state))
}

/// What a checkpoint is of.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The model.
    pub kind: ModelKind,
    /// The standardisation of its inputs.
    pub standard: Standard,
    /// How it is trained.
    pub options: FitOptions,
    /// Of the orbit model, its shape and its objective.
    pub orbit: Option<OrbitOptions>,
}

/// What a checkpoint says of itself.
///
/// # Errors
/// There is no checkpoint, or one of no model that is known.
pub fn checkpoint(folder: &Path) -> Result<Checkpoint> {
    let state = read_state(folder)?;
    let kind = ModelKind::ALL.into_iter().find(|kind| kind.name() == state.model);
    let kind =
        kind.with_context(|| format!("{}: there is no model called {}", folder.display(), state.model))?;
    Ok(Checkpoint { kind, standard: state.standard, options: state.options, orbit: state.orbit })
}

/// The log file.
struct Log {
    file: fs::File,
    path: PathBuf,
}

impl Log {
    fn open(path: &Path) -> Result<Self> {
        let file = fs::File::options().create(true).append(true).open(path);
        Ok(Self { file: file.with_context(|| format!("opening {}", path.display()))?, path: path.to_owned() })
    }

    fn line(&mut self, text: &str) -> Result<()> {
        writeln!(self.file, "{text}").with_context(|| format!("writing {}", self.path.display()))
    }
}
