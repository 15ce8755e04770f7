//! What a client is told when something cannot be done: a status, a sentence, and the field that is meant.

use std::fmt;
use std::io;
use std::path::Path;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Failure {
    /// HTTP status, for example 422.
    #[serde(skip)]
    pub status: u16,
    /// What is wrong and, where sensible, what to do.
    pub error: String,
    /// The field of the request that is meant, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Failure {
    /// A failure that concerns no single field.
    pub fn new(status: StatusCode, error: impl fmt::Display) -> Self {
        Self { status: status.as_u16(), error: error.to_string(), field: None }
    }

    /// 422: a field holds something else than it should.
    pub fn field(field: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
            error: format!("{field}: expected {expected}, found {found}"),
            field: Some(field.to_owned()),
        }
    }

    /// 500: the operating system refused something that should have worked.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let status = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // The folder is the server's business; the file's own name says enough.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::new(status, format_args!("{doing} {name}: {error}"))
    }

    /// 500: work on another thread ended by a panic.
    pub fn lost() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "an internal error; the server goes on")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

/// Runs work that may block where it blocks nobody.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::lost()))
}
