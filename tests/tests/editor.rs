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

/// What libraries print when the X server refuses something.
const X11_ERRORS: [&str; 6] = ["X Error", "X11 error", "BadWindow", "BadDrawable", "BadMatch", "BadAlloc"];

const RATE: f64 = 48_000.0;
const BLOCK: usize = 480;

/// Plays a scene in another process, for both formats. One at a time: a renderer in software takes all of the machine.
fn stage(scene: &str) {
    stage_in(scene, &bundles::FORMATS);
}

fn stage_in(scene: &str, formats: &[Format]) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for &format in formats {
        let screen = Screen::start();
        let home = tempfile::tempdir().expect("there is room for a folder");
        let program = std::env::current_exe().expect("this test has a file");
        let output = Command::new(program)
            .args(["--exact", "scene", "--ignored", "--nocapture"])
            .env(SCENE, format!("{scene} {format}"))
            .env("DISPLAY", screen.name())
            // What is saved without a dialog goes home; and there is to be no dialog, which nobody would answer.
            .env("HOME", home.path())
            .env("PATH", "")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            // Each window has threads of its own, and the C library gives threads heaps of their own, of which it returns little.
            .env("MALLOC_ARENA_MAX", "1")
            .output()
            .expect("the test can run itself");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scene}, {format}: {}\n{text}", output.status);
        assert!(text.contains("1 passed"), "{scene}, {format}: nothing was played\n{text}");
        for complaint in X11_ERRORS {
            assert!(!text.contains(complaint), "{scene}, {format}: X11 complains\n{text}");
        }
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
fn an_overlay_that_is_folded_and_a_picture_that_is_moved_are_remembered() {
    stage("fold");
}

#[test]
fn keys_hold_and_save_the_picture_after_a_click_on_it() {
    stage("keys");
}

/// Takes the pictures of docs/EDITOR.md anew, while the demo track plays.
#[test]
#[ignore = "writes to docs/pictures"]
fn pictures_of_the_docs() {
    stage_in("pictures", &[Format::Clap]);
}

#[test]
fn it_can_be_opened_and_closed_again_and_again_and_the_library_then_unloaded() {
    stage("reopen 15");
}

#[test]
#[ignore = "takes minutes without a graphics card"]
fn it_can_be_opened_and_closed_a_hundred_times() {
    stage("reopen 100");
}

#[test]
fn it_is_as_large_as_the_display_wants_it() {
    stage("scale");
}

#[test]
fn the_host_may_tell_the_scale_factor() {
    // The framework hears it in VST3 only once there is a window.
    stage_in("told", &[Format::Clap]);
}

#[test]
fn two_instances_have_two_editors() {
    stage("two");
}

#[test]
fn closing_in_the_middle_of_a_drag_ends_the_gesture() {
    stage("interrupt");
}

#[test]
fn widgets_of_all_kinds_move_their_parameters_in_gestures() {
    // The way to the host is another in VST3, which `touch` and `interrupt` go; the widgets are the same.
    stage_in("widgets", &[Format::Clap]);
}

#[test]
fn destroying_the_instance_closes_its_window() {
    stage("destroy");
}

#[test]
#[ignore = "started by the others in a process of its own, with a display"]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let (scene, format) = scene.rsplit_once(' ').expect("a scene and a format");
    let (scene, number) = scene.split_once(' ').unwrap_or((scene, "1"));
    let number: u32 = number.parse().expect("how many times");
    let format = if format == "CLAP" { Format::Clap } else { Format::Vst3 };
    match scene {
        "show" => show(format),
        "touch" => touch(format),
        "fold" => fold(format),
        "keys" => keys(format),
        "pictures" => docs_pictures(format),
        "reopen" => reopen(format, number),
        "scale" => scale(format),
        "told" => told(format),
        "two" => two(format),
        "interrupt" => interrupt(format),
        "widgets" => widgets(format),
        "destroy" => destroy(format),
        _ => panic!("there is no scene {scene}"),
    }
}

/// A plug-in that plays music in real time, in its window.
struct Stage {
    plugin: Plugin,
    window: Window,
    sound: Vec<Vec<f32>>,
    tempo_bpm: f64,
    position: usize,
    started: Instant,
    /// What the plug-in has sent of its parameters.
    events: Vec<EventKind>,
}

impl Stage {
    fn new(format: Format) -> Self {
        Self::with([960, 600], bundles::load(format), music(2, RATE, 16.0), 120.0)
    }

