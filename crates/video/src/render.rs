//! A song to a video: hears, plans, paints and encodes, each as far ahead as the next needs it.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use dendrite_julia::Look;
use dendrite_offline::{Hop, Listener, Rows, Track};
use rayon::prelude::*;

use crate::beside::Beside;
use crate::encode::{BuiltIn, Encoder, EncoderChoice, Job, Nothing};
use crate::frames::{Folder, write_png};
use crate::picture::Painter;
use crate::plan::{Plan, Planner};
use crate::yuv::I420;
use crate::{Error, FrameRate, Overlay, Quality};

/// Smallest side, and largest area, that the encoders take.
const SMALLEST: u32 = 16;
const LARGEST_AREA: u64 = 3_840 * 2_176;
/// Frames that each thread paints before the encoder gets them; pictures in memory at most, in bytes.
const FRAMES_PER_THREAD: usize = 2;
const BATCH_BYTES: usize = 256 << 20;
/// The poster is a loud moment, but not of the first second, where the picture is still finding itself.
const POSTER_FROM_S: f64 = 1.0;

/// How a song becomes a video.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it is heard.
    pub listen: dendrite_offline::Options,
    /// How it is seen. In upright sizes the set is turned by a quarter, in squarish ones it is a little further away.
    pub look: Look,
    /// Width and height in pixels, both even.
    pub size: [u32; 2],
    /// Frames per second.
    pub rate: FrameRate,
    /// How much work goes into it.
    pub quality: Quality,
    /// Where in the song it starts, in seconds. The engine hears the song from its beginning all the same.
    pub start_s: f64,
    /// Where it ends, in seconds; without it at the song's end.
    pub end_s: Option<f64>,
    /// What stands on the pictures.
    pub overlay: Overlay,
    /// The title in the file, for encoders that write one.
    pub title: Option<String>,
    /// What makes the file.
    pub encoder: EncoderChoice,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: Default::default(),
            look: Look::default(),
            size: [1_920, 1_080],
            rate: FrameRate::whole(60).expect("60 is in the range"),
            quality: Quality::Good,
            start_s: 0.0,
            end_s: None,
            overlay: Overlay::default(),
            title: None,
            encoder: EncoderChoice::BuiltIn,
        }
    }
}

/// What is to be written.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The video.
    pub video: Option<PathBuf>,
    /// A folder for each frame as PNG.
    pub frames: Option<PathBuf>,
    /// Whether frames that are there stay.
    pub resume: bool,
    /// One picture as PNG.
    pub poster: Option<PathBuf>,
    /// The hops between start and end as CSV.
    pub csv: Option<PathBuf>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Frames done.
    pub frames: u64,
    /// Frames in all, where the file says how long it is.
    pub of: Option<u64>,
    /// Seconds of video done.
    pub video_s: f64,
}

/// Where the time went. Stages run beside one another: the sum is more than the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// Decoding the song and the engine.
    pub hear: Duration,
    /// Scenes and the flash limiter.
    pub plan: Duration,
    /// Painting, as the sum over all threads.
    pub paint: Duration,
    /// Encoding, in its thread.
    pub encode: Duration,
    /// Everything.
    pub whole: Duration,
}

/// A video that was made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rendered {
    /// Frames.
    pub frames: u64,
    /// Its length in seconds.
    pub video_s: f64,
    /// Whether the song's file ended before its time.
    pub broke_off: bool,
    /// Where the time went.
    pub stages: Stages,
}

