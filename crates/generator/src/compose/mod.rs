//! Composition: from a seed to a score, without a sample of audio.

mod bass;
mod casting;
mod chords;
mod drums;
mod harmony;
mod melody;
mod performance;
mod plan;
mod summary;

use crate::random::Stream;
use crate::{Options, Score, Split, Voice};

/// A note as written: on the grid, before anybody plays it.
#[derive(Debug, Clone, Copy)]
struct Draft {
    voice: Voice,
    bar: usize,
    step: usize,
    /// Sixteenths until it ends when played fully legato.
    steps: f32,
    pitch: u8,
    /// Velocity above or below what dynamics and groove give.
    accent: f32,
    /// Later than the first note of a strummed chord by so much.
    spread_s: f32,
    /// Held to its end whatever the articulation: pads.
    held: bool,
}

/// Composes a piece: notes, labels and instruments, without rendering it. Takes a millisecond or so.
///
/// The same seed and options give the same score. Each split gives other pieces for the same seeds.
pub fn compose(seed: u64, options: &Options) -> Score {
    let split = match options.split {
        Split::Train => 0,
        Split::Validation => 1,
        Split::Test => 2,
    };
    let stream_key = Stream::new(seed, "piece", split).next();
    let mut plan = plan::Plan::draw(stream_key, options);
    let sound = casting::draw(&plan, options);
    let slots = harmony::write(&plan);
    for section in &mut plan.sections {
        let bars = section.first_bar..section.first_bar + section.bars;
        let chords =
            slots.iter().filter(|slot| bars.contains(&slot.bar)).map(|slot| (slot.chord, slot.steps));
        section.cues.mode = harmony::mode_cue(section.key, chords);
    }
    let textures = chords::textures(&plan, &sound);

    let mut drafts = Vec::new();
    melody::write(&plan, &slots, &textures, &mut drafts);
    chords::write(&plan, &slots, &textures, &mut drafts);
    bass::write(&plan, &slots, &mut drafts);
    drums::write(&plan, &mut drafts);
    let instruments: Vec<f32> = plan
        .sections
        .iter()
        .zip(&sound.casting)
        .map(|(section, casting)| summary::instruments(&sound, casting, section.plays))
        .collect();
    let played = performance::play(&plan, drafts, &instruments);
    summary::summarise(seed, options.split, &plan, slots, played, sound)
}
