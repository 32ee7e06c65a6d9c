use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use thiserror::Error;
use waiting_room_core::{
    Claim, Epoch, EventId, EventQueue, Joined, Place, QueueFull, RejoinRefused, Rules, SessionId,
    Snapshot, Standing, TicketId, Timestamp, Turn,
};

use super::{Known, QueueStore, Regime, StoreResult, StoreUnavailable};

/// Tells the store's time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The queues of one process, in its memory.
///
/// They are lost with the process, by design: the order re-forms from the tokens that the fans
/// hold. What is kept on disk is the epoch alone, so that the fans notice.
pub struct EmbeddedQueueStore {
    clock: Clock,
    queues: HashMap<EventId, Mutex<EventQueue>>,
}

/// Why the store could not be opened.
#[derive(Debug, Error)]
#[error("the epoch file {path} cannot be used")]
pub struct OpenError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl EmbeddedQueueStore {
    /// Opens the queues of `events` under the next epoch of `data_dir`. If there was an epoch before,
    /// nobody is called for the first `recovery`, while the fans come back.
    ///
    /// # Errors
    /// When the epoch can't be read or written: without it, a lost queue would go unnoticed.
    pub fn open<'a>(
        data_dir: &Path,
        recovery: Duration,
        events: impl Iterator<Item = (&'a EventId, &'a Regime)>,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let path = data_dir.join("epoch");
        let previous = next_epoch(&path).map_err(|source| OpenError { path, source })?;
        let now = clock();
        let epoch = Epoch::new(previous + 1);
        let recovers_until = if previous == 0 { now } else { now + recovery };
        let queues = events
            .map(|(event, regime)| {
                let queue =
                    EventQueue::new(epoch, now, recovers_until, &regime.rules, &regime.settings);
                (event.clone(), Mutex::new(queue))
            })
            .collect();
        Ok(Self { clock, queues })
    }

    fn queue(&self, event: &EventId) -> StoreResult<MutexGuard<'_, EventQueue>> {
        let queue = self.queues.get(event).ok_or_else(|| StoreUnavailable {
            retry_after: Duration::from_secs(5),
            source: format!("no queue for event {event}").into(),
        })?;
        // A panic in between would have left a consistent, at worst incomplete, step.
        Ok(queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Advances the epoch on disk and returns the one before, 0 for none.
fn next_epoch(path: &Path) -> io::Result<u64> {
    let previous = match fs::read_to_string(path) {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a whole number"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    writeln!(file, "{}", previous + 1)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(previous)
}

#[async_trait]
impl QueueStore for EmbeddedQueueStore {
    async fn join(
        &self,
        event: &EventId,
        ticket: TicketId,
        drawn: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Joined, QueueFull>> {
        let mut queue = self.queue(event)?;
        Ok(queue.join(
            ticket,
            drawn,
            (self.clock)(),
            &regime.rules,
            &regime.settings,
        ))
    }

    async fn rejoin(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Standing, RejoinRefused>> {
        let mut queue = self.queue(event)?;
        Ok(queue.rejoin(
            ticket,
            place,
            (self.clock)(),
            &regime.rules,
            &regime.settings,
        ))
    }

    async fn claim(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        regime: &Regime,
    ) -> StoreResult<Claim> {
        let mut queue = self.queue(event)?;
        let now = (self.clock)();
        Ok(queue.claim(ticket, place, session, now, &regime.rules, &regime.settings))
    }

    async fn leave(&self, event: &EventId, ticket: TicketId, regime: &Regime) -> StoreResult<bool> {
        let mut queue = self.queue(event)?;
        Ok(queue.leave(ticket, (self.clock)(), &regime.rules, &regime.settings))
    }

    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> StoreResult<bool> {
        Ok(self.queue(event)?.end_session(ticket, session))
    }

    async fn standing(
        &self,
        event: &EventId,
        ticket: TicketId,
        regime: &Regime,
    ) -> StoreResult<Option<Standing>> {
        Ok(self.queue(event)?.standing(ticket, &regime.rules))
    }

    fn known_standing(&self, event: &EventId, ticket: TicketId, rules: &Rules) -> Known {
        let Ok(queue) = self.queue(event) else {
            return Known::Nothing;
        };
        queue
            .standing(ticket, rules)
            .map_or(Known::Absent, Known::Standing)
    }

    async fn turn(&self, event: &EventId, regime: &Regime) -> StoreResult<Turn> {
        let mut queue = self.queue(event)?;
        Ok(queue.turn((self.clock)(), &regime.rules, &regime.settings))
    }

    /// There is one region.
    async fn take_over(&self, _: &EventId, _: u64, _: bool) -> StoreResult<()> {
        Ok(())
    }

    async fn snapshot(&self, event: &EventId, regime: &Regime) -> StoreResult<Snapshot> {
        let mut queue = self.queue(event)?;
        Ok(queue.snapshot((self.clock)(), &regime.rules, &regime.settings))
    }

    async fn ready(&self) -> StoreResult<()> {
        Ok(())
    }
}
