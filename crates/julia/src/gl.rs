//! Draws scenes with OpenGL: compiles the shader, keeps the lookup table in a texture, paints one triangle.

mod program;
mod scaled;
mod stopwatch;

use glow::HasContext;

use crate::{
    Quality, Scene,
    cpu::Antialias,
    palettes::{RAMP, Table},
    shader::{self, Target, Uniforms},
};

pub use scaled::ScaledPainter;
pub use stopwatch::Cost;

/// Why the painter could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GlError {
    /// The driver gave no object.
    #[error("OpenGL could not create a {object}: {reason}")]
    Create {
        /// What was asked for.
        object: &'static str,
        /// The driver's words.
        reason: String,
    },
    /// A shader was refused.
    #[error("the {stage} shader does not compile here: {log}")]
    Compile {
        /// `vertex` or `fragment`.
        stage: &'static str,
        /// The compiler's log.
        log: String,
    },
    /// The program was refused.
    #[error("the shader program does not link here: {log}")]
    Link {
        /// The linker's log.
        log: String,
    },
}

/// The objects that paint scenes in one GL context (OpenGL 3.2 core, OpenGL ES 3 or WebGL2).
///
/// Every method must be called with that context current. Painting leaves program, vertex array, texture unit 0 and
/// blending changed, as `egui_glow` callbacks may.
#[derive(Debug)]
pub struct GlPainter {
    program: glow::Program,
    vertices: glow::VertexArray,
    texture: glow::Texture,
    table: Table,
    locations: Locations,
}

#[derive(Debug)]
struct Locations {
    origin: Option<glow::UniformLocation>,
    size: Option<glow::UniformLocation>,
    c: Option<glow::UniformLocation>,
    centre: Option<glow::UniformLocation>,
    step: Option<glow::UniformLocation>,
    view_height: Option<glow::UniformLocation>,
    iterations: Option<glow::UniformLocation>,
    capture: Option<glow::UniformLocation>,
    glow: Option<glow::UniformLocation>,
    light: Option<glow::UniformLocation>,
    rim: Option<glow::UniformLocation>,
    samples: Option<glow::UniformLocation>,
    table: Option<glow::UniformLocation>,
}

