//! Pictures that are drawn with fewer pixels than they are shown with, and scaled up smoothly.

use glow::HasContext;

use super::stopwatch::{Cost, Stopwatch};
use super::{GlError, GlPainter, program};
use crate::shader::{self, Target};
use crate::{Quality, Scene};

/// Scales up: a rectangle over the picture, and where its corners lie in the grid.
///
/// The coordinates come from the corners and the fragment shader does nothing but read there: a renderer in software has a path of
/// its own for that, several times as fast as for coordinates that the fragment shader computes.
const SHOW_VERTEX: &str = "
uniform vec2 u_size;             // width and height of the picture, pixels
uniform vec2 u_grid;             // width and height of the grid, drawn pixels
uniform float u_fraction;        // drawn pixels per pixel

out vec2 v_at;

void main() {
    vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    v_at = (corner - 0.5) * u_size * u_fraction / u_grid + 0.5;
    gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}
";

/// The other half of [`SHOW_VERTEX`]. Between the middles of drawn pixels colours change linearly.
const SHOW_FRAGMENT: &str = "
uniform sampler2D u_drawn;       // the grid

in vec2 v_at;
out vec4 o_colour;

void main() {
    o_colour = texture(u_drawn, v_at);
}
";

/// Rounds a grid off whose pixels are so large that their edges would be seen: each becomes the mean of itself and its neighbours with
/// weights 1/6, 2/3, 1/6 in both directions, in four samples that the card interpolates.
///
/// These are the values of the cubic B-spline at the grid's points. Scaled up linearly they stay near to the spline in between
/// (weights 1/12, 5/12, 5/12, 1/12 halfway instead of 1/48, 23/48, 23/48, 1/48), for the price of the small picture instead of
/// the large one.
const ROUND_FRAGMENT: &str = "
uniform vec2 u_grid;             // width and height of the grid, drawn pixels
uniform sampler2D u_drawn;       // the grid

out vec4 o_colour;

void main() {
    const float d = 1.0 / 3.0;
    vec4 below = texture(u_drawn, (gl_FragCoord.xy + vec2(-d, -d)) / u_grid)
        + texture(u_drawn, (gl_FragCoord.xy + vec2(d, -d)) / u_grid);
    vec4 above = texture(u_drawn, (gl_FragCoord.xy + vec2(-d, d)) / u_grid)
        + texture(u_drawn, (gl_FragCoord.xy + vec2(d, d)) / u_grid);
    o_colour = vec4(0.25 * (below + above).rgb, 1.0);
}
";

/// Up to this many drawn pixels per pixel the grid is rounded off.
const ROUND_TO: f32 = 0.5;

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
    show: Step,
    round: Step,
    vertices: glow::VertexArray,
    /// What is drawn, and what is made of it if it is rounded off.
    drawn: Sheet,
    rounded: Sheet,
    /// Format and type of the sheets' pixels.
    pixels: [u32; 2],
    /// What is on the sheets.
    holds: Option<Painted>,
}

/// A program that reads a sheet.
#[derive(Debug)]
struct Step {
    program: glow::Program,
    size: Option<glow::UniformLocation>,
    grid: Option<glow::UniformLocation>,
    fraction: Option<glow::UniformLocation>,
    drawn: Option<glow::UniformLocation>,
}

