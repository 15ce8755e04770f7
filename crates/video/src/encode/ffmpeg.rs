//! ffmpeg, where it is installed: x264 and AAC.
//!
//! Pictures go to its standard input as they are made. The sound is encoded before, by another run, from what our own decoder
//! gives: two decoders may differ in how much of an MP3's or M4A's beginning they leave out, and picture and sound would part.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

use dendrite_audio::Stereo;

use super::{Encoder, Job};
use crate::beside::Beside;
use crate::yuv::I420;
use crate::{Error, Quality};

/// An ffmpeg that can encode H.264 and AAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    program: PathBuf,
}

impl Ffmpeg {
    /// Looks for ffmpeg on the PATH and asks it what it can do.
    pub fn find() -> Option<Self> {
        let name = format!("ffmpeg{}", env::consts::EXE_SUFFIX);
        let paths = env::var_os("PATH")?;
        let program =
            env::split_paths(&paths).map(|folder| folder.join(&name)).find(|path| path.is_file())?;
        Self::at(program)
    }

    /// The ffmpeg at a path, if it runs and has libx264 and AAC.
    pub fn at(program: PathBuf) -> Option<Self> {
        let output = Command::new(&program)
            .args(["-hide_banner", "-loglevel", "quiet", "-encoders"])
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let has = |name: &str| text.lines().any(|line| line.split_whitespace().nth(1) == Some(name));
        (output.status.success() && has("libx264") && has("aac")).then_some(Self { program })
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Encodes the sound of a job and gets ready for its pictures.
    pub(crate) fn start(&self, job: &Job, beside: &Beside) -> Result<Box<dyn Encoder>, Error> {
        let mut name = OsString::from(beside.path());
        name.push(".m4a");
        let sound = Temporary(PathBuf::from(name));
        self.encode_sound(job, &sound.0)?;
        let [width, height] = job.size;
        let (preset, crf) = match job.quality {
            Quality::Draft => ("ultrafast", "27"),
            Quality::Good => ("veryfast", "19"),
            Quality::Best => ("medium", "16"),
        };
        let mut command = self.command();
        command
            .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &format!("{width}x{height}")])
            .args(["-r", &job.rate.to_string(), "-i", "pipe:0", "-i"])
            .arg(&sound.0)
            .args([
                "-map", "0:v", "-map", "1:a", "-c:a", "copy", "-c:v", "libx264", "-preset", preset, "-crf",
                crf,
            ])
            // The tags are set on the pictures: ffmpeg from version 7 on takes them from there, and older ones as well.
            .args(["-vf", "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"])
            .args(["-pix_fmt", "yuv420p", "-movflags", "+faststart"]);
        if let Some(title) = &job.title {
            command.arg("-metadata").arg(format!("title={title}"));
        }
        command.args(["-f", "mp4"]).arg(beside.path());
        Ok(Box::new(Running { process: Process::start(command)?, _sound: sound }))
    }

    fn encode_sound(&self, job: &Job, path: &Path) -> Result<(), Error> {
        let mut sound = Stereo::open(&job.song, job.start_s, job.end_s)?;
        let mut command = self.command();
        command
            .args(["-f", "f32le", "-ar", &sound.rate().to_string(), "-ac", "2", "-i", "pipe:0"])
            .args(["-c:a", "aac", "-b:a", "256k"]);
        if sound.rate() > 48_000 {
            // What players take.
            command.args(["-ar", "48000"]);
        }
        command.args(["-f", "mp4"]).arg(path);
        let mut process = Process::start(command)?;
        let mut bytes = Vec::new();
        while let Some(block) = sound.next_block()? {
            bytes.clear();
            block.iter().for_each(|sample| bytes.extend(sample.to_le_bytes()));
            process.write(&bytes)?;
        }
        process.finish()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-hide_banner", "-loglevel", "error", "-nostats", "-y"]);
        command
    }
}

/// A file that is removed at the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = fs::remove_file(&self.0);
    }
}

/// An ffmpeg that reads from us.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    /// Collects what it complains about, so that it never waits for somebody to read it.
    complaints: Option<JoinHandle<String>>,
}

impl Process {
    fn start(mut command: Command) -> Result<Self, Error> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|problem| failed(problem.to_string()))?;
        let input = child.stdin.take();
        let complaints = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                // What came until then is worth having.
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        Ok(Self { child, input, complaints })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.input.as_mut().map_or(Ok(()), |input| input.write_all(bytes));
        // It has ended early: it says why better than the broken pipe does.
        if let Err(problem) = written {
            return self.wait().and(Err(failed(problem.to_string())));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), Error> {
        self.wait()
    }

    fn wait(&mut self) -> Result<(), Error> {
        drop(self.input.take());
        let status = self.child.wait().map_err(|problem| failed(problem.to_string()))?;
        let text = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        // Without the part of ffmpeg that says it and its address: "[out#0/mp4 @ 0x5595bd383580] ".
        let said = last.map(|line| line.split_once("] ").map_or(line, |(_, said)| said));
        Err(failed(said.map_or_else(|| format!("it ended with {status}"), str::to_owned)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // Given up in the middle; otherwise it has ended already and both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An ffmpeg that takes pictures.
struct Running {
    process: Process,
    /// Removed when the process is done with it.
    _sound: Temporary,
}

impl Encoder for Running {
    fn picture(&mut self, picture: &I420) -> Result<(), Error> {
        self.process.write(&picture.data)
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        let Self { process, _sound } = *self;
        process.finish()
    }
}

fn failed(reason: String) -> Error {
    Error::Encoder { encoder: "ffmpeg", reason }
}
