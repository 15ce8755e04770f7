//! The picture as a fragment shader, for OpenGL 3.2 core and for WebGL2.
//!
//! The shader draws the whole viewport from one triangle without vertex buffers (`gl_VertexID` 0, 1, 2). Uniforms, all
//! in [`Uniforms`]:
//!
//! | name | type | meaning |
//! | --- | --- | --- |
//! | `u_origin` | vec2 | lower left corner of the picture in the framebuffer, pixels |
//! | `u_size` | vec2 | size of the picture, pixels |
//! | `u_c`, `u_centre`, `u_step` | vec2 | as in [`Frame`] |
//! | `u_view_height`, `u_glow` | float | as in [`Frame`] |
//! | `u_iterations` | int | as in [`Frame`] |
//! | `u_capture` | vec3 | [`Capture`](crate::Capture): x, y, squared radius |
//! | `u_light` | vec3 | as in [`Frame`] |
//! | `u_rim` | vec3 | rim colour of the [`Table`](crate::palettes::Table) |
//! | `u_samples` | int | samples per pixel and axis, 1 or 2 |
//! | `u_table` | sampler2D | the [`Table`](crate::palettes::Table)'s colours: RGBA32F, 256 x 2, exterior row first, no filter |

use std::fmt::Write;

use crate::{Frame, Scene, cpu::Antialias, formula, palettes::Table};

/// The shader language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `#version 150 core`: OpenGL 3.2.
    Gl150,
    /// `#version 300 es`: OpenGL ES 3 and WebGL2.
    Gles300,
}

impl Target {
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Gl150 => "#version 150 core\n",
            Self::Gles300 => {
                "#version 300 es\nprecision highp float;\nprecision highp int;\nprecision highp sampler2D;\n"
            }
        }
    }
}

/// The vertex shader: one triangle that covers the viewport.
pub fn vertex_source(target: Target) -> String {
    format!(
        "{}void main() {{\n    vec2 corner = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1));\n    \
         gl_Position = vec4(corner - 1.0, 0.0, 1.0);\n}}\n",
        target.header()
    )
}

/// The fragment shader: header, the constants of [`formula`], and the body in `assets/shaders/julia.frag`.
pub fn fragment_source(target: Target) -> String {
    let mut source = String::from(target.header());
    let constants = [
        ("ESCAPE_RADIUS_SQUARED", formula::ESCAPE_RADIUS_SQUARED),
        ("RELIEF_DECAY", formula::RELIEF_DECAY),
        ("BUMP_CURVATURE", formula::BUMP_CURVATURE),
        ("TRAP_FADE", formula::TRAP_FADE),
        ("TRAP_BLUR", formula::TRAP_BLUR),
        ("TRAP_WIDTH", formula::TRAP_WIDTH),
        ("THREAD_STRENGTH", formula::THREAD_STRENGTH),
        ("DERIVATIVE_LIMIT_SQUARED", formula::DERIVATIVE_LIMIT_SQUARED),
        ("RIM_WIDTH", formula::RIM_WIDTH),
        ("OUTER_SLOPE", formula::OUTER_SLOPE),
        ("RIM_REST", formula::RIM_REST),
        ("RIM_GLOW", formula::RIM_GLOW),
        ("HALO_WIDTH", formula::HALO_WIDTH),
        ("EXTERIOR_MIDDLE", formula::EXTERIOR_MIDDLE),
        ("BLEND_FROM", formula::BLEND_FROM),
        ("BLEND_TO", formula::BLEND_TO),
        ("RELIEF_SLOPE", formula::RELIEF_SLOPE),
        ("RELIEF_SCALE", formula::RELIEF_SCALE),
        ("HEIGHT_SHARE", formula::HEIGHT_SHARE),
        ("INTERIOR_START", formula::INTERIOR_START),
        ("CONVERGENCE_SCALE", formula::CONVERGENCE_SCALE),
        ("CONVERGENCE_SHARE", formula::CONVERGENCE_SHARE),
        ("STRATA", formula::STRATA),
        ("STRATA_STRENGTH", formula::STRATA_STRENGTH),
        ("AMBIENT", formula::AMBIENT),
        ("DIFFUSE", formula::DIFFUSE),
        ("HIGHLIGHT", formula::HIGHLIGHT),
        ("HALF_LN_2", formula::HALF_LN_2),
    ];
    for (name, value) in constants {
        // Scientific notation always reads as a float; nine digits give back every f32.
        writeln!(source, "const float {name} = {value:.9e};").expect("writing to a String cannot fail");
    }
    writeln!(source, "const int RELIEF_STEPS = {};", formula::RELIEF_STEPS)
        .expect("writing to a String cannot fail");
    source.push_str(include_str!("../../../assets/shaders/julia.frag"));
    source
}

/// Values for every uniform but the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniforms {
    /// The numbers of the picture.
    pub frame: Frame,
    /// `u_rim`.
    pub rim: [f32; 3],
    /// `u_samples`.
    pub samples: i32,
}

/// The uniforms that show `scene` at `size` pixels. `table` is brought up to date; upload it where this returns true.
pub fn uniforms(scene: &Scene, size: [u32; 2], antialias: Antialias, table: &mut Table) -> (Uniforms, bool) {
    let changed = table.update(scene);
    let [r, g, b, _] = table.rim;
    let samples = match antialias {
        Antialias::None => 1,
        Antialias::TwoByTwo => 2,
    };
    (Uniforms { frame: Frame::new(scene, size[0], size[1]), rim: [r, g, b], samples }, changed)
}
