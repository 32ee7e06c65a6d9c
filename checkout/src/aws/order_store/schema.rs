//! The table's keys and attributes.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TableStatus,
    },
};
use tokio::time::sleep;
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

use super::table::failed;
use crate::{BackendError, OrderId};

/// The partition key, which is the whole key.
pub(super) const PK: &str = "pk";
/// A record as JSON.
pub(super) const BODY: &str = "body";
/// How often a versioned record was written.
pub(super) const VERSION: &str = "version";
/// Which write made a versioned record.
pub(super) const WRITE: &str = "write";
/// An order's state, for conditions.
pub(super) const STATE: &str = "state";
/// Which attempt at placing wrote a draft.
pub(super) const ATTEMPT: &str = "attempt";
/// The token of the verdict that an order was settled by.
pub(super) const VERDICT: &str = "verdict";
/// The call that settled an order.
pub(super) const SETTLED_BY: &str = "settled_by";
/// Of which event an order is.
pub(super) const EVENT: &str = "event";
/// Of which ticket an order is.
pub(super) const TICKET: &str = "ticket";
/// When an ended session may be forgotten, in microseconds.
pub(super) const UNTIL: &str = "until";

/// The sparse index of what is to be swept: pending orders and ended sessions.
pub(super) const INDEX: &str = "sweep-index";
/// The index's partition key.
pub(super) const SWEEP: &str = "sweep";
/// The index's sort key: text whose order is that of time.
pub(super) const SWEEP_AT: &str = "sweep_at";

/// Over how many partitions of the index each kind is spread. One takes about 1,000 writes a second, and
/// an index that is throttled throttles the table.
pub(super) const PARTITIONS: u8 = 8;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

pub(super) fn order_key(id: OrderId) -> String {
    format!("order#{id}")
}

pub(super) fn ticket_key(event: &EventId, ticket: TicketId) -> String {
    format!("ticket#{event}#{ticket}")
}

pub(super) fn ledger_key(event: &EventId) -> String {
    format!("ledger#{event}")
}

pub(super) fn session_key(session: SessionId) -> String {
    format!("session#{session}")
}

/// The index's partition of pending orders number `n`.
pub(super) fn pending_partition(n: u8) -> String {
    format!("pending#{n:x}")
}

/// The index's partition of ended sessions number `n`.
pub(super) fn ended_partition(n: u8) -> String {
    format!("ended#{n:x}")
}

/// To which partition something with these random bytes belongs.
pub(super) fn partition_of(random: &[u8; 16]) -> u8 {
    random[15] % PARTITIONS
}

/// The sort key of an order: its id's bits as text, which begin with the time.
pub(super) fn order_position(id: OrderId) -> String {
    format!("{:032x}", u128::from_be_bytes(*id.as_bytes()))
}

/// The order at a sort key.
pub(super) fn order_at(position: &str) -> Option<OrderId> {
    let bits = u128::from_str_radix(position, 16).ok()?;
    Some(OrderId::from_bytes(bits.to_be_bytes()))
}

/// The sort key of what may be forgotten at `until`.
pub(super) fn time_position(until: Timestamp) -> String {
    format!("{:016x}", until.as_micros())
}

/// Makes the table for local use and tests, and waits until it is there; one that is there already is left
/// as it is.
///
/// The infrastructure has to make the same: partition key `pk` (string), no sort key; a global secondary
/// index `sweep-index` with partition key `sweep` (string) and sort key `sweep_at` (string) that includes
/// the attributes `event` and `ticket`; on-demand capacity, or enough. No stream, no TTL, no local index.
///
/// # Errors
/// When it is not there after a minute, or the backend fails.
pub async fn create_table(client: &Client, name: &str) -> Result<(), BackendError> {
    let index = GlobalSecondaryIndex::builder()
        .index_name(INDEX)
        .key_schema(key(SWEEP, KeyType::Hash)?)
        .key_schema(key(SWEEP_AT, KeyType::Range)?)
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::Include)
                .non_key_attributes(EVENT)
                .non_key_attributes(TICKET)
                .build(),
        )
        .build()
        .map_err(BackendError::unavailable)?;
    let created = client
        .create_table()
        .table_name(name)
        .key_schema(key(PK, KeyType::Hash)?)
        .attribute_definitions(text(PK)?)
        .attribute_definitions(text(SWEEP)?)
        .attribute_definitions(text(SWEEP_AT)?)
        .global_secondary_indexes(index)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    if let Err(error) = created
        && !matches!(
            error.as_service_error(),
            Some(CreateTableError::ResourceInUseException(_))
        )
    {
        return Err(failed(error));
    }
    tokio::time::timeout(PATIENCE, becomes_active(client, name))
        .await
        .map_err(BackendError::unavailable)?
}

async fn becomes_active(client: &Client, name: &str) -> Result<(), BackendError> {
    loop {
        let described = client.describe_table().table_name(name).send().await;
        let described = described.map_err(failed)?;
        let status = described.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BackendError> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(BackendError::unavailable)
}

fn text(name: &str) -> Result<AttributeDefinition, BackendError> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(BackendError::unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_in_the_order_of_time_and_tell_the_order() {
        let early = OrderId::draw(Timestamp::from_seconds(1_795_250_000));
        let late = OrderId::draw(Timestamp::from_seconds(1_795_250_001));
        assert!(order_position(early) < order_position(late));
        assert_eq!(order_at(&order_position(late)), Some(late));
        assert!(
            time_position(Timestamp::from_micros(9)) < time_position(Timestamp::from_micros(10))
        );
    }
}
