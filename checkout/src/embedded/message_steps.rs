//! What sending, receiving and answering messages do in a transaction.

use std::time::{Duration, Instant};

use redb::{ReadableTable, StorageError};
use waiting_room_core::{EventId, Timestamp};

use super::{
    batch::{Batch, Done, Halt, Stepped},
    records::{StoredDeadLetter, StoredMessage, decode, encode},
};
use crate::{BackendError, Delivery, OrderMessage, QueuePolicy, Receipt, Retry};

/// Dead letters that one call puts back.
const REDRIVE: usize = 5_000;

/// What is received.
#[derive(Debug)]
pub(super) struct Received {
    /// The messages; none when nothing is ready.
    pub(super) deliveries: Vec<Delivery>,
    /// When a hidden message will be ready.
    pub(super) next_due: Option<Instant>,
}

pub(super) fn send(batch: &mut Batch<'_>, message: &OrderMessage) -> Stepped<(), BackendError> {
    if batch.tables.held.get(message.order.as_bytes())?.is_some() {
        return Ok(Done::Unchanged(()));
    }
    let message = StoredMessage {
        order: message.order,
        event: message.event.clone(),
        received: 0,
        failure: None,
    };
    enqueue(batch, &message)?;
    Ok(Done::Wrote(()))
}

pub(super) fn receive(
    batch: &mut Batch<'_>,
    most: usize,
    policy: QueuePolicy,
    now: Timestamp,
) -> Stepped<Received, BackendError> {
    let clock = Instant::now();
    let mut deliveries = Vec::new();
    let mut buried = 0;
    while deliveries.len() < most
        && let Some(number) = batch.messages.first_ready(clock)
    {
        let Some(mut message) = message(batch, number)? else {
            batch.messages.pass_over(number);
            continue;
        };
        if message.received >= policy.most_receives {
            bury(batch, number, message, now)?;
            buried += 1;
            continue;
        }
        message.received += 1;
        store(batch, number, &message)?;
        deliveries.push(Delivery {
            receipt: batch.messages.hide(number, clock + policy.visibility),
            received: message.received,
            message: OrderMessage {
                order: message.order,
                event: message.event,
            },
        });
    }
    let unchanged = deliveries.is_empty() && buried == 0;
    let received = Received {
        deliveries,
        next_due: batch.messages.next_due(),
    };
    Ok(if unchanged {
        Done::Unchanged(received)
    } else {
        Done::Wrote(received)
    })
}

pub(super) fn acknowledge(batch: &mut Batch<'_>, receipt: &Receipt) -> Stepped<(), BackendError> {
    let Some((number, message)) = held(batch, receipt)? else {
        return Ok(Done::Unchanged(()));
    };
    batch.tables.messages.remove(number)?;
    batch.tables.held.remove(message.order.as_bytes())?;
    batch.messages.remove(number, &message.event);
    Ok(Done::Wrote(()))
}

pub(super) fn extend(
    batch: &mut Batch<'_>,
    receipt: &Receipt,
    visibility: Duration,
) -> Stepped<bool, BackendError> {
    let now = Instant::now();
    let held = batch.messages.held(receipt, now);
    if let Some(number) = held {
        batch.messages.extend(number, now, visibility);
    }
    Ok(Done::Unchanged(held.is_some()))
}

pub(super) fn release(
    batch: &mut Batch<'_>,
    receipt: &Receipt,
    retry: Retry,
    policy: QueuePolicy,
    now: Timestamp,
) -> Stepped<(), BackendError> {
    let Some((number, mut message)) = held(batch, receipt)? else {
        return Ok(Done::Unchanged(()));
    };
    message.failure = Some(retry.reason);
    if message.received >= policy.most_receives {
        bury(batch, number, message, now)?;
    } else {
        store(batch, number, &message)?;
        batch.messages.rest(number, Instant::now() + retry.after);
    }
    Ok(Done::Wrote(()))
}

pub(super) fn redrive(batch: &mut Batch<'_>, event: &EventId) -> Stepped<usize, BackendError> {
    let mut dead = Vec::new();
    for entry in batch.tables.dead.range(all_of(event))?.take(REDRIVE) {
        let (key, record) = entry?;
        let letter: StoredDeadLetter = decode("a dead letter", record.value())?;
        dead.push((key.value().1, letter));
    }
    for (number, letter) in &dead {
        batch.tables.dead.remove((event.as_str(), *number))?;
        batch.messages.unbury(event);
        let message = StoredMessage {
            order: letter.order,
            event: event.clone(),
            received: 0,
            failure: Some(letter.reason.clone()),
        };
        enqueue(batch, &message)?;
    }
    if dead.is_empty() {
        return Ok(Done::Unchanged(0));
    }
    Ok(Done::Wrote(dead.len()))
}

/// The keys of all dead letters of `event`.
pub(super) fn all_of(event: &EventId) -> std::ops::RangeInclusive<(&str, u64)> {
    (event.as_str(), 0)..=(event.as_str(), u64::MAX)
}

fn enqueue(batch: &mut Batch<'_>, message: &StoredMessage) -> Result<(), Halt<BackendError>> {
    let record = encode(message)?;
    let number = batch.messages.add(&message.event);
    batch.tables.messages.insert(number, record.as_slice())?;
    batch.tables.held.insert(message.order.as_bytes(), number)?;
    Ok(())
}

fn bury(
    batch: &mut Batch<'_>,
    number: u64,
    message: StoredMessage,
    died_at: Timestamp,
) -> Result<(), Halt<BackendError>> {
    let received = message.received;
    let letter = StoredDeadLetter {
        order: message.order,
        reason: message
            .failure
            .unwrap_or_else(|| format!("it was received {received} times and never acknowledged")),
        received,
        died_at,
    };
    let record = encode(&letter)?;
    let event = message.event;
    batch.tables.messages.remove(number)?;
    let key = (event.as_str(), number);
    batch.tables.dead.insert(key, record.as_slice())?;
    batch.messages.bury(number, &event);
    tracing::warn!(order = %letter.order, %event, reason = letter.reason, "a dead letter");
    Ok(())
}

/// The message that `receipt` is for, while it counts.
fn held(
    batch: &Batch<'_>,
    receipt: &Receipt,
) -> Result<Option<(u64, StoredMessage)>, StorageError> {
    let Some(number) = batch.messages.held(receipt, Instant::now()) else {
        return Ok(None);
    };
    Ok(message(batch, number)?.map(|message| (number, message)))
}

fn message(batch: &Batch<'_>, number: u64) -> Result<Option<StoredMessage>, StorageError> {
    let Some(record) = batch.tables.messages.get(number)? else {
        return Ok(None);
    };
    Ok(decode("a message", record.value())
        .inspect_err(|error| tracing::error!(%error, number, "a message is passed over"))
        .ok())
}

fn store(
    batch: &mut Batch<'_>,
    number: u64,
    message: &StoredMessage,
) -> Result<(), Halt<BackendError>> {
    let record = encode(message)?;
    batch.tables.messages.insert(number, record.as_slice())?;
    Ok(())
}
