//! The engine per second of sound at a DAW's small block size, and the cost of one hop.

use criterion::{Criterion, criterion_group, criterion_main};
use dendrite_engine::{Engine, Settings, Snapshot, Transport};

/// One second of chords and hits.
fn music(rate: u32) -> Vec<f32> {
    let mut state = 1_u32;
    (0..rate)
        .map(|n| {
            let t = n as f32 / rate as f32;
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
            let tones: f32 =
                (1..=8).map(|h| (t * std::f32::consts::TAU * 110.0 * h as f32).sin() / h as f32).sum();
            0.2 * tones + 0.3 * noise * (-(t % 0.25) * 40.0).exp()
        })
        .collect()
}

fn process(c: &mut Criterion) {
    for (rate, block) in [(48_000, 64), (48_000, 1_024), (44_100, 64), (96_000, 64)] {
        let audio = music(rate);
        let mut engine = Engine::new(rate).expect("a supported rate");
        c.bench_function(&format!("1 s at {rate} Hz in blocks of {block}"), |b| {
            b.iter(|| {
                for part in audio.chunks(block) {
                    engine.process(
                        &[part, part],
                        part.len(),
                        &Transport::default(),
                        &Settings::default(),
                        &mut |s: &Snapshot| {
                            std::hint::black_box(s.orbit.c);
                        },
                    );
                }
            });
        });
    }
}

criterion_group!(benches, process);
criterion_main!(benches);
