//! A host that lets plug-ins sleep: it stops calling `process` when the plug-in's answer allows it.

use crate::block::{Block, Status};
use crate::describe::{Format, Tail};
use crate::error::HostError;
use crate::plugin::Plugin;

/// Samples up to this magnitude (-120 dBFS) count as silence, as in hosts that measure.
const SILENCE: f32 = 1e-6;

/// What a host does with a plug-in while it sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SleepManner {
    /// Only stops calling `process`.
    Skip,
    /// Also calls `stop_processing` on falling asleep and `start_processing` on waking up, which resets some plug-ins.
    StopProcessing,
}

/// Processes blocks as a host does that saves the work on silent tracks.
///
/// A plug-in falls asleep when its last answer allows it:
///
/// | answer | sleeps after a block with silent input if |
/// | --- | --- |
/// | `Continue` | never |
/// | `ContinueIfNotQuiet` | CLAP: its output was silent too. VST3: at once (a plug-in without tail) |
/// | `Tail` | the input has been silent for the tail's length |
/// | `Sleep` | at once |
///
/// It wakes with sound at the input, with an event, and when it asks for processing (CLAP).
#[derive(Debug, Clone)]
pub struct HonoursSleep {
    manner: SleepManner,
    asleep: bool,
    silent_input_samples: u64,
    skipped_blocks: u64,
}

impl HonoursSleep {
    /// A host with its plug-in awake.
    pub fn new(manner: SleepManner) -> Self {
        Self { manner, asleep: false, silent_input_samples: 0, skipped_blocks: 0 }
    }

    /// Whether the plug-in sleeps.
    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// How many blocks were not processed so far.
    pub fn skipped_blocks(&self) -> u64 {
        self.skipped_blocks
    }

    /// Processes the block, or leaves it out: the output is then silence without events, and the answer `None`.
    ///
    /// # Errors
    /// Those of [`Plugin::process`] and [`Plugin::start_processing`].
    pub fn process(
        &mut self,
        plugin: &mut Plugin,
        block: &mut Block<'_>,
    ) -> Result<Option<Status>, HostError> {
        let input_is_silent = block.inputs.iter().all(|port| port.iter().all(|c| is_silent(c, block.frames)));
        let requested = plugin.take_process_request();
        if self.asleep {
            if input_is_silent && block.events_in.is_empty() && !requested {
                for channel in block.outputs.iter_mut().flat_map(|port| port.iter_mut()) {
                    let frames = block.frames.min(channel.len());
                    channel[..frames].fill(0.0);
                }
                block.events_out.clear();
                self.skipped_blocks += 1;
                return Ok(None);
            }
            if self.manner == SleepManner::StopProcessing {
                plugin.start_processing()?;
            }
            self.asleep = false;
        }

        let status = plugin.process(block)?;
        self.silent_input_samples =
            if input_is_silent { self.silent_input_samples + block.frames as u64 } else { 0 };
        let output_is_silent =
            block.outputs.iter().all(|port| port.iter().all(|c| is_silent(c, block.frames)));
        let tail = match status {
            Status::Tail => plugin.tail_samples(),
            _ => Tail::Samples(0),
        };
        if input_is_silent
            && may_sleep(plugin.format(), status, output_is_silent, tail, self.silent_input_samples)
        {
            self.asleep = true;
            if self.manner == SleepManner::StopProcessing {
                plugin.stop_processing();
            }
        }
        Ok(Some(status))
    }
}

/// The table above, for a block with silent input.
fn may_sleep(
    format: Format,
    status: Status,
    output_is_silent: bool,
    tail: Tail,
    silent_input_samples: u64,
) -> bool {
    match status {
        Status::Continue => false,
        Status::ContinueIfNotQuiet => output_is_silent || format == Format::Vst3,
        Status::Tail => match tail {
            Tail::Samples(samples) => silent_input_samples >= u64::from(samples),
            Tail::Infinite => false,
        },
        Status::Sleep => true,
    }
}

/// NaN is not silence.
fn is_silent(channel: &[f32], frames: usize) -> bool {
    channel.iter().take(frames).all(|sample| sample.abs() <= SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_decide_about_sleep() {
        let clap = |status, quiet, tail, silent| may_sleep(Format::Clap, status, quiet, tail, silent);
        let vst3 = |status, quiet, tail, silent| may_sleep(Format::Vst3, status, quiet, tail, silent);
        let none = Tail::Samples(0);
        assert!(!clap(Status::Continue, true, none, u64::MAX));
        assert!(clap(Status::ContinueIfNotQuiet, true, none, 1));
        assert!(!clap(Status::ContinueIfNotQuiet, false, none, 1));
        assert!(vst3(Status::ContinueIfNotQuiet, false, none, 1));
        assert!(clap(Status::Sleep, false, none, 1));
        assert!(!vst3(Status::Tail, true, Tail::Samples(100), 99));
        assert!(vst3(Status::Tail, true, Tail::Samples(100), 100));
        assert!(!vst3(Status::Tail, true, Tail::Infinite, u64::MAX));
    }

    #[test]
    fn silence_has_a_level_and_nan_is_none() {
        assert!(is_silent(&[0.0, 1e-7, -1e-6], 3));
        assert!(!is_silent(&[0.0, 1e-5], 2));
        assert!(is_silent(&[0.0, 1e-5], 1), "only the block counts");
        assert!(!is_silent(&[f32::NAN], 1));
    }
}
