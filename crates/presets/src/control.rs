//! One parameter by its id, for whoever changes it over time.

use dendrite_engine::Settings;
use dendrite_julia::Look;

use crate::Value;
use crate::parameters::{FURTHER, Kind, PARAMETERS, Parameter};

/// A parameter that can be set by itself: those of [`IDS`](crate::IDS), and `sensitivity`, `auto_level` and `play_mode`, which no
/// preset holds.
#[derive(Clone, Copy, Debug)]
pub struct Control(&'static Parameter);

/// An id or a value that is none. Says what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such parameter.
    #[error("there is no parameter `{id}`; did you mean `{nearest}`?")]
    Unknown {
        /// What was looked for.
        id: String,
        /// The most similar id that there is.
        nearest: &'static str,
    },
    /// The value does not fit.
    #[error("`{id}` cannot be {found:?}; expected {expected}")]
    Value {
        /// The parameter.
        id: &'static str,
        /// What was given.
        found: String,
        /// What fits.
        expected: String,
    },
}

impl Control {
    /// All, in the plug-in's order as far as presets hold them.
    pub fn all() -> impl Iterator<Item = Self> {
        PARAMETERS.iter().chain(FURTHER).map(Self)
    }

    /// The parameter with an id.
    ///
    /// # Errors
    /// There is none; the most similar one is named.
    pub fn find(id: &str) -> Result<Self, ControlError> {
        if let Some(found) = Self::all().find(|control| control.id() == id) {
            return Ok(found);
        }
        let likeness = |control: &Self| strsim::jaro_winkler(control.id(), id);
        let nearest = Self::all().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        Err(ControlError::Unknown { id: id.to_owned(), nearest: nearest.map_or("", Self::id) })
    }

    /// Its id.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// Whether there is something between two of its values.
    pub fn is_number(self) -> bool {
        matches!(self.0.kind, Kind::Number { .. })
    }

    /// The plain value of a text in the units that the plug-in shows, with the unit or without: `80`, `80 %`, `on`, `ember`.
    ///
    /// # Errors
    /// It does not fit; what would is said.
    pub fn read(self, text: &str) -> Result<f32, ControlError> {
        let text = text.trim();
        let bare = match self.0.kind {
            Kind::Number { unit, .. } => text.strip_suffix(unit).unwrap_or(text).trim_end(),
            _ => text,
        };
        let number = || bare.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Number);
        let choice = || Some(Value::Choice(bare.to_lowercase()));
        let value = match self.0.kind {
            Kind::Number { .. } => number(),
            Kind::Switch => match bare.to_lowercase().as_str() {
                "on" | "true" | "1" => Some(Value::Switch(true)),
                "off" | "false" | "0" => Some(Value::Switch(false)),
                _ => None,
            },
            Kind::Choice(_) => choice(),
            Kind::Component => number().or_else(choice),
        };
        let plain = value.and_then(|value| self.0.plain(&value));
        plain.ok_or_else(|| ControlError::Value {
            id: self.id(),
            found: text.to_owned(),
            expected: self.0.expected().replace("true or false", "on or off"),
        })
    }

    /// Its plain value in settings and look.
    pub fn of(self, settings: &Settings, look: &Look) -> f32 {
        self.0.plain_of(settings, look)
    }

    /// Writes a plain value, brought to the parameter's step and range, where it belongs. Does not allocate.
    pub fn set(self, settings: &mut Settings, look: &mut Look, plain: f32) {
        self.0.write(settings, look, self.0.snap(plain));
    }
}

impl PartialEq for Control {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_found_read_and_set_and_comes_back() {
        for control in Control::all() {
            assert_eq!(Control::find(control.id()), Ok(control));
            let (mut settings, mut look) = (Settings::default(), Look::default());
            let before = control.of(&settings, &look);
            // Another value than the default.
            let texts = ["37", "2", "0.1", "off", "on", "ember", "e", "dorian", "hold", "always", "4"];
            let plain =
                texts.iter().filter_map(|text| control.read(text).ok()).find(|&plain| plain != before);
            let plain = plain.unwrap_or_else(|| panic!("{} takes none of {texts:?}", control.id()));
            control.set(&mut settings, &mut look, plain);
            assert_eq!(control.of(&settings, &look), plain, "{}", control.id());
            assert!(settings != Settings::default() || look != Look::default(), "{}", control.id());
        }
    }

    #[test]
    fn units_may_stand_behind_numbers_and_names_are_read_in_any_case() {
        let read = |id: &str, text: &str| Control::find(id).unwrap().read(text).unwrap();
        assert_eq!(read("impact_amount", "80 %"), 80.0);
        assert_eq!(read("smoothing", "120ms"), 120.0);
        assert_eq!(read("palette", "Ember"), 1.0);
        assert_eq!(read("bars_per_turn", "8"), 3.0);
        assert_eq!(read("component_lock", "period-2 disc"), 2.0);
        assert_eq!(read("palette_follows_mood", "On"), 1.0);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        let message = Control::find("impact").unwrap_err().to_string();
        assert!(message.contains("did you mean `impact_amount`"), "{message}");
        for (id, text, expected) in [
            ("zoom", "20", "0.25 to 16 x"),
            ("zoom", "near", "0.25 to 16 x"),
            ("zoom", "nan", "0.25 to 16 x"),
            ("palette", "red", "\"ember\""),
            ("auto_level", "maybe", "on or off"),
            ("play_seed", "1.5", "whole number"),
        ] {
            let message = Control::find(id).unwrap().read(text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains(text), "{message}");
        }
    }
}
