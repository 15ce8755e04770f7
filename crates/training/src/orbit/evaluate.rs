//! How well a controller moves the picture: whole pieces, hop by hop as in playing, with really drawn frames.

use std::ops::Range;

use dendrite_features::{Base, FeatureWindow, Frame};
use dendrite_julia::{metrics, sync};
use dendrite_orbit::baselines::{ConstantOrbit, OnsetDrivenSpeed};
use dendrite_orbit::fallback::{Fallback, Hearing};
use dendrite_orbit::{Clock, Controls, GATES, HOP_S, HopInput, Orbit, OrbitState, Settings};
use dendrite_pipeline::spec::OrbitShape;
use dendrite_pipeline::{Describer, OrbitControls};
use rayon::prelude::*;
use rtneural::Model;

use super::{RANGES, SIGNALS, detail, signals};
use crate::data::Piece;

/// Time constant of activity, seconds.
const ACTIVITY_S: f64 = 1.5;

/// What moves the orbit.
#[derive(Clone, Copy)]
pub enum Controller<'a> {
    /// An exported network of some shape: raw features in, the output map behind it.
    Network(&'a Model, OrbitShape),
    /// The heuristic controller of crate `dendrite-orbit`.
    Fallback,
    /// The same control signals all the time; impacts, offset and sections work as ever.
    Still(Controls),
    /// The frozen baseline: the angle's speed follows the onset strength.
    OnsetSpeed,
    /// The frozen baseline: a steady angle, whatever sounds.
    ConstantOrbit,
}

impl Controller<'_> {
    /// A name for tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Network(..) => "network",
            Self::Fallback => "fallback",
            Self::Still(_) => "still controls",
            Self::OnsetSpeed => "onset speed",
            Self::ConstantOrbit => "constant orbit",
        }
    }
}

/// A played piece, one entry per hop.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The parameter of the Julia set.
    pub c: Vec<[f64; 2]>,
    /// Control signals as the controller gave them, in the order of [`SIGNALS`]; none for the frozen baselines.
    pub signals: Vec<[f64; SIGNALS.len()]>,
    /// The orbit's states; none for the frozen baselines.
    pub states: Vec<OrbitState>,
}

/// What is measured of one controller on one piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The sync score, one definition everywhere.
    pub sync: sync::SyncScore,
    /// Correlation of the spectral centroid with the orbit's detail (see [`detail`]), both smoothed alike.
    pub centroid_r: f64,
    /// Correlation of the loudness with s, both smoothed alike.
    pub loudness_r: f64,
    /// Correlation of each band's level with its gate, both smoothed alike.
    pub band_r: [f64; GATES],
    /// Correlation of the onset strength over the last 1.5 s with omega_scale.
    pub activity_r: f64,
    /// Deviation of each control signal over the piece, as a share of its range; in the order of [`SIGNALS`].
    pub deviations: [f64; SIGNALS.len()],
    /// Mean of s as the orbit smooths it, before impacts.
    pub s: f64,
    /// Share of hops in which it is within 0.7 ... 1.08, where the picture is neither a blob nor dust.
    pub s_kept: f64,
    /// Share of frames of mean luminance below [`metrics::DARK`].
    pub dark: f32,
    /// Mean luminance change per frame.
    pub change: f32,
}

/// The bars of a piece per second, for a clock without transport; 0.5 where the bars are not known.
pub fn bars_per_second(piece: &Piece) -> f64 {
    let bars = piece.truth.bars.as_deref().unwrap_or_default();
    match (bars.first(), bars.last()) {
        (Some(first), Some(last)) if last.span_s[1] > first.span_s[0] => {
            bars.len() as f64 / (last.span_s[1] - first.span_s[0])
        }
        _ => 0.5,
    }
}

/// One hop's input of the orbit.
pub fn hop_input<'a>(
    frame: &Frame,
    texture: &'a [f32],
    controls: Controls,
    bars_per_second: f64,
) -> HopInput<'a> {
    HopInput {
        controls,
        onset: frame.get(Base::Onset),
        loudness: frame.get(Base::Rms),
        texture,
        silent: frame.silent,
        clock: Clock::Free { bars_per_second },
    }
}

/// The control signals that the fallback gives for a piece.
pub fn fallback_controls(frames: &[Frame]) -> Vec<Controls> {
    let (describer, mut fallback) = (Describer::new(), Fallback::new(HOP_S));
    let hear = |frame: &Frame| {
        let heard = describer.describe(frame);
        fallback.step(&Hearing {
            loudness: frame.get(Base::Rms),
            tonalness: heard.tonalness,
            noisiness: heard.noisiness,
            onset: frame.get(Base::Onset),
            bands: heard.bands,
        })
    };
    frames.iter().map(hear).collect()
}

