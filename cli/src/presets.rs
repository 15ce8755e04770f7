//! `dendrite presets`: what there is to choose from. And which one is meant by a name or a file.

use std::io::Write;

use anyhow::Result;
use dendrite_presets::{NamedError, Preset, factory};

use crate::text::{Align, table};
use crate::{Outcome, UsageError};

/// Lists the presets that come with Dendrite.
pub fn list(out: &mut dyn Write) -> Result<Outcome> {
    let rows: Vec<Vec<String>> =
        factory().iter().map(|preset| vec![preset.name.clone(), preset.about.clone()]).collect();
    table(out, "", &[Align::Left, Align::Left], &rows)?;
    writeln!(
        out,
        "\nUse one with `dendrite render SONG --preset NAME`, or a file of your own: docs/PRESETS.md"
    )?;
    Ok(Outcome::Good)
}

/// The preset of a name, or of a file that ends in .toml.
pub fn named(text: &str) -> Result<Preset> {
    let preset = dendrite_presets::named(text).map_err(|error| match error {
        NamedError::Unknown(_) => UsageError(error.to_string()).into(),
        other => anyhow::Error::from(other),
    })?;
    for id in preset.unknown() {
        eprintln!("warning: {text}: `{id}` does nothing here");
    }
    Ok(preset)
}
