//! The editor in a window: it shows something, it moves with the music, it takes its size, and it comes and goes.
//!
//! Each format runs in a process of its own, on a screen of its own: a crash there is a failure here, and the display can be
//! named in its environment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dendrite_host::{EventKind, Format, Plugin, Transport, Unloaded};
use dendrite_tests::display::{Picture, Screen, Window};
use dendrite_tests::signals::music;
use dendrite_tests::{blocks, bundles, chunk, params};

/// Tells the other process what to do: the name of a scene and a format.
const SCENE: &str = "DENDRITE_EDITOR_SCENE";

/// How long anything may take that depends on the speed of the machine's software renderer.
const PATIENCE: Duration = Duration::from_secs(60);

const RATE: f64 = 48_000.0;
const BLOCK: usize = 480;

/// Plays a scene in another process, for both formats. One at a time: a renderer in software takes all of the machine.
fn stage(scene: &str) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for format in bundles::FORMATS {
        let screen = Screen::start();
        let program = std::env::current_exe().expect("this test has a file");
        let output = Command::new(program)
            .args(["--exact", "scene", "--ignored", "--nocapture"])
            .env(SCENE, format!("{scene} {format}"))
            .env("DISPLAY", screen.name())
            .output()
            .expect("the test can run itself");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scene}, {format}: {}\n{text}", output.status);
        assert!(text.contains("1 passed"), "{scene}, {format}: nothing was played\n{text}");
    }
}

#[test]
fn it_shows_a_picture_that_moves_and_takes_its_size() {
    stage("show");
}

#[test]
fn what_is_dragged_there_reaches_the_host() {
    stage("touch");
}

#[test]
fn it_can_be_opened_and_closed_again_and_again_and_the_library_then_unloaded() {
    stage("reopen");
}

#[test]
fn destroying_the_instance_closes_its_window() {
    stage("destroy");
}

#[test]
#[ignore = "started by the others in a process of its own, with a display"]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let (scene, format) = scene.split_once(' ').expect("a scene and a format");
    let format = if format == "CLAP" { Format::Clap } else { Format::Vst3 };
    match scene {
        "show" => show(format),
        "touch" => touch(format),
        "reopen" => reopen(format),
        "destroy" => destroy(format),
        _ => panic!("there is no scene {scene}"),
    }
}

/// A plug-in that plays music in real time, in its window.
struct Stage {
    plugin: Plugin,
    window: Window,
    sound: Vec<Vec<f32>>,
    position: usize,
    started: Instant,
    /// What the plug-in has sent.
    events: Vec<EventKind>,
}

impl Stage {
    fn new(format: Format) -> Self {
        let mut plugin = bundles::load(format);
        plugin.activate(RATE, BLOCK as u32).expect("it can be activated");
        let (window, sound) = (Window::show(960, 600), music(2, RATE, 16.0));
        Self { plugin, window, sound, position: 0, started: Instant::now(), events: Vec::new() }
    }

    /// Plays on for a while.
    fn play(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            // As many blocks as are due; a renderer that takes all of the machine must not make the sound a slide show.
            let due = (self.started.elapsed().as_secs_f64() * RATE) as usize;
            while self.position < due {
                let start = self.position % (self.sound[0].len() - BLOCK);
                let block: Vec<Vec<f32>> =
                    self.sound.iter().map(|channel| channel[start..start + BLOCK].to_vec()).collect();
                let transport = Transport::playing(120.0, (4, 4)).at_seconds(self.position as f64 / RATE);
                let answer =
                    blocks::process(&mut self.plugin, &block, &[], Some(transport)).expect("it plays");
                self.events.extend(answer.events.iter().map(|event| event.kind));
                self.position += BLOCK;
            }
            self.plugin.idle();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Plays until there is a picture that meets a condition.
    fn play_until(&mut self, what: &str, mut condition: impl FnMut(&Picture) -> bool) -> Picture {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.play(Duration::from_millis(100));
            if self.window.is_inhabited() {
                let picture = self.window.picture();
                if condition(&picture) {
                    return picture;
                }
                if Instant::now() > deadline {
                    picture.save(&pictures().join("failed.png"));
                    panic!("not {what}: see failed.png in {}", pictures().display());
                }
            }
            assert!(Instant::now() < deadline, "not {what}: there is no window");
        }
    }
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("test-pictures")
}

fn show(format: Format) {
    let name = format.to_string().to_lowercase();
    let mut stage = Stage::new(format);
    assert!(stage.plugin.gui_supported());
    let size = stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    assert_eq!(size, (960, 600), "the size of a new session");
    assert!(stage.plugin.open_editor(stage.window.id(), 1.0).is_err(), "it is open already");

    // A Julia set with its halo has thousands of colours, text and knobs alone tens.
    let first = stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    assert_eq!((first.width, first.height), (960, 600));
    // Far more than a blinking lamp or a changing number.
    stage.play_until("a picture that moves", |picture| picture.difference(&first) > 0.05);
    stage.play(Duration::from_secs(2));
    stage.window.picture().save(&pictures().join(format!("editor_{name}.png")));

    // Larger, then as small as it can be, in a window that follows.
    for (wanted, expected) in [((1280, 800), (1280, 800)), ((100, 100), (560, 420))] {
        let taken = stage.plugin.resize_editor(wanted.0, wanted.1).expect("it can be resized");
        assert_eq!(taken, expected, "{wanted:?}");
        stage.window.resize(taken.0, taken.1);
        stage.play_until("a picture that fills the new size", |picture| {
            (picture.width, picture.height) == taken
                && picture.colours() > 1_000
                && picture.reaches_all_corners()
        });
        stage.play(Duration::from_secs(1));
        assert_eq!(stage.plugin.editor_size(), Some(taken));
        stage.window.picture().save(&pictures().join(format!("editor_{name}_{}x{}.png", taken.0, taken.1)));
    }

    // The size is remembered by the session, and by the next window.
    stage.plugin.close_editor();
    let state = chunk::json(format, &stage.plugin.save_state().expect("it saves"));
    let editor = state["fields"]["editor"].as_str().expect("the editor's memory is JSON in a text");
    let editor: serde_json::Value = serde_json::from_str(editor).expect("the editor's memory is JSON");
    assert_eq!((editor["width"].as_f64(), editor["height"].as_f64()), (Some(560.0), Some(420.0)));
    let size = stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens again");
    assert_eq!(size, (560, 420), "the size of the last window");
    stage.play_until("a picture in the second window", |picture| picture.colours() > 1_000);
    stage.plugin.close_editor();
}

