//! Onsets, sections and the fallback controller on synthetic music.

use dendrite_orbit::HOP_S;
use dendrite_orbit::baselines::{ConstantOrbit, OnsetDrivenSpeed};
use dendrite_orbit::fallback::{Fallback, Hearing};
use dendrite_orbit::impact::{ONSET_FLOOR, OnsetPicker, REFRACTORY_S};
use dendrite_orbit::section::SectionDetector;

/// A small generator for tests (SplitMix64): uniform in [0, 1).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    /// About normal, deviation 1: the sum of twelve.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

fn hops(seconds: f64) -> usize {
    (seconds / HOP_S).round() as usize
}

#[test]
fn hits_are_found_in_noise_and_hardly_anything_else() {
    let mut noise = Noise(1);
    let mut picker = OnsetPicker::new(HOP_S);
    let (mut right, mut wrong, mut hits) = (0, 0, 0);
    for k in 0..hops(120.0) {
        // A floor as sustained music has it; every half second a hit of 0.25 to 0.7 over two hops.
        let floor = (0.05 + 0.012 * noise.normal()).max(0.0);
        let (hit, echo) = (k % 23 == 0, k % 23 == 1);
        let onset = floor
            + if hit {
                0.25 + 0.45 * noise.next()
            } else if echo {
                0.12
            } else {
                0.0
            };
        hits += u32::from(hit);
        match picker.step(onset) {
            true if hit || echo => right += 1,
            true => wrong += 1,
            false => {}
        }
    }
    let f = 2.0 * f64::from(right) / f64::from(right + wrong + hits);
    assert!(f > 0.9, "F {f}: {right} right, {wrong} wrong of {hits}");
}

#[test]
fn no_hit_in_the_refractory_time_below_the_floor_or_in_rubbish() {
    let mut picker = OnsetPicker::new(HOP_S);
    let fired: Vec<usize> = (0..200).filter(|_| picker.step(0.9)).collect();
    // A constant signal is its own median: only the first value stands out.
    assert!(fired.len() <= 1, "{fired:?}");
    picker.reset();
    let fired: Vec<usize> =
        (0..400usize).filter(|k| picker.step(if k % 2 == 0 { 0.9 } else { 0.0 })).collect();
    assert!(fired.windows(2).all(|w| (w[1] - w[0]) as f64 * HOP_S >= REFRACTORY_S));
    picker.reset();
    assert!((0..400).all(|k| !picker.step(if k % 50 == 0 { ONSET_FLOOR } else { 0.0 })));
    for x in [f32::NAN, f32::INFINITY, -1.0] {
        assert!(!picker.step(x));
    }
    assert!(picker.threshold().is_finite());
}

/// Textures like those of a band: a spectrum with drums on the beat and a bar of four chords, in noise.
struct Band {
    noise: Noise,
    /// Level of lows, mids, highs, and of the drums, 0 ... 1.
    mix: [f32; 4],
    chords: [usize; 4],
    beat_hops: usize,
}

impl Band {
    fn texture(&mut self, k: usize) -> [f32; 128] {
        let beat = k / self.beat_hops;
        let since_beat = (k % self.beat_hops) as f32 / self.beat_hops as f32;
        let root = self.chords[beat / 4 % 4];
        std::array::from_fn(|i| {
            let jitter = 0.03 * self.noise.normal();
            let level = self.mix[i * 3 / 128];
            let drum = self.mix[3] * 0.3 * (1.0 - since_beat);
            let chord = if [0, 4, 7].contains(&((i + 12 - root) % 12)) { 0.12 } else { 0.0 };
            (level * (0.75 - 0.3 * i as f32 / 128.0) + drum + chord + jitter).clamp(0.0, 1.0)
        })
    }
}

fn dates(sensitivity: f64, length: usize, mut texture: impl FnMut(usize) -> [f32; 128]) -> Vec<f64> {
    let mut detector = SectionDetector::new(HOP_S);
    (0..length)
        .filter_map(|k| {
            let change = detector.step(&texture(k), sensitivity)?;
            Some((k - change.age_hops as usize) as f64 * HOP_S)
        })
        .collect()
}

#[test]
fn a_steady_loop_has_one_section_for_ever() {
    for seed in 0..6u64 {
        // Chords change every bar of 1.4 to 2.9 s: loops of up to 12 s.
        let beat_hops = 16 + 4 * seed as usize;
        let mut band =
            Band { noise: Noise(seed), mix: [0.8, 0.6, 0.5, 0.5], chords: [0, 9, 5, 7], beat_hops };
        let found = dates(0.5, hops(240.0), |k| band.texture(k));
        assert!(found.is_empty(), "seed {seed}: {found:?}");
        let mut noise = Noise(seed);
        let found = dates(1.0, hops(120.0), |_| std::array::from_fn(|_| 0.4 + 0.3 * noise.next()));
        assert!(found.is_empty(), "noise {seed}: {found:?}");
    }
    assert!(dates(1.0, hops(60.0), |_| [0.0; 128]).is_empty());
    assert!(dates(1.0, hops(60.0), |_| [f32::NAN; 128]).is_empty());
}

