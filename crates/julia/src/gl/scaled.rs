//! Pictures that are drawn with fewer pixels than they are shown with, and scaled up smoothly.

use glow::HasContext;

use super::stopwatch::{Cost, Stopwatch};
use super::{GlError, GlPainter, program};
use crate::shader::{self, Target};
use crate::{Quality, Scene};

/// Scales up. Between the middles of drawn pixels colours change linearly; where a drawn pixel is so large that its edges would be seen,
/// by the cubic B-spline, in four samples that the card interpolates (Sigg and Hadwiger, GPU Gems 2, chapter 20).
const FRAGMENT: &str = "
uniform vec2 u_origin;           // lower left corner of the picture in the framebuffer, pixels
uniform vec2 u_size;             // width and height of the picture, pixels
uniform vec2 u_grid;             // width and height of the grid, drawn pixels
uniform float u_fraction;        // drawn pixels per pixel
uniform sampler2D u_drawn;       // the grid

out vec4 o_colour;

vec3 drawn(float x, float y) {
    return texture(u_drawn, vec2(x, y) / u_grid).rgb;
}

void main() {
    vec2 from_middle = gl_FragCoord.xy - u_origin - 0.5 * u_size;
    vec2 at = from_middle * u_fraction + 0.5 * u_grid;
    if (u_fraction > 0.5) {
        o_colour = vec4(drawn(at.x, at.y), 1.0);
        return;
    }
    vec2 cell = floor(at - 0.5);
    vec2 f = at - 0.5 - cell;
    vec2 g = 1.0 - f;
    // Weights of the two drawn pixels before and of the two behind, and of the outer one among each two.
    vec2 first = g * g * g / 6.0;
    vec2 last = f * f * f / 6.0;
    vec2 before = first + (4.0 - 6.0 * f * f + 3.0 * f * f * f) / 6.0;
    vec2 behind = 1.0 - before;
    vec2 low = cell + 0.5 - first / before;
    vec2 high = cell + 1.5 + last / behind;
    vec3 below = before.x * drawn(low.x, low.y) + behind.x * drawn(high.x, low.y);
    vec3 above = before.x * drawn(low.x, high.y) + behind.x * drawn(high.x, high.y);
    o_colour = vec4(before.y * below + behind.y * above, 1.0);
}
";

/// Paints scenes at a [`Quality`] with OpenGL (3.2 core, OpenGL ES 3 or WebGL2) and measures what they cost.
///
/// Every method must be called with the context of [`ScaledPainter::new`] current. As with [`GlPainter`], painting leaves program,
/// vertex array, texture unit 0 and blending changed; framebuffer and scissor test are put back.
#[derive(Debug)]
pub struct ScaledPainter {
    painter: GlPainter,
    stopwatch: Stopwatch,
    scaling: Scaling,
    /// What was painted last.
    last: Option<Painted>,
}

/// A picture as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Painted {
    scene: Scene,
    size: [u32; 2],
    quality: Quality,
}

#[derive(Debug)]
enum Scaling {
    Possible(Box<Scaler>),
    /// The context draws into no texture: every picture is drawn directly.
    Impossible,
}

#[derive(Debug)]
struct Scaler {
    program: glow::Program,
    vertices: glow::VertexArray,
    framebuffer: glow::Framebuffer,
    texture: glow::Texture,
    /// Width and height of the texture.
    allocated: [u32; 2],
    /// What is in the texture.
    holds: Option<Painted>,
    origin: Option<glow::UniformLocation>,
    size: Option<glow::UniformLocation>,
    grid: Option<glow::UniformLocation>,
    fraction: Option<glow::UniformLocation>,
    drawn: Option<glow::UniformLocation>,
}

impl ScaledPainter {
    /// Compiles the shaders, in the language the context speaks.
    ///
    /// # Errors
    /// [`GlError`] with the driver's log, if no picture can be drawn at all.
    pub fn new(gl: &glow::Context) -> Result<Self, GlError> {
        Ok(Self {
            painter: GlPainter::new(gl)?,
            stopwatch: Stopwatch::new(gl),
            scaling: Scaler::new(gl)
                .map_or(Scaling::Impossible, |scaler| Scaling::Possible(Box::new(scaler))),
            last: None,
        })
    }

