//! The picture's shader, as the plug-in has it, in the words of WebGL2 or of OpenGL.

use axum::extract::Query;
use axum::http::header;
use axum::response::IntoResponse;
use dendrite_julia::shader::{self, Target};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which language.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `#version 300 es`, for WebGL2.
    #[default]
    Gles300,
    /// `#version 150 core`, for OpenGL 3.2.
    Gl150,
}

/// How the shader is wanted.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ShaderQuery {
    /// `gles300` unless it is named.
    #[serde(default)]
    language: Language,
}

impl Language {
    fn target(self) -> Target {
        match self {
            Language::Gles300 => Target::Gles300,
            Language::Gl150 => Target::Gl150,
        }
    }
}

const PLAIN: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

/// The fragment shader with its constants.
#[utoipa::path(get, path = "/api/shader/julia.frag", tag = "picture", params(ShaderQuery),
    responses((status = 200, description = "GLSL", body = String, content_type = "text/plain")))]
pub async fn fragment(Query(query): Query<ShaderQuery>) -> impl IntoResponse {
    (PLAIN, shader::fragment_source(query.language.target()))
}

/// The vertex shader: one triangle without buffers.
#[utoipa::path(get, path = "/api/shader/julia.vert", tag = "picture", params(ShaderQuery),
    responses((status = 200, description = "GLSL", body = String, content_type = "text/plain")))]
pub async fn vertex(Query(query): Query<ShaderQuery>) -> impl IntoResponse {
    (PLAIN, shader::vertex_source(query.language.target()))
}
