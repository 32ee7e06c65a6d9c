//! The sweeper: puts orders on the queue that stay pending, because their message was never sent
//! or was lost; has settlements finished that a crash left half done; forgets ended sessions whose
//! tokens have expired; shows the queue's depth.

mod reminders;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use waiting_room_core::Timestamp;

use self::reminders::Reminders;
use super::Fulfilment;
use crate::{BackendError, OrderMessage, error::chain, observe};

/// Orders that are looked at in one page.
const PAGE: usize = 500;

/// Messages that are being sent at once.
const SENDING: usize = 64;

/// How often ended sessions are forgotten.
const FORGET: Duration = Duration::from_secs(60);

pub(super) async fn run(fulfilment: &Fulfilment, shutdown: &CancellationToken) {
    let mut ticks = interval(fulfilment.pace.sweep);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forget_at = Instant::now() + FORGET;
    // What is pending at the start may have lost its message in a crash, and has waited enough.
    let mut at_start = Some(service_kit::now());
    let mut reminders = Reminders::new(fulfilment.pace.overdue);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let forget = Instant::now() >= forget_at;
        if forget {
            forget_at = Instant::now() + FORGET;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            swept = round(fulfilment, forget, at_start, &mut reminders) => match swept {
                Ok(()) => at_start = None,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the sweeper was interrupted");
                }
            }
        }
    }
}

/// Sweeps up the orders that are older than `before`, or else those that are overdue.
async fn round(
    fulfilment: &Fulfilment,
    forget: bool,
    before: Option<Timestamp>,
    reminders: &mut Reminders,
) -> Result<(), BackendError> {
    for event in fulfilment.stock.keys() {
        observe::depth(event, fulfilment.queue.depth(event).await?);
    }
    for event in fulfilment.stock.keys() {
        fulfilment.store.finish_half_done(event).await?;
    }
    if forget {
        fulfilment.store.forget_expired(service_kit::now()).await?;
    }
    let before = before.unwrap_or_else(|| earlier(service_kit::now(), fulfilment.pace.overdue));
    let swept = sweep(fulfilment, before, reminders).await?;
    if swept > 0 {
        tracing::debug!(orders = swept, "orders are pending for long");
        observe::swept(swept);
    }
    Ok(())
}

async fn sweep(
    fulfilment: &Fulfilment,
    before: Timestamp,
    reminders: &mut Reminders,
) -> Result<usize, BackendError> {
    let mut after = None;
    let mut swept = 0;
    reminders.begin();
    loop {
        let page = fulfilment.store.pending(before, after, PAGE).await?;
        let Some((last, _)) = page.last() else {
            reminders.end();
            return Ok(swept);
        };
        after = Some(*last);
        let due = page.into_iter().filter(|(order, _)| reminders.due(*order));
        let due: Vec<_> = due.collect();
        swept += due.len();
        let sent: Vec<_> = stream::iter(due)
            .map(|(order, event)| fulfilment.queue.send(OrderMessage { order, event }))
            .buffer_unordered(SENDING)
            .collect()
            .await;
        sent.into_iter().collect::<Result<Vec<()>, _>>()?;
    }
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}
