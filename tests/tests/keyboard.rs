//! Keys in the editor's window: what it does not use comes to the host's window around it.
//!
//! Each format runs in a process of its own, on a screen of its own, which is named in its environment.

use std::process::Command;
use std::time::{Duration, Instant};

use dendrite_host::{Format, Plugin};
use dendrite_tests::bundles;
use dendrite_tests::display::{Screen, Window};

/// Tells the other process which format to load.
const FORMAT: &str = "DENDRITE_KEYBOARD_FORMAT";

/// How long anything may take that depends on the speed of the machine's software renderer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Keysyms.
const SPACE: u32 = 0x20;
const TAB: u32 = 0xFF09;
const RIGHT: u32 = 0xFF53;
const RETURN: u32 = 0xFF0D;
const LETTER_Q: u32 = 0x71;
const LETTER_H: u32 = 0x68;
const DIGIT_7: u32 = 0x37;

#[test]
fn the_host_hears_what_the_editor_does_not_use() {
    for format in bundles::FORMATS {
        let screen = Screen::start();
        let home = tempfile::tempdir().expect("there is room for a folder");
        let output = Command::new(std::env::current_exe().expect("this test has a file"))
            .args(["--exact", "in_a_window", "--ignored", "--nocapture"])
            .env(FORMAT, format.to_string())
            .env("DISPLAY", screen.name())
            .env("HOME", home.path())
            .output()
            .expect("the test can run itself");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{format}: {}\n{text}", output.status);
    }
}

#[test]
#[ignore = "started by the other in a process of its own, with a display"]
fn in_a_window() {
    let Ok(format) = std::env::var(FORMAT) else { return };
    let format = if format == "CLAP" { Format::Clap } else { Format::Vst3 };
    let mut plugin = bundles::load(format);
    plugin.activate(48_000.0, 480).expect("it can be activated");
    let window = Window::show(960, 600);
    window.listen_to_keys();
    plugin.open_editor(window.id(), 1.0).expect("it opens");
    let deadline = Instant::now() + PATIENCE;
    while !window.is_inhabited() || window.picture().colours() < 1_000 {
        assert!(Instant::now() < deadline, "there is a picture");
        wait(&mut plugin, Duration::from_millis(100));
    }
    // A click on the picture gives the editor's window the keys, and the picture the focus: H is then nobody else's and hides the
    // controls. A slow renderer may be behind the mouse, and press and release may come within one picture.
    loop {
        click(&window, &mut plugin, 450, 250);
        window.keys_heard();
        if heard(&window, &mut plugin, LETTER_H).is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "H is the picture's after a click on it");
    }
    for keysym in [SPACE, LETTER_Q, DIGIT_7] {
        assert_eq!(heard(&window, &mut plugin, keysym), [(keysym, true), (keysym, false)], "the host's key");
    }
    // H shows the controls again.
    for keysym in [LETTER_H, TAB] {
        assert_eq!(heard(&window, &mut plugin, keysym), [], "the editor's key");
    }
    // Tab has led from the picture to the first control, the button about Dendrite. Enter presses it: a box of one colour, 396 wide,
    // lies in the middle; this is a part of its left margin.
    let has_box = |window: &Window| window.picture().part([286, 230], [8, 140]).colours() == 1;
    assert!(!has_box(&window), "the picture has many colours there");
    assert_eq!(heard(&window, &mut plugin, RETURN), [], "Enter is for controls");
    while !has_box(&window) {
        assert!(Instant::now() < deadline, "the box about Dendrite opens");
        wait(&mut plugin, Duration::from_millis(100));
    }
    assert_eq!(heard(&window, &mut plugin, RIGHT), [], "arrows are for controls");
    for keysym in [SPACE, LETTER_H] {
        assert_eq!(
            heard(&window, &mut plugin, keysym),
            [(keysym, true), (keysym, false)],
            "not for controls"
        );
    }
    // What a host sends back to the editor does not come round again.
    let before = Instant::now();
    window.send_key_inside(SPACE);
    while before.elapsed() < Duration::from_secs(1) {
        wait(&mut plugin, Duration::from_millis(20));
        assert_eq!(window.keys_heard(), [], "it goes in a circle");
    }
    plugin.close_editor();
}

/// Presses a key; what the host's window hears of it.
fn heard(window: &Window, plugin: &mut Plugin, keysym: u32) -> Vec<(u32, bool)> {
    window.key(keysym);
    let deadline = Instant::now() + Duration::from_secs(2);
    let mut heard = Vec::new();
    // All of the time: that nothing comes has to be waited for.
    while Instant::now() < deadline && heard.len() < 2 {
        wait(plugin, Duration::from_millis(20));
        heard.extend(window.keys_heard());
    }
    heard
}

fn click(window: &Window, plugin: &mut Plugin, x: u32, y: u32) {
    let moment = Duration::from_millis(300);
    window.point(x, y);
    wait(plugin, moment);
    window.press();
    wait(plugin, moment);
    window.release();
    wait(plugin, Duration::from_secs(1));
}

fn wait(plugin: &mut Plugin, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        plugin.idle();
        std::thread::sleep(Duration::from_millis(5));
    }
}
