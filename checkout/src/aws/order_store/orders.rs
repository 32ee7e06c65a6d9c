//! Orders and their tickets, item by item.

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::ReturnValuesOnConditionCheckFailure::AllOld,
};
use serde::{Deserialize, Serialize};
use waiting_room_core::{EventId, TicketId};

use super::{
    ledger::Verdict,
    schema::{
        ATTEMPT, BODY, EVENT, PK, SETTLED_BY, STATE, SWEEP, SWEEP_AT, TICKET, VERDICT, order_key,
        order_position, partition_of, pending_partition, ticket_key,
    },
    table::{Item, Table, Versioned, Written, attribute, body, encode, failed, text},
};
use crate::{BackendError, IdempotencyKey, Order, OrderId, OrderState, aws::nonce::Nonce};

/// Requests of one ticket that are remembered. A ticket gets to more only by being refused as often.
const MOST_REQUESTS: usize = 200;

/// Reads and writes orders.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) table: Table,
}

/// An order, and what is known of how it came about.
#[derive(Clone, Debug)]
pub(super) struct StoredOrder {
    pub(super) order: Order,
    /// The attempt that wrote it.
    pub(super) attempt: Nonce,
    /// The token of the verdict that it was settled by.
    pub(super) verdict: Option<Nonce>,
    /// The call that it was settled for.
    pub(super) settled_by: Option<Nonce>,
}

/// What a ticket asked for, as it is stored: the newest request last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct TicketRecord {
    requests: Vec<(String, OrderId)>,
}

impl TicketRecord {
    /// The order of the request with `key`.
    pub(super) fn requested(&self, key: &IdempotencyKey) -> Option<OrderId> {
        let mut requests = self.requests.iter();
        let found = requests.find(|(known, _)| known == key.as_str());
        found.map(|(_, order)| *order)
    }

    /// The last order.
    pub(super) fn last(&self) -> Option<OrderId> {
        self.requests.last().map(|(_, order)| *order)
    }

    /// Whether `order` is one of the ticket's.
    pub(super) fn names(&self, order: OrderId) -> bool {
        self.requests.iter().any(|(_, named)| *named == order)
    }

    /// Adds a request; the oldest is forgotten if there are too many.
    pub(super) fn add(&mut self, key: &IdempotencyKey, order: OrderId) {
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.remove(0);
        }
        self.requests.push((key.as_str().to_owned(), order));
    }
}

