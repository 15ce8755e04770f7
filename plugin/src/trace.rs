//! The trace: with `DENDRITE_TRACE=FILE.csv` in the environment, every hop of the engine becomes a row of a CSV file.
//!
//! This is how tests and the demo look inside a built plug-in. The columns, in order:
//!
//! | column | meaning |
//! | --- | --- |
//! | `sample` | host sample, counted from the last reset, from which the row holds |
//! | `frame` | number of the analysis frame |
//! | `time_s` | `sample` in seconds |
//! | `spectral_centroid` ... `spectral_rolloff` | the six base features, 0..1 |
//! | `rms_dbfs`, `silent` | level of the frame; 1 below -80 dBFS |
//! | `tonalness`, `noisiness` | 0..1 |
//! | `band1` ... `band6` | levels of six bands from low to high, 0..1 |
//! | `c_re`, `c_im` | the parameter of the Julia set |
//! | `component`, `period`, `index` | the hyperbolic component: name, period, index among the period's centres |
//! | `s`, `alpha`, `omega_scale`, `gate1` ... `gate6`, `theta` | control signals; the carrier's angle in radians |
//! | `impact`, `onset_detected` | envelope of the impact, 0..1; 1 in the hop in which a hit was seen |
//! | `novelty`, `section` | how different the last 2 s sound from the last 12 s, in deviations, 0..2.2; number of the section, 0 first |
//! | `tempo_bpm`, `heard_tempo_bpm`, `tempo_confidence` | tempo in force, tempo heard, 0..1 |
//! | `position_beats`, `playing` | the transport's position in quarter notes; 1 while it plays |
//! | `valence`, `arousal`, `mood_confidence` | the mood, -1..1 and 0..1 |
//! | `chord`, `chord_probability` | the chord heard (`-` for none), and how likely the likeliest is |
//! | `step`, `melody`, `velocity`, `downbeat_offset` | the sixteenth that was last decided (`-` before the first), its likeliest pitch, mean velocity, timing of the bar's first step |
//! | `models` | a letter for each of the six: `h` heuristic, `t` trained, `r` refused |
//! | `chroma_c` ... `chroma_b`, `bass_chroma_c` ... `bass_chroma_b` | the two chromas, 0..1 (`cs` is C sharp) |
//!
//! Numbers are in the shortest form that reads back to the same f32 or f64. Each activation of the plug-in writes the file
//! anew; a second instance in the same process writes `FILE.2.csv`, a third `FILE.3.csv`. If rows had to be dropped, the
//! last line is a comment that says how many. A reset within an activation shows as a `sample` that falls back to 0.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dendrite_engine::{ModelStatus, Snapshot};
use dendrite_pipeline::Expression;
use parking_lot::Mutex;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::background::{Background, Round};
use crate::components;
use crate::notice::Notices;

/// Name of the environment variable.
pub const VARIABLE: &str = "DENDRITE_TRACE";

/// Rows that can wait for the disk: 175 s of sound at once, so that rendering offline loses none.
const CAPACITY: usize = 8192;

/// How long the writer rests between two looks at the ring.
const PAUSE: Duration = Duration::from_millis(5);

/// How long `finish` waits for the disk.
const LIMIT: Duration = Duration::from_secs(20);

/// Names of the pitch classes in the columns, C first.
const PITCHES: [&str; 12] = ["c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b"];

/// Numbers that are in use.
pub(crate) type Pool = Mutex<BTreeSet<u32>>;

/// The numbers of the living instances of this process.
static LIVING: Pool = Pool::new(BTreeSet::new());

/// The number of an instance among those of the process, 1 for the first; free again when dropped.
#[derive(Debug)]
pub struct InstanceNumber(u32, &'static Pool);

impl InstanceNumber {
    /// The lowest number that is free.
    pub fn claim() -> Self {
        Self::claim_in(&LIVING)
    }

    /// The lowest number that is free in a pool of its own, for what is counted otherwise.
    pub(crate) fn claim_in(pool: &'static Pool) -> Self {
        let mut living = pool.lock();
        let number = (1..).find(|number| !living.contains(number)).unwrap_or(u32::MAX);
        living.insert(number);
        Self(number, pool)
    }

    /// The file for the instance: `FILE.csv` for the first, `FILE.2.csv` for the second.
    pub(crate) fn file(&self, file: &Path) -> PathBuf {
        path_of(file, self.0)
    }
}

/// The file for an instance: `FILE.csv` for the first, `FILE.2.csv` for the second.
fn path_of(file: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return file.to_owned();
    }
    match file.extension() {
        Some(extension) => file.with_extension(format!("{number}.{}", extension.to_string_lossy())),
        None => file.with_extension(number.to_string()),
    }
}

