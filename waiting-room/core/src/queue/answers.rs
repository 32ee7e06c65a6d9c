use std::time::Duration;

use thiserror::Error;

use super::Session;
use crate::{Epoch, Marks, Place, Timestamp};

/// A join's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Where the ticket stands.
    pub place: Place,
    /// Whether this join put it there.
    pub new: bool,
    /// How many waited when it arrived: its people ahead, which no board knows yet. `None` for a
    /// ticket that stood there already and for the pre-queue.
    pub waited: Option<u64>,
    /// How far the ticket has come.
    pub standing: Standing,
}

/// The queue holds as many tickets as its rules allow.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the queue is full")]
pub struct QueueFull;

/// How far a ticket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Waits to be called.
    Waiting,
    /// May come to the door.
    Called {
        /// When the call window ends, should the door stay open and the fan not knock.
        until: Timestamp,
    },
    /// Is in checkout.
    Admitted(Session),
    /// Did not come in time.
    Missed {
        /// Whether the rules allow another call.
        may_rejoin: bool,
    },
    /// Gave its place up.
    Left,
    /// Was in checkout; the session is over.
    Ended,
}

/// A rejoin that the rules don't allow.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RejoinRefused {
    /// Called as often as the rules allow.
    #[error("this ticket was called as often as the event's rules allow")]
    CalledTooOften,
    /// The fan left.
    #[error("this ticket left the queue")]
    Left,
    /// The ticket was in checkout already.
    #[error("this ticket was in checkout already")]
    Ended,
    /// No room for a ticket that the store does not know.
    #[error("the queue is full")]
    Full,
}

/// A claim's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Through the door; `again` when this session lived already.
    Admitted {
        /// The session.
        session: Session,
        /// Whether an earlier claim opened it.
        again: bool,
    },
    /// Not called yet.
    NotCalled,
    /// Called, but there is no permit or no free session now: knock again after this. The call
    /// window begins anew.
    Busy {
        /// When to knock again.
        retry_after: Duration,
    },
    /// The call window has passed.
    Missed {
        /// Whether the rules allow another call.
        may_rejoin: bool,
    },
    /// The fan gave the place up.
    Left,
    /// The session of this ticket is over.
    Ended,
    /// The event is over.
    Closed,
    /// No room for a ticket that the store does not know.
    Full,
}

impl Claim {
    /// A [`Claim::Busy`] that ends within this is worth waiting for: an instance that holds its
    /// answer so long and claims again meets the permit when it falls due, as no request over a
    /// network can. Below some 100 claims a minute the rate is not reached otherwise, because the
    /// bucket holds one permit only.
    pub const HOLD: Duration = Duration::from_millis(500);
}

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Tickets called.
    pub called: usize,
    /// Call windows that passed unused.
    pub missed: usize,
    /// Sessions whose time was over.
    pub sessions_expired: usize,
}

/// Counts since the epoch began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tickets that joined.
    pub joined: u64,
    /// Tickets that fans put back: after store loss or a missed call.
    pub rejoined: u64,
    /// Calls.
    pub called: u64,
    /// Claims that opened a session.
    pub claimed: u64,
    /// Call windows that passed unused.
    pub missed: u64,
    /// Tickets whose fans left.
    pub left: u64,
    /// Sessions that ended.
    pub sessions_ended: u64,
}

/// The queue at one instant, as instances pass it on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The store's life.
    pub epoch: Epoch,
    /// The store's time.
    pub at: Timestamp,
    /// Whether the order still re-forms.
    pub recovering: bool,
    /// The highest place called so far.
    pub frontier: Option<Place>,
    /// Who waits, sampled.
    pub marks: Marks,
    /// Called and not yet admitted.
    pub called: u64,
    /// Of these, who knocked lately.
    pub at_door: u64,
    /// In checkout.
    pub sessions: u64,
    /// The share of those called who come, as learned, 0 to 1.
    pub show_share: f64,
    /// Counts since the epoch began.
    pub totals: Totals,
}
