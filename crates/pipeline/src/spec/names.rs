//! What the models' inputs and outputs are called, and the ranges of their values.

use dendrite_features::N_MEL;

use super::OrbitShape;
use crate::contexts::{HARMONY_MEL, LOUDNESS_FRAMES};
use crate::sidecar::Parameter;
use crate::{
    CHORDS, Chord, Expression, GROOVE_STEPS, MOOD_CELLS, MOOD_SIDE, ModelKind, PITCH_NAMES, PITCHES,
};

/// The base features in the order of `dendrite_features::Base`.
const BASE: [&str; 6] = ["centroid", "flux", "rms", "zcr", "onset", "rolloff"];
/// The outputs of the orbit model before the band gates, with the ranges that the output map gives them.
const ORBIT_CONTROLS: [(&str, f64, f64); 3] =
    [("s", 0.2, 3.0), ("alpha", 0.0, 1.0), ("omega_scale", 0.1, 5.0)];

/// A model's inputs in order, with the ranges that the values are in. `shape` is looked at for the orbit model only.
pub fn input_parameters(kind: ModelKind, shape: OrbitShape) -> Vec<Parameter> {
    let unit = |name: String| Parameter::new(name, 0.0, 1.0);
    match kind {
        ModelKind::Emotion => numbered("mel", N_MEL).map(unit).collect(),
        ModelKind::Melody | ModelKind::Groove => mood().map(unit).collect(),
        ModelKind::Harmony => {
            let chroma = |name: &'static str| PITCH_NAMES.iter().map(move |class| format!("{name}_{class}"));
            let mut parameters: Vec<_> = mood()
                .chain(chroma("chroma_quarter_second"))
                .chain(chroma("chroma_two_seconds"))
                .chain(chroma("bass_chroma"))
                .chain(numbered("mel16", HARMONY_MEL))
                .chain(BASE.map(str::to_owned))
                .map(unit)
                .collect();
            parameters.extend(BASE.map(|name| Parameter::new(format!("delta_{name}"), -1.0, 1.0)));
            parameters
        }
        ModelKind::Dynamics => {
            let pooled = (0..MOOD_CELLS / 4).map(|cell| {
                format!("mood_pooled_row{}_column{}", cell / (MOOD_SIDE / 2), cell % (MOOD_SIDE / 2))
            });
            pooled.chain(numbered("loudness", LOUDNESS_FRAMES / 2)).map(unit).collect()
        }
        ModelKind::Orbit => {
            let mut groups = vec![("", 0.0, 1.0)];
            if shape.include_delta {
                groups.push(("delta_", -1.0, 1.0));
            }
            if shape.include_delta_delta {
                groups.push(("delta_delta_", -2.0, 2.0));
            }
            let mut parameters = Vec::new();
            for frame in 0..shape.window_frames {
                for (group, minimum, maximum) in &groups {
                    parameters.extend(BASE.map(|name| {
                        Parameter::new(format!("frame{frame}_{group}{name}"), *minimum, *maximum)
                    }));
                }
            }
            parameters
        }
    }
}

/// A model's outputs in order, with the ranges of what the engine makes of them (so of `s`, not of the number that the
/// output map turns into s). `shape` is looked at for the orbit model only.
pub fn output_parameters(kind: ModelKind, shape: OrbitShape) -> Vec<Parameter> {
    let unit = |name: String| Parameter::new(name, 0.0, 1.0);
    match kind {
        ModelKind::Emotion => mood().map(unit).collect(),
        ModelKind::Melody => numbered("pitch", PITCHES).map(unit).collect(),
        ModelKind::Harmony => {
            (0..CHORDS).filter_map(Chord::of_class).map(|chord| unit(chord.to_string())).collect()
        }
        ModelKind::Dynamics => Expression::NAMES.map(|name| unit(name.to_owned())).into(),
        ModelKind::Groove => {
            // In sixteenths.
            let timing = numbered("timing", GROOVE_STEPS).map(|name| Parameter::new(name, -0.5, 0.5));
            timing.chain(numbered("accent", GROOVE_STEPS).map(unit)).collect()
        }
        ModelKind::Orbit => {
            let controls =
                ORBIT_CONTROLS.iter().map(|&(name, minimum, maximum)| Parameter::new(name, minimum, maximum));
            controls.chain(numbered("band_gate", shape.bands).map(unit)).collect()
        }
    }
}

fn mood() -> impl Iterator<Item = String> {
    (0..MOOD_CELLS).map(|cell| format!("mood_row{}_column{}", cell / MOOD_SIDE, cell % MOOD_SIDE))
}

fn numbered(name: &'static str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |index| format!("{name}_{index}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    #[test]
    fn there_is_one_name_for_each_value_and_no_name_twice() {
        for shape in [
            OrbitShape::default(),
            OrbitShape { window_frames: 7, include_delta: true, include_delta_delta: true, bands: 8 },
        ] {
            for kind in ModelKind::ALL {
                for (parameters, count) in [
                    (input_parameters(kind, shape), spec::inputs(kind, shape)),
                    (output_parameters(kind, shape), spec::outputs(kind, shape)),
                ] {
                    assert_eq!(parameters.len(), count, "{kind}");
                    let names: std::collections::BTreeSet<_> = parameters.iter().map(|p| &p.name).collect();
                    assert_eq!(names.len(), count, "{kind}");
                }
            }
        }
    }
}
