//! Shader programs.

use glow::HasContext;

use super::GlError;

/// Compiles and links a program of a vertex and a fragment shader.
///
/// # Errors
/// The driver's log; nothing stays behind in the context.
pub fn link(gl: &glow::Context, vertex: &str, fragment: &str) -> Result<glow::Program, GlError> {
    // SAFETY: the painters that call this have their callers keep the context current.
    unsafe {
        let program =
            gl.create_program().map_err(|reason| GlError::Create { object: "shader program", reason })?;
        let sources =
            [(glow::VERTEX_SHADER, "vertex", vertex), (glow::FRAGMENT_SHADER, "fragment", fragment)];
        let result =
            sources.iter().try_for_each(|(kind, stage, source)| attach(gl, program, *kind, stage, source));
        let result = result.and_then(|()| {
            gl.link_program(program);
            if gl.get_program_link_status(program) {
                Ok(program)
            } else {
                Err(GlError::Link { log: gl.get_program_info_log(program) })
            }
        });
        if result.is_err() {
            gl.delete_program(program);
        }
        result
    }
}

/// # Safety
/// The context must be current and own `program`.
unsafe fn attach(
    gl: &glow::Context,
    program: glow::Program,
    kind: u32,
    stage: &'static str,
    source: &str,
) -> Result<(), GlError> {
    // SAFETY: as the caller promises.
    unsafe {
        let shader = gl.create_shader(kind).map_err(|reason| GlError::Create { object: "shader", reason })?;
        gl.shader_source(shader, source);
        gl.compile_shader(shader);
        let compiled = gl.get_shader_compile_status(shader);
        let log = gl.get_shader_info_log(shader);
        if compiled {
            gl.attach_shader(program, shader);
        }
        // Attached, it lives as long as the program.
        gl.delete_shader(shader);
        if compiled { Ok(()) } else { Err(GlError::Compile { stage, log }) }
    }
}
