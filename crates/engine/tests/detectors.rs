//! The onset detector on clicks and drums whose true onsets are known, and on songs of the generator.
//!
//! `cargo test --release -p dendrite-engine --test detectors -- --ignored --nocapture` measures the songs.
//!
//! An onset found in frame k is dated at the frame's end, sample (k + 1) * 1024, less [`DATING_S`].

use dendrite_engine::{Engine, Settings, Snapshot, Transport};
use dendrite_features::{HOP_LENGTH, SAMPLE_RATE};
use dendrite_generator::{Options, Split, Voice, compose, render};

/// Half a hop: a hit falls anywhere in the newest hop of the first frame that holds it.
const DATING_S: f64 = 0.5 * HOP_LENGTH as f64 / SAMPLE_RATE as f64;
/// Onsets this near to each other in time match.
const TOLERANCE_S: f64 = 0.05;
const RATE: f64 = SAMPLE_RATE as f64;

struct Noise(u64);

impl Noise {
    /// Uniform in -1..1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// Adds a hit at a time: kind 0 kick, 1 snare, 2 hat, 3 click.
fn hit(audio: &mut [f32], time: f64, kind: usize, level: f64, noise: &mut Noise) {
    let start = (time * RATE) as usize;
    let mut last = 0.0;
    for n in 0..(0.25 * RATE) as usize {
        let Some(sample) = audio.get_mut(start + n) else { return };
        let t = n as f64 / RATE;
        let white = noise.next();
        let bright = white - last;
        last = white;
        *sample += (level
            * match kind {
                0 => {
                    (std::f64::consts::TAU * (50.0 * t + 4.0 * (1.0 - (-t * 40.0).exp()))).sin()
                        * (-t * 18.0).exp()
                }
                1 => {
                    0.5 * white * (-t * 22.0).exp()
                        + 0.4 * (std::f64::consts::TAU * 190.0 * t).sin() * (-t * 25.0).exp()
                }
                2 => 0.4 * bright * (-t * 70.0).exp(),
                _ => white * (-t * 900.0).exp(),
            }) as f32;
    }
}

/// How many onsets the engine finds, and how many of them are true.
fn onsets(audio: &[f32], truth: &[f64]) -> (usize, usize) {
    let mut engine = Engine::new(SAMPLE_RATE).unwrap();
    let mut found = Vec::new();
    engine.process(
        &[audio],
        audio.len(),
        &Transport::default(),
        &Settings::default(),
        &mut |s: &Snapshot| {
            if s.orbit.onset_detected {
                found.push((s.frame.index + 1) as f64 * HOP_LENGTH as f64 / RATE - DATING_S);
            }
        },
    );
    let mut used = vec![false; truth.len()];
    let hits = found
        .iter()
        .filter(|&&time| {
            let nearest = (0..truth.len())
                .filter(|&i| !used[i] && (truth[i] - time).abs() <= TOLERANCE_S)
                .min_by(|&a, &b| (truth[a] - time).abs().total_cmp(&(truth[b] - time).abs()));
            nearest.map(|i| used[i] = true).is_some()
        })
        .count();
    (found.len(), hits)
}

/// F-measure of the engine's onsets, and how many it finds.
fn f_measure(audio: &[f32], truth: &[f64]) -> (f64, usize) {
    let (found, hits) = onsets(audio, truth);
    (2.0 * hits as f64 / (found + truth.len()).max(1) as f64, found)
}

#[test]
fn clicks_are_found() {
    let mut noise = Noise(1);
    let mut audio = vec![0.0; (20.0 * RATE) as usize];
    let mut truth = Vec::new();
    let mut time = 0.5;
    while time < 19.5 {
        hit(&mut audio, time, 3, 0.5 + 0.3 * noise.next(), &mut noise);
        truth.push(time);
        time += 0.35 + 0.3 * noise.next().abs();
    }
    let (f, found) = f_measure(&audio, &truth);
    println!("clicks: F = {f:.3}, {found} found of {}", truth.len());
    // 0.7 is the project's bar for drums in music; single clicks must do better.
    assert!(f >= 0.95, "F = {f:.3}, {found} found of {}", truth.len());
}

#[test]
fn drums_are_found_at_three_tempi_and_two_levels() {
    for (bpm, level) in [(84.0, 0.5), (112.0, 0.5), (140.0, 0.5), (112.0, 0.03)] {
        let mut noise = Noise(7);
        let mut audio: Vec<f32> = (0..(24.0 * RATE) as usize)
            // A sustained chord and hiss under the drums.
            .map(|n| {
                let t = n as f64 / RATE;
                let chord: f64 =
                    [110.0, 138.6, 164.8].map(|hz| (std::f64::consts::TAU * hz * t).sin()).iter().sum();
                (level * (0.08 * chord + 0.01 * noise.next())) as f32
            })
            .collect();
        let eighth = 30.0 / bpm;
        let mut truth = Vec::new();
        for step in 0..(22.0 / eighth) as usize {
            let time = 1.0 + step as f64 * eighth + 0.006 * noise.next();
            let kinds: &[usize] = match step % 8 {
                0 | 5 => &[0, 2],
                2 | 6 => &[1, 2],
                4 => &[0],
                _ => &[2],
            };
            let velocity = level * (1.0 + 0.25 * noise.next());
            kinds.iter().for_each(|&kind| hit(&mut audio, time, kind, velocity, &mut noise));
            truth.push(time);
        }
        let (f, found) = f_measure(&audio, &truth);
        println!("drums at {bpm} bpm, level {level}: F = {f:.3}, {found} found of {}", truth.len());
        assert!(f >= 0.7, "{bpm} bpm, level {level}: F = {f:.3}, {found} found of {}", truth.len());
    }
}

#[test]
fn a_steady_tone_has_no_onsets() {
    let audio: Vec<f32> = (0..(15.0 * RATE) as usize)
        .map(|n| (0.3 * (std::f64::consts::TAU * 220.0 * n as f64 / RATE).sin()) as f32)
        .collect();
    let (_, found) = f_measure(&audio, &[]);
    // Its beginning is one.
    assert!(found <= 1, "{found} onsets in a steady tone");
}

/// Every audible attack of every voice counts, soft and fast ones too; after a hit the detector sees none for 150 ms.
#[test]
#[ignore = "24 songs take half a minute"]
fn onsets_of_songs() {
    let options = Options { split: Split::Validation, length_s: 40.0..=70.0, ..Options::default() };
    let (mut all, mut with_drums) = ([0; 3], [0; 3]);
    for seed in 0..24 {
        let score = compose(5_000_000 + seed, &options);
        let truth: Vec<f64> = score.labels.onsets.iter().map(|onset| onset.time_s).collect();
        let (found, hits) = onsets(&render(&score).samples, &truth);
        let drums = score.labels.notes.iter().any(|note| note.voice == Voice::Drums);
        for (sums, counts) in [(&mut all, true), (&mut with_drums, drums)] {
            let add = if counts { [hits, found, truth.len()] } else { [0; 3] };
            sums.iter_mut().zip(add).for_each(|(sum, x)| *sum += x);
        }
    }
    let f = |[hits, found, truth]: [usize; 3]| 2.0 * hits as f64 / (found + truth) as f64;
    println!(
        "onsets of 24 songs: {all:?} right, found, played: F = {:.3}; with drums {:.3}",
        f(all),
        f(with_drums)
    );
    assert!(f(all) >= 0.7 && f(with_drums) >= 0.75);
}
