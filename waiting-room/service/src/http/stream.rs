//! Server-sent events that end when the process does.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, watch};
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;

use crate::refusal::Refusal;

/// How many streams of one kind a process keeps open.
const MOST: usize = 1_000;

/// The streams that are open.
pub(super) static BOARDS: Semaphore = Semaphore::const_new(MOST);
pub(super) static FIGURES: Semaphore = Semaphore::const_new(MOST);

/// Sends each new value that `changes` sees as an event `name`, written by `data`, until `shutdown`. A
/// reader that is slow misses values, never holds them back.
pub(super) fn of_changes<T: Send + Sync + 'static>(
    slots: &'static Semaphore,
    changes: watch::Receiver<Arc<T>>,
    shutdown: CancellationToken,
    name: &'static str,
    data: impl Fn(&T) -> String + Send + 'static,
) -> Result<Response, Refusal> {
    let slot = slots.try_acquire().map_err(|_| Refusal::TooManyStreams)?;
    let events = WatchStream::new(changes)
        .map(move |value| {
            let _held_as_long_as_the_stream = &slot;
            Ok::<_, Infallible>(Event::default().event(name).data(data(&value)))
        })
        .take_until(shutdown.cancelled_owned());
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    Ok(stream.into_response())
}
