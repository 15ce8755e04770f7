//! Properties of the CPU renderer.

use dendrite_julia::{
    Scene,
    cpu::{Antialias, Renderer},
    metrics,
};
use proptest::prelude::*;

fn draw(scene: &Scene, width: u32, height: u32, antialias: Antialias) -> Vec<u8> {
    let mut out = vec![0; (width * height * 4) as usize];
    Renderer::new().render(scene, width, height, antialias, &mut out).expect("the buffer fits");
    out
}

#[test]
fn a_wrong_buffer_is_an_error_that_says_expected_and_found() {
    let error = Renderer::new()
        .render(&Scene::default(), 4, 3, Antialias::None, &mut [0; 47])
        .expect_err("47 bytes are no 4 x 3 picture");
    assert_eq!((error.expected, error.found), (48, 47));
    assert!(error.to_string().contains("48") && error.to_string().contains("47"));
}

#[test]
fn symmetric_and_general_paths_draw_the_same() {
    // A centre too small to move anything still takes the general path.
    for c in [[0.25, 0.0], [-0.122_561, 0.744_862], [-0.75, 0.1], [0.3, 0.5]] {
        for (width, height) in [(97, 54), (64, 33)] {
            let scene = Scene { c, rotation: 0.3, ..Scene::default() };
            let off = Scene { centre: [1e-30, 0.0], ..scene };
            let (a, b) =
                (draw(&scene, width, height, Antialias::None), draw(&off, width, height, Antialias::None));
            let largest = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max();
            // Mirrored pixels are computed from exactly negated numbers; only the dither's rounding may differ.
            assert!(largest <= Some(1), "c = {c:?}: {largest:?}");
        }
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool");
        pool.install(|| draw(&Scene::default(), 160, 90, Antialias::TwoByTwo))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn the_filled_interior_is_never_black() {
    for c in [[0.0, 0.0], [-1.0, 0.0], [-0.122_561, 0.744_862], [0.25, 0.0], [-0.39, 0.1]] {
        for palette in 0..dendrite_julia::palettes::COUNT {
            let palette = dendrite_julia::PaletteBlend::single(palette);
            let picture = draw(&Scene { c, palette, ..Scene::default() }, 160, 90, Antialias::None);
            let darkest = metrics::luminances(&picture).fold(1.0, f32::min);
            // A tenth of the limit below which a whole frame counts as dark.
            assert!(darkest > 0.1 * metrics::DARK, "c = {c:?}, {palette:?}: {darkest}");
            assert!(metrics::mean_luminance(&picture) > metrics::DARK, "c = {c:?}, {palette:?}");
            assert!(metrics::entropy(&picture) > 2.0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_scene_and_size_draws(
        c in prop::array::uniform2(prop_oneof![-3.0..3.0_f64, prop::num::f64::ANY]),
        centre in prop::array::uniform2(prop_oneof![Just(0.0), prop::num::f64::ANY]),
        zoom in prop::num::f64::ANY,
        rotation in prop::num::f64::ANY,
        light in prop::num::f32::ANY,
        iterations in 0..400_u32,
        width in 0..70_u32,
        height in 0..20_u32,
    ) {
        let scene = Scene { c, centre, zoom, rotation, light, iterations, glow: light, ..Scene::default() };
        let picture = draw(&scene, width, height, Antialias::None);
        prop_assert!(picture.chunks_exact(4).all(|p| p[3] == 255));
    }
}
