//! Microseconds of six networks in turn (1.11 million weights), for each kind of weights, beside the time it takes to
//! read the same weights and do nothing with them; and of reading their files.
//!
//! cargo bench -p rtneural

#[path = "../tests/networks/mod.rs"]
mod networks;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rtneural::{Model, Network, Options, State, Weights};

/// More than the caches of a desktop processor hold.
const OTHER_DATA_BYTES: usize = 64 << 20;

/// Models in one arena, with all they need.
struct Set {
    parts: Vec<(Model, State, Vec<f32>, Vec<f32>)>,
}

impl Set {
    fn new(networks: &[(&str, Network)], weights: Weights) -> Self {
        let build =
            |(_, network): &(&str, Network)| Model::new(network, Options::with_weights(weights)).unwrap();
        let models = Model::pack_together(&networks.iter().map(build).collect::<Vec<_>>());
        let part = |model: Model| {
            let (state, input, output) =
                (model.state(), vec![0.3; model.inputs()], vec![0.0; model.outputs()]);
            (model, state, input, output)
        };
        Set { parts: models.into_iter().map(part).collect() }
    }

    fn forward(&mut self) {
        for (model, state, input, output) in &mut self.parts {
            model.forward(state, black_box(input), output).unwrap();
        }
    }

    fn read(&self) -> f32 {
        self.parts.iter().map(|(model, ..)| model.read_weights()).sum()
    }
}

fn benches(criterion: &mut Criterion) {
    let networks = networks::six();
    let mut other_data = vec![0_u8; OTHER_DATA_BYTES];
    let mut disturb = || other_data.iter_mut().step_by(64).for_each(|byte| *byte = byte.wrapping_add(1));
    for weights in [Weights::F32, Weights::F16, Weights::Int8] {
        let mut set = Set::new(&networks, weights);
        let mut group = criterion.benchmark_group(format!("{weights:?}"));
        group.bench_function("read", |bencher| bencher.iter(|| set.read()));
        group.bench_function("forward", |bencher| bencher.iter(|| set.forward()));
        group.sample_size(20);
        group.bench_function("read after 64 MB of other data", |bencher| {
            bencher.iter_batched(&mut disturb, |()| set.read(), BatchSize::PerIteration);
        });
        group.bench_function("forward after 64 MB of other data", |bencher| {
            bencher.iter_batched(&mut disturb, |()| set.forward(), BatchSize::PerIteration);
        });
        group.finish();
    }
    let texts: Vec<_> = networks.iter().map(|(_, network)| network.to_json()).collect();
    let mut group = criterion.benchmark_group("files");
    group.sample_size(10);
    group.bench_function("read JSON", |bencher| {
        bencher.iter(|| {
            texts.iter().map(|text| Network::from_json(text.as_bytes()).unwrap()).collect::<Vec<_>>()
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
