//! What must hold on the demo track, whose drums, sections and tempo are known from the score it was played from.

use dendrite_engine::Snapshot;
use dendrite_features::{HOP_LENGTH, SAMPLE_RATE};
use dendrite_orbit::HOP_S;

use crate::{bundle, sync};

fn track() -> std::path::PathBuf {
    bundle::root().join("assets/demo/dendrite_demo.ogg")
}

fn labels() -> serde_json::Value {
    let path = bundle::root().join("assets/demo/dendrite_demo.labels.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hear() -> Vec<Snapshot> {
    sync::hear(&dendrite_audio::read(&track()).unwrap()).unwrap()
}

/// Precision, recall and F of found times against true ones, each true time used once.
fn f_measure(found: &[f64], truth: &[f64], tolerance_s: f64) -> f64 {
    let mut used = vec![false; truth.len()];
    let hits = found
        .iter()
        .filter(|&&time| {
            let nearest = (0..truth.len())
                .filter(|&i| !used[i] && (truth[i] - time).abs() <= tolerance_s)
                .min_by(|&a, &b| (truth[a] - time).abs().total_cmp(&(truth[b] - time).abs()));
            nearest.map(|i| used[i] = true).is_some()
        })
        .count();
    2.0 * hits as f64 / (found.len() + truth.len()).max(1) as f64
}

#[test]
fn the_picture_follows_the_music_better_than_onset_driven_speed() {
    let [own, driven, constant] = sync::measure(&track()).unwrap();
    // The bars of the project: 0.4 and above the baseline, neither strobing (0.004 - 0.03 mean luminance change per
    // frame) nor dark (5 % of frames).
    assert!(own.score.r > 0.4, "sync score {:.3}", own.score.r);
    assert!(own.score.r > driven.score.r, "{:.3} against {:.3}", own.score.r, driven.score.r);
    assert!(
        own.score.r > own.score.chance_95,
        "{:.3} against chance {:.3}",
        own.score.r,
        own.score.chance_95
    );
    assert!(constant.score.r.abs() < 0.1, "a constant orbit cannot follow: {:.3}", constant.score.r);
    assert!((0.004..=0.03).contains(&own.change), "change per frame {:.4}", own.change);
    assert!(own.dark <= 0.05, "dark frames {:.3}", own.dark);
}

#[test]
fn sections_are_found_where_the_track_changes() {
    let truth: Vec<f64> = labels()["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["time"].as_f64().unwrap())
        .filter(|&time| time > 1.0)
        .collect();
    // A section is dated at its first crossing.
    let found: Vec<f64> = hear()
        .iter()
        .filter(|s| s.orbit.section_changed)
        .map(|s| s.sample as f64 / f64::from(SAMPLE_RATE) - f64::from(s.orbit.section_age_hops) * HOP_S)
        .collect();
    let f = f_measure(&found, &truth, 3.0);
    println!("sections: F = {f:.2}, found {found:.1?}, played {truth:.1?}");
    // 0.6 within 3 s is the project's bar.
    assert!(f >= 0.6, "F = {f:.2}: found {found:.1?}, played {truth:.1?}");
}

#[test]
fn drum_hits_are_found() {
    let labels = labels();
    let offset = labels["audio_offset"].as_f64().unwrap();
    let mut truth: Vec<f64> = labels["players"]["drums"]["time"]
        .as_array()
        .unwrap()
        .iter()
        .map(|time| time.as_f64().unwrap() + offset)
        .collect();
    truth.sort_by(f64::total_cmp);
    // Hits on several drums at once are one onset.
    truth.dedup_by(|later, earlier| *later - *earlier < 0.03);
    let half_hop = 0.5 * HOP_LENGTH as f64 / f64::from(SAMPLE_RATE);
    let found: Vec<f64> = hear()
        .iter()
        .filter(|s| s.orbit.onset_detected)
        .map(|s| (s.frame.index + 1) as f64 * HOP_S - half_hop)
        .collect();
    let strong = found.iter().filter(|&&time| truth.iter().any(|&t| (t - time).abs() <= 0.05)).count();
    let precision = strong as f64 / found.len().max(1) as f64;
    println!("drums: {} hits, {} impacts, {strong} of them on hits", truth.len(), found.len());
    // Impacts are the strong onsets, at most one in 150 ms, and other instruments have onsets too; where the drums play,
    // an impact without a drum is the exception.
    let playing: Vec<f64> =
        found.into_iter().filter(|&t| truth.iter().any(|&d| (d - t).abs() < 1.0)).collect();
    let on_hits = playing.iter().filter(|&&time| truth.iter().any(|&t| (t - time).abs() <= 0.05)).count();
    assert!(
        on_hits as f64 >= 0.7 * playing.len() as f64,
        "{on_hits} of {} impacts on drum hits",
        playing.len()
    );
    assert!(playing.len() > 100, "{} impacts, precision {precision:.2}", playing.len());
}

#[test]
fn the_tempo_is_heard_within_four_percent() {
    let tempo = labels()["tempo_bpm"].as_f64().unwrap();
    let snapshots = hear();
    let settled = &snapshots[(10.0 / HOP_S) as usize..];
    let right = settled.iter().filter(|s| (f64::from(s.heard_tempo_bpm) / tempo - 1.0).abs() < 0.04).count();
    // Octave errors count as wrong.
    assert!(right as f64 >= 0.85 * settled.len() as f64, "{right} of {} hops", settled.len());
}
