//! Reading and writing single items.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::{
    Client, operation::put_item::PutItemError, types::AttributeValue,
    types::ReturnValuesOnConditionCheckFailure::AllOld,
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::schema::{BODY, PK, VERSION, WRITE};
use crate::{BackendError, aws::nonce::Nonce};

/// An item as the SDK gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

/// A record with a version, and which version it is: 0 of one that is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Versioned<T> {
    pub(super) value: T,
    pub(super) version: u64,
}

/// What became of a conditional write.
pub(super) enum Written<T> {
    /// It is written.
    Done,
    /// Its condition does not hold; this is what is there.
    Changed(T),
}

/// Something is missing in an item.
#[derive(Debug, Error)]
#[error("the attribute {0} is missing or of another type")]
pub(super) struct Missing(pub(super) &'static str);

impl Table {
    pub(super) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Reads the item `key` as the last write left it.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Item>, BackendError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(PK, text(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(answer.map_err(failed)?.item)
    }

    /// Reads the record `key`, or the default one when there is none.
    pub(super) async fn versioned<T: Default + DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Versioned<T>, BackendError> {
        match self.get(key).await? {
            Some(item) => read_versioned(key, &item),
            None => Ok(Versioned::default()),
        }
    }

    /// Writes `value` as the version after `version`, if the record is still of that.
    pub(super) async fn replace<T: Default + Serialize + DeserializeOwned>(
        &self,
        key: &str,
        value: &T,
        version: u64,
    ) -> Result<Written<Versioned<T>>, BackendError> {
        let mark = Nonce::draw();
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item(PK, text(key))
            .item(BODY, text(encode(value)?))
            .item(VERSION, number(version + 1))
            .item(WRITE, text(mark.as_str()))
            .expression_attribute_names("#version", VERSION)
            .return_values_on_condition_check_failure(AllOld);
        let put = if version == 0 {
            put.condition_expression("attribute_not_exists(#version)")
        } else {
            put.condition_expression("#version = :version")
                .expression_attribute_values(":version", number(version))
        };
        let error = match put.send().await {
            Ok(_) => return Ok(Written::Done),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(found)) = error.as_service_error()
        else {
            return Err(failed(error));
        };
        let Some(item) = found.item() else {
            return Ok(Written::Changed(self.versioned(key).await?));
        };
        // The SDK has repeated the write because its answer was lost.
        if attribute(item, WRITE) == Some(mark.as_str()) {
            return Ok(Written::Done);
        }
        Ok(Written::Changed(read_versioned(key, item)?))
    }

    /// Whether the table answers.
    pub(super) async fn check(&self) -> Result<(), BackendError> {
        self.get("check").await.map(drop)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The text in the attribute `name`.
pub(super) fn attribute<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The record in the attribute `body`.
pub(super) fn body<T: DeserializeOwned>(key: &str, item: &Item) -> Result<T, BackendError> {
    let text = attribute(item, BODY);
    let text = text.ok_or_else(|| BackendError::unreadable(key, Missing(BODY)))?;
    serde_json::from_str(text).map_err(|error| BackendError::unreadable(key, error))
}

pub(super) fn read_versioned<T: DeserializeOwned>(
    key: &str,
    item: &Item,
) -> Result<Versioned<T>, BackendError> {
    let version = item.get(VERSION).and_then(|version| version.as_n().ok());
    let version = version.and_then(|version| version.parse().ok());
    Ok(Versioned {
        value: body(key, item)?,
        version: version.ok_or_else(|| BackendError::unreadable(key, Missing(VERSION)))?,
    })
}

pub(super) fn encode<T: Serialize>(record: &T) -> Result<String, BackendError> {
    serde_json::to_string(record).map_err(|error| BackendError::unreadable("a new record", error))
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The SDK has given up.
pub(super) fn failed(error: impl Into<aws_sdk_dynamodb::Error>) -> BackendError {
    BackendError::unavailable(error.into())
}
