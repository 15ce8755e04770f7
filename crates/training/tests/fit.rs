//! The training loop on a little music: it learns, it is repeatable, and a run that is interrupted and resumed gives the
//! numbers of one that is not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use burn::tensor::{Device, Tensor};
use dendrite_pipeline::ModelKind;
use dendrite_training::config::{Config, DataOptions};
use dendrite_training::corpus::Corpus;
use dendrite_training::fit::{Fitted, INTERRUPTED, Task, checkpoint, fit};
use dendrite_training::history::Epoch;
use dendrite_training::music;
use dendrite_training::nets::{DynamicsNet, EmotionTrainer, Standard};
use dendrite_training::tasks::{DynamicsTask, EmotionTask};
use rtneural::{Model, Network, Options};

fn corpus() -> Corpus {
    let data = DataOptions {
        train_pieces: 6,
        second_train_pieces: 0,
        validation_pieces: 1,
        test_pieces: 1,
        short_s: [5.0, 7.0],
        long_s: [6.0, 8.0],
        long_every: 1_000,
        orbit_pieces: 48,
        seed: 40,
    };
    music::generate(&data, music::Learner::First, None).expect("pieces are made")
}

/// Ctrl-C is one for all trainings of a process, and tests are threads of one.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Epochs without the time that they took.
fn numbers<N>(fitted: &Fitted<N>) -> Vec<Epoch> {
    fitted.history.epochs.iter().map(|epoch| Epoch { seconds: 0.0, ..epoch.clone() }).collect()
}

#[test]
fn a_resumed_run_gives_the_numbers_of_one_that_was_not_interrupted() {
    let _alone = ONE_AT_A_TIME.lock();
    let mut corpus = corpus();
    let folder = tempfile::tempdir().unwrap();
    let mut options = Config::default().emotion;
    (options.epochs, options.batch_size) = (2, 4);
    let emotion = |save_dir: &Path, resume: Option<&Path>, corpus: &Corpus| -> Fitted<EmotionTrainer> {
        fit(&mut EmotionTask::new(corpus, options.batch_size), &options, save_dir, resume).unwrap()
    };
    let whole = emotion(&folder.path().join("whole"), None, &corpus);
    assert_eq!(whole.history.epochs.len(), 2);
    assert!(whole.history.epochs[1].train_loss < whole.history.epochs[0].train_loss);

    // Ctrl-C in the second epoch; what is on disk is the end of the first.
    let first = folder.path().join("first");
    let task = EmotionTask::new(&corpus, options.batch_size);
    // Pressed while the first is validated.
    let validate = |task: &EmotionTask, _, network: &Network| {
        INTERRUPTED.store(true, Ordering::Relaxed);
        task.validate(network)
    };
    let part = fit(&mut Validated { task, epoch: 0, validate }, &options, &first, None).unwrap();
    assert!(part.interrupted && part.history.epochs.len() == 1);
    INTERRUPTED.store(false, Ordering::Relaxed);
    let last = first.join("emotionrecognizer/last");
    assert_eq!(checkpoint(&last).unwrap().options, options);
    let resumed = emotion(&first, Some(&last), &corpus);
    assert_eq!(numbers(&resumed), numbers(&whole));
    assert_eq!(task_export(&corpus, &resumed), task_export(&corpus, &whole));

    // And the files that a run leaves.
    for file in ["train.log", "emotionrecognizer/training_history.json", "emotionrecognizer/loss.svg"] {
        assert!(first.join(file).exists(), "{file}");
    }

    // A checkpoint of another model is refused with its name.
    corpus.feel(&Model::new(&task_export(&corpus, &whole), Options::default()).unwrap()).unwrap();
    let mut dynamics = DynamicsTask::new(&corpus, 16).unwrap();
    let error = fit(&mut dynamics, &options, &first, Some(&first.join("emotionrecognizer/last")));
    let message = format!("{:#}", error.err().expect("it is refused"));
    assert!(message.contains("emotionrecognizer") && message.contains("dynamicsengine"), "{message}");
    let fitted: Fitted<DynamicsNet> = fit(&mut dynamics, &options, &first, None).unwrap();
    assert!(fitted.history.epochs.iter().all(|epoch| epoch.train_loss.is_finite()));
}

fn task_export(corpus: &Corpus, fitted: &Fitted<EmotionTrainer>) -> Network {
    EmotionTask::new(corpus, 4).export(&fitted.net).unwrap()
}

/// What a validation gives.
type Metrics = anyhow::Result<BTreeMap<String, f64>>;

/// A task with another validation, which is told the epoch.
struct Validated<T, F> {
    task: T,
    epoch: usize,
    validate: F,
}

impl<T: Task, F: Fn(&T, usize, &Network) -> Metrics> Task for Validated<T, F> {
    type Net = T::Net;

    fn kind(&self) -> ModelKind {
        self.task.kind()
    }

    fn fresh(&self, device: &Device) -> T::Net {
        self.task.fresh(device)
    }

    fn begin_epoch(&mut self, net: &T::Net, epoch: usize, seed: u64) -> anyhow::Result<usize> {
        self.epoch = epoch;
        self.task.begin_epoch(net, epoch, seed)
    }

    fn loss(&mut self, net: &T::Net, index: usize, device: &Device) -> anyhow::Result<Tensor<1>> {
        self.task.loss(net, index, device)
    }

    fn export(&self, net: &T::Net) -> Result<Network, rtneural::Error> {
        self.task.export(net)
    }

    fn validate(&self, network: &Network) -> Metrics {
        (self.validate)(&self.task, self.epoch, network)
    }

    fn standard(&self) -> &Standard {
        self.task.standard()
    }
}

#[test]
fn what_was_best_before_an_interruption_is_what_comes_out() {
    let _alone = ONE_AT_A_TIME.lock();
    let mut corpus = corpus();
    let folder = tempfile::tempdir().unwrap();
    let mut options = Config::default().dynamics;
    (options.batch_size, options.learning_rate) = (32, 1e-2);
    let emotion = EmotionTask::new(&corpus, 4);
    let felt =
        Model::new(&emotion.export(&emotion.fresh(&Device::flex().autodiff())).unwrap(), Options::default());
    corpus.feel(&felt.unwrap()).unwrap();
    let mut run = |save_dir: &Path, epochs: usize, resume: Option<&Path>| -> Network {
        options.epochs = epochs;
        let task = DynamicsTask::new(&corpus, options.batch_size).unwrap();
        // Every epoch is worse than the one before.
        let validate =
            |_: &DynamicsTask, epoch, _: &Network| Ok(BTreeMap::from([("loss".to_owned(), epoch as f64)]));
        let mut task = Validated { task, epoch: 0, validate };
        let fitted = fit(&mut task, &options, save_dir, resume).unwrap();
        assert_eq!(fitted.best_epoch, 1);
        task.export(&fitted.net).unwrap()
    };
    let save_dir = folder.path().join("runs");
    let model = save_dir.join("dynamicsengine");
    let first = run(&save_dir, 1, None);
    // From the best itself, in another folder, and from a later checkpoint, which remembers it.
    assert_eq!(run(&save_dir, 3, Some(&model.join("last"))), first);
    assert_eq!(run(&folder.path().join("elsewhere"), 4, Some(&model.join("last"))), first);
    assert_eq!(run(&save_dir, 5, Some(&model.join("last"))), first);
    assert_eq!(run(&save_dir, 5, Some(&model.join("best"))), first);
}
