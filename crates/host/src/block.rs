//! One call of `process`: audio, events and transport of a block, and what the plug-in answered.

use crate::error::HostError;
use crate::event::Event;
use crate::transport::Transport;

/// Everything of one block.
///
/// ```text
/// inputs [port][channel][sample]     outputs [port][channel][sample]
/// ```
/// A port may be missing at the end or have no channels: it is then unconnected (input silence, output dropped).
/// Connected ports have the plug-in's channel count, and every channel at least `frames` samples.
pub struct Block<'a> {
    /// Input audio by port and channel.
    pub inputs: &'a [&'a [&'a [f32]]],
    /// Output audio by port and channel; the first `frames` samples are overwritten. A sample the plug-in leaves
    /// unwritten reads as NaN, so that a forgotten channel does not look like silence.
    pub outputs: &'a mut [&'a mut [&'a mut [f32]]],
    /// Samples in the block; 0 is allowed and only delivers events.
    pub frames: usize,
    /// The host's transport; `None` where a host has none.
    pub transport: Option<Transport>,
    /// Events into the plug-in with offsets inside the block (0 in an empty one); any order, they are sorted by offset
    /// before it sees them.
    pub events_in: &'a [Event],
    /// Cleared, then filled with the plug-in's events.
    pub events_out: &'a mut Vec<Event>,
    /// Samples since processing began, counting also while the transport stands.
    pub steady_time: u64,
}

/// What the plug-in answered to a block, in CLAP's words.
///
/// VST3 has no such answer; it follows from the tail: infinite is `Continue`, finite is `Tail`, none is
/// `ContinueIfNotQuiet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Go on, whatever the audio is.
    Continue,
    /// Go on until input and output are silent.
    ContinueIfNotQuiet,
    /// Go on until the input has been silent for the tail's length.
    Tail,
    /// Nothing to do until the next event or sound.
    Sleep,
}

/// The host's own audio memory, one allocation per activation.
///
/// Both formats take mutable pointers to input audio, and some plug-ins do write there; so plug-ins never see the
/// caller's buffers.
pub(crate) struct PortBuffers {
    /// `[port][channel][sample]`, every channel `max_block` samples long.
    pub(crate) ports: Vec<Vec<Vec<f32>>>,
}

impl PortBuffers {
    pub(crate) fn new(channels: &[u32], max_block: usize) -> Self {
        let port = |count: &u32| (0..*count).map(|_| vec![0.0; max_block]).collect();
        Self { ports: channels.iter().map(port).collect() }
    }

    /// Total number of channels.
    pub(crate) fn channel_count(&self) -> usize {
        self.ports.iter().map(Vec::len).sum()
    }

    /// Copies the caller's input; unconnected ports become silent. Does not allocate.
    pub(crate) fn take_in(&mut self, inputs: &[&[&[f32]]], frames: usize) {
        for (index, port) in self.ports.iter_mut().enumerate() {
            let source = inputs.get(index).copied().unwrap_or_default();
            for (channel, own) in port.iter_mut().enumerate() {
                match source.get(channel) {
                    Some(samples) => own[..frames].copy_from_slice(&samples[..frames]),
                    None => own[..frames].fill(0.0),
                }
            }
        }
    }

    /// Makes unwritten output recognisable. Does not allocate.
    pub(crate) fn poison(&mut self, frames: usize) {
        for channel in self.ports.iter_mut().flatten() {
            channel[..frames].fill(f32::NAN);
        }
    }

    /// Copies the output to the caller. Does not allocate.
    pub(crate) fn give_out(&self, outputs: &mut [&mut [&mut [f32]]], frames: usize) {
        for (port, target) in self.ports.iter().zip(outputs.iter_mut()) {
            for (own, samples) in port.iter().zip(target.iter_mut()) {
                samples[..frames].copy_from_slice(&own[..frames]);
            }
        }
    }
}

