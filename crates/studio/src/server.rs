//! The studio from its start to its end.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::connections::serve;
use crate::folder::Folder;
use crate::guard::Guard;
use crate::options::Options;
use crate::routes::router;
use crate::state::App;
use crate::train::Trainer;

/// Why the studio cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Other machines could ask, and nobody said that they may.
    #[error(
        "{0} is no loopback address: other machines could ask; add --allow-remote if they may, with a token"
    )]
    Remote(IpAddr),
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {error}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The model folder cannot be used.
    #[error(transparent)]
    Models(#[from] dendrite_engine::SetError),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The operating system gives no threads or no random numbers.
    #[error("the operating system refuses: {0}")]
    System(String),
}

/// A studio that serves. Dropping it stops a training as [`shut_down`](Self::shut_down) does.
#[derive(Debug)]
pub struct Studio {
    /// Taken when it is shut down.
    runtime: Option<Runtime>,
    app: Arc<App>,
    address: SocketAddr,
    token: Option<String>,
}

impl Studio {
    /// Binds the address and serves from then on, on threads of its own.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(options: Options) -> Result<Self, StartError> {
        let is_remote = !options.host.is_loopback();
        if is_remote && !options.allow_remote {
            return Err(StartError::Remote(options.host));
        }
        if let Some(models) = &options.models {
            dendrite_engine::ModelSet::load(models, dendrite_engine::DEFAULT_WEIGHTS)?;
        }
        let folder = Folder::open(&options.data_dir)
            .map_err(|error| StartError::Folder { path: options.data_dir.display().to_string(), error })?;
        let folder = Arc::new(folder);
        let rules = if is_remote { Guard::remote(options.host) } else { Ok(Guard::local(options.host)) };
        let rules = rules.map_err(|error| StartError::System(error.to_string()))?;
        let token = rules.token().map(str::to_owned);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| StartError::System(error.to_string()))?;
        let app = Arc::new(App {
            trainer: Trainer::new(folder.clone(), options.trainer, options.models.clone()),
            folder,
            models: options.models,
            limits: options.limits,
            streams: Arc::new(Semaphore::new(options.limits.streams)),
        });
        let wanted = SocketAddr::new(options.host, options.port);
        let failed = |error| StartError::Listen { address: wanted, error };
        let listener = runtime.block_on(TcpListener::bind(wanted)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let routes = router(app.clone(), rules);
        // Serving ends with the runtime.
        runtime.spawn(serve(listener, routes, options.limits.patience));
        Ok(Self { runtime: Some(runtime), app, address, token })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to open in a browser. Holds the token, where one is needed.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(own_address().unwrap_or(address.ip()));
        }
        match &self.token {
            Some(token) => format!("http://{address}/?token={token}"),
            None => format!("http://{address}/"),
        }
    }

    /// Serves until Ctrl-C or the system's request to end, then shuts down.
    pub fn run_until_interrupted(mut self) {
        if let Some(runtime) = &self.runtime {
            runtime.block_on(interruption());
        }
        self.end();
    }

    /// Stops a training, whose last finished epoch is on disk then, and ends all connections.
    pub fn shut_down(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.app.trainer.shut_down();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(unix)]
async fn interruption() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
    }
}

#[cfg(not(unix))]
async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The address under which other machines reach this one: that of the way to the outside. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    // An address that is set aside for documentation (RFC 5737).
    const OUTSIDE: (&str, u16) = ("192.0.2.1", 9);
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect(OUTSIDE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
