//! Data sets that others made, read from their own layouts. None is part of this repository: their licences forbid it or
//! they are too large.
//!
//! | set | teaches | with |
//! | --- | --- | --- |
//! | [`deam`] | mood | sound |
//! | [`chords`] | chords | sound that you have |
//! | [`maestro`] | velocity, pedal, articulation, register | sound |
//! | [`groove`] | timing and accents | sound, where there is some |
//! | [`lakh`] | melody, in its key | no sound, or sound of the generator's instruments |

pub mod chords;
pub mod deam;
pub mod groove;
pub mod lakh;
pub mod maestro;

use std::path::Path;

use serde::de::DeserializeOwned;

use super::Split;
use super::loading::SetError;
use super::report::Reason;

/// Rows of a CSV index with a header.
fn read_index<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>, SetError> {
    let problem = |error: csv::Error| SetError::Index { file: file.to_owned(), problem: error.to_string() };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).map_err(problem)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(problem)
}

/// A set's own name of a part.
fn split_named(name: &str) -> Result<Split, Reason> {
    match name {
        "train" => Ok(Split::Train),
        "validation" => Ok(Split::Validation),
        "test" => Ok(Split::Test),
        _ => Err(Reason::Notes("its split is none of train, validation, test")),
    }
}
