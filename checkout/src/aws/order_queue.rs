//! The order queue on SQS: a standard queue and its dead-letter queue.
//!
//! **Batches.** What is sent or acknowledged within a few milliseconds goes to SQS ten at a time, which is
//! what it bills and limits; each caller still gets the result of its own message.
//!
//! **Who holds what** is known to SQS, and to this process for as long as the visibility timeout that it
//! was given lasts on its own clock: what has lapsed may be in somebody else's hands, so it is neither
//! released nor extended any more. (SQS takes old receipt handles for a newer delivery at times.) A receipt
//! of another process counts for nothing; its message comes again.
//!
//! **Dead letters** need a reason, which SQS can't attach when it moves a message by itself. So a message
//! that is released on the last receive it has is sent to the dead-letter queue from here, with the reason
//! in its attributes, and deleted; SQS's own redrive policy catches those that nobody answered for.
//!
//! **What this queue can't tell**, other than the embedded one: whether it holds an order already (a second
//! message is added, which settling bears; so a dead order that stays pending is put on the queue again by
//! the sweeper, more and more rarely, and may become a dead letter again, which is shown once), and how many
//! messages are of which event.

mod dead_letters;
mod depth;
mod message;
mod queues;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    config::{Config, timeout::TimeoutConfig},
    operation::change_message_visibility::ChangeMessageVisibilityError as NotChanged,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName as Known},
};
use futures_util::future::join_all;
use tokio::time::sleep;
use waiting_room_core::EventId;

pub(super) use self::message::{Sending, send};
pub use self::queues::{OrderQueueUrls, create_queues};
use self::{depth::DepthGauge, queues::Rules};
use super::coalescer::{Coalescer, EntryRefused};
use crate::{
    BackendError, DeadLetter, DeadLetters, Delivery, Depth, OrderMessage, OrderQueue, QueuePolicy,
    Receipt, Retry,
};

/// Messages that SQS gives at once.
const AT_ONCE: usize = 10;

/// Receives that are under way at once for one call.
const RECEIVING: usize = 12;

/// The longest that SQS waits for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How much later than after its wait an answer may come.
const LATE: Duration = Duration::from_secs(3);

/// How often to look when there is less than a second to wait, which SQS can't.
const LOOK: Duration = Duration::from_millis(50);

/// How long an answer may have been under way: so much sooner is a delivery taken to lapse, but never by more
/// than a tenth of the visibility timeout.
const ANSWERING: Duration = Duration::from_secs(1);

/// The longest that SQS hides a message.
const LONGEST_VISIBILITY: Duration = Duration::from_secs(43_200);

/// The order queue, and its dead letters. Needs both queues; their settings are read when it is opened.
#[derive(Debug)]
pub struct SqsOrderQueue {
    client: Client,
    urls: OrderQueueUrls,
    policy: QueuePolicy,
    sends: Coalescer<Sending>,
    deletes: Coalescer<String>,
    held: Mutex<HashMap<String, Held>>,
    depth: DepthGauge,
}

/// A delivery that this process has in its hands.
#[derive(Clone, Debug)]
struct Held {
    message: OrderMessage,
    received: u32,
    until: Instant,
}

impl SqsOrderQueue {
    /// The queue at `urls`, as patient as SQS says that it is: its visibility timeout, and the receives that
    /// its redrive policy allows.
    ///
    /// # Errors
    /// When SQS does not answer, or when the queue has no redrive policy.
    pub async fn open(client: Client, urls: OrderQueueUrls) -> Result<Arc<Self>, BackendError> {
        let Rules { policy } = queues::rules(&client, &urls).await?;
        let (sender, to) = (client.clone(), urls.orders.clone());
        let (deleter, from) = (client.clone(), urls.orders.clone());
        Ok(Arc::new(Self {
            sends: Coalescer::start(move |batch| message::send(sender.clone(), to.clone(), batch)),
            deletes: Coalescer::start(move |batch| delete(deleter.clone(), from.clone(), batch)),
            held: Mutex::default(),
            depth: DepthGauge::new(client.clone(), urls.clone()),
            client,
            urls,
            policy,
        }))
    }

