//! The shader and the CPU renderer draw the same picture: mean absolute difference below 2/255 for twenty c.
//!
//! Draws offscreen through EGL (Mesa's software renderer will do; Debian: `libegl1 libgl1-mesa-dri`).

use dendrite_julia::{
    PaletteBlend, Scene,
    cpu::{Antialias, Renderer},
    gl::GlPainter,
    shader::{self, Target},
};
use glow::HasContext;
use khronos_egl as egl;

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

type Egl = egl::DynamicInstance<egl::EGL1_4>;

/// An OpenGL 3.2 core context without a window, current on this thread.
struct Offscreen {
    egl: Egl,
    display: egl::Display,
    gl: glow::Context,
}

impl Offscreen {
    fn new() -> Self {
        // Mesa's surfaceless platform needs no display server.
        if std::env::var_os("EGL_PLATFORM").is_none() {
            // SAFETY: the test binary has one test, which calls this before any other thread is started.
            unsafe { std::env::set_var("EGL_PLATFORM", "surfaceless") };
        }
        // SAFETY: loading libEGL runs its initialisers, which have no preconditions.
        let egl = unsafe { Egl::load_required() }
            .expect("libEGL.so.1 is needed by this test: install the packages libegl1 and libgl1-mesa-dri");
        // SAFETY: the default display is always a valid argument.
        let display = unsafe { egl.get_display(egl::DEFAULT_DISPLAY) }.expect("EGL has no display");
        egl.initialize(display).expect("EGL does not initialise: is libgl1-mesa-dri installed?");
        egl.bind_api(egl::OPENGL_API).expect("EGL offers no desktop OpenGL");
        let wanted = [egl::SURFACE_TYPE, egl::PBUFFER_BIT, egl::RENDERABLE_TYPE, egl::OPENGL_BIT, egl::NONE];
        let config =
            egl.choose_first_config(display, &wanted).expect("EGL fails").expect("no pbuffer config");
        let version = [
            egl::CONTEXT_MAJOR_VERSION,
            3,
            egl::CONTEXT_MINOR_VERSION,
            2,
            egl::CONTEXT_OPENGL_PROFILE_MASK,
            egl::CONTEXT_OPENGL_CORE_PROFILE_BIT,
            egl::NONE,
        ];
        let context =
            egl.create_context(display, config, None, &version).expect("no OpenGL 3.2 core context");
        let surface = egl
            .create_pbuffer_surface(display, config, &[egl::WIDTH, 16, egl::HEIGHT, 16, egl::NONE])
            .expect("no pbuffer surface");
        egl.make_current(display, Some(surface), Some(surface), Some(context))
            .expect("context cannot be current");
        // SAFETY: the context is current, and EGL's loader gives the functions of the current API.
        let gl = unsafe {
            glow::Context::from_loader_function(|name| {
                egl.get_proc_address(name).map_or(std::ptr::null(), |f| f as *const std::ffi::c_void)
            })
        };
        Self { egl, display, gl }
    }

    /// Paints `scene` away from the framebuffer's corner and reads it back, rows from the top.
    fn paint(&self, painter: &mut GlPainter, scene: &Scene, antialias: Antialias) -> Vec<u8> {
        let (gl, (width, height)) = (&self.gl, SIZE);
        let origin = [7, 5];
        let mut bytes = vec![0_u8; (width * height * 4) as usize];
        // SAFETY: the context is current; the framebuffer covers the painted rectangle and `bytes` what is read.
        unsafe {
            let target = gl.create_renderbuffer().expect("no renderbuffer");
            gl.bind_renderbuffer(glow::RENDERBUFFER, Some(target));
            gl.renderbuffer_storage(glow::RENDERBUFFER, glow::RGBA8, width as i32 + 16, height as i32 + 16);
            let framebuffer = gl.create_framebuffer().expect("no framebuffer");
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
            gl.framebuffer_renderbuffer(
                glow::FRAMEBUFFER,
                glow::COLOR_ATTACHMENT0,
                glow::RENDERBUFFER,
                Some(target),
            );
            assert_eq!(gl.check_framebuffer_status(glow::FRAMEBUFFER), glow::FRAMEBUFFER_COMPLETE);
            painter.paint(gl, scene, origin, [width, height], antialias);
            let pixels = glow::PixelPackData::Slice(Some(&mut bytes));
            let (w, h) = (width as i32, height as i32);
            gl.read_pixels(origin[0], origin[1], w, h, glow::RGBA, glow::UNSIGNED_BYTE, pixels);
            assert_eq!(gl.get_error(), glow::NO_ERROR);
            gl.delete_framebuffer(framebuffer);
            gl.delete_renderbuffer(target);
        }
        bytes.chunks_exact(width as usize * 4).rev().flatten().copied().collect()
    }
}

impl Drop for Offscreen {
    fn drop(&mut self) {
        // Nothing can be done about a failure while the test ends.
        let _ = self.egl.terminate(self.display);
    }
}

/// Mean absolute difference over red, green and blue, in 1/255.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let rgb = |bytes: &[u8]| -> Vec<u8> { bytes.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect() };
    let (a, b) = (rgb(a), rgb(b));
    let total: u64 = a.iter().zip(&b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    total as f64 / a.len() as f64
}

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
        let painted = offscreen.paint(&mut painter, &scene, antialias);
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
