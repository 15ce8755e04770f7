//! Encoders: pictures in, a file out.

mod built_in;
mod ffmpeg;
mod mp4;
mod opus;

use std::path::PathBuf;

pub use ffmpeg::Ffmpeg;

use crate::yuv::I420;
use crate::{Error, FrameRate, Quality};

pub(crate) use built_in::BuiltIn;

/// Which encoder makes the file.
#[derive(Clone, Debug, Default)]
pub enum EncoderChoice {
    /// OpenH264 and Opus, which need nothing installed.
    #[default]
    BuiltIn,
    /// x264 and AAC by ffmpeg.
    Ffmpeg(Ffmpeg),
    /// None: pictures are painted and thrown away, to see how long that takes.
    Nothing,
}

impl EncoderChoice {
    /// ffmpeg where it can be used, else what is built in.
    pub fn best() -> Self {
        Ffmpeg::find().map_or(EncoderChoice::BuiltIn, EncoderChoice::Ffmpeg)
    }

    /// One line about it, for people.
    pub fn describe(&self) -> String {
        match self {
            EncoderChoice::BuiltIn => {
                "encoder: built in (H.264 by OpenH264, Opus sound). QuickTime, iOS and older Windows \
                                       players do not play Opus in MP4: for AAC install ffmpeg"
                    .to_owned()
            }
            EncoderChoice::Nothing => "encoder: none".to_owned(),
            EncoderChoice::Ffmpeg(ffmpeg) => {
                format!("encoder: ffmpeg (H.264 by x264, AAC sound), {}", ffmpeg.program().display())
            }
        }
    }
}

/// What every encoder is told.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The song, for its sound.
    pub song: PathBuf,
    /// From where to where in it, in seconds; the end may be the song's.
    pub start_s: f64,
    pub end_s: Option<f64>,
    pub size: [u32; 2],
    pub rate: FrameRate,
    pub quality: Quality,
    pub title: Option<String>,
    /// How many frames will come, where that is known; a hint.
    pub frames: Option<u64>,
}

/// Takes pictures and does nothing with them.
pub(crate) struct Nothing;

impl Encoder for Nothing {
    fn picture(&mut self, _: &I420) -> Result<(), Error> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

/// Takes pictures in order.
pub(crate) trait Encoder: Send {
    /// The next picture.
    fn picture(&mut self, picture: &I420) -> Result<(), Error>;

    /// Completes the file.
    fn finish(self: Box<Self>) -> Result<(), Error>;
}
