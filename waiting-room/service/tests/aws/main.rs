//! The waiting room's parts on AWS, against a real emulator and a network that fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ended_sessions;
mod keys;
mod settings;
mod support;
