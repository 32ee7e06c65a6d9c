//! What messages look like on SQS.

use aws_sdk_sqs::{
    Client,
    types::{
        BatchResultErrorEntry, Message, MessageAttributeValue, MessageSystemAttributeName as Known,
        SendMessageBatchRequestEntry,
    },
};

use super::{failed, refused};
use crate::{BackendError, OrderMessage};

/// A message on its way.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Sending(String);

impl Sending {
    /// Puts `message` into text.
    pub(in crate::aws) fn new(message: &impl serde::Serialize) -> Result<Self, BackendError> {
        serde_json::to_string(message)
            .map(Self)
            .map_err(|error| BackendError::unreadable("a new message", error))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Sends up to ten messages to `queue`.
pub(in crate::aws) async fn send(
    client: Client,
    queue: String,
    batch: Vec<Sending>,
) -> Vec<Result<(), BackendError>> {
    let count = batch.len();
    let entries: Result<Vec<_>, _> = batch
        .into_iter()
        .enumerate()
        .map(|(n, message)| {
            SendMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .message_body(message.0)
                .build()
        })
        .collect();
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return vec![Err(BackendError::unavailable(error)); count],
    };
    let sent = client
        .send_message_batch()
        .queue_url(queue)
        .set_entries(Some(entries))
        .send()
        .await;
    match sent {
        Ok(sent) => by_entry(count, sent.failed()),
        Err(error) => vec![Err(failed(error)); count],
    }
}

/// What became of each of `count` entries whose ids are their numbers.
pub(super) fn by_entry(
    count: usize,
    failed: &[BatchResultErrorEntry],
) -> Vec<Result<(), BackendError>> {
    let mut results = vec![Ok(()); count];
    for entry in failed {
        let number = entry.id().parse::<usize>().ok();
        if let Some(result) = number.and_then(|number| results.get_mut(number)) {
            *result = Err(refused(entry.code()));
        }
    }
    results
}

/// The order that `message` is about.
pub(super) fn read(message: &Message) -> Option<OrderMessage> {
    serde_json::from_str(message.body()?).ok()
}

/// What SQS says about `message`.
pub(super) fn attribute<'m>(message: &'m Message, name: &Known) -> Option<&'m str> {
    message.attributes()?.get(name).map(String::as_str)
}

/// What its sender says about `message`.
pub(super) fn note<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    message.message_attributes()?.get(name)?.string_value()
}

/// A note to send with a message; SQS takes no empty ones.
pub(super) fn note_of(text: &str) -> Result<MessageAttributeValue, BackendError> {
    let text = if text.is_empty() { "-" } else { text };
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(text)
        .build()
        .map_err(BackendError::unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_entry_fails_alone() {
        let failed = BatchResultErrorEntry::builder()
            .id("1")
            .code("InternalError")
            .sender_fault(false)
            .build()
            .unwrap();
        let results = by_entry(3, &[failed]);
        let ok: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(ok, [true, false, true]);
    }
}
