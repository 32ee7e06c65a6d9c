//! Finds orders that stay pending, and drafts that nobody will ever name.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;
use tokio::time::sleep;
use waiting_room_core::{EventId, Timestamp};

use super::{
    orders::{Orders, TicketRecord},
    schema::{
        EVENT, INDEX, PARTITIONS, PK, SWEEP, SWEEP_AT, TICKET, order_at, order_position,
        pending_partition, ticket_key,
    },
    table::{Item, Versioned, attribute, failed, read_versioned, text},
};
use crate::{BackendError, OrderId, error::chain};

/// How much older than what is asked for a draft is before it is deleted. To delete it sooner would be as
/// safe, but would make a slow placer try again.
const ABANDONED: Duration = Duration::from_secs(30);

/// Tickets that are read at once.
const TICKETS: usize = 100;

/// The pause before what a throttled read left out is asked for again.
const UNPROCESSED: Duration = Duration::from_millis(50);

/// What the index knows of an order or a draft.
struct Found {
    id: OrderId,
    event: EventId,
    ticket_key: String,
}

pub(super) async fn pending(
    orders: &Orders,
    before: Timestamp,
    mut after: Option<OrderId>,
    most: usize,
) -> Result<Vec<(OrderId, EventId)>, BackendError> {
    let mut pending = Vec::new();
    while pending.len() < most {
        let page = page(orders, before, after, most - pending.len()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let (named, drafts) = tell_apart(orders, page).await?;
        pending.extend(named);
        abandon(orders, drafts, before).await;
    }
    Ok(pending)
}

/// The first `most` entries of all partitions.
async fn page(
    orders: &Orders,
    before: Timestamp,
    after: Option<OrderId>,
    most: usize,
) -> Result<Vec<Found>, BackendError> {
    let partitions = (0..PARTITIONS).map(|n| partition(orders, n, before, after, most));
    let mut found: Vec<Found> = try_join_all(partitions)
        .await?
        .into_iter()
        .flatten()
        .collect();
    found.sort_unstable_by_key(|found| found.id);
    found.truncate(most);
    Ok(found)
}

async fn partition(
    orders: &Orders,
    n: u8,
    before: Timestamp,
    after: Option<OrderId>,
    most: usize,
) -> Result<Vec<Found>, BackendError> {
    let from = after.unwrap_or(OrderId::from_bytes([0; 16]));
    let to = OrderId::before_all_of(before);
    if from >= to {
        return Ok(Vec::new());
    }
    // The bounds are inclusive, and `after` may come first.
    let limit = i32::try_from(most.saturating_add(1)).unwrap_or(i32::MAX);
    let query = orders
        .table
        .client
        .query()
        .table_name(&orders.table.name)
        .index_name(INDEX)
        .key_condition_expression("#sweep = :partition AND #at BETWEEN :from AND :to")
        .expression_attribute_names("#sweep", SWEEP)
        .expression_attribute_names("#at", SWEEP_AT)
        .expression_attribute_values(":partition", text(pending_partition(n)))
        .expression_attribute_values(":from", text(order_position(from)))
        .expression_attribute_values(":to", text(order_position(to)))
        .limit(limit);
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let answer = query.clone().set_exclusive_start_key(next).send().await;
        let answer = answer.map_err(failed)?;
        let entries = answer.items().iter().filter_map(read);
        found.extend(entries.filter(|entry| after != Some(entry.id)));
        next = answer.last_evaluated_key;
        if next.is_none() || found.len() >= most {
            return Ok(found);
        }
    }
}

fn read(item: &Item) -> Option<Found> {
    let event: EventId = attribute(item, EVENT)?.parse().ok()?;
    let ticket = attribute(item, TICKET)?.parse().ok()?;
    Some(Found {
        id: order_at(attribute(item, SWEEP_AT)?)?,
        ticket_key: ticket_key(&event, ticket),
        event,
    })
}

/// The orders, and the drafts: those that their tickets do not name.
async fn tell_apart(
    orders: &Orders,
    page: Vec<Found>,
) -> Result<(Vec<(OrderId, EventId)>, Vec<OrderId>), BackendError> {
    let keys: HashSet<&str> = page.iter().map(|found| &*found.ticket_key).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let tickets = try_join_all(keys.chunks(TICKETS).map(|keys| tickets(orders, keys))).await?;
    let tickets: HashMap<String, TicketRecord> = tickets.into_iter().flatten().collect();
    let (real, drafts): (Vec<_>, Vec<_>) = page.into_iter().partition(|found| {
        let ticket = tickets.get(&found.ticket_key);
        ticket.is_some_and(|ticket| ticket.names(found.id))
    });
    let real = real.into_iter().map(|found| (found.id, found.event));
    Ok((
        real.collect(),
        drafts.into_iter().map(|found| found.id).collect(),
    ))
}

/// Reads up to 100 tickets; leaves out those that are not there.
async fn tickets(
    orders: &Orders,
    keys: &[&str],
) -> Result<Vec<(String, TicketRecord)>, BackendError> {
    let keys = keys
        .iter()
        .map(|key| Item::from([(PK.to_owned(), text(*key))]));
    let wanted = KeysAndAttributes::builder()
        .set_keys(Some(keys.collect()))
        .consistent_read(true)
        .build()
        .map_err(BackendError::unavailable)?;
    let table = &orders.table;
    let mut wanted = HashMap::from([(table.name.clone(), wanted)]);
    let mut records = Vec::new();
    loop {
        let get = table.client.batch_get_item();
        let answer = get.set_request_items(Some(wanted)).send().await;
        let answer = answer.map_err(failed)?;
        let items = answer.responses.into_iter().flatten();
        for item in items.flat_map(|(_, items)| items) {
            let key = attribute(&item, PK).unwrap_or_default();
            let record: Versioned<TicketRecord> = read_versioned(key, &item)?;
            records.push((key.to_owned(), record.value));
        }
        wanted = answer.unprocessed_keys.unwrap_or_default();
        if wanted.is_empty() {
            return Ok(records);
        }
        sleep(UNPROCESSED).await;
    }
}

async fn abandon(orders: &Orders, drafts: Vec<OrderId>, before: Timestamp) {
    let micros = u64::try_from(ABANDONED.as_micros()).unwrap_or(u64::MAX);
    let before = Timestamp::from_micros(before.as_micros().saturating_sub(micros));
    let bound = OrderId::before_all_of(before);
    for id in drafts.into_iter().filter(|id| *id < bound) {
        match orders.abandon(id).await {
            Ok(()) => tracing::info!(order = %id, "a draft that was never placed is deleted"),
            Err(error) => {
                tracing::warn!(order = %id, error = chain(&error), "a draft is still there");
            }
        }
    }
}
