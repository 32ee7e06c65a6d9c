//! Counts, kept for a moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as Lock, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::Select;
use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use waiting_room_core::EventId;

use super::{
    ledger::Ledger,
    schema::{EVENT, INDEX, PARTITIONS, SWEEP, ledger_key, pending_partition},
    table::{Table, failed, text},
};
use crate::{BackendError, Tally};

/// For how long a tally is good.
const FRESH: Duration = Duration::from_millis(900);

/// So many times longer than it took, if that is more: a backlog that takes long to count is counted less
/// often.
const REST: u32 = 10;

/// Counts what there is of each event.
#[derive(Debug)]
pub(super) struct Tallies {
    table: Table,
    kept: Lock<HashMap<EventId, Arc<Mutex<Option<Kept>>>>>,
}

#[derive(Debug)]
struct Kept {
    tally: Tally,
    until: Instant,
}

impl Tallies {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            kept: Lock::default(),
        }
    }

    pub(super) async fn of(&self, event: &EventId) -> Result<Tally, BackendError> {
        let kept = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(event.clone()).or_default().clone()
        };
        // Whoever comes meanwhile waits for the same answer.
        let mut kept = kept.lock().await;
        let started = Instant::now();
        if let Some(kept) = &*kept
            && started < kept.until
        {
            return Ok(kept.tally.clone());
        }
        let tally = self.count(event).await?;
        *kept = Some(Kept {
            tally: tally.clone(),
            until: Instant::now() + FRESH.max(started.elapsed() * REST),
        });
        Ok(tally)
    }

    async fn count(&self, event: &EventId) -> Result<Tally, BackendError> {
        let key = ledger_key(event);
        let partitions = (0..PARTITIONS).map(|n| self.pending(n, event));
        let (ledger, pending) = tokio::join!(
            self.table.versioned::<Ledger>(&key),
            try_join_all(partitions)
        );
        let ledger = ledger?.value;
        let mut orders = ledger.settled();
        orders.pending = pending?.into_iter().sum();
        Ok(Tally {
            orders,
            sold: ledger.taken(),
        })
    }

    async fn pending(&self, n: u8, event: &EventId) -> Result<u64, BackendError> {
        let query = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .index_name(INDEX)
            .select(Select::Count)
            .key_condition_expression("#sweep = :partition")
            .filter_expression("#event = :event")
            .expression_attribute_names("#sweep", SWEEP)
            .expression_attribute_names("#event", EVENT)
            .expression_attribute_values(":partition", text(pending_partition(n)))
            .expression_attribute_values(":event", text(event.as_str()));
        let mut pending = 0;
        let mut next = None;
        loop {
            let answer = query.clone().set_exclusive_start_key(next).send().await;
            let answer = answer.map_err(failed)?;
            pending += u64::try_from(answer.count()).unwrap_or(0);
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(pending);
            }
        }
    }
}