/// Checks a block against the plug-in's channel counts, so that nothing behind this point can be out of bounds.
pub(crate) fn check(
    block: &Block<'_>,
    inputs: &[Vec<Vec<f32>>],
    outputs: &[Vec<Vec<f32>>],
    max_block: usize,
) -> Result<(), HostError> {
    if block.frames > max_block {
        return Err(bad("block length", format!("at most {max_block} samples (as activated)"), block.frames));
    }
    if block.inputs.len() > inputs.len() {
        return Err(bad("input ports", format!("at most {}", inputs.len()), block.inputs.len()));
    }
    if block.outputs.len() > outputs.len() {
        return Err(bad("output ports", format!("at most {}", outputs.len()), block.outputs.len()));
    }
    if let Some(late) = block.events_in.iter().find(|event| event.offset as usize >= block.frames.max(1)) {
        let expected = format!("less than the block's {} samples", block.frames);
        return Err(bad("offset of an input event", expected, late.offset as usize));
    }
    for (index, (given, own)) in block.inputs.iter().zip(inputs).enumerate() {
        let lengths = given.iter().map(|channel| channel.len());
        check_port("input", index, lengths, own.len(), block.frames)?;
    }
    for (index, (given, own)) in block.outputs.iter().zip(outputs).enumerate() {
        let lengths = given.iter().map(|channel| channel.len());
        check_port("output", index, lengths, own.len(), block.frames)?;
    }
    Ok(())
}

fn check_port(
    direction: &str,
    index: usize,
    lengths: impl ExactSizeIterator<Item = usize>,
    channels: usize,
    frames: usize,
) -> Result<(), HostError> {
    if lengths.len() != 0 && lengths.len() != channels {
        let what = format!("channels of {direction} port {index}");
        return Err(bad(&what, format!("{channels}, or 0 for unconnected"), lengths.len()));
    }
    for (channel, length) in lengths.enumerate() {
        if length < frames {
            let what = format!("samples in channel {channel} of {direction} port {index}");
            return Err(bad(&what, format!("at least {frames}"), length));
        }
    }
    Ok(())
}

fn bad(what: &str, expected: String, got: usize) -> HostError {
    HostError::BadArgument { what: what.to_owned(), expected, got: got.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_block(inputs: &[&[&[f32]]], frames: usize) -> Result<(), HostError> {
        let own_in = PortBuffers::new(&[2, 1], 64);
        let own_out = PortBuffers::new(&[2], 64);
        let (mut left, mut right) = ([0.0f32; 64], [0.0f32; 64]);
        let block = Block {
            inputs,
            outputs: &mut [&mut [&mut left, &mut right]],
            frames,
            transport: None,
            events_in: &[],
            events_out: &mut Vec::new(),
            steady_time: 0,
        };
        check(&block, &own_in.ports, &own_out.ports, 64)
    }

    #[test]
    fn fitting_and_unconnected_ports_pass_everything_else_is_refused() {
        let x = [0.0f32; 64];
        assert!(try_block(&[&[&x, &x], &[&x]], 64).is_ok());
        assert!(try_block(&[&[&x, &x]], 64).is_ok(), "a missing last port is unconnected");
        assert!(try_block(&[&[], &[&x]], 64).is_ok(), "an empty port is unconnected");
        assert!(try_block(&[&[&[], &[]]], 0).is_ok(), "a zero-length block");
        for (inputs, frames) in [
            (&[&[&x[..]] as &[&[f32]]] as &[&[&[f32]]], 64),
            (&[&[&x, &x], &[&x], &[&x]], 64),
            (&[&[&x[..32], &x]], 64),
            (&[&[&x, &x]], 65),
        ] {
            let error = try_block(inputs, frames).expect_err("does not fit").to_string();
            assert!(error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn input_events_must_lie_in_the_block() {
        let check_event = |offset, frames| {
            let event = Event { offset, kind: crate::EventKind::Other { type_id: 0 } };
            let block = Block {
                inputs: &[],
                outputs: &mut [],
                frames,
                transport: None,
                events_in: &[event],
                events_out: &mut Vec::new(),
                steady_time: 0,
            };
            check(&block, &[], &[], 64).is_ok()
        };
        assert!(check_event(63, 64) && !check_event(64, 64));
        assert!(check_event(0, 0) && !check_event(1, 0), "an empty block has events at 0");
    }

    #[test]
    fn unconnected_inputs_are_silent_and_unwritten_outputs_are_nan() {
        let mut own = PortBuffers::new(&[1, 1], 4);
        own.poison(4);
        own.take_in(&[&[&[1.0, 2.0, 3.0]]], 3);
        assert_eq!(own.ports[0][0][..3], [1.0, 2.0, 3.0]);
        assert_eq!(own.ports[1][0][..3], [0.0; 3]);
        assert!(own.ports[1][0][3].is_nan());
    }
}
