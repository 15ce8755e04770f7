//! The six networks in the engine: what they are given, when they run, and what happens when a set is exchanged.
//!
//! The networks have random weights: what matters here is that the engine runs them as a plain loop over the same frames
//! would.

mod sound;

use std::fs;
use std::sync::Arc;

use dendrite_engine::{
    DEFAULT_WEIGHTS, Engine, ModelSet, ModelStatus, Networks, SetError, Settings, Snapshot, Transport,
};
use dendrite_features::FeatureWindow;
use dendrite_pipeline::contexts::{HarmonyContext, LoudnessHistory, write_dynamics};
use dendrite_pipeline::spec::{OrbitShape, random_network};
use dendrite_pipeline::{Groove, Harmony, ModelKind, Mood, OrbitControls};
use rtneural::{Network, Weights};
use sound::music;

const RATE: u32 = 48_000;
const BPM: f64 = 124.0;

/// How sound is cut into blocks.
#[derive(Clone, Copy, Debug)]
enum Blocks {
    /// All of one size.
    Of(usize),
    /// 1 ... 2,048 samples, by a seed.
    Random(u32),
}

impl Blocks {
    /// Start and end of each block.
    fn over(self, length: usize) -> Vec<(usize, usize)> {
        let (mut start, mut state) = (0, 1_u32);
        let mut blocks = Vec::new();
        while start < length {
            let size = match self {
                Blocks::Of(size) => size,
                Blocks::Random(seed) => {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223 ^ seed);
                    1 + (state >> 8) as usize % 2_048
                }
            };
            let end = (start + size).min(length);
            blocks.push((start, end));
            start = end;
        }
        blocks
    }
}

/// A network of the default shape with random weights.
fn network(kind: ModelKind, seed: u64) -> Network {
    random_network(kind, OrbitShape::default(), seed).expect("the shape is possible")
}

/// All six with random weights.
fn random_set(seed: u64) -> Arc<ModelSet> {
    let networks = ModelKind::ALL.map(|kind| (kind, network(kind, seed)));
    ModelSet::of_networks(networks, DEFAULT_WEIGHTS).expect("random weights fit f16")
}

fn playing(sample: usize) -> Transport {
    Transport {
        playing: true,
        tempo_bpm: Some(BPM),
        position_beats: Some(sample as f64 / f64::from(RATE) * BPM / 60.0),
        ..Transport::default()
    }
}

/// Plays from the first sample on; `at_block` may act on the engine before each block.
fn run(
    engine: &mut Engine,
    audio: &[f32],
    blocks: Blocks,
    mut at_block: impl FnMut(&mut Engine, usize),
) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    for (start, end) in blocks.over(audio.len()) {
        at_block(engine, start);
        engine.process(
            &[&audio[start..end]],
            end - start,
            &playing(start),
            &Settings::default(),
            &mut |s: &Snapshot| snapshots.push(*s),
        );
    }
    snapshots
}

fn with_networks(set: &Arc<ModelSet>) -> Engine {
    let mut engine = Engine::new(RATE).unwrap();
    engine.install(Networks::new(set.clone()));
    engine
}

