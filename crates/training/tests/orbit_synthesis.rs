//! The orbit inside the graph goes where the orbit that plays goes, and every loss reaches every head.

use burn::tensor::{Device, Tensor, TensorData};
use dendrite_orbit::{
    Atlas, Clock, ComponentId, Controls, HOP_S, HopInput, Lock, Orbit, Settings, section::TEXTURE_LEN,
};
use dendrite_training::nets::layers::values;
use dendrite_training::orbit::objective::{Heard, Terms, terms};
use dendrite_training::orbit::proxy::ChangeProxy;
use dendrite_training::orbit::{
    Hop, Motion, Passage, RANGES, SIGNALS, SynthesisError, map_outputs, synthesise,
};
use dendrite_training::random::Random;

/// 10 s.
const HOPS: usize = 469;

/// Signals that wander over their whole ranges, held for a quarter of a second each.
fn random_controls(random: &mut Random, hops: usize, s: [f64; 2]) -> Vec<[f32; 9]> {
    let mut now = [0.0; 9];
    (0..hops)
        .map(|hop| {
            if hop % 12 == 0 {
                for (i, value) in now.iter_mut().enumerate() {
                    let range = if i == 0 { s } else { RANGES[i] };
                    let unit = 0.5 + 0.5 * f64::from(random.symmetric());
                    *value = (range[0] + (range[1] - range[0]) * unit) as f32;
                }
            }
            now
        })
        .collect()
}

/// Hits on some beats, noise, a silent stretch, a transport that is sought in the middle.
fn random_hops(random: &mut Random, hops: usize) -> Vec<Hop> {
    (0..hops)
        .map(|hop| {
            let noise = 0.5 + 0.5 * random.symmetric();
            let position_bars = hop as f64 * HOP_S * 0.6 + if hop > hops / 2 { 3.3 } else { 0.0 };
            Hop {
                onset: 0.06 * noise + if hop % 17 == 0 { 0.5 * noise } else { 0.0 },
                loudness: 0.5,
                silent: (200..220).contains(&hop),
                clock: if hop < 100 {
                    Clock::Free { bars_per_second: 0.5 }
                } else {
                    Clock::Transport { position_bars, bars_per_second: 0.6, jumped: false }
                },
            }
        })
        .collect()
}

fn controls_of(row: &[f32; 9]) -> Controls {
    let signal = |i: usize| f64::from(row[i]);
    Controls {
        s: signal(0),
        alpha: signal(1),
        omega_scale: signal(2),
        gates: std::array::from_fn(|i| signal(3 + i)),
    }
}

fn input<'a>(hop: &Hop, row: &[f32; 9], texture: &'a [f32]) -> HopInput<'a> {
    HopInput {
        controls: controls_of(row),
        onset: hop.onset,
        loudness: hop.loudness,
        texture,
        silent: hop.silent,
        clock: hop.clock,
    }
}

fn tensor(rows: &[Vec<[f32; 9]>], device: &Device) -> Tensor<3> {
    let numbers: Vec<f32> = rows.iter().flat_map(|row| row.as_flattened()).copied().collect();
    Tensor::from_data(TensorData::new(numbers, [rows.len(), rows[0].len(), 9]), device)
}

/// Greatest distance of the tensors' c from these.
fn apart(motion: &Motion, expected: &[Vec<[f64; 2]>]) -> f64 {
    let c = values(motion.c.clone());
    let expected = expected.iter().flatten();
    c.chunks_exact(2)
        .zip(expected)
        .map(|(c, e)| (f64::from(c[0]) - e[0]).hypot(f64::from(c[1]) - e[1]))
        .fold(0.0, f64::max)
}

