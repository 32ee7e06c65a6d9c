//! A fence that a test turns.

use std::sync::{Mutex, PoisonError};

use waiting_room_region::{Admission, RegionFence};

/// Allows everything until it is turned.
pub struct TurnedFence(Mutex<Admission>);

impl Default for TurnedFence {
    fn default() -> Self {
        Self(Mutex::new(Admission::Unfenced))
    }
}

impl TurnedFence {
    pub fn turn(&self, admission: Admission) {
        *self.0.lock().unwrap() = admission;
    }
}

impl RegionFence for TurnedFence {
    fn admission(&self) -> Admission {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
