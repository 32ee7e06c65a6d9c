//! The tables of the file, and how records look in them.

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use waiting_room_core::{EventId, Timestamp};

use crate::{BackendError, OrderId};

/// The format that this program writes.
pub(super) const FORMAT: u64 = 1;

type Id = &'static [u8; 16];
type Json = &'static [u8];

/// Facts about the file itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// Orders.
pub(super) const ORDERS: TableDefinition<'_, Id, Json> = TableDefinition::new("orders");
/// The orders that are pending, and their events. Ids begin with the time, so the oldest are first.
pub(super) const PENDING: TableDefinition<'_, Id, &str> = TableDefinition::new("pending");
/// The order of each request: event, ticket, idempotency key.
pub(super) const REQUESTS: TableDefinition<'_, (&str, Id, &str), Id> =
    TableDefinition::new("requests");
/// Each ticket's last order: event, ticket.
pub(super) const TICKETS: TableDefinition<'_, (&str, Id), Id> = TableDefinition::new("tickets");
/// How many are in confirmed orders: event, offer.
pub(super) const SOLD: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("sold");
/// Pending, confirmed and refused orders of each event.
pub(super) const COUNTS: TableDefinition<'_, &str, (u64, u64, u64)> =
    TableDefinition::new("counts");
/// Sessions that ended before their tokens expire, and when these do (microseconds).
pub(super) const ENDED: TableDefinition<'_, Id, u64> = TableDefinition::new("ended_sessions");
/// Messages on the queue by number, in the order in which they were sent.
pub(super) const MESSAGES: TableDefinition<'_, u64, Json> = TableDefinition::new("messages");
/// The orders that the queue holds, dead letters included, and the numbers of their messages.
pub(super) const HELD: TableDefinition<'_, Id, u64> = TableDefinition::new("held");
/// Dead letters: event, message number.
pub(super) const DEAD: TableDefinition<'_, (&str, u64), Json> = TableDefinition::new("dead");

/// All tables, open for writing.
pub(super) struct Tables<'t> {
    pub(super) orders: Table<'t, Id, Json>,
    pub(super) pending: Table<'t, Id, &'static str>,
    pub(super) requests: Table<'t, (&'static str, Id, &'static str), Id>,
    pub(super) tickets: Table<'t, (&'static str, Id), Id>,
    pub(super) sold: Table<'t, (&'static str, &'static str), u64>,
    pub(super) counts: Table<'t, &'static str, (u64, u64, u64)>,
    pub(super) ended: Table<'t, Id, u64>,
    pub(super) messages: Table<'t, u64, Json>,
    pub(super) held: Table<'t, Id, u64>,
    pub(super) dead: Table<'t, (&'static str, u64), Json>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            orders: transaction.open_table(ORDERS)?,
            pending: transaction.open_table(PENDING)?,
            requests: transaction.open_table(REQUESTS)?,
            tickets: transaction.open_table(TICKETS)?,
            sold: transaction.open_table(SOLD)?,
            counts: transaction.open_table(COUNTS)?,
            ended: transaction.open_table(ENDED)?,
            messages: transaction.open_table(MESSAGES)?,
            held: transaction.open_table(HELD)?,
            dead: transaction.open_table(DEAD)?,
        })
    }
}

/// Makes the tables of a new file, so that readers find them.
pub(super) fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(ABOUT)?.insert("format", FORMAT)?;
    drop(Tables::open(&transaction)?);
    transaction.commit()?;
    Ok(())
}

/// Which format a file has.
pub(super) fn format(database: &Database) -> Result<u64, redb::Error> {
    let about = database.begin_read()?.open_table(ABOUT)?;
    let format = about.get("format")?;
    Ok(format.map_or(0, |format| format.value()))
}

/// Writes what a file of this format has already, to see whether it can be written to.
pub(super) fn try_writing(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(ABOUT)?.insert("format", FORMAT)?;
    transaction.commit()?;
    Ok(())
}

/// A message as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredMessage {
    pub(super) order: OrderId,
    pub(super) event: EventId,
    pub(super) received: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

/// A dead letter as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredDeadLetter {
    pub(super) order: OrderId,
    pub(super) reason: String,
    pub(super) received: u32,
    pub(super) died_at: Timestamp,
}

pub(super) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, BackendError> {
    serde_json::to_vec(record).map_err(|error| BackendError::unreadable("a new record", error))
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, BackendError> {
    serde_json::from_slice(bytes).map_err(|error| BackendError::unreadable(what, error))
}

/// The numbers of all messages and dead letters, with their events.
pub(super) struct Holdings {
    pub(super) queued: Vec<(u64, EventId)>,
    pub(super) dead: Vec<(u64, EventId)>,
}

pub(super) fn holdings(transaction: &ReadTransaction) -> Result<Holdings, redb::Error> {
    let mut holdings = Holdings {
        queued: Vec::new(),
        dead: Vec::new(),
    };
    for entry in transaction.open_table(MESSAGES)?.iter()? {
        let (number, record) = entry?;
        match decode::<StoredMessage>("a message", record.value()) {
            Ok(message) => holdings.queued.push((number.value(), message.event)),
            // The order is still pending, where the operator sees it.
            Err(error) => {
                tracing::error!(%error, number = number.value(), "a message is passed over");
            }
        }
    }
    for entry in transaction.open_table(DEAD)?.iter()? {
        let (key, _) = entry?;
        let (event, number) = key.value();
        if let Ok(event) = event.parse() {
            holdings.dead.push((number, event));
        }
    }
    Ok(holdings)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    pub(in crate::embedded) fn set_format(path: &Path, format: u64) {
        let database = Database::create(path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction
            .open_table(ABOUT)
            .unwrap()
            .insert("format", format)
            .unwrap();
        transaction.commit().unwrap();
    }
}
