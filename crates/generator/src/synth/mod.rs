//! Rendering: a score becomes sound.
//!
//! ```text
//! notes ──voice (family's source x envelope x CC11)──> melody + chords ──┬─> sum ──> tilt ──> hiss ──> limiter ──> level
//!       ──voice────────────────────────────────────> bass ───────────────┤    ^
//!       ──drums (sounds made once, mixed in)──────────────────────────────┴─> reverb
//! ```

mod controls;
mod drums;
mod envelope;
mod filter;
mod fm;
mod formant;
mod glass;
mod master;
mod noise;
mod overdrive;
mod partials;
mod phase_distortion;
mod reverb;
mod string;
mod subtractive;
mod voice;
mod wave;
mod wavetable;

use crate::{Audio, Note, SAMPLE_RATE, Score, Voice};
use controls::Controls;
use voice::{Instrument, Tone};

/// Samples between two looks at envelopes and controllers.
const BLOCK: usize = 64;

const RATE: f32 = SAMPLE_RATE as f32;

/// Renders a score at 48,000 Hz, on the calling thread.
///
/// The same score gives the same samples on the same kind of processor. The peak is at
/// [`Production::level_db`](crate::Production::level_db), whatever is played; a score without sound gives hiss alone.
/// Notes of bars or instruments that an altered score does not have are left out.
pub fn render(score: &Score) -> Audio {
    let (labels, sound) = (&score.labels, &score.sound);
    let length = (labels.duration_s.max(0.0) * f64::from(SAMPLE_RATE)).round() as usize;
    let controls = Controls::new(labels, length);
    let production = &sound.production;
    let tuning = f64::from(production.tuning_cents) / 1200.0;
    let gains = production.mix_db.map(decibels);

    // What gets reverberation, and what gets little of it.
    let (mut wet_bus, mut dry_bus) = (vec![0.0; length], vec![0.0; length]);
    let mut instruments: Vec<Vec<Option<Instrument>>> =
        (0..3).map(|_| sound.patches.iter().map(|_| None).collect()).collect();
    for (index, note) in labels.notes.iter().enumerate() {
        let role = note.voice as usize;
        if note.voice == Voice::Drums || note.onset_s >= labels.duration_s {
            continue;
        }
        let Some(patch) = patch_of(score, note) else { continue };
        let instrument = instruments[role][patch]
            .get_or_insert_with(|| Instrument::new(&sound.patches[patch], note.voice));
        let start = (note.onset_s * f64::from(SAMPLE_RATE)) as usize;
        let end = ((note.onset_s + note.duration_s) * f64::from(SAMPLE_RATE)) as usize;
        let end = if note.voice == Voice::Chords { controls.pedalled(end) } else { end };
        let tone = Tone {
            start,
            held: end.saturating_sub(start).max(1),
            frequency: (440.0 * ((f64::from(note.pitch) - 69.0) / 12.0 + tuning).exp2()
                / f64::from(SAMPLE_RATE)) as f32,
            velocity: f32::from(note.velocity) / 127.0,
            seed: index as u32,
        };
        let bus = if note.voice == Voice::Bass { &mut dry_bus } else { &mut wet_bus };
        instrument.play(&tone, &controls, gains[role], bus);
    }
    drums::play(score, gains[3], &mut dry_bus);
    let mut samples = reverb::apply(&wet_bus, &dry_bus, production);
    master::finish(&mut samples, production, labels.seed);
    Audio { samples }
}

/// The index of the patch that plays a note; `None` if the score does not say, which no composed score does.
fn patch_of(score: &Score, note: &Note) -> Option<usize> {
    let casting = score.sound.casting.get(score.labels.bars.get(note.bar)?.section)?;
    let patch = [casting.melody, casting.chords, casting.bass][note.voice as usize];
    (patch < score.sound.patches.len()).then_some(patch)
}

fn decibels(value: f32) -> f32 {
    10.0_f32.powf(value / 20.0)
}
