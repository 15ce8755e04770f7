//! Hops as rows of a CSV file.

use std::io::Write;

use crate::Hop;

/// Columns in front of the groups that are numbered.
const NAMES: [&str; 24] = [
    "time_s",
    "c_re",
    "c_im",
    "component",
    "s",
    "alpha",
    "omega_scale",
    "impact",
    "onset_detected",
    "section",
    "valence",
    "arousal",
    "mood_confidence",
    "chord",
    "tempo_bpm",
    "tempo_confidence",
    "position_beats",
    "centroid",
    "flux",
    "rms",
    "zcr",
    "onset",
    "rolloff",
    "rms_dbfs",
];

/// Writes hops, one per row, under a row of names. Numbers are the shortest that read back as the same.
#[derive(Debug)]
pub struct Rows<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Rows<W> {
    /// Writes the names.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(writer: W) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(writer);
        let numbered =
            ["gate", "band"].into_iter().flat_map(|name| (1..=6).map(move |n| format!("{name}{n}")));
        writer.write_record(NAMES.into_iter().map(str::to_owned).chain(numbered))?;
        Ok(Self { writer })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, hop: &Hop) -> Result<(), csv::Error> {
        let mut row = vec![
            format!("{:.6}", hop.time_s),
            hop.c[0].to_string(),
            hop.c[1].to_string(),
            hop.component.to_string(),
            hop.s.to_string(),
            hop.alpha.to_string(),
            hop.omega_scale.to_string(),
            hop.impact.to_string(),
            u8::from(hop.onset_detected).to_string(),
            hop.section.to_string(),
            hop.valence.to_string(),
            hop.arousal.to_string(),
            hop.mood_confidence.to_string(),
            hop.chord.map_or_else(|| "-".to_owned(), |chord| chord.to_string()),
            hop.tempo_bpm.to_string(),
            hop.tempo_confidence.to_string(),
            hop.position_beats.to_string(),
        ];
        row.extend(hop.base.iter().map(f32::to_string));
        row.push(hop.rms_dbfs.to_string());
        row.extend(hop.gates.iter().map(f64::to_string));
        row.extend(hop.bands.iter().map(f32::to_string));
        self.writer.write_record(row)
    }

    /// Writes what is still held back and gives the writer back.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<W, std::io::Error> {
        self.writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
    }
}
