//! The two queues and their settings.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{Client, types::QueueAttributeName as About};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use super::{failed, seconds_up};
use crate::{BackendError, QueuePolicy};

/// Where the queues are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderQueueUrls {
    /// The order queue.
    pub orders: String,
    /// Its dead-letter queue.
    pub dead_letters: String,
}

/// What a queue is like.
pub(super) struct Rules {
    pub(super) policy: QueuePolicy,
}

/// The queue is not as we need it.
#[derive(Debug, Error)]
#[error("the order queue has no {0} that could be read")]
struct NoSuchSetting(&'static str);

#[derive(Deserialize)]
struct RedrivePolicy {
    #[serde(rename = "maxReceiveCount", deserialize_with = "count")]
    most_receives: u32,
}

/// Reads what the infrastructure has set, so that it is said in one place only.
pub(super) async fn rules(client: &Client, urls: &OrderQueueUrls) -> Result<Rules, BackendError> {
    let told = client
        .get_queue_attributes()
        .queue_url(&urls.orders)
        .attribute_names(About::VisibilityTimeout)
        .attribute_names(About::RedrivePolicy)
        .send()
        .await
        .map_err(failed)?;
    let told = told.attributes.unwrap_or_default();
    let setting = |name: About, what| {
        let text = told.get(&name).map(String::as_str);
        text.ok_or_else(|| BackendError::unreadable("the order queue", NoSuchSetting(what)))
    };
    let unreadable = |error| BackendError::unreadable("the order queue's redrive policy", error);
    let seconds: u64 = setting(About::VisibilityTimeout, "visibility timeout")?
        .parse()
        .map_err(|error| BackendError::unreadable("the visibility timeout", error))?;
    let redrive = setting(About::RedrivePolicy, "redrive policy")?;
    let redrive: RedrivePolicy = serde_json::from_str(redrive).map_err(unreadable)?;
    Ok(Rules {
        policy: QueuePolicy {
            visibility: Duration::from_secs(seconds),
            most_receives: redrive.most_receives,
        },
    })
}

/// Makes an order queue called `name` and its dead-letter queue `name`-dead for local use and tests, or
/// finds them.
///
/// The infrastructure has to make the same: two standard queues; the order queue with a visibility timeout
/// of whole seconds, longer than fulfilment's patience and its acknowledgement take (30 s), and a redrive
/// policy to the dead-letter queue (`maxReceiveCount` 5); the dead-letter queue with the longest retention
/// (14 days).
///
/// # Errors
/// When the backend fails.
pub async fn create_queues(
    client: &Client,
    name: &str,
    policy: QueuePolicy,
) -> Result<OrderQueueUrls, BackendError> {
    let retention = (About::MessageRetentionPeriod, "1209600".to_owned());
    let dead_letters = create(client, &format!("{name}-dead"), HashMap::from([retention])).await?;
    let told = client
        .get_queue_attributes()
        .queue_url(&dead_letters)
        .attribute_names(About::QueueArn)
        .send()
        .await
        .map_err(failed)?;
    let told = told.attributes.unwrap_or_default();
    let target = told.get(&About::QueueArn);
    let target =
        target.ok_or_else(|| BackendError::unreadable("a new queue", NoSuchSetting("ARN")))?;
    let redrive = json!({
        "deadLetterTargetArn": target,
        "maxReceiveCount": policy.most_receives.to_string(),
    });
    let visibility = seconds_up(policy.visibility).to_string();
    let settings = HashMap::from([
        (About::VisibilityTimeout, visibility),
        (About::RedrivePolicy, redrive.to_string()),
    ]);
    Ok(OrderQueueUrls {
        orders: create(client, name, settings).await?,
        dead_letters,
    })
}

async fn create(
    client: &Client,
    name: &str,
    settings: HashMap<About, String>,
) -> Result<String, BackendError> {
    let created = client
        .create_queue()
        .queue_name(name)
        .set_attributes(Some(settings))
        .send()
        .await
        .map_err(failed)?;
    let url = created.queue_url;
    url.ok_or_else(|| BackendError::unreadable("a new queue", NoSuchSetting("URL")))
}

/// A number, which SQS gives as such or as text, as it was set.
fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(u32),
        Text(String),
    }
    match Count::deserialize(deserializer)? {
        Count::Number(number) => Ok(number),
        Count::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read_however_it_was_written() {
        for text in [
            r#"{"maxReceiveCount":"5"}"#,
            r#"{"maxReceiveCount":5,"x":1}"#,
        ] {
            let policy: RedrivePolicy = serde_json::from_str(text).unwrap();
            assert_eq!(policy.most_receives, 5);
        }
        assert!(serde_json::from_str::<RedrivePolicy>("{}").is_err());
    }
}
