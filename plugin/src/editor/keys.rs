//! The keys of the canvas: heard only after a click on it, so that a host's own keys stay the host's.

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
    /// Those that a focused widget might use, but never the space bar.
    Widgets,
}

impl Taken {
    /// Tells the window which keys are ours now, when that has changed.
    pub fn update(&mut self, context: &Context, frame: &mut Frame) {
        let now = if context.text_edit_focused() {
            Taken::Typing
        } else if context.memory(|memory| memory.has_focus(canvas::id())) {
            Taken::Canvas
        } else {
            Taken::Widgets
        };
        if now != *self {
            *self = now;
            frame.set_key_capture(now.capture());
        }
    }

    fn capture(self) -> KeyCapture {
        let written = |keys: &[&str]| keys.iter().map(|key| HostKey::Character((*key).to_owned())).collect();
        match self {
            Taken::Unset | Taken::Typing => KeyCapture::CaptureAll,
            Taken::Canvas => KeyCapture::CaptureKeys(written(&WRITTEN)),
            Taken::Widgets => KeyCapture::IgnoreKeys(written(&[" "])),
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
        for taken in [Taken::Canvas, Taken::Widgets] {
            match taken.capture() {
                KeyCapture::CaptureKeys(keys) => assert!(!keys.contains(&space)),
                KeyCapture::IgnoreKeys(keys) => assert!(keys.contains(&space)),
                other => panic!("{taken:?}: {other:?}"),
            }
        }
    }
}
