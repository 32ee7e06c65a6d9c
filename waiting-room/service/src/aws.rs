//! What reaches the waiting room over AWS, beside the stores of other modules.

pub mod ended_sessions;