#[test]
fn the_engine_runs_the_networks_as_a_plain_loop_would() {
    let set = random_set(5);
    let audio = music(RATE, 5 * RATE as usize);
    let snapshots = run(&mut with_networks(&set), &audio, Blocks::Of(64), |_, _| {});
    assert!(snapshots.len() > 200);
    assert_eq!(snapshots[0].models, [ModelStatus::Trained; 6]);

    let model = |kind| set.model(kind).expect("all six are there").clone();
    let mut states = ModelKind::ALL.map(|kind| model(kind).state());
    let mut forward = |kind: ModelKind, input: &[f32]| -> Vec<f32> {
        let mut output = vec![0.0; kind.outputs()];
        model(kind).forward(&mut states[kind.index()], input, &mut output).unwrap();
        output
    };
    let (mut context, mut loudness, mut window) =
        (HarmonyContext::new(), LoudnessHistory::default(), FeatureWindow::default());
    let mut mood = Mood::default();
    let mut steps = 0;
    for (k, snapshot) in snapshots.iter().enumerate() {
        // Grid lines lie at multiples of a sixteenth; hop k's work begins at sample (k + 1) · 1,024.
        let sixteenth =
            |hop: usize| ((hop * 1024) as f64 / f64::from(RATE) * BPM / 60.0 * 4.0 + 1e-9).floor() as i64;
        if k == 0 || sixteenth(k + 1) > sixteenth(k) {
            let melody = forward(ModelKind::Melody, &mood.map);
            assert_eq!(snapshot.steps.melody.probabilities[..], melody[..], "hop {k}");
            let mut input = [0.0; 32];
            write_dynamics(&mood.map, &loudness, &mut input);
            assert_eq!(snapshot.steps.dynamics.0[..], forward(ModelKind::Dynamics, &input)[..], "hop {k}");
            let groove = forward(ModelKind::Groove, &mood.map);
            assert_eq!(snapshot.steps.groove, Groove::of(groove[..].try_into().unwrap()), "hop {k}");
            assert_eq!(snapshot.steps.step, Some(sixteenth(k + 1) + 2), "hop {k}");
            steps += 1;
        } else {
            assert_eq!(snapshot.steps, snapshots[k - 1].steps, "hop {k}");
        }
        let frame = &snapshot.frame;
        context.push(frame);
        loudness.push(frame);
        window.push(&frame.base);
        mood = Mood::of(forward(ModelKind::Emotion, &frame.mel)[..].try_into().unwrap());
        assert_eq!(snapshot.mood, mood, "hop {k}");
        let mut input = [0.0; 128];
        context.write(&mood.map, &mut input);
        let chords = forward(ModelKind::Harmony, &input);
        let harmony = Harmony::of(chords[..].try_into().unwrap(), snapshot.loudness());
        assert_eq!(snapshot.harmony, harmony, "hop {k}");
        let controls = OrbitControls::of(&forward(ModelKind::Orbit, window.values()));
        assert_eq!(snapshot.orbit.omega_scale, controls.omega_scale, "hop {k}");
    }
    // Five seconds at 124 bpm are 41.3 sixteenths.
    assert_eq!(steps, 42);
}

#[test]
fn block_sizes_do_not_change_what_the_networks_say() {
    let set = random_set(6);
    let audio = music(RATE, 2 * RATE as usize);
    let bounce = |blocks| run(&mut with_networks(&set), &audio, blocks, |_, _| {});
    let reference = bounce(Blocks::Of(512));
    for blocks in [Blocks::Of(1), Blocks::Of(32), Blocks::Of(441), Blocks::Of(8_192), Blocks::Random(3)] {
        assert_eq!(bounce(blocks), reference, "{blocks:?}");
    }
}

#[test]
fn an_offer_takes_effect_at_the_next_boundary_whatever_the_blocks_are() {
    let (first, second) = (random_set(7), random_set(8));
    let audio = music(RATE, 4 * RATE as usize);
    // In the middle of a hop; 30,720 is a multiple of all the block sizes below, 30 · 1,024 the boundary of hop 29.
    let offered_at = 30_720 - 512;
    let bounce = |size| {
        let mut engine = with_networks(&first);
        let mut retired = None;
        let snapshots = run(&mut engine, &audio, Blocks::Of(size), |engine, start| {
            if start == offered_at {
                engine.offer(Networks::new(second.clone())).unwrap();
                // One at a time.
                assert!(engine.offer(Networks::new(first.clone())).is_err());
            }
            if let Some(networks) = engine.take_retired() {
                assert!((30_720..30_720 + 1024).contains(&start), "retired at {start}");
                retired = Some(networks);
            }
        });
        assert!(Arc::ptr_eq(retired.expect("the first were retired").set(), &first));
        snapshots
    };
    let reference = bounce(512);
    for size in [32, 64, 256] {
        assert_eq!(bounce(size), reference, "blocks of {size}");
    }
    // Hop 29 begins its work with the new set, whose emotion has heard nothing before.
    let mut state = second.model(ModelKind::Emotion).unwrap().state();
    let mut map = [0.0; 64];
    let emotion = second.model(ModelKind::Emotion).unwrap();
    emotion.forward(&mut state, &reference[29].frame.mel, &mut map).unwrap();
    assert_eq!(reference[29].mood.map, map);
    assert_ne!(reference[28].mood.map, map);

    // c goes on as it moves elsewhere: no step is larger than the largest without an exchange.
    let step = |pair: &[Snapshot]| {
        let [a, b] = [pair[0].orbit.c, pair[1].orbit.c];
        (a[0] - b[0]).hypot(a[1] - b[1])
    };
    let largest = reference[..29].windows(2).chain(reference[40..].windows(2)).map(step).fold(0.0, f64::max);
    let around = reference[28..40].windows(2).map(step).fold(0.0, f64::max);
    assert!(around <= 1.5 * largest, "{around} against {largest}");
}