/// A texture that can be drawn to.
#[derive(Debug)]
struct Sheet {
    framebuffer: glow::Framebuffer,
    texture: glow::Texture,
    /// Width and height of the texture.
    allocated: [u32; 2],
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
    /// With the context current; `None`, and nothing left behind, if it cannot scale.
    fn new(gl: &glow::Context) -> Option<Self> {
        let target = if gl.version().is_embedded { Target::Gles300 } else { Target::Gl150 };
        let with_header = |body: &str| format!("{}{body}", target.header());
        let show = Step::new(gl, &with_header(SHOW_VERTEX), &with_header(SHOW_FRAGMENT));
        let round = Step::new(gl, &shader::vertex_source(target), &with_header(ROUND_FRAGMENT));
        // SAFETY: the caller keeps the context current.
        let vertices = unsafe { gl.create_vertex_array() }.ok();
        match (show, round, vertices, Sheet::new(gl), Sheet::new(gl)) {
            (Some(show), Some(round), Some(vertices), Some(drawn), Some(rounded)) => {
                // The order of a screen's bytes: the fast path wants it. Only where the standard has it.
                let pixels = if gl.version().is_embedded {
                    [glow::RGBA, glow::UNSIGNED_BYTE]
                } else {
                    [glow::BGRA, glow::UNSIGNED_INT_8_8_8_8_REV]
                };
                Some(Self { show, round, vertices, drawn, rounded, pixels, holds: None })
            }
            (show, round, vertices, drawn, rounded) => {
                [show, round].into_iter().flatten().for_each(|step| step.destroy(gl));
                [drawn, rounded].into_iter().flatten().for_each(|sheet| sheet.destroy(gl));
                // SAFETY: as above; nothing else knows it.
                vertices.into_iter().for_each(|vertices| unsafe { gl.delete_vertex_array(vertices) });
                None
            }
        }
    }

    /// Draws the grid. Whether that was possible; either way the framebuffer is what it was.
    fn draw(&mut self, gl: &glow::Context, painter: &mut GlPainter, wanted: &Painted) -> bool {
        let Painted { scene, size, quality } = wanted;
        let grid = quality.size(*size);
        self.holds = None;
        // SAFETY: the caller of `ScaledPainter::paint` keeps the context current; the textures get storage before they are drawn to.
        unsafe {
            let before = gl.get_parameter_framebuffer(glow::DRAW_FRAMEBUFFER_BINDING);
            let scissors = gl.is_enabled(glow::SCISSOR_TEST);
            gl.disable(glow::SCISSOR_TEST);
            let mut possible = self.drawn.begin(gl, grid, self.pixels);
            if possible {
                painter.paint_grid(gl, scene, [0, 0], *size, *quality);
            }
            if possible && rounds(*quality) {
                possible = self.rounded.begin(gl, grid, self.pixels);
                if possible {
                    self.round.begin(gl, &self.drawn, *size, *quality);
                    gl.viewport(0, 0, grid[0] as i32, grid[1] as i32);
                    self.cover(gl, glow::TRIANGLES, 3);
                }
            }
            if possible {
                self.holds = Some(*wanted);
            }
            if scissors {
                gl.enable(glow::SCISSOR_TEST);
            }
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, before);
            possible
        }
    }

    /// Draws the grid over the rectangle.
    fn show(&self, gl: &glow::Context, origin: [i32; 2], size: [u32; 2], quality: Quality) {
        let sheet = if rounds(quality) { &self.rounded } else { &self.drawn };
        // SAFETY: the caller of `ScaledPainter::paint` keeps the context current.
        unsafe {
            self.show.begin(gl, sheet, size, quality);
            gl.viewport(origin[0], origin[1], size[0] as i32, size[1] as i32);
            self.cover(gl, glow::TRIANGLE_STRIP, 4);
        }
    }

    /// Draws with the step that has begun.
    ///
    /// # Safety
    /// The context must be current.
    unsafe fn cover(&self, gl: &glow::Context, mode: u32, count: i32) {
        // SAFETY: as the caller promises.
        unsafe {
            gl.disable(glow::BLEND);
            gl.disable(glow::DEPTH_TEST);
            gl.disable(glow::CULL_FACE);
            gl.bind_vertex_array(Some(self.vertices));
            gl.draw_arrays(mode, 0, count);
            gl.bind_vertex_array(None);
            gl.use_program(None);
            gl.bind_texture(glow::TEXTURE_2D, None);
        }
    }

    fn destroy(self, gl: &glow::Context) {
        self.show.destroy(gl);
        self.round.destroy(gl);
        self.drawn.destroy(gl);
        self.rounded.destroy(gl);
        // SAFETY: it belongs to the context, which is current, and nobody else holds it.
        unsafe { gl.delete_vertex_array(self.vertices) };
    }
}

