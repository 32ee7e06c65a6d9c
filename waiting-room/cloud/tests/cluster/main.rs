//! The built programs as a cluster: three waiting rooms, two checkouts and two fulfilment workers over one
//! Redis and one AWS, a crowd in front of them, and something that fails in the middle of the on-sale.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod balancer;
mod button;
mod clocks;
mod cluster;
mod emulated_aws;
mod failover;
mod forgotten;
mod frozen;
mod instance;
mod killed;
mod no_fault;
mod orders;
mod polls;
mod region;
mod regions;
mod settings;
mod throttle;
mod verdict;
