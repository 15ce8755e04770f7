//! How a bar is performed: timing, accents and the sixteen numbers of expression, measured on notes.
//!
//! The formulas are those of the generator (`dendrite_generator::Expression`), so that recorded and generated performances
//! teach the same thing, with one difference: what is loose is measured against the mean offset of the step over the whole
//! piece, as nobody says what groove was meant.

use std::collections::HashMap;

use dendrite_pipeline::{DYNAMICS, Expression, GROOVE_STEPS};

use super::Bar;
use super::midi::{Control, Measure, Note};

const MODULATION: u8 = 1;
const EXPRESSION: u8 = 11;
const SUSTAIN: u8 = 64;
const BRIGHTNESS: u8 = 74;
/// Moments at which a controller is read in a bar.
const READINGS: usize = 16;
/// Notes that begin within this time are one attack, where there is no grid.
const TOGETHER_S: f64 = 0.03;

/// What the notes of a file tell about its bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grid {
    /// The notes were played to the file's beat: offsets and accents mean something.
    Played,
    /// The file's beat is not the music's: only what needs no grid is measured.
    Free,
}

/// Measures all bars of a piece. Steps beyond the sixteenth are left out of offsets and accents.
pub(crate) fn measure(measures: &[Measure], notes: &[Note], controls: &[Control], grid: Grid) -> Vec<Bar> {
    let gates = gates(notes, grid);
    let tracks = Tracks::new(controls);
    let mut by_bar = vec![Vec::new(); measures.len()];
    for (note, gate) in notes.iter().zip(gates) {
        by_bar[note.bar].push((*note, gate));
    }
    let groove = mean_offsets(notes);
    let bar = |(measure, notes): (&Measure, &Vec<(Note, Option<f32>)>)| {
        let mut bar = Bar {
            span_s: [measure.start_s, measure.end_s],
            offsets: [None; GROOVE_STEPS],
            accents: [None; GROOVE_STEPS],
            expression: expression(measure, notes, &tracks, grid, &groove),
        };
        if grid == Grid::Played && !notes.is_empty() {
            for step in 0..measure.steps.min(GROOVE_STEPS) {
                let own = || notes.iter().map(|(note, _)| note).filter(|note| note.step == step);
                bar.offsets[step] = mean(own().map(|note| note.offset));
                let loudest = own().map(|note| note.velocity).max().unwrap_or(0);
                bar.accents[step] = Some(f32::from(loudest) / 127.0);
            }
        }
        bar
    };
    measures.iter().zip(&by_bar).map(bar).collect()
}