    /// Whether pictures of less than every pixel are possible. Without, they are drawn with every pixel.
    pub fn scales(&self) -> bool {
        matches!(self.scaling, Scaling::Possible(_))
    }

    /// Paints `scene` over the rectangle at `origin` (lower left corner) of `size` pixels of the bound framebuffer. Returns what a
    /// picture has cost, this one or one of the last few, as soon as it is known.
    ///
    /// A picture that is asked for again and again is drawn twice at most and kept. A renderer in software draws into the texture in
    /// any case: it compiles the shader anew for each kind of target, for a second or so. Sets the viewport to that rectangle; the
    /// scissor box stays the caller's. An empty rectangle paints nothing.
    pub fn paint(
        &mut self,
        gl: &glow::Context,
        scene: &Scene,
        origin: [i32; 2],
        size: [u32; 2],
        quality: Quality,
    ) -> Option<Cost> {
        if size.contains(&0) {
            return None;
        }
        let wanted = Painted { scene: *scene, size, quality };
        let again = self.last.replace(wanted) == Some(wanted);
        let scaler = match &mut self.scaling {
            Scaling::Possible(scaler) if again || !quality.is_full() || self.stopwatch.is_software() => {
                scaler
            }
            _ => {
                let running = self.stopwatch.begin(gl);
                self.painter.paint(gl, scene, origin, size, quality.antialias());
                return self.stopwatch.end(gl, running, samples_drawn(quality, size));
            }
        };
        let mut cost = None;
        if scaler.holds != Some(wanted) {
            let running = self.stopwatch.begin(gl);
            if !scaler.draw(gl, &mut self.painter, &wanted) {
                self.stopwatch.end(gl, running, 0);
                self.give_up_scaling(gl);
                self.painter.paint(gl, scene, origin, size, quality.antialias());
                return None;
            }
            cost = self.stopwatch.end(gl, running, quality.samples(size));
        }
        scaler.show(gl, origin, size, quality);
        cost
    }

    fn give_up_scaling(&mut self, gl: &glow::Context) {
        if let Scaling::Possible(scaler) = std::mem::replace(&mut self.scaling, Scaling::Impossible) {
            scaler.destroy(gl);
        }
    }

    /// Deletes the objects.
    pub fn destroy(mut self, gl: &glow::Context) {
        self.give_up_scaling(gl);
        self.stopwatch.destroy(gl);
        self.painter.destroy(gl);
    }
}

/// Samples of a picture that is drawn directly, which is with every pixel.
fn samples_drawn(quality: Quality, size: [u32; 2]) -> u64 {
    if quality == Quality::BEST { quality.samples(size) } else { Quality::FULL.samples(size) }
}

