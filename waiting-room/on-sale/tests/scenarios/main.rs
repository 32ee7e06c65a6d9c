//! The built program, driven over real HTTP.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod audit;
mod bad_input;
mod crash;
mod ctl;
mod dashboard;
mod fan_path;
mod history;
mod on_sale;
mod operators;
mod program;
mod settings;
mod shutdown;
