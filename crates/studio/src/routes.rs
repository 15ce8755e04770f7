//! All routes, and their description as OpenAPI.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::Serialize;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::Failure;
use crate::guard::{Guard, guard};
use crate::state::App;
use crate::{library, live, page, presets, shader, sounds, train};

/// Headers of every answer: nothing from elsewhere runs on the page, nobody frames it, and its address, which may hold the
/// token, is told to no one.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; connect-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

#[derive(OpenApi)]
#[openapi(info(title = "Dendrite studio", description = "Train, watch and listen."))]
struct Description;

/// Whether all is well.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// "ok"
    status: &'static str,
    /// Of this program.
    version: &'static str,
    /// Whether dendrite-train was found.
    can_train: bool,
    /// Live streams that may still be opened.
    free_streams: usize,
}

/// Whether all is well.
#[utoipa::path(get, path = "/api/health", tag = "studio", responses((status = 200, body = Health)))]
async fn health(State(app): State<Arc<App>>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        can_train: app.trainer.program().is_some(),
        free_streams: app.streams.available_permits(),
    })
}

/// The router with everything in it.
pub fn router(app: Arc<App>, rules: Guard) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(train::status))
        .routes(routes!(train::start))
        .routes(routes!(train::stop))
        .routes(routes!(train::events))
        .routes(routes!(train::history))
        .routes(routes!(library::latest))
        .routes(routes!(library::metadata))
        .routes(routes!(library::upload))
        .routes(routes!(library::list))
        .routes(routes!(library::remove))
        .routes(routes!(sounds::upload))
        .routes(routes!(sounds::list))
        .routes(routes!(sounds::remove))
        .routes(routes!(shader::fragment))
        .routes(routes!(shader::vertex))
        .routes(routes!(live::live))
        .routes(routes!(presets::list))
        .routes(routes!(health))
        .split_for_parts();
    // The text is made once; the routes above are what it describes.
    let description = Arc::new(description.to_json().unwrap_or_default());
    let openapi = move || {
        let text = description.as_str().to_owned();
        async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() }
    };
    let patience = app.limits.patience;
    let nowhere = || async { Failure::new(StatusCode::NOT_FOUND, "there is no such page") };
    let mut router = router
        .route("/api/openapi.json", get(openapi))
        .route("/", get(page::index))
        .route("/web/{name}", get(page::asset))
        .route("/demo.ogg", get(page::song))
        .fallback(nowhere)
        .with_state(app)
        .layer(RequestBodyTimeoutLayer::new(patience))
        .layer(middleware::from_fn_with_state(rules, guard));
    for (name, value) in HEADERS {
        router = router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)));
    }
    router
}
