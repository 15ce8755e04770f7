//! What a plug-in says about itself: identity, parameters, ports, layouts, tail.

use std::fmt;

/// The two plug-in formats this crate can host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CLAP, a shared library named `*.clap`.
    Clap,
    /// VST3, a folder named `*.vst3` with the shared library inside.
    Vst3,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Clap => "CLAP",
            Format::Vst3 => "VST3",
        })
    }
}

/// Identity of one plug-in inside a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    /// CLAP: the reverse-domain id. VST3: the class id as 32 upper-case hexadecimal digits.
    pub id: String,
    /// Displayed name.
    pub name: String,
    /// Maker.
    pub vendor: String,
    /// Version as the plug-in writes it.
    pub version: String,
    /// CLAP: the features (`audio-effect`, `stereo`, ...). VST3: the sub-categories (`Fx`, `Analyzer`, ...).
    pub features: Vec<String>,
}

/// One parameter.
///
/// Values are those of the format: CLAP plain values between `min` and `max`, VST3 normalised values 0..1. Use
/// [`ParamInfo::denormalized`] and [`ParamInfo::normalized`] to write what works for both.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamInfo {
    /// Stable id, the one used in [`EventKind::Param`](crate::EventKind::Param).
    pub id: u32,
    /// Displayed name.
    pub name: String,
    /// Group path, parts separated by `/`; empty at the root.
    pub module: String,
    /// Unit of the plain value, where the format tells it (VST3); empty otherwise.
    pub unit: String,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Value of a fresh instance.
    pub default: f64,
    /// Number of steps between `min` and `max` of a stepped parameter (a switch has 1); `None` if continuous.
    pub steps: Option<u32>,
    /// The host may automate it.
    pub automatable: bool,
    /// The plug-in's bypass switch.
    pub is_bypass: bool,
    /// Not to be shown in generic parameter lists.
    pub hidden: bool,
    /// Only the plug-in changes it.
    pub read_only: bool,
}

impl ParamInfo {
    /// The value at `normalized` (0..1, clamped) of the way from `min` to `max`; NaN counts as 0.
    pub fn denormalized(&self, normalized: f64) -> f64 {
        let part = if normalized.is_nan() { 0.0 } else { normalized.clamp(0.0, 1.0) };
        self.min + part * (self.max - self.min)
    }

    /// Where between `min` (0) and `max` (1) the value lies; 0 for an empty range.
    pub fn normalized(&self, value: f64) -> f64 {
        let width = self.max - self.min;
        if width > 0.0 { ((value - self.min) / width).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// One audio port (CLAP) or bus (VST3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioPort {
    /// Displayed name.
    pub name: String,
    /// Number of channels.
    pub channels: u32,
    /// Main port, as opposed to a sidechain or auxiliary one.
    pub is_main: bool,
}

/// All audio ports of one direction pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AudioPorts {
    /// Inputs in the order of [`Block::inputs`](crate::Block::inputs).
    pub inputs: Vec<AudioPort>,
    /// Outputs in the order of [`Block::outputs`](crate::Block::outputs).
    pub outputs: Vec<AudioPort>,
}

impl AudioPorts {
    /// The channel counts alone.
    pub fn layout(&self) -> Layout {
        let count = |ports: &[AudioPort]| ports.iter().map(|port| port.channels).collect();
        Layout { inputs: count(&self.inputs), outputs: count(&self.outputs) }
    }
}

/// One note port (CLAP) or event bus (VST3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotePort {
    /// Displayed name.
    pub name: String,
    /// Note dialects the port understands; VST3 event buses have always `["vst3"]`.
    pub dialects: Vec<&'static str>,
}

/// All note ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotePorts {
    /// Note inputs.
    pub inputs: Vec<NotePort>,
    /// Note outputs.
    pub outputs: Vec<NotePort>,
}

/// Channel counts of all audio ports, to ask a plug-in for.
///
/// A count of 0 means "leave this port as it is, unconnected": CLAP feeds it silence, VST3 deactivates the bus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Channels of each input port.
    pub inputs: Vec<u32>,
    /// Channels of each output port.
    pub outputs: Vec<u32>,
}

impl Layout {
    /// One main input and output with the same number of channels.
    pub fn main(channels: u32) -> Self {
        Self { inputs: vec![channels], outputs: vec![channels] }
    }

    /// One main input and output, and a sidechain input (0: unconnected).
    pub fn with_sidechain(channels: u32, sidechain: u32) -> Self {
        Self { inputs: vec![channels, sidechain], outputs: vec![channels] }
    }

    /// Whether a plug-in with the port counts of `actual` fulfils this request.
    pub(crate) fn is_met_by(&self, actual: &Layout) -> bool {
        let fits = |wanted: &[u32], got: &[u32]| {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(w, g)| *w == 0 || w == g)
        };
        fits(&self.inputs, &actual.inputs) && fits(&self.outputs, &actual.outputs)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inputs {:?}, outputs {:?}", self.inputs, self.outputs)
    }
}

/// How long a plug-in goes on sounding after its input has become silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// So many samples at the current rate.
    Samples(u32),
    /// It may sound for ever; the host must not stop it.
    Infinite,
}

/// One page of parameters for hardware controllers (CLAP remote controls).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePage {
    /// Section the page belongs to.
    pub section: String,
    /// Displayed name.
    pub name: String,
    /// Parameter ids in the eight slots.
    pub params: [Option<u32>; 8],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(min: f64, max: f64) -> ParamInfo {
        ParamInfo {
            id: 1,
            name: String::new(),
            module: String::new(),
            unit: String::new(),
            min,
            max,
            default: min,
            steps: None,
            automatable: true,
            is_bypass: false,
            hidden: false,
            read_only: false,
        }
    }

    #[test]
    fn normalising_is_the_inverse_of_denormalising_and_total() {
        let p = param(-2.0, 6.0);
        for part in [0.0, 0.25, 0.5, 1.0] {
            assert_eq!(p.normalized(p.denormalized(part)), part, "powers of two are exact");
        }
        assert_eq!(p.denormalized(f64::NAN), -2.0);
        assert_eq!(p.denormalized(7.0), 6.0);
        assert_eq!(param(3.0, 3.0).normalized(3.0), 0.0);
    }

    #[test]
    fn a_zero_count_accepts_any_channel_number_but_not_another_port_count() {
        let stereo_with_side = Layout::with_sidechain(2, 2);
        assert!(Layout::with_sidechain(2, 0).is_met_by(&stereo_with_side));
        assert!(!Layout::with_sidechain(1, 0).is_met_by(&stereo_with_side));
        assert!(!Layout::main(2).is_met_by(&stereo_with_side));
    }
}
