//! What an ONNX graph does to the network's outputs before it gives them away.

use crate::{Error, Problem};

/// A run of neighbouring outputs with one function for all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// How many outputs, at least 1.
    pub outputs: usize,
    /// Applied to each.
    pub map: OutputMap,
}

/// A function of one value. Parameters are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum OutputMap {
    /// y = x.
    Identity,
    /// y = low + (high - low) / (1 + e^-x), between `low` and `high`.
    ScaledSigmoid {
        /// The value far below 0.
        low: f32,
        /// The value far above 0, at least `low`.
        high: f32,
    },
    /// y = offset + scale · ln(1 + e^x), kept between `low` and `high`.
    ClampedSoftplus {
        /// The value far below 0, before it is kept in bounds.
        offset: f32,
        /// The slope far above 0.
        scale: f32,
        /// The least result.
        low: f32,
        /// The greatest result, at least `low`.
        high: f32,
    },
}

impl OutputMap {
    /// The function's value, for programs that run the network itself and not its graph.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            OutputMap::Identity => x,
            OutputMap::ScaledSigmoid { low, high } => low + (high - low) / (1.0 + (-x).exp()),
            OutputMap::ClampedSoftplus { offset, scale, low, high } => {
                // ln(1 + e^x) that neither overflows above nor loses its digits below.
                let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
                (offset + scale * softplus).clamp(low, high)
            }
        }
    }

    fn check(self) -> Result<(), (&'static str, Problem)> {
        let (finite, low, high) = match self {
            OutputMap::Identity => return Ok(()),
            // The graph computes the difference.
            OutputMap::ScaledSigmoid { low, high } => ((high - low).is_finite(), low, high),
            OutputMap::ClampedSoftplus { offset, scale, low, high } => {
                ([offset, scale, low, high].into_iter().all(f32::is_finite), low, high)
            }
        };
        if !finite {
            return Err(("map", Problem::unexpected("finite numbers", format!("{self:?}"))));
        }
        if low > high {
            return Err(("high", Problem::unexpected(format!("at least low = {low}"), high)));
        }
        Ok(())
    }
}

/// Checks that segments cover as many outputs as there are; no segments are allowed too.
pub(super) fn check(segments: &[Segment], outputs: usize) -> Result<(), Error> {
    for (index, segment) in segments.iter().enumerate() {
        if segment.outputs == 0 {
            return Err(Problem::unexpected("at least 1", 0).at(format!("output_map[{index}].outputs")));
        }
        let at = |(field, problem): (&str, Problem)| problem.at(format!("output_map[{index}].{field}"));
        segment.map.check().map_err(at)?;
    }
    let covered = segments.iter().fold(0_usize, |sum, segment| sum.saturating_add(segment.outputs));
    if !segments.is_empty() && covered != outputs {
        let expected = format!("segments over all {outputs} outputs");
        return Err(Problem::unexpected(expected, format!("{covered}")).at("output_map"));
    }
    Ok(())
}