/// A moment for the editor to draw what the mouse has done.
const MOMENT: Duration = Duration::from_millis(150);

fn touch(format: Format) {
    let mut stage = Stage::new(format);
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    let before = params::values(&mut stage.plugin);
    stage.events.clear();

    // Down the panel, where sliders begin and nothing else reacts, until one is found.
    for y in (130..580).step_by(7) {
        stage.window.point(60, y);
        stage.play(MOMENT);
        stage.window.press();
        stage.play(MOMENT);
        stage.window.point(110, y);
        stage.play(MOMENT);
        stage.window.release();
        stage.play(MOMENT);
        if !stage.events.is_empty() {
            break;
        }
    }
    // A slow renderer may be behind the mouse.
    let deadline = Instant::now() + PATIENCE;
    while !matches!(stage.events.last(), Some(EventKind::ParamGestureEnd { .. })) {
        stage.play(MOMENT);
        assert!(Instant::now() < deadline, "a drag ends with a gesture's end: {:?}", stage.events);
    }
    let [EventKind::ParamGestureBegin { id }, inside @ .., EventKind::ParamGestureEnd { id: end }] =
        stage.events.as_slice()
    else {
        panic!("a drag begins with a gesture's begin: {:?}", stage.events);
    };
    assert_eq!(id, end);
    let values: Vec<f64> = inside
        .iter()
        .map(|event| match event {
            EventKind::Param { id: changed, value } if changed == id => *value,
            other => panic!("{other:?} in a drag of {id}"),
        })
        .collect();
    let param = stage.plugin.params().into_iter().find(|param| param.id == *id).expect("the id is listed");
    let last = values.last().expect("the value has changed");
    let now = stage.plugin.param_value(*id).expect("the id is listed");
    assert!(
        (param.normalized(now) - param.normalized(*last)).abs() < 1e-6,
        "{}: {now}, {last} sent",
        param.name
    );
    let after = params::values(&mut stage.plugin);
    let changed: Vec<&str> =
        before.iter().zip(&after).filter(|(a, b)| a != b).map(|((name, _), _)| name.as_str()).collect();
    assert_eq!(changed, [param.name.as_str()]);

    // The corner, for hosts whose windows have no edges to drag. With a slow renderer press and move may come within one
    // picture, and then nothing is dragged; so it is tried again, more slowly.
    let mut asked = None;
    let mut moment = MOMENT;
    while asked.is_none() {
        assert!(moment < PATIENCE, "the host is not asked for another size");
        stage.plugin.take_notices();
        stage.window.point(960 - 6, 600 - 6);
        stage.play(moment);
        stage.window.press();
        stage.play(moment);
        stage.window.point(960 + 34, 600 + 14);
        stage.play(moment);
        stage.window.release();
        stage.play(moment);
        asked = stage.plugin.take_notices().resize;
        moment *= 2;
    }
    assert_eq!(asked, Some((1000, 620)), "as far as the mouse went");
    assert_eq!(stage.plugin.editor_size(), asked);
    stage.plugin.close_editor();
}

fn reopen(format: Format) {
    let mut stage = Stage::new(format);
    // The window is the same in both formats, and opening it takes long without a graphics card.
    let openings = if format == Format::Clap { 100 } else { 20 };
    for opening in 0..openings {
        stage
            .plugin
            .open_editor(stage.window.id(), 1.0)
            .unwrap_or_else(|error| panic!("opening {opening}: {error}"));
        // From closed at once to closed after some frames.
        stage.play(Duration::from_millis(opening % 5 * 15));
        stage.plugin.close_editor();
        stage.plugin.idle();
    }
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it still opens");
    stage.play_until("a picture after all these windows", |picture| picture.colours() > 1_000);
    let Stage { plugin, window, .. } = stage;
    let unloaded = plugin.unload();
    assert_ne!(unloaded, Unloaded::InUse, "this was the only instance");
    // A thread that was left behind would crash now.
    std::thread::sleep(Duration::from_millis(300));
    drop(window);
}

fn destroy(format: Format) {
    for _ in 0..5 {
        let mut stage = Stage::new(format);
        stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
        stage.play(Duration::from_millis(50));
        let Stage { plugin, window, .. } = stage;
        drop(plugin);
        let deadline = Instant::now() + PATIENCE;
        while window.is_inhabited() {
            assert!(Instant::now() < deadline, "the editor's window outlives its instance");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
