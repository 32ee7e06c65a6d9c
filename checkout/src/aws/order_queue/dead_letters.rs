//! Dead letters: how messages become such, are looked at, and are put back.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName as Known,
};
use futures_util::future::{join_all, try_join_all};
use waiting_room_core::{EventId, Timestamp};

use super::{AT_ONCE, SqsOrderQueue, delete, failed, message, whole};
use crate::{BackendError, DeadLetter, OrderMessage, error::chain};

/// What went wrong last.
const REASON: &str = "reason";
/// How often it was received.
const RECEIVED: &str = "received";
/// When it died, in microseconds.
const DIED_AT: &str = "died_at";

/// The longest reason that is kept, in bytes.
const LONGEST_REASON: usize = 1_000;

/// Letters that are looked at in one call.
const MOST: usize = 5_000;

/// For how long letters are hidden from others while we look at them.
const HIDDEN: Duration = Duration::from_secs(30);

/// How long a look may take; well within the time that they are hidden.
const LOOK: Duration = Duration::from_secs(8);

/// Receives that are under way at once.
const RECEIVING: usize = 8;

/// Sends `message`, which was received too often, to the dead-letter queue.
pub(super) async fn bury(
    queue: &SqsOrderQueue,
    message: &OrderMessage,
    received: u32,
    reason: &str,
) -> Result<(), BackendError> {
    let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    let died_at = service_kit::now().as_micros().to_string();
    queue
        .client
        .send_message()
        .queue_url(&queue.urls.dead_letters)
        .message_body(message::Sending::new(message)?.text())
        .message_attributes(REASON, message::note_of(reason)?)
        .message_attributes(RECEIVED, message::note_of(&received.to_string())?)
        .message_attributes(DIED_AT, message::note_of(&died_at)?)
        .send()
        .await
        .map_err(failed)?;
    tracing::warn!(order = %message.order, event = %message.event, reason, "a dead letter");
    Ok(())
}

pub(super) async fn list(
    queue: &SqsOrderQueue,
    event: &EventId,
    most: usize,
) -> Result<Vec<DeadLetter>, BackendError> {
    let looked_at = look(queue).await?;
    let letters = looked_at
        .iter()
        .filter_map(|message| letter(queue, event, message));
    let mut letters: Vec<DeadLetter> = letters.collect();
    letters.sort_by_key(|letter| letter.died_at);
    // An order that stays pending gets another message in time, which dies too: the last tells most.
    let mut shown = HashSet::new();
    letters.reverse();
    letters.retain(|letter| shown.insert(letter.order));
    letters.reverse();
    letters.truncate(most);
    give_back(queue, &looked_at).await;
    Ok(letters)
}

pub(super) async fn redrive(queue: &SqsOrderQueue, event: &EventId) -> Result<usize, BackendError> {
    let looked_at = look(queue).await?;
    let (ours, others): (Vec<Message>, Vec<Message>) = looked_at
        .into_iter()
        .partition(|message| message::read(message).is_some_and(|message| message.event == *event));
    let moved = try_join_all(ours.chunks(AT_ONCE).map(|batch| move_back(queue, batch))).await;
    give_back(queue, &others).await;
    Ok(moved?.into_iter().sum())
}

/// Receives all there are, or as many as one call looks at.
async fn look(queue: &SqsOrderQueue) -> Result<Vec<Message>, BackendError> {
    let end = Instant::now() + LOOK;
    let mut found = receive(queue, Duration::ZERO).await?;
    if found.is_empty() {
        // An empty answer at once may mean that SQS has not asked all of its servers.
        found = receive(queue, Duration::from_secs(1)).await?;
    }
    let mut more = !found.is_empty();
    while more && found.len() < MOST && Instant::now() < end {
        let received = join_all((0..RECEIVING).map(|_| receive(queue, Duration::ZERO))).await;
        let before = found.len();
        found.extend(received.into_iter().flatten().flatten());
        more = found.len() > before;
        if !more {
            let last = receive(queue, Duration::from_secs(1)).await?;
            more = !last.is_empty();
            found.extend(last);
        }
    }
    Ok(found)
}

async fn receive(queue: &SqsOrderQueue, wait: Duration) -> Result<Vec<Message>, BackendError> {
    let received = queue
        .client
        .receive_message()
        .queue_url(&queue.urls.dead_letters)
        .max_number_of_messages(whole(AT_ONCE as u64))
        .visibility_timeout(whole(HIDDEN.as_secs()))
        .wait_time_seconds(whole(wait.as_secs()))
        .message_attribute_names("All")
        .message_system_attribute_names(Known::SentTimestamp)
        .send()
        .await
        .map_err(failed)?;
    Ok(received.messages.unwrap_or_default())
}

/// Shows `messages` to others again; what fails shows itself a little later.
async fn give_back(queue: &SqsOrderQueue, messages: &[Message]) {
    let batches = messages.chunks(AT_ONCE).map(async |batch| {
        let entries = batch.iter().enumerate().filter_map(|(n, message)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(message.receipt_handle()?)
                .visibility_timeout(0)
                .build()
                .ok()
        });
        let changed = queue
            .client
            .change_message_visibility_batch()
            .queue_url(&queue.urls.dead_letters)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        if let Err(error) = changed {
            let error = chain(&failed(error));
            tracing::warn!(error, "dead letters stay hidden for a while");
        }
    });
    join_all(batches).await;
}

/// Sends up to ten letters to the order queue, then deletes those that were sent; says how many. A crash in
/// between sends them twice.
async fn move_back(queue: &SqsOrderQueue, batch: &[Message]) -> Result<usize, BackendError> {
    let sending = batch.iter().filter_map(message::read);
    let sending: Result<Vec<_>, _> = sending.map(|order| message::Sending::new(&order)).collect();
    let sent = message::send(queue.client.clone(), queue.urls.orders.clone(), sending?).await;
    let moved = batch.iter().zip(&sent).filter(|(_, sent)| sent.is_ok());
    let handles: Vec<String> = moved
        .filter_map(|(message, _)| message.receipt_handle().map(str::to_owned))
        .collect();
    let moved = handles.len();
    let deleted = delete(
        queue.client.clone(),
        queue.urls.dead_letters.clone(),
        handles,
    )
    .await;
    sent.into_iter()
        .chain(deleted)
        .collect::<Result<Vec<()>, _>>()?;
    Ok(moved)
}

/// What `message` tells, if it is of `event`.
fn letter(queue: &SqsOrderQueue, event: &EventId, message: &Message) -> Option<DeadLetter> {
    let order = message::read(message)?;
    if order.event != *event {
        return None;
    }
    let most = queue.policy.most_receives;
    let received = message::note(message, RECEIVED).and_then(|count| count.parse().ok());
    let received = received.unwrap_or(most);
    let died_at = message::note(message, DIED_AT).and_then(|micros| micros.parse().ok());
    let sent_at = message::attribute(message, &Known::SentTimestamp)
        .and_then(|millis| millis.parse::<u64>().ok())
        .map(|millis| millis.saturating_mul(1_000));
    Some(DeadLetter {
        id: message.message_id()?.to_owned(),
        order: order.order,
        reason: message::note(message, REASON).map_or_else(
            || format!("it was received {received} times and never acknowledged"),
            str::to_owned,
        ),
        received,
        died_at: Timestamp::from_micros(died_at.or(sent_at)?),
    })
}
