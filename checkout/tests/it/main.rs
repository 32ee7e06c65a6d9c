//! Checkout from outside: its traits' rules, its HTTP contract, and what crashes must not do to it.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used
)]

#[macro_use]
mod suite;

#[cfg(feature = "aws")]
mod aws_fulfilment;
#[cfg(feature = "aws")]
mod aws_placing;
#[cfg(feature = "aws")]
mod aws_settling;
mod basic_pages;
mod conformance;
mod fulfilment;
mod http_operator;
mod http_orders;
mod http_region;
mod http_session;
mod http_tokens;
mod kill;
mod model;
mod throughput;