fn expression(
    measure: &Measure,
    notes: &[(Note, Option<f32>)],
    tracks: &Tracks,
    grid: Grid,
    groove: &HashMap<usize, f32>,
) -> [Option<f32>; DYNAMICS] {
    let mut values = [None; DYNAMICS];
    let mut set = |which: Expression, value: Option<f32>| {
        values[which as usize] = value.map(|value| value.clamp(0.0, 1.0));
    };
    let own = || notes.iter().map(|(note, _)| note);
    let pitched = || own().filter(|note| !note.is_drum());
    let velocity = |test: &dyn Fn(&Note) -> bool| {
        mean(own().filter(|note| test(note)).map(|note| f32::from(note.velocity)))
    };
    let contrast = |test: &dyn Fn(&Note) -> bool, scale: f32| {
        let (inside, outside) = (velocity(test)?, velocity(&|note| !test(note))?);
        Some(0.5 + (inside - outside) / scale)
    };
    let all = velocity(&|_| true);
    set(Expression::Velocity, all.map(|mean| mean / 127.0));
    let squares = own().map(|note| (f32::from(note.velocity) - all.unwrap_or(0.0)).powi(2));
    set(Expression::VelocitySpread, mean(squares).filter(|_| notes.len() > 1).map(|v| v.sqrt() / 32.0));
    let gates = || notes.iter().filter_map(|(_, gate)| *gate);
    set(Expression::GateLength, mean(gates()));
    set(Expression::Legato, mean(gates().map(|gate| if gate >= 0.9 { 1.0 } else { 0.0 })));
    let middle_s = 0.5 * (measure.start_s + measure.end_s);
    set(Expression::Crescendo, contrast(&|note| note.start_s >= middle_s, 48.0));
    set(Expression::Register, mean(pitched().map(|note| (f32::from(note.pitch) - 36.0) / 48.0)));

    let level = |track: &Track| track.mean(measure).map(|mean| mean / 127.0);
    set(Expression::ExpressionLevel, level(&tracks.expression));
    let last_step_s = measure.step_s(measure.steps - 1);
    let ends = tracks.expression.at(last_step_s).zip(tracks.expression.at(measure.start_s));
    set(Expression::ExpressionSlope, ends.map(|(last, first)| 0.5 + (last - first) / 64.0));
    set(Expression::Vibrato, level(&tracks.modulation));
    set(Expression::Brightness, level(&tracks.brightness));
    set(Expression::Sustain, tracks.sustain.share_down(measure));

    if grid == Grid::Free {
        return values;
    }
    let mut set = |which: Expression, value: Option<f32>| {
        values[which as usize] = value.map(|value| value.clamp(0.0, 1.0));
    };
    set(Expression::DownbeatAccent, contrast(&|note| note.step == 0, 64.0));
    let backbeats: &[usize] = match measure.meter {
        (4, 4) => &[4, 12],
        (3, 4) => &[4, 8],
        (6, 8) => &[6],
        _ => &[],
    };
    set(Expression::BackbeatAccent, contrast(&|note| backbeats.contains(&note.step), 64.0));
    let attacked = (0..measure.steps).filter(|&step| pitched().any(|note| note.step == step)).count();
    let any = pitched().next().is_some();
    set(Expression::Density, any.then_some(attacked as f32 / measure.steps as f32));
    let step_ms = 1000.0 * (measure.end_s - measure.start_s) as f32 / measure.steps as f32;
    let off = |note: &Note| note.offset - groove.get(&note.step).copied().unwrap_or(0.0);
    let squares = own().map(|note| off(note).powi(2));
    set(Expression::Looseness, mean(squares).map(|variance| variance.sqrt() * step_ms / 30.0));
    values
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Mean offset of each step over the piece.
fn mean_offsets(notes: &[Note]) -> HashMap<usize, f32> {
    let mut sums: HashMap<usize, (f32, f32)> = HashMap::new();
    for note in notes {
        let (sum, count) = sums.entry(note.step).or_default();
        (*sum, *count) = (*sum + note.offset, *count + 1.0);
    }
    sums.into_iter().map(|(step, (sum, count))| (step, sum / count)).collect()
}

/// Notes of a part that begin together.
struct Attack {
    bar: usize,
    step: usize,
    start_s: f64,
    /// When the part's next attack begins.
    next_s: Option<f64>,
}

/// Share of the time to the part's next attack for which each pitched note is held; 1 for a part's last notes.
///
/// Notes of one step are one attack, strummed as they may be; without a grid, notes that begin within 30 ms.
fn gates(notes: &[Note], grid: Grid) -> Vec<Option<f32>> {
    let mut gates = vec![None; notes.len()];
    // From the back: the attack of each part that was met last.
    let mut attacks: HashMap<(usize, u8), Attack> = HashMap::new();
    for (note, gate) in notes.iter().zip(&mut gates).rev().filter(|(note, _)| !note.is_drum()) {
        let begun = |next_s| Attack { bar: note.bar, step: note.step, start_s: note.start_s, next_s };
        let attack = attacks.entry(note.part()).or_insert_with(|| begun(None));
        let together = match grid {
            Grid::Played => (attack.bar, attack.step) == (note.bar, note.step),
            Grid::Free => attack.start_s - note.start_s <= TOGETHER_S,
        };
        if together {
            attack.start_s = note.start_s;
        } else {
            *attack = begun(Some(attack.start_s));
        }
        let held_s = note.end_s - note.start_s;
        let share = attack.next_s.map(|next_s| held_s / (next_s - note.start_s).max(0.01));
        *gate = Some(share.map_or(1.0, |share| share.min(1.0) as f32));
    }
    gates
}

/// The controllers that tell of expression.
struct Tracks {
    modulation: Track,
    expression: Track,
    sustain: Track,
    brightness: Track,
}

impl Tracks {
    fn new(controls: &[Control]) -> Tracks {
        let track = |number| Track::new(controls, number);
        Tracks {
            modulation: track(MODULATION),
            expression: track(EXPRESSION),
            sustain: track(SUSTAIN),
            brightness: track(BRIGHTNESS),
        }
    }
}

/// One controller over time; it holds between its changes.
struct Track {
    points: Vec<(f64, f32)>,
}

impl Track {
    fn new(controls: &[Control], number: u8) -> Track {
        let own = controls.iter().filter(|control| control.number == number);
        Track { points: own.map(|control| (control.time_s, f32::from(control.value))).collect() }
    }

    /// 0 to 127; `None` where the piece has no such controller. Before its first change it is what that makes it.
    fn at(&self, time_s: f64) -> Option<f32> {
        let after = self.points.partition_point(|(time, _)| *time <= time_s);
        self.points.get(after.saturating_sub(1)).map(|(_, value)| *value)
    }

    fn mean(&self, bar: &Measure) -> Option<f32> {
        let moment = |index: usize| (index as f64 + 0.5) / READINGS as f64;
        let at = |index: usize| self.at(bar.start_s + (bar.end_s - bar.start_s) * moment(index));
        (0..READINGS).map(at).sum::<Option<f32>>().map(|sum| sum / READINGS as f32)
    }

    /// Share of the bar with the pedal down; it is up before its first change.
    fn share_down(&self, bar: &Measure) -> Option<f32> {
        if self.points.is_empty() {
            return None;
        }
        let before = self.points.partition_point(|(time, _)| *time <= bar.start_s);
        let mut down = before > 0 && self.points[before - 1].1 >= 64.0;
        let (mut time_s, mut held_s) = (bar.start_s, 0.0);
        let changes = self.points[before..].iter().take_while(|(time, _)| *time < bar.end_s);
        for (change_s, value) in changes.copied().chain([(bar.end_s, 0.0)]) {
            held_s += if down { change_s - time_s } else { 0.0 };
            (time_s, down) = (change_s, value >= 64.0);
        }
        Some((held_s / (bar.end_s - bar.start_s).max(1e-9)) as f32)
    }
}

#[cfg(test)]
mod tests {
    use dendrite_generator as generator;

    use super::*;
    use crate::data::midi::{COMMON_TIME, Song};

    /// A piece whose first bar begins at once, as the grid of a MIDI file does.
    fn without_lead_in(seed: u64) -> generator::Score {
        let mut score = generator::compose(seed, &generator::Options::excerpt());
        let labels = &mut score.labels;
        let lead_s = labels.bars[0].start_s;
        let earlier = |time_s: &mut f64| *time_s = (*time_s - lead_s).max(0.0);
        labels
            .bars
            .iter_mut()
            .for_each(|bar| [&mut bar.start_s, &mut bar.end_s].into_iter().for_each(earlier));
        labels.notes.iter_mut().for_each(|note| earlier(&mut note.onset_s));
        labels.controls.iter_mut().for_each(|control| earlier(&mut control.time_s));
        labels.sections.iter_mut().for_each(|section| earlier(&mut section.start_s));
        labels.chords.iter_mut().for_each(|span| earlier(&mut span.start_s));
        score
    }

    /// The generator writes MIDI files and says how they are performed; what is measured on the file must agree.
    #[test]
    fn generated_performances_measure_as_the_generator_says() {
        let (mut compared, mut close) = (0, 0);
        // Tolerance, how many are within it, and of how many.
        let mut kinds = [
            (Expression::Velocity, 0.04, [0, 0]),
            (Expression::VelocitySpread, 0.1, [0, 0]),
            (Expression::DownbeatAccent, 0.15, [0, 0]),
            (Expression::Crescendo, 0.15, [0, 0]),
            (Expression::GateLength, 0.1, [0, 0]),
            (Expression::Density, 0.15, [0, 0]),
            (Expression::ExpressionLevel, 0.05, [0, 0]),
            (Expression::Brightness, 0.05, [0, 0]),
            (Expression::Sustain, 0.05, [0, 0]),
            (Expression::Register, 0.04, [0, 0]),
        ];
        for seed in 0..12 {
            let score = without_lead_in(seed);
            let song = Song::parse(&generator::midi::write(&score), COMMON_TIME).unwrap();
            let bars = measure(&song.bars, &song.notes, &song.controls, Grid::Played);
            for (index, (expected, found)) in score.labels.bars.iter().zip(&bars).enumerate().skip(1) {
                let context = format!("seed {seed}, bar {index}");
                // Ticks of 1/960 quarter.
                assert!((expected.start_s - found.span_s[0]).abs() < 2e-3, "{context}");
                // Strummed chords spread behind their step, in the file alone; what is spread far may even reach the next
                // step. So most must agree, not all.
                for step in (0..16).filter(|&step| expected.groove.played[step]) {
                    if let Some(offset) = found.offsets[step] {
                        close += usize::from((expected.groove.offsets[step] - offset).abs() < 0.1);
                        compared += 1;
                    }
                }
                for (which, tolerance, counts) in &mut kinds {
                    let which = *which as usize;
                    if let (true, Some(value)) = (expected.expression.known[which], found.expression[which]) {
                        counts[0] +=
                            usize::from((expected.expression.values[which] - value).abs() < *tolerance);
                        counts[1] += 1;
                    }
                }
            }
        }
        for (which, _, [close, all]) in kinds {
            assert!(all > 20 && 10 * close >= 9 * all, "{which:?}: {close} of {all}");
        }
        assert!(compared > 500 && 10 * close > 9 * compared, "{close} of {compared}");
    }
}