/// The control signals that an exported network gives for a piece.
///
/// # Errors
/// A model of other sizes than its shape's.
pub fn network_controls(
    model: &Model,
    shape: OrbitShape,
    frames: &[Frame],
) -> Result<Vec<Controls>, rtneural::RunError> {
    let mut window = FeatureWindow::new(shape.window_frames, shape.deltas());
    let mut state = model.state();
    let mut output = vec![0.0; model.outputs()];
    let mut hear = |frame: &Frame| {
        window.push(&frame.base);
        model.forward(&mut state, window.values(), &mut output)?;
        let OrbitControls { s, alpha, omega_scale, gates } = OrbitControls::of(&output);
        Ok(Controls { s, alpha, omega_scale, gates })
    };
    frames.iter().map(&mut hear).collect()
}

/// Plays a piece from its start, on a free clock at the piece's own tempo.
///
/// # Errors
/// As [`network_controls`].
pub fn play(
    controller: Controller,
    piece: &Piece,
    settings: &Settings,
) -> Result<Played, rtneural::RunError> {
    let frames = &piece.frames;
    let onsets = frames.iter().map(|frame| frame.get(Base::Onset));
    let controls = match controller {
        Controller::Network(model, shape) => network_controls(model, shape, frames)?,
        Controller::Fallback => fallback_controls(frames),
        Controller::Still(controls) => vec![controls; frames.len()],
        Controller::OnsetSpeed => {
            let mut orbit = OnsetDrivenSpeed::new(HOP_S);
            let c = onsets.map(|onset| orbit.step(onset)).map(|c| [c.re, c.im]).collect();
            return Ok(Played { c, ..Played::default() });
        }
        Controller::ConstantOrbit => {
            let mut orbit = ConstantOrbit::new(HOP_S);
            let c = onsets.map(|onset| orbit.step(onset)).map(|c| [c.re, c.im]).collect();
            return Ok(Played { c, ..Played::default() });
        }
    };
    let (mut orbit, tempo) = (Orbit::new(HOP_S), bars_per_second(piece));
    let step = |(frame, controls): (&Frame, &Controls)| {
        orbit.step(&hop_input(frame, &frame.mel, *controls, tempo), settings)
    };
    let states: Vec<OrbitState> = frames.iter().zip(&controls).map(step).collect();
    Ok(Played {
        c: states.iter().map(|state| state.c).collect(),
        signals: controls.iter().map(signals).collect(),
        states,
    })
}

/// Plays a piece and measures the part of it that lies in `seconds` (the orbit has then heard what comes before).
///
/// # Errors
/// As [`network_controls`].
pub fn score(
    controller: Controller,
    piece: &Piece,
    settings: &Settings,
    seconds: Range<f64>,
) -> Result<Score, rtneural::RunError> {
    let played = play(controller, piece, settings)?;
    let hop = |time_s: f64| ((time_s.max(0.0) / HOP_S) as usize).min(piece.frames.len());
    let hops = hop(seconds.start)..hop(seconds.end).max(hop(seconds.start));
    Ok(score_played(&played, &piece.frames, settings, hops))
}

