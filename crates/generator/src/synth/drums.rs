//! Drums: every sound of the kit is made once, soft and hard, and mixed in where it is hit.

use super::RATE;
use super::filter::StateVariable;
use super::noise::Noise;
use super::wavetable::sine;
use crate::{Drum, Kit, SAMPLE_RATE, Score, Voice};

/// What makes one kit another.
struct Character {
    /// Times all frequencies.
    tuning: f32,
    /// Times all lengths.
    length: f32,
    /// Brightness of noises, 0 to 1.
    bright: f32,
    /// Frequency to which the kick falls, and how long it lasts.
    kick_hz: f32,
    kick_s: f32,
    /// Noise against tone in the snare.
    rattle: f32,
    /// Distortion.
    drive: f32,
}

fn character(kit: Kit, tuning: f32) -> Character {
    let (length, bright, kick_hz, kick_s, rattle, drive) = match kit {
        Kit::Studio => (1.0, 0.5, 55.0, 0.16, 0.6, 1.0),
        Kit::Rock => (1.5, 0.65, 50.0, 0.22, 0.7, 2.2),
        Kit::Jazz => (0.8, 0.4, 72.0, 0.14, 0.5, 0.6),
        Kit::Boom => (1.2, 0.6, 43.0, 0.5, 0.75, 1.4),
        Kit::Machine => (0.7, 0.85, 52.0, 0.2, 0.8, 1.6),
        Kit::Dust => (0.9, 0.22, 60.0, 0.13, 0.55, 3.0),
    };
    Character { tuning, length, bright, kick_hz, kick_s, rattle, drive }
}

/// Adds all drum notes to a bus.
pub(super) fn play(score: &Score, gain: f32, bus: &mut [f32]) {
    let character = character(score.sound.kit, score.sound.kit_tuning.clamp(0.5, 2.0));
    let mut sounds: Vec<Option<[Vec<f32>; 2]>> = Drum::ALL.iter().map(|_| None).collect();
    for note in score.labels.notes.iter().filter(|note| note.voice == Voice::Drums) {
        let Some(index) = Drum::ALL.iter().position(|drum| drum.key() == note.pitch) else { continue };
        let [soft, hard] = sounds[index]
            .get_or_insert_with(|| [0.35, 0.95].map(|force| sound(Drum::ALL[index], &character, force)));
        let velocity = f32::from(note.velocity) / 127.0;
        let mix = ((velocity - 0.3) / 0.6).clamp(0.0, 1.0);
        let level = gain * velocity * velocity;
        let (of_soft, of_hard) = (level * (1.0 - mix), level * mix);
        let start = (note.onset_s.max(0.0) * f64::from(SAMPLE_RATE)) as usize;
        let Some(place) = bus.get_mut(start..) else { continue };
        for ((out, soft), hard) in place.iter_mut().zip(&*soft).zip(&*hard) {
            *out += of_soft * soft + of_hard * hard;
        }
    }
}

/// One hit. `force` (0 to 1) makes it brighter and a little longer.
fn sound(drum: Drum, kit: &Character, force: f32) -> Vec<f32> {
    let seed = u32::from(drum.key());
    match drum {
        Drum::Kick => {
            let click = 0.15 + 0.5 * force * kit.bright;
            let tone =
                sweep(kit.kick_hz * kit.tuning, 3.5 + 3.0 * force, 0.018, kit.kick_s * kit.length, 1.0);
            let click = burst(seed, 1200.0 + 3000.0 * kit.bright, 0.8, 0.004, click);
            scaled(driven(sum(tone, click), kit.drive), 0.75)
        }
        Drum::Snare => {
            let low = sweep(185.0 * kit.tuning, 1.35, 0.02, 0.06 * kit.length, 1.0 - kit.rattle);
            let high = sweep(330.0 * kit.tuning, 1.2, 0.02, 0.045 * kit.length, 0.6 * (1.0 - kit.rattle));
            let hz = 1600.0 + 4200.0 * kit.bright * (0.4 + 0.6 * force);
            let rattle = burst(seed, hz, 1.1, (0.05 + 0.05 * force) * kit.length, kit.rattle);
            scaled(driven(sum(sum(low, high), rattle), kit.drive), 0.5)
        }
        Drum::SideStick => {
            let click = burst(seed, 2400.0 * kit.tuning, 0.5, 0.008, 0.7);
            scaled(sum(sweep(480.0 * kit.tuning, 1.1, 0.01, 0.02, 0.6), click), 0.35)
        }
        Drum::Clap => {
            let mut clap = vec![0.0; (0.3 * RATE) as usize];
            for (number, delay_s) in [0.0, 0.011, 0.021, 0.03].into_iter().enumerate() {
                let last = number == 3;
                let length_s = if last { 0.07 * kit.length } else { 0.006 };
                let one = burst(seed + number as u32, 1100.0 + 900.0 * kit.bright, 0.7, length_s, 0.6);
                let start = (delay_s * RATE) as usize;
                for (out, sample) in clap[start..].iter_mut().zip(one) {
                    *out += sample;
                }
            }
            scaled(clap, 0.5)
        }
        Drum::ClosedHat => metal(seed, kit, 0.022 + 0.02 * force, 6500.0, 0.3),
        Drum::OpenHat => metal(seed, kit, 0.16 + 0.1 * force, 6000.0, 0.3),
        Drum::Ride => {
            let ping = sweep(3100.0 * kit.tuning, 1.0, 0.01, 0.15 * kit.length, 0.08 + 0.1 * force);
            sum(metal(seed, kit, 0.35 * kit.length, 4200.0, 0.16), ping)
        }
        Drum::Crash => metal(seed, kit, 0.55 * kit.length, 3000.0, 0.45),
        Drum::LowTom => tom(seed, 92.0, kit, force),
        Drum::HighTom => tom(seed, 165.0, kit, force),
        Drum::Tambourine => metal(seed, kit, 0.05, 8000.0, 0.25),
        Drum::Shaker => {
            let mut shaker = burst(seed, 5200.0, 0.9, 0.035, 0.5);
            // Beads take a moment to hit the wall.
            let rise = (0.014 * RATE) as usize;
            for (index, sample) in shaker.iter_mut().take(rise).enumerate() {
                *sample *= index as f32 / rise as f32;
            }
            scaled(shaker, 0.5)
        }
    }
}

