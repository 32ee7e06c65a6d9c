use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use async_trait::async_trait;
use waiting_room::queue_store::{
    EmbeddedQueueStore, Known, QueueStore, Regime, StoreResult, StoreUnavailable,
};
use waiting_room_core::{
    Claim, EventId, Joined, Place, QueueFull, RejoinRefused, Rules, SessionId, Snapshot, Standing,
    TicketId, Turn,
};

/// A queue store whose line can be cut.
pub(super) struct Interrupted {
    store: EmbeddedQueueStore,
    cut: AtomicBool,
    asked_ready: AtomicUsize,
    asked_to_end: AtomicUsize,
}

impl Interrupted {
    pub(super) fn new(store: EmbeddedQueueStore) -> Self {
        Self {
            store,
            cut: AtomicBool::new(false),
            asked_ready: AtomicUsize::new(0),
            asked_to_end: AtomicUsize::new(0),
        }
    }

    pub(super) fn interrupt(&self, cut: bool) {
        self.cut.store(cut, SeqCst);
    }

    pub(super) fn asked_ready(&self) -> usize {
        self.asked_ready.load(SeqCst)
    }

    pub(super) fn asked_to_end(&self) -> usize {
        self.asked_to_end.load(SeqCst)
    }

    fn line(&self) -> StoreResult<&EmbeddedQueueStore> {
        if self.cut.load(SeqCst) {
            return Err(StoreUnavailable {
                retry_after: Duration::from_millis(10),
                source: "the line is cut".into(),
            });
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl QueueStore for Interrupted {
    async fn join(
        &self,
        event: &EventId,
        ticket: TicketId,
        drawn: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Joined, QueueFull>> {
        self.line()?.join(event, ticket, drawn, regime).await
    }

    async fn rejoin(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Standing, RejoinRefused>> {
        self.line()?.rejoin(event, ticket, place, regime).await
    }

    async fn claim(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        regime: &Regime,
    ) -> StoreResult<Claim> {
        let line = self.line()?;
        line.claim(event, ticket, place, session, regime).await
    }

    async fn leave(&self, event: &EventId, ticket: TicketId, regime: &Regime) -> StoreResult<bool> {
        self.line()?.leave(event, ticket, regime).await
    }

    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> StoreResult<bool> {
        self.asked_to_end.fetch_add(1, SeqCst);
        self.line()?.end_session(event, ticket, session).await
    }

    async fn standing(
        &self,
        event: &EventId,
        ticket: TicketId,
        regime: &Regime,
    ) -> StoreResult<Option<Standing>> {
        self.line()?.standing(event, ticket, regime).await
    }

    fn known_standing(&self, event: &EventId, ticket: TicketId, rules: &Rules) -> Known {
        self.store.known_standing(event, ticket, rules)
    }

    async fn turn(&self, event: &EventId, regime: &Regime) -> StoreResult<Turn> {
        self.line()?.turn(event, regime).await
    }

    async fn take_over(&self, event: &EventId, region_epoch: u64, seen: bool) -> StoreResult<()> {
        self.line()?.take_over(event, region_epoch, seen).await
    }

    async fn snapshot(&self, event: &EventId, regime: &Regime) -> StoreResult<Snapshot> {
        self.line()?.snapshot(event, regime).await
    }

    async fn ready(&self) -> StoreResult<()> {
        self.asked_ready.fetch_add(1, SeqCst);
        self.line()?.ready().await
    }
}
