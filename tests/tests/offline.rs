//! A bounce waits for models that are being read, and live playing never does, whichever of the two came before.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dendrite_host::{Format, Plugin};
use dendrite_pipeline::ModelKind;
use dendrite_tests::{blocks, bundles, chunk};
use serde_json::json;

/// Long before a wait that nobody ends is given up.
const SOON: Duration = Duration::from_secs(10);

/// A folder of models that is read for as long as the test likes: its only file is a pipe.
struct SlowModels(tempfile::TempDir);

impl SlowModels {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let models = Self(folder);
        let made = Command::new("mkfifo").arg(models.pipe()).status().expect("the system has mkfifo");
        assert!(made.success());
        models
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn pipe(&self) -> PathBuf {
        self.folder().join(format!("{}.json", ModelKind::Orbit.name()))
    }

    /// Waits until they are being read, and lets that come to its end.
    fn finish(&self) {
        let writer = std::fs::OpenOptions::new().write(true).open(self.pipe()).expect("somebody reads it");
        // There is nothing to be read a second time.
        std::fs::remove_file(self.pipe()).expect("it is there");
        drop(writer);
    }
}

/// Loads a state that names the models, as a host may at any time.
fn name(plugin: &mut Plugin, format: Format, models: &SlowModels) {
    let mut state = chunk::json(format, &plugin.save_state().expect("it saves"));
    state["fields"]["models"] = json!(json!({ "folder": models.folder(), "hash": "" }).to_string());
    plugin.load_state(&chunk::bytes(format, &state)).expect("it loads");
}

fn play(plugin: &mut Plugin) {
    blocks::process(plugin, &[vec![0.1; 512], vec![0.1; 512]], &[], None).expect("it plays");
}

#[test]
fn only_a_bounce_waits_for_its_models() {
    for format in bundles::FORMATS {
        let mut plugin = bundles::load(format);
        for (activation, offline) in [true, true, false, false, true, false].into_iter().enumerate() {
            let case = format!("{format}, activation {activation}, offline {offline}");
            plugin.set_offline(offline).expect("offline rendering is supported");
            plugin.activate(48_000.0, 512).expect("it can be activated");
            let models = SlowModels::new();
            name(&mut plugin, format, &models);
            if offline {
                let read = AtomicBool::new(false);
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        // Time in which a block that does not wait is over.
                        std::thread::sleep(Duration::from_millis(300));
                        read.store(true, Ordering::SeqCst);
                        models.finish();
                    });
                    play(&mut plugin);
                    assert!(read.load(Ordering::SeqCst), "{case}: it did not wait");
                });
            } else {
                let started = Instant::now();
                play(&mut plugin);
                assert!(started.elapsed() < SOON, "{case}: it waited");
                models.finish();
            }
        }
    }
}
