//! Draws one c many times on one thread, for a profiler: `speed [re im [frames]]`.

use dendrite_julia::{
    Scene,
    cpu::{Antialias, Renderer},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<f64> = std::env::args().skip(1).map(|a| a.parse()).collect::<Result<_, _>>()?;
    let c = [numbers.first().copied().unwrap_or(0.0), numbers.get(1).copied().unwrap_or(1.0)];
    let frames = numbers.get(2).copied().unwrap_or(50.0) as usize;
    let scene = Scene { c, iterations: 200, ..Scene::default() };
    let (mut renderer, mut out) = (Renderer::new(), vec![0; 1280 * 720 * 4]);
    for _ in 0..frames {
        renderer.render(&scene, 1280, 720, Antialias::None, &mut out)?;
    }
    Ok(())
}
