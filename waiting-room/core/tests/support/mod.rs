//! A virtual on-sale: a crowd, instances and one store, driven by a clock of microseconds and
//! decided by a seed, so that every run can be had again.

mod crowd;
mod dice;
mod door_book;
mod on_sale;

pub(crate) use crowd::Crowd;
#[allow(unused_imports, reason = "each test uses what it needs")]
pub(crate) use on_sale::{End, OnSale, Operator, START};
