use std::time::Duration;

use serde::Serialize;

use crate::{Cohort, Mode, Timestamp};

/// When an event's pre-queue opens, its on-sale begins, and it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From here on fans may join.
    pub opens_at: Timestamp,
    /// The draw and the first calls; not before `opens_at`.
    pub on_sale_at: Timestamp,
    /// From here on nobody joins or is admitted.
    pub closes_at: Option<Timestamp>,
}

impl Schedule {
    /// The cohort of a ticket that joins at `now`.
    pub fn cohort_at(&self, now: Timestamp) -> Cohort {
        if now < self.on_sale_at {
            Cohort::Prequeue
        } else {
            Cohort::Arrival
        }
    }

    /// Whether the draw is out at `now`, so that every pre-queue place is known.
    pub fn drawn_at(&self, now: Timestamp) -> bool {
        now >= self.on_sale_at
    }
}

/// What holds for an event's queue as long as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Its times.
    pub schedule: Schedule,
    /// How long an admitted fan may stay in checkout.
    pub session_length: Duration,
    /// How long a called fan has to come to the door, in time during which the door is open.
    pub call_window: Duration,
    /// How often a ticket is called at most: 2 lets a fan who missed one call back in once.
    pub calls_per_ticket: u8,
    /// One turn of the admission controller.
    pub tick: Duration,
    /// How many tickets the queue holds at most. Those that left or had their session don't count
    /// and make room when it is needed; tickets that come back after a store loss have room up to
    /// twice as many.
    pub capacity: usize,
}

/// What an event's queue is doing, as everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the on-sale: fans gather, nobody is called.
    Prequeue,
    /// Calling and admitting at the rate.
    Admitting,
    /// The operator holds the door shut; places and call windows keep.
    Paused,
    /// The store lost its tickets: the order re-forms from what the fans hold, nobody is called.
    Recovering,
    /// The operator has switched the waiting room off: whoever comes is admitted at once.
    Bypass,
    /// Over: nobody joins or is admitted.
    Closed,
}

impl Phase {
    /// The phase at `now`.
    pub fn at(now: Timestamp, schedule: &Schedule, mode: Mode, recovering: bool) -> Self {
        let over = schedule.closes_at.is_some_and(|closes_at| now >= closes_at);
        match mode {
            _ if over => Self::Closed,
            Mode::Closed => Self::Closed,
            _ if now < schedule.on_sale_at => Self::Prequeue,
            Mode::Bypass => Self::Bypass,
            _ if recovering => Self::Recovering,
            Mode::Pause => Self::Paused,
            Mode::Admit => Self::Admitting,
        }
    }

    /// The word for it in answers, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prequeue => "prequeue",
            Self::Admitting => "admitting",
            Self::Paused => "paused",
            Self::Recovering => "recovering",
            Self::Bypass => "bypass",
            Self::Closed => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule {
        opens_at: Timestamp::from_seconds(100),
        on_sale_at: Timestamp::from_seconds(200),
        closes_at: Some(Timestamp::from_seconds(300)),
    };

    fn phase(seconds: u64, mode: Mode, recovering: bool) -> Phase {
        Phase::at(
            Timestamp::from_seconds(seconds),
            &SCHEDULE,
            mode,
            recovering,
        )
    }

    #[test]
    fn nothing_opens_the_door_before_the_on_sale_or_after_the_close() {
        for mode in [Mode::Admit, Mode::Pause, Mode::Bypass] {
            assert_eq!(phase(199, mode, false), Phase::Prequeue);
            assert_eq!(phase(300, mode, false), Phase::Closed);
        }
        assert_eq!(phase(150, Mode::Closed, false), Phase::Closed);
    }

    #[test]
    fn a_queue_that_re_forms_admits_nobody_unless_the_operator_switched_it_off() {
        assert_eq!(phase(250, Mode::Admit, true), Phase::Recovering);
        assert_eq!(phase(250, Mode::Pause, true), Phase::Recovering);
        assert_eq!(phase(250, Mode::Bypass, true), Phase::Bypass);
        assert_eq!(phase(250, Mode::Admit, false), Phase::Admitting);
    }
}