#[test]
fn c_is_that_of_the_orbit_that_plays_on_every_automatic_component() {
    let mut random = Random::new(3);
    // Full depth and open gates reach the cap; s = 0.2 ... 3 goes far outside.
    for (settings, s) in [
        (Settings::default(), [0.5, 1.3]),
        (
            Settings { residual_depth: 1.0, impact_amount: 1.0, bars_per_turn: 1.0, ..Settings::default() },
            [0.2, 3.0],
        ),
        (Settings { smoothing_s: 0.0, s_bias: 0.2, bars_per_turn: 2.0, ..Settings::default() }, [0.2, 1.5]),
    ] {
        let mut passages = Vec::new();
        let (mut rows, mut expected) = (Vec::new(), Vec::new());
        let mut capped = false;
        for id in Atlas::shared().automatic() {
            let (mut row, hops) = (random_controls(&mut random, HOPS, s), random_hops(&mut random, HOPS));
            for row in &mut row[300..] {
                // All that the residual can be.
                row[1] = 1.0;
                row[3..].fill(1.0);
            }
            let settings = Settings { lock: Lock::Component(*id), ..settings };
            let radius = Atlas::shared().get(*id).map_or(0.0, |on| on.radius());
            let mut orbit = Orbit::new(HOP_S);
            let way = hops.iter().zip(&row).map(|(hop, row)| {
                let state = orbit.step(&input(hop, row, &[]), &settings);
                let residual = (state.c[0] - state.carrier[0]).hypot(state.c[1] - state.carrier[1]);
                capped |= residual > 0.4999 * radius;
                state.c
            });
            expected.push(way.collect::<Vec<_>>());
            rows.push(row);
            passages.push(Passage::new(*id, hops));
        }
        let motion = synthesise(tensor(&rows, &Device::flex()), &passages, &settings).unwrap();
        let apart = apart(&motion, &expected);
        assert!(apart < 1e-5, "{apart}");
        assert!(capped || settings.residual_depth < 1.0);
    }
}

#[test]
fn a_passage_that_begins_in_the_middle_goes_on_as_the_whole_does() {
    let mut random = Random::new(5);
    let settings = Settings::default();
    let (row, hops) = (random_controls(&mut random, HOPS, [0.6, 1.2]), random_hops(&mut random, HOPS));
    // Automatic components; the texture is steady, so that no section begins within the passage.
    let texture = [0.5; TEXTURE_LEN];
    let mut orbit = Orbit::new(HOP_S);
    let mut begin = None;
    let mut states = Vec::new();
    for (k, (hop, row)) in hops.iter().zip(&row).enumerate() {
        if k == 300 {
            begin = Some(orbit.clone());
        }
        states.push(orbit.step(&input(hop, row, &texture), &settings));
    }
    let passage = Passage {
        orbit: begin.unwrap(),
        before: Some(states[299]),
        component: states[299].component,
        hops: hops[300..].to_vec(),
    };
    let motion = synthesise(
        tensor(&[row[300..].to_vec()], &Device::flex()),
        std::slice::from_ref(&passage),
        &settings,
    )
    .unwrap();
    let expected: Vec<[f64; 2]> = states[300..].iter().map(|state| state.c).collect();
    let apart = apart(&motion, &[expected]);
    assert!(apart < 1e-5, "{apart}");

    // On the way to another component it is refused.
    let other = ComponentId { period: 2, index: 0 };
    let moved = Passage { component: other, ..passage };
    let error = synthesise(tensor(&[row[300..].to_vec()], &Device::flex()), &[moved], &settings).unwrap_err();
    assert_eq!(error, SynthesisError::Blend { passage: 0, component: other });
}

