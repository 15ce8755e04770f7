//! One hop of the orbit, and the atlas's construction: `cargo bench -p dendrite-orbit`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dendrite_orbit::{Atlas, Clock, Controls, HOP_S, HopInput, Lock, Orbit, Settings};

fn input(k: u32) -> HopInput<'static> {
    HopInput {
        controls: Controls::default(),
        onset: if k.is_multiple_of(23) { 0.6 } else { 0.03 },
        loudness: 0.6,
        texture: &[0.5; 128],
        silent: false,
        clock: Clock::Free { bars_per_second: 0.5 },
    }
}

fn step(c: &mut Criterion) {
    let atlas = Atlas::shared();
    let longest = atlas.iter().max_by_key(|c| c.series().len()).map(|c| c.id());
    let locks =
        [("cardioid", Lock::Automatic), ("longest series", longest.map_or(Lock::Automatic, Lock::Component))];
    for (name, lock) in locks {
        let settings = Settings { lock, ..Settings::default() };
        let mut orbit = Orbit::new(HOP_S);
        let mut k = 0;
        c.bench_function(&format!("step, {name}"), |b| {
            b.iter(|| {
                k += 1;
                black_box(orbit.step(black_box(&input(k)), &settings))
            });
        });
    }
    c.bench_function("atlas", |b| b.iter(Atlas::compute));
}

criterion_group!(benches, step);
criterion_main!(benches);
