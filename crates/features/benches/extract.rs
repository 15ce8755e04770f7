//! One hop of everything the extractor makes, and the resampler's share.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dendrite_features::{Extractor, HOP_LENGTH, Resampler};

fn signal(samples: usize) -> Vec<f32> {
    // Ten detuned partials and some noise: peaks for the chroma to follow, as music has.
    let mut state = 1_u32;
    (0..samples)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let tones: f32 = (1..=10).map(|h| (n as f32 * 0.011 * h as f32 * 1.003).sin() / h as f32).sum();
            0.2 * tones + 0.02 * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        })
        .collect()
}

fn extract(c: &mut Criterion) {
    let hops = 64;
    let audio = signal(hops * HOP_LENGTH);
    let mut group = c.benchmark_group("extract");
    group.throughput(Throughput::Elements(hops as u64));
    let mut extractor = Extractor::new();
    group.bench_function("64 hops", |b| {
        b.iter(|| {
            extractor.push(&audio, |frame| {
                std::hint::black_box(*frame);
            })
        })
    });
    for rate in [44_100, 96_000] {
        let mut resampler = Resampler::new(rate).expect("a supported rate");
        let mut hop = [0.0; HOP_LENGTH];
        group.bench_function(format!("64 hops of host samples from {rate} Hz"), |b| {
            b.iter(|| {
                for part in audio.chunks(64) {
                    resampler.push(part);
                    if resampler.available() >= HOP_LENGTH {
                        resampler.take_hop(&mut hop);
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, extract);
criterion_main!(benches);
