//! The configuration: `config.toml`, what a user's file changes in it, and what the command line changes in that.

use std::path::Path;

use anyhow::{Context, Result};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::OrbitShape;
use serde::{Deserialize, Serialize};

use crate::fit::{Checkpoint, FitOptions};
use crate::orbit::OrbitOptions;
use crate::orbit::objective::Weights;

/// The committed defaults.
const DEFAULTS: &str = include_str!("../config.toml");

/// Everything that a training depends on, besides the data itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The built-in data.
    pub data: DataOptions,
    /// How the emotion model is trained.
    pub emotion: FitOptions,
    /// How the harmony model is trained.
    pub harmony: FitOptions,
    /// How the melody model is trained.
    pub melody: FitOptions,
    /// How the dynamics model is trained.
    pub dynamics: FitOptions,
    /// How the groove model is trained.
    pub groove: FitOptions,
    /// How the orbit model is trained.
    pub orbit: FitOptions,
    /// Weights of the terms of the orbit model's objective.
    pub orbit_objective: Weights,
    /// Inputs and gates of the orbit model.
    pub orbit_shape: OrbitShape,
}

/// How much music the generator makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataOptions {
    /// Pieces that weights are fitted to.
    pub train_pieces: usize,
    /// Other pieces, for the models that are given little else than what the emotion model says: on the pieces that it was
    /// fitted to it is right more often than it will be in playing, and they would trust it too much.
    pub second_train_pieces: usize,
    /// Pieces that decide when to stop.
    pub validation_pieces: usize,
    /// Pieces that are only measured, in timbres of their own.
    pub test_pieces: usize,
    /// Shortest and longest of the short pieces, in seconds.
    pub short_s: [f64; 2],
    /// Shortest and longest of the long pieces, in seconds; pieces of validation and test are all long.
    pub long_s: [f64; 2],
    /// Of so many training pieces one is long.
    pub long_every: usize,
    /// Training pieces of the orbit model, long ones first.
    pub orbit_pieces: usize,
    /// Seed of the first piece.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        toml::from_str(DEFAULTS).expect("the committed configuration is complete, which a test shows")
    }
}

impl Config {
    /// This one with what a file changes; it may hold any part of it.
    ///
    /// # Errors
    /// A file that cannot be read, is no TOML, or has a key that does not exist.
    pub fn with_file(&self, path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let parse = || format!("{}: this configuration cannot be used", path.display());
        let changes: toml::Table = text.parse().with_context(parse)?;
        let mut all = toml::Table::try_from(self).context("a configuration can be written")?;
        for (section, values) in changes {
            match (all.get_mut(&section), values) {
                (Some(toml::Value::Table(known)), toml::Value::Table(values)) => known.extend(values),
                (_, values) => {
                    all.insert(section, values);
                }
            }
        }
        toml::Value::Table(all).try_into().with_context(parse)
    }

    /// This one with a checkpoint's model trained as the checkpoint was.
    pub fn with_checkpoint(mut self, checkpoint: Checkpoint) -> Self {
        *self.of_mut(checkpoint.kind) = checkpoint.options;
        if let Some(OrbitOptions { shape, objective }) = checkpoint.orbit {
            (self.orbit_shape, self.orbit_objective) = (shape, objective);
        }
        self
    }

    /// What the orbit model is, and what it is asked for.
    pub fn orbit_options(&self) -> OrbitOptions {
        OrbitOptions { shape: self.orbit_shape, objective: self.orbit_objective }
    }

    /// How a model is trained.
    pub fn of(&self, kind: ModelKind) -> &FitOptions {
        match kind {
            ModelKind::Emotion => &self.emotion,
            ModelKind::Melody => &self.melody,
            ModelKind::Harmony => &self.harmony,
            ModelKind::Dynamics => &self.dynamics,
            ModelKind::Groove => &self.groove,
            ModelKind::Orbit => &self.orbit,
        }
    }

    /// The same, to change.
    pub fn of_mut(&mut self, kind: ModelKind) -> &mut FitOptions {
        match kind {
            ModelKind::Emotion => &mut self.emotion,
            ModelKind::Melody => &mut self.melody,
            ModelKind::Harmony => &mut self.harmony,
            ModelKind::Dynamics => &mut self.dynamics,
            ModelKind::Groove => &mut self.groove,
            ModelKind::Orbit => &mut self.orbit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_configuration_is_complete() {
        let config = Config::default();
        assert!(ModelKind::ALL.into_iter().all(|kind| config.of(kind).epochs > 0));
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, "[groove]\nepochs = 3\n").unwrap();
        let config = Config::default().with_file(&file).unwrap();
        let mut expected = Config::default();
        expected.groove.epochs = 3;
        assert_eq!(config, expected);
        std::fs::write(&file, "[orbit_objective]\njerk = 0.5\n[orbit_shape]\nbands = 4\n").unwrap();
        let config = config.with_file(&file).unwrap();
        (expected.orbit_objective.jerk, expected.orbit_shape.bands) = (0.5, 4);
        assert_eq!(config, expected);
        std::fs::write(&file, "[groove]\nepoch = 3\n").unwrap();
        let message = format!("{:#}", Config::default().with_file(&file).unwrap_err());
        assert!(message.contains("mine.toml") && message.contains("epoch"), "{message}");
    }
}
