use std::{
    collections::VecDeque,
    error::Error,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{counter, describe_counter};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{AuditLog, Entry, Sighting, Unavailable};

const FAILURES: &str = "waiting_room_audit_failures_total";

/// How long an operator waits for the log. The change has been made by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long between two tries to write what is left.
const PAUSE: Duration = Duration::from_secs(2);

/// So many entries are held until they can be written.
const MOST_LEFT: usize = 1_000;

/// While it can't be written, the log of the program says so this often: an alarm that counts these lines goes on.
const COMPLAINS_EVERY: Duration = Duration::from_secs(50);

/// How the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it could be written the last time.
    pub ok: bool,
    /// In a line for a person.
    pub detail: String,
}

/// Writes entries into a log, and holds on to those that can't be written now. Cheap to clone.
#[derive(Clone)]
pub struct Auditor(Arc<Desk>);

struct Desk {
    log: Option<Arc<dyn AuditLog>>,
    state: Mutex<State>,
    left: Notify,
}

struct State {
    complained_at: Option<Instant>,
    left: VecDeque<(Entry, Option<Sighting>)>,
    condition: Condition,
}

impl Auditor {
    /// Writes into `log`. [`Self::run`] has to run too.
    pub fn new(log: Arc<dyn AuditLog>) -> Self {
        Self::of(Some(log))
    }

    /// Keeps nothing: for what is measured or tried, and not operated.
    pub fn of_nothing() -> Self {
        Self::of(None)
    }

    fn of(log: Option<Arc<dyn AuditLog>>) -> Self {
        describe_counter!(FAILURES, "Entries that the audit log did not take");
        let condition = Condition {
            ok: true,
            detail: "the audit log is written".to_owned(),
        };
        Self(Arc::new(Desk {
            log,
            state: Mutex::new(State {
                complained_at: None,
                left: VecDeque::new(),
                condition,
            }),
            left: Notify::new(),
        }))
    }

    /// The log.
    pub fn log(&self) -> Option<&dyn AuditLog> {
        self.0.log.as_deref()
    }

    /// How the log is.
    pub fn condition(&self) -> Condition {
        self.0.state().condition.clone()
    }

    /// Keeps `entry`, of this `sighting` if it is one: durably when this returns, unless the log takes longer than two
    /// seconds or failed the last time; then later.
    pub async fn note(&self, entry: Entry, sighting: Option<Sighting>) {
        let Some(log) = &self.0.log else { return };
        if self.condition().ok {
            let kept = timeout(PATIENCE, log.keep(&entry, sighting.as_ref())).await;
            match kept {
                Ok(Ok(())) => return,
                Ok(Err(error)) => self.0.failed(&entry, &error),
                Err(_) => self
                    .0
                    .failed(&entry, &Unavailable::new("written", "it takes too long")),
            }
        }
        self.note_later(entry, sighting);
    }

    /// Keeps `entry` soon; for what nobody waits for.
    pub fn note_later(&self, entry: Entry, sighting: Option<Sighting>) {
        if self.0.log.is_none() {
            return;
        }
        let mut state = self.0.state();
        if state.left.len() >= MOST_LEFT
            && let Some((lost, _)) = state.left.pop_front()
        {
            tracing::error!(entry = %told(&lost), "the audit log can't be written: an entry is lost");
        }
        state.left.push_back((entry, sighting));
        self.0.left.notify_one();
    }

    /// Writes what is left until `shutdown`, and once more then.
    pub async fn run(&self, shutdown: CancellationToken) {
        let Some(log) = self.0.log.clone() else {
            return;
        };
        loop {
            let ended = shutdown
                .run_until_cancelled(self.0.left.notified())
                .await
                .is_none();
            while let Some((entry, sighting)) = self.0.first() {
                match log.keep(&entry, sighting.as_ref()).await {
                    Ok(()) => self.0.done(&entry),
                    Err(error) => {
                        self.0.failed(&entry, &error);
                        if shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                            break;
                        }
                    }
                }
            }
            if ended {
                return;
            }
        }
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<(Entry, Option<Sighting>)> {
        self.state().left.front().cloned()
    }

