//! Serving HTTP/1.1 with every resource bounded, and draining when asked to.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{front::Front, operator::note_peer, stalled::BreaksWhenStalled};

/// What one listener may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the kernel's backlog.
    pub connections: usize,
    /// How long a client may take for a request's head, and how long a connection may idle between
    /// two requests. Longer than the longest poll interval, so that a waiting fan keeps the
    /// connection: a new one costs several times a kept-alive request.
    pub head: Duration,
    /// Whether a connection may carry more than one request.
    pub keep_alive: bool,
    /// How long a request may take until its answer begins, its body's arrival included.
    pub request: Duration,
    /// How long a client may take nothing of its answer.
    pub stall: Duration,
    /// How long requests may go on once the process is asked to end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            head: Duration::from_secs(75),
            keep_alive: true,
            request: Duration::from_secs(10),
            stall: Duration::from_secs(15),
            drain: Duration::from_secs(6),
        }
    }
}

/// A connection that gets one of the last slots is for one request, sent at once: so fans who keep
/// theirs between two polls never lock newcomers out.
const CROWDED_HEAD: Duration = Duration::from_secs(2);

impl Limits {
    fn for_next(self, free_slots: usize) -> Self {
        let crowded = free_slots < self.connections.div_ceil(5);
        if crowded {
            Self {
                head: CROWDED_HEAD,
                keep_alive: false,
                ..self
            }
        } else {
            self
        }
    }
}

/// Listens on `address`, with room for a stampede of connections that are not accepted yet: what
/// does not fit is lost, and tried again by its client seconds later. The kernel may allow fewer
/// (`net.core.somaxconn`).
///
/// # Errors
/// When the address can't be listened on.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // So that a program that was killed can start again on its port at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A request's head may be this long, in bytes: several times a browser's longest.
const LONGEST_HEAD: usize = 64 * 1024;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 16_384;

/// Lets this process open as many connections as the system's hard limit allows.
pub fn raise_open_files_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Serves `front` on `listener` until `shutdown` is cancelled and the requests under way have ended,
/// or [`Limits::drain`] has passed.
pub async fn serve(listener: TcpListener, front: Front, shutdown: CancellationToken) {
    let limits = front.limits();
    let front = Arc::new(front);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else {
            continue;
        };
        let limits = limits.for_next(slots.available_permits());
        let (front, shutdown, abort) = (front.clone(), shutdown.clone(), abort.clone());
        connections.spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = connection((stream, peer), front, limits, shutdown) => {}
            }
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    if timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "drain overran, closing what is left"
        );
        abort.cancel();
        connections.wait().await;
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            // Out of file descriptors, or a client that was gone: trying at once would spin.
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    front: Arc<Front>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was not set");
    }
    let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        note_peer(&mut request, peer);
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(
            TokioIo::new(BreaksWhenStalled::new(stream, limits.stall)),
            service,
        );
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke off");
    }
}
