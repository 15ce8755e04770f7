//! The shader and the CPU renderer draw the same picture: mean absolute difference below 2/255 for twenty c.
//!
//! Draws without a window.

mod offscreen;

use dendrite_julia::{
    PaletteBlend, Scene,
    cpu::{Antialias, Renderer},
    gl::GlPainter,
    shader::{self, Target},
};
use glow::HasContext;
use offscreen::{Offscreen, difference};

const SIZE: (u32, u32) = (320, 180);

/// Boundary points, centres of components of periods 1 to 5, points outside and points between.
const PLACES: [[f64; 2]; 20] = [
    [0.0, 0.0],
    [0.25, 0.0],
    [-0.75, 0.0],
    [-1.0, 0.0],
    [-0.122_561, 0.744_862],
    [-1.754_878, 0.0],
    [0.282_271, 0.530_061],
    [-1.310_703, 0.0],
    [0.379_514, 0.334_932],
    [-0.504_340, 0.562_766],
    [0.0, 1.0],
    [-0.390_541, -0.586_788],
    [-0.743_644, 0.131_826],
    [0.32, 0.043],
    [-0.125, 0.66],
    [0.36, 0.1],
    [-0.8, 0.156],
    [-0.4, 0.6],
    [0.285, 0.01],
    [-1.2, 0.1],
];

#[test]
fn shader_and_cpu_draw_the_same_picture() {
    let offscreen = Offscreen::new();
    let mut painter = GlPainter::new(&offscreen.gl).expect("the shader compiles");
    let mut renderer = Renderer::new();
    let mut drawn = vec![0_u8; (SIZE.0 * SIZE.1 * 4) as usize];
    let mut worst = 0.0_f64;
    for (k, c) in PLACES.into_iter().enumerate() {
        // Every other place with a scene that uses all the rest.
        let mut scene =
            Scene { c, palette: PaletteBlend { from: k, to: k + 1, amount: 0.3 }, ..Scene::default() };
        let mut antialias = Antialias::None;
        if k % 2 == 1 {
            scene =
                Scene { centre: [0.1, -0.05], zoom: 1.4, rotation: 0.6, glow: 0.9, hue_shift: 0.1, ..scene };
            antialias = Antialias::TwoByTwo;
        }
        renderer.render(&scene, SIZE.0, SIZE.1, antialias, &mut drawn).expect("the buffer fits");
        let size = [SIZE.0, SIZE.1];
        let painted = offscreen.paint(size, |gl, origin| painter.paint(gl, &scene, origin, size, antialias));
        let difference = difference(&drawn, &painted);
        println!("c = {c:?}: {difference:.4}/255");
        worst = worst.max(difference);
        assert!(difference < 2.0, "c = {c:?} differs by {difference}/255");
    }
    println!("worst: {worst:.4}/255");
    compiles_for_webgl(&offscreen.gl);
    painter.destroy(&offscreen.gl);
}

/// Mesa's desktop contexts accept GLSL ES 3.00 (ARB_ES3_compatibility), so that the WebGL2 text is checked, too.
fn compiles_for_webgl(gl: &glow::Context) {
    for (kind, source) in [
        (glow::VERTEX_SHADER, shader::vertex_source(Target::Gles300)),
        (glow::FRAGMENT_SHADER, shader::fragment_source(Target::Gles300)),
    ] {
        // SAFETY: the context is current.
        unsafe {
            let shader = gl.create_shader(kind).expect("no shader object");
            gl.shader_source(shader, &source);
            gl.compile_shader(shader);
            let log = gl.get_shader_info_log(shader);
            assert!(gl.get_shader_compile_status(shader), "GLSL ES 3.00: {log}");
            gl.delete_shader(shader);
        }
    }
}