    /// How patient it is.
    pub fn policy(&self) -> QueuePolicy {
        self.policy
    }

    /// Whether both queues answer; changes nothing.
    ///
    /// # Errors
    /// When one does not.
    pub async fn check(&self) -> Result<(), BackendError> {
        self.depth.count().await.map(drop)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `receipt` is for, while it counts.
    fn holds(&self, receipt: &Receipt) -> Option<Held> {
        let held = self.held().get(receipt.as_str()).cloned();
        held.filter(|held| Instant::now() < held.until)
    }

    async fn receive_some(
        &self,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, BackendError> {
        let wait = wait.min(LONGEST_WAIT);
        // The client's own patience is for calls that answer at once.
        let patience = TimeoutConfig::builder()
            .read_timeout(wait + LATE)
            .operation_attempt_timeout(wait + LATE)
            .operation_timeout(wait + LATE)
            .build();
        let received = self
            .client
            .receive_message()
            .queue_url(&self.urls.orders)
            .max_number_of_messages(whole(most.min(AT_ONCE) as u64))
            .wait_time_seconds(whole(wait.as_secs()))
            .message_system_attribute_names(Known::ApproximateReceiveCount)
            .customize()
            .config_override(Config::builder().timeout_config(patience))
            .send()
            .await
            .map_err(failed)?;
        let now = Instant::now();
        let visibility = self.policy.visibility;
        let until = now + visibility.saturating_sub(ANSWERING.min(visibility / 10));
        let messages = received.messages.unwrap_or_default();
        let mut held = self.held();
        held.retain(|_, held| now < held.until + self.policy.visibility);
        let deliveries = messages.iter().filter_map(|message| {
            let delivery = delivery(message)?;
            let kept = Held {
                message: delivery.message.clone(),
                received: delivery.received,
                until,
            };
            held.insert(delivery.receipt.as_str().to_owned(), kept);
            Some(delivery)
        });
        Ok(deliveries.collect())
    }

    /// Hides the message behind `receipt` for `visibility`; false when it is not held any more.
    async fn hide(&self, receipt: &Receipt, visibility: Duration) -> Result<bool, BackendError> {
        let changed = self
            .client
            .change_message_visibility()
            .queue_url(&self.urls.orders)
            .receipt_handle(receipt.as_str())
            .visibility_timeout(whole(seconds_up(visibility)))
            .send()
            .await;
        match changed {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(NotChanged::MessageNotInflight(_) | NotChanged::ReceiptHandleIsInvalid(_)) => {
                    Ok(false)
                }
                _ => Err(failed(error)),
            },
        }
    }
}

#[async_trait]
impl OrderQueue for SqsOrderQueue {
    async fn send(&self, message: OrderMessage) -> Result<(), BackendError> {
        self.sends.put(Sending::new(&message)?).await
    }

    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, BackendError> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut deliveries = self.receive_some(most, left).await?;
            let wanted = most.saturating_sub(deliveries.len());
            if deliveries.len() == AT_ONCE && wanted > 0 {
                let more = wanted.div_ceil(AT_ONCE).min(RECEIVING);
                let sizes = (0..more).map(|n| (wanted - n * AT_ONCE).min(AT_ONCE));
                let more = sizes.map(|size| self.receive_some(size, Duration::ZERO));
                // What is in hand counts; the rest is still there.
                deliveries.extend(join_all(more).await.into_iter().flatten().flatten());
            }
            let left = end.saturating_duration_since(Instant::now());
            if !deliveries.is_empty() || left.is_zero() {
                return Ok(deliveries);
            }
            sleep(left.min(LOOK)).await;
        }
    }

    async fn acknowledge(&self, receipt: &Receipt) -> Result<(), BackendError> {
        // Late as it may be, the work is done.
        if !self.held().contains_key(receipt.as_str()) {
            return Ok(());
        }
        self.deletes.put(receipt.as_str().to_owned()).await?;
        self.held().remove(receipt.as_str());
        Ok(())
    }

    async fn extend(&self, receipt: &Receipt, visibility: Duration) -> Result<bool, BackendError> {
        if self.holds(receipt).is_none() {
            return Ok(false);
        }
        let asked = Instant::now();
        let hidden = self.hide(receipt, visibility).await?;
        if hidden && let Some(held) = self.held().get_mut(receipt.as_str()) {
            held.until = asked + visibility;
        }
        Ok(hidden)
    }

    async fn release(&self, receipt: &Receipt, retry: Retry) -> Result<(), BackendError> {
        let Some(held) = self.holds(receipt) else {
            return Ok(());
        };
        if held.received >= self.policy.most_receives {
            dead_letters::bury(self, &held.message, held.received, &retry.reason).await?;
            self.deletes.put(receipt.as_str().to_owned()).await?;
        } else {
            self.hide(receipt, retry.after).await?;
        }
        self.held().remove(receipt.as_str());
        Ok(())
    }

    /// Of the whole queue, whatever the event; kept for about a second, and itself approximate.
    async fn depth(&self, _: &EventId) -> Result<Depth, BackendError> {
        self.depth.read().await
    }
}

