//! Ended sessions. Without a TTL they are forgotten by way of the index.

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use thiserror::Error;
use waiting_room_core::{SessionId, Timestamp};

use super::{
    schema::{
        INDEX, PARTITIONS, PK, SWEEP, SWEEP_AT, UNTIL, ended_partition, partition_of, session_key,
        time_position,
    },
    table::{Table, attribute, failed, number, text},
};
use crate::BackendError;

/// Sessions of a partition that one call forgets: 16,000 in all, well over what a minute ends.
const MOST: i32 = 2_000;

/// What a batch may hold.
const BATCH: usize = 25;

/// Batches that are under way at once.
const DELETING: usize = 8;

/// Reads and writes ended sessions.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    table: Table,
}

/// A batch was not written as a whole.
#[derive(Debug, Error)]
#[error("some of the items were not written")]
struct Unprocessed;

impl Sessions {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }

    pub(super) async fn end(
        &self,
        session: SessionId,
        until: Timestamp,
    ) -> Result<(), BackendError> {
        let partition = ended_partition(partition_of(session.as_bytes()));
        self.table
            .client
            .put_item()
            .table_name(&self.table.name)
            .item(PK, text(session_key(session)))
            .item(UNTIL, number(until.as_micros()))
            .item(SWEEP, text(partition))
            .item(SWEEP_AT, text(time_position(until)))
            .send()
            .await
            .map(drop)
            .map_err(failed)
    }

    pub(super) async fn has_ended(&self, session: SessionId) -> Result<bool, BackendError> {
        let item = self.table.get(&session_key(session)).await?;
        Ok(item.is_some())
    }

    /// Several processes may do this at once; then each counts what it deleted, be it deleted already.
    pub(super) async fn forget_expired(&self, now: Timestamp) -> Result<usize, BackendError> {
        let partitions = (0..PARTITIONS).map(|n| self.expired(ended_partition(n), now));
        let keys: Vec<AttributeValue> = try_join_all(partitions)
            .await?
            .into_iter()
            .flatten()
            .collect();
        let count = keys.len();
        let batches: Vec<Vec<AttributeValue>> = keys.chunks(BATCH).map(<[_]>::to_vec).collect();
        stream::iter(batches)
            .map(|keys| self.delete(keys))
            .buffer_unordered(DELETING)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(count)
    }

    async fn expired(
        &self,
        partition: String,
        now: Timestamp,
    ) -> Result<Vec<AttributeValue>, BackendError> {
        let found = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .index_name(INDEX)
            .key_condition_expression("#sweep = :partition AND #at < :now")
            .expression_attribute_names("#sweep", SWEEP)
            .expression_attribute_names("#at", SWEEP_AT)
            .expression_attribute_values(":partition", text(partition))
            .expression_attribute_values(":now", text(time_position(now)))
            .limit(MOST)
            .send()
            .await
            .map_err(failed)?;
        let keys = found.items().iter().filter_map(|item| attribute(item, PK));
        Ok(keys.map(text).collect())
    }

    async fn delete(&self, keys: Vec<AttributeValue>) -> Result<(), BackendError> {
        let mut requests = Vec::new();
        for key in keys {
            let delete = DeleteRequest::builder().key(PK, key).build();
            let delete = delete.map_err(BackendError::unavailable)?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let written = self
            .table
            .client
            .batch_write_item()
            .request_items(&self.table.name, requests)
            .send()
            .await
            .map_err(failed)?;
        match written.unprocessed_items() {
            Some(left) if !left.is_empty() => Err(BackendError::unavailable(Unprocessed)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_forgets_more_than_a_minute_of_an_on_sale_ends() {
        assert!(i32::from(PARTITIONS) * MOST > 60 * 200);
    }
}
