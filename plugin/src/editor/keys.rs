//! The keys of the canvas, heard only when it has the focus, and which keys are the host's: all that nothing here uses now.

use egui::{Context, Key, Modifiers};
use nice_plug_egui::{Frame, Key as HostKey, KeyCapture};

use super::canvas;

/// How much is to be seen besides the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Around {
    /// Panel, overlays and status line.
    #[default]
    Everything,
    /// The status line alone.
    Status,
    /// Nothing.
    Nothing,
}

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// H: hide every control, or show them again.
    Hide,
    /// F: the picture alone, or everything again.
    FullView,
    /// P: hold the picture, or let it go on.
    Freeze,
    /// S: save the picture.
    Save,
}

const COMMANDS: [(Key, Command); 4] = [
    (Key::H, Command::Hide),
    (Key::F, Command::FullView),
    (Key::P, Command::Freeze),
    (Key::S, Command::Save),
];

/// The keys of [`COMMANDS`] as the window's system writes them, with and without shift or caps lock.
const WRITTEN: [&str; 8] = ["h", "f", "p", "s", "H", "F", "P", "S"];

impl Around {
    /// What a command makes of it.
    pub fn after(self, command: Command) -> Self {
        match (command, self) {
            (Command::Hide, Around::Everything) => Around::Status,
            (Command::FullView, Around::Everything | Around::Status) => Around::Nothing,
            (Command::Hide | Command::FullView, _) => Around::Everything,
            (Command::Freeze | Command::Save, around) => around,
        }
    }
}

/// What has been pressed since the last picture, if the canvas has the focus.
pub fn pressed(context: &Context) -> Option<Command> {
    if !context.memory(|memory| memory.has_focus(canvas::id())) {
        return None;
    }
    context.input_mut(|input| {
        COMMANDS.iter().find(|(key, _)| input.consume_key(Modifiers::NONE, *key)).map(|(_, command)| *command)
    })
}

/// The keys with a name that the editor uses.
pub mod named {
    use keyboard_types::NamedKey;
    use nice_plug_egui::Key;

    pub const TAB: Key = Key::Named(NamedKey::Tab);
    pub const ESCAPE: Key = Key::Named(NamedKey::Escape);
    pub const ENTER: Key = Key::Named(NamedKey::Enter);
    pub const LEFT: Key = Key::Named(NamedKey::ArrowLeft);
    pub const RIGHT: Key = Key::Named(NamedKey::ArrowRight);
    pub const UP: Key = Key::Named(NamedKey::ArrowUp);
    pub const DOWN: Key = Key::Named(NamedKey::ArrowDown);
    pub const BACKSPACE: Key = Key::Named(NamedKey::Backspace);
    pub const DELETE: Key = Key::Named(NamedKey::Delete);
}

/// What moves between controls, from the picture as well.
const MOVING: [HostKey; 2] = [named::TAB, named::ESCAPE];

/// What the controls use besides.
const CONTROLS: [HostKey; 7] =
    [named::ENTER, named::LEFT, named::RIGHT, named::UP, named::DOWN, named::BACKSPACE, named::DELETE];

/// What is used together with Ctrl: undo, redo, copy, paste.
const WITH_CTRL: [&str; 8] = ["z", "y", "c", "v", "Z", "Y", "C", "V"];

/// Which keys the host does not get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taken {
    /// As the framework begins: all that a focused widget might use.
    #[default]
    Unset,
    /// All: something is being typed.
    Typing,
    /// Those of the canvas.
    Canvas,
    /// Those of a control that has the focus, but never the space bar.
    Control,
    /// Those by which a control gets the focus.
    Nothing,
}

impl Taken {
    /// Tells the window which keys are ours now, when that has changed.
    pub fn update(&mut self, context: &Context, frame: &mut Frame) {
        let focused = context.memory(|memory| memory.focused());
        let now = match focused {
            _ if context.text_edit_focused() => Taken::Typing,
            Some(id) if id == canvas::id() => Taken::Canvas,
            Some(_) => Taken::Control,
            None => Taken::Nothing,
        };
        if now != *self {
            *self = now;
            frame.set_key_capture(now.capture());
        }
    }

    /// Whether a key is ours, and not the host's. The framework cannot look at Ctrl and asks for the key alone.
    #[cfg(target_os = "linux")]
    pub fn takes(self, key: &HostKey, ctrl: bool) -> bool {
        let by_ctrl = matches!(key, HostKey::Character(written) if WITH_CTRL.contains(&written.as_str()));
        match self.capture() {
            KeyCapture::CaptureAll => true,
            KeyCapture::CaptureKeys(keys) => keys.contains(key) && by_ctrl == ctrl,
            KeyCapture::IgnoreAll | KeyCapture::IgnoreKeys(_) => false,
        }
    }

    /// Whether every key is ours.
    #[cfg(target_os = "linux")]
    pub fn is_all(self) -> bool {
        matches!(self, Taken::Unset | Taken::Typing)
    }

    fn capture(self) -> KeyCapture {
        let written = |keys: &[&str]| -> Vec<HostKey> {
            keys.iter().map(|key| HostKey::Character((*key).to_owned())).collect()
        };
        match self {
            Taken::Unset | Taken::Typing => KeyCapture::CaptureAll,
            Taken::Canvas => {
                let back = &WITH_CTRL;
                KeyCapture::CaptureKeys([written(&WRITTEN), written(back), MOVING.to_vec()].concat())
            }
            Taken::Control => {
                KeyCapture::CaptureKeys([written(&WITH_CTRL), MOVING.to_vec(), CONTROLS.to_vec()].concat())
            }
            Taken::Nothing => KeyCapture::CaptureKeys(MOVING[..1].to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_again_brings_everything_back() {
        for command in [Command::Hide, Command::FullView] {
            let hidden = Around::Everything.after(command);
            assert_ne!(hidden, Around::Everything);
            assert_eq!(hidden.after(command), Around::Everything);
        }
        assert_eq!(Around::Status.after(Command::FullView), Around::Nothing);
        assert_eq!(Around::Nothing.after(Command::Hide), Around::Everything);
        for command in [Command::Freeze, Command::Save] {
            assert_eq!(Around::Status.after(command), Around::Status);
        }
    }

    #[test]
    fn the_space_bar_stays_the_hosts_unless_something_is_typed() {
        let space = HostKey::Character(" ".to_owned());
        for taken in [Taken::Canvas, Taken::Control, Taken::Nothing] {
            match taken.capture() {
                KeyCapture::CaptureKeys(keys) => assert!(!keys.contains(&space)),
                other => panic!("{taken:?}: {other:?}"),
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn letters_are_ours_with_ctrl_or_without_but_not_both() {
        let key = |written: &str| HostKey::Character(written.to_owned());
        for (taken, written, ctrl, ours) in [
            (Taken::Canvas, "h", false, true),
            (Taken::Canvas, "h", true, false),
            (Taken::Canvas, "z", false, false),
            (Taken::Canvas, "z", true, true),
            (Taken::Control, "h", false, false),
            (Taken::Control, "Z", true, true),
            (Taken::Nothing, "z", true, false),
            (Taken::Typing, "z", false, true),
            (Taken::Typing, " ", false, true),
        ] {
            assert_eq!(taken.takes(&key(written), ctrl), ours, "{taken:?} {written} {ctrl}");
        }
        assert!(Taken::Nothing.takes(&named::TAB, false));
        assert!(!Taken::Nothing.takes(&named::ENTER, false));
        assert!(Taken::Control.takes(&named::ENTER, false));
    }
}