/// Whether a grid of this quality is rounded off.
fn rounds(quality: Quality) -> bool {
    quality.fraction() <= ROUND_TO
}

impl Step {
    fn new(gl: &glow::Context, vertex: &str, fragment: &str) -> Option<Self> {
        let program = program::link(gl, vertex, fragment).ok()?;
        // SAFETY: the caller of `Scaler::new` keeps the context current.
        let at = |name| unsafe { gl.get_uniform_location(program, name) };
        Some(Self {
            program,
            size: at("u_size"),
            grid: at("u_grid"),
            fraction: at("u_fraction"),
            drawn: at("u_drawn"),
        })
    }

    /// Makes it the program in force, reading a sheet.
    ///
    /// # Safety
    /// The context must be current.
    unsafe fn begin(&self, gl: &glow::Context, sheet: &Sheet, size: [u32; 2], quality: Quality) {
        // SAFETY: as the caller promises.
        unsafe {
            gl.active_texture(glow::TEXTURE0);
            gl.bind_texture(glow::TEXTURE_2D, Some(sheet.texture));
            gl.use_program(Some(self.program));
            let [width, height] = size.map(|side| side as f32);
            gl.uniform_2_f32(self.size.as_ref(), width, height);
            let [width, height] = sheet.allocated.map(|side| side as f32);
            gl.uniform_2_f32(self.grid.as_ref(), width, height);
            gl.uniform_1_f32(self.fraction.as_ref(), quality.fraction());
            gl.uniform_1_i32(self.drawn.as_ref(), 0);
        }
    }

    fn destroy(self, gl: &glow::Context) {
        // SAFETY: it belongs to the context, which is current, and nobody else holds it.
        unsafe { gl.delete_program(self.program) };
    }
}

impl Sheet {
    /// Without storage yet.
    fn new(gl: &glow::Context) -> Option<Self> {
        // SAFETY: the caller of `Scaler::new` keeps the context current.
        unsafe {
            let framebuffer = gl.create_framebuffer().ok()?;
            let Ok(texture) = gl.create_texture() else {
                gl.delete_framebuffer(framebuffer);
                return None;
            };
            gl.bind_texture(glow::TEXTURE_2D, Some(texture));
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
            Some(Self { framebuffer, texture, allocated: [0, 0] })
        }
    }

    /// Makes it what is drawn to, in this size; whether it can be.
    ///
    /// # Safety
    /// The context must be current.
    unsafe fn begin(&mut self, gl: &glow::Context, size: [u32; 2], pixels: [u32; 2]) -> bool {
        // SAFETY: as the caller promises; without data nothing is read from the caller's memory.
        unsafe {
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, Some(self.framebuffer));
            if self.allocated == size {
                return true;
            }
            gl.active_texture(glow::TEXTURE0);
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            gl.bind_buffer(glow::PIXEL_UNPACK_BUFFER, None);
            let data = glow::PixelUnpackData::Slice(None);
            let (kind, [width, height], [format, of]) =
                (glow::RGBA8 as i32, size.map(|side| side as i32), pixels);
            gl.tex_image_2d(glow::TEXTURE_2D, 0, kind, width, height, 0, format, of, data);
            gl.bind_texture(glow::TEXTURE_2D, None);
            let (target, place) = (glow::DRAW_FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
            gl.framebuffer_texture_2d(target, place, glow::TEXTURE_2D, Some(self.texture), 0);
            let complete = gl.check_framebuffer_status(target) == glow::FRAMEBUFFER_COMPLETE;
            self.allocated = if complete { size } else { [0, 0] };
            complete
        }
    }

    fn destroy(self, gl: &glow::Context) {
        // SAFETY: the objects belong to the context, which is current, and nobody else holds them.
        unsafe {
            gl.delete_framebuffer(self.framebuffer);
            gl.delete_texture(self.texture);
        }
    }
}
