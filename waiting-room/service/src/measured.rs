//! A queue store whose every operation is timed and whose failures are counted.

use std::{collections::HashMap, future::Future, sync::Arc, time::Instant};

use async_trait::async_trait;
use metrics::{Counter, Histogram, counter, histogram};
use tracing::Instrument;
use waiting_room_core::{
    Claim, EventId, Joined, Place, QueueFull, RejoinRefused, Rules, SessionId, Snapshot, Standing,
    TicketId, Turn,
};

use crate::{
    metrics::{STORE_FAILURES, STORE_SECONDS},
    queue_store::{Known, QueueStore, Regime, StoreResult},
};

/// What is asked of a queue store.
#[derive(Clone, Copy)]
enum Operation {
    Join,
    Rejoin,
    Claim,
    Leave,
    EndSession,
    Standing,
    Turn,
    TakeOver,
    Snapshot,
}

impl Operation {
    const ALL: [Self; 9] = [
        Self::Join,
        Self::Rejoin,
        Self::Claim,
        Self::Leave,
        Self::EndSession,
        Self::Standing,
        Self::Turn,
        Self::TakeOver,
        Self::Snapshot,
    ];

    /// What a span of it is called.
    const fn span(self) -> &'static str {
        match self {
            Self::Join => "queue-store join",
            Self::Rejoin => "queue-store rejoin",
            Self::Claim => "queue-store claim",
            Self::Leave => "queue-store leave",
            Self::EndSession => "queue-store end_session",
            Self::Standing => "queue-store standing",
            Self::Turn => "queue-store turn",
            Self::TakeOver => "queue-store take_over",
            Self::Snapshot => "queue-store snapshot",
        }
    }

    /// The label.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Rejoin => "rejoin",
            Self::Claim => "claim",
            Self::Leave => "leave",
            Self::EndSession => "end_session",
            Self::Standing => "standing",
            Self::Turn => "turn",
            Self::TakeOver => "take_over",
            Self::Snapshot => "snapshot",
        }
    }
}

/// One counter for each operation.
type Failures = [Counter; Operation::ALL.len()];

/// A queue store, with metrics.
pub(crate) struct Measured {
    store: Arc<dyn QueueStore>,
    seconds: [Histogram; Operation::ALL.len()],
    failures: HashMap<EventId, Failures>,
}

impl Measured {
    /// `store`, of which the queues of `events` are asked for.
    pub(crate) fn new<'a>(
        store: Arc<dyn QueueStore>,
        events: impl Iterator<Item = &'a EventId>,
    ) -> Self {
        let failures = |event: &EventId| {
            Operation::ALL.map(|operation| {
                let event = event.to_string();
                let operation = operation.as_str();
                let failures = counter!(STORE_FAILURES, "event" => event, "operation" => operation);
                // Seen from the start, so that the first failure is seen as one.
                failures.increment(0);
                failures
            })
        };
        Self {
            store,
            seconds: Operation::ALL
                .map(|operation| histogram!(STORE_SECONDS, "operation" => operation.as_str())),
            failures: events
                .map(|event| (event.clone(), failures(event)))
                .collect(),
        }
    }

    async fn measure<T>(
        &self,
        operation: Operation,
        event: &EventId,
        asked: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let since = Instant::now();
        let span = service_kit::traces::child(operation.span());
        let answer = asked.instrument(span).await;
        self.seconds[operation as usize].record(since.elapsed().as_secs_f64());
        if answer.is_err()
            && let Some(failures) = self.failures.get(event)
        {
            failures[operation as usize].increment(1);
        }
        answer
    }
}

#[async_trait]
impl QueueStore for Measured {
    async fn join(
        &self,
        event: &EventId,
        ticket: TicketId,
        drawn: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Joined, QueueFull>> {
        let asked = self.store.join(event, ticket, drawn, regime);
        self.measure(Operation::Join, event, asked).await
    }

    async fn rejoin(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Standing, RejoinRefused>> {
        let asked = self.store.rejoin(event, ticket, place, regime);
        self.measure(Operation::Rejoin, event, asked).await
    }

    async fn claim(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        regime: &Regime,
    ) -> StoreResult<Claim> {
        let asked = self.store.claim(event, ticket, place, session, regime);
        self.measure(Operation::Claim, event, asked).await
    }

    async fn leave(&self, event: &EventId, ticket: TicketId, regime: &Regime) -> StoreResult<bool> {
        let asked = self.store.leave(event, ticket, regime);
        self.measure(Operation::Leave, event, asked).await
    }

    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> StoreResult<bool> {
        let asked = self.store.end_session(event, ticket, session);
        self.measure(Operation::EndSession, event, asked).await
    }

    async fn standing(
        &self,
        event: &EventId,
        ticket: TicketId,
        regime: &Regime,
    ) -> StoreResult<Option<Standing>> {
        let asked = self.store.standing(event, ticket, regime);
        self.measure(Operation::Standing, event, asked).await
    }

    // What every poll asks, and costs less than to measure it.
    fn known_standing(&self, event: &EventId, ticket: TicketId, rules: &Rules) -> Known {
        self.store.known_standing(event, ticket, rules)
    }

    async fn turn(&self, event: &EventId, regime: &Regime) -> StoreResult<Turn> {
        let asked = self.store.turn(event, regime);
        self.measure(Operation::Turn, event, asked).await
    }

    async fn take_over(&self, event: &EventId, region_epoch: u64, seen: bool) -> StoreResult<()> {
        let asked = self.store.take_over(event, region_epoch, seen);
        self.measure(Operation::TakeOver, event, asked).await
    }

    async fn snapshot(&self, event: &EventId, regime: &Regime) -> StoreResult<Snapshot> {
        let asked = self.store.snapshot(event, regime);
        self.measure(Operation::Snapshot, event, asked).await
    }

    async fn ready(&self) -> StoreResult<()> {
        self.store.ready().await
    }
}
