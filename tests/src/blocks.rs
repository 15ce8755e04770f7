//! Single blocks through an active plug-in.

use dendrite_host::{Block, Event, HostError, Plugin, Status, Transport};

/// What one block gave.
#[derive(Debug)]
pub struct Answer {
    /// The plug-in's answer.
    pub status: Status,
    /// The main output, `[channel][sample]`.
    pub output: Vec<Vec<f32>>,
    /// Output events.
    pub events: Vec<Event>,
}

/// Processes one block of `input` (`[channel][sample]`, all equally long) at the main input; others are unconnected.
///
/// # Errors
/// Those of [`Plugin::process`].
pub fn process(
    plugin: &mut Plugin,
    input: &[Vec<f32>],
    events: &[Event],
    transport: Option<Transport>,
) -> Result<Answer, HostError> {
    let frames = input.first().map_or(0, Vec::len);
    let channels: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
    let mut output = vec![vec![0.0; frames]; input.len()];
    let mut output_channels: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    let mut events_out = Vec::new();
    let status = plugin.process(&mut Block {
        inputs: &[&channels],
        outputs: &mut [&mut output_channels],
        frames,
        transport,
        events_in: events,
        events_out: &mut events_out,
        steady_time: 0,
    })?;
    Ok(Answer { status, output, events: events_out })
}
