use std::time::{Duration, Instant};

use crate::{AdmissionPercent, Control, Region};

/// Whether this region may admit fans and take orders, at the moment of the question.
pub trait RegionFence: Send + Sync {
    /// What is allowed now.
    fn admission(&self) -> Admission;
}

/// What a region may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// There is one region: everything.
    Unfenced,
    /// It is the active region.
    Active {
        /// Since which failover.
        epoch: u64,
        /// It may admit so much of the operator's rate.
        percent: AdmissionPercent,
    },
    /// Another region is active: nothing.
    Fenced,
    /// It is not known which region is active, or not any more: nothing.
    Unknown,
}

impl Admission {
    /// Whether this is the region that fans are served in, be it that nobody is admitted at the moment.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Unfenced | Self::Active { .. })
    }

    /// How much of the operator's rate may be admitted.
    pub fn percent(self) -> AdmissionPercent {
        match self {
            Self::Unfenced => AdmissionPercent::ALL,
            Self::Active { percent, .. } => percent,
            Self::Fenced | Self::Unknown => AdmissionPercent::NONE,
        }
    }
}

/// The fence where there is one region: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneRegion;

impl RegionFence for OneRegion {
    fn admission(&self) -> Admission {
        Admission::Unfenced
    }
}

/// What one region may do, by what it last read of the control item and when it asked for that.
#[derive(Clone, Debug)]
pub struct Fence {
    region: Region,
    last: Option<Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    asked_at: Instant,
    control: Option<Control>,
}

impl Fence {
    /// For how long a reading allows anything, from the instant at which it was asked for.
    pub const LEASE: Duration = Duration::from_secs(30);

    /// The fence of `region`, which has read nothing yet.
    pub fn new(region: Region) -> Self {
        Self { region, last: None }
    }

    /// Takes note of what was read when it was asked for at `asked_at`. An answer that is older than what is known is
    /// ignored, whichever way it was overtaken; and so is that an item is gone which was there: it does not make two
    /// regions one.
    pub fn observe(&mut self, asked_at: Instant, control: Option<Control>) {
        let overtaken = self.last.as_ref().is_some_and(|last| {
            let epoch = |control: &Option<Control>| control.as_ref().map(|control| control.epoch);
            asked_at < last.asked_at || epoch(&control) < epoch(&last.control)
        });
        if !overtaken {
            self.last = Some(Seen { asked_at, control });
        }
    }

    /// Whether anything was ever read.
    pub fn has_read(&self) -> bool {
        self.last.is_some()
    }

    /// What is allowed at `now`.
    pub fn admission(&self, now: Instant) -> Admission {
        let Some(Seen { asked_at, control }) = &self.last else {
            return Admission::Unknown;
        };
        match control {
            None => Admission::Unfenced,
            // It stays so until something else is read: to stop takes no lease.
            Some(control) if control.active != self.region => Admission::Fenced,
            Some(_) if now.saturating_duration_since(*asked_at) >= Self::LEASE => {
                Admission::Unknown
            }
            Some(control) => Admission::Active {
                epoch: control.epoch,
                percent: control.percent,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn control(active: &str, epoch: u64, percent: u64) -> Option<Control> {
        Some(Control {
            active: active.parse().unwrap(),
            epoch,
            percent: percent.try_into().unwrap(),
        })
    }

    fn here() -> (Fence, Instant) {
        (Fence::new("here".parse().unwrap()), Instant::now())
    }

    fn active(epoch: u64, percent: u64) -> Admission {
        let percent = percent.try_into().unwrap();
        Admission::Active { epoch, percent }
    }

    #[test]
    fn a_region_that_has_read_nothing_admits_nobody() {
        let (fence, now) = here();
        assert_eq!(fence.admission(now), Admission::Unknown);
        assert!(!fence.admission(now).is_active());
        assert_eq!(fence.admission(now).percent(), AdmissionPercent::NONE);
    }

    #[test]
    fn the_active_region_admits_what_the_item_says() {
        let (mut fence, now) = here();
        for (epoch, percent) in [(1, 100), (2, 0), (2, 25), (2, 50), (3, 100)] {
            fence.observe(now, control("here", epoch, percent));
            assert_eq!(fence.admission(now), active(epoch, percent));
        }
    }

    #[test]
    fn a_region_that_cannot_read_the_fence_for_30_seconds_stops_admitting() {
        let (mut fence, asked_at) = here();
        fence.observe(asked_at, control("here", 1, 100));
        let last = asked_at + Fence::LEASE - MILLISECOND;
        assert_eq!(fence.admission(last), active(1, 100));
        assert_eq!(fence.admission(last + MILLISECOND), Admission::Unknown);
        fence.observe(last + MILLISECOND, control("here", 1, 100));
        assert_eq!(fence.admission(last + MILLISECOND), active(1, 100));
    }

    #[test]
    fn the_lease_begins_when_the_item_was_asked_for_not_when_it_was_told() {
        let (mut fence, asked_at) = here();
        let told_at = asked_at + Duration::from_secs(4);
        fence.observe(asked_at, control("here", 1, 100));
        assert_eq!(fence.admission(told_at), active(1, 100));
        assert_eq!(fence.admission(asked_at + Fence::LEASE), Admission::Unknown);
    }

    #[test]
    fn a_fenced_region_stays_fenced_however_long_it_reads_nothing_more() {
        let (mut fence, now) = here();
        fence.observe(now, control("here", 1, 100));
        fence.observe(now, control("there", 2, 0));
        assert_eq!(fence.admission(now), Admission::Fenced);
        assert_eq!(fence.admission(now + 10 * Fence::LEASE), Admission::Fenced);
    }

    #[test]
    fn an_answer_from_before_the_fence_does_not_lift_it() {
        let (mut fence, now) = here();
        fence.observe(now, control("there", 2, 0));
        fence.observe(now + MILLISECOND, control("here", 1, 100));
        assert_eq!(fence.admission(now + MILLISECOND), Admission::Fenced);
        let (mut fence, now) = here();
        fence.observe(now + MILLISECOND, control("there", 2, 0));
        fence.observe(now, control("here", 3, 100));
        assert_eq!(fence.admission(now + MILLISECOND), Admission::Fenced);
    }

    #[test]
    fn where_there_is_no_item_nothing_is_fenced_nor_ends() {
        let (mut fence, now) = here();
        fence.observe(now, None);
        let later = now + 10 * Fence::LEASE;
        assert_eq!(fence.admission(later), Admission::Unfenced);
        assert_eq!(fence.admission(later).percent(), AdmissionPercent::ALL);
        fence.observe(later, control("there", 1, 0));
        assert_eq!(fence.admission(later), Admission::Fenced);
    }

    #[test]
    fn an_item_that_disappears_opens_nothing() {
        let (mut fence, now) = here();
        fence.observe(now, control("there", 2, 0));
        fence.observe(now + MILLISECOND, None);
        assert_eq!(fence.admission(now + MILLISECOND), Admission::Fenced);
        let (mut fence, now) = here();
        fence.observe(now, control("here", 2, 100));
        fence.observe(now + MILLISECOND, None);
        assert_eq!(fence.admission(now + Fence::LEASE), Admission::Unknown);
    }

    #[test]
    fn the_handover_outlasts_every_lease() {
        assert!(crate::HANDOVER > Fence::LEASE);
    }
}
