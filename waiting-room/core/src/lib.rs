//! The waiting room's own arithmetic: who stands where, who is called next, who may pass the door
//! now, and how long the others will wait.
//!
//! Nothing here performs I/O, reads a clock or draws a random number: time comes in as a
//! [`Timestamp`], identities come in as values. So every rule can be driven by a property test, and
//! every queue store runs on the same rules.

mod draw;
mod head;
mod ids;
mod marks;
mod order;
mod pace;
mod permits;
mod place;
mod poll;
mod queue;
mod rules;
mod settings;
mod show_up;
mod time;

pub use draw::{DrawCommitment, DrawSeed};
pub use head::Head;
pub use ids::{EventId, IdError, OfferId, Secret, SessionId, TicketId};
pub use marks::{Mark, Marks};
pub use order::PlaceOrder;
pub use pace::{EtaRange, Pace, PaceMeter};
pub use permits::PermitBucket;
pub use place::{Cohort, Epoch, Place, PlaceOutOfRange};
pub use poll::PollPolicy;
pub use queue::{
    Claim, EventQueue, Joined, QueueFull, RejoinRefused, Session, Snapshot, Standing, Totals, Turn,
};
pub use rules::{Phase, Rules, Schedule};
pub use settings::{
    AdmissionRate, InvalidSetting, MaxActiveSessions, Message, Mode, SettingName, Settings,
};
pub use show_up::ShowUpCurve;
pub use time::Timestamp;
