//! The sessions that checkout ended, from an SQS queue.

use std::{error::Error, sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::{Config, timeout::TimeoutConfig},
    error::SdkError,
    operation::receive_message::ReceiveMessageError,
    types::{DeleteMessageBatchRequestEntry, Message},
};
use futures_util::future::join_all;
use metrics::{counter, describe_counter};
use rand::RngExt;
use serde::Deserialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use waiting_room_core::{EventId, SessionId, TicketId};

use crate::queue_store::{QueueStore, StoreUnavailable};

/// How long SQS holds a call that has nothing to answer: its longest, 20 s, costs the fewest calls.
const LONG_POLL: Duration = Duration::from_secs(20);

/// How long the answer may be late.
const LATE: Duration = Duration::from_secs(5);

/// The pause after the first failure, and after many.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

const ENDED: &str = "waiting_room_ended_session_messages_total";

/// What a message says: `{"event":"aurora-live","ticket":"...","session":"..."}`.
#[derive(Debug, Deserialize)]
struct EndedSession {
    event: EventId,
    ticket: TicketId,
    session: SessionId,
}

/// Gives back the slot of each session that a message of `queue_url` says is over, until `shutdown`.
///
/// A message may come twice, late or to any instance: ending a session is repeatable. It is deleted when
/// the store has answered; while the store does not answer none is taken, so that they don't run out of
/// tries. A message that says nothing readable is logged and deleted. What gets lost in spite of all
/// costs a slot until the session's time is over.
pub async fn run(
    client: Client,
    queue_url: String,
    store: Arc<dyn QueueStore>,
    shutdown: CancellationToken,
) {
    describe_counter!(
        ENDED,
        "Messages of checkout that a session is over, by outcome"
    );
    let consumer = Consumer {
        client,
        queue_url,
        store,
    };
    // Whatever it is at when the end comes may be dropped: an undeleted message comes again.
    shutdown.run_until_cancelled(consumer.run()).await;
}

struct Consumer {
    client: Client,
    queue_url: String,
    store: Arc<dyn QueueStore>,
}

impl Consumer {
    async fn run(&self) {
        let mut failures = 0;
        loop {
            match self.receive().await {
                Ok(messages) => {
                    failures = 0;
                    if let Err(unavailable) = self.take(messages).await {
                        self.wait_for_the_store(unavailable).await;
                    }
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(
                            error = &*error as &dyn Error,
                            "the queue of ended sessions does not answer"
                        );
                    }
                    sleep(pause(failures)).await;
                    failures += 1;
                }
            }
        }
    }

    async fn receive(&self) -> Result<Vec<Message>, Box<SdkError<ReceiveMessageError>>> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(LONG_POLL + LATE)
            .operation_timeout(LONG_POLL + LATE)
            .read_timeout(LONG_POLL + LATE)
            .build();
        let received = self
            .client
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(10)
            .wait_time_seconds(i32::try_from(LONG_POLL.as_secs()).unwrap_or(20))
            .customize()
            .config_override(Config::builder().timeout_config(timeouts))
            .send()
            .await?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Ends the sessions of `messages`, and deletes those of which the store has heard.
    async fn take(&self, messages: Vec<Message>) -> Result<(), StoreUnavailable> {
        let outcomes = join_all(messages.iter().map(|message| self.end(message))).await;
        let mut unavailable = None;
        let mut done = Vec::new();
        for (message, outcome) in messages.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => done.extend(message.receipt_handle),
                Err(error) => unavailable = Some(error),
            }
        }
        self.delete(done).await;
        unavailable.map_or(Ok(()), Err)
    }

    async fn end(&self, message: &Message) -> Result<(), StoreUnavailable> {
        let id = message.message_id().unwrap_or_default();
        let outcome = match serde_json::from_str(message.body().unwrap_or_default()) {
            Ok(EndedSession {
                event,
                ticket,
                session,
            }) => match self.store.end_session(&event, ticket, session).await {
                Ok(true) => "ended",
                Ok(false) => "ended_before",
                Err(error) => {
                    counter!(ENDED, "outcome" => "not_answered").increment(1);
                    return Err(error);
                }
            },
            Err(error) => {
                // Where, but not what: it may be anything.
                let column = error.column();
                tracing::warn!(id, column, "unreadable message about an ended session");
                "unreadable"
            }
        };
        counter!(ENDED, "outcome" => outcome).increment(1);
        Ok(())
    }

    async fn delete(&self, receipts: Vec<String>) {
        let entries: Result<Vec<_>, _> = receipts
            .into_iter()
            .enumerate()
            .map(|(index, receipt)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .build()
            })
            .collect();
        let entries = match entries {
            Ok(entries) if entries.is_empty() => return,
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "messages can't be deleted");
                return;
            }
        };
        let deleted = self
            .client
            .delete_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await;
        // Those that are left come again, and end nothing then.
        match deleted {
            Ok(deleted) if deleted.failed().is_empty() => {}
            Ok(deleted) => tracing::warn!(left = deleted.failed().len(), "messages not deleted"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "messages not deleted");
            }
        }
    }

    async fn wait_for_the_store(&self, unavailable: StoreUnavailable) {
        tracing::warn!(
            error = &unavailable as &dyn Error,
            "ended sessions wait for the queue store"
        );
        sleep(unavailable.retry_after).await;
        let mut failures = 0;
        while self.store.ready().await.is_err() {
            sleep(pause(failures)).await;
            failures += 1;
        }
    }
}

/// A random pause after so many `failures` before this one, longer the more there were.
fn pause(failures: u32) -> Duration {
    let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
    longest
        .min(LONGEST_PAUSE)
        .mul_f64(rand::rng().random_range(0.5..1.0))
}
