//! The distributed on-sale: three programs on Redis or Valkey and AWS, of each as many instances as it takes.
//!
//! | program | does | needs |
//! |---|---|---|
//! | `waiting-room` | places, boards, calls, admission, settings | queue store, SSM, Secrets Manager, the shop's tables and queues |
//! | `checkout` | takes orders | the waiting room's public keys, DynamoDB, SQS |
//! | `fulfilment` | settles orders | DynamoDB, SQS |
//!
//! No program calls another: sessions that end travel through a queue, public keys over HTTP.

pub mod aws;
pub mod checkout;
pub mod failover;
pub mod fulfilment;
pub mod options;
mod program;
mod region;
mod shop;
pub mod waiting_room;

pub use self::program::{ProgramError, run_until_signal};
