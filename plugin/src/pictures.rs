//! The trace of the editor's pictures: with `DENDRITE_PICTURES=FILE.csv` in the environment, every picture of a window becomes a
//! row of a CSV file.
//!
//! `dendrite bench --editor` measures with it. The columns, in order:
//!
//! | column | meaning |
//! | --- | --- |
//! | `time_s` | when the work on the picture began, in seconds since the window's first |
//! | `interval_ms` | time from then to the beginning of the next picture |
//! | `thread_cpu_ms` | processor time of the window's thread in the interval; empty where the system does not tell it |
//! | `ui_cpu_ms` | the part of it that panel, overlays and the choice of the scene took, before anything is drawn |
//! | `width`, `height` | pixels of the window |
//! | `canvas_width`, `canvas_height` | pixels of the Julia set, before it is scaled up |
//! | `samples` | samples of each of these pixels; 0 if the picture was kept from before |
//! | `canvas_ms` | how long the drawing of the set took; empty if that is not known (yet) |
//!
//! A second window of the process that is open at the same time writes `FILE.2.csv`, a third `FILE.3.csv`. A window that opens
//! anew writes its file anew. If rows had to be dropped, the last line is a comment that says how many.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::background::{Background, Round};
use crate::trace::{InstanceNumber, Pool};

/// Name of the environment variable.
pub const VARIABLE: &str = "DENDRITE_PICTURES";

/// Rows that can wait for the disk: half a minute of them.
const CAPACITY: usize = 2048;

/// How long the writer rests between two looks at the ring.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the end of a window waits for the disk.
const LIMIT: Duration = Duration::from_secs(2);

/// The first line of the file.
const HEADER: &str =
    "time_s,interval_ms,thread_cpu_ms,ui_cpu_ms,width,height,canvas_width,canvas_height,samples,canvas_ms";

/// The numbers of the windows that are traced.
static LIVING: Pool = Pool::new(BTreeSet::new());

/// One picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// Seconds since the window's first picture.
    pub time_s: f64,
    /// Seconds until the next one began.
    pub interval_s: f64,
    /// Processor time of the thread in the interval, and the part of it before drawing, in seconds.
    pub cpu_s: Option<[f64; 2]>,
    /// Pixels of the window.
    pub window: [u32; 2],
    /// Pixels of the Julia set.
    pub canvas: [u32; 2],
    /// Samples of each; 0 for a picture that was kept.
    pub samples: u32,
    /// Seconds that drawing the set took.
    pub canvas_s: Option<f64>,
}

/// A running trace of one window.
pub struct PictureTrace {
    ring: Producer<Row>,
    dropped: Arc<AtomicU64>,
    writer: Option<Background>,
    /// Which of the windows it is; given back when the file is written.
    _number: InstanceNumber,
}

impl PictureTrace {
    /// The trace that the environment asks for; `None` if it does not.
    ///
    /// # Errors
    /// A sentence that names the file: it cannot be created, or no thread can be started.
    pub fn requested() -> Result<Option<Self>, String> {
        let Some(file) = std::env::var_os(VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from) else {
            return Ok(None);
        };
        Self::start(&file)
            .map(Some)
            .map_err(|error| format!("No pictures are traced to {}: {error}", file.display()))
    }

    fn start(file: &Path) -> io::Result<Self> {
        let (ring, consumer) = RingBuffer::new(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        let number = InstanceNumber::claim_in(&LIVING);
        let mut output = BufWriter::new(File::create(number.file(file))?);
        writeln!(output, "{HEADER}")?;
        let mut rows = Rows { ring: consumer, output, dropped: dropped.clone(), failed: false };
        let writer = Background::start("dendrite-pictures", PAUSE, move |last| rows.round(last))?;
        Ok(Self { ring, dropped, writer: Some(writer), _number: number })
    }

    /// Records a picture; counts it if the writer is too far behind.
    pub fn record(&mut self, row: Row) {
        if self.ring.push(row).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for PictureTrace {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // What a disk does not take in this time it does not get: a window must close.
            let _ = writer.finish(LIMIT);
        }
    }
}

/// The writing end.
struct Rows {
    ring: Consumer<Row>,
    output: BufWriter<File>,
    dropped: Arc<AtomicU64>,
    /// Set after the first error: the disk is full or gone. A file that ends too early tells of it.
    failed: bool,
}

impl Rows {
    fn round(&mut self, last: bool) -> Round {
        while let Ok(row) = self.ring.pop() {
            self.failed = self.failed || write_row(&mut self.output, &row).is_err();
        }
        if !last {
            return Round::Continue;
        }
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > 0 && !self.failed {
            self.failed =
                writeln!(self.output, "# {dropped} rows were dropped because the disk was too slow").is_err();
        }
        if !self.failed {
            self.failed = self.output.flush().is_err();
        }
        Round::Done
    }
}

/// One row, in the order of [`HEADER`].
fn write_row(output: &mut impl Write, row: &Row) -> io::Result<()> {
    let Row {
        time_s, interval_s, cpu_s, window: [width, height], canvas: [inner_width, inner_height], ..
    } = row;
    write!(output, "{time_s:.4},{:.3},", interval_s * 1e3)?;
    match cpu_s {
        Some([all, ui]) => write!(output, "{:.3},{:.3},", all * 1e3, ui * 1e3)?,
        None => write!(output, ",,")?,
    }
    write!(output, "{width},{height},{inner_width},{inner_height},{},", row.samples)?;
    match row.canvas_s {
        Some(seconds) => writeln!(output, "{:.3}", seconds * 1e3),
        None => writeln!(output),
    }
}

/// Processor time that the calling thread has used, in seconds; `None` where the system does not tell it.
#[cfg(unix)]
pub fn thread_cpu_s() -> Option<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` can be written to for the length of the call.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    (status == 0).then_some(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
}

/// Processor time that the calling thread has used, in seconds; `None` where the system does not tell it.
#[cfg(not(unix))]
pub fn thread_cpu_s() -> Option<f64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_the_order_of_the_header() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pictures.csv");
        let first = PictureTrace::start(&file).unwrap();
        let mut second = PictureTrace::start(&file).unwrap();
        let row = Row {
            time_s: 1.5,
            interval_s: 0.0167,
            cpu_s: Some([0.002, 0.001]),
            window: [1100, 700],
            canvas: [688, 438],
            samples: 1,
            canvas_s: Some(0.0105),
        };
        second.record(row);
        second.record(Row { cpu_s: None, canvas_s: None, ..row });
        drop(second);
        drop(first);
        let text = std::fs::read_to_string(folder.path().join("pictures.2.csv")).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1..],
            ["1.5000,16.700,2.000,1.000,1100,700,688,438,1,10.500", "1.5000,16.700,,,1100,700,688,438,1,",]
        );
        let columns = lines[0].split(',').count();
        assert!(lines.iter().all(|line| line.split(',').count() == columns), "{text}");
    }

    #[test]
    fn a_thread_that_works_uses_its_time() {
        let Some(before) = thread_cpu_s() else { return };
        let mut sum = 0.0_f64;
        while thread_cpu_s().unwrap() - before < 0.005 {
            sum += std::hint::black_box(1.0);
        }
        assert!(sum > 0.0);
    }
}
