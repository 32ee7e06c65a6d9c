//! The connection to the store.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use redis::{
    Client, ErrorKind, RedisError, ScriptInvocation, ServerErrorKind, TlsCertificates, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
};
use thiserror::Error;
use tokio::sync::{Semaphore, TryAcquireError};

/// Where the store is and how patient to be with it.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `redis://` or, with TLS, `rediss://`, with user and password where there are any. In cluster mode some
    /// of the nodes, at least one.
    pub urls: Vec<String>,
    /// Whether the nodes form a cluster.
    pub cluster: bool,
    /// A PEM file with the authorities to trust instead of the public ones.
    pub authorities: Option<PathBuf>,
    /// How long a command may take.
    pub timeout: Duration,
    /// How many commands may be under way at once; more are refused.
    pub most_under_way: usize,
}

impl RedisConfig {
    /// One server at `url`.
    pub fn server(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            cluster: false,
            authorities: None,
            timeout: Duration::from_secs(2),
            most_under_way: 2_000,
        }
    }
}

/// Why the store can't be opened.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL or what it names can't be used.
    #[error("the queue store cannot be used")]
    Redis(#[from] RedisError),
    /// The file of authorities can't be read.
    #[error("the authorities in {path} cannot be read")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No URL was given.
    #[error("no address of the queue store was given")]
    NoUrl,
}

/// Why there is no answer.
#[derive(Clone, Debug, Error)]
pub(crate) enum NoAnswer {
    #[error("redis: {0}")]
    Redis(#[from] Arc<RedisError>),
    #[error("the last command failed a moment ago")]
    Resting,
    #[error("too many commands are under way")]
    TooMany,
}

/// After a failure, this long nobody but the controller asks: who waits for a store that is away would only pile up.
const REST: Duration = Duration::from_millis(300);

/// The connection, made anew when it breaks or when the other end turns out to be a replica.
pub(crate) struct Link {
    line: Line,
    under_way: Semaphore,
    started: Instant,
    /// Milliseconds since `started` at the last failure, 0 for none since the last success.
    failed_at: AtomicU64,
}

enum Line {
    Server(Box<Server>),
    Cluster(ClusterConnection),
}

struct Server {
    client: Client,
    config: ConnectionManagerConfig,
    manager: ArcSwap<ConnectionManager>,
}

impl Server {
    /// Asks over the connection there is; makes a new one when its other end is not the primary any more, which
    /// the connection itself, as it works, would not notice.
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let used = self.manager.load_full();
        let answer = question(&mut ConnectionManager::clone(&used)).await;
        // Of all who fail together one is enough.
        if answer.as_ref().is_err_and(is_elsewhere) && Arc::ptr_eq(&used, &self.manager.load()) {
            self.reconnect();
        }
        answer
    }

    fn reconnect(&self) {
        match ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone()) {
            Ok(fresh) => self.manager.store(Arc::new(fresh)),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no new connection to the queue store"
            ),
        }
    }
}

impl Link {
    pub(crate) async fn open(config: &RedisConfig) -> Result<Self, ConnectError> {
        let certificates = certificates(config)?;
        let line = if config.cluster {
            let mut builder = ClusterClient::builder(config.urls.clone())
                .response_timeout(config.timeout)
                .connection_timeout(config.timeout)
                .retries(2);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            Line::Cluster(builder.build()?.get_async_connection().await?)
        } else {
            let url = config.urls.first().ok_or(ConnectError::NoUrl)?.as_str();
            let client = match certificates {
                Some(certificates) => Client::build_with_tls(url, certificates)?,
                None => Client::open(url)?,
            };
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(100))
                .set_connection_timeout(Some(config.timeout))
                .set_response_timeout(Some(config.timeout));
            let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
            Line::Server(Box::new(Server {
                client,
                config,
                manager: ArcSwap::from_pointee(manager),
            }))
        };
        Ok(Self {
            line,
            under_way: Semaphore::new(config.most_under_way),
            started: Instant::now(),
            failed_at: AtomicU64::new(0),
        })
    }

    /// Calls a script, unless the store failed a moment ago.
    pub(super) async fn call(&self, call: &ScriptInvocation<'_>) -> Result<Value, NoAnswer> {
        let failed_at = self.failed_at.load(Ordering::Relaxed);
        if failed_at > 0 && self.clock().saturating_sub(failed_at) < REST.as_millis() as u64 {
            return Err(NoAnswer::Resting);
        }
        self.call_always(call).await
    }

    /// Calls a script even so: what the controller does once a tick, which finds out that the store is back.
    pub(crate) async fn call_always(&self, call: &ScriptInvocation<'_>) -> Result<Value, NoAnswer> {
        let _permit = self.under_way.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits | TryAcquireError::Closed => NoAnswer::TooMany,
        })?;
        let answer = match &self.line {
            Line::Server(server) => {
                server
                    .ask(async |connection| call.invoke_async(connection).await)
                    .await
            }
            Line::Cluster(connection) => call.invoke_async(&mut connection.clone()).await,
        };
        self.noted(answer)
    }

    /// Asks whether it answers.
    pub(super) async fn ping(&self) -> Result<(), NoAnswer> {
        let ping = redis::cmd("PING");
        let answer = match &self.line {
            Line::Server(server) => {
                server
                    .ask(async |connection| connection.req_packed_command(&ping).await)
                    .await
            }
            Line::Cluster(connection) => connection.clone().req_packed_command(&ping).await,
        };
        self.noted(answer).map(|_| ())
    }

    fn noted(&self, answer: Result<Value, RedisError>) -> Result<Value, NoAnswer> {
        match answer {
            Ok(value) => {
                self.failed_at.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Err(error) => {
                // Of a script that was refused the next may well succeed.
                if error.is_io_error() || error.is_unrecoverable_error() || is_elsewhere(&error) {
                    self.failed_at.store(self.clock().max(1), Ordering::Relaxed);
                }
                Err(Arc::new(error).into())
            }
        }
    }

    fn clock(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

fn certificates(config: &RedisConfig) -> Result<Option<TlsCertificates>, ConnectError> {
    let Some(path) = &config.authorities else {
        return Ok(None);
    };
    let pem = std::fs::read(path).map_err(|source| ConnectError::Authorities {
        path: path.clone(),
        source,
    })?;
    Ok(Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(pem),
    }))
}

/// Whether `error` says that the primary is not at the other end of this connection, or that nobody is: a frozen
/// machine keeps its connections open for ever.
fn is_elsewhere(error: &RedisError) -> bool {
    error.is_timeout()
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::BusyLoading
            )
        )
}
