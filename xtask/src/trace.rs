//! The CSV that the plug-in writes under `DENDRITE_TRACE`, read back.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// A trace in memory: named columns, one row per hop, as text.
pub struct Trace {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Trace {
    /// Reads a trace and checks that no row was lost.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let mut lines = text.lines();
        let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let columns = split(lines.next().context("the trace is empty")?);
        let mut rows = Vec::new();
        for line in lines {
            if let Some(comment) = line.strip_prefix('#') {
                bail!("{}: {}", path.display(), comment.trim());
            }
            let row = split(line);
            anyhow::ensure!(
                row.len() == columns.len(),
                "{}: line {} is cut off",
                path.display(),
                rows.len() + 2
            );
            rows.push(row);
        }
        Ok(Self { columns, rows })
    }

    /// Number of hops.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A column as text.
    pub fn text(&self, name: &str) -> Result<Vec<&str>> {
        let index = self
            .columns
            .iter()
            .position(|column| column == name)
            .with_context(|| format!("the trace has no column '{name}'"))?;
        Ok(self.rows.iter().map(|row| row[index].as_str()).collect())
    }

    /// A column as numbers.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        self.text(name)?
            .into_iter()
            .map(|text| text.parse().with_context(|| format!("column '{name}' holds '{text}'")))
            .collect()
    }
}
