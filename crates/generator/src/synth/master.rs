//! The last steps: equaliser tilt, hiss, limiter, level.

use super::decibels;
use super::filter::OnePole;
use super::noise::Noise;
use crate::Production;

/// Around which the tilt turns.
const TILT_HZ: f32 = 900.0;

/// Finishes in place. Whatever came in, what goes out is finite and peaks at the production's level.
pub(super) fn finish(samples: &mut [f32], production: &Production, seed: u64) {
    let mut low = OnePole::low(TILT_HZ);
    let mut blocker = OnePole::low(12.0);
    let (below, above) = (decibels(-production.tilt_db), decibels(production.tilt_db));
    for sample in samples.iter_mut() {
        let x = *sample - blocker.next(*sample);
        let lows = low.next(x);
        *sample = below * lows + above * (x - lows);
    }
    let peak = peak(samples);
    let hiss = decibels(production.hiss_db);
    let scale = if peak > 0.0 { 1.0 / peak } else { 0.0 };
    let drive = decibels(production.drive_db.max(0.0));
    let mut noise = Noise::new(seed as u32 ^ 0x00C0_FFEE);
    let mut colour = OnePole::low(7000.0);
    for sample in samples.iter_mut() {
        let x = scale * *sample;
        // Without drive nothing is bent.
        let x = if production.drive_db > 0.0 { bent(drive * x) } else { x };
        *sample = x + hiss * 2.0 * colour.next(noise.next());
    }
    let peak = self::peak(samples);
    let gain = if peak > 0.0 { decibels(production.level_db.min(0.0)) / peak } else { 0.0 };
    for sample in samples.iter_mut() {
        // Rounding must not carry a sample over full scale.
        *sample = (gain * *sample).clamp(-1.0, 1.0);
    }
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// Near to tanh, by its Padé approximant; flat from 3 on.
fn bent(x: f32) -> f32 {
    let x = x.clamp(-3.0, 3.0);
    x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
}