#[test]
fn clear_changes_are_found_where_they_are() {
    // Verse, chorus (brighter, louder), break (no drums, no bass), chorus: what songs do every 20 to 30 s.
    let mixes = [[0.8, 0.5, 0.2, 0.4], [0.9, 0.8, 0.8, 0.6], [0.3, 0.6, 0.5, 0.0], [0.9, 0.8, 0.8, 0.6]];
    let (mut right, mut found_all, mut true_all) = (0, 0, 0);
    for seed in 0..6u64 {
        let length = 20.0 + 2.0 * seed as f64;
        let mut band = Band {
            noise: Noise(seed),
            mix: mixes[0],
            chords: [0, 9, 5, 7],
            beat_hops: 20 + 2 * seed as usize,
        };
        let found = dates(0.5, hops(4.0 * length), |k| {
            band.mix = mixes[(k as f64 * HOP_S / length) as usize % 4];
            band.texture(k)
        });
        let truths: Vec<f64> = (1..4).map(|i| f64::from(i) * length).collect();
        right += truths.iter().filter(|t| found.iter().any(|f| (*f - **t).abs() < 3.0)).count();
        found_all += found.len();
        true_all += truths.len();
        assert!(found.windows(2).all(|w| w[1] - w[0] >= 8.0 - 0.3), "{found:?}");
        assert!(found.first().is_none_or(|f| *f >= 7.7), "{found:?}");
    }
    let f = 2.0 * right as f64 / (found_all + true_all) as f64;
    // The bar for real music is 0.6 within 3 s; these changes are clear.
    assert!(f > 0.85, "F {f}: {right} right, {found_all} found of {true_all}");
}

#[test]
fn pauses_are_no_sections() {
    let mut detector = SectionDetector::new(HOP_S);
    let mut band = Band { noise: Noise(3), mix: [0.8, 0.6, 0.5, 0.5], chords: [0, 9, 5, 7], beat_hops: 22 };
    for k in 0..hops(120.0) {
        let pause = k % hops(15.0) > hops(12.0);
        let change = if pause { detector.skip(0.5) } else { detector.step(&band.texture(k), 0.5) };
        assert_eq!(change, None);
    }
}

#[test]
fn the_fallback_moves_everything_and_stays_in_its_range() {
    let mut noise = Noise(5);
    for (level, depth) in [(0.75f32, 0.10f32), (0.5, 0.06), (0.3, 0.15)] {
        let mut fallback = Fallback::new(HOP_S);
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 9];
        for k in 0..hops(90.0) {
            let t = k as f64 * HOP_S;
            let hit = (k % 23) as f32 / 23.0;
            let slow = |period: f64| (0.5 + 0.5 * (t * std::f64::consts::TAU / period).sin()) as f32;
            let hearing = Hearing {
                loudness: level + depth * (1.0 - hit) * (0.5 + slow(16.0)),
                tonalness: 0.6 - 0.2 * slow(9.0) + 0.05 * noise.next(),
                noisiness: 0.3 + 0.2 * slow(9.0) * (1.0 - hit),
                onset: if k % 23 == 0 { 0.3 + 0.3 * slow(30.0) } else { 0.04 },
                bands: std::array::from_fn(|b| level + 0.1 * slow(2.0 + b as f64) + 0.05 * noise.next()),
            };
            let c = fallback.step(&hearing);
            for (column, x) in columns.iter_mut().zip([c.s, c.alpha, c.omega_scale].iter().chain(&c.gates)) {
                column.push(*x);
            }
            assert!((0.69..=1.081).contains(&c.s) && (0.0..=1.0).contains(&c.alpha));
        }
        // Three hundredths of each signal's range: 0.2 ... 3, 0 ... 1, 0.1 ... 5, gates 0 ... 1.
        let ranges = [2.8, 1.0, 4.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        for (i, (column, range)) in columns.iter().zip(ranges).enumerate() {
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let deviation =
                (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / column.len() as f64).sqrt();
            assert!(deviation >= 0.03 * range, "signal {i} at level {level}: {deviation}");
        }
    }
}

#[test]
fn the_fallback_survives_silence_and_rubbish() {
    let mut fallback = Fallback::new(HOP_S);
    for k in 0..2000 {
        let x = if k % 100 < 50 { 0.0 } else { f32::NAN };
        let c = fallback.step(&Hearing { loudness: x, tonalness: x, noisiness: -x, onset: x, bands: [x; 6] });
        assert!((0.7..=1.08).contains(&c.s) && c.omega_scale.is_finite() && c.alpha.is_finite());
    }
    // A loud stretch after silence is heard within a few hops, not a second.
    let before = fallback.step(&Hearing::default()).s;
    let mut after = before;
    for _ in 0..5 {
        after = fallback.step(&Hearing { loudness: 0.8, ..Hearing::default() }).s;
    }
    assert!(after > before + 0.1);
}

#[test]
fn the_baselines_keep_their_frozen_formulas() {
    let mut constant = ConstantOrbit::new(0.02);
    let mut driven = OnsetDrivenSpeed::new(0.02);
    // theta = 2 pi 0.004 and 2 pi (0.2 + 1.5) 0.02 after one hop; c = mu/2 - mu^2/4 there, 0.02 R outward.
    for (c, turns) in [(constant.step(0.5), 0.004), (driven.step(0.5), 0.034)] {
        let (sin, cos) = (turns * std::f64::consts::TAU).sin_cos();
        let rim = (cos / 2.0 - (cos * cos - sin * sin) / 4.0, sin / 2.0 - sin * cos / 2.0);
        let size = f64::hypot(rim.0, rim.1);
        let expected = (rim.0 * (1.0 + 0.01 / size), rim.1 * (1.0 + 0.01 / size));
        assert!((c.re - expected.0).abs() < 1e-12 && (c.im - expected.1).abs() < 1e-12);
    }
}