impl Scaler {
    fn new(gl: &glow::Context) -> Option<Self> {
        let target = if gl.version().is_embedded { Target::Gles300 } else { Target::Gl150 };
        let fragment = format!("{}{FRAGMENT}", target.header());
        let program = program::link(gl, &shader::vertex_source(target), &fragment).ok()?;
        // SAFETY: the caller of `ScaledPainter::new` keeps the context current.
        unsafe {
            let vertices = gl.create_vertex_array();
            let framebuffer = gl.create_framebuffer();
            let texture = gl.create_texture();
            let (Ok(vertices), Ok(framebuffer), Ok(texture)) = (&vertices, &framebuffer, &texture) else {
                gl.delete_program(program);
                vertices.into_iter().for_each(|vertices| gl.delete_vertex_array(vertices));
                framebuffer.into_iter().for_each(|framebuffer| gl.delete_framebuffer(framebuffer));
                texture.into_iter().for_each(|texture| gl.delete_texture(texture));
                return None;
            };
            gl.bind_texture(glow::TEXTURE_2D, Some(*texture));
            for (name, value) in [
                (glow::TEXTURE_MIN_FILTER, glow::LINEAR),
                (glow::TEXTURE_MAG_FILTER, glow::LINEAR),
                (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_MAX_LEVEL, 0),
            ] {
                gl.tex_parameter_i32(glow::TEXTURE_2D, name, value as i32);
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
            let at = |name| gl.get_uniform_location(program, name);
            Some(Self {
                program,
                vertices: *vertices,
                framebuffer: *framebuffer,
                texture: *texture,
                allocated: [0, 0],
                holds: None,
                origin: at("u_origin"),
                size: at("u_size"),
                grid: at("u_grid"),
                fraction: at("u_fraction"),
                drawn: at("u_drawn"),
            })
        }
    }

    /// Draws the grid into the texture. Whether that was possible; if not, the framebuffer is what it was.
    fn draw(&mut self, gl: &glow::Context, painter: &mut GlPainter, wanted: &Painted) -> bool {
        let Painted { scene, size, quality } = wanted;
        let grid = quality.size(*size);
        // SAFETY: the caller of `ScaledPainter::paint` keeps the context current; the texture gets storage before it is drawn to.
        unsafe {
            let before = gl.get_parameter_framebuffer(glow::DRAW_FRAMEBUFFER_BINDING);
            let scissors = gl.is_enabled(glow::SCISSOR_TEST);
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, Some(self.framebuffer));
            let possible = self.allocated == grid || self.allocate(gl, grid);
            if possible {
                gl.disable(glow::SCISSOR_TEST);
                painter.paint_grid(gl, scene, [0, 0], *size, *quality);
                if scissors {
                    gl.enable(glow::SCISSOR_TEST);
                }
                self.holds = Some(*wanted);
            }
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, before);
            possible
        }
    }

    /// Gives the texture another size; whether it can then be drawn to.
    ///
    /// # Safety
    /// The context must be current and the framebuffer bound for drawing.
    unsafe fn allocate(&mut self, gl: &glow::Context, [width, height]: [u32; 2]) -> bool {
        self.holds = None;
        // SAFETY: as the caller promises; without data nothing is read from the caller's memory.
        unsafe {
            gl.active_texture(glow::TEXTURE0);
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            gl.bind_buffer(glow::PIXEL_UNPACK_BUFFER, None);
            let (internal, format, data) =
                (glow::RGBA8 as i32, glow::RGBA, glow::PixelUnpackData::Slice(None));
            let (width, height) = (width as i32, height as i32);
            gl.tex_image_2d(
                glow::TEXTURE_2D,
                0,
                internal,
                width,
                height,
                0,
                format,
                glow::UNSIGNED_BYTE,
                data,
            );
            gl.bind_texture(glow::TEXTURE_2D, None);
            let (target, place) = (glow::DRAW_FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
            gl.framebuffer_texture_2d(target, place, glow::TEXTURE_2D, Some(self.texture), 0);
            let complete = gl.check_framebuffer_status(target) == glow::FRAMEBUFFER_COMPLETE;
            self.allocated = if complete { [width as u32, height as u32] } else { [0, 0] };
            complete
        }
    }

    /// Draws the texture over the rectangle.
    fn show(&self, gl: &glow::Context, origin: [i32; 2], size: [u32; 2], quality: Quality) {
        let pair = |[x, y]: [u32; 2]| (x as f32, y as f32);
        // SAFETY: the caller of `ScaledPainter::paint` keeps the context current.
        unsafe {
            gl.active_texture(glow::TEXTURE0);
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            gl.use_program(Some(self.program));
            gl.uniform_2_f32(self.origin.as_ref(), origin[0] as f32, origin[1] as f32);
            let (width, height) = pair(size);
            gl.uniform_2_f32(self.size.as_ref(), width, height);
            let (width, height) = pair(self.allocated);
            gl.uniform_2_f32(self.grid.as_ref(), width, height);
            gl.uniform_1_f32(self.fraction.as_ref(), quality.fraction());
            gl.uniform_1_i32(self.drawn.as_ref(), 0);
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

    fn destroy(self, gl: &glow::Context) {
        // SAFETY: the objects belong to the context, which is current, and nobody else holds them.
        unsafe {
            gl.delete_program(self.program);
            gl.delete_vertex_array(self.vertices);
            gl.delete_framebuffer(self.framebuffer);
            gl.delete_texture(self.texture);
        }
    }
}