#[async_trait]
impl DeadLetters for SqsOrderQueue {
    /// Looks at up to some thousands of the dead letters of all events, which hides them from others who look
    /// or redrive at the same time. Their order is that of the times that they tell.
    async fn dead_letters(
        &self,
        event: &EventId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, BackendError> {
        dead_letters::list(self, event, most).await
    }

    async fn redrive(&self, event: &EventId) -> Result<usize, BackendError> {
        dead_letters::redrive(self, event).await
    }
}

/// A delivery of `message`; `None` if nobody can read it, which leaves it to the redrive policy.
fn delivery(message: &Message) -> Option<Delivery> {
    let read = message::read(message);
    let Some(order) = read else {
        let id = message.message_id().unwrap_or_default();
        tracing::error!(message = id, "a message on the order queue is not readable");
        return None;
    };
    Some(Delivery {
        receipt: Receipt::new(message.receipt_handle()?),
        message: order,
        received: message::attribute(message, &Known::ApproximateReceiveCount)
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
    })
}

async fn delete(
    client: Client,
    queue: String,
    receipts: Vec<String>,
) -> Vec<Result<(), BackendError>> {
    let count = receipts.len();
    let entries: Result<Vec<_>, _> = receipts
        .into_iter()
        .enumerate()
        .map(|(n, receipt)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(receipt)
                .build()
        })
        .collect();
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return vec![Err(BackendError::unavailable(error)); count],
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(queue)
        .set_entries(Some(entries))
        .send()
        .await;
    match deleted {
        Ok(deleted) => message::by_entry(count, deleted.failed()),
        Err(error) => vec![Err(failed(error)); count],
    }
}

/// `seconds` as SQS wants it.
fn whole(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// Whole seconds, not less than `time`.
fn seconds_up(time: Duration) -> u64 {
    let time = time.min(LONGEST_VISIBILITY);
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The SDK has given up.
fn failed(error: impl Into<aws_sdk_sqs::Error>) -> BackendError {
    BackendError::unavailable(error.into())
}

fn refused(code: &str) -> BackendError {
    let code = code.to_owned();
    BackendError::unavailable(EntryRefused { code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_cut_short_by_rounding() {
        assert_eq!(seconds_up(Duration::ZERO), 0);
        assert_eq!(seconds_up(Duration::from_millis(1)), 1);
        assert_eq!(seconds_up(Duration::from_secs(2)), 2);
        assert_eq!(seconds_up(Duration::from_secs(100_000)), 43_200);
    }
}