impl GlPainter {
    /// Compiles the shader and creates the texture, in the language the context speaks.
    ///
    /// # Errors
    /// [`GlError`] with the driver's log; nothing stays behind in the context.
    pub fn new(gl: &glow::Context) -> Result<Self, GlError> {
        let target = if gl.version().is_embedded { Target::Gles300 } else { Target::Gl150 };
        let create = |object| move |reason| GlError::Create { object, reason };
        let program = program::link(gl, &shader::vertex_source(target), &shader::fragment_source(target))?;
        // SAFETY: the caller keeps the context current; the objects are used with it alone.
        unsafe {
            let vertices = gl.create_vertex_array().map_err(create("vertex array")).inspect_err(|_| {
                gl.delete_program(program);
            })?;
            let texture = gl.create_texture().map_err(create("texture")).inspect_err(|_| {
                gl.delete_vertex_array(vertices);
                gl.delete_program(program);
            })?;
            gl.bind_texture(glow::TEXTURE_2D, Some(texture));
            for (name, value) in [
                (glow::TEXTURE_MIN_FILTER, glow::NEAREST),
                (glow::TEXTURE_MAG_FILTER, glow::NEAREST),
                (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_MAX_LEVEL, 0),
            ] {
                gl.tex_parameter_i32(glow::TEXTURE_2D, name, value as i32);
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
            let at = |name| gl.get_uniform_location(program, name);
            let locations = Locations {
                origin: at("u_origin"),
                size: at("u_size"),
                c: at("u_c"),
                centre: at("u_centre"),
                step: at("u_step"),
                view_height: at("u_view_height"),
                iterations: at("u_iterations"),
                capture: at("u_capture"),
                glow: at("u_glow"),
                light: at("u_light"),
                rim: at("u_rim"),
                samples: at("u_samples"),
                table: at("u_table"),
            };
            Ok(Self { program, vertices, texture, table: Table::new(), locations })
        }
    }

    /// Paints `scene` over the rectangle at `origin` (lower left corner) of `size` pixels of the bound framebuffer.
    ///
    /// Sets the viewport to that rectangle; the scissor box stays the caller's. An empty rectangle paints nothing.
    pub fn paint(
        &mut self,
        gl: &glow::Context,
        scene: &Scene,
        origin: [i32; 2],
        size: [u32; 2],
        antialias: Antialias,
    ) {
        let (uniforms, changed) = shader::uniforms(scene, size, antialias, &mut self.table);
        self.draw(gl, &uniforms, changed, origin);
    }

    /// Paints a picture of `full` pixels on the grid of a quality, which is not scaled up: it covers `quality.size(full)` pixels
    /// from `origin` on. Otherwise as [`GlPainter::paint`].
    pub(super) fn paint_grid(
        &mut self,
        gl: &glow::Context,
        scene: &Scene,
        origin: [i32; 2],
        full: [u32; 2],
        quality: Quality,
    ) {
        let (uniforms, changed) = shader::uniforms(scene, full, quality.antialias(), &mut self.table);
        let uniforms = Uniforms { frame: uniforms.frame.on_grid_of(quality), ..uniforms };
        self.draw(gl, &uniforms, changed, origin);
    }

    fn draw(&self, gl: &glow::Context, uniforms: &Uniforms, changed: bool, origin: [i32; 2]) {
        let size = uniforms.frame.size;
        if size.contains(&0) {
            return;
        }
        // SAFETY: the caller keeps the context of `new` current; the table's bytes live through the upload.
        unsafe {
            gl.active_texture(glow::TEXTURE0);
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            if changed {
                self.upload(gl);
            }
            gl.use_program(Some(self.program));
            self.set(gl, uniforms, origin);
            gl.viewport(origin[0], origin[1], size[0] as i32, size[1] as i32);
            gl.disable(glow::BLEND);
            gl.disable(glow::DEPTH_TEST);
            gl.disable(glow::CULL_FACE);
            gl.bind_vertex_array(Some(self.vertices));
            gl.draw_arrays(glow::TRIANGLES, 0, 3);
            gl.bind_vertex_array(None);
            gl.use_program(None);
            gl.bind_texture(glow::TEXTURE_2D, None);
        }
    }

    /// # Safety
    /// The context must be current and the painter's texture bound.
    unsafe fn upload(&self, gl: &glow::Context) {
        let bytes: Vec<u8> = self.table.colours.as_flattened().iter().flat_map(|v| v.to_ne_bytes()).collect();
        let (internal, format) = (glow::RGBA32F as i32, glow::RGBA);
        // SAFETY: as the caller promises. `bytes` holds RAMP x 2 texels of four f32; pixel-store state that would read
        // past them is put back to its default first.
        unsafe {
            gl.bind_buffer(glow::PIXEL_UNPACK_BUFFER, None);
            gl.pixel_store_i32(glow::UNPACK_ALIGNMENT, 4);
            gl.pixel_store_i32(glow::UNPACK_ROW_LENGTH, 0);
            let data = glow::PixelUnpackData::Slice(Some(&bytes));
            gl.tex_image_2d(glow::TEXTURE_2D, 0, internal, RAMP as i32, 2, 0, format, glow::FLOAT, data);
        }
    }

    /// # Safety
    /// The context must be current and the painter's program in use.
    unsafe fn set(&self, gl: &glow::Context, uniforms: &Uniforms, origin: [i32; 2]) {
        let (at, frame) = (&self.locations, &uniforms.frame);
        let [x, y] = frame.capture.point;
        let [lx, ly, lz] = frame.light;
        let [r, g, b] = uniforms.rim;
        // SAFETY: as the caller promises; a location the compiler dropped is None, which GL ignores.
        unsafe {
            gl.uniform_2_f32(at.origin.as_ref(), origin[0] as f32, origin[1] as f32);
            gl.uniform_2_f32(at.size.as_ref(), frame.size[0] as f32, frame.size[1] as f32);
            gl.uniform_2_f32(at.c.as_ref(), frame.c[0], frame.c[1]);
            gl.uniform_2_f32(at.centre.as_ref(), frame.centre[0], frame.centre[1]);
            gl.uniform_2_f32(at.step.as_ref(), frame.step[0], frame.step[1]);
            gl.uniform_1_f32(at.view_height.as_ref(), frame.view_height);
            gl.uniform_1_i32(at.iterations.as_ref(), frame.iterations as i32);
            gl.uniform_3_f32(at.capture.as_ref(), x, y, frame.capture.radius_squared);
            gl.uniform_1_f32(at.glow.as_ref(), frame.glow);
            gl.uniform_3_f32(at.light.as_ref(), lx, ly, lz);
            gl.uniform_3_f32(at.rim.as_ref(), r, g, b);
            gl.uniform_1_i32(at.samples.as_ref(), uniforms.samples);
            gl.uniform_1_i32(at.table.as_ref(), 0);
        }
    }

    /// Deletes the objects. The context of [`GlPainter::new`] must be current.
    pub fn destroy(self, gl: &glow::Context) {
        // SAFETY: the objects belong to the context, and nobody else holds them.
        unsafe {
            gl.delete_program(self.program);
            gl.delete_vertex_array(self.vertices);
            gl.delete_texture(self.texture);
        }
    }
}
