//! Checkout's parts in the AWS cloud: orders, stock and ended sessions in DynamoDB, messages on SQS.
//!
//! | part | type | what it needs there |
//! |---|---|---|
//! | [`OrderStore`](crate::OrderStore), [`SessionLedger`](crate::SessionLedger) | [`DynamoOrderStore`] | a table as [`create_table`] makes it |
//! | [`OrderQueue`](crate::OrderQueue), [`DeadLetters`](crate::DeadLetters) | [`SqsOrderQueue`] | two queues as [`create_queues`] makes them |
//! | [`SessionGate`](crate::SessionGate) | [`SqsSessionGate`] | a standard queue that the waiting room consumes |
//!
//! All of them take a client of the AWS SDK, so a process loads its configuration once, and expect it to
//! have timeouts and a bounded number of retries: whatever a client gives up on is a
//! [`BackendError::Unavailable`](crate::BackendError::Unavailable), throttling included, and may be tried
//! again. None of them reads the environment, and none writes before it is asked to.

mod coalescer;
mod nonce;
mod order_queue;
mod order_store;
mod session_gate;

pub use self::{
    order_queue::{OrderQueueUrls, SqsOrderQueue, create_queues},
    order_store::{DynamoOrderStore, create_table},
    session_gate::{EndedSession, SqsSessionGate},
};