impl Orders {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }

    /// Reads `id`, be it an order or a draft.
    pub(super) async fn stored(&self, id: OrderId) -> Result<Option<StoredOrder>, BackendError> {
        let item = self.table.get(&order_key(id)).await?;
        item.map(|item| read(id, &item)).transpose()
    }

    /// Reads the order `id`; a draft is none.
    pub(super) async fn accepted(&self, id: OrderId) -> Result<Option<StoredOrder>, BackendError> {
        let Some(stored) = self.stored(id).await? else {
            return Ok(None);
        };
        // Only orders are ever settled.
        if stored.order.state != OrderState::Pending {
            return Ok(Some(stored));
        }
        let ticket = self
            .ticket(&stored.order.event, stored.order.ticket)
            .await?;
        Ok(ticket.value.names(id).then_some(stored))
    }

    /// Reads what a ticket asked for.
    pub(super) async fn ticket(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Versioned<TicketRecord>, BackendError> {
        self.table.versioned(&ticket_key(event, ticket)).await
    }

    /// Reads the last order of a ticket.
    pub(super) async fn latest(
        &self,
        event: &EventId,
        ticket: TicketId,
    ) -> Result<Option<Order>, BackendError> {
        match self.ticket(event, ticket).await?.value.last() {
            Some(id) => Ok(self.stored(id).await?.map(|stored| stored.order)),
            None => Ok(None),
        }
    }

    /// Writes `order` as a draft.
    pub(super) async fn draft(&self, order: &Order, attempt: &Nonce) -> Result<(), BackendError> {
        let partition = pending_partition(partition_of(order.id.as_bytes()));
        self.table
            .client
            .put_item()
            .table_name(&self.table.name)
            .item(PK, text(order_key(order.id)))
            .item(BODY, text(encode(order)?))
            .item(STATE, text(OrderState::Pending.as_str()))
            .item(ATTEMPT, text(attempt.as_str()))
            .item(EVENT, text(order.event.as_str()))
            .item(TICKET, text(order.ticket.to_string()))
            .item(SWEEP, text(partition))
            .item(SWEEP_AT, text(order_position(order.id)))
            .send()
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Names `order` in its ticket, which makes it an order, if the ticket is still as it was read.
    pub(super) async fn claim(
        &self,
        ticket: &Versioned<TicketRecord>,
        order: &Order,
        key: &IdempotencyKey,
    ) -> Result<Written<Versioned<TicketRecord>>, BackendError> {
        let mut named = ticket.value.clone();
        named.add(key, order.id);
        self.write_ticket(&order.event, order.ticket, &named, ticket.version)
            .await
    }

    /// Deletes the draft `id` of `attempt`, which its ticket does not name and never will: the caller has
    /// seen to it that the ticket's version changed since the attempt read it.
    pub(super) async fn take_back(&self, id: OrderId, attempt: &Nonce) -> Result<(), BackendError> {
        let deleted = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .key(PK, text(order_key(id)))
            .condition_expression("#attempt = :attempt AND #state = :pending")
            .expression_attribute_names("#attempt", ATTEMPT)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":attempt", text(attempt.as_str()))
            .expression_attribute_values(":pending", text(OrderState::Pending.as_str()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed(error)),
            },
        }
    }

    /// Deletes `stored` if its ticket does not name it, and sees to it that nobody names it later.
    pub(super) async fn abandon(&self, id: OrderId) -> Result<(), BackendError> {
        let Some(StoredOrder { order, attempt, .. }) = self.stored(id).await? else {
            return Ok(());
        };
        let ticket = self.ticket(&order.event, order.ticket).await?;
        if ticket.value.names(id) {
            return Ok(());
        }
        let fenced = self
            .write_ticket(&order.event, order.ticket, &ticket.value, ticket.version)
            .await?;
        match fenced {
            Written::Done => self.take_back(id, &attempt).await,
            // The next sweep looks again.
            Written::Changed(_) => Ok(()),
        }
    }

    /// Carries out `verdict` on the order `id` for `call`, unless it is settled; gives the order as it is
    /// then, or `None` when there is none.
    pub(super) async fn carry_out(
        &self,
        id: OrderId,
        verdict: &Verdict,
        call: &Nonce,
    ) -> Result<Option<StoredOrder>, BackendError> {
        let Some(mut stored) = self.stored(id).await? else {
            return Ok(None);
        };
        if stored.order.state != OrderState::Pending {
            return Ok(Some(stored));
        }
        stored.order.state = verdict.state();
        stored.verdict = Some(verdict.token.clone());
        stored.settled_by = Some(call.clone());
        let updated = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .key(PK, text(order_key(id)))
            .update_expression(
                "SET #body = :body, #state = :state, #verdict = :verdict, #by = :by \
                 REMOVE #sweep, #at",
            )
            .condition_expression("#state = :pending")
            .expression_attribute_names("#body", BODY)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#verdict", VERDICT)
            .expression_attribute_names("#by", SETTLED_BY)
            .expression_attribute_names("#sweep", SWEEP)
            .expression_attribute_names("#at", SWEEP_AT)
            .expression_attribute_values(":body", text(encode(&stored.order)?))
            .expression_attribute_values(":state", text(stored.order.state.as_str()))
            .expression_attribute_values(":verdict", text(verdict.token.as_str()))
            .expression_attribute_values(":by", text(call.as_str()))
            .expression_attribute_values(":pending", text(OrderState::Pending.as_str()))
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        let Err(error) = updated else {
            return Ok(Some(stored));
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(found)) => match found.item() {
                Some(item) => read(id, item).map(Some),
                None => self.stored(id).await,
            },
            _ => Err(failed(error)),
        }
    }

    async fn write_ticket(
        &self,
        event: &EventId,
        ticket: TicketId,
        record: &TicketRecord,
        version: u64,
    ) -> Result<Written<Versioned<TicketRecord>>, BackendError> {
        let key = ticket_key(event, ticket);
        self.table.replace(&key, record, version).await
    }
}

fn read(id: OrderId, item: &Item) -> Result<StoredOrder, BackendError> {
    Ok(StoredOrder {
        order: body(&order_key(id), item)?,
        attempt: attribute(item, ATTEMPT).unwrap_or_default().into(),
        verdict: attribute(item, VERDICT).map(Nonce::from),
        settled_by: attribute(item, SETTLED_BY).map(Nonce::from),
    })
}
