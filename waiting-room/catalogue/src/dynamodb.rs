//! The catalogue in a DynamoDB table: one item an event, with the events file's own names as attributes,
//! so that it can be read, and mended, in the console.
//!
//! | attribute | what |
//! |---|---|
//! | `event` (partition key) | the event's id |
//! | `position` | where it is shown among the others; equal ones and those without by their ids |
//! | all others | as in the events file; times as RFC 3339 texts, `offer` a list of maps |
//!
//! An item has its `on_sale_at`: an event that is on sale "now" is so from when it was first loaded.

mod item;

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
};

use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, SdkError},
    operation::{
        create_table::CreateTableError, delete_item::DeleteItemError, put_item::PutItemError,
        scan::ScanError,
    },
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use thiserror::Error;
use waiting_room_core::Timestamp;

use crate::{Catalogue, CatalogueErrors, file};

type Item = HashMap<String, AttributeValue>;

const KEY: &str = "event";

/// The table of the events.
pub struct DynamoCatalogue {
    client: Client,
    table: String,
}

/// What to do with events that the table has and the file has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay.
    Keep,
    /// They go. What runs with them goes on until it is started anew.
    Remove,
}

/// What a load did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The events that are in the table as the file has them.
    pub written: Vec<String>,
    /// The events that are in the table no more.
    pub removed: Vec<String>,
    /// The events that the file has not and that stayed.
    pub kept: Vec<String>,
}

/// Why the table can't be used.
#[derive(Debug, Error)]
pub enum DynamoCatalogueError {
    /// The events have mistakes.
    #[error(transparent)]
    Events(#[from] CatalogueErrors),
    /// DynamoDB does not do what it is asked.
    #[error("the table {table} cannot be {done}")]
    Table {
        /// The table's name.
        table: String,
        /// What can't be done with it.
        done: &'static str,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl DynamoCatalogue {
    /// The catalogue in the table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// All events, by strongly consistent reads.
    ///
    /// # Errors
    /// When the table can't be read; or with all that is wrong with what is in it, and when it is empty.
    pub async fn read(&self) -> Result<Catalogue, DynamoCatalogueError> {
        let mut items = self.items().await?;
        items.sort_by_cached_key(item::order);
        Ok(item::parse(items, &self.table).map(|events| Catalogue { events })?)
    }

    /// Writes the events of the events file `text` over those of the same id. Nothing is written when
    /// anything is wrong with the file.
    ///
    /// An event without `on_sale_at` keeps the time that the table has, or is on sale from `now` on, so
    /// that all instances, and later loads, agree on when that was. Processes read the table when they
    /// start: a load changes nothing for those that run.
    ///
    /// # Errors
    /// When the file has mistakes, or the table can't be read or written; some events may be written
    /// then. A load may be repeated.
    pub async fn load(
        &self,
        text: &str,
        now: Timestamp,
        others: Others,
    ) -> Result<Loaded, DynamoCatalogueError> {
        let stored: BTreeMap<String, Option<Timestamp>> = self
            .items()
            .await?
            .iter()
            .filter_map(|item| Some((item::id(item)?.to_owned(), item::on_sale_at(item))))
            .collect();
        let on_sale_at = |id: &str| stored.get(id).copied().flatten().unwrap_or(now);
        let events = file::parse(text, on_sale_at)?;
        let mut loaded = Loaded {
            written: Vec::new(),
            removed: Vec::new(),
            kept: Vec::new(),
        };
        for (position, event) in events.iter().enumerate() {
            self.put(item::of(event, position)).await?;
            loaded.written.push(event.id.to_string());
        }
        for id in stored.into_keys() {
            if loaded.written.contains(&id) {
                continue;
            }
            match others {
                Others::Keep => loaded.kept.push(id),
                Others::Remove => {
                    self.delete(&id).await?;
                    loaded.removed.push(id);
                }
            }
        }
        Ok(loaded)
    }

    /// Creates the table unless it is there, for machines where no infrastructure code does.
    ///
    /// # Errors
    /// When it can't be created.
    pub async fn create_table(&self) -> Result<(), DynamoCatalogueError> {
        let key = KeySchemaElement::builder()
            .attribute_name(KEY)
            .key_type(KeyType::Hash)
            .build();
        let attribute = AttributeDefinition::builder()
            .attribute_name(KEY)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let failed = |error: BuildError| self.error("created", error);
        let created = self
            .client
            .create_table()
            .table_name(&self.table)
            .key_schema(key.map_err(failed)?)
            .attribute_definitions(attribute.map_err(failed)?)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        match created {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Err(self.error("created", error))
            }
            _ => Ok(()),
        }
    }

    async fn items(&self) -> Result<Vec<Item>, DynamoCatalogueError> {
        let scan = self.client.scan().table_name(&self.table);
        let scan = scan.consistent_read(true).into_paginator().items().send();
        let items: Result<Vec<Item>, SdkError<ScanError>> = scan.collect().await;
        items.map_err(|error| self.error("read", error))
    }

    async fn put(&self, item: Item) -> Result<(), DynamoCatalogueError> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item)).send().await;
        put.map(drop)
            .map_err(|error: SdkError<PutItemError>| self.error("written", error))
    }

    async fn delete(&self, id: &str) -> Result<(), DynamoCatalogueError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key(KEY, AttributeValue::S(id.to_owned()));
        let deleted = delete.send().await;
        deleted
            .map(drop)
            .map_err(|error: SdkError<DeleteItemError>| self.error("written", error))
    }

    fn error(
        &self,
        done: &'static str,
        source: impl Error + Send + Sync + 'static,
    ) -> DynamoCatalogueError {
        DynamoCatalogueError::Table {
            table: self.table.clone(),
            done,
            source: Box::new(source),
        }
    }
}
