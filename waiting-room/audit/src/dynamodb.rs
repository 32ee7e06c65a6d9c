//! The audit log in a DynamoDB table, by single-item writes and queries alone: a strongly consistent multi-Region table
//! has no transactions.
//!
//! | partition key `pk` | sort key `sk` | holds |
//! |---|---|---|
//! | `event#<event>`, or `all` | the entry's id | `entry`: the entry as JSON |
//! | `series#<series>` | number in 20 digits, `#`, mark | `id`: of the entry of this sighting |
//!
//! A sighting is written first, on condition that it is not there; whoever loses writes the entry under the id that the
//! winner gave it, and so finishes what the winner may have left half done. Who only saw it writes on condition that the
//! entry is not there, who made it without one: so theirs is what stays, in whichever order they come.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{create_table::CreateTableError, put_item::PutItemError},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
    },
};
use waiting_room_core::EventId;

use crate::{AuditLog, Entry, EntryId, Page, Sighting, Unavailable, page_of};

const PK: &str = "pk";
const SK: &str = "sk";
const ENTRY: &str = "entry";
const ID: &str = "id";

type Item = HashMap<String, AttributeValue>;

/// The table of the audit log.
#[derive(Clone, Debug)]
pub struct DynamoAuditLog {
    client: Client,
    table: String,
}

/// What became of a conditional write.
enum Put {
    Written,
    /// There was an item already.
    Found(Option<Item>),
}

impl DynamoAuditLog {
    /// The log in the table of this name. Nothing is asked yet.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Creates the table unless it is there, for machines where no infrastructure code does.
    ///
    /// # Errors
    /// When it can't be created.
    pub async fn create_table(&self) -> Result<(), Unavailable> {
        let mut create = self.client.create_table().table_name(&self.table);
        for (name, kind) in [(PK, KeyType::Hash), (SK, KeyType::Range)] {
            let key = KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind);
            let attribute = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S);
            create = create
                .key_schema(
                    key.build()
                        .map_err(|error| Unavailable::new("made", error))?,
                )
                .attribute_definitions(
                    attribute
                        .build()
                        .map_err(|error| Unavailable::new("made", error))?,
                );
        }
        let created = create.billing_mode(BillingMode::PayPerRequest).send().await;
        match created {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Err(Unavailable::new("made", error))
            }
            _ => Ok(()),
        }
    }

    /// The id under which the entry of this `sighting` stands: `id`, unless another one was first.
    async fn claimed(&self, sighting: &Sighting, id: &EntryId) -> Result<EntryId, Unavailable> {
        let item = Item::from([
            (PK.to_owned(), text(partition_of_series(&sighting.series))),
            (
                SK.to_owned(),
                text(format!("{:020}#{}", sighting.number, sighting.mark)),
            ),
            (ID.to_owned(), text(id.to_string())),
        ]);
        match self.put_new(item).await? {
            Put::Written => Ok(id.clone()),
            Put::Found(found) => {
                let first = found.as_ref().and_then(|item| item.get(ID)?.as_s().ok());
                let first = first.and_then(|first| first.parse().ok());
                first.ok_or_else(|| Unavailable::new("written", "a sighting has no id"))
            }
        }
    }

    async fn put_new(&self, item: Item) -> Result<Put, Unavailable> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Put::Written),
            Err(PutItemError::ConditionalCheckFailedException(found)) => Ok(Put::Found(found.item)),
            Err(error) => Err(Unavailable::new("written", error)),
        }
    }

    async fn put(&self, item: Item) -> Result<(), Unavailable> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item)).send().await;
        put.map(drop)
            .map_err(|error| Unavailable::new("written", error.into_service_error()))
    }

    /// The newest `limit` items of a partition, before the sort key `before`.
    async fn newest(
        &self,
        partition: String,
        before: Option<&EntryId>,
        limit: usize,
    ) -> Result<Vec<Item>, Unavailable> {
        let query = self.client.query().table_name(&self.table);
        let query = query
            .consistent_read(true)
            .scan_index_forward(false)
            .expression_attribute_values(":pk", text(partition));
        let query = match before {
            None => query.key_condition_expression("pk = :pk"),
            Some(before) => query
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":before", text(before.to_string())),
        };
        let mut pages = query
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while items.len() < limit {
            match pages.next().await {
                Some(Ok(item)) => items.push(item),
                Some(Err(error)) => {
                    return Err(Unavailable::new("read", error.into_service_error()));
                }
                None => break,
            }
        }
        Ok(items)
    }
}

fn text(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

fn partition_of(event: Option<&EventId>) -> String {
    event.map_or_else(|| "all".to_owned(), |event| format!("event#{event}"))
}

fn partition_of_series(series: &str) -> String {
    format!("series#{series}")
}

fn entry_of(item: &Item) -> Option<Entry> {
    let entry = item.get(ENTRY)?.as_s().ok()?;
    serde_json::from_str(entry).ok()
}

#[async_trait]
impl AuditLog for DynamoAuditLog {
    async fn keep(&self, entry: &Entry, sighting: Option<&Sighting>) -> Result<(), Unavailable> {
        let mut entry = entry.clone();
        if let Some(sighting) = sighting {
            entry.id = self.claimed(sighting, &entry.id).await?;
        }
        let json = serde_json::to_string(&entry);
        let json = json.map_err(|error| Unavailable::new("written", error))?;
        let item = Item::from([
            (PK.to_owned(), text(partition_of(entry.event.as_ref()))),
            (SK.to_owned(), text(entry.id.to_string())),
            (ENTRY.to_owned(), text(json)),
        ]);
        if sighting.is_some_and(|sighting| !sighting.own) {
            self.put_new(item).await.map(drop)
        } else {
            self.put(item).await
        }
    }

    async fn newest_of(&self, series: &str) -> Result<Option<u64>, Unavailable> {
        let items = self.newest(partition_of_series(series), None, 1).await?;
        let newest = items.first().and_then(|item| item.get(SK)?.as_s().ok());
        Ok(newest.and_then(|key| key.split_once('#')?.0.parse().ok()))
    }

    async fn page(
        &self,
        event: &EventId,
        before: Option<&EntryId>,
        limit: usize,
    ) -> Result<Page, Unavailable> {
        let (of_event, of_all) = tokio::try_join!(
            self.newest(partition_of(Some(event)), before, limit + 1),
            self.newest(partition_of(None), before, limit + 1),
        )?;
        let items = of_event.iter().chain(&of_all);
        let mut entries: Vec<Entry> = items.filter_map(entry_of).collect();
        entries.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(page_of(entries, limit))
    }
}
