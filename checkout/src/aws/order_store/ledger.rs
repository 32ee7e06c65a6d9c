//! What is sold of one event, and the verdicts that are being carried out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use waiting_room_core::{OfferId, Timestamp};

use crate::{
    Basket, OrderCounts, OrderId, OrderState, RefusalReason, Sold, Stock, aws::nonce::Nonce,
};

/// Verdicts that may be open at once; bounds the item's size.
const MOST_OPEN: usize = 128;

/// An event's ledger, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// By verdicts that are closed.
    sold: BTreeMap<OfferId, u64>,
    confirmed: u64,
    refused: u64,
    /// Verdicts that are being carried out.
    open: BTreeMap<OrderId, Verdict>,
}

/// What becomes of an order, if the order comes to name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verdict {
    /// Given to no other verdict, so that an order that names it means this one.
    #[serde(rename = "t")]
    pub(super) token: Nonce,
    /// The call that asked for it.
    #[serde(rename = "c")]
    pub(super) call: Nonce,
    /// When the order is settled.
    #[serde(rename = "a")]
    at: Timestamp,
    /// What it takes; nothing, if the order is refused.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    takes: Vec<(OfferId, u32)>,
}

/// What the ledger says about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// A verdict that has now been entered.
    New(Verdict),
    /// One that was there.
    Standing(Verdict),
    /// It depends on verdicts that are open.
    Unclear,
}

/// An order that is to be ruled on.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) order: OrderId,
    pub(super) basket: Basket,
    pub(super) stock: Stock,
    pub(super) call: Nonce,
    pub(super) at: Timestamp,
}

impl Verdict {
    /// The state that an order gets by it.
    pub(super) fn state(&self) -> OrderState {
        let settled_at = self.at;
        if self.takes.is_empty() {
            let reason = RefusalReason::SoldOut;
            OrderState::Refused { reason, settled_at }
        } else {
            OrderState::Confirmed { settled_at }
        }
    }
}

impl Ledger {
    /// Rules on `case`.
    pub(super) fn rule(&mut self, case: &Case) -> Ruling {
        if let Some(verdict) = self.open.get(&case.order) {
            return Ruling::Standing(verdict.clone());
        }
        if self.open.len() >= MOST_OPEN {
            return Ruling::Unclear;
        }
        let takes = if !case.stock.covers(&case.basket, &self.closed()) {
            Vec::new()
        } else if case.stock.covers(&case.basket, &self.taken()) {
            let lines = case.basket.lines().iter();
            lines
                .map(|line| (line.offer.clone(), line.quantity))
                .collect()
        } else {
            return Ruling::Unclear;
        };
        let verdict = Verdict {
            token: Nonce::draw(),
            call: case.call.clone(),
            at: case.at,
            takes,
        };
        self.open.insert(case.order, verdict.clone());
        Ruling::New(verdict)
    }

    /// Closes the verdict on `order`, which is settled by the verdict `named`, or is no order; says whether
    /// there was one.
    pub(super) fn close(&mut self, order: OrderId, named: Option<&Nonce>) -> bool {
        let Some(verdict) = self.open.remove(&order) else {
            return false;
        };
        if named != Some(&verdict.token) {
            return true;
        }
        if verdict.takes.is_empty() {
            self.refused += 1;
        } else {
            self.confirmed += 1;
        }
        for (offer, quantity) in verdict.takes {
            *self.sold.entry(offer).or_default() += u64::from(quantity);
        }
        true
    }

    /// The verdicts that are open.
    pub(super) fn open(&self) -> impl Iterator<Item = (OrderId, &Verdict)> {
        self.open.iter().map(|(order, verdict)| (*order, verdict))
    }

    /// What is sold for good: it only ever grows.
    pub(super) fn closed(&self) -> Sold {
        let sold = self.sold.iter();
        sold.map(|(offer, count)| (offer.clone(), *count)).collect()
    }

    /// What is sold, and what open verdicts take.
    pub(super) fn taken(&self) -> Sold {
        let mut taken = self.sold.clone();
        for (offer, quantity) in self.open.values().flat_map(|verdict| &verdict.takes) {
            *taken.entry(offer.clone()).or_default() += u64::from(*quantity);
        }
        taken.into_iter().collect()
    }

    /// How many orders are settled, by open verdicts too; it does not know those that are pending.
    pub(super) fn settled(&self) -> OrderCounts {
        let mut counts = OrderCounts {
            pending: 0,
            confirmed: self.confirmed,
            refused: self.refused,
        };
        for verdict in self.open.values() {
            *counts.of_mut(&verdict.state()) += 1;
        }
        counts
    }
}
