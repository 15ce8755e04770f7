//! A preset in memory: what it holds, and where its values go.

use std::collections::BTreeMap;

use dendrite_engine::Settings;
use dendrite_julia::Look;

use crate::parameters::{PARAMETERS, Parameter, parameter};
use crate::{PresetError, file};

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 60;

/// Longest about and author, in characters.
pub const LONGEST_TEXT: usize = 200;

/// Longest id of a parameter, in any version of the plug-in.
const LONGEST_ID: usize = 32;

/// The value of a parameter, in the unit that the plug-in shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number: percent, milliseconds, degrees, octaves, times. A component also by its number.
    Number(f64),
    /// On or off.
    Switch(bool),
    /// The frozen id of a choice: `abyss`, `harmonic_minor`, `8`. A component also by its name.
    Choice(String),
}

/// Look, motion and play under a name.
///
/// The fields are open, so anything can be put together; [`check`](Self::check) says whether it is sound, as everything is that
/// [`from_toml`](Self::from_toml) has read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preset {
    /// What it is called: 1 to [`LONGEST_NAME`] characters, on one line.
    pub name: String,
    /// One line for whoever chooses, or nothing.
    pub about: String,
    /// Who made it, or nothing.
    pub author: String,
    /// Values by the parameters' ids, see [`IDS`](crate::IDS). Ids of parameters that this version does not know, or that are no
    /// part of presets here, are kept and do nothing.
    pub values: BTreeMap<String, Value>,
}

impl Preset {
    /// A preset with everything that settings and look hold, each value rounded to its parameter's step.
    pub fn capture(name: &str, settings: &Settings, look: &Look) -> Self {
        let held = |p: &Parameter| (p.id.to_owned(), p.value(p.plain_of(settings, look)));
        Self { name: name.to_owned(), values: PARAMETERS.iter().map(held).collect(), ..Self::default() }
    }

    /// Reads a preset from the text of a file.
    ///
    /// # Errors
    /// The text is not TOML, has something that does not belong there, or a value is out of its parameter's range or of another
    /// type: the first such place, with its line. Values of unknown parameters are no error, see [`unknown`](Self::unknown).
    pub fn from_toml(text: &str) -> Result<Self, PresetError> {
        file::read(text)
    }

    /// The text of a file: readable, with the unit and range behind each number. Reads back to the same preset if it is
    /// [sound](Self::check).
    pub fn to_toml(&self) -> String {
        file::write(self)
    }

    /// Whether it is what a file may hold.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml), without lines.
    pub fn check(&self) -> Result<(), PresetError> {
        check_text("name", &self.name, LONGEST_NAME, None)?;
        check_text("about", &self.about, LONGEST_TEXT, None)?;
        check_text("author", &self.author, LONGEST_TEXT, None)?;
        self.values.iter().try_for_each(|(id, value)| check_value(id, value, None))
    }

    /// The ids whose values do nothing here: from a newer Dendrite, misspelt, or no part of presets.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str).filter(|id| !crate::belongs(id))
    }

    /// Writes every parameter of [`IDS`](crate::IDS) into settings and look, and touches nothing else there. A parameter without
    /// a value, or with one that does not fit, takes its default.
    pub fn apply(&self, settings: &mut Settings, look: &mut Look) {
        for parameter in PARAMETERS {
            parameter.write(settings, look, self.plain_or_default(parameter));
        }
    }

    /// Every parameter of [`IDS`](crate::IDS), in order, with its plain value here or its default: what the plug-in's framework
    /// counts in. Numbers are as shown, switches 0 or 1, choices and components their place in the list.
    pub fn plains(&self) -> impl Iterator<Item = (&'static str, f32)> {
        PARAMETERS.iter().map(|parameter| (parameter.id, self.plain_or_default(parameter)))
    }

    fn plain_or_default(&self, parameter: &Parameter) -> f32 {
        let own = self.values.get(parameter.id).and_then(|value| parameter.plain(value));
        own.unwrap_or_else(|| parameter.default_plain())
    }
}

/// Whether a text fits on one line of a list.
pub(crate) fn check_text(
    field: &'static str,
    text: &str,
    longest: usize,
    line: Option<usize>,
) -> Result<(), PresetError> {
    let wrong = |found: String| PresetError::Field {
        line,
        field,
        expected: format!("one line of at most {longest} characters"),
        found,
    };
    if text.chars().any(char::is_control) {
        return Err(wrong("a text with line breaks or other control characters".to_owned()));
    }
    let length = text.chars().count();
    if length > longest {
        return Err(wrong(format!("{length} characters long")));
    }
    if field == "name" && text.trim().is_empty() {
        return Err(wrong("empty".to_owned()));
    }
    Ok(())
}

/// Whether a value fits its parameter; of a parameter that is not known, whether it could fit any.
pub(crate) fn check_value(id: &str, value: &Value, line: Option<usize>) -> Result<(), PresetError> {
    let wrong = |expected: String| PresetError::Value {
        line,
        id: id.to_owned(),
        expected,
        found: match value {
            Value::Number(number) => number.to_string(),
            Value::Switch(on) => on.to_string(),
            Value::Choice(chosen) => format!("{chosen:?}"),
        },
    };
    if let Some(parameter) = parameter(id) {
        return if parameter.plain(value).is_some() { Ok(()) } else { Err(wrong(parameter.expected())) };
    }
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(sound) {
        return Err(PresetError::Id { line, id: id.to_owned() });
    }
    match value {
        Value::Number(number) if !number.is_finite() => Err(wrong("a finite number".to_owned())),
        _ => Ok(()),
    }
}
