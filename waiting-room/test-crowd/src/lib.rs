//! A crowd of fans for tests: they queue, come when called or don't, buy, and remember what they saw.
//!
//! They know the product by its HTTP interface only. Of each service they know a list of addresses, as
//! behind a load balancer that asks nobody for their health: each request goes to one of them at random,
//! and one that fails is tried again at another.

mod buyer;
mod caller;
mod crowd;
mod fan;
mod order_of_calls;
mod pace;
mod record;

pub use self::{
    caller::{Failure, Service, Streak},
    crowd::{Addresses, Crowd, secret},
    record::{Admitted, Bought, Record, SharedRecord, Sight},
};