    /// An instance with a window of a size in which it is to be shown, and what it hears.
    fn with([width, height]: [u32; 2], mut plugin: Plugin, sound: Vec<Vec<f32>>, tempo_bpm: f64) -> Self {
        plugin.activate(RATE, BLOCK as u32).expect("it can be activated");
        let window = Window::show(width, height);
        let started = Instant::now();
        Self { plugin, window, sound, tempo_bpm, position: 0, started, events: Vec::new() }
    }

    /// What the session remembers of the editor.
    fn memory(&mut self, format: Format) -> serde_json::Value {
        let state = chunk::json(format, &self.plugin.save_state().expect("it saves"));
        let editor = state["fields"]["editor"].as_str().expect("the editor's memory is JSON in a text");
        serde_json::from_str(editor).expect("the editor's memory is JSON")
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
                let transport =
                    Transport::playing(self.tempo_bpm, (4, 4)).at_seconds(self.position as f64 / RATE);
                let answer =
                    blocks::process(&mut self.plugin, &block, &[], Some(transport)).expect("it plays");
                // Notes and controllers come all the while: it plays along.
                let of_params = |kind: &EventKind| {
                    matches!(
                        kind,
                        EventKind::Param { .. }
                            | EventKind::ParamGestureBegin { .. }
                            | EventKind::ParamGestureEnd { .. }
                    )
                };
                self.events.extend(answer.events.iter().map(|event| event.kind).filter(of_params));
                self.position += BLOCK;
            }
            self.plugin.idle();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Clicks, and leaves time for what follows from it.
    fn click(&mut self, x: u32, y: u32) {
        self.window.point(x, y);
        self.play(MOMENT);
        self.window.press();
        self.play(MOMENT);
        self.window.release();
        self.play(Duration::from_secs(1));
    }

