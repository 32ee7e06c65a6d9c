//! Checkout: what an admitted fan orders, and what becomes of it.
//!
//! A fan with an admission token places an order. It is written as *pending* (the outbox), put on
//! the order queue, and answered with 202. **Fulfilment** takes it off the queue, reserves the stock
//! and settles it in one step that is conditional and repeatable, ends the fan's session at the
//! waiting room, and acknowledges only then. So nothing that was accepted is lost, invented or sold
//! twice, whatever crashes in between: an order that lost its message is found by the sweeper, a
//! message that comes twice finds its order settled.
//!
//! A confirmed order ends the session. A refused one leaves the fan the rest of the session to
//! choose something else, as long as anything at the event is left; the last refusal ends it.
//!
//! The parts, each behind a small trait so that it can run on one machine or in the cloud:
//!
//! | part | trait | one machine | cloud (feature `aws`) |
//! |---|---|---|---|
//! | orders, stock, ended sessions | [`OrderStore`], [`SessionLedger`] | [`embedded::OrderBook`] | `aws::DynamoOrderStore` |
//! | order queue and its dead letters | [`OrderQueue`], [`DeadLetters`] | [`embedded::OrderBook`] | `aws::SqsOrderQueue` |
//! | giving sessions back | [`SessionGate`] | the waiting room in the same process | `aws::SqsSessionGate` |
//!
//! Admission tokens are verified offline, by the JWKS that the waiting room publishes, as a shop
//! elsewhere would do it.

#[cfg(feature = "aws")]
pub mod aws;
mod basic;
pub mod embedded;
mod error;
pub mod fulfilment;
mod gate;
mod http;
mod observe;
mod order;
mod queue;
mod stock;
mod store;

pub use self::{
    error::BackendError,
    gate::{GateError, SessionGate},
    http::{Checkout, CheckoutConfig, CheckoutParts, Figures, OfferFigures, OrderFigures},
    observe::describe_metrics,
    order::{
        Basket, Buyer, BuyerName, Email, Fault, Field, IdempotencyKey, InvalidIdempotencyKey,
        InvalidOrder, InvalidOrderId, LineRequest, Order, OrderId, OrderLine, OrderRequest,
        OrderState, RefusalReason, Wrong,
    },
    queue::{
        DeadLetter, DeadLetters, Delivery, Depth, OrderMessage, OrderQueue, QueuePolicy, Receipt,
        Retry,
    },
    stock::{Sold, Stock},
    store::{
        OrderCounts, OrderStore, PlaceError, Placed, SessionLedger, SettleError, Settlement, Tally,
    },
};