fn tom(seed: u32, hz: f32, kit: &Character, force: f32) -> Vec<f32> {
    let tone = sweep(hz * kit.tuning, 1.4 + 0.3 * force, 0.05, 0.16 * kit.length, 0.9);
    scaled(driven(sum(tone, burst(seed, 1500.0, 1.0, 0.01, 0.3 * force)), kit.drive), 0.6)
}

/// A sine that falls to a frequency from `above` times it.
fn sweep(hz: f32, above: f32, fall_s: f32, decay_s: f32, level: f32) -> Vec<f32> {
    let fall = (-1.0 / (fall_s * RATE)).exp();
    let decay = (-1.0 / (decay_s * RATE)).exp();
    let (mut phase, mut extra, mut level) = (0.0_f32, above - 1.0, level);
    (0..(6.0 * decay_s * RATE) as usize)
        .map(|index| {
            phase = (phase + hz * (1.0 + extra) / RATE).fract();
            extra *= fall;
            level *= decay;
            // Half a millisecond without a click.
            level * (index as f32 / 24.0).min(1.0) * sine(phase)
        })
        .collect()
}

/// Noise around a frequency.
fn burst(seed: u32, hz: f32, damping: f32, decay_s: f32, level: f32) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    let mut filter = StateVariable::default();
    filter.set(hz / RATE, damping);
    let decay = (-1.0 / (decay_s * RATE)).exp();
    let mut level = 2.0 * level;
    (0..(6.0 * decay_s * RATE) as usize)
        .map(|_| {
            level *= decay;
            let x = noise.next();
            level * (filter.band(x) + 0.15 * x)
        })
        .collect()
}

/// Cymbals: six square waves that share no period (as in drum machines of 1980) and noise, without the lows.
fn metal(seed: u32, kit: &Character, decay_s: f32, hz: f32, level: f32) -> Vec<f32> {
    const RATIOS: [f32; 6] = [2.0, 3.0, 4.16, 5.43, 6.79, 8.21];
    let mut noise = Noise::new(seed);
    let mut filter = StateVariable::default();
    filter.set(hz * (0.7 + 0.5 * kit.bright) / RATE, 1.0);
    let decay = (-1.0 / (decay_s * kit.length * RATE)).exp();
    let mut phases = [0.0_f32; 6];
    let mut level = level;
    (0..(6.0 * decay_s * kit.length * RATE) as usize)
        .map(|_| {
            level *= decay;
            let mut squares = 0.0;
            for (phase, ratio) in phases.iter_mut().zip(RATIOS) {
                *phase = (*phase + 205.0 * kit.tuning * ratio / RATE).fract();
                squares += if *phase < 0.5 { 0.16 } else { -0.16 };
            }
            level * filter.high(squares + (0.3 + 0.6 * kit.bright) * noise.next())
        })
        .collect()
}

fn sum(mut a: Vec<f32>, mut b: Vec<f32>) -> Vec<f32> {
    if a.len() < b.len() {
        std::mem::swap(&mut a, &mut b);
    }
    for (out, sample) in a.iter_mut().zip(b) {
        *out += sample;
    }
    a
}

fn driven(mut samples: Vec<f32>, drive: f32) -> Vec<f32> {
    for sample in &mut samples {
        let x = drive * *sample;
        *sample = x * (1.0 + 1.0 / drive) / (1.0 + x.abs()) * 0.5;
    }
    samples
}

fn scaled(mut samples: Vec<f32>, level: f32) -> Vec<f32> {
    for sample in &mut samples {
        *sample *= level;
    }
    samples
}