#[test]
fn a_start_or_jump_makes_the_recurrent_networks_begin_anew() {
    let set = random_set(9);
    let audio = music(RATE, RATE as usize);
    let jump = 24_576;
    let mut engine = with_networks(&set);
    let mut snapshots = Vec::new();
    for start in (0..audio.len()).step_by(512) {
        let end = (start + 512).min(audio.len());
        let mut transport = playing(start);
        if start >= jump {
            transport.position_beats = transport.position_beats.map(|beats| beats + 32.0);
        }
        engine.process(
            &[&audio[start..end]],
            end - start,
            &transport,
            &Settings::default(),
            &mut |s: &Snapshot| snapshots.push(*s),
        );
    }
    // The jump lies on the boundary of hop 23, so hop 24 is the first whose work knows of it.
    let emotion = set.model(ModelKind::Emotion).unwrap();
    let mut map = [0.0; 64];
    emotion.forward(&mut emotion.state(), &snapshots[24].frame.mel, &mut map).unwrap();
    assert_eq!(snapshots[24].mood.map, map);
}

#[test]
fn weights_that_overflow_leave_the_last_results_and_do_not_stay() {
    let mut text = network(ModelKind::Dynamics, 1).to_json();
    // A first weight near the end of f32 makes the sums of the next layer overflow.
    let at = text.find("[[[").expect("the kernel") + 3;
    let end = at + text[at..].find(',').unwrap();
    text.replace_range(at..end, "3e38");
    let broken = Network::from_json(text.as_bytes()).unwrap();
    let set = ModelSet::of_networks([(ModelKind::Dynamics, broken)], Weights::F32).unwrap();
    let audio = music(RATE, RATE as usize);
    for snapshot in run(&mut with_networks(&set), &audio, Blocks::Of(512), |_, _| {}) {
        assert!(snapshot.steps.dynamics.0.iter().all(|value| value.is_finite()));
        assert!(snapshot.orbit.c.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn a_folder_gives_its_models_and_says_what_is_wrong_with_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = |kind: ModelKind| folder.path().join(format!("{}.json", kind.name()));
    let missing = folder.path().join("nowhere");
    let error = ModelSet::load(&missing, DEFAULT_WEIGHTS).unwrap_err();
    assert!(matches!(error, SetError::Folder { .. }) && error.to_string().contains("nowhere"), "{error}");
    let error = ModelSet::load(folder.path(), DEFAULT_WEIGHTS).unwrap_err();
    assert!(matches!(error, SetError::NoModel { .. }) && error.to_string().contains("orbit_control.json"));

    network(ModelKind::Groove, 1).write(file(ModelKind::Groove)).unwrap();
    fs::write(file(ModelKind::Harmony), b"{\"in_shape\": [128], \"layers\": [{\"type\": \"dense\"").unwrap();
    // A good network under another's name.
    network(ModelKind::Groove, 2).write(file(ModelKind::Melody)).unwrap();
    fs::create_dir(file(ModelKind::Dynamics)).unwrap();
    let set = ModelSet::load(folder.path(), DEFAULT_WEIGHTS).unwrap();
    assert_eq!(set.status(ModelKind::Groove), ModelStatus::Trained);
    assert!(!set.is_built_in(ModelKind::Groove));
    for (kind, words) in [
        (ModelKind::Harmony, ["harmonypredictor.json", "line 1"]),
        (ModelKind::Melody, ["melodytransformer.json", "320"]),
        (ModelKind::Dynamics, ["dynamicsengine.json", "directory"]),
    ] {
        assert_eq!(set.status(kind), ModelStatus::Refused);
        let reason = set.refusal(kind).unwrap();
        assert!(words.iter().all(|word| reason.contains(word)), "{kind}: {reason}");
    }
    // The same files are the same set, changed ones another.
    let again = ModelSet::load(folder.path(), DEFAULT_WEIGHTS).unwrap();
    assert!(Arc::ptr_eq(&set, &again));
    network(ModelKind::Groove, 3).write(file(ModelKind::Groove)).unwrap();
    let changed = ModelSet::load(folder.path(), DEFAULT_WEIGHTS).unwrap();
    assert_ne!(set.hash(), changed.hash());
}

#[test]
fn instances_share_weights_and_add_little() {
    let set = random_set(10);
    // The contract: 2.3 MB of weights in f16, 1.5 MB for a second instance.
    assert!(set.bytes() <= 2_300_000, "{}", set.bytes());
    let networks = Networks::new(set.clone());
    assert!(networks.bytes() <= 200_000, "{}", networks.bytes());
    assert!(Arc::ptr_eq(networks.set(), Networks::new(set.clone()).set()));
}
