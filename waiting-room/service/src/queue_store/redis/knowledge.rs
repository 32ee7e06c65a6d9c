//! What a process remembers of the store, to notice that a replica took over without the last writes.

use std::sync::{Mutex, PoisonError};

/// How far the store had come when it last answered this process: its epoch, and the number of the change
/// within it.
///
/// The store notes for each process the last number that it told it. A process that remembers a later one than
/// the store speaks to a store that has lost writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Knowledge {
    pub(super) epoch: u64,
    pub(super) revision: u64,
}

/// The furthest knowledge, shared by all who ask. Answers may come in another order than the store gave them.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Knowledge>);

impl Memory {
    pub(super) fn known(&self) -> Knowledge {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn(&self, told: Knowledge) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = told.max(*known);
    }
}
