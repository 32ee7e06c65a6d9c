//! One suite for every queue store, and what only one of them can get wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod backend;
mod embedded;
#[cfg(feature = "redis")]
mod redis;
mod reference;
mod suite;
