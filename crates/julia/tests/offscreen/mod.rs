//! An OpenGL context without a window, through EGL (Mesa's software renderer will do; Debian: `libegl1 libgl1-mesa-dri`).

use glow::HasContext;
use khronos_egl as egl;

type Egl = egl::DynamicInstance<egl::EGL1_4>;

/// An OpenGL 3.2 core context without a window, current on this thread.
pub struct Offscreen {
    egl: Egl,
    display: egl::Display,
    pub gl: glow::Context,
}

impl Offscreen {
    /// A new context. For one test of a process, before any other thread is started: it sets an environment variable.
    pub fn new() -> Self {
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

    /// Lets `paint` draw a picture of `size` pixels away from the framebuffer's corner, at the origin that it is given, and reads it
    /// back, rows from the top.
    pub fn paint(&self, [width, height]: [u32; 2], paint: impl FnOnce(&glow::Context, [i32; 2])) -> Vec<u8> {
        let gl = &self.gl;
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
            paint(gl, origin);
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
pub fn difference(a: &[u8], b: &[u8]) -> f64 {
    let rgb = |bytes: &[u8]| -> Vec<u8> { bytes.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect() };
    let (a, b) = (rgb(a), rgb(b));
    let total: u64 = a.iter().zip(&b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    total as f64 / a.len() as f64
}
