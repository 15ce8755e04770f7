//! The routes of training.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::job::Job;
use super::progress::{State, Status};
use super::request::Request;
use crate::failure::{Failure, aside};
use crate::state::App;

/// The longest that an answer to a stop is waited for.
const STOP: Duration = Duration::from_secs(20);

/// All jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Jobs {
    /// Newest first.
    pub jobs: Vec<Job>,
}

/// How far the newest job is.
#[utoipa::path(get, path = "/api/train/status", tag = "train", responses((status = 200, body = Status)))]
pub async fn status(Shared(app): Shared<Arc<App>>) -> Json<Status> {
    Json(app.trainer.status())
}

/// Starts a job, or goes on with the newest one.
#[utoipa::path(post, path = "/api/train/start", tag = "train", request_body = Request,
    responses((status = 200, body = Status), (status = 409, description = "One runs already", body = Failure),
        (status = 422, description = "A field is wrong; `field` names it", body = Failure),
        (status = 503, description = "dendrite-train is not there", body = Failure)))]
pub async fn start(Shared(app): Shared<Arc<App>>, body: Bytes) -> Result<Json<Status>, Failure> {
    let request = Request::read(&body)?;
    aside(move || app.trainer.start(request).map(Json)).await
}

/// Stops the job that runs; answers when it has stopped.
#[utoipa::path(post, path = "/api/train/stop", tag = "train",
    responses((status = 200, body = Status), (status = 409, description = "None runs", body = Failure)))]
pub async fn stop(Shared(app): Shared<Arc<App>>) -> Result<Json<Status>, Failure> {
    let mut watch = app.trainer.watch();
    app.trainer.stop()?;
    let stopped = watch.wait_for(|status| status.status != State::Training);
    // A job that takes longer stops all the same; the answer then still says "training".
    let _ = tokio::time::timeout(STOP, stopped).await;
    Ok(Json(app.trainer.status()))
}

/// The status now and at every change, as server-sent events called "status".
#[utoipa::path(get, path = "/api/train/events", tag = "train",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn events(Shared(app): Shared<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut watch = app.trainer.watch();
    watch.mark_changed();
    let events = stream::unfold(watch, |mut watch| async move {
        watch.changed().await.ok()?;
        let status = watch.borrow_and_update().clone();
        let event = Event::default().event("status").json_data(status).unwrap_or_default();
        Some((Ok(event), watch))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// What was trained before.
#[utoipa::path(get, path = "/api/train/history", tag = "train", responses((status = 200, body = Jobs)))]
pub async fn history(Shared(app): Shared<Arc<App>>) -> Result<Json<Jobs>, Failure> {
    aside(move || Ok(Json(Jobs { jobs: app.trainer.jobs() }))).await
}
