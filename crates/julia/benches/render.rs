//! Time of one 1280 x 720 picture at 200 iterations, c on the boundary of the Mandelbrot set.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dendrite_julia::{
    Scene,
    cpu::{Antialias, Renderer},
};

/// Points on the boundary: parabolic, indifferent, Misiurewicz, and where components meet.
const BOUNDARY: [(&str, [f64; 2]); 6] = [
    ("cauliflower", [0.25, 0.0]),
    ("golden_siegel", [-0.390_541, -0.586_788]),
    ("rabbit_root", [-0.125, 0.649_519]),
    ("dendrite", [0.0, 1.0]),
    ("san_marco", [-0.75, 0.0]),
    ("seahorse", [-0.743_644, 0.131_826]),
];

fn render(criterion: &mut Criterion) {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small thread pool");
        let mut group = criterion.benchmark_group(format!("1280x720, 200 iterations, {threads} thread(s)"));
        group.throughput(Throughput::Elements(1)).sample_size(20);
        for (name, c) in BOUNDARY {
            let scene = Scene { c, iterations: 200, ..Scene::default() };
            let mut renderer = Renderer::new();
            let mut out = vec![0; 1280 * 720 * 4];
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    pool.install(|| renderer.render(&scene, 1280, 720, Antialias::None, &mut out))
                        .expect("the buffer has the picture's size");
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, render);
criterion_main!(benches);
