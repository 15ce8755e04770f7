//! Nothing in the engine allocates or panics on the audio thread, whatever comes in.

use dendrite_engine::{DEFAULT_WEIGHTS, Engine, ModelSet, Networks, Settings, Snapshot, Transport};
use dendrite_pipeline::ModelKind;
use dendrite_pipeline::spec::{OrbitShape, random_network};
use nice_assert_no_alloc::{AllocDisabler, assert_no_alloc};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn process_and_reset_do_not_allocate_and_answer_any_input() {
    let noise: Vec<f32> = (0..8_192_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect();
    let bits: Vec<f32> = (0..8_192_u32).map(|n| f32::from_bits(n.wrapping_mul(2_654_435_761))).collect();
    let signals = [
        noise,
        bits,
        vec![0.0; 8_192],
        vec![f32::NAN; 8_192],
        vec![f32::INFINITY; 8_192],
        vec![f32::MAX; 8_192],
        vec![1e-40; 8_192],
    ];
    let mad_settings = Settings {
        sensitivity_db: f32::NAN,
        orbit: dendrite_orbit::Settings {
            s_bias: f64::INFINITY,
            smoothing_s: f64::NAN,
            ..Default::default()
        },
        ..Settings::default()
    };
    // A known key, so that all voices play, and everything is sent.
    let mut busy = Settings::default();
    busy.play.tonic = Some(0);
    busy.play.scale = Some(dendrite_composer::Scale::Major);
    busy.play.mode = dendrite_composer::PlayMode::Always;
    busy.play.modulation.on = true;
    let mad_transport = Transport {
        playing: true,
        tempo_bpm: Some(f64::NAN),
        position_beats: Some(f64::INFINITY),
        loop_beats: Some([f64::NAN; 2]),
        bar_start_beats: Some(f64::NAN),
        numerator: 0,
        denominator: 0,
    };
    let networks = ModelKind::ALL
        .map(|kind| (kind, random_network(kind, OrbitShape::default(), 1).expect("the shape is possible")));
    let set = ModelSet::of_networks(networks, DEFAULT_WEIGHTS).unwrap();
    for rate in [8_000, 44_100, 48_000, 384_000] {
        let mut engine = Engine::new(rate).unwrap();
        engine.install(Networks::new(set.clone()));
        let mut offers = [Networks::new(set.clone()), Networks::new(ModelSet::heuristics())].map(Some);
        let mut retired = [None, None];
        let mut snapshots = 0_u32;
        let mut check = |s: &Snapshot| {
            snapshots += 1;
            assert!(s.orbit.c.iter().all(|c| c.is_finite() && c.abs() < 4.0));
        };
        assert_no_alloc(|| {
            for (i, signal) in signals.iter().cycle().take(40).enumerate() {
                if i % 20 == 10 {
                    let networks = offers[i / 20].take().expect("offered once");
                    assert!(engine.offer(networks).is_ok());
                } else if i % 20 == 15 {
                    retired[i / 20] = engine.take_retired();
                }
                for size in [8_192, 1, 0, 33, 512, 4_097] {
                    let block = &signal[..size];
                    let (settings, transport) = match i % 3 {
                        0 => (busy, Transport::default()),
                        1 => (mad_settings, mad_transport),
                        _ => (
                            busy,
                            Transport {
                                playing: true,
                                tempo_bpm: Some(999.0),
                                position_beats: Some(f64::from(i as u32) * 1e6),
                                ..Transport::default()
                            },
                        ),
                    };
                    engine.process(&[block, &block[..size / 2]], size, &transport, &settings, &mut check);
                }
                if i % 7 == 0 {
                    engine.reset();
                }
            }
        });
        assert!(snapshots > 20);
        assert!(retired.iter().all(Option::is_some));
    }
}
