//! The engine tells the composer where the host loops.

use dendrite_composer::Settings as Play;
use dendrite_engine::{Engine, Settings, Snapshot, Transport};

/// Samples of a block, and of a loop of one bar at 120 quarter notes per minute.
const BLOCK: usize = 480;
const LOOP: usize = 96_000;

#[test]
fn behind_a_loops_last_step_its_first_is_decided() {
    let mut engine = Engine::new(48_000).unwrap();
    let play = Play { tonic: Some(0), ..Play::default() };
    let settings = Settings { play, ..Settings::default() };
    let block: Vec<f32> =
        (0..BLOCK).map(|n| 0.3 * (n as f32 / 480.0 * 5.0 * std::f32::consts::TAU).sin()).collect();
    let mut steps = Vec::new();
    for start in (0..3 * LOOP).step_by(BLOCK) {
        let transport = Transport {
            playing: true,
            tempo_bpm: Some(120.0),
            position_beats: Some((start % LOOP) as f64 / 24_000.0),
            loop_beats: Some([0.0, 4.0]),
            ..Transport::default()
        };
        engine.process(&[&block], BLOCK, &transport, &settings, &mut |snapshot: &Snapshot| {
            steps.extend(snapshot.play.step.map(|step| (step.bar, step.step)));
        });
    }
    steps.dedup();
    let around = (0..48).map(|step| (0, step % 16));
    // The first step of a fourth round is decided before the end.
    assert_eq!(steps, around.chain([(0, 0)]).collect::<Vec<_>>());
}