impl Drop for InstanceNumber {
    fn drop(&mut self) {
        self.1.lock().remove(&self.0);
    }
}

/// The file that the environment asks for.
pub fn requested() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// A running trace: the audio thread records, a thread of its own writes.
pub struct Trace {
    ring: Producer<Snapshot>,
    dropped: Arc<AtomicU64>,
    writer: Background,
    path: PathBuf,
}

impl Trace {
    /// Creates the file and starts the writer. Main thread only.
    ///
    /// # Errors
    /// The file cannot be created, or no thread can be started.
    pub fn start(
        file: &Path,
        instance: &InstanceNumber,
        sample_rate: f32,
        notices: Arc<Notices>,
    ) -> io::Result<Self> {
        let path = instance.file(file);
        let mut output = BufWriter::new(File::create(&path)?);
        output.write_all(header().as_bytes())?;
        let (ring, consumer) = RingBuffer::new(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut rows = Rows {
            ring: consumer,
            output,
            sample_rate: f64::from(sample_rate),
            dropped: dropped.clone(),
            failed: false,
            notices,
            path: path.clone(),
        };
        let writer = Background::start("dendrite-trace", PAUSE, move |last| rows.round(last))?;
        Ok(Self { ring, dropped, writer, path })
    }

    /// Records a hop; counts it if the writer is too far behind. Does not allocate.
    pub fn record(&mut self, snapshot: &Snapshot) {
        if self.ring.push(*snapshot).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is in the file. Main thread only.
    pub fn finish(self, notices: &Notices) {
        if !self.writer.finish(LIMIT) {
            notices.post(format!("The trace {} could not be finished in time.", self.path.display()));
        }
    }
}

/// The writing end.
struct Rows {
    ring: Consumer<Snapshot>,
    output: BufWriter<File>,
    sample_rate: f64,
    dropped: Arc<AtomicU64>,
    /// Set after the first error: the disk is full or gone, and one notice is enough.
    failed: bool,
    notices: Arc<Notices>,
    path: PathBuf,
}

impl Rows {
    fn round(&mut self, last: bool) -> Round {
        while let Ok(snapshot) = self.ring.pop() {
            self.attempt(|output, sample_rate| write_row(output, &snapshot, sample_rate));
        }
        if !last {
            return Round::Continue;
        }
        let dropped = self.dropped.load(Ordering::Relaxed);
        self.attempt(|output, _| {
            if dropped > 0 {
                writeln!(output, "# {dropped} rows were dropped because the disk was too slow")?;
            }
            output.flush()
        });
        Round::Done
    }

    fn attempt(&mut self, write: impl FnOnce(&mut BufWriter<File>, f64) -> io::Result<()>) {
        if self.failed {
            return;
        }
        if let Err(error) = write(&mut self.output, self.sample_rate) {
            self.failed = true;
            self.notices.post(format!("The trace {} could not be written: {error}", self.path.display()));
        }
    }
}

/// The first line of the file.
pub fn header() -> String {
    let mut columns: Vec<String> = [
        "sample",
        "frame",
        "time_s",
        "spectral_centroid",
        "spectral_flux",
        "rms",
        "zero_crossing_rate",
        "onset_strength",
        "spectral_rolloff",
        "rms_dbfs",
        "silent",
        "tonalness",
        "noisiness",
    ]
    .map(str::to_owned)
    .to_vec();
    columns.extend((1..=6).map(|band| format!("band{band}")));
    columns.extend(
        ["c_re", "c_im", "component", "period", "index", "s", "alpha", "omega_scale"].map(str::to_owned),
    );
    columns.extend((1..=6).map(|gate| format!("gate{gate}")));
    columns.extend(
        [
            "theta",
            "impact",
            "onset_detected",
            "novelty",
            "section",
            "tempo_bpm",
            "heard_tempo_bpm",
            "tempo_confidence",
            "position_beats",
            "playing",
            "valence",
            "arousal",
            "mood_confidence",
            "chord",
            "chord_probability",
            "step",
            "melody",
            "velocity",
            "downbeat_offset",
            "key",
            "key_confidence",
            "played_key",
            "played_chord",
            "played_step",
            "sounding",
            "models",
        ]
        .map(str::to_owned),
    );
    columns.extend(PITCHES.map(|pitch| format!("chroma_{pitch}")));
    columns.extend(PITCHES.map(|pitch| format!("bass_chroma_{pitch}")));
    columns.join(",") + "\n"
}

/// One row, in the order of [`header`].
fn write_row(output: &mut impl Write, snapshot: &Snapshot, sample_rate: f64) -> io::Result<()> {
    let Snapshot { frame, orbit, .. } = snapshot;
    write!(output, "{},{},{}", snapshot.sample, frame.index, snapshot.sample as f64 / sample_rate)?;
    numbers(output, &frame.base)?;
    write!(output, ",{},{}", frame.rms_dbfs, u8::from(frame.silent))?;
    numbers(output, &[snapshot.tonalness, snapshot.noisiness])?;
    numbers(output, &snapshot.bands)?;
    numbers(output, &orbit.c)?;
    write!(
        output,
        ",{},{},{}",
        components::name_of(orbit.component),
        orbit.component.period,
        orbit.component.index
    )?;
    numbers(output, &[orbit.s, orbit.alpha, orbit.omega_scale])?;
    numbers(output, &orbit.gates)?;
    write!(
        output,
        ",{},{},{},{},{}",
        orbit.theta,
        orbit.impact,
        u8::from(orbit.onset_detected),
        orbit.novelty,
        orbit.section
    )?;
    numbers(output, &[snapshot.tempo_bpm, snapshot.heard_tempo_bpm, snapshot.tempo_confidence])?;
    write!(output, ",{},{}", snapshot.position_beats, u8::from(snapshot.playing))?;
    music(output, snapshot)?;
    numbers(output, &frame.chroma)?;
    numbers(output, &frame.bass_chroma)?;
    writeln!(output)
}

/// What the models, or the heuristics in their place, say.
fn music(output: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let Snapshot { mood, harmony, steps, .. } = snapshot;
    numbers(output, &[mood.valence, mood.arousal, mood.confidence])?;
    text(output, harmony.chord)?;
    numbers(output, &[harmony.confidence()])?;
    text(output, steps.step)?;
    let melody = &steps.melody.probabilities;
    let pitch = (0..melody.len()).fold(0, |best, i| if melody[i] > melody[best] { i } else { best });
    write!(output, ",{pitch},{},{}", steps.dynamics.get(Expression::Velocity), steps.groove.offsets[0])?;
    let play = &snapshot.play;
    text(output, snapshot.key)?;
    numbers(output, &[snapshot.key_confidence])?;
    match (play.key, play.scale) {
        (Some(key), Some(scale)) => {
            let tonic = dendrite_pipeline::PITCH_NAMES[usize::from(key.tonic % 12)];
            write!(output, ",{tonic} {}", scale.name().to_lowercase())?;
        }
        _ => write!(output, ",-")?,
    }
    text(output, play.chord)?;
    text(output, play.step.map(|place| format!("{}:{}", place.bar, place.step)))?;
    write!(output, ",{},", play.sounding)?;
    snapshot.models.iter().try_for_each(|status| {
        output.write_all(match status {
            ModelStatus::Heuristic => b"h",
            ModelStatus::Trained => b"t",
            ModelStatus::Refused => b"r",
        })
    })
}

/// What is not there is a dash.
fn text(output: &mut impl Write, value: Option<impl std::fmt::Display>) -> io::Result<()> {
    match value {
        Some(value) => write!(output, ",{value}"),
        None => write!(output, ",-"),
    }
}

fn numbers(output: &mut impl Write, values: &[impl std::fmt::Display]) -> io::Result<()> {
    values.iter().try_for_each(|value| write!(output, ",{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_numbered_and_numbers_are_used_again() {
        let (first, second) = (InstanceNumber::claim(), InstanceNumber::claim());
        assert!(second.0 > first.0);
        let again = second.0;
        drop(second);
        assert_eq!(InstanceNumber::claim().0, again);
    }

    #[test]
    fn later_instances_write_beside_the_first() {
        let file = Path::new("/somewhere/trace.csv");
        assert_eq!(path_of(file, 1), file);
        assert_eq!(path_of(file, 2), Path::new("/somewhere/trace.2.csv"));
        assert_eq!(path_of(Path::new("trace"), 3), Path::new("trace.3"));
    }
}
