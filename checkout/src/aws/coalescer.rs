//! Makes batches of requests that come at the same time.

use std::{future::Future, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

use crate::BackendError;

/// What SQS takes at once. With entries of a few hundred bytes its limit on their size is far away.
pub(super) const BATCH: usize = 10;

/// How long the first of a batch waits for others.
const LINGER: Duration = Duration::from_millis(4);

/// Batches that are under way at once.
const UNDER_WAY: usize = 32;

/// Requests that wait before callers do.
const WAITING: usize = 1_024;

/// Puts single requests into batches. Each caller gets the result of its own; dropping its future takes
/// back nothing. The task ends with the value.
#[derive(Debug)]
pub(super) struct Coalescer<T> {
    requests: mpsc::Sender<(T, Answer)>,
}

type Answer = oneshot::Sender<Result<(), BackendError>>;

/// One entry of a batch was not done, the others were.
#[derive(Debug, Error)]
#[error("an entry of the batch was refused: {code}")]
pub(super) struct EntryRefused {
    pub(super) code: String,
}

/// The task is gone, or the batch was answered without this entry.
#[derive(Debug, Error)]
#[error("the batch was not answered")]
struct NoAnswer;

impl<T: Send + 'static> Coalescer<T> {
    /// Gives batches of up to [`BATCH`] to `flush`, which says for each entry what became of it.
    pub(super) fn start<F>(flush: impl Fn(Vec<T>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Vec<Result<(), BackendError>>> + Send + 'static,
    {
        let (requests, received) = mpsc::channel(WAITING);
        tokio::spawn(run(received, Arc::new(flush)));
        Self { requests }
    }

    pub(super) async fn put(&self, entry: T) -> Result<(), BackendError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.send((entry, answer)).await;
        sent.map_err(|_| BackendError::unavailable(NoAnswer))?;
        answered
            .await
            .map_err(|_| BackendError::unavailable(NoAnswer))?
    }
}

async fn run<T, F>(mut requests: mpsc::Receiver<(T, Answer)>, flush: Arc<impl Fn(Vec<T>) -> F>)
where
    T: Send + 'static,
    F: Future<Output = Vec<Result<(), BackendError>>> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(UNDER_WAY));
    while let Some((entry, answer)) = requests.recv().await {
        let (mut entries, mut answers) = (vec![entry], vec![answer]);
        let end = Instant::now() + LINGER;
        while entries.len() < BATCH
            && let Ok(Some((entry, answer))) = timeout_at(end, requests.recv()).await
        {
            entries.push(entry);
            answers.push(answer);
        }
        let Ok(slot) = slots.clone().acquire_owned().await else {
            return;
        };
        let flushed = flush(entries);
        tokio::spawn(async move {
            for (answer, result) in answers.into_iter().zip(flushed.await) {
                let _ = answer.send(result);
            }
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn what_comes_at_once_goes_in_batches_and_each_gets_its_own_result() {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = sizes.clone();
        let coalescer = Coalescer::start(move |entries: Vec<usize>| {
            seen.lock().unwrap().push(entries.len());
            async move {
                let odd = |code: &usize| EntryRefused {
                    code: code.to_string(),
                };
                let result = |n: usize| match n % 2 {
                    0 => Ok(()),
                    _ => Err(BackendError::unavailable(odd(&n))),
                };
                entries.into_iter().map(result).collect()
            }
        });
        let results = join_all((0..95).map(|n| coalescer.put(n))).await;
        for (n, result) in results.into_iter().enumerate() {
            assert_eq!(result.is_ok(), n % 2 == 0, "{n}");
            if let Err(error) = result {
                assert!(crate::error::chain(&error).ends_with(&format!(": {n}")));
            }
        }
        let sizes = sizes.lock().unwrap();
        assert!(sizes.iter().all(|size| *size <= BATCH));
        assert_eq!(sizes.iter().sum::<usize>(), 95);
        assert!(sizes.len() < 30, "{sizes:?}");
    }

    #[tokio::test]
    async fn a_flush_that_forgets_an_entry_is_an_error_for_it() {
        let coalescer = Coalescer::start(|_: Vec<()>| async { Vec::new() });
        assert!(coalescer.put(()).await.is_err());
    }
}
