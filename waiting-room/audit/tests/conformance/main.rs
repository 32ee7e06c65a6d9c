//! One and the same suite for every audit log.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dynamodb;
mod file;
mod suite;
