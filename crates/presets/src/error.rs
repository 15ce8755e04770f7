//! What can be wrong with a preset.

/// What is wrong with a preset. Lines count from 1; a preset that was not read from a file has none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// The text is not TOML.
    #[error("{}not TOML: {message}", at(*line))]
    Syntax {
        /// Where.
        line: Option<usize>,
        /// What the TOML reader says.
        message: String,
    },
    /// There is no name.
    #[error("no `name`: a preset begins with a line such as name = \"Deep Sea\"")]
    NoName,
    /// Name, about or author is not what it should be, or the format is one that is not known here.
    #[error("{}`{field}` is {found}; expected {expected}", at(*line))]
    Field {
        /// Where.
        line: Option<usize>,
        /// Which one.
        field: &'static str,
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Something stands outside of [values] that does not belong there.
    #[error("{}`{field}` is no part of a preset; expected format, name, about, author or [values]", at(*line))]
    UnknownField {
        /// Where.
        line: Option<usize>,
        /// What.
        field: String,
    },
    /// The value of a parameter has the wrong type or is out of range.
    #[error("{}`{id}` is {found}; expected {expected}", at(*line))]
    Value {
        /// Where.
        line: Option<usize>,
        /// The parameter's id.
        id: String,
        /// Its range or choices.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// What stands before a value could not be the id of a parameter in any version.
    #[error("{}`{id}` is no id of a parameter; expected small letters, digits and underscores, at most 32", at(*line))]
    Id {
        /// Where.
        line: Option<usize>,
        /// What stands there.
        id: String,
    },
}

/// The beginning of a message that knows its line.
fn at(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