    fn done(&self, entry: &Entry) {
        let mut state = self.state();
        state.left.retain(|(left, _)| left.id != entry.id);
        if state.left.is_empty() && !state.condition.ok {
            state.condition = Condition {
                ok: true,
                detail: "the audit log is written again".to_owned(),
            };
            tracing::info!("the audit log is written again");
        }
    }

    fn failed(&self, entry: &Entry, error: &Unavailable) {
        counter!(FAILURES).increment(1);
        let mut state = self.state();
        let reason = error.source().map(ToString::to_string).unwrap_or_default();
        let complained = state.complained_at.filter(|_| !state.condition.ok);
        if complained.is_none_or(|at| at.elapsed() >= COMPLAINS_EVERY) {
            state.complained_at = Some(Instant::now());
            tracing::error!(
                error = error as &dyn Error,
                entry = %told(entry),
                "the audit log can't be written: entries are held until it can"
            );
        }
        state.condition.ok = false;
        state.condition.detail = format!("{error}: {reason}");
    }
}

fn told(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}

/// Does `work` to its end, even if who asked for it goes away meanwhile: what was changed has to be noted too.
pub async fn unbroken<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends: nobody hears the answer.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use waiting_room_core::EventId;

    use super::*;
    use crate::{Action, By, EntryId, Page, Via};

    /// A log that can be out of order, or hang.
    #[derive(Default)]
    struct Flaky {
        down: AtomicBool,
        hangs: AtomicBool,
        kept: Mutex<Vec<EntryId>>,
    }

    #[async_trait]
    impl AuditLog for Flaky {
        async fn keep(&self, entry: &Entry, _: Option<&Sighting>) -> Result<(), Unavailable> {
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.down.load(Ordering::SeqCst) {
                return Err(Unavailable::new("written", "it is down"));
            }
            self.kept.lock().unwrap().push(entry.id.clone());
            Ok(())
        }

        async fn newest_of(&self, _: &str) -> Result<Option<u64>, Unavailable> {
            Ok(None)
        }

        async fn page(
            &self,
            _: &EventId,
            _: Option<&EntryId>,
            _: usize,
        ) -> Result<Page, Unavailable> {
            Err(Unavailable::new("read", "it is flaky"))
        }
    }

    fn entry() -> Entry {
        let by = By::somebody(Via::Api);
        Entry::new(service_kit::now(), None, by, Action::KeysRotated {})
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_not_be_written_is_held_and_written_later() {
        let log = Arc::new(Flaky::default());
        let auditor = Auditor::new(log.clone());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn({
            let (auditor, shutdown) = (auditor.clone(), shutdown.clone());
            async move { auditor.run(shutdown).await }
        });
        log.down.store(true, Ordering::SeqCst);
        let entries = [entry(), entry(), entry()];
        for entry in &entries {
            auditor.note(entry.clone(), None).await;
        }
        assert!(!auditor.condition().ok);
        assert!(auditor.condition().detail.contains("it is down"));
        sleep(Duration::from_secs(60)).await;
        assert!(log.kept.lock().unwrap().is_empty());
        log.down.store(false, Ordering::SeqCst);
        sleep(PAUSE * 2).await;
        let kept = log.kept.lock().unwrap().clone();
        assert_eq!(kept, entries.map(|entry| entry.id));
        assert!(auditor.condition().ok);
        auditor.note_later(entry(), None);
        shutdown.cancel();
        running.await.unwrap();
        assert_eq!(log.kept.lock().unwrap().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_log_that_hangs() {
        let log = Arc::new(Flaky::default());
        log.hangs.store(true, Ordering::SeqCst);
        let auditor = Auditor::new(log.clone());
        let begun = tokio::time::Instant::now();
        for _ in 0..2_000 {
            auditor.note(entry(), None).await;
        }
        assert_eq!(begun.elapsed(), PATIENCE);
        assert_eq!(auditor.0.state().left.len(), MOST_LEFT);
    }
}