/// Measures the hops `hops` of a played piece.
pub fn score_played(played: &Played, frames: &[Frame], settings: &Settings, hops: Range<usize>) -> Score {
    let part = &frames[hops.clone()];
    let onset: Vec<f32> = part.iter().map(|frame| frame.get(Base::Onset)).collect();
    let silent: Vec<bool> = part.iter().map(|frame| frame.silent).collect();
    let (change, luminance) = sync::change_series(played.c[hops.clone()].iter().copied());

    let states = played.states.get(hops.clone()).unwrap_or_default();
    let follow = |heard: &[f64], of: &dyn Fn(&OrbitState) -> f64| {
        let pairs: Vec<(f64, f64)> = heard[hops.clone()]
            .iter()
            .zip(states)
            .zip(part)
            .filter(|(_, frame)| !frame.silent)
            .map(|((heard, state), _)| (*heard, of(state)))
            .collect();
        correlation(&pairs)
    };
    let heard = |feature: Base| smoothed(frames.iter().map(|frame| f64::from(frame.get(feature))), settings);
    let bands = smoothed_bands(frames, settings);
    let band_r = std::array::from_fn(|i| {
        let level: Vec<f64> = bands.iter().map(|bands| bands[i]).collect();
        follow(&level, &|state| state.gates[i])
    });
    let deviations = std::array::from_fn(|i| {
        let values: Vec<f64> =
            played.signals.get(hops.clone()).unwrap_or_default().iter().map(|signals| signals[i]).collect();
        deviation(&values) / (RANGES[i][1] - RANGES[i][0])
    });
    Score {
        sync: sync::sync_score(&onset, &change, &silent),
        centroid_r: follow(&heard(Base::Centroid), &|state| detail(state.s, state.alpha, &state.gates)),
        loudness_r: follow(&heard(Base::Rms), &|state| state.s),
        band_r,
        activity_r: follow(&activity(frames), &|state| state.omega_scale),
        deviations,
        s: mean(states.iter().map(|state| state.s)),
        s_kept: mean(states.iter().map(|state| f64::from(u8::from((0.7..=1.08).contains(&state.s))))),
        dark: metrics::dark_share(&luminance),
        change: mean(change.iter().map(|change| f64::from(*change))) as f32,
    }
}

/// [`score`] of many pieces, in parallel on the current rayon pool.
///
/// # Errors
/// As [`network_controls`].
pub fn scores(
    controller: Controller,
    pieces: &[Piece],
    settings: &Settings,
    seconds: Range<f64>,
) -> Result<Vec<Score>, rtneural::RunError> {
    pieces.par_iter().map(|piece| score(controller, piece, settings, seconds.clone())).collect()
}

/// What a controller has to reach, on the mean over pieces of a [`Summary`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bars {
    /// Least sync score.
    pub sync: f64,
    /// Least correlation of centroid with detail.
    pub centroid_r: f64,
    /// Least deviation of every signal, as a share of its range.
    pub deviation: f64,
    /// Greatest share of dark frames.
    pub dark: f64,
    /// Range of the mean luminance change per frame.
    pub change: [f64; 2],
}

impl Bars {
    /// The orbit model's: neither standing still nor strobing nor dark, in time with the music.
    pub const ORBIT: Self =
        Self { sync: 0.6, centroid_r: 0.6, deviation: 0.03, dark: 0.05, change: [0.004, 0.03] };
}

/// Means over pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of pieces.
    pub pieces: usize,
    /// Mean sync score, and half of its 95 % interval.
    pub sync: [f64; 2],
    /// Mean of the sync score's chance level.
    pub chance: f64,
    /// Mean correlation of centroid with detail.
    pub centroid_r: f64,
    /// Mean correlation of loudness with s.
    pub loudness_r: f64,
    /// Mean correlation of each band with its gate.
    pub band_r: [f64; GATES],
    /// Mean correlation of activity with omega_scale.
    pub activity_r: f64,
    /// Mean deviation of each signal as a share of its range.
    pub deviations: [f64; SIGNALS.len()],
    /// Mean s.
    pub s: f64,
    /// Mean share of hops with s within 0.7 ... 1.08.
    pub s_kept: f64,
    /// Mean share of dark frames.
    pub dark: f64,
    /// Mean luminance change per frame.
    pub change: f64,
}

impl Summary {
    /// Of one score per piece.
    pub fn of(scores: &[Score]) -> Self {
        let over = |of: &dyn Fn(&Score) -> f64| mean(scores.iter().map(of));
        let r: Vec<f64> = scores.iter().map(|score| f64::from(score.sync.r)).collect();
        let n = (r.len() as f64).max(2.0);
        // Deviation of the sample, of which the interval is made.
        let spread = deviation(&r) * (n / (n - 1.0)).sqrt();
        Self {
            pieces: scores.len(),
            sync: [mean(r.iter().copied()), 1.96 * spread / n.sqrt()],
            chance: over(&|score| f64::from(score.sync.chance_95)),
            centroid_r: over(&|score| score.centroid_r),
            loudness_r: over(&|score| score.loudness_r),
            band_r: std::array::from_fn(|i| over(&|score| score.band_r[i])),
            activity_r: over(&|score| score.activity_r),
            deviations: std::array::from_fn(|i| over(&|score| score.deviations[i])),
            s: over(&|score| score.s),
            s_kept: over(&|score| score.s_kept),
            dark: over(&|score| f64::from(score.dark)),
            change: over(&|score| f64::from(score.change)),
        }
    }

