//! Sound to test with.

/// Music-like test sound: a chord that changes, a kick on every beat and some noise.
pub fn music(rate: u32, samples: usize) -> Vec<f32> {
    let mut state = 1_u32;
    (0..samples)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 8) / f64::from(1_u32 << 23) - 1.0;
            let beat = t % 0.5;
            let root = [110.0, 146.83, 130.81, 98.0][(t / 2.0) as usize % 4];
            let tone: f64 =
                [1.0, 1.26, 1.5].iter().map(|r| (std::f64::consts::TAU * root * r * t).sin()).sum();
            let kick = (std::f64::consts::TAU * 60.0 * beat).sin() * (-beat * 20.0).exp();
            (0.1 * tone + 0.5 * kick + 0.02 * noise * (-beat * 8.0).exp()) as f32
        })
        .collect()
}
