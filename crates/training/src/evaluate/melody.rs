//! Melody: how surprised the model is by the notes that are played, and whether it keeps to the scale.

use anyhow::Result;
use dendrite_pipeline::{MOOD_CELLS, Mood, PITCHES, heuristics};
use rayon::prelude::*;
use rtneural::Model;

use super::{Row, as_probabilities, forward, require};
use crate::corpus::{Corpus, Map};
use crate::data::{Key, Piece, Split, Step};
use crate::statistics::Linear;

/// Bins of the oracle along valence and along arousal.
const BINS: usize = 4;
/// What the oracle and the constant count before anything is counted.
const PRIOR: f32 = 0.02;

/// How well a melody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct MelodyReport {
    /// Cross-entropy in nats per note.
    pub cross_entropy: f64,
    /// Mass on the notes of the true mode's scale.
    pub on_scale: f64,
}

/// The mood map that is in force at a step; an even one before there is any.
pub fn heard(maps: &[Map], step: &Step) -> Map {
    step.heard.and_then(|frame| maps.get(frame)).copied().unwrap_or(Mood::default().map)
}

/// True valence and arousal at a step, and 1 for minor.
pub fn truth(piece: &Piece, step: &Step) -> [f32; 3] {
    let moods = piece.truth.mood.as_deref().unwrap_or_default();
    let frame = step.heard.unwrap_or(0);
    let [valence, arousal] = moods.get(frame).copied().unwrap_or_default();
    [valence, arousal, f32::from(u8::from(step.key.minor))]
}

/// Whether a pitch that was moved to C belongs to the key's scale; minor has both its sevenths.
pub fn on_scale(key: Key, pitch: usize) -> bool {
    let degrees: &[usize] = if key.minor { &[0, 2, 3, 5, 7, 8, 10, 11] } else { &[0, 2, 4, 5, 7, 9, 11] };
    degrees.contains(&(pitch % 12))
}

/// Says the distribution at a step.
type Say<'a> = dyn FnMut(&Map, &Step, [f32; 3]) -> Result<[f32; PITCHES]> + 'a;

fn measure_with<'a>(
    corpus: &Corpus,
    split: Split,
    speaker: impl Fn() -> Box<Say<'a>> + Sync,
) -> Result<MelodyReport> {
    let sums: Vec<[f64; 3]> = corpus
        .of(split)
        .par_iter()
        .map(|&i| {
            let (piece, maps) = (&corpus.pieces[i], corpus.maps(i)?);
            let mut say = speaker();
            let mut sums = [0.0; 3];
            for step in piece.truth.steps.as_deref().unwrap_or_default() {
                let said = say(&heard(maps, step), step, truth(piece, step))?;
                let Some(pitch) = step.melody else { continue };
                let pitch = usize::from(step.key.to_c(pitch));
                sums[0] += 1.0;
                sums[1] -= f64::from(said[pitch].max(1e-9)).ln();
                let mass =
                    (0..PITCHES).filter(|&pitch| on_scale(step.key, pitch)).map(|p| said[p]).sum::<f32>();
                sums[2] += f64::from(mass);
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let [notes, entropy, mass] = [0, 1, 2].map(|n| sums.iter().map(|sums| sums[n]).sum::<f64>());
    require(notes, "a known melody", split)?;
    Ok(MelodyReport { cross_entropy: entropy / notes, on_scale: mass / notes })
}

/// How well a model tells the melodies of the pieces of a split.
///
/// # Errors
/// The corpus has no moods yet, or the model is not one of melody.
pub fn measure(corpus: &Corpus, split: Split, model: &Model) -> Result<MelodyReport> {
    measure_with(corpus, split, || {
        let mut state = model.state();
        Box::new(move |map, _, _| forward(model, &mut state, map))
    })
}

/// The cell of the oracle for a true mood and mode.
fn bin([valence, arousal, minor]: [f32; 3]) -> usize {
    let along = |x: f32| (((x + 1.0) * 0.5 * BINS as f32) as usize).min(BINS - 1);
    (along(valence) * BINS + along(arousal)) * 2 + minor as usize
}

/// The model beside what it must beat.
///
/// # Errors
/// As [`measure`].
pub fn compare(corpus: &Corpus, model: &Model) -> Result<Vec<Row>> {
    let mut all = [PRIOR; PITCHES];
    let mut binned = vec![[0.0_f32; PITCHES]; BINS * BINS * 2];
    let (mut rows, mut targets) = (Vec::new(), vec![Vec::new(); PITCHES]);
    for i in corpus.of(Split::Train) {
        let (piece, maps) = (&corpus.pieces[i], corpus.maps(i)?);
        for step in piece.truth.steps.as_deref().unwrap_or_default() {
            let Some(pitch) = step.melody else { continue };
            let pitch = usize::from(step.key.to_c(pitch));
            all[pitch] += 1.0;
            binned[bin(truth(piece, step))][pitch] += 1.0;
            rows.push(heard(maps, step).map(f64::from).to_vec());
            let said = |at| Some(f64::from(u8::from(at == pitch)));
            targets.iter_mut().enumerate().for_each(|(at, target): (_, &mut Vec<_>)| target.push(said(at)));
        }
    }
    let linear = Linear::fit(&rows, &targets);
    let share = |counts: [f32; PITCHES]| {
        let sum: f32 = counts.iter().sum();
        counts.map(|count| count / sum)
    };
    let constant = share(all);
    // Empty cells fall back to the constant.
    let oracle: Vec<[f32; PITCHES]> = binned
        .iter()
        .map(|counts| share(std::array::from_fn(|pitch| counts[pitch] + 20.0 * constant[pitch])))
        .collect();
    let reports = [
        ("model", measure(corpus, Split::Test, model)?),
        (
            "heuristic",
            measure_with(corpus, Split::Test, || {
                Box::new(|map: &[f32; MOOD_CELLS], _, _| {
                    Ok(heuristics::scale_table(&Mood::of(*map)).probabilities)
                })
            })?,
        ),
        ("best constant", measure_with(corpus, Split::Test, || Box::new(|_, _, _| Ok(constant)))?),
        (
            "linear regression",
            measure_with(corpus, Split::Test, || {
                Box::new(|map: &Map, _, _| {
                    let map: Vec<f64> = map.iter().map(|&x| f64::from(x)).collect();
                    Ok(as_probabilities(|pitch| linear.say(&map, pitch)))
                })
            })?,
        ),
        ("oracle", measure_with(corpus, Split::Test, || Box::new(|_, _, truth| Ok(oracle[bin(truth)])))?),
    ];
    let constant = reports[2].1.cross_entropy;
    let oracle_gain = constant - reports[4].1.cross_entropy;
    let row = |(name, report): (&'static str, MelodyReport)| {
        let gain = constant - report.cross_entropy;
        Row {
            name,
            metrics: vec![
                ("nats per note", report.cross_entropy),
                ("gain", gain),
                ("of the oracle's", gain / oracle_gain.max(1e-9)),
                ("on scale", report.on_scale),
            ],
        }
    };
    Ok(reports.map(row).into())
}
