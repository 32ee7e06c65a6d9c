//! The gatekeeper: it gives fans their places, shows them the board, calls and admits them at the
//! operator's rate, and shows the operator what it does.
//!
//! The rules are `waiting-room-core`'s. This crate adds what they need of the world: a
//! [`queue_store::QueueStore`] that holds the queue, a [`settings::SettingsSource`] that the operator
//! turns, [`keys`] that sign the tokens, a [`controller`] that ticks, and the HTTP interface.

#[cfg(feature = "aws")]
pub mod aws;
pub mod board;
pub(crate) mod controller;
mod desk;
pub mod figures;
pub mod health;
pub mod history;
mod http;
pub mod keys;
mod measured;
mod metrics;
pub mod queue_store;
mod refusal;
pub mod region;
pub mod room;
pub mod settings;
pub mod shop;

pub use self::{http::routes, room::Gatekeeper};
