use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::AttributeValue,
};
use thiserror::Error;

use crate::{AdmissionPercent, Control, ControlSource, ReadError, Region};

const PK: &str = "pk";
const KEY: &str = "control#region";
const ACTIVE: &str = "active";
const EPOCH: &str = "epoch";
const PERCENT: &str = "admission_percent";

type Item = HashMap<String, AttributeValue>;

/// The control item: of the table of orders the item `control#region`, with `active` (text), `epoch` and
/// `admission_percent` (numbers).
#[derive(Clone, Debug)]
pub struct ControlItem {
    client: Client,
    table: String,
}

/// The control item was not changed.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Somebody else has changed it meanwhile.
    #[error("the control item was changed by somebody else: {}", told(.0.as_ref()))]
    Changed(Option<Control>),
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It can't be written, or it is not known whether it was.
    #[error("the control item cannot be written")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ControlItem {
    /// The item in `table`, a table of orders. Nothing is asked yet.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// The fence: makes `to` the active region, with the next epoch and admission at 0 %, on condition that nobody has
    /// failed over since `known` was read. Safe to repeat with the same `known`.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub async fn fence(&self, to: &Region, known: Option<&Control>) -> Result<Control, WriteError> {
        let next = Control {
            active: to.clone(),
            epoch: known.map_or(0, |known| known.epoch) + 1,
            percent: AdmissionPercent::NONE,
        };
        let update = self
            .update()
            .update_expression("SET #active = :active, #epoch = :next, #percent = :percent")
            .expression_attribute_names("#active", ACTIVE)
            .expression_attribute_names("#epoch", EPOCH)
            .expression_attribute_names("#percent", PERCENT)
            .expression_attribute_values(":active", text(next.active.as_str()))
            .expression_attribute_values(":next", number(next.epoch))
            .expression_attribute_values(":percent", number(next.percent.number().into()));
        let update = match known {
            Some(known) => update
                .condition_expression("#epoch = :known")
                .expression_attribute_values(":known", number(known.epoch)),
            None => update.condition_expression("attribute_not_exists(#epoch)"),
        };
        // The SDK repeats a write whose answer was lost: the condition fails then, and the fence stands.
        let stands = |found: &Control| found.active == next.active && found.epoch == next.epoch;
        self.written(update, &next, stands).await
    }

    /// Lets `to` admit `percent` of the operator's rate, on condition that it is still the active region by the
    /// failover that began `epoch`. Never lowers it.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub async fn admit(
        &self,
        to: &Region,
        epoch: u64,
        percent: AdmissionPercent,
    ) -> Result<Control, WriteError> {
        let next = Control {
            active: to.clone(),
            epoch,
            percent,
        };
        let update = self
            .update()
            .update_expression("SET #percent = :percent")
            .condition_expression("#active = :active AND #epoch = :epoch AND #percent < :percent")
            .expression_attribute_names("#active", ACTIVE)
            .expression_attribute_names("#epoch", EPOCH)
            .expression_attribute_names("#percent", PERCENT)
            .expression_attribute_values(":active", text(to.as_str()))
            .expression_attribute_values(":epoch", number(epoch))
            .expression_attribute_values(":percent", number(percent.number().into()));
        let stands = |found: &Control| {
            found.active == next.active && found.epoch == next.epoch && found.percent >= percent
        };
        self.written(update, &next, stands).await
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(KEY))
    }

    /// Sends `update`, which leaves `next`; where its condition fails, what is found may still `stand` for it.
    async fn written(
        &self,
        update: UpdateItemFluentBuilder,
        next: &Control,
        stand: impl Fn(&Control) -> bool + Send,
    ) -> Result<Control, WriteError> {
        let error = match update.send().await {
            Ok(_) => return Ok(next.clone()),
            Err(error) => error,
        };
        let failed = matches!(
            error.as_service_error(),
            Some(UpdateItemError::ConditionalCheckFailedException(_))
        );
        if !failed {
            return Err(WriteError::Unavailable(Box::new(
                aws_sdk_dynamodb::Error::from(error),
            )));
        }
        match self.read().await? {
            Some(found) if stand(&found) => Ok(found),
            found => Err(WriteError::Changed(found)),
        }
    }
}

#[async_trait]
impl ControlSource for ControlItem {
    async fn read(&self) -> Result<Option<Control>, ReadError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PK, text(KEY))
            .consistent_read(true)
            .send()
            .await;
        let answer = answer.map_err(|error| {
            ReadError::Unavailable(Box::new(aws_sdk_dynamodb::Error::from(error)))
        })?;
        answer.item.as_ref().map(control).transpose()
    }
}

fn control(item: &Item) -> Result<Control, ReadError> {
    let active = item.get(ACTIVE).and_then(|value| value.as_s().ok());
    let active = active.and_then(|text| text.parse().ok());
    let number = |name| -> Option<u64> { item.get(name)?.as_n().ok()?.parse().ok() };
    let percent = number(PERCENT).and_then(|number| number.try_into().ok());
    Ok(Control {
        active: active.ok_or(ReadError::Malformed(ACTIVE))?,
        epoch: number(EPOCH).ok_or(ReadError::Malformed(EPOCH))?,
        percent: percent.ok_or(ReadError::Malformed(PERCENT))?,
    })
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn told(control: Option<&Control>) -> String {
    control.map_or_else(
        || "it is gone".to_owned(),
        |control| {
            format!(
                "{} is active, epoch {}, {}",
                control.active, control.epoch, control.percent
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(active: &str, epoch: &str, percent: &str) -> Item {
        let number = |text: &str| AttributeValue::N(text.to_owned());
        let attributes = [
            (ACTIVE, text(active)),
            (EPOCH, number(epoch)),
            (PERCENT, number(percent)),
        ];
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    #[test]
    fn an_item_is_read_as_the_infrastructure_writes_it() {
        let read = control(&item("eu-west-1", "1", "100")).unwrap();
        assert_eq!(read.active.as_str(), "eu-west-1");
        assert_eq!((read.epoch, read.percent), (1, AdmissionPercent::ALL));
    }

    #[test]
    fn an_item_that_makes_no_sense_is_not_read() {
        for wrong in [
            item("", "1", "100"),
            item("eu-west-1", "-1", "100"),
            item("eu-west-1", "1", "101"),
            item("eu-west-1", "1", "12.5"),
            Item::new(),
        ] {
            assert!(control(&wrong).is_err(), "{wrong:?}");
        }
    }
}