    /// Presses a key, and leaves time for what follows from it.
    fn key(&mut self, letter: char) {
        // Keysyms of letters are Latin-1.
        self.window.key(u32::from(letter));
        self.play(Duration::from_secs(1));
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
    let editor = stage.memory(format);
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

/// Where the title of the first overlay is in a window of 960 x 600: 12 from the edges, 244 wide, 25 high.
const MOOD_TITLE: [u32; 2] = [960 - 12 - 244 + 60, 12 + 12];

/// Clicks or drags until the editor's memory answers; a slow renderer may be behind the mouse, and press and move may come within
/// one picture.
fn until_remembered(
    stage: &mut Stage,
    format: Format,
    from: [u32; 2],
    to: [u32; 2],
    mut condition: impl FnMut(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let mut moment = MOMENT;
    loop {
        assert!(moment < PATIENCE, "the mouse from {from:?} to {to:?} changes nothing");
        stage.window.point(from[0], from[1]);
        stage.play(moment);
        stage.window.press();
        stage.play(moment);
        stage.window.point(to[0], to[1]);
        stage.play(moment);
        stage.window.release();
        // Long enough for the picture that sees it: a second click would undo the first.
        let deadline = Instant::now() + 20 * moment;
        while Instant::now() < deadline {
            stage.play(MOMENT);
            let memory = stage.memory(format);
            if condition(&memory) {
                return memory;
            }
        }
        moment *= 2;
    }
}

fn fold(format: Format) {
    let mut stage = Stage::new(format);
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    let before = stage.memory(format);
    assert_eq!(before["overlays"]["mood"], true, "overlays begin unfolded");
    let is_folded = |memory: &serde_json::Value| memory["overlays"]["mood"] == false;
    until_remembered(&mut stage, format, MOOD_TITLE, MOOD_TITLE, is_folded);

    // The picture between panel and overlays follows the mouse; the canvas is no parameter.
    let values = params::values(&mut stage.plugin);
    let is_moved = |memory: &serde_json::Value| memory["view"]["pan"] != before["view"]["pan"];
    let moved = until_remembered(&mut stage, format, [450, 250], [490, 260], is_moved);
    // Dragged right and down, the middle lies left of and above what was there.
    assert!(moved["view"]["pan"][0].as_f64() < Some(0.0) && moved["view"]["pan"][1].as_f64() > Some(0.0));
    assert_eq!(params::values(&mut stage.plugin), values);
    stage.plugin.close_editor();

    // Another instance with this state: the window there is folded too, so that a click unfolds.
    let state = stage.plugin.save_state().expect("it saves");
    drop(stage);
    let mut plugin = bundles::load(format);
    plugin.load_state(&state).expect("it loads what was saved");
    let mut stage = Stage::with([960, 600], plugin, music(2, RATE, 16.0), 120.0);
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    let again = stage.memory(format);
    assert!(is_folded(&again), "what was folded stays folded");
    assert_eq!(again["view"], moved["view"]);
    until_remembered(&mut stage, format, MOOD_TITLE, MOOD_TITLE, |memory| !is_folded(memory));
    stage.plugin.close_editor();
}

fn keys(format: Format) {
    let mut stage = Stage::new(format);
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    // The panel's glass is dark, a mean of 20 to 40 of 255 in the first palette; the picture itself is twice as light there.
    let has_panel = |picture: &Picture| {
        let part = picture.part([20, 20], [200, 500]);
        part.rgb.iter().map(|byte| f64::from(*byte)).sum::<f64>() / part.rgb.len() as f64 <= 50.0
    };
    stage.play_until("a picture with the panel", has_panel);
    // Without a click on the picture, keys are the host's.
    stage.key('f');
    assert!(has_panel(&stage.window.picture()), "the panel stays");

    stage.click(450, 250);
    stage.key('f');
    stage.play_until("a picture without the panel", |picture| !has_panel(picture));
    // Until the hint about how to come back is gone.
    stage.play(Duration::from_secs(4));
    let moving = stage.window.picture();
    stage.play_until("a picture that moves", |picture| picture.difference(&moving) > 0.05);
    stage.key('p');
    // A held picture is drawn as finely as it can be after a few pictures.
    let mut held = stage.window.picture();
    stage.play_until("a picture that is held", |picture| {
        let same = picture.difference(&held) < 0.001;
        held = picture.clone();
        same
    });
    stage.play(Duration::from_secs(3));
    let held = stage.window.picture();
    stage.play(Duration::from_secs(2));
    assert!(stage.window.picture().difference(&held) < 0.001, "the picture is held");

    stage.key('s');
    let home = PathBuf::from(std::env::var_os("HOME").expect("the stage has set it"));
    let deadline = Instant::now() + PATIENCE;
    let saved = loop {
        stage.play(Duration::from_millis(200));
        let mut files = std::fs::read_dir(&home).expect("it is there").flatten().map(|entry| entry.path());
        if let Some(path) = files.find(|path| path.extension().is_some_and(|ending| ending == "png")) {
            break path;
        }
        assert!(Instant::now() < deadline, "nothing is saved");
    };
    let file = std::io::BufReader::new(std::fs::File::open(saved).expect("it was written"));
    let reader = png::Decoder::new(file).read_info().expect("it is a PNG file");
    // 4K, with the shape of a window of 960 x 600.
    assert_eq!((reader.info().width, reader.info().height), (3840, 2400));

    // Going on is seen at once.
    stage.key('p');
    stage.play_until("a picture that moves again", |picture| picture.difference(&held) > 0.05);
    stage.plugin.close_editor();
}

/// Where the demo track is entered for the pictures, in seconds: the full band plays.
const SCENE_S: f64 = 40.0;

fn docs_pictures(format: Format) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let song =
        dendrite_audio::read(&root.join("assets/demo/dendrite_demo.ogg")).expect("the demo track is there");
    assert_eq!(f64::from(song.rate), RATE, "the demo track has the rate of the stage");
    let labels =
        std::fs::read(root.join("assets/demo/dendrite_demo.labels.json")).expect("its labels are there");
    let labels: serde_json::Value = serde_json::from_slice(&labels).expect("its labels are JSON");
    let tempo_bpm = labels["tempo_bpm"].as_f64().expect("its tempo is a number");
    for size in [[900, 600], [1100, 700], [1600, 1000]] {
        let mut stage = Stage::with(size, bundles::load(format), song.channels.clone(), tempo_bpm);
        stage.position = (SCENE_S * RATE) as usize;
        stage.started = Instant::now() - Duration::from_secs_f64(SCENE_S);
        let [width, height] = size;
        stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
        stage.plugin.resize_editor(width, height).expect("it can be resized");
        stage.window.resize(width, height);
        stage.play_until("a picture that fills the window", |picture| {
            (picture.width, picture.height) == (width, height) && picture.colours() > 1_000
        });
        // Until mood, key and the strip have something to show.
        stage.play(Duration::from_secs(14));
        let picture = stage.window.picture();
        picture.save(&pictures().join(format!("docs_{width}x{height}.png")));
        match height {
            600 => picture.save(&root.join(format!("docs/pictures/editor_{width}x{height}.png"))),
            // The whole is too large for the docs; the column of overlays is what this size adds.
            1000 => {
                let column = picture.part([width - 268, 0], [268, 804]);
                column.save(&root.join("docs/pictures/editor_overlays.png"));
            }
            _ => {}
        }
        // The about box; a click beside it closes it.
        stage.click(111, 36);
        stage.window.picture().save(&pictures().join(format!("docs_{width}x{height}_about.png")));
        stage.click(width / 2, height - 100);
        // The picture alone and the idle window, to be looked at.
        stage.click(width / 2, height / 2);
        for key in ['h', 'f'] {
            stage.key(key);
            stage.window.picture().save(&pictures().join(format!("docs_{width}x{height}_{key}.png")));
            stage.key(key);
        }
        std::thread::sleep(Duration::from_secs(5));
        stage.window.picture().save(&pictures().join(format!("docs_{width}x{height}_idle.png")));
        stage.plugin.close_editor();
    }
}

fn reopen(format: Format, openings: u32) {
    let mut stage = Stage::new(format);
    // Libraries keep what they have made for the first windows.
    let settled = openings / 3;
    let mut settled_kb = 0;
    for opening in 0..openings {
        stage
            .plugin
            .open_editor(stage.window.id(), 1.0)
            .unwrap_or_else(|error| panic!("opening {opening}: {error}"));
        // From closed at once to closed after some frames, some of them in another size.
        stage.play(Duration::from_millis(u64::from(opening % 5) * 30));
        if opening % 2 == 1 {
            let size = 600 + 40 * (opening % 7);
            let taken = stage.plugin.resize_editor(size, size).expect("it can be resized");
            stage.window.resize(taken.0, taken.1);
            stage.play(Duration::from_millis(u64::from(opening % 4) * 30));
        }
        stage.plugin.close_editor();
        stage.plugin.idle();
        if opening == settled {
            settled_kb = resident_kb();
        }
    }
    let grown_kb = resident_kb().saturating_sub(settled_kb);
    println!("{openings} openings: {settled_kb} kB after {settled}, {grown_kb} kB more at the end");
    let most_kb = ANYWAY_KB + u64::from(openings - settled) * MOST_KB_PER_WINDOW;
    assert!(grown_kb < most_kb, "{grown_kb} kB more than after {settled} windows, {most_kb} kB allowed");
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it still opens");
    stage.play_until("a picture after all these windows", |picture| picture.colours() > 1_000);
    let Stage { plugin, window, .. } = stage;
    let unloaded = plugin.unload();
    assert_ne!(unloaded, Unloaded::InUse, "this was the only instance");
    // A thread that was left behind would crash now.
    std::thread::sleep(Duration::from_millis(300));
    drop(window);
}

/// What the graphics library's caches go up and down by: 10 MB in 100 openings.
const ANYWAY_KB: u64 = 10_240;

/// What a window may leave behind at most: its textures alone are three times as much, and its picture ten times.
const MOST_KB_PER_WINDOW: u64 = 200;

/// Memory of this process when the renderer's threads have had time to end, in kB; 0 where the system does not tell.
fn resident_kb() -> u64 {
    std::thread::sleep(Duration::from_millis(500));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Resolutions and the sizes that a window of a new session has there.
const SCALES: [(u32, (u32, u32)); 3] = [(96, (960, 600)), (144, (1440, 900)), (192, (1920, 1200))];

fn scale(format: Format) {
    let name = format.to_string().to_lowercase();
    let mut word = None;
    for (dpi, expected) in SCALES {
        let mut stage = Stage::new(format);
        stage.window.set_resolution(dpi);
        stage.window.resize(expected.0, expected.1);
        // What the host says counts only where the display says nothing.
        let size = stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
        assert_eq!(size, expected, "{dpi} dpi");
        stage.play_until("a picture with many colours", |picture| {
            (picture.width, picture.height) == expected
                && picture.colours() > 1_000
                && picture.reaches_all_corners()
        });
        // The panel is there a picture later than the set.
        stage.play(Duration::from_secs(1));
        stage.window.picture().save(&pictures().join(format!("editor_{name}_{dpi}dpi.png")));
        // The plug-in's name at the top of the panel, in logical pixels: letters are as much larger as the rest.
        let factor = f64::from(dpi) / 96.0;
        let scaled = |sides: [u32; 2]| sides.map(|side| (f64::from(side) * factor).round() as u32);
        let lettering = stage.window.picture().part(scaled([22, 20]), scaled([80, 30]));
        let high = lettering.light_rows();
        let at_one = *word.get_or_insert(high);
        assert!((8..=20).contains(&at_one), "letters of {at_one} pixels at scale factor 1");
        let wanted = f64::from(at_one) * factor;
        assert!(
            (f64::from(high) - wanted).abs() <= 2.0 * factor,
            "{dpi} dpi: {high} rows, {wanted} expected"
        );
        stage.plugin.close_editor();
        // The session remembers logical pixels.
        let memory = stage.memory(format);
        assert_eq!((memory["width"].as_f64(), memory["height"].as_f64()), (Some(960.0), Some(600.0)));
    }
}

fn told(format: Format) {
    for (dpi, expected) in SCALES {
        let mut stage = Stage::new(format);
        let factor = f64::from(dpi) / 96.0;
        let size = stage.plugin.open_editor(stage.window.id(), factor).expect("it opens");
        assert_eq!(size, expected, "scale factor {factor}");
        stage.window.resize(size.0, size.1);
        stage.play_until("a picture of this size", |picture| {
            (picture.width, picture.height) == expected && picture.colours() > 1_000
        });
        stage.plugin.close_editor();
    }
}

/// Waits until the pictures of both have moved, which are played to in turns.
fn both_move(one: &mut Stage, other: &mut Stage) {
    let colourful = |picture: &Picture| picture.colours() > 1_000;
    let first = one.play_until("a picture with many colours", colourful);
    let second = other.play_until("a picture with many colours", colourful);
    let deadline = Instant::now() + PATIENCE;
    let moved = |stage: &Stage, before: &Picture| stage.window.picture().difference(before) > 0.05;
    while !(moved(one, &first) && moved(other, &second)) {
        assert!(Instant::now() < deadline, "a picture stands still beside another");
        one.play(Duration::from_millis(50));
        other.play(Duration::from_millis(50));
    }
}

fn two(format: Format) {
    let mut one = Stage::new(format);
    let mut other = Stage::new(format);
    other.window.move_to(960);
    for stage in [&mut one, &mut other] {
        stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    }
    both_move(&mut one, &mut other);
    // What is done in one is not done in the other.
    let before = other.memory(format);
    let is_folded = |memory: &serde_json::Value| memory["overlays"]["mood"] == false;
    until_remembered(&mut one, format, MOOD_TITLE, MOOD_TITLE, is_folded);
    assert_eq!(other.memory(format), before);
    // One goes and comes again while the other stays.
    one.plugin.close_editor();
    let first = other.window.picture();
    other.play_until("a picture that goes on", |picture| picture.difference(&first) > 0.05);
    one.plugin.open_editor(one.window.id(), 1.0).expect("it opens again");
    both_move(&mut one, &mut other);
    drop(one);
    let first = other.window.picture();
    other.play_until("a picture that goes on", |picture| picture.difference(&first) > 0.05);
}

/// Presses on what is under the mouse from the top of the panel down, and drags it to the right, until a gesture has begun; the
/// button stays pressed.
fn grab_a_slider(stage: &mut Stage) {
    for attempt in 1..5 {
        let moment = MOMENT * attempt;
        for y in (130..580).step_by(7) {
            stage.window.point(60, y);
            stage.play(moment);
            stage.window.press();
            stage.play(moment);
            stage.window.point(110, y);
            stage.play(moment);
            if !stage.events.is_empty() {
                return;
            }
            stage.window.release();
            stage.play(moment);
        }
    }
    panic!("there is no slider");
}

fn interrupt(format: Format) {
    let mut stage = Stage::new(format);
    for round in 0..2 {
        stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
        stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
        stage.events.clear();
        grab_a_slider(&mut stage);
        stage.plugin.close_editor();
        stage.play(Duration::from_millis(300));
        stage.window.release();
        let gestures = Gestures::of(&stage.events);
        assert!(gestures.open.is_empty(), "round {round}: {:?}", stage.events);
        assert_eq!(gestures.done.len(), 1, "round {round}: {:?}", stage.events);
    }
    // An instance that goes while its window is dragged in takes the gesture along, and nothing else.
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    stage.events.clear();
    grab_a_slider(&mut stage);
    let Stage { plugin, window, .. } = stage;
    drop(plugin);
    window.release();
    let mut next = Stage::with([960, 600], bundles::load(format), music(2, RATE, 4.0), 120.0);
    next.plugin.open_editor(next.window.id(), 1.0).expect("the next one opens");
    next.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
}

/// Gestures as a host sees them.
#[derive(Debug, Default)]
struct Gestures {
    /// Ids of parameters whose gesture has not ended.
    open: Vec<u32>,
    /// Ids of parameters whose gestures have, with the number of values inside each.
    done: Vec<(u32, usize)>,
}

impl Gestures {
    /// Fails at values outside of a gesture, ends without a begin, and begins within a gesture of the same parameter.
    fn of(events: &[EventKind]) -> Self {
        let mut gestures = Self::default();
        let mut values: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
        for event in events {
            match *event {
                EventKind::ParamGestureBegin { id } => {
                    assert!(values.insert(id, 0).is_none(), "{id} begins twice: {events:?}");
                }
                EventKind::Param { id, .. } => {
                    *values.get_mut(&id).unwrap_or_else(|| panic!("{id} outside a gesture: {events:?}")) += 1;
                }
                EventKind::ParamGestureEnd { id } => {
                    let count = values.remove(&id);
                    gestures.done.push((id, count.unwrap_or_else(|| panic!("{id} ends: {events:?}"))));
                }
                _ => {}
            }
        }
        gestures.open = values.into_keys().collect();
        gestures
    }
}

/// Where rows of the panel have their sliders and names, and where their switches and lists, in a window of 960 x 600.
const SLIDERS: u32 = 70;
const SWITCHES: u32 = 246;

fn widgets(format: Format) {
    let mut stage = Stage::new(format);
    stage.plugin.open_editor(stage.window.id(), 1.0).expect("it opens");
    stage.play_until("a picture with many colours", |picture| picture.colours() > 1_000);
    let params = stage.plugin.params();
    let mut moved = std::collections::BTreeMap::new();
    // Less than a row from one place to the next; below the presets, above the end of the list. `plugin/src/editor/panel/tests.rs` goes
    // through all of them without a window.
    for page in 0..2 {
        for y in (120..530).step_by(9) {
            for (from, to) in [([SLIDERS, y], [SLIDERS + 60, y]), ([SWITCHES, y], [SWITCHES - 60, y + 50])] {
                let before = params::values(&mut stage.plugin);
                stage.events.clear();
                stage.window.point(from[0], from[1]);
                stage.play(BRIEF);
                stage.window.press();
                stage.play(BRIEF);
                if from[0] == SWITCHES {
                    // A click; an entry of the list that it may have opened is chosen below.
                    stage.window.release();
                    stage.play(BRIEF);
                    stage.window.point(to[0], to[1]);
                    stage.play(BRIEF);
                    stage.window.press();
                    stage.play(BRIEF);
                } else {
                    stage.window.point(to[0], to[1]);
                    stage.play(2 * BRIEF);
                }
                stage.window.release();
                stage.play(2 * BRIEF);
                let deadline = Instant::now() + PATIENCE;
                while !Gestures::of(&stage.events).open.is_empty() {
                    assert!(Instant::now() < deadline, "no end: {:?}", stage.events);
                    stage.play(BRIEF);
                }
                // What changed is what was sent, in gestures.
                let sent = Gestures::of(&stage.events);
                let after = params::values(&mut stage.plugin);
                for ((param, old), new) in params.iter().zip(&before).zip(&after) {
                    let gesture = sent.done.iter().find(|(id, _)| *id == param.id);
                    assert!(old == new || gesture.is_some(), "{} changes without a gesture", param.name);
                    if old != new {
                        *moved.entry(param.name.clone()).or_insert(0) += 1;
                    }
                }
                // A value that a click made editable is left as it is.
                stage.window.key(ESCAPE);
            }
        }
        stage.window.point(SLIDERS, 300);
        stage.window.scroll(6);
        stage.play(Duration::from_millis(500));
        println!("page {page}: {} moved", moved.len());
    }
    println!("moved: {moved:?}");
    let moves = |name: &str| moved.contains_key(name);
    for name in ["Sensitivity", "Impact Amount", "Smoothing", "Auto Level", "Listen To"] {
        assert!(moves(name), "nothing moves {name}: {moved:?}");
    }
    assert!(moved.len() >= 10, "{} parameters have moved: {moved:?}", moved.len());
    stage.plugin.close_editor();
}

/// A moment for a picture or two.
const BRIEF: Duration = Duration::from_millis(45);

/// The keysym of the escape key.
const ESCAPE: u32 = 0xff1b;

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
