//! The orbit model's task on a small scale: batches, a loss that falls, batch norm that knows the data, an export that runs.

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::Device;
use dendrite_pipeline::spec::OrbitShape;
use dendrite_training::data::{ContentHash, Piece, Split, Truth};
use dendrite_training::nets::OrbitNet;
use dendrite_training::orbit::objective::Terms;
use dendrite_training::orbit::proxy::ChangeProxy;
use dendrite_training::orbit::{
    BatchShape, OrbitOptions, OrbitTask, SIGNALS, TaskError, validate, variance_ratios,
};
use dendrite_training::random::Random;

/// Five seconds of noise and a tone, struck at a pace of its own.
fn piece(seed: u64) -> Piece {
    let mut random = Random::new(seed);
    let period = 9_000 + random.below(15_000);
    let colour = 0.2 + 0.3 * f64::from(random.symmetric()).abs();
    let mut last = 0.0;
    let samples: Vec<f32> = (0..240_000)
        .map(|n| {
            last += colour * (f64::from(random.symmetric()) - last);
            let tone = 0.2 * (n as f64 * (0.02 + 0.05 * colour)).sin();
            ((last + tone) * (-((n % period) as f64) / 5_000.0).exp()) as f32
        })
        .collect();
    Piece {
        name: format!("noise {seed}"),
        content: ContentHash::of_bytes("test", &seed.to_le_bytes()),
        split: Split::Train,
        frames: dendrite_features::analyze(&samples),
        truth: Truth::default(),
    }
}

fn shape() -> BatchShape {
    BatchShape { pieces: 4, places: 3, hops: 48, batches: Some(6) }
}

#[test]
fn a_few_steps_lower_the_loss_and_the_export_plays() {
    let pieces: Vec<Piece> = (0..6).map(piece).collect();
    let mut task =
        OrbitTask::new(pieces.clone(), ChangeProxy::kept().unwrap(), OrbitOptions::default(), shape());
    let device = Device::flex().autodiff();
    device.seed(1);
    let mut net = OrbitNet::new(OrbitShape::default(), &device);
    let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();
    let mut losses = Vec::new();
    for epoch in 0..8 {
        let batches = task.begin_epoch(&net, epoch, 1).unwrap();
        assert_eq!(batches, 6);
        for index in 0..batches {
            let (loss, terms) = task.loss(&net, index, &device).unwrap();
            assert_eq!(terms.all.len(), Terms::NAMES.len());
            losses.push(loss.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimiser.step(3e-3, net, gradients);
        }
    }
    assert!(losses.iter().all(|loss| loss.is_finite()));
    // Fresh weights give s = 1.6, far out in the dark.
    assert!(losses[47] < 0.3 * losses[0], "{losses:?}");

    let network = task.export(&net).unwrap();
    // Batches are mixed, so that running variances are those of all data; neighbouring frames alone gave 0.004 of them. The
    // weights still move quickly after 48 steps, which the running means follow at a tenth each.
    for ratio in variance_ratios(&network, OrbitShape::default(), &pieces, 1).unwrap() {
        assert!((0.3..3.0).contains(&ratio), "{ratio}");
    }
    let (metrics, summary) = validate(&network, OrbitShape::default(), &pieces[..1], 1.0..2.0).unwrap();
    assert_eq!(summary.pieces, 1);
    assert!(
        metrics["loss"].is_finite()
            && SIGNALS.iter().all(|s| metrics.contains_key(&format!("deviation_{s}")))
    );
}

#[test]
fn the_same_seed_draws_the_same_batches() {
    let task = || {
        OrbitTask::new(
            (0..5).map(piece).collect(),
            ChangeProxy::kept().unwrap(),
            OrbitOptions::default(),
            shape(),
        )
    };
    let device = Device::flex();
    device.seed(3);
    let net = OrbitNet::new(OrbitShape::default(), &device);
    let loss = |task: &mut OrbitTask, epoch: usize, seed: u64| -> f32 {
        task.begin_epoch(&net, epoch, seed).unwrap();
        task.loss(&net, 2, &device).unwrap().0.into_scalar()
    };
    let (mut one, mut other) = (task(), task());
    let first = loss(&mut one, 0, 7);
    assert_ne!(loss(&mut one, 1, 7), first);
    // Later epochs do not depend on earlier ones.
    assert_eq!(loss(&mut other, 0, 7), first);
    assert_ne!(loss(&mut other, 0, 8), first);
}

#[test]
fn pieces_too_short_for_a_sequence_are_refused() {
    let long = BatchShape { hops: 10_000, ..shape() };
    let mut task =
        OrbitTask::new(vec![piece(0)], ChangeProxy::kept().unwrap(), OrbitOptions::default(), long);
    let net = OrbitNet::new(OrbitShape::default(), &Device::flex());
    let error = task.begin_epoch(&net, 0, 1).unwrap_err();
    assert!(matches!(error, TaskError::NoSequences { hops: 10_000, pieces: 1 }));
}

#[test]
fn other_shapes_learn_and_play_too() {
    let pieces: Vec<Piece> = (0..5).map(piece).collect();
    let device = Device::flex().autodiff();
    for (window_frames, include_delta, include_delta_delta, bands) in
        [(4, true, false, 6), (10, true, true, 3), (12, false, true, 8)]
    {
        let shape = OrbitShape { window_frames, include_delta, include_delta_delta, bands };
        let options = OrbitOptions { shape, ..OrbitOptions::default() };
        let mut task = OrbitTask::new(pieces.clone(), ChangeProxy::kept().unwrap(), options, self::shape());
        device.seed(1);
        let mut net = OrbitNet::new(shape, &device);
        let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();
        let mut losses = Vec::new();
        for epoch in 0..3 {
            for index in 0..task.begin_epoch(&net, epoch, 1).unwrap() {
                let loss = task.loss(&net, index, &device).unwrap().0;
                losses.push(loss.clone().into_scalar::<f32>());
                let gradients = GradientsParams::from_grads(loss.backward(), &net);
                net = optimiser.step(3e-3, net, gradients);
            }
        }
        assert!(losses.iter().all(|loss| loss.is_finite()), "{shape:?}: {losses:?}");
        assert!(losses[17] < 0.8 * losses[0], "{shape:?}: {losses:?}");
        let network = task.export(&net).unwrap();
        assert_eq!((network.inputs(), network.outputs()), (shape.inputs(), shape.outputs()));
        let (metrics, _) = validate(&network, shape, &pieces[..1], 1.0..2.0).unwrap();
        assert!(metrics["loss"].is_finite());
        assert_eq!(metrics.contains_key("deviation_gate_6"), bands >= 6);
    }
}

#[test]
fn an_epoch_has_as_many_hops_as_the_music() {
    let pieces: Vec<Piece> = (0..3).map(piece).collect();
    let frames: usize = pieces.iter().map(|piece| piece.frames.len()).sum();
    let batch = BatchShape { batches: None, ..shape() };
    let mut task = OrbitTask::new(pieces, ChangeProxy::kept().unwrap(), OrbitOptions::default(), batch);
    let net = OrbitNet::new(OrbitShape::default(), &Device::flex());
    assert_eq!(task.begin_epoch(&net, 0, 1).unwrap(), frames.div_ceil(4 * 3 * 48));
}
