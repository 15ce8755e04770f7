//! Reverberation: eight delay lines that feed one another (Jot 1992), behind a short delay.

use super::{RATE, decibels};
use crate::Production;

/// Lengths in samples: primes, so that echoes rarely coincide.
const LENGTHS: [usize; 8] = [1123, 1361, 1601, 1871, 2131, 2423, 2729, 3067];

/// How much of the bass and the drums is sent to the room.
const SEND_OF_DRY: f32 = 0.35;

/// Both busses, and their reverberation at the production's level.
pub(super) fn apply(wet_bus: &[f32], dry_bus: &[f32], production: &Production) -> Vec<f32> {
    let mut lines: [Vec<f32>; 8] = LENGTHS.map(|length| vec![0.0; length]);
    let mut places = [0_usize; 8];
    let mut damped = [0.0_f32; 8];
    let time_s = production.reverb_s.clamp(0.05, 10.0);
    // A line of so many samples falls by 60 dB in the time.
    let gains = LENGTHS.map(|length| 10.0_f32.powf(-3.0 * length as f32 / (time_s * RATE)));
    let damping = 0.75 * production.reverb_damping.clamp(0.0, 1.0);
    let before = ((0.012 * RATE) as usize).min(wet_bus.len());

    let mut output: Vec<f32> = wet_bus.iter().zip(dry_bus).map(|(wet, dry)| wet + dry).collect();
    let mut room = vec![0.0; output.len()];
    for index in before..output.len() {
        let input = wet_bus[index - before] + SEND_OF_DRY * dry_bus[index - before];
        let mut taps = [0.0; 8];
        for line in 0..8 {
            let tap = lines[line][places[line]];
            damped[line] += (1.0 - damping) * (tap - damped[line]);
            taps[line] = gains[line] * damped[line];
        }
        let sum: f32 = taps.iter().sum();
        // A Householder reflection: what comes out of one line goes into all.
        for line in 0..8 {
            lines[line][places[line]] = input + taps[line] - 0.25 * sum;
            places[line] += 1;
            if places[line] == LENGTHS[line] {
                places[line] = 0;
            }
        }
        room[index] = taps[0] - taps[1] + taps[2] - taps[3] + taps[4] - taps[5] + taps[6] - taps[7];
    }
    let energy = |samples: &[f32]| samples.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    let (dry, wet) = (energy(&output), energy(&room));
    if wet > 0.0 {
        let gain = decibels(production.reverb_db) * (dry / wet).sqrt() as f32;
        for (out, wet) in output.iter_mut().zip(room) {
            *out += gain * wet;
        }
    }
    output
}