#[test]
fn slopes_agree_with_differences() {
    // Without onsets and with a slow clock, theta depends on omega_scale through its ratio only, which does not change.
    let settings = Settings { smoothing_s: 0.05, residual_depth: 1.0, ..Settings::default() };
    let hops =
        vec![
            Hop { onset: 0.0, loudness: 0.5, silent: false, clock: Clock::Free { bars_per_second: 0.5 } };
            24
        ];
    let device = Device::flex().autodiff();
    for s in [0.8_f32, 1.15] {
        let row = [s, 0.4, 1.0, 0.3, 0.5, 0.7, 0.2, 0.9, 0.6];
        let passages = [Passage::new(ComponentId { period: 3, index: 0 }, hops.clone())];
        let last = |signal: usize, by: f32| -> Vec<f32> {
            let mut changed = row;
            changed[signal] += by;
            let motion =
                synthesise(tensor(&[vec![changed; 24]], &Device::flex()), &passages, &settings).unwrap();
            values(motion.c.narrow(1, 23, 1))
        };
        let controls = tensor(&[vec![row; 24]], &device).require_grad();
        let motion = synthesise(controls.clone(), &passages, &settings).unwrap();
        let gradients = motion.c.narrow(1, 23, 1).sum().backward();
        let slope = values(controls.grad(&gradients).unwrap());
        for signal in [0, 1, 3, 4, 5, 6, 7, 8] {
            let total: f32 = slope.chunks_exact(9).map(|row| row[signal]).sum();
            let sum = |by: f32| last(signal, by).iter().sum::<f32>();
            let difference = (sum(0.01) - sum(-0.01)) / 0.02;
            // Differences of f32 over 0.02: 1e-5; curvature: 1e-3 of the slope.
            assert!(
                (total - difference).abs() < 2e-4 + 0.01 * difference.abs(),
                "{signal}: {total} {difference}"
            );
        }
    }
}

#[test]
fn every_loss_reaches_every_head() {
    let device = Device::flex().autodiff();
    let mut random = Random::new(9);
    let (groups, places, time) = (2, 2, 64);
    let batch = groups * places;
    // s anywhere, dark places included, or moving less than it should; every other signal in its middle, moving too little.
    let draw = |random: &mut Random, reach: f32| {
        let outputs: Vec<f32> = (0..batch * time)
            .flat_map(|_| {
                let near = 0.05 * random.symmetric();
                [reach * random.symmetric(), near, near, near, near, near, near, near, near]
            })
            .collect();
        Tensor::<3>::from_data(TensorData::new(outputs, [batch, time, 9]), &device).require_grad()
    };
    let plane = |random: &mut Random| {
        let numbers: Vec<f32> = (0..batch * time).map(|_| 0.1 + 0.1 * random.symmetric()).collect();
        Tensor::<2>::from_data(TensorData::new(numbers, [batch, time]), &device)
    };
    // With an onset in every hop the picture changes more than it should.
    let draw_passages = |random: &mut Random, least_onset: f32| -> Vec<Passage> {
        let ids = &Atlas::shared().automatic()[..batch];
        let loud = |mut hop: Hop| {
            hop.onset = hop.onset.max(least_onset);
            hop
        };
        let passage =
            |id: &ComponentId| Passage::new(*id, random_hops(random, time).into_iter().map(loud).collect());
        ids.iter().map(passage).collect()
    };
    let proxy = ChangeProxy::kept().unwrap();
    for (term, name) in Terms::NAMES.iter().enumerate() {
        let outputs = draw(&mut random, if *name == "spread" { 0.1 } else { 4.0 });
        let passages = draw_passages(&mut random, if *name == "strobe" { 1.0 } else { 0.0 });
        let controls = map_outputs(outputs.clone());
        let motion = synthesise(controls.clone(), &passages, &Settings::default()).unwrap();
        let heard = Heard {
            groups,
            onset: plane(&mut random),
            centroid: plane(&mut random),
            loudness: plane(&mut random),
            bands: Tensor::stack(vec![plane(&mut random); 6], 2),
            activity: plane(&mut random),
            preset: controls.clone().detach() * 0.9,
        };
        let gradients = terms(&controls, &motion, &heard, &proxy).all[term].backward();
        let slope = values(outputs.grad(&gradients).unwrap());
        for (i, signal) in SIGNALS.iter().enumerate() {
            let size: f32 = slope.chunks_exact(9).map(|row| row[i].abs()).sum();
            let reached = match (*name, *signal) {
                // Detail is how large the epicycles are, whatever turns them.
                ("centroid", "omega_scale") => false,
                // It ties gates to bands and turning to activity, and nothing else.
                ("drivers", "s" | "alpha") => false,
                _ => true,
            };
            assert!(size.is_finite() && (size > 0.0) == reached, "{name} into {signal}: {size}");
        }
    }
}
