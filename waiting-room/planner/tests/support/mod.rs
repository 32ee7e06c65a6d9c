//! A crowd of single fans, decided by dice, before the core's real queue.

mod dice;
mod rehearsal;

pub(crate) use rehearsal::{Outcome, rehearse};
