//! Between a WebSocket and the thread of its session.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::message::{Refusal, Wish};
use super::session::{Input, Session};
use crate::failure::Failure;
use crate::state::App;

/// Bytes of a message at most: 0.68 s of sound at 48 kHz.
const MOST_BYTES: usize = 128 << 10;
/// Messages that wait for the engine, and for the client.
const WAITING: usize = 64;
/// How long a client may take to read why its stream ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Sound in, snapshots out; see docs/STUDIO.md for the messages.
#[utoipa::path(get, path = "/api/live", tag = "live",
    responses((status = 101, description = "A WebSocket"), (status = 503, description = "Too many streams", body = Failure)))]
pub async fn live(State(app): State<Arc<App>>, upgrade: WebSocketUpgrade) -> Response {
    let Ok(permit) = app.streams.clone().try_acquire_owned() else {
        let failure =
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "there are too many live streams already");
        return failure.into_response();
    };
    upgrade
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES)
        .on_upgrade(move |socket| carry(app, socket, permit))
}

async fn carry(app: Arc<App>, socket: WebSocket, permit: OwnedSemaphorePermit) {
    let (mut writer, mut reader) = socket.split();
    let (to_engine, from_socket) = mpsc::channel(WAITING);
    let (to_socket, mut from_engine) = mpsc::channel::<Message>(WAITING);
    let handle = tokio::runtime::Handle::current();
    let out = to_socket.clone();
    let session = thread::Builder::new().name("live".to_owned()).spawn(move || {
        Session::run(app, &handle, from_socket, out);
        drop(permit);
    });
    if session.is_err() {
        return;
    }
    let reading = async move {
        while let Some(Ok(message)) = reader.next().await {
            let input = match message {
                Message::Binary(bytes) => Input::Sound(bytes),
                Message::Text(text) => match serde_json::from_str::<Wish>(&text) {
                    Ok(wish) => Input::Wish(wish),
                    Err(error) => {
                        let refusal = serde_json::to_string(&Refusal::new(&error.to_string()));
                        // The client may have gone.
                        let _ = to_socket.send(Message::text(refusal.unwrap_or_default())).await;
                        let _ = to_socket.send(Message::Close(None)).await;
                        return Reading::Refused;
                    }
                },
                Message::Close(_) => return Reading::Closed,
                Message::Ping(_) | Message::Pong(_) => continue,
            };
            if to_engine.send(input).await.is_err() {
                return Reading::Refused;
            }
        }
        Reading::Closed
    };
    let writing = async move {
        while let Some(message) = from_engine.recv().await {
            let last = matches!(message, Message::Close(_));
            if writer.send(message).await.is_err() || last {
                break;
            }
        }
    };
    let mut writing = std::pin::pin!(writing);
    // When either ends, its channels are dropped, and so the other and the session end.
    tokio::select! {
        end = reading => {
            if end == Reading::Refused {
                // The client is told why, unless it does not listen.
                let _ = tokio::time::timeout(FAREWELL, writing).await;
            }
        }
        () = &mut writing => {}
    }
}

/// Why nothing more is read.
#[derive(PartialEq, Eq)]
enum Reading {
    /// The client has gone.
    Closed,
    /// What it said was refused; the reason is on its way.
    Refused,
}
