//! Progress bars: frames per second, speed against real time, time left.

use std::time::Instant;

use dendrite_video::{Progress, Rendered};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The bar of one song. Drawn on standard error where that is a terminal.
pub struct Bar {
    bar: ProgressBar,
    began: Instant,
}

impl Bar {
    /// A bar alone.
    pub fn single() -> Self {
        Self::styled(ProgressBar::no_length(), "")
    }

    /// A bar among others.
    pub fn among(all: &MultiProgress, name: &str) -> Self {
        Self::styled(all.add(ProgressBar::no_length()), name)
    }

    fn styled(bar: ProgressBar, name: &str) -> Self {
        // A template that cannot be read leaves the default style.
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix}{wide_bar:.cyan/blue} {pos}/{len} frames, {msg}, {eta} left",
        ) {
            bar.set_style(style);
        }
        bar.set_prefix(if name.is_empty() { String::new() } else { format!("{name} ") });
        bar.set_message("hearing");
        Self { bar, began: Instant::now() }
    }

    pub fn show(&self, progress: &Progress) {
        if let Some(of) = progress.of {
            self.bar.set_length(of);
        }
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!(
            "{:.1} frames/s, {:.2} x real time",
            progress.frames as f64 / seconds,
            progress.video_s / seconds
        ));
        self.bar.set_position(progress.frames);
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Frames per second and speed of a video that is done.
pub fn speed(rendered: &Rendered) -> String {
    let seconds = rendered.stages.whole.as_secs_f64().max(1e-3);
    format!("{:.1} frames/s, {:.2} x real time", rendered.frames as f64 / seconds, rendered.video_s / seconds)
}