/// Makes a video of a song. `progress` is told how far it is after each batch of frames; when `cancel` becomes true, everything
/// unfinished is removed and the error is [`Error::Interrupted`].
///
/// # Errors
/// The song cannot be heard, an output cannot be written, the size cannot be encoded, or an encoder gives up. Frames in PNG files
/// that were complete stay, everything else is removed.
pub fn render(
    song: &Path,
    options: &Options,
    outputs: &Outputs,
    cancel: &AtomicBool,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Rendered, Error> {
    let began = Instant::now();
    check_size(options.size)?;
    let listener = Listener::open(song, &options.listen)?;
    let first = options.rate.first_at(options.start_s);
    let end_s = options.end_s.unwrap_or(f64::INFINITY);
    let stated_end_s = listener.stated_s().map(|stated_s| stated_s.min(end_s));
    if let Some(duration_s) = listener.stated_s().filter(|&stated_s| options.rate.time_s(first) >= stated_s) {
        return Err(Error::StartsBehindEnd { duration_s, start_s: options.start_s });
    }
    let of = stated_end_s.map(|end_s| options.rate.first_at(end_s).saturating_sub(first));
    let start_s = options.rate.time_s(first);

    let mut overlay = options.overlay.clone();
    overlay.prepare(options.size, start_s)?;
    let folder = outputs
        .frames
        .as_deref()
        .map(|path| Folder::open(path, options.size, &fingerprint(song, options), outputs.resume))
        .transpose()?;
    let table = outputs.csv.as_deref().map(|path| Table::create(path, start_s, end_s)).transpose()?;
    let video = outputs.video.as_deref().map(Beside::create).transpose()?;
    let encoder: Option<Box<dyn Encoder>> = match (&video, outputs.video.as_deref()) {
        (Some(beside), Some(target)) => {
            let job = Job {
                song: song.to_owned(),
                start_s,
                end_s: options.end_s,
                size: options.size,
                rate: options.rate,
                quality: options.quality,
                title: options.title.clone(),
                frames: of,
            };
            Some(match &options.encoder {
                EncoderChoice::BuiltIn => Box::new(BuiltIn::create(&job, beside, target)?),
                EncoderChoice::Ffmpeg(ffmpeg) => ffmpeg.start(&job, beside)?,
                EncoderChoice::Nothing => Box::new(Nothing),
            })
        }
        _ if matches!(options.encoder, EncoderChoice::Nothing) => Some(Box::new(Nothing)),
        _ => None,
    };

    let mut maker = Maker {
        listener,
        track: Track::default(),
        planner: Planner::new(
            options.look,
            options.listen.automation.clone(),
            options.size,
            options.rate,
            options.quality.sub_frames(),
        ),
        first,
        end_s,
        ended: false,
        table,
        stages: Stages::default(),
    };
    let painting =
        Painting { options, overlay: &overlay, folder: folder.as_ref(), encodes: encoder.is_some() };
    let mut poster = outputs.poster.as_ref().map(|_| Poster::default());
    let frames = std::thread::scope(|scope| -> Result<u64, Error> {
        let (sender, receiver) = sync_channel::<Vec<I420>>(1);
        let encoding = encoder.map(|encoder| scope.spawn(move || encode(encoder, receiver)));
        let mut frames = 0;
        let result = loop {
            if cancel.load(Ordering::Relaxed) {
                break Err(Error::Interrupted);
            }
            let plans = match maker.plan_batch(batch_size(options.size)) {
                Ok(plans) if plans.is_empty() => break Ok(()),
                Ok(plans) => plans,
                Err(error) => break Err(error),
            };
            let wanted: Vec<bool> = plans
                .iter()
                .map(|plan| poster.as_mut().is_some_and(|poster| poster.wants(plan, start_s)))
                .collect();
            let painted = match painting.paint(&plans, &wanted) {
                Ok(painted) => painted,
                Err(error) => break Err(error),
            };
            frames += plans.len() as u64;
            let mut pictures = Vec::with_capacity(painted.len());
            for painted in painted {
                maker.stages.paint += painted.took;
                pictures.extend(painted.picture);
                if let (Some(poster), Some(rgba)) = (&mut poster, painted.rgba) {
                    poster.rgba = rgba;
                }
            }
            // An encoder that has given up says why when it is joined.
            if encoding.is_some() && sender.send(pictures).is_err() {
                break Ok(());
            }
            progress(&Progress { frames, of, video_s: options.rate.time_s(frames) });
        };
        if result.is_err() {
            cancel_encoder(&sender);
        }
        drop(sender);
        let encoded = encoding.map(|thread| thread.join());
        result?;
        match encoded {
            Some(Ok(took)) => maker.stages.encode = took?,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => {}
        }
        Ok(frames)
    })?;
    if frames == 0 {
        return Err(Error::StartsBehindEnd {
            duration_s: maker.listener.heard_s(),
            start_s: options.start_s,
        });
    }

    if let (Some(poster), Some(path)) = (poster, &outputs.poster) {
        write_png(path, options.size, &poster.rgba)?;
    }
    maker.finish_table()?;
    if let Some(video) = video {
        video.finish()?;
    }
    maker.stages.whole = began.elapsed();
    Ok(Rendered {
        frames,
        video_s: options.rate.time_s(frames),
        broke_off: maker.listener.broke_off(),
        stages: maker.stages,
    })
}

fn check_size([width, height]: [u32; 2]) -> Result<(), Error> {
    let reason = if width % 2 != 0 || height % 2 != 0 {
        "width and height must be even"
    } else if width < SMALLEST || height < SMALLEST {
        "both sides must have at least 16 pixels"
    } else if u64::from(width) * u64::from(height) > LARGEST_AREA {
        "it is larger than 3840x2160"
    } else {
        return Ok(());
    };
    Err(Error::Size { width, height, reason })
}

/// What the pixels of a frame depend on, in words.
fn fingerprint(song: &Path, options: &Options) -> String {
    let length = std::fs::metadata(song).map_or(0, |metadata| metadata.len());
    let Overlay { title, chord, mood, .. } = &options.overlay;
    format!(
        "song {:?}, {length} bytes\nsize {:?}\nrate {}\nquality {:?}\nstart {}\nlook {:?}\nsettings {:?}\nhost {:?}\n\
         automation {:?}\nmodels {}\noverlay {title:?} {chord} {mood}\n",
        song.file_name().unwrap_or_default(),
        options.size,
        options.rate,
        options.quality,
        options.start_s,
        options.look,
        options.listen.settings,
        options.listen.host,
        options.listen.automation,
        options.listen.models.hash(),
    )
}

fn batch_size(size: [u32; 2]) -> usize {
    // A frame is there as I420 twice (painted and being encoded), and each thread has its RGBA and its sums.
    let bytes = size[0] as usize * size[1] as usize * 3;
    (rayon::current_num_threads() * FRAMES_PER_THREAD).min(BATCH_BYTES / bytes.max(1)).max(1)
}

/// An empty batch tells the encoder that its file will not be needed.
fn cancel_encoder(sender: &std::sync::mpsc::SyncSender<Vec<I420>>) {
    // Where it has gone already, there is nothing to cancel.
    let _ = sender.send(Vec::new());
}

/// The encoder's thread; returns the time that it worked.
fn encode(mut encoder: Box<dyn Encoder>, pictures: Receiver<Vec<I420>>) -> Result<Duration, Error> {
    let mut took = Duration::ZERO;
    for batch in pictures {
        if batch.is_empty() {
            return Ok(took);
        }
        let start = Instant::now();
        for picture in &batch {
            encoder.picture(picture)?;
        }
        took += start.elapsed();
    }
    let start = Instant::now();
    encoder.finish()?;
    Ok(took + start.elapsed())
}

/// Hears as much as the next frames need, and plans them.
struct Maker {
    listener: Listener,
    track: Track,
    planner: Planner,
    first: u64,
    end_s: f64,
    ended: bool,
    table: Option<Table>,
    stages: Stages,
}

impl Maker {
    /// Plans of up to `count` frames that are to be shown; none at the end.
    fn plan_batch(&mut self, count: usize) -> Result<Vec<Plan>, Error> {
        let mut plans = Vec::with_capacity(count);
        while plans.len() < count && self.planner.next_s() < self.end_s {
            self.hear()?;
            if self.planner.next_s() >= self.listener.heard_s() {
                break;
            }
            let start = Instant::now();
            let Some(plan) = self.planner.plan(&self.track) else { break };
            self.stages.plan += start.elapsed();
            self.track.forget_before(plan.time_s - 1.0 / 8.0);
            if plan.number >= self.first {
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    /// Hears what the table still lacks, and completes it.
    fn finish_table(&mut self) -> Result<(), Error> {
        if self.table.is_some() {
            let end_s = self.table.as_ref().map_or(0.0, |table| table.end_s);
            while !self.ended && self.track.last_s().is_some_and(|last_s| last_s < end_s) {
                self.hear_block()?;
            }
        }
        self.table.take().map_or(Ok(()), Table::finish)
    }

    /// Hears until the next frame can be planned, or the song is over.
    fn hear(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        while !self.ended && !self.track.covers(self.planner.reach_s()) {
            self.hear_block()?;
        }
        self.stages.hear += start.elapsed();
        Ok(())
    }

    fn hear_block(&mut self) -> Result<(), Error> {
        let mut hops = Vec::new();
        self.ended = !self.listener.listen_hops(|hop| hops.push(hop))?;
        let heard_s = self.listener.heard_s();
        for hop in hops {
            if let Some(table) = &mut self.table {
                table.write(&hop, heard_s)?;
            }
            self.track.push(hop);
        }
        Ok(())
    }
}

/// Paints batches of plans.
struct Painting<'a> {
    options: &'a Options,
    overlay: &'a Overlay,
    folder: Option<&'a Folder>,
    encodes: bool,
}

/// What became of a plan.
struct Painted {
    picture: Option<I420>,
    rgba: Option<Vec<u8>>,
    took: Duration,
}

impl Painting<'_> {
    fn paint(&self, plans: &[Plan], wanted: &[bool]) -> Result<Vec<Painted>, Error> {
        let Options { size, quality, .. } = *self.options;
        plans
            .par_iter()
            .zip(wanted)
            .map_init(
                || Painter::new(size, quality.antialias()),
                |painter, (plan, &wanted)| {
                    let start = Instant::now();
                    let missing = self.folder.filter(|folder| !folder.has(plan.number));
                    if !self.encodes && missing.is_none() && !wanted {
                        return Ok(Painted { picture: None, rgba: None, took: Duration::ZERO });
                    }
                    let rgba = painter.paint(plan, self.overlay).map_err(|problem| Error::Encoder {
                        encoder: "picture",
                        reason: problem.to_string(),
                    })?;
                    if let Some(folder) = missing {
                        folder.write(plan.number, rgba)?;
                    }
                    let picture = self.encodes.then(|| I420::of(rgba, size));
                    let rgba = wanted.then(|| rgba.to_vec());
                    Ok(Painted { picture, rgba, took: start.elapsed() })
                },
            )
            .collect()
    }
}

/// The picture of the loudest moment so far.
#[derive(Debug, Default)]
struct Poster {
    rgba: Vec<u8>,
    loudest: f32,
    seen: u64,
}

impl Poster {
    fn wants(&mut self, plan: &Plan, start_s: f64) -> bool {
        let loudness = plan.moment.reaction.loudness;
        let settled = plan.time_s - start_s >= POSTER_FROM_S;
        self.seen += 1;
        // A little louder is no reason for another picture.
        let louder = settled && loudness > self.loudest + 0.01;
        if louder {
            self.loudest = loudness;
        }
        louder || self.seen == 1
    }
}

/// The hops between start and end as a CSV file.
struct Table {
    beside: Beside,
    rows: Rows<BufWriter<File>>,
    start_s: f64,
    end_s: f64,
}

impl Table {
    fn create(path: &Path, start_s: f64, end_s: f64) -> Result<Self, Error> {
        let beside = Beside::create(path)?;
        let rows = Rows::new(BufWriter::new(beside.open()?)).map_err(|problem| failed(&beside, problem))?;
        Ok(Self { beside, rows, start_s, end_s })
    }

    /// Writes a hop if it lies between start and end, and not behind the song's end.
    fn write(&mut self, hop: &Hop, heard_s: f64) -> Result<(), Error> {
        if (self.start_s..self.end_s.min(heard_s)).contains(&hop.time_s) {
            self.rows.write(hop).map_err(|problem| failed(&self.beside, problem))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        self.rows.finish().map_err(Error::file(self.beside.target()))?;
        self.beside.finish()
    }
}

fn failed(beside: &Beside, problem: csv::Error) -> Error {
    let path = beside.target().to_owned();
    Error::File { path, problem: std::io::Error::other(problem.to_string()) }
}
