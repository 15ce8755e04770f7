//! The model set's way from a folder to the engine and back, and what a session remembers of it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dendrite::models::{Choice, ModelMemory, Models};
use dendrite::notice::Notices;
use dendrite::state::Session;
use dendrite_engine::{Engine, ModelSet, ModelStatus, Settings, Snapshot, Transport};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use nice_plug::prelude::Params;

/// Writes networks with random weights; what they say does not matter here.
fn write_models(folder: &Path, kinds: &[ModelKind], seed: u64) {
    for &kind in kinds {
        let network = random_network(kind, OrbitShape::default(), seed).expect("the shape is possible");
        network.write(folder.join(format!("{}.json", kind.name()))).expect("a temporary folder");
    }
}

/// Statuses in the last snapshot of some blocks, with the exchange before each as in `process`.
fn play(engine: &mut Engine, end: &mut dendrite::models::AudioEnd) -> [ModelStatus; 6] {
    let mut last = None;
    for _ in 0..8 {
        end.exchange(engine);
        engine.process(
            &[&[0.1; 1024]],
            1024,
            &Transport::default(),
            &Settings::default(),
            &mut |s: &Snapshot| last = Some(s.models),
        );
    }
    last.expect("eight hops have passed")
}

fn wait(models: &Models) {
    let start = Instant::now();
    while models.is_pending() {
        assert!(start.elapsed() < Duration::from_secs(60), "a request is stuck");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_folder_comes_to_the_engine_and_a_broken_one_leaves_what_runs() {
    let (models, mut end) = Models::channel();
    let notices = Arc::new(Notices::default());
    let mut engine = Engine::new(48_000).expect("a rate that is heard");
    let built_in = models.ready(&notices);
    end.install(&mut engine, &built_in);

    let good = tempfile::tempdir().expect("a temporary folder");
    write_models(good.path(), &ModelKind::ALL, 1);
    models.request(Choice::Folder(good.path().to_owned()), &notices);
    wait(&models);
    assert_eq!(play(&mut engine, &mut end), [ModelStatus::Trained; 6]);
    assert!(notices.shown().is_empty(), "{:?}", notices.shown());
    let memory = models.memory();
    assert_eq!(memory.folder.as_deref(), Some(good.path()));

    // One file is broken: the set before goes on, and the choice is what it was.
    let bad = tempfile::tempdir().expect("a temporary folder");
    write_models(bad.path(), &ModelKind::ALL, 2);
    std::fs::write(bad.path().join("groovepredictor.json"), "{\"in_shape\": [64]").expect("a file");
    models.request(Choice::Folder(bad.path().to_owned()), &notices);
    wait(&models);
    assert_eq!(play(&mut engine, &mut end), [ModelStatus::Trained; 6]);
    let view = models.view();
    let problem = view.problem.expect("there is one");
    assert!(problem.contains("go on") && problem.contains("groovepredictor.json"), "{problem}");
    assert_eq!(view.choice, Choice::Folder(good.path().to_owned()));
    assert_eq!(models.memory(), memory);

    // Back to what is built in; the folder's networks come back to be dropped.
    models.request(Choice::Default, &notices);
    wait(&models);
    assert_eq!(play(&mut engine, &mut end), ModelKind::ALL.map(|kind| built_in.status(kind)));
    assert!(models.view().problem.is_none());
    models.finish();
}

#[test]
fn a_broken_file_at_the_start_is_stood_in_for_alone() {
    let (models, mut end) = Models::channel();
    let notices = Arc::new(Notices::default());
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_models(folder.path(), &ModelKind::ALL, 3);
    std::fs::write(folder.path().join("orbit_control.json"), "[]").expect("a file");
    models.request(Choice::Folder(folder.path().to_owned()), &notices);
    let set = models.ready(&notices);
    let mut engine = Engine::new(48_000).expect("a rate that is heard");
    end.install(&mut engine, &set);
    let status = play(&mut engine, &mut end);
    assert_eq!(status[..5], [ModelStatus::Trained; 5]);
    assert_eq!(status[5], ModelStatus::Refused);
    assert!(notices.shown()[0].contains("orbit_control.json"), "{:?}", notices.shown());
    models.finish();
}

#[test]
fn a_session_remembers_folder_and_set_and_says_when_it_finds_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_models(folder.path(), &[ModelKind::Groove], 4);
    let session = || {
        let (models, end) = Models::channel();
        (Session::new(models), end)
    };
    let (first, _end) = session();
    first.models.request(Choice::Folder(folder.path().to_owned()), &first.notices);
    let hash = first.models.ready(&first.notices).hash().to_owned();
    let fields = first.serialize_fields();
    assert!(fields["models"].contains(&hash), "{}", fields["models"]);

    let (second, _end) = session();
    second.deserialize_fields(&fields);
    assert_eq!(second.models.ready(&second.notices).hash(), hash);
    assert!(second.notices.shown().is_empty(), "{:?}", second.notices.shown());

    write_models(folder.path(), &[ModelKind::Groove], 5);
    let (third, _end) = session();
    third.deserialize_fields(&fields);
    let found = third.models.ready(&third.notices).hash().to_owned();
    assert_ne!(found, hash);
    let notice = &third.notices.shown()[0];
    assert!(notice.contains(&hash) && notice.contains(&found), "{notice}");
    // Saved again, it is a session of the set that was found.
    assert_eq!(third.models.memory().hash, found);

    // The folder is gone: its name and hash stay in the session, for the machine that has it.
    let missing = ModelMemory { folder: Some(folder.path().join("gone")), hash: hash.clone() };
    let (fourth, _end) = session();
    fourth.models.restore(&missing, &fourth.notices);
    wait(&fourth.models);
    assert_eq!(fourth.models.memory(), missing);
    assert!(fourth.notices.shown()[0].contains("gone"));
    fourth.models.ready(&fourth.notices);
    assert_eq!(fourth.models.memory(), missing);
    for session in [first, second, third, fourth] {
        session.models.finish();
    }
}

#[test]
fn instances_come_and_go_while_sets_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_models(folder.path(), &[ModelKind::Dynamics], 6);
    let notices = Arc::new(Notices::default());
    for _ in 0..50 {
        let (models, _end) = Models::channel();
        models.request(Choice::Folder(folder.path().to_owned()), &notices);
        models.request(Choice::Default, &notices);
        models.finish();
    }
    // The weights of the two instances are the same memory.
    let [one, two] = [(), ()].map(|()| {
        let (models, _end) = Models::channel();
        models.request(Choice::Folder(folder.path().to_owned()), &notices);
        let set: Arc<ModelSet> = models.ready(&notices);
        models.finish();
        set
    });
    assert!(Arc::ptr_eq(&one, &two));
}