    /// What of the bars is not reached, in words; empty when all are.
    pub fn shortfalls(&self, bars: &Bars) -> Vec<String> {
        let mut all = Vec::new();
        if self.sync[0] < bars.sync {
            all.push(format!("sync {:.3} is below {}", self.sync[0], bars.sync));
        }
        if self.centroid_r < bars.centroid_r {
            all.push(format!("centroid r {:.3} is below {}", self.centroid_r, bars.centroid_r));
        }
        for (name, deviation) in SIGNALS.iter().zip(self.deviations) {
            if deviation < bars.deviation {
                all.push(format!(
                    "{name} moves {:.1} % of its range, less than {} %",
                    deviation * 100.0,
                    bars.deviation * 100.0
                ));
            }
        }
        if self.dark > bars.dark {
            all.push(format!(
                "{:.1} % of frames are dark, more than {} %",
                self.dark * 100.0,
                bars.dark * 100.0
            ));
        }
        if !(bars.change[0]..=bars.change[1]).contains(&self.change) {
            all.push(format!("change {:.4} is outside {:?}", self.change, bars.change));
        }
        all
    }
}

/// Levels of the six bands, smoothed as the orbit smooths its control signals.
pub(super) fn smoothed_bands(frames: &[Frame], settings: &Settings) -> Vec<[f64; GATES]> {
    let describer = Describer::new();
    let bands: Vec<_> = frames.iter().map(|frame| describer.describe(frame).bands).collect();
    let each: [Vec<f64>; GATES] =
        std::array::from_fn(|i| smoothed(bands.iter().map(|bands| f64::from(bands[i])), settings));
    (0..frames.len()).map(|k| std::array::from_fn(|i| each[i][k])).collect()
}

/// Onset strength, averaged over the fallback's time of activity.
pub(super) fn activity(frames: &[Frame]) -> Vec<f64> {
    let settings = Settings { smoothing_s: ACTIVITY_S, ..Settings::default() };
    smoothed(frames.iter().map(|frame| f64::from(frame.get(Base::Onset))), &settings)
}

/// An exponential average with the settings' time constant, as the orbit smooths its control signals.
pub(super) fn smoothed(values: impl Iterator<Item = f64>, settings: &Settings) -> Vec<f64> {
    let share = 1.0 - (-HOP_S / settings.smoothing_s.max(1e-6)).exp();
    let mut now = None;
    values
        .map(|value| {
            let next = now.map_or(value, |now: f64| now + (value - now) * share);
            now = Some(next);
            next
        })
        .collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - middle).powi(2))).sqrt()
}

/// Pearson's; 0 where it is not defined.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mean_a, mean_b) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let product = mean(pairs.iter().map(|(a, b)| (a - mean_a) * (b - mean_b)));
    let scale = deviation(&a) * deviation(&b);
    if scale > 1e-12 { product / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ContentHash, Split, Truth};

    /// Two seconds of noise that is struck four times.
    fn piece() -> Piece {
        let mut random = crate::random::Random::new(1);
        let samples: Vec<f32> = (0..96_000)
            .map(|n| random.symmetric() * 0.5 * (-((n % 24_000) as f32) / 4_000.0).exp())
            .collect();
        Piece {
            name: "noise".to_owned(),
            content: ContentHash::of_bytes("test", b"noise"),
            split: Split::Test,
            frames: dendrite_features::analyze(&samples),
            truth: Truth::default(),
        }
    }

    #[test]
    fn still_controls_do_not_move_and_the_fallback_does() {
        let (piece, settings) = (piece(), Settings::default());
        assert_eq!(bars_per_second(&piece), 0.5);
        let still = score(Controller::Still(Controls::default()), &piece, &settings, 0.0..9.0).unwrap();
        assert!(still.deviations.iter().all(|deviation| *deviation < 1e-9));
        assert!((still.s - 0.9).abs() < 1e-9 && still.centroid_r == 0.0);
        assert_eq!(still.sync.frames, piece.frames.len());
        let fallback = score(Controller::Fallback, &piece, &settings, 0.5..1.5).unwrap();
        assert!(fallback.deviations.iter().filter(|deviation| **deviation > 0.0).count() >= 7);
        assert!(fallback.loudness_r > 0.5, "{fallback:?}");
        // 1 s is 47 hops.
        assert!((46..=48).contains(&fallback.sync.frames));
        let summary = Summary::of(&[still.clone(), still]);
        assert!(summary.shortfalls(&Bars::ORBIT).len() > SIGNALS.len());
    }
}
