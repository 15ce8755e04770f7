//! Connections: accepted one after the other, and closed where a client takes too long over the head of a request.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// The pause after a connection could not be accepted, as when there are too many open files: others end meanwhile.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until it is dropped. A connection is closed when no whole head of a request has come after `patience`, be it the
/// first or the next; bodies have their own limit, see [`router`](crate::routes::router).
pub async fn serve(listener: TcpListener, routes: Router, patience: Duration) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Snapshots are small and are wanted at once. Without it they come a little later.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(patience);
            // A connection that breaks is its client's business.
            let _ = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}
