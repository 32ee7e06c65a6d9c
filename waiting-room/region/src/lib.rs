//! Which of several regions may admit fans and take orders.
//!
//! All regions share one *control item*: which region is active, the epoch, which is one more with each
//! failover, and how much of the operator's rate may be admitted. Whoever fails over changes it by conditional
//! writes; every waiting room and every checkout reads it every few seconds, by strongly consistent reads, and
//! does what its [`Fence`] allows.
//!
//! # Why two regions never admit at once
//!
//! A read that was *asked for* at the instant `t` tells the item as it was at `t` or later. What it allows is
//! therefore allowed until `t` + [`Fence::LEASE`] and no longer, by the reader's own monotonic clock: no two
//! clocks are compared anywhere. Let the failover's write, the fence, have taken effect at `f`.
//!
//! - A process of the old region that reads after `f` sees another region and stops at once.
//! - One that can't read goes by an answer that it asked for before `f`. It stops before `f` + `LEASE`.
//! - The fence sets admission to 0 %, so the new region admits nobody either, however soon it reads it. Who fails
//!   over raises it above 0 only [`HANDOVER`] after the fence was answered, which is more than `LEASE` after `f`.
//!
//! So the order of steps is: fence (0 %), raise tasks, wait until the region and then the site answer, which takes up
//! most of the handover; then 25 %, 50 %, 100 %, each on condition that the epoch is still its own. The fans who are
//! sent over meanwhile put their tickets back, so that the first call finds them in order.
//!
//! What counts as admitting is to sign an admission token. A waiting room looks at its fence before it asks the queue
//! store and once more before it signs, so an answer of the store that was long under way opens nothing. A reading
//! that lies in the past can't come back either: the epoch never falls, and an answer with a lower one is ignored.
//!
//! An order may still be written by the old region's checkout in that time. The table of orders is one, and every
//! write in it is conditional, so nothing is sold twice by that.
//!
//! Where there is no control item there is one region, and nothing is fenced. A process that last read that goes on
//! when it can't read any more: a single region should not stop with one table. Two regions therefore have an item from
//! the beginning.

mod control;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod fence;
mod names;
mod watched;

use std::time::Duration;

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::{ControlItem, WriteError};
pub use self::{
    control::{Control, ControlSource, ReadError},
    fence::{Admission, Fence, OneRegion, RegionFence},
    names::{AdmissionPercent, InvalidPercent, InvalidRegion, Region},
    watched::WatchedFence,
};

/// How long after the fence nobody is admitted anywhere: [`Fence::LEASE`], and a margin for a process that was held
/// up between its last look at the fence and its signature.
pub const HANDOVER: Duration = Duration::from_secs(32);
