//! Onsets: audible attacks, those of one moment merged.

use serde::{Deserialize, Serialize};

/// A moment at which something audibly begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Onset {
    /// When the first of the attacks begins.
    pub time_s: f64,
    /// How strongly, 0 to 1: an estimate from velocities, instruments and how fast they speak.
    pub strength: f32,
}

/// Attacks closer than this are one onset. About the smallest distance at which two are heard (30 ms).
const MERGE_S: f64 = 0.03;

/// An onset below this strength is not reported: pads that swell softly, ghost notes.
const AUDIBLE: f32 = 0.05;

/// Merges attacks (in any order) into onsets. Independent attacks add up like probabilities.
pub(crate) fn merge(mut attacks: Vec<Onset>) -> Vec<Onset> {
    attacks.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    let mut onsets: Vec<Onset> = Vec::new();
    for attack in attacks {
        match onsets.last_mut() {
            Some(last) if attack.time_s - last.time_s < MERGE_S => {
                last.strength = 1.0 - (1.0 - last.strength) * (1.0 - attack.strength);
            }
            _ => onsets.push(attack),
        }
    }
    onsets.retain(|onset| onset.strength >= AUDIBLE);
    onsets
}
